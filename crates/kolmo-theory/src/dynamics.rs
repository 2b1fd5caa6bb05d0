//! When facts are learnt: the optimal learner needs to be told once, so the half-learning time of a
//! fact is inversely proportional to its frequency.

use std::ops::RangeInclusive;

use kolmo_world::World;

use crate::discovery::expected_value_loss;

/// Documents after which the expected Bayes value loss of the subjects whose rank is in `ranks` is half
/// of what it was at the start. For facts of one frequency f this is ln 2 / −ln(1 − f): slope −1 of
/// its logarithm against ln f.
pub fn half_learning_documents(world: &World, ranks: RangeInclusive<u64>) -> f64 {
    let start = expected_value_loss(world, ranks.clone(), 0.0);
    let (mut lo, mut hi) = (-10.0, 100.0);
    for _ in 0..60 {
        let middle: f64 = (lo + hi) / 2.0;
        if expected_value_loss(world, ranks.clone(), middle.exp()) > start / 2.0 {
            lo = middle;
        } else {
            hi = middle;
        }
    }
    f64::exp((lo + hi) / 2.0)
}
