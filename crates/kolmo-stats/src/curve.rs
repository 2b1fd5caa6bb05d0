//! Sums of powers: the curves that are fitted.

/// The greatest number of terms of a curve.
const TERMS: usize = 3;

/// A sum of powers, y = Σ_k e^{c_k} x_{axis(k)}^{−b_k}, in the parameters that Hoffmann et al. (2022, section D.2) fit
/// it in: ln y is the log-sum-exp of c_k − b_k ln x, so that no amplitude can turn negative. The parameters are c_k for a
/// constant term and c_k, b_k for another, term by term.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Curve {
    /// The axis of each term; none for a constant.
    pub terms: &'static [Option<usize>],
}

impl Curve {
    /// A x^{−b}.
    pub const POWER: Self = Self { terms: &[Some(0)] };
    /// E + A x^{−b}.
    pub const OFFSET: Self = Self {
        terms: &[None, Some(0)],
    };
    /// E + A x₀^{−a} + B x₁^{−b}.
    pub const SURFACE: Self = Self {
        terms: &[None, Some(0), Some(1)],
    };
    /// A x₀^{−a} + B x₁^{−b}.
    pub const SUM: Self = Self {
        terms: &[Some(0), Some(1)],
    };

    /// How many parameters it has.
    pub fn parameters(self) -> usize {
        self.terms
            .iter()
            .map(|axis| 1 + usize::from(axis.is_some()))
            .sum()
    }

    /// The places of each term's parameters: of its amplitude, and of its exponent where it has one.
    pub fn places(self) -> impl Iterator<Item = (usize, Option<usize>)> {
        let mut next = 0;
        self.terms.iter().map(move |axis| {
            let amplitude = next;
            next += 1 + usize::from(axis.is_some());
            (amplitude, axis.map(|_| amplitude + 1))
        })
    }

    /// ln y at ln x, with its gradient in the parameters put into `gradient`.
    pub fn log_value(self, theta: &[f64], log_x: [f64; 2], gradient: &mut [f64]) -> f64 {
        let (logs, log_sum) = self.log_terms(theta, log_x);
        for ((&axis, (amplitude, exponent)), log) in self.terms.iter().zip(self.places()).zip(logs)
        {
            let share = (log - log_sum).exp();
            gradient[amplitude] = share;
            if let (Some(axis), Some(exponent)) = (axis, exponent) {
                gradient[exponent] = -share * log_x[axis];
            }
        }
        log_sum
    }

    /// The logs of the terms at ln x, and of their sum.
    pub fn log_terms(self, theta: &[f64], log_x: [f64; 2]) -> ([f64; TERMS], f64) {
        let mut logs = [f64::NEG_INFINITY; TERMS];
        for ((&axis, (amplitude, exponent)), log) in
            self.terms.iter().zip(self.places()).zip(&mut logs)
        {
            *log = theta[amplitude];
            if let (Some(axis), Some(exponent)) = (axis, exponent) {
                *log -= theta[exponent] * log_x[axis];
            }
        }
        let greatest = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let sum: f64 = logs[..self.terms.len()]
            .iter()
            .map(|log| (log - greatest).exp())
            .sum();
        (logs, greatest + sum.ln())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_surface_is_the_sum_of_its_terms() {
        let theta = [1.7f64.ln(), 400f64.ln(), 0.34, 500f64.ln(), 0.28];
        let value = Curve::SURFACE.log_value(&theta, [1e6f64.ln(), 1e8f64.ln()], &mut [0.0; 5]);
        let direct = 1.7 + 400.0 * 1e6f64.powf(-0.34) + 500.0 * 1e8f64.powf(-0.28);
        assert!((value.exp() / direct - 1.0).abs() < 1e-12);
    }

    #[test]
    fn gradients_are_those_of_finite_differences() {
        let log_x = [2.0, 3.0];
        for (curve, theta) in [
            (Curve::POWER, vec![0.3, 0.7]),
            (Curve::OFFSET, vec![-2.0, 0.3, 0.7]),
            (Curve::SURFACE, vec![-2.0, 0.3, 0.7, 1.0, 0.4]),
            (Curve::SUM, vec![0.3, 0.7, 1.0, 0.4]),
        ] {
            let mut gradient = vec![0.0; curve.parameters()];
            curve.log_value(&theta, log_x, &mut gradient);
            for k in 0..theta.len() {
                let at = |step: f64| {
                    let mut moved = theta.clone();
                    moved[k] += step;
                    curve.log_terms(&moved, log_x).1
                };
                let slope = (at(1e-5) - at(-1e-5)) / 2e-5;
                assert!(
                    (gradient[k] - slope).abs() < 1e-9,
                    "{curve:?} {k}: {} {slope}",
                    gradient[k]
                );
            }
        }
    }
}
