//! Other uses of as many nats as the best one: what a model might do instead of keeping the most frequent facts.
//!
//! Each is one curve over x = p/t, the frequency of a fact over a threshold that follows from the nats. All of them fall with nearly the
//! exponent of the best use; what tells them apart is how much more they miss.

use std::fmt;

use super::{Capacity, extremes, seen, unseen};

/// How the nats are spread over the facts that were met.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rival {
    /// Every further nat of a fact is worth less: of h, 1/x is missing at a cost of h ln x (reverse water-filling).
    WaterFilling,
    /// A share x/(1 + x).
    Logistic,
    /// A share x²/(1 + x²).
    SteepLogistic,
    /// A share in proportion to the frequency, min(1, x).
    Proportional,
    /// A share in proportion to its root, min(1, √x).
    Root,
    /// The same share of every fact.
    Equal,
}

impl Rival {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::WaterFilling,
        Self::Logistic,
        Self::SteepLogistic,
        Self::Proportional,
        Self::Root,
        Self::Equal,
    ];

    /// What it is called.
    pub fn name(self) -> &'static str {
        match self {
            Self::WaterFilling => "water-filling",
            Self::Logistic => "logistic",
            Self::SteepLogistic => "steep logistic",
            Self::Proportional => "proportional",
            Self::Root => "root",
            Self::Equal => "equal shares",
        }
    }

    /// What is stored of a fact as a share of h, and what that costs, over h. The threshold of equal shares is 1 over the share, whatever
    /// the frequency.
    fn spend(self, frequency: f64, threshold: f64) -> (f64, f64) {
        let x = frequency / threshold;
        let share = match self {
            Self::WaterFilling => {
                let x = x.max(1.0);
                return (1.0 - 1.0 / x, x.ln());
            }
            Self::Logistic => x / (1.0 + x),
            Self::SteepLogistic => 1.0 / (1.0 + x.powi(-2)),
            Self::Proportional => x.min(1.0),
            Self::Root => x.sqrt().min(1.0),
            Self::Equal => (1.0 / threshold).min(1.0),
        };
        (share, share)
    }
}

impl fmt::Display for Rival {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Capacity<'_> {
    /// The value loss of a model that spreads `nats` nats as `rival` does, nats per fact, weighted by frequency.
    pub fn spread(&self, rival: Rival, nats: f64) -> f64 {
        let (first, last) = extremes(self.frequency, &self.relations);
        // The most that is spent is at the lowest threshold. In the logarithm, since frequencies span many decades.
        let (mut lo, mut hi) = (
            (last * 1e-6).max(f64::MIN_POSITIVE).ln(),
            (first * 1e6).max(1e12).ln(),
        );
        // To a millionth: each look is a sum over all subjects.
        while hi - lo > 1e-6 {
            let middle = (lo + hi) / 2.0;
            match self.spent(rival, middle.exp()) > nats {
                true => lo = middle,
                false => hi = middle,
            }
        }
        self.left(rival, hi.exp())
    }

    /// Nats spent at a threshold.
    fn spent(&self, rival: Rival, threshold: f64) -> f64 {
        let ranks = 1..=self.frequency.elements();
        let of = |relation: &super::Relation| {
            let cost = |p: f64| {
                let rate = p * relation.inclusion;
                let met = self.documents.map_or(1.0, |n| seen(rate, n));
                met * rival.spend(rate, threshold).1
            };
            relation.content * self.frequency.sum(ranks.clone(), cost)
        };
        self.relations.iter().map(of).sum()
    }

    /// Value loss at a threshold.
    fn left(&self, rival: Rival, threshold: f64) -> f64 {
        let ranks = 1..=self.frequency.elements();
        let of = |relation: &super::Relation| {
            let missing = |p: f64| {
                let rate = p * relation.inclusion;
                let unmet = self.documents.map_or(0.0, |n| unseen(rate, n));
                p * (unmet + (1.0 - unmet) * (1.0 - rival.spend(rate, threshold).0))
            };
            relation.worth * self.frequency.sum(ranks.clone(), missing)
        };
        self.relations.iter().map(of).sum()
    }
}

#[cfg(test)]
mod tests {
    use kolmo_world::{
        World, WorldConfig,
        frequency::{FrequencyConfig, ZipfConfig},
    };

    use super::*;
    use crate::{capacity::WaterFilling, discovery::mean_content};

    fn world(exponent: f64) -> World {
        let config = WorldConfig {
            frequency: FrequencyConfig::Zipf(ZipfConfig {
                elements: 2500,
                exponent,
                bias: 0.0,
            }),
            ..WorldConfig::default()
        };
        World::new(&config, 1).unwrap()
    }

    #[test]
    fn every_other_use_misses_more_than_the_best_one() {
        for exponent in [1.2, 1.35, 2.0] {
            let world = world(exponent);
            let capacity = Capacity::new(&world);
            for share in [0.01, 0.1, 0.4] {
                let nats = share * capacity.full();
                let best = capacity.store(nats).value_loss;
                for rival in Rival::ALL {
                    let loss = capacity.spread(rival, nats);
                    assert!(
                        loss > 1.01 * best,
                        "{rival} {exponent} {share}: {loss} {best}"
                    );
                    assert!(loss <= mean_content(&world) * (1.0 + 1e-9), "{rival}");
                }
            }
        }
    }

    #[test]
    fn water_filling_is_the_one_that_has_a_table() {
        let world = world(1.35);
        let capacity = Capacity::new(&world);
        let table = WaterFilling::new(&world);
        for share in [0.02, 0.2, 0.7] {
            let nats = share * capacity.full();
            let (here, there) = (
                capacity.spread(Rival::WaterFilling, nats),
                table.value_loss(nats),
            );
            assert!((here / there - 1.0).abs() < 1e-5, "{here} {there}");
        }
    }

    #[test]
    fn equal_shares_leave_the_rest_of_everything() {
        let world = world(1.35);
        let capacity = Capacity::new(&world);
        let loss = capacity.spread(Rival::Equal, 0.3 * capacity.full());
        assert!(
            (loss / (0.7 * mean_content(&world)) - 1.0).abs() < 1e-5,
            "{loss}"
        );
        // What was not met cannot be stored.
        let few = Capacity::after(&world, 100.0);
        let all = few.spread(Rival::Equal, few.full());
        assert!((all / few.store(few.full()).value_loss - 1.0).abs() < 1e-5);
    }
}
