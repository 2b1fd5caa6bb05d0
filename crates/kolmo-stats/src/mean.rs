//! The mean of numbers.

use std::borrow::Borrow;

/// The mean of `values`, summed in their order; NaN of no number.
pub fn mean(values: impl IntoIterator<Item = impl Borrow<f64>>) -> f64 {
    let mut count = 0_usize;
    let values = values.into_iter().inspect(|_| count += 1);
    let sum: f64 = values.map(|value| *value.borrow()).sum();
    sum / count as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_the_sum_over_the_number() {
        assert_eq!(mean([1.0, 2.0, 6.0]), 3.0);
        assert_eq!(mean([0.5, 1.5].iter()), 1.0);
        assert!(mean([0.0; 0]).is_nan());
    }
}
