//! The quantile of the normal distribution.

/// The 97.5 % quantile of the normal distribution: what a standard error is multiplied by for a 95 % interval where it is known well,
/// as of thousands of facts or documents. Of a handful of seeds it is not: [`Mean`](crate::Mean) has Student's.
pub const Z95: f64 = 1.959_963_984_540_054;

#[cfg(test)]
mod tests {
    use statrs::distribution::{ContinuousCDF, Normal};

    use super::*;

    #[test]
    fn it_leaves_a_fortieth_above() {
        let above = 1.0 - Normal::standard().cdf(Z95);
        assert!((above - 0.025).abs() < 1e-11, "{above}");
    }
}
