//! `surface.svg`: what data and capacity leave together.

use kolmo_theory::{Predictions, predictions::AtBoth};

use super::super::palette::{REFERENCE, THEORY, shades};
use super::super::panel::{self, Drawn, Labels, Stroke};
use super::capacity::bits;
use super::{CAPACITY, VALUE_LOSS, losses};
use crate::number::count;

const LABELS: Labels = Labels {
    title: "Data and capacity: value loss",
    x: CAPACITY,
    y: VALUE_LOSS,
};

/// A line for each number of documents, over that of unlimited data.
pub(super) fn draw(predictions: &Predictions) -> Drawn<String> {
    let unlimited = || {
        predictions
            .capacity
            .iter()
            .map(|at| (at.bits, at.value_loss))
    };
    let surface = &predictions.surface;
    let rows: Vec<&[AtBoth]> = surface.chunk_by(|one, other| one.n == other.n).collect();
    let unknown = predictions.world.h_nats;
    let x = bits(predictions);
    let all = surface.iter().map(|at| at.value_loss);
    let y = losses(all.chain(unlimited().map(|(_, loss)| loss)), unknown);
    panel::draw(&LABELS, (x, y), false, |panel| {
        let nothing = [(x.low(), unknown), (x.high(), unknown)];
        panel.curve(nothing, REFERENCE, Stroke::Dashed, "knows nothing")?;
        for (row, color) in rows.iter().zip(shades(rows.len())) {
            let label = match row {
                [at, ..] if at.n != 1.0 => format!("{} documents", count(at.n)),
                _ => "1 document".to_owned(),
            };
            let line = row.iter().map(|at| (at.bits, at.value_loss));
            panel.curve(line, color, Stroke::Solid, &label)?;
        }
        panel.curve(unlimited(), THEORY, Stroke::Dashed, "unlimited data")
    })
}
