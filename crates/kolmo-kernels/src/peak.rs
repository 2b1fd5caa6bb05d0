//! The most that the cores of a machine can do: what speeds of training are held against.

use std::time::{Duration, Instant};

use crate::{
    product::{Matrix, store_product},
    workers::Workers,
};

/// Rows and columns of each matrix: large enough that packing them costs little, small enough to wait for.
const SIZE: usize = 1024;

/// Rounds, of which the best counts: what else runs on the machine only ever makes one slower.
const ROUNDS: usize = 10;

/// The peak of single-precision matrix products, GFLOP/s (10^9 additions and multiplications a second): every
/// worker computes one product of square matrices, all at the same time. Takes about half a second.
pub fn sgemm_gflops(workers: &Workers) -> f64 {
    let count = SIZE * SIZE;
    let values: Vec<f32> = (0..count).map(|k| (k % 17) as f32 - 8.0).collect();
    let mut products = vec![vec![0.0; count]; workers.threads()];
    let mut best = Duration::MAX;
    for _ in 0..ROUNDS {
        let started = Instant::now();
        products = workers.map(products, |mut into| {
            let matrix = Matrix::new(&values, SIZE, SIZE);
            store_product(&mut into, matrix, matrix);
            into
        });
        best = best.min(started.elapsed());
    }
    let operations = 2.0 * (SIZE as f64).powi(3) * workers.threads() as f64;
    operations / best.as_secs_f64() / 1e9
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_peak_is_a_positive_number() {
        let peak = sgemm_gflops(&Workers::new(2).unwrap());
        assert!(peak.is_finite() && peak > 0.0);
    }
}
