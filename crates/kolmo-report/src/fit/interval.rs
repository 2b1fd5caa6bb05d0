//! The intervals of a fitted curve.
//!
//! The Huber loss of δ = 10⁻³ nats is all but the absolute value, and the median-like estimates it gives have no
//! studentised distribution worth the name with a handful of points. So the intervals are those of least squares in ln y,
//! which have: by the jackknife or by the profile, see [`Method`].

use statrs::distribution::{ContinuousCDF, StudentsT};

use super::{
    Refusal,
    linear::Cholesky,
    minimise::{Loss, Optimum, minimise},
    problem::{Problem, Row},
};
use crate::batches::BatchMean;

/// How the interval of a fit was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// Student's t over the units: the curve is fitted once without each, and the pseudo-values that come of that
    /// (Tukey 1958) are averaged like independent measurements. Whatever noise the points of a unit share, it counts.
    Jackknife,
    /// All values whose best fit is not significantly worse, by Student's t for the degrees of freedom that are left.
    /// Noise is taken to be independent from point to point but for the factor of a unit.
    Profile,
}

/// How the points of a problem share their noise.
pub(super) struct Sharing {
    /// Whether each unit gets a factor of its own.
    pub factors: bool,
    pub method: Method,
}

/// Units with several points each, of which some do not reach over the range, are resampled from this many on.
const UNITS_IN_PIECES: usize = 8;

impl Sharing {
    /// That of `rows` of `units`, whose x has as many `axes`.
    pub fn of(rows: &[Row], units: usize, axes: usize) -> Result<Self, Refusal> {
        let extent = |rows: &mut dyn Iterator<Item = &Row>, axis: usize| {
            let ends = rows.fold([f64::INFINITY, f64::NEG_INFINITY], |[lo, hi], row| {
                [lo.min(row.log_x[axis]), hi.max(row.log_x[axis])]
            });
            ends[1] - ends[0]
        };
        if units == 1 || units == rows.len() {
            return Ok(Self {
                factors: false,
                method: Method::Profile,
            });
        }
        let whole: Vec<f64> = (0..axes).map(|axis| extent(&mut rows.iter(), axis)).collect();
        let spans = |unit| (0..axes).all(|axis| extent(&mut rows.iter().filter(|row| row.unit == unit), axis) >= whole[axis] / 2.0);
        let factors = (0..units).all(spans);
        if !factors && units < UNITS_IN_PIECES {
            return Err(Refusal::SharedNoise {
                units,
                needed: UNITS_IN_PIECES,
            });
        }
        Ok(Self {
            factors,
            method: if units == 2 { Method::Profile } else { Method::Jackknife },
        })
    }
}

/// The intervals of the curve's parameters about the least squares `optimum`, amplitudes as such, not as logs.
pub(super) fn intervals(problem: &Problem, optimum: &Optimum, method: Method) -> Vec<[f64; 2]> {
    match method {
        Method::Jackknife => jackknife(problem, optimum),
        Method::Profile => profile(problem, optimum),
    }
}

fn jackknife(problem: &Problem, optimum: &Optimum) -> Vec<[f64; 2]> {
    let parameters = problem.curve.parameters();
    let units = problem.units as f64;
    let without: Vec<Vec<f64>> = (0..problem.units)
        .map(|unit| {
            let fewer = problem.without(unit);
            let mut start = optimum.theta[..parameters].to_vec();
            start.resize(fewer.unknowns(), 0.0);
            minimise(&fewer, Loss::Squares, &start, None).theta
        })
        .collect();
    let interval = |of: &dyn Fn(&[f64]) -> f64| {
        let whole = units * of(&optimum.theta);
        let pseudo: Vec<f64> = without.iter().map(|theta| whole - (units - 1.0) * of(theta)).collect();
        let BatchMean { mean, half_width } = BatchMean::of(&pseudo);
        [mean - half_width, mean + half_width]
    };
    let mut intervals = vec![[0.0; 2]; parameters];
    for (amplitude, exponent) in problem.curve.places() {
        match exponent {
            Some(exponent) => {
                intervals[exponent] = interval(&|theta| theta[exponent]);
                intervals[amplitude] = interval(&|theta| theta[amplitude]).map(f64::exp);
            }
            // An offset may be zero, which has no logarithm.
            None => intervals[amplitude] = interval(&|theta| theta[amplitude].exp()).map(|end| end.max(0.0)),
        }
    }
    intervals
}

fn profile(problem: &Problem, optimum: &Optimum) -> Vec<[f64; 2]> {
    let freedom = problem.degrees_of_freedom() as f64;
    let quantile = StudentsT::new(0.0, 1.0, freedom).map_or(f64::NAN, |t| t.inverse_cdf(0.975));
    let variance = 2.0 * optimum.objective / freedom;
    let bounds = problem.bounds();
    let mut intervals = vec![[0.0; 2]; problem.curve.parameters()];
    for (amplitude, exponent) in problem.curve.places() {
        for place in [Some(amplitude), exponent].into_iter().flatten() {
            let direction = Direction::of(problem, optimum, place);
            intervals[place] = [0, 1].map(|side| direction.end(problem, optimum, variance, quantile, bounds[place][side], side == 1));
        }
        let [lo, hi] = intervals[amplitude].map(f64::exp);
        // An offset whose log reaches the end of the search is none.
        let none = exponent.is_none() && intervals[amplitude][0] <= bounds[amplitude][0];
        intervals[amplitude] = [if none { 0.0 } else { lo }, hi];
    }
    intervals
}

/// How the best fit moves as one unknown does.
struct Direction {
    place: usize,
    /// The change of every unknown for a unit of this one.
    along: Vec<f64>,
    /// The standard error of this one where the noise has variance 1.
    error: f64,
}

impl Direction {
    fn of(problem: &Problem, optimum: &Optimum, place: usize) -> Self {
        let size = optimum.theta.len();
        let mut gradient = vec![0.0; size];
        let mut matrix = vec![0.0; size * size];
        for row in &problem.rows {
            problem.residual(&optimum.theta, row, &mut gradient);
            for i in 0..size {
                for j in 0..size {
                    matrix[i * size + j] += gradient[i] * gradient[j];
                }
            }
        }
        let ridge = 1e-13 * (0..size).map(|k| matrix[k * size + k]).fold(0.0, f64::max);
        (0..size).for_each(|k| matrix[k * size + k] += ridge);
        let mut along = vec![0.0; size];
        along[place] = 1.0;
        match Cholesky::of(&matrix, size) {
            Some(factored) => factored.solve(&mut along),
            None => along[place] = 1.0 / (matrix[place * size + place] + f64::MIN_POSITIVE),
        }
        let variance = along[place];
        along.iter_mut().for_each(|change| *change /= variance);
        Self {
            place,
            along,
            error: variance.sqrt(),
        }
    }

    /// Where the best fit is `quantile` standard errors of the noise worse, on the side of `bound`; the bound where it
    /// never is.
    fn end(&self, problem: &Problem, optimum: &Optimum, variance: f64, quantile: f64, bound: f64, up: bool) -> f64 {
        let best = optimum.theta[self.place];
        let mut step = quantile * self.error * variance.sqrt();
        // Points on a curve to the last bit determine it to the last bits.
        if !(step > 1e-12 * (1.0 + best.abs())) {
            return best;
        }
        let sign = if up { 1.0 } else { -1.0 };
        let room = sign * (bound - best);
        let mut from = (0.0, optimum.theta.clone());
        let mut excess = |distance: f64| {
            let (old, theta) = &from;
            let start: Vec<f64> = theta.iter().zip(&self.along).map(|(t, a)| t + sign * (distance - old) * a).collect();
            let there = minimise(problem, Loss::Squares, &start, Some(self.place));
            let worse = 2.0 * (there.objective - optimum.objective).max(0.0);
            from = (distance, there.theta);
            (worse / variance).sqrt() - quantile
        };

        let (mut inside, mut inside_excess) = (0.0, -quantile);
        let (mut outside, mut outside_excess);
        loop {
            outside = step.min(room);
            outside_excess = excess(outside);
            if outside_excess > 0.0 {
                break;
            }
            if outside >= room || step > 1e6 * (1.0 + best.abs()) {
                return best + sign * outside;
            }
            (inside, inside_excess) = (outside, outside_excess);
            step *= 1.6;
        }
        // The excess is nearly linear in the distance: the rule of false position, with the end that stays halved
        // (Dowell and Jarratt 1971).
        for _ in 0..40 {
            let distance = inside + (outside - inside) * -inside_excess / (outside_excess - inside_excess);
            let found = excess(distance);
            if found.abs() < 1e-5 * quantile || outside - inside < 1e-9 * outside {
                return best + sign * distance;
            }
            if found > 0.0 {
                (outside, outside_excess) = (distance, found);
                inside_excess /= 2.0;
            } else {
                (inside, inside_excess) = (distance, found);
                outside_excess /= 2.0;
            }
        }
        best + sign * (inside + outside) / 2.0
    }
}
