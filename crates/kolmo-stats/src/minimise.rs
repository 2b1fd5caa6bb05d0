//! The least sum of losses of the residuals.

use crate::{linear::Cholesky, problem::Problem};

/// Where the Huber loss turns from a square into a straight line, in nats of y: that of Hoffmann et al. (2022).
pub(crate) const HUBER_DELTA: f64 = 1e-3;

/// No problem here takes a tenth of that.
const ITERATIONS: usize = 1000;

/// What is summed over the residuals.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Loss {
    /// r²/2.
    Squares,
    /// r²/2 up to [`HUBER_DELTA`], δ(|r| − δ/2) beyond.
    Huber,
}

impl Loss {
    /// The loss, and the weights of the residual in the true second derivative and in the quadratic that lies above the
    /// loss and touches it here.
    fn of(self, residual: f64) -> (f64, f64, f64) {
        let size = residual.abs();
        if self == Self::Squares || size <= HUBER_DELTA {
            (residual * residual / 2.0, 1.0, 1.0)
        } else {
            (
                HUBER_DELTA * (size - HUBER_DELTA / 2.0),
                0.0,
                HUBER_DELTA / size,
            )
        }
    }
}

/// A minimum.
#[derive(Debug, Clone)]
pub(crate) struct Optimum {
    pub theta: Vec<f64>,
    /// The sum of the losses.
    pub objective: f64,
}

/// The sum of the losses at `theta`.
pub(crate) fn objective(problem: &Problem, loss: Loss, theta: &[f64], gradient: &mut [f64]) -> f64 {
    let losses = problem
        .rows
        .iter()
        .map(|row| loss.of(problem.residual(theta, row, gradient)).0);
    losses.sum()
}

/// Walks downhill from `start`, with the unknown `held` left where it is.
///
/// A step solves (N + λM) step = −gradient, N of Gauss and Newton's second derivatives and M of the quadratics above the
/// losses. With λ ≥ 1 that is reweighted least squares, which always goes downhill; with λ → 0 it is Newton's method, which ends after
/// few steps as Huber losses are quadratic in pieces (Madsen and Nielsen 1990). λ follows success, as Marquardt's does.
pub(crate) fn minimise(
    problem: &Problem,
    loss: Loss,
    start: &[f64],
    held: Option<usize>,
) -> Optimum {
    let size = start.len();
    let bounds = problem.bounds();
    let mut theta: Vec<f64> = start
        .iter()
        .zip(&bounds)
        .map(|(&value, &[lo, hi])| value.clamp(lo, hi))
        .collect();
    let mut row_gradient = vec![0.0; size];
    let mut value = objective(problem, loss, &theta, &mut row_gradient);
    let mut damping: f64 = if loss == Loss::Huber { 1.0 } else { 1e-3 };

    for _ in 0..ITERATIONS {
        let (mut newton, mut above, mut downhill) = (
            vec![0.0; size * size],
            vec![0.0; size * size],
            vec![0.0; size],
        );
        for row in &problem.rows {
            let residual = problem.residual(&theta, row, &mut row_gradient);
            let (_, inner, outer) = loss.of(residual);
            for i in 0..size {
                downhill[i] += outer * residual * row_gradient[i];
                for j in 0..=i {
                    let product = row_gradient[i] * row_gradient[j];
                    newton[i * size + j] += inner * product;
                    above[i * size + j] += outer * product;
                }
            }
        }
        // What is held, or pushes against a bound, stays.
        for k in 0..size {
            let [lo, hi] = bounds[k];
            if held == Some(k)
                || (theta[k] <= lo && downhill[k] < 0.0)
                || (theta[k] >= hi && downhill[k] > 0.0)
            {
                downhill[k] = 0.0;
                for other in 0..size {
                    let place = k.max(other) * size + k.min(other);
                    newton[place] = 0.0;
                    above[place] = f64::from(u8::from(other == k));
                }
            }
        }
        let ridge = 1e-13 * (0..size).map(|k| above[k * size + k]).fold(0.0, f64::max);

        let moved = loop {
            if damping > 1e12 {
                break None;
            }
            let mut matrix: Vec<f64> = newton
                .iter()
                .zip(&above)
                .map(|(n, m)| n + damping * m)
                .collect();
            for k in 0..size {
                matrix[k * size + k] += damping * 1e-3 * above[k * size + k] + ridge;
            }
            let mut step = downhill.clone();
            if let Some(factored) = Cholesky::of(&matrix, size) {
                factored.solve(&mut step);
                let promised: f64 = step.iter().zip(&downhill).map(|(s, g)| s * g).sum();
                if promised <= 1e-13 * value + 1e-30 {
                    break None;
                }
                let place: Vec<f64> = (0..size)
                    .map(|k| (theta[k] + step[k]).clamp(bounds[k][0], bounds[k][1]))
                    .collect();
                let there = objective(problem, loss, &place, &mut row_gradient);
                if there < value {
                    break Some((place, there));
                }
            }
            damping *= 4.0;
        };
        let Some((place, there)) = moved else { break };
        (theta, value) = (place, there);
        damping = (damping / 8.0).max(1e-9);
    }
    Optimum {
        theta,
        objective: value,
    }
}

/// The best minima of squares and of Huber losses over a grid of starts; none without points.
pub(crate) fn best(problem: &Problem) -> Option<(Optimum, Optimum)> {
    let starts = problem.starts();
    let mut squares: Vec<Optimum> = starts
        .iter()
        .map(|start| minimise(problem, Loss::Squares, start, None))
        .collect();
    squares.sort_by(|a, b| a.objective.total_cmp(&b.objective));
    // Most starts end in one place, from which one walk is enough.
    squares.dedup_by(|later, earlier| {
        let near = |(a, b): (&f64, &f64)| (a - b).abs() <= 1e-4 * (1.0 + b.abs());
        later.theta.iter().zip(&earlier.theta).all(near)
    });
    let huber: Vec<Optimum> = squares
        .iter()
        .map(|from| minimise(problem, Loss::Huber, &from.theta, None))
        .collect();
    let least = |optima: Vec<Optimum>| {
        optima
            .into_iter()
            .min_by(|a, b| a.objective.total_cmp(&b.objective))
    };
    Some((least(squares)?, least(huber)?))
}
