//! `heaps.svg`: distinct subjects against documents.

use kolmo_theory::{
    discovery::expected_distinct,
    survey::{Distinct, Survey},
};
use kolmo_world::World;

use super::super::axis::LogAxis;
use super::super::palette::{MEASURED, THEORY};
use super::super::panel::{self, Drawn, Labels, Point, Stroke};

/// How many points the curve has.
const CURVE_POINTS: u32 = 160;

const LABELS: Labels = Labels {
    title: "Distinct subjects (Heaps' law), 95 % intervals",
    x: "documents (sentences)",
    y: "distinct subjects",
};

/// K_n as counted over `E[K_n]`.
pub(super) fn draw(world: &World, survey: &Survey) -> Drawn<String> {
    let point = |at: &Distinct| Point {
        x: at.n as f64,
        y: at.distinct as f64,
        ci95: at.distinct_ci95,
    };
    let points: Vec<Point> = survey.distinct.iter().map(point).collect();
    let all = LogAxis::new(1.0, survey.documents.max(2) as f64);
    let x = all.padded();
    let expected = |n: f64| (n, expected_distinct(world.frequency(), n));
    let curve: Vec<(f64, f64)> = all.grid(CURVE_POINTS).map(expected).collect();
    let values = curve.iter().map(|(_, value)| *value);
    let values = values.chain(points.iter().map(|point| point.y));
    let y = LogAxis::around(values, 1.0).map_or(LogAxis::new(1.0, 1e3), LogAxis::rounded);
    panel::draw(&LABELS, (x, y), false, |panel| {
        panel.curve(curve.iter().copied(), THEORY, Stroke::Solid, "expected")?;
        panel.counted(&points, MEASURED, "counted")
    })
}
