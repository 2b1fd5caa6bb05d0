//! A curve laid through points, whatever the curve.

use crate::{
    Estimate, Quality, Refusal,
    curve::Curve,
    interval::{Sharing, estimates},
    mean,
    minimise::{Optimum, best},
    problem::{EXPONENTS, Problem, Row},
};

/// How many values of each axis a fit needs.
const DISTINCT: usize = 4;

/// A power that is nowhere more than this share of the curve is below what the Huber loss resolves.
const VISIBLE: f64 = 1e-3;

/// A fitted curve.
pub(crate) struct Fitted {
    /// In the curve's order, amplitudes as such, not as logs.
    pub parameters: Vec<Estimate>,
    pub quality: Quality,
    /// The least and the greatest x of each axis.
    pub ranges: Vec<[f64; 2]>,
}

/// Lays `curve` through `rows` of `units`, whose axes have these names.
pub(crate) fn fit(
    curve: Curve,
    rows: Vec<Row>,
    units: usize,
    axes: &[&'static str],
) -> Result<Fitted, Refusal> {
    let mut ranges = Vec::new();
    for (axis, name) in axes.iter().enumerate() {
        let mut values: Vec<f64> = rows.iter().map(|row| row.log_x[axis]).collect();
        values.sort_by(f64::total_cmp);
        values.dedup();
        if values.len() < DISTINCT {
            return Err(Refusal::TooFewDistinct {
                axis: name,
                found: values.len(),
                needed: DISTINCT,
            });
        }
        ranges.push([values[0].exp(), values[values.len() - 1].exp()]);
    }
    let sharing = Sharing::of(&rows, units, axes.len())?;
    let problem = Problem {
        curve,
        rows,
        units,
        factors: sharing.factors,
    };
    // The points that are left without a unit have to determine the curve as well.
    let too_few = Refusal::TooFew {
        what: "points",
        found: problem.rows.len(),
        needed: problem.unknowns() + 1,
    };
    if problem.degrees_of_freedom() == 0 {
        return Err(too_few);
    }
    let Some((squares, _)) = best(&problem) else {
        return Err(too_few);
    };
    determined(&problem, &squares, axes)?;

    let (parameters, method) = estimates(&problem, &squares, sharing.clustered);
    Ok(Fitted {
        parameters,
        quality: Quality {
            r2: r2(&problem, &squares),
            points: problem.rows.len(),
            units,
            method,
        },
        ranges,
    })
}

/// Refuses a sum of powers whose exponents are at an edge or of which a power is not there.
fn determined(problem: &Problem, optimum: &Optimum, axes: &[&'static str]) -> Result<(), Refusal> {
    if problem.curve.terms.len() == 1 {
        return Ok(());
    }
    for (term, (_, exponent)) in problem.curve.places().enumerate() {
        let (Some(axis), Some(exponent)) = (problem.curve.terms[term], exponent) else {
            continue;
        };
        let axis = axes[axis];
        let share = |row: &Row| {
            let (logs, log_sum) = problem.curve.log_terms(&optimum.theta, row.log_x);
            (logs[term] - log_sum).exp()
        };
        let share = problem.rows.iter().map(share).fold(0.0, f64::max);
        if share < VISIBLE {
            return Err(Refusal::Swallowed { axis, share });
        }
        let value = optimum.theta[exponent];
        if value <= EXPONENTS[0] || value >= EXPONENTS[1] {
            return Err(Refusal::AtEdge { axis, value });
        }
    }
    Ok(())
}

/// The share of the variance of ln y that the curve of the average unit explains.
fn r2(problem: &Problem, optimum: &Optimum) -> f64 {
    let rows = &problem.rows;
    let mean = mean(rows.iter().map(|row| row.log_y));
    let total: f64 = rows.iter().map(|row| (row.log_y - mean).powi(2)).sum();
    let curve = |row: &Row| problem.curve.log_terms(&optimum.theta, row.log_x).1;
    let left: f64 = rows
        .iter()
        .map(|row| (row.log_y - curve(row)).powi(2))
        .sum();
    1.0 - left / total
}
