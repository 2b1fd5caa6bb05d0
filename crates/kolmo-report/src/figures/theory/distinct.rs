//! `distinct.svg`: distinct subjects against documents, Heaps' law.

use kolmo_theory::Predictions;

use super::super::axis::LogAxis;
use super::super::palette::{ASYMPTOTE, REFERENCE, THEORY};
use super::super::panel::{self, Drawn, Labels, Stroke};
use super::{DOCUMENTS, documents};

const LABELS: Labels = Labels {
    title: "Distinct subjects (Heaps' law)",
    x: DOCUMENTS,
    y: "distinct subjects",
};

/// The line of all subjects is drawn where the curve comes so near.
const NEAR: f64 = 10.0;

/// `E[K_n]` of this world, and of a Pitman-Yor process the mean over its draws.
pub(super) fn draw(predictions: &Predictions) -> Drawn<String> {
    let curve = || {
        predictions
            .expected_distinct
            .iter()
            .map(|at| (at.n, at.value))
    };
    let prior = predictions.prior.as_ref();
    let prior = prior.map_or(&[][..], |prior| &prior.expected_distinct);
    let prior = || prior.iter().map(|at| (at.n, at.value));
    let most = curve()
        .chain(prior())
        .map(|(_, value)| value)
        .fold(1.0, f64::max);
    let all = predictions.world.elements as f64;
    let all = (all <= NEAR * most).then_some(all);

    let x = documents(curve().map(|(n, _)| n));
    let values = curve().chain(prior()).map(|(_, value)| value).chain(all);
    let y = LogAxis::around(values, 1.0).map_or(LogAxis::new(1.0, 1e3), LogAxis::rounded);
    panel::draw(&LABELS, (x, y), false, |panel| {
        if let Some(all) = all {
            let line = [(x.low(), all), (x.high(), all)];
            panel.curve(line, REFERENCE, Stroke::Dashed, "all subjects")?;
        }
        if prior().next().is_some() {
            let label = "expected of the Pitman-Yor process";
            panel.curve(prior(), ASYMPTOTE, Stroke::Dashed, label)?;
        }
        panel.curve(curve(), THEORY, Stroke::Solid, "expected of this world")
    })
}
