//! `classes.svg`: the loss of each frequency class against how often its facts were seen.

use kolmo_run::EvaluationRecord;
use kolmo_theory::discovery::mean_content;
use kolmo_world::World;

use super::axis::LogAxis;
use super::palette::{THEORY, shades};
use super::panel::{self, Drawn, Labels, Point, Stroke};
use crate::number::class_of_ranks;

/// Losses below it, nats per fact, are drawn at it.
const FLOOR: f64 = 1e-3;

/// A class whose facts were seen less often than this, in the mean, is left out: it has met hardly
/// any of them.
const FEWEST_EXPOSURES: f64 = 0.1;

/// How many points the curve of the Bayes learner has.
const CURVE_POINTS: u32 = 300;

const LABELS: Labels = Labels {
    title: "Value loss by frequency class, 95 % intervals",
    x: "exposures (mean per fact)",
    y: "value loss (nats per fact)",
};

/// Draws `evaluations`, which come in the order of their documents. The classes are those of the
/// last one.
///
/// A Bayes learner loses h on a fact it has not seen and nothing on one it has. After λ expected
/// exposures a fact is unseen with probability e^−λ, hence the curve h e^−λ.
pub(super) fn draw(world: &World, evaluations: &[&EvaluationRecord]) -> Drawn<String> {
    let series = series(evaluations);
    let unknown = mean_content(world);

    let points = || series.iter().flat_map(|(_, points)| points);
    let x = LogAxis::around(points().map(|point| point.x), FEWEST_EXPOSURES)
        .map_or(LogAxis::new(FEWEST_EXPOSURES, 100.0), LogAxis::padded);
    let clamped = points().any(|point| point.y < FLOOR);
    let losses = points().flat_map(Point::extent).chain([unknown]);
    let y = LogAxis::around(losses, FLOOR)
        .map_or(LogAxis::new(FLOOR, 1.0), LogAxis::rounded)
        .starting_at(FLOOR);

    panel::draw(&LABELS, (x, y), clamped, |panel| {
        let curve = x
            .grid(CURVE_POINTS)
            .map(|exposures| (exposures, unknown * (-exposures).exp()));
        panel.curve(curve, THEORY, Stroke::Dashed, "Bayes, expected")?;
        for ((label, points), color) in series.iter().zip(shades(series.len())) {
            panel.measured(points, color, label)?;
        }
        Ok(())
    })
}

/// The legend and the points of every class, the most frequent first.
fn series(evaluations: &[&EvaluationRecord]) -> Vec<(String, Vec<Point>)> {
    let last = evaluations.last();
    let classes = last.map_or(&[][..], |evaluation| &evaluation.classes);
    let of = |lo_rank, hi_rank| {
        let all = evaluations
            .iter()
            .flat_map(|evaluation| &evaluation.classes);
        all.filter(move |class| (class.lo_rank, class.hi_rank) == (lo_rank, hi_rank))
            .filter(|class| class.value_loss.is_finite())
            .filter(|class| class.exposures.is_finite() && class.exposures >= FEWEST_EXPOSURES)
            .map(|class| Point {
                x: class.exposures,
                y: class.value_loss,
                ci95: class.value_loss_ci95,
            })
            .collect()
    };
    classes
        .iter()
        .map(|class| {
            let label = class_of_ranks(class.lo_rank, class.hi_rank);
            (label, of(class.lo_rank, class.hi_rank))
        })
        .collect()
}
