//! Means with Student's intervals.

use statrs::distribution::{ContinuousCDF, StudentsT};

use crate::mean;

/// The 97.5 % quantile of Student's t: what a standard error is multiplied by for a 95 % interval. NaN without a degree of freedom.
pub(crate) fn quantile(degrees_of_freedom: f64) -> f64 {
    quantile_of(degrees_of_freedom, 0.05)
}

/// What a standard error is multiplied by for an interval that misses the truth with a chance of `level`.
pub(crate) fn quantile_of(degrees_of_freedom: f64, level: f64) -> f64 {
    let at = |t: StudentsT| t.inverse_cdf(1.0 - level / 2.0);
    StudentsT::new(0.0, 1.0, degrees_of_freedom).map_or(f64::NAN, at)
}

/// The chance of so many standard errors or more to either side; 1 without a degree of freedom.
pub(crate) fn tails(degrees_of_freedom: f64, errors: f64) -> f64 {
    let below = |t: StudentsT| 2.0 * t.cdf(-errors);
    StudentsT::new(0.0, 1.0, degrees_of_freedom).map_or(1.0, below)
}

/// A mean of independent numbers.
#[derive(Debug, Clone, Copy)]
pub struct Mean {
    /// The mean; NaN of no number.
    pub mean: f64,
    /// Half the width of the 95 % interval, by Student's t; NaN of a single number, which has no spread.
    pub half_width: f64,
}

impl Mean {
    /// The mean of `values`.
    pub fn of(values: &[f64]) -> Self {
        let n = values.len() as f64;
        let mean = mean(values);
        let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
        let error = (squares / (n - 1.0) / n).sqrt();
        Self {
            mean,
            half_width: quantile(n - 1.0) * error,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_those_of_tables() {
        // scipy.stats.t.ppf(1 - 0.05 / 24, 4), and with 7 degrees of freedom.
        for (freedom, level, expected) in [
            (4.0, 0.05 / 12.0, 5.885_3),
            (7.0, 0.05 / 8.0, 3.8552),
            (4.0, 0.05, 2.776_445),
        ] {
            let found = quantile_of(freedom, level);
            assert!(
                (found - expected).abs() < 1e-3,
                "{freedom} {level}: {found}"
            );
            assert!((tails(freedom, found) - level).abs() < 1e-9);
        }
        assert!(quantile_of(0.0, 0.05).is_nan());
    }

    #[test]
    fn few_numbers_have_wide_intervals() {
        let two = Mean::of(&[1.0, 2.0]);
        // Half their distance is the standard error, and t with one degree of freedom 12.706.
        assert_eq!(two.mean, 1.5);
        assert!((two.half_width - 12.706 * 0.5).abs() < 1e-3);
        let many: Vec<f64> = (0..1000).map(|k| f64::from(k % 2)).collect();
        let error = 0.5 / 1000f64.sqrt();
        assert!((Mean::of(&many).half_width / error - 1.962).abs() < 2e-3);
        assert!(Mean::of(&[1.0]).half_width.is_nan());
    }
}
