//! Capacity where the first nat stored of a fact is worth most: reverse water-filling.
//!
//! If a fact of which C_i nats are stored still loses h e^{−C_i/h}, the first nat saves as much as where
//! a fact is stored or not, and every further one less. Then the best use of C nats fills every fact up
//! to a common level λ, C_i = h ln(p_i ρ_r / λ), and leaves those rarer than λ dry:
//!
//! ```text
//! residual = Σ_r w_r h_r [ (λ / ρ_r) m_r + Σ_{i > m_r} p_i ]
//! ```
//!
//! with m_r subjects above the level. For a power law it falls with the same exponent 1/α − 1, since
//! Σ_{i ≤ m} ln(p_i / p_m) ~ m/α: a constant factor worse, without a logarithm.

use kolmo_world::{Frequency, World};

use super::{EDGE_FACTOR, Relation, extremes};

/// The best use of any capacity where facts decay exponentially, with unlimited data.
#[derive(Debug)]
pub struct WaterFilling<'a> {
    frequency: &'a Frequency,
    relations: Vec<Relation>,
    levels: Vec<Level>,
}

/// A level and what it takes.
#[derive(Debug, Clone)]
struct Level {
    level: f64,
    /// Nats spent on facts above it.
    spent: f64,
    /// Subjects above it, for each relation.
    above: Vec<u64>,
}

impl<'a> WaterFilling<'a> {
    /// For the facts of `world`.
    pub fn new(world: &'a World) -> Self {
        let (frequency, relations) = (world.frequency(), Relation::all(world));
        let (first, last) = extremes(frequency, &relations);
        let mut filling = Self {
            frequency,
            levels: vec![Level {
                level: first,
                spent: 0.0,
                above: vec![0; relations.len()],
            }],
            relations,
        };
        let mut level = first;
        // Facts rarer than the smallest normal number are worth nothing and stay dry.
        while level >= last && level > f64::MIN_POSITIVE {
            level *= EDGE_FACTOR;
            let next = filling.lowered(filling.levels.len() - 1, level);
            filling.levels.push(next);
        }
        filling
    }

    /// Level number `from` of the table lowered to `level`.
    fn lowered(&self, from: usize, level: f64) -> Level {
        let from = &self.levels[from];
        let (mut spent, mut above) = (from.spent, Vec::with_capacity(self.relations.len()));
        let deeper = (from.level / level).ln();
        for (relation, before) in self.relations.iter().zip(&from.above) {
            let now = relation.above(self.frequency, level);
            let depth = |p: f64| (p * relation.inclusion / level).ln();
            let new = self.frequency.sum(before + 1..=now, depth);
            spent += relation.content * (*before as f64 * deeper + new);
            above.push(now);
        }
        Level {
            level,
            spent,
            above,
        }
    }

    /// Value loss of a model that can store `nats` nats, nats per fact, weighted by frequency.
    pub fn value_loss(&self, nats: f64) -> f64 {
        let after = self.levels.partition_point(|level| level.spent <= nats);
        let from = after.max(1) - 1;
        let high = self.levels[from].level;
        // Past the last level all facts are above, and what they take grows as −ln λ.
        let (mut lo, mut hi) = match self.levels.get(after) {
            Some(level) => (level.level.ln(), high.ln()),
            None => {
                let lowest = f64::MIN_POSITIVE.ln();
                ((high.ln() - nats / self.content()).max(lowest), high.ln())
            }
        };
        for _ in 0..60 {
            let middle = (lo + hi) / 2.0;
            if self.lowered(from, middle.exp()).spent < nats {
                hi = middle;
            } else {
                lo = middle;
            }
        }
        let level = self.lowered(from, hi.exp());
        let residual = |(relation, above): (&Relation, &u64)| {
            let dry = self.frequency.mass(above + 1..=self.frequency.elements());
            relation.worth * (level.level / relation.inclusion * *above as f64 + dry)
        };
        self.relations.iter().zip(&level.above).map(residual).sum()
    }

    /// Content of all facts, nats.
    fn content(&self) -> f64 {
        let elements = self.frequency.elements() as f64;
        self.relations.iter().map(|r| r.content * elements).sum()
    }
}
