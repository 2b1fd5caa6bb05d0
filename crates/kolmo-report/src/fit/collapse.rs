//! Whether groups of points lie on one curve.

use super::{Estimate, Refusal, problem::{numbered, positive_log}};
use super::bootstrap::{percentile_interval, resampled};

/// A point of a group, such as a model or a frequency class.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Point {
    /// Where, on the axis that should make the groups one.
    pub x: f64,
    /// What was measured there.
    pub y: f64,
    /// The group it belongs to.
    pub group: u64,
}

/// The groups and points that are needed.
const GROUPS: usize = 4;
const POINTS: usize = 16;

/// The share of the variance of y that is left about one curve through all `points`, whatever their group: 0 where they
/// collapse, 1 where x says nothing of y.
///
/// The curve goes straight from average to average of √n bins of about √n points in ln x, and the variance left is per
/// degree of freedom, so that the curve's freedom is no merit.
pub fn variance_left(points: &[Point]) -> Result<Estimate, Refusal> {
    let (groups, count) = numbered(points.iter().map(|point| point.group));
    let mut members: Vec<Vec<(f64, f64)>> = vec![Vec::new(); count];
    for ((index, point), group) in points.iter().enumerate().zip(groups) {
        if !point.y.is_finite() {
            return Err(Refusal::BadNumber {
                what: "y",
                index,
                value: point.y,
                needed: "finite",
            });
        }
        members[group].push((positive_log("x", index, point.x)?, point.y));
    }
    for (what, found, needed) in [("groups", count, GROUPS), ("points", points.len(), POINTS)] {
        if found < needed {
            return Err(Refusal::TooFew { what, found, needed });
        }
    }
    let all: Vec<&[(f64, f64)]> = members.iter().map(Vec::as_slice).collect();
    let value = share_left(&all.concat()).ok_or(Refusal::NoVariation { what: "y" })?;
    let ci95 = percentile_interval("variance left", |random| share_left(&resampled(random, &all).concat()))?;
    Ok(Estimate { value, ci95 })
}

/// Of (ln x, y); none where y does not vary.
fn share_left(points: &[(f64, f64)]) -> Option<f64> {
    let mut points = points.to_vec();
    points.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)));
    let knots = knots(&points);
    let mean = average(&points).1;
    let total: f64 = points.iter().map(|(_, y)| (y - mean).powi(2)).sum();
    let left: f64 = points.iter().map(|(x, y)| (y - interpolated(&knots, *x)).powi(2)).sum();
    let freedom = points.len() - knots.len();
    (total > 0.0 && freedom > 0).then(|| (left / freedom as f64) / (total / (points.len() - 1) as f64))
}

/// The averages of the bins of sorted points, none of which shares an x with another.
fn knots(points: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let size = (points.len() as f64).sqrt().ceil() as usize;
    let mut bins: Vec<Vec<(f64, f64)>> = vec![Vec::new()];
    for ties in points.chunk_by(|a, b| a.0 == b.0) {
        match bins.last_mut() {
            Some(bin) if bin.len() < size => bin.extend_from_slice(ties),
            _ => bins.push(ties.to_vec()),
        }
    }
    if let Some(rest) = bins.pop_if(|bin| bin.len() < size / 2) {
        match bins.last_mut() {
            Some(bin) => bin.extend(rest),
            None => bins.push(rest),
        }
    }
    bins.iter().map(|bin| average(bin)).collect()
}

fn average(points: &[(f64, f64)]) -> (f64, f64) {
    let count = points.len() as f64;
    let (x, y) = points.iter().fold((0.0, 0.0), |(x, y), point| (x + point.0, y + point.1));
    (x / count, y / count)
}

/// On the lines from knot to knot, of which the outer ones go on.
fn interpolated(knots: &[(f64, f64)], x: f64) -> f64 {
    if knots.len() < 2 {
        return knots.first().map_or(f64::NAN, |knot| knot.1);
    }
    let right = knots.partition_point(|knot| knot.0 < x).clamp(1, knots.len() - 1);
    let (from, to) = (knots[right - 1], knots[right]);
    from.1 + (x - from.0) / (to.0 - from.0) * (to.1 - from.1)
}
