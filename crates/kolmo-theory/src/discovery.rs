//! Facts met and facts not yet met after n documents (Heaps' law, data scaling).
//!
//! A learner that remembers every fact it was told and knows nothing of the others loses 0 nats on
//! the former and −ln P of their values on the latter, in the mean h_r, the entropy of the prior (ln V_r where values
//! are alike): the optimal Bayesian value loss. With p_i the frequency
//! of element i and ρ_r the probability that a document states relation r, a fact is unseen after n
//! documents with probability (1 − p_i ρ_r)^n. Hence, per fact and weighted by frequency,
//!
//! ```text
//! L(n) = Σ_r w_r h_r Σ_i p_i (1 − p_i ρ_r)^n,      w_r = ρ_r / Σ_s ρ_s
//! ```
//!
//! which for a power law of exponent 1/α falls as n^{−(1−α)} (Pan et al. 2025, data scaling law).

use std::ops::RangeInclusive;

use kolmo_world::{
    World,
    frequency::{Frequency, Tail},
};
use statrs::function::gamma::gamma;

/// (1 − p)^n, accurate for small p and any n.
pub(crate) fn unseen(p: f64, documents: f64) -> f64 {
    if documents == 0.0 {
        1.0
    } else {
        (documents * (-p.min(1.0)).ln_1p()).exp()
    }
}

/// 1 − (1 − p)^n, with the digits of elements that are almost surely unseen.
pub(crate) fn seen(p: f64, documents: f64) -> f64 {
    if documents == 0.0 {
        0.0
    } else {
        -(documents * (-p.min(1.0)).ln_1p()).exp_m1()
    }
}

/// `E[K_n] = Σ_i 1 − (1 − p_i)^n`: the expected number of distinct elements among n documents.
pub fn expected_distinct(frequency: &Frequency, documents: f64) -> f64 {
    frequency.sum(1..=frequency.elements(), |p| seen(p, documents))
}

/// The power law c · i^(-1/α) that the frequencies of a world follow while ranks are far above the
/// bias and below the last; none for laws without one. Of a draw of Pitman-Yor weights only α is known.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PowerLaw {
    /// α, the reciprocal of the Zipf exponent, in (0, 1).
    pub discount: f64,
    /// c, if it is known.
    pub scale: Option<f64>,
}

impl PowerLaw {
    /// That of `world`.
    pub fn of(world: &World) -> Option<Self> {
        let Tail { discount, scale } = world.frequency().tail()?;
        Some(Self { discount, scale })
    }

    /// 1 − α: the value loss falls as n to this power (data scaling law).
    pub fn data_exponent(&self) -> f64 {
        1.0 - self.discount
    }

    /// 1/α − 1: the residual falls as C to this power (model scaling law).
    pub fn capacity_exponent(&self) -> f64 {
        1.0 / self.discount - 1.0
    }

    /// D in K_n ~ D n^α: Γ(1 − α) c^α.
    pub fn distinct_constant(&self) -> Option<f64> {
        let alpha = self.discount;
        Some(gamma(1.0 - alpha) * self.scale?.powf(alpha))
    }

    /// A in L(n) ~ A n^-(1 − α), nats per fact: Σ_r w_r h_r ρ_r^-(1 − α) α Γ(1 − α) c^α.
    pub fn loss_constant(&self, world: &World) -> Option<f64> {
        let distinct = self.distinct_constant()?;
        let weighted = worths(world)
            .into_iter()
            .map(|(inclusion, worth)| worth * inclusion.powf(-self.data_exponent()));
        Some(weighted.sum::<f64>() * self.discount * distinct)
    }
}

/// w_r: the share of relation r among the facts stated.
pub fn relation_share(world: &World, relation: usize) -> f64 {
    let draw = world.relation_draw();
    draw.inclusion(relation) / draw.per_document() as f64
}

/// The mean content of a fact, Σ_r w_r h_r, in nats: the value loss of a learner that knows
/// nothing.
pub fn mean_content(world: &World) -> f64 {
    let relations = world.relations().iter().enumerate();
    relations
        .map(|(r, relation)| relation_share(world, r) * relation.mean_content())
        .sum()
}

/// The expected Bayes value loss after `documents` documents, nats per fact, weighted by frequency,
/// over the subjects whose rank is in `ranks`.
pub fn expected_value_loss(world: &World, ranks: RangeInclusive<u64>, documents: f64) -> f64 {
    let frequency = world.frequency();
    let mass = frequency.mass(ranks.clone());
    if mass <= 0.0 {
        return mean_content(world);
    }
    let loss = worths(world).into_iter().map(|(inclusion, worth)| {
        let unknown = |p: f64| p * unseen(p * inclusion, documents);
        worth * frequency.sum(ranks.clone(), unknown)
    });
    loss.sum::<f64>() / mass
}

/// What the facts of relations that are stated equally often are worth, Σ w_r h_r, nats per fact stated,
/// by how often they are, ρ_r.
fn worths(world: &World) -> Vec<(f64, f64)> {
    let mut worths: Vec<(f64, f64)> = Vec::new();
    for (r, relation) in world.relations().iter().enumerate() {
        let inclusion = world.relation_draw().inclusion(r);
        let worth = relation_share(world, r) * relation.mean_content();
        match worths.iter_mut().find(|(other, _)| *other == inclusion) {
            Some((_, sum)) => *sum += worth,
            None => worths.push((inclusion, worth)),
        }
    }
    worths
}

/// The slope of the expected Bayes value loss in logarithms, −d ln L / d ln n: the exponent where the
/// curve is straight. NaN where there is nothing left to lose.
pub fn local_exponent(world: &World, documents: f64) -> f64 {
    let frequency = world.frequency();
    let falls = worths(world).into_iter().map(|(inclusion, worth)| {
        let fall = |p: f64| {
            let rate = -(-(p * inclusion).min(1.0)).ln_1p();
            let left = unseen(p * inclusion, documents);
            if left > 0.0 { p * rate * left } else { 0.0 }
        };
        worth * frequency.sum(1..=frequency.elements(), fall)
    });
    let falls: f64 = falls.sum();
    documents * falls / expected_value_loss(world, 1..=u64::MAX, documents)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use kolmo_world::{
        WorldConfig,
        config::{All, FrequencyConfig, RelationConfig, RelationCount, UniformConfig, ZipfConfig},
    };

    use super::*;

    fn world(frequency: FrequencyConfig, stated: RelationCount) -> World {
        let relation = |name: &str, values, weight| RelationConfig {
            name: name.to_owned(),
            values: Some(values),
            weight,
        };
        let config = WorldConfig {
            frequency,
            relations_per_document: stated,
            relations: vec![
                relation("a", 10, 3.0),
                relation("b", 100, 1.0),
                relation("c", 40, 2.0),
            ],
            ..WorldConfig::default()
        };
        World::new(&config, 5).unwrap()
    }

    fn zipf(elements: u64) -> FrequencyConfig {
        FrequencyConfig::Zipf(ZipfConfig {
            elements,
            exponent: 1.5,
            bias: 0.0,
        })
    }

    /// The loss of the learner that remembers, on facts of documents it has not seen yet.
    fn simulate(world: &World, documents: u64, repetitions: u64) -> (f64, f64) {
        let runs: Vec<f64> = (0..repetitions)
            .map(|repetition| {
                let first = repetition * 10_000_000;
                let facts = |n| world.document(n).facts;
                let seen: HashSet<_> = (first..first + documents).flat_map(facts).collect();
                let asked = (first + documents..first + documents + 2000).flat_map(facts);
                let (mut loss, mut count) = (0.0, 0.0);
                for fact in asked {
                    count += 1.0;
                    if !seen.contains(&fact) {
                        loss += world.relations()[fact.relation as usize].mean_content();
                    }
                }
                loss / count
            })
            .collect();
        let n = repetitions as f64;
        let mean = runs.iter().sum::<f64>() / n;
        let variance = runs.iter().map(|l| (l - mean).powi(2)).sum::<f64>() / (n - 1.0);
        (mean, (variance / n).sqrt())
    }

    #[test]
    fn expected_loss_agrees_with_a_simulation() {
        let uniform = FrequencyConfig::Uniform(UniformConfig { elements: 500 });
        for (frequency, stated) in [
            (zipf(1000), RelationCount::Exactly(1)),
            (zipf(1000), RelationCount::Exactly(2)),
            (uniform, RelationCount::All(All::All)),
        ] {
            let world = world(frequency, stated);
            for documents in [3, 10, 1000] {
                let (measured, error) = simulate(&world, documents, 40);
                let expected = expected_value_loss(&world, 1..=u64::MAX, documents as f64);
                let deviation = (measured - expected).abs();
                assert!(
                    deviation < 4.0 * error,
                    "{documents} documents: {measured} measured, {expected} expected, ± {error}"
                );
            }
        }
    }

    #[test]
    fn nothing_is_known_before_the_first_document() {
        let world = world(zipf(1000), RelationCount::Exactly(2));
        let start = expected_value_loss(&world, 1..=1000, 0.0);
        assert!((start - mean_content(&world)).abs() < 1e-12);
    }

    #[test]
    fn classes_add_up_to_the_whole() {
        let world = world(zipf(1_000_000_000), RelationCount::Exactly(1));
        let frequency = world.frequency();
        let classes = [1..=10, 11..=1000, 1001..=1_000_000_000];
        let parts = classes
            .map(|ranks| frequency.mass(ranks.clone()) * expected_value_loss(&world, ranks, 1e5));
        let whole = expected_value_loss(&world, 1..=1_000_000_000, 1e5);
        assert!((parts.iter().sum::<f64>() / whole - 1.0).abs() < 1e-9);
    }

    #[test]
    fn distinct_elements_have_their_limits() {
        let world = world(zipf(1000), RelationCount::Exactly(1));
        assert!((expected_distinct(world.frequency(), 1.0) - 1.0).abs() < 1e-12);
        assert!((expected_distinct(world.frequency(), 1e19) - 1000.0).abs() < 1e-6);
        assert_eq!(expected_distinct(world.frequency(), 0.0), 0.0);
    }
}
