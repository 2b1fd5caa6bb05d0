//! Means with Student's intervals.

use statrs::distribution::{ContinuousCDF, StudentsT};

use crate::mean;

/// The 97.5 % quantile of Student's t: what a standard error is multiplied by for a 95 % interval. NaN without a degree of freedom.
pub(crate) fn quantile(degrees_of_freedom: f64) -> f64 {
    quantile_at(degrees_of_freedom, 0.05)
}

/// What a standard error is multiplied by for an interval that misses the truth with the probability `level`.
pub(crate) fn quantile_at(degrees_of_freedom: f64, level: f64) -> f64 {
    let student = StudentsT::new(0.0, 1.0, degrees_of_freedom);
    student.map_or(f64::NAN, |t| t.inverse_cdf(1.0 - level / 2.0))
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
