//! What a model of limited capacity loses (the model scaling law), and what data and capacity leave
//! together.
//!
//! A model that stores C nats and wants the least loss spends them where they save most. A fact (i, r)
//! is stated with probability p_i ρ_r a document; storing it costs its content and saves as much each time: h_r nats in the mean
//! over the prior of its values, and it does not matter which content which fact has. So facts are stored in order of p_i ρ_r down to a threshold, and
//!
//! ```text
//! residual(C) = Σ_r w_r h_r Σ_{i > m_r} p_i,      Σ_r m_r h_r = C
//! ```
//!
//! which for a power law of exponent 1/α falls as C^{−(1/α − 1)}. A fact can be stored in part: what
//! is missing of h is lost.
//!
//! After N documents only facts that were met can be stored, and one that was not leaves room for a
//! rarer one. So the threshold follows from what is stored *in expectation*,
//! Σ_r h_r Σ_{i ≤ m_r} 1 − (1 − p_i ρ_r)^N = C, and
//!
//! ```text
//! L(N, C) = Σ_r w_r h_r [ Σ_{i ≤ m_r} p_i (1 − p_i ρ_r)^N + Σ_{i > m_r} p_i ].
//! ```
//!
//! With m_r fixed by C alone a model with room to spare would lose facts it had met: a simulation in
//! the tests tells the two apart.

mod rivals;
mod water_filling;

use std::ops::RangeInclusive;

use kolmo_world::{Frequency, World};

pub use rivals::Rival;
pub use water_filling::WaterFilling;

use crate::discovery::{relation_share, seen, unseen};

/// Neighbouring thresholds of a table of costs are this factor apart.
const EDGE_FACTOR: f64 = 0.9;

/// The facts of one relation as things to store.
#[derive(Debug, Clone, Copy)]
struct Relation {
    /// ρ_r.
    inclusion: f64,
    /// h_r, nats: the mean over its facts.
    content: f64,
    /// w_r h_r: what all its facts together are worth, nats per fact stated.
    worth: f64,
}

impl Relation {
    fn all(world: &World) -> Vec<Self> {
        let relations = world.relations().iter().enumerate();
        relations
            .map(|(r, relation)| Self {
                inclusion: world.relation_draw().inclusion(r),
                content: relation.mean_content(),
                worth: relation_share(world, r) * relation.mean_content(),
            })
            .collect()
    }

    /// Number of ranks whose facts are stated with a probability above `threshold` a document.
    fn above(&self, frequency: &Frequency, threshold: f64) -> u64 {
        frequency.leading(|p| p * self.inclusion > threshold)
    }
}

/// The threshold after `threshold` in a table; 0 after the last one that a factor lowers exactly.
fn lowered(threshold: f64) -> f64 {
    if threshold > f64::MIN_POSITIVE {
        threshold * EDGE_FACTOR
    } else {
        0.0
    }
}

/// The greatest and the least frequency of a fact.
fn extremes(frequency: &Frequency, relations: &[Relation]) -> (f64, f64) {
    let of = |rank, pick: fn(f64, f64) -> f64| {
        let p = frequency.probability(rank);
        let rates = relations.iter().map(|r| p * r.inclusion);
        rates.reduce(pick).unwrap_or(0.0)
    };
    (of(1, f64::max), of(frequency.elements(), f64::min))
}

/// The best use of any capacity after a number of documents.
#[derive(Debug)]
pub struct Capacity<'a> {
    frequency: &'a Frequency,
    relations: Vec<Relation>,
    /// None: every fact was met.
    documents: Option<f64>,
    /// Falling thresholds, and what the facts above each cost.
    edges: Vec<(f64, f64)>,
}

/// What a model stores.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Stored {
    /// The frequency p_i ρ_r above which all facts that were met are stored, and below which none.
    pub threshold: f64,
    /// Share that is stored of the facts at the threshold itself.
    pub share_at_threshold: f64,
    /// Number of facts stored, in expectation.
    pub facts: f64,
    /// Expected value loss, nats per fact, weighted by frequency.
    pub value_loss: f64,
}

impl Stored {
    /// How much of a fact stated with this probability a document is stored, 0 to 1, once it was met.
    pub fn share(&self, frequency: f64) -> f64 {
        if frequency == self.threshold {
            self.share_at_threshold
        } else {
            f64::from(u8::from(frequency > self.threshold))
        }
    }
}

impl<'a> Capacity<'a> {
    /// With unlimited data: capacity alone decides.
    pub fn new(world: &'a World) -> Self {
        Self::with(world, None)
    }

    /// After `documents` documents: facts that were not met cannot be stored.
    pub fn after(world: &'a World, documents: f64) -> Self {
        Self::with(world, Some(documents))
    }

    fn with(world: &'a World, documents: Option<f64>) -> Self {
        let mut capacity = Self {
            frequency: world.frequency(),
            relations: Relation::all(world),
            documents,
            edges: Vec::new(),
        };
        capacity.edges = capacity.make_edges();
        capacity
    }

    /// Thresholds a factor apart, from one above all facts to one below, and the costs above them.
    fn make_edges(&self) -> Vec<(f64, f64)> {
        let (first, last) = extremes(self.frequency, &self.relations);
        let mut edges = vec![(first, 0.0)];
        let (mut threshold, mut cost) = (first, 0.0);
        while threshold >= last && threshold > 0.0 {
            let next = lowered(threshold);
            cost += self.cost_between(threshold, next);
            threshold = next;
            edges.push((threshold, cost));
        }
        edges
    }

    /// Expected cost of the facts more frequent than `low` and not than `high`, nats.
    fn cost_between(&self, high: f64, low: f64) -> f64 {
        let cost = |relation: &Relation| {
            let ranks =
                relation.above(self.frequency, high) + 1..=relation.above(self.frequency, low);
            relation.content * self.met(relation, ranks)
        };
        self.relations.iter().map(cost).sum()
    }

    /// Expected number of facts of `relation` met, among those of the subjects of these ranks.
    fn met(&self, relation: &Relation, ranks: RangeInclusive<u64>) -> f64 {
        match self.documents {
            _ if ranks.is_empty() => 0.0,
            None => (ranks.end() + 1 - ranks.start()) as f64,
            Some(n) => self
                .frequency
                .sum(ranks, |p| seen(p * relation.inclusion, n)),
        }
    }

    /// Capacity that holds all facts there are to store, nats.
    pub fn full(&self) -> f64 {
        self.edges.last().map_or(0.0, |(_, cost)| *cost)
    }

    /// What a model that can store `nats` nats stores.
    pub fn store(&self, nats: f64) -> Stored {
        let after = self.edges.partition_point(|(_, cost)| *cost <= nats);
        if after == self.edges.len() {
            return self.stored(0.0, 0.0);
        }
        // The first edge costs nothing, so one lies before.
        let ((high, spent), (low, _)) = (self.edges[after.max(1) - 1], self.edges[after]);
        let left = nats.max(0.0) - spent;
        // The smallest threshold above which everything fits. Positive floats are ordered as their bits.
        let (mut too_low, mut fits) = (low.to_bits(), high.to_bits());
        while fits - too_low > 1 {
            let middle = too_low + (fits - too_low) / 2;
            if self.cost_between(high, f64::from_bits(middle)) <= left {
                fits = middle;
            } else {
                too_low = middle;
            }
        }
        let threshold = f64::from_bits(fits);
        let left = left - self.cost_between(high, threshold);
        let at = self.cost_between(threshold, f64::from_bits(too_low));
        self.stored(
            threshold,
            if at > 0.0 {
                (left / at).clamp(0.0, 1.0)
            } else {
                0.0
            },
        )
    }

    fn stored(&self, threshold: f64, share_at_threshold: f64) -> Stored {
        let (mut facts, mut value_loss) = (0.0, 0.0);
        let below = f64::from_bits(threshold.to_bits().saturating_sub(1));
        for relation in &self.relations {
            let above = relation.above(self.frequency, threshold);
            let at = above + 1..=match threshold {
                0.0 => above,
                _ => relation.above(self.frequency, below),
            };
            facts += self.met(relation, 1..=above);
            facts += share_at_threshold * self.met(relation, at.clone());
            // Never met, or met and not stored.
            let unmet = |p: f64| {
                let unmet = self.documents.map(|n| unseen(p * relation.inclusion, n));
                p * unmet.unwrap_or(0.0)
            };
            let missing = self.frequency.sum(1..=above, unmet)
                + share_at_threshold * self.frequency.sum(at.clone(), unmet)
                + (1.0 - share_at_threshold) * self.frequency.mass(at.clone())
                + self
                    .frequency
                    .mass(at.end() + 1..=self.frequency.elements());
            value_loss += relation.worth * missing;
        }
        Stored {
            threshold,
            share_at_threshold,
            facts,
            value_loss,
        }
    }
}
