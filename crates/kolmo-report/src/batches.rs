//! Means of batches with their intervals.

use statrs::distribution::{ContinuousCDF, StudentsT};

/// A mean of independent batches.
#[derive(Debug, Clone, Copy)]
pub(crate) struct BatchMean {
    pub mean: f64,
    /// Half the width of the 95 % interval, by Student's t; NaN for a single batch, which has no spread.
    pub half_width: f64,
}

impl BatchMean {
    /// Of `values`; NaN of none.
    pub fn of(values: &[f64]) -> Self {
        let n = values.len() as f64;
        let mean = values.iter().sum::<f64>() / n;
        let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
        let error = (squares / (n - 1.0) / n).sqrt();
        let quantile = StudentsT::new(0.0, 1.0, n - 1.0).map(|t| t.inverse_cdf(0.975));
        Self {
            mean,
            half_width: quantile.map_or(f64::NAN, |quantile| quantile * error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_batches_have_wide_intervals() {
        let two = BatchMean::of(&[1.0, 2.0]);
        // Half their distance is the standard error, and t with one degree of freedom 12.706.
        assert_eq!(two.mean, 1.5);
        assert!((two.half_width - 12.706 * 0.5).abs() < 1e-3);
        let many: Vec<f64> = (0..1000).map(|k| f64::from(k % 2)).collect();
        let error = 0.5 / 1000f64.sqrt();
        assert!((BatchMean::of(&many).half_width / error - 1.962).abs() < 2e-3);
        assert!(BatchMean::of(&[1.0]).half_width.is_nan());
    }
}
