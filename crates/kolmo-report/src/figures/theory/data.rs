//! `data.svg`: the value loss of the Bayes learner against documents, the data scaling law.

use kolmo_theory::Predictions;

use super::super::palette::{ASYMPTOTE, REFERENCE, THEORY};
use super::super::panel::{self, Drawn, Labels, Stroke};
use super::{DOCUMENTS, VALUE_LOSS, documents, losses};
use crate::number::significant;

const LABELS: Labels = Labels {
    title: "Data: value loss of the Bayes learner",
    x: DOCUMENTS,
    y: VALUE_LOSS,
};

/// The exact curve, and the power law that it follows while subjects do not run out.
pub(super) fn draw(predictions: &Predictions) -> Drawn<String> {
    let curve = || {
        predictions
            .bayes_value_loss
            .iter()
            .map(|at| (at.n, at.value))
    };
    let unknown = predictions.world.h_nats;
    let x = documents(curve().map(|(n, _)| n));
    let y = losses(curve().map(|(_, loss)| loss), unknown);
    panel::draw(&LABELS, (x, y), false, |panel| {
        let nothing = [(x.low(), unknown), (x.high(), unknown)];
        panel.curve(nothing, REFERENCE, Stroke::Dashed, "knows nothing")?;
        if let (Some(a), Some(exponent)) = (predictions.bayes_constant, predictions.bayes_exponent)
        {
            let line = [x.low(), x.high()].map(|n| (n, a * n.powf(-exponent)));
            let label = format!("power law: {} n^-{}", significant(a), significant(exponent));
            panel.curve(line, ASYMPTOTE, Stroke::Dashed, &label)?;
        }
        panel.curve(curve(), THEORY, Stroke::Solid, "Bayes, expected")
    })
}
