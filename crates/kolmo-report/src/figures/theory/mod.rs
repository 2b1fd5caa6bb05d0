//! Figures of what theory predicts for a world: nothing is measured in them.

mod capacity;
mod data;
mod distinct;
mod hallucination;
mod slope;
mod structure_function;
mod surface;

use kolmo_theory::Predictions;

use super::axis::LogAxis;
use super::{Figures, all};
use crate::error::Result;

/// Draws every figure of `predictions`: names of files with their SVG.
///
/// | file | against |
/// | --- | --- |
/// | `data.svg` | value loss of the Bayes learner against documents |
/// | `slope.svg` | the exponent of that curve against documents |
/// | `distinct.svg` | distinct subjects against documents (Heaps) |
/// | `capacity.svg` | value loss against capacity |
/// | `surface.svg` | value loss against capacity, a line for each number of documents |
/// | `structure_function.svg` | bits of the documents against bits of the model |
/// | `hallucination.svg` | wrong answers by frequency class against documents |
///
/// # Errors
/// [`Error::Draw`](crate::Error::Draw) if the plotting library refuses one, whose fault it is.
pub fn draw(predictions: &Predictions) -> Result<Figures> {
    all([
        ("data.svg", data::draw(predictions)),
        ("slope.svg", slope::draw(predictions)),
        ("distinct.svg", distinct::draw(predictions)),
        ("capacity.svg", capacity::draw(predictions)),
        ("surface.svg", surface::draw(predictions)),
        (
            "structure_function.svg",
            structure_function::draw(predictions),
        ),
        ("hallucination.svg", hallucination::draw(predictions)),
    ])
}

/// Losses below it, nats per fact, are not shown: a loss that falls exponentially has no end.
const LEAST_LOSS: f64 = 1e-5;

const DOCUMENTS: &str = "documents (sentences)";
const CAPACITY: &str = "capacity (bits)";
const VALUE_LOSS: &str = "value loss (nats per fact)";

/// The x axis for the numbers of documents `n`.
fn documents(n: impl IntoIterator<Item = f64>) -> LogAxis {
    LogAxis::around(n, f64::MIN_POSITIVE).map_or(LogAxis::new(1.0, 1e6), LogAxis::padded)
}

/// The y axis for `losses`, which those of a learner that knows nothing bound from above. Where they
/// vanish, it goes down to a hundredth of those at least.
fn losses(losses: impl Iterator<Item = f64> + Clone, unknown: f64) -> LogAxis {
    let vanish = losses.clone().any(|loss| loss < LEAST_LOSS);
    let end = vanish.then_some(unknown / 100.0);
    let all = losses.chain([unknown]).chain(end);
    LogAxis::around(all, LEAST_LOSS).map_or(LogAxis::new(LEAST_LOSS, 1.0), LogAxis::rounded)
}

#[cfg(test)]
mod tests;
