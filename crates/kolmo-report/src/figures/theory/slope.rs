//! `slope.svg`: the exponent that the value loss of the Bayes learner has here and there.

use kolmo_theory::Predictions;

use super::super::axis::LinearAxis;
use super::super::palette::{ASYMPTOTE, THEORY};
use super::super::panel::{self, Drawn, Labels, Stroke};
use super::{DOCUMENTS, documents};
use crate::number::significant;

const LABELS: Labels = Labels {
    title: "Local exponent of the data scaling law",
    x: DOCUMENTS,
    y: "-d ln loss / d ln documents",
};

/// Steeper is no power law any more: the subjects have run out, and the loss falls exponentially.
const STEEPEST: f64 = 2.0;

/// The slope, and the constant one that a power law without end has. Where they part, a bias or the
/// end of the ranks bends the curve.
pub(super) fn draw(predictions: &Predictions) -> Drawn<String> {
    let curve = || predictions.bayes_slope.iter().map(|at| (at.n, at.value));
    let exponent = predictions.bayes_exponent;
    let x = documents(curve().map(|(n, _)| n));
    let steepest = curve().map(|(_, slope)| slope).chain(exponent);
    // Of a curve without any slope the axis is any.
    let steepest = steepest.fold(0.1, f64::max).min(STEEPEST);
    panel::draw(
        &LABELS,
        (x, LinearAxis::from_zero(steepest)),
        false,
        |panel| {
            if let Some(exponent) = exponent {
                let line = [(x.low(), exponent), (x.high(), exponent)];
                let label = format!("power law: 1 - α = {}", significant(exponent));
                panel.curve(line, ASYMPTOTE, Stroke::Dashed, &label)?;
            }
            panel.curve(curve(), THEORY, Stroke::Solid, "Bayes, expected")
        },
    )
}
