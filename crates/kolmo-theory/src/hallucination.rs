//! Wrong answers: a fact that was not learnt is answered with the most probable of its values, which is
//! fluent, of the right type, and wrong with probability 1 − 1/V_r if all values are alike.

use std::ops::RangeInclusive;

use kolmo_world::World;

use crate::{
    capacity::Stored,
    discovery::{relation_share, unseen},
};

/// `E[N₁]/N`: the expected share of facts stated just once among all statements of `documents` documents,
///
/// ```text
/// Σ f (1 − f)^{N − 1} / k,      f = p_i ρ_r,
/// ```
///
/// over all facts, N documents of k statements each. What was stated once says how much is stated of what was never met (Good 1953), so a
/// generator that is calibrated states what is false at least as often, but for a little (Kalai & Vempala 2024).
/// 1 of a single document, and for none.
pub fn monofact_rate(world: &World, documents: f64) -> f64 {
    let draw = world.relation_draw();
    let frequency = world.frequency();
    let mut alike: Vec<(f64, f64)> = Vec::new();
    for relation in 0..world.relations().len() {
        let inclusion = draw.inclusion(relation);
        match alike.iter_mut().find(|(other, _)| *other == inclusion) {
            Some((_, count)) => *count += 1.0,
            None => alike.push((inclusion, 1.0)),
        }
    }
    let before = (documents - 1.0).max(0.0);
    let once = alike.into_iter().map(|(inclusion, count)| {
        let stated = |p: f64| p * inclusion * unseen(p * inclusion, before);
        count * frequency.sum(1..=frequency.elements(), stated)
    });
    once.sum::<f64>() / draw.per_document() as f64
}

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
