//! `hallucination.svg`: the wrong answers of the optimal predictor by frequency class.

use kolmo_theory::{Predictions, predictions::Hallucination};

use super::super::axis::LinearAxis;
use super::super::palette::shades;
use super::super::panel::{self, Drawn, Labels, Stroke};
use super::{DOCUMENTS, documents};
use crate::number::class_of_ranks;

const LABELS: Labels = Labels {
    title: "Hallucination by frequency class",
    x: DOCUMENTS,
    y: "wrong answers (share)",
};

/// A line for each class, the most frequent darkest.
pub(super) fn draw(predictions: &Predictions) -> Drawn<String> {
    let rates = &predictions.hallucination;
    let same = |one: &Hallucination, other: &Hallucination| one.lo_rank == other.lo_rank;
    let classes: Vec<&[Hallucination]> = rates.chunk_by(same).collect();
    let x = documents(rates.iter().map(|at| at.n));
    panel::draw(&LABELS, (x, LinearAxis::from_zero(1.0)), false, |panel| {
        for (class, color) in classes.iter().zip(shades(classes.len())) {
            let label = class
                .first()
                .map(|at| class_of_ranks(at.lo_rank, at.hi_rank));
            let line = class.iter().map(|at| (at.n, at.rate));
            panel.curve(line, color, Stroke::Solid, &label.unwrap_or_default())?;
        }
        Ok(())
    })
}
