//! `capacity.svg`: the value loss that a model of limited capacity is left with, the model scaling
//! law.

use kolmo_theory::{Predictions, predictions::AtCapacity};

use super::super::axis::LogAxis;
use super::super::palette::{REFERENCE, THEORY};
use super::super::panel::{self, Drawn, Labels, Stroke};
use super::{CAPACITY, VALUE_LOSS, losses};

const LABELS: Labels = Labels {
    title: "Capacity: value loss with unlimited data",
    x: CAPACITY,
    y: VALUE_LOSS,
};

/// The same capacity put to two uses.
pub(super) fn draw(predictions: &Predictions) -> Drawn<String> {
    let of = |loss: fn(&AtCapacity) -> f64| {
        let points = predictions.capacity.iter();
        points.map(move |at| (at.bits, loss(at)))
    };
    let sharp = || of(|at| at.value_loss);
    let soft = || of(|at| at.value_loss_exponential);
    let unknown = predictions.world.h_nats;
    let x = bits(predictions);
    let y = losses(sharp().chain(soft()).map(|(_, loss)| loss), unknown);
    panel::draw(&LABELS, (x, y), false, |panel| {
        let nothing = [(x.low(), unknown), (x.high(), unknown)];
        panel.curve(nothing, REFERENCE, Stroke::Dashed, "knows nothing")?;
        let label = "each nat of a fact is worth less than the last";
        panel.curve(soft(), THEORY, Stroke::Dashed, label)?;
        panel.curve(sharp(), THEORY, Stroke::Solid, "a fact is stored or not")
    })
}

/// The x axis for all capacities.
pub(super) fn bits(predictions: &Predictions) -> LogAxis {
    let bits = predictions.capacity.iter().map(|at| at.bits);
    LogAxis::around(bits, f64::MIN_POSITIVE).map_or(LogAxis::new(1.0, 1e6), LogAxis::padded)
}
