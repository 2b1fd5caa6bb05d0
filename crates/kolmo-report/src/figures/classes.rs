//! `classes.svg`: the loss of each frequency class against how often its facts were seen.

use kolmo_run::EvaluationRecord;
use kolmo_theory::discovery::mean_content;
use kolmo_world::World;
use plotters::style::RGBColor;

use super::axis::LogAxis;
use super::panel::{self, Drawn, Labels, Point, Stroke, THEORY};
use crate::number::ranks;

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
    let clamped = points().any(|point| point.loss < FLOOR);
    let losses = points().flat_map(Point::extent).chain([unknown]);
    let y = LogAxis::around(losses, FLOOR)
        .map_or(LogAxis::new(FLOOR, 1.0), LogAxis::rounded)
        .starting_at(FLOOR);

    panel::draw(&LABELS, (x, y), clamped, |panel| {
        let curve = x
            .grid(CURVE_POINTS)
            .map(|exposures| (exposures, unknown * (-exposures).exp()));
        panel.curve(curve, THEORY, Stroke::Dashed, "Bayes, expected")?;
        let colors = series.len().saturating_sub(1).max(1) as f64;
        for (class, (label, points)) in series.iter().enumerate() {
            panel.measured(points, viridis(class as f64 / colors), label)?;
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
                loss: class.value_loss,
                ci95: class.value_loss_ci95,
            })
            .collect()
    };
    classes
        .iter()
        .map(|class| {
            let label = if class.lo_rank == class.hi_rank {
                "rank"
            } else {
                "ranks"
            };
            let label = format!("{label} {}", ranks(class.lo_rank, class.hi_rank));
            (label, of(class.lo_rank, class.hi_rank))
        })
        .collect()
}

/// The viridis map of matplotlib (van der Walt & Smith), perceptually even, from dark violet at 0 to
/// light green at 1; its yellow end, which white swallows, is left off.
fn viridis(place: f64) -> RGBColor {
    const MAP: [[f64; 3]; 8] = [
        [68.0, 1.0, 84.0],
        [70.0, 50.0, 126.0],
        [54.0, 92.0, 141.0],
        [39.0, 127.0, 142.0],
        [31.0, 161.0, 135.0],
        [74.0, 193.0, 109.0],
        [117.0, 208.0, 84.0],
        [160.0, 218.0, 57.0],
    ];
    let place = place.clamp(0.0, 1.0) * (MAP.len() - 1) as f64;
    let index = (place as usize).min(MAP.len() - 2);
    let share = place - index as f64;
    let channel =
        |c: usize| (MAP[index][c] * (1.0 - share) + MAP[index + 1][c] * share).round() as u8;
    RGBColor(channel(0), channel(1), channel(2))
}
