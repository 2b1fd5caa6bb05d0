//! Wrong answers: a fact that was not learnt is answered with the most probable of its values, which is
//! fluent, of the right type, and wrong with probability 1 − 1/V_r if all values are alike.

use std::ops::RangeInclusive;

use kolmo_world::World;

use crate::{
    capacity::Stored,
    discovery::{relation_share, unseen},
};

/// Expected share of wrong greedy answers to the facts of the subjects whose rank is in `ranks`,
/// weighted by their frequency, of the optimal predictor after `documents` documents; NaN for no
/// subjects. It has stored
/// what `stored` says, or everything it met if that is none.
pub fn expected_error(
    world: &World,
    ranks: RangeInclusive<u64>,
    documents: f64,
    stored: Option<&Stored>,
) -> f64 {
    let frequency = world.frequency();
    let ranks = (*ranks.start()).max(1)..=(*ranks.end()).min(frequency.elements());
    let mass = frequency.mass(ranks.clone());
    let relations = world.relations().iter().enumerate();
    let error: f64 = relations
        .map(|(r, relation)| {
            let inclusion = world.relation_draw().inclusion(r);
            let unlearnt = |p: f64| {
                let unmet = unseen(p * inclusion, documents);
                let kept = stored.map_or(1.0, |stored| stored.share(p * inclusion));
                p * ((1.0 - kept) + kept * unmet)
            };
            let wrong = 1.0 - relation.best_guess();
            relation_share(world, r)
                * wrong
                * sum_across(world, &ranks, inclusion, stored, unlearnt)
        })
        .sum();
    error / mass
}

/// Σ f(p) over `ranks`, split where a fact is no longer stored, for sums want smooth functions.
fn sum_across(
    world: &World,
    ranks: &RangeInclusive<u64>,
    inclusion: f64,
    stored: Option<&Stored>,
    f: impl Fn(f64) -> f64,
) -> f64 {
    let frequency = world.frequency();
    let (lo, hi) = (*ranks.start(), *ranks.end());
    if lo > hi {
        return 0.0;
    }
    let threshold = stored.map_or(0.0, |stored| stored.threshold);
    let above = frequency
        .leading(|p| p * inclusion > threshold)
        .clamp(lo - 1, hi);
    let at = frequency
        .leading(|p| p * inclusion >= threshold)
        .clamp(lo - 1, hi);
    frequency.sum(lo..=above, &f)
        + frequency.sum(above + 1..=at, &f)
        + frequency.sum(at + 1..=hi, &f)
}
