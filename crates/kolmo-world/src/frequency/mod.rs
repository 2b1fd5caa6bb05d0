//! Which subject a document is about: the frequencies p_i.
//!
//! Elements are numbered from 0, ranks from 1 (the most frequent). For every law but Pitman-Yor the
//! element of rank k is k − 1; Pitman-Yor numbers its elements in the order in which its sticks are
//! broken, so that the number of an element does not depend on how many were needed so far.

mod grouped;
mod pitman_yor;
mod spectrum;
mod uniform;
mod zipf;

use std::ops::RangeInclusive;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    error::WorldError,
    random::{Random, Streams},
};

pub use grouped::Grouped;
pub use pitman_yor::PitmanYor;
pub use uniform::Uniform;
pub use zipf::Zipf;

/// `[world.frequency]`: the law of the frequencies.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "law", rename_all = "snake_case", deny_unknown_fields)]
pub enum FrequencyConfig {
    /// p_i ∝ (i + bias)^-exponent, i = 1..elements.
    Zipf {
        /// M, at least 1 and at most 10^9.
        #[serde(default = "default_elements")]
        elements: u64,
        /// a, above 0 and at most 10.
        #[serde(default = "default_exponent")]
        exponent: f64,
        /// Shift of the ranks, at least 0.
        #[serde(default)]
        bias: f64,
    },
    /// One draw of Pitman-Yor weights, PY(discount, concentration), by stick-breaking.
    PitmanYor {
        /// α, in [0, 1).
        discount: f64,
        /// β, above −α (and above 0 for α = 0).
        concentration: f64,
        /// The most sticks ever broken; mass beyond them is given up. See [`PitmanYor`].
        #[serde(default = "default_sticks")]
        elements: u64,
    },
    /// p_i = 1 / elements.
    Uniform {
        /// M, at least 1 and at most 10^9.
        elements: u64,
    },
    /// Groups of equally frequent elements.
    Grouped {
        /// The groups, in any order.
        groups: Vec<GroupConfig>,
    },
}

impl Default for FrequencyConfig {
    fn default() -> Self {
        Self::Zipf {
            elements: default_elements(),
            exponent: default_exponent(),
            bias: 0.0,
        }
    }
}

impl FrequencyConfig {
    /// The key that says how many elements there are.
    pub(crate) fn elements_key(&self) -> &'static str {
        match self {
            Self::Grouped { .. } => "world.frequency.groups",
            _ => "world.frequency.elements",
        }
    }
}

/// One group of a `grouped` law.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GroupConfig {
    /// Number of elements of the group.
    pub elements: u64,
    /// Frequency of the group as a whole, relative to the other groups.
    pub weight: f64,
}

fn default_elements() -> u64 {
    20_000
}

fn default_exponent() -> f64 {
    1.5
}

fn default_sticks() -> u64 {
    PitmanYor::DEFAULT_STICKS
}

/// The most elements a world can have.
pub const MAX_ELEMENTS: u64 = 1_000_000_000;

/// A law of frequencies, ready to draw from.
#[derive(Debug)]
pub enum Frequency {
    /// Power law over ranks.
    Zipf(Zipf),
    /// Pitman-Yor weights.
    PitmanYor(PitmanYor),
    /// All elements alike.
    Uniform(Uniform),
    /// Groups of equal frequency.
    Grouped(Grouped),
}

/// Runs `$body` with `$law` bound to the law inside.
macro_rules! each {
    ($self:expr, $law:ident => $body:expr) => {
        match $self {
            Frequency::Zipf($law) => $body,
            Frequency::PitmanYor($law) => $body,
            Frequency::Uniform($law) => $body,
            Frequency::Grouped($law) => $body,
        }
    };
}

impl Frequency {
    /// Builds the law that `config` describes.
    ///
    /// # Errors
    /// A parameter outside its range, with the key, the value and the range.
    pub fn new(config: &FrequencyConfig, streams: &Streams) -> Result<Self, WorldError> {
        Ok(match config {
            FrequencyConfig::Zipf {
                elements,
                exponent,
                bias,
            } => Self::Zipf(Zipf::new(*elements, *exponent, *bias)?),
            FrequencyConfig::PitmanYor {
                discount,
                concentration,
                elements,
            } => Self::PitmanYor(PitmanYor::new(
                *discount,
                *concentration,
                *elements,
                streams.stream("frequency/sticks"),
            )?),
            FrequencyConfig::Uniform { elements } => Self::Uniform(Uniform::new(*elements)?),
            FrequencyConfig::Grouped { groups } => Self::Grouped(Grouped::new(groups)?),
        })
    }

    /// M, the number of elements.
    pub fn elements(&self) -> u64 {
        each!(self, law => law.elements())
    }

    /// A bound on M that costs nothing to know; M itself for every law but Pitman-Yor.
    pub fn max_elements(&self) -> u64 {
        match self {
            Self::PitmanYor(law) => law.bound(),
            _ => self.elements(),
        }
    }

    /// Draws an element.
    pub fn sample(&self, random: &mut Random) -> u64 {
        each!(self, law => law.sample(random))
    }

    /// The probability of the element of rank `rank`, 1..=M.
    pub fn probability(&self, rank: u64) -> f64 {
        each!(self, law => law.probability(rank))
    }

    /// The element of rank `rank`, 1..=M.
    pub fn element(&self, rank: u64) -> u64 {
        match self {
            Self::PitmanYor(law) => law.element(rank),
            _ => rank - 1,
        }
    }

    /// The rank of `element`, 1..=M.
    pub fn rank(&self, element: u64) -> u64 {
        match self {
            Self::PitmanYor(law) => law.rank(element),
            _ => element + 1,
        }
    }

    /// Number of elements whose probability is `such`, a property that the more frequent ones have: they
    /// are those of the first ranks.
    pub fn leading(&self, such: impl Fn(f64) -> bool) -> u64 {
        let (mut inside, mut outside) = (0, self.elements() + 1);
        while outside - inside > 1 {
            let rank = inside + (outside - inside) / 2;
            if such(self.probability(rank)) {
                inside = rank;
            } else {
                outside = rank;
            }
        }
        inside
    }

    /// Σ of f(p) over the elements whose rank is in `ranks`, for f smooth on the scale of p.
    ///
    /// Exact but for rounding where the terms can be counted out. The tail of a Zipf law is integrated,
    /// and rare Pitman-Yor weights are put in bins, so that 10^9 elements take about a millisecond. For f
    /// a product of powers and exponentials of p the relative error is below 1e-10 for a Zipf law, unless
    /// the whole sum is below 1e-15, and below 1e-9 for Pitman-Yor, unless it is below 1e-10.
    pub fn sum(&self, ranks: RangeInclusive<u64>, f: impl Fn(f64) -> f64) -> f64 {
        let (lo, hi) = (*ranks.start(), (*ranks.end()).min(self.elements()));
        if lo > hi || lo == 0 {
            return 0.0;
        }
        each!(self, law => law.sum(lo, hi, f))
    }

    /// Probability that a document is about an element whose rank is in `ranks`.
    pub fn mass(&self, ranks: RangeInclusive<u64>) -> f64 {
        self.sum(ranks, |p| p)
    }

    /// H(p), the entropy of the subject in nats.
    pub fn entropy(&self) -> f64 {
        let entropy = self.sum(
            1..=self.elements(),
            |p| if p > 0.0 { -p * p.ln() } else { 0.0 },
        );
        // Of a single element it is -0.
        entropy + 0.0
    }

    /// Ranks at which classes of equal frequency end, if the law has any (`grouped`).
    pub fn group_ends(&self) -> Option<Vec<u64>> {
        match self {
            Self::Grouped(law) => Some(law.ends()),
            _ => None,
        }
    }
}

/// The check of M shared by the laws.
fn check_elements(elements: u64) -> Result<(), WorldError> {
    WorldError::require(
        (1..=MAX_ELEMENTS).contains(&elements),
        "world.frequency.elements",
        elements,
        "1 to 1000000000",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranks_are_found_by_their_probability() {
        let group = |elements, weight| GroupConfig { elements, weight };
        for config in [
            FrequencyConfig::default(),
            FrequencyConfig::Uniform { elements: 7 },
            FrequencyConfig::Grouped {
                groups: vec![group(10, 1.0), group(90, 1.0)],
            },
            FrequencyConfig::PitmanYor {
                discount: 0.5,
                concentration: 1.0,
                elements: 1000,
            },
        ] {
            let law = Frequency::new(&config, &Streams::new(1)).unwrap();
            for rank in [1, 2, 5, 7, law.elements() / 2, law.elements()] {
                let p = law.probability(rank.max(1));
                let count = |such: &dyn Fn(f64) -> bool| {
                    let ranks = 1..=law.elements();
                    ranks.filter(|rank| such(law.probability(*rank))).count() as u64
                };
                assert_eq!(law.leading(|other| other >= p), count(&|other| other >= p));
                assert_eq!(law.leading(|other| other > p), count(&|other| other > p));
            }
            assert_eq!(law.leading(|p| p > 1.0), 0);
            assert_eq!(law.leading(|p| p > 0.0), law.elements());
        }
    }
}
