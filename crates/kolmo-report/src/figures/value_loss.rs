//! `value_loss.svg`: the value loss against the documents seen, over the expected Bayes learner.

use kolmo_run::EvaluationRecord;
use kolmo_theory::discovery::{expected_value_loss, mean_content};
use kolmo_world::World;

use super::axis::LogAxis;
use super::palette::{MEASURED, REFERENCE, THEORY};
use super::panel::{self, Drawn, Labels, Point, Stroke};

/// Losses below it, nats per fact, are drawn at it: the log axis has no place for zero.
const FLOOR: f64 = 1e-4;

/// How many points the curve of the Bayes learner has.
const CURVE_POINTS: u32 = 160;

const LABELS: Labels = Labels {
    title: "Value loss",
    x: "documents (sentences)",
    y: "value loss (nats per fact)",
};

/// Draws `evaluations`, which come in the order of their documents. Those before the first
/// document, which the log axis has no place for, are left out.
pub(super) fn draw(world: &World, evaluations: &[&EvaluationRecord]) -> Drawn<String> {
    let points: Vec<Point> = evaluations
        .iter()
        .filter(|evaluation| evaluation.documents > 0 && evaluation.value_loss.is_finite())
        .map(|evaluation| Point {
            x: evaluation.documents as f64,
            y: evaluation.value_loss,
            ci95: evaluation.value_loss_ci95,
        })
        .collect();
    let unknown = mean_content(world);
    let bayes = |documents: f64| expected_value_loss(world, 1..=u64::MAX, documents);

    let x = LogAxis::around(points.iter().map(|point| point.x), 1.0)
        .map_or(LogAxis::new(1.0, 1e6), LogAxis::padded);
    let clamped = points.iter().any(|point| point.y < FLOOR);
    let end = bayes(x.high());
    let losses = points.iter().flat_map(Point::extent).chain([unknown, end]);
    let mut y = LogAxis::around(losses, FLOOR).map_or(LogAxis::new(FLOOR, 1.0), LogAxis::rounded);
    if clamped {
        y = y.starting_at(FLOOR);
    }

    let mut documents: Vec<f64> = x.grid(CURVE_POINTS).map(|n| n.round().max(1.0)).collect();
    documents.dedup();
    panel::draw(&LABELS, (x, y), clamped, |panel| {
        let nothing = [(x.low(), unknown), (x.high(), unknown)];
        panel.curve(nothing, REFERENCE, Stroke::Dashed, "knows nothing")?;
        let curve = documents.iter().map(|n| (*n, bayes(*n)));
        panel.curve(curve, THEORY, Stroke::Solid, "Bayes, expected")?;
        panel.measured(&points, MEASURED, "measured, 95 % interval")
    })
}
