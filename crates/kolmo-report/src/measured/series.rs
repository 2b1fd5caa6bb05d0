//! Series of a chart.

use crate::{
    figures::chart::{Datum, Ink, Mark, Series},
    study::StudyRun,
};

/// Points without intervals.
pub fn line(
    label: impl Into<String>,
    (mark, ink): (Mark, Ink),
    points: impl IntoIterator<Item = (f64, f64)>,
) -> Series {
    let points = points.into_iter().map(|(x, y)| Datum { x, y, ci95: None });
    Series {
        label: label.into(),
        mark,
        ink,
        points: points.collect(),
    }
}

/// Points with their intervals.
pub fn points(label: impl Into<String>, (mark, ink): (Mark, Ink), points: Vec<Datum>) -> Series {
    Series {
        label: label.into(),
        mark,
        ink,
        points,
    }
}

/// A point for each of `runs`, without intervals, in the order of x; on a logarithmic axis an x of 0 has no place.
pub fn each_run(
    runs: &[&StudyRun],
    x: impl Fn(&StudyRun) -> f64,
    y: impl Fn(&StudyRun) -> f64,
) -> Vec<Datum> {
    let points = runs.iter().map(|run| Datum {
        x: x(run),
        y: y(run),
        ci95: None,
    });
    let mut points: Vec<Datum> = points.filter(|point| point.x > 0.0).collect();
    points.sort_by(|a, b| a.x.total_cmp(&b.x));
    points
}

/// `count` numbers from `lo` to `hi`, evenly spaced in the logarithm.
pub fn grid(lo: f64, hi: f64, count: usize) -> impl Iterator<Item = f64> {
    (0..count).map(move |k| lo * (hi / lo).powf(k as f64 / (count - 1).max(1) as f64))
}

/// Shade number `k` of `count`.
pub fn shade(k: usize, count: usize) -> Ink {
    Ink::Shade(k as f64 / count.saturating_sub(1).max(1) as f64)
}
