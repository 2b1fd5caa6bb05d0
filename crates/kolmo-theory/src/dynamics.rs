//! When facts are learnt: the optimal learner needs to be told once, so the half-learning time of a
//! fact is inversely proportional to its frequency.

use std::ops::RangeInclusive;

use kolmo_world::World;

use crate::discovery::expected_value_loss;

/// Documents after which the expected Bayes value loss of the subjects whose rank is in `ranks` is half
/// of what it was at the start; none where there is nothing to learn, and 0 for a fact of every
/// document. For facts of one frequency f this
/// is ln 2 / −ln(1 − f): slope −1 of its logarithm against ln f.
pub fn half_learning_documents(world: &World, ranks: RangeInclusive<u64>) -> Option<f64> {
    let frequency = world.frequency();
    let ranks = (*ranks.start()).max(1)..=(*ranks.end()).min(frequency.elements());
    let loss = |documents: f64| expected_value_loss(world, ranks.clone(), documents);
    let start = loss(0.0);
    if start <= 0.0 || ranks.is_empty() {
        return None;
    }
    // Every fact of the class is half learnt between these.
    let (most, least) = (
        frequency.probability(*ranks.start()),
        frequency.probability(*ranks.end()),
    );
    let inclusions = || (0..world.relations().len()).map(|r| world.relation_draw().inclusion(r));
    let half = |f: f64| (2f64.ln() / -(-f.min(0.5)).ln_1p()).ln();
    let mut lo = half(most * inclusions().fold(0.0, f64::max)) - 10.0;
    let mut hi = half(least * inclusions().fold(1.0, f64::min)) + 1.0;
    if loss(lo.exp()) <= start / 2.0 {
        return Some(0.0);
    }
    for _ in 0..60 {
        let middle: f64 = (lo + hi) / 2.0;
        if loss(middle.exp()) > start / 2.0 {
            lo = middle;
        } else {
            hi = middle;
        }
    }
    Some(f64::exp((lo + hi) / 2.0))
}
