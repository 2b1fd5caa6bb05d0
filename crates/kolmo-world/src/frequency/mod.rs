//! Which subject a document is about: the frequencies p_i.
//!
//! Elements are numbered from 0, ranks from 1 (the most frequent). For every law but Pitman-Yor the
//! element of rank k is k − 1; Pitman-Yor numbers its elements in the order in which its sticks are
//! broken, so that the number of an element does not depend on how many were needed so far.

mod grouped;
mod law;
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

pub use grouped::{GroupConfig, GroupedConfig};
pub use law::{Law, Process, Tail, Weights};
pub use pitman_yor::{PitmanYor, PitmanYorConfig};
pub use uniform::UniformConfig;
pub use zipf::ZipfConfig;

// The list of the laws. Each is a file of its own; what others want to know of one, they ask its `Law`.
/// `[world.frequency]`: the law of the frequencies.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "law", rename_all = "snake_case", deny_unknown_fields)]
pub enum FrequencyConfig {
    /// p_i ∝ (i + bias)^-exponent, i = 1..elements.
    Zipf(ZipfConfig),
    /// One draw of Pitman-Yor weights, PY(discount, concentration), by stick-breaking.
    PitmanYor(PitmanYorConfig),
    /// p_i = 1 / elements.
    Uniform(UniformConfig),
    /// Groups of equally frequent elements.
    Grouped(GroupedConfig),
}

impl Default for FrequencyConfig {
    fn default() -> Self {
        Self::Zipf(ZipfConfig::default())
    }
}

impl FrequencyConfig {
    /// The law that it describes.
    pub fn law(&self) -> Box<dyn Law> {
        match self.clone() {
            Self::Zipf(law) => Box::new(law),
            Self::PitmanYor(law) => Box::new(law),
            Self::Uniform(law) => Box::new(law),
            Self::Grouped(law) => Box::new(law),
        }
    }

    /// The same law with so many elements, see [`Law::with_elements`].
    pub fn with_elements(&self, elements: u64) -> Option<Self> {
        match self {
            Self::Zipf(law) => law.with_elements(elements).map(Self::Zipf),
            Self::PitmanYor(law) => law.with_elements(elements).map(Self::PitmanYor),
            Self::Uniform(law) => law.with_elements(elements).map(Self::Uniform),
            Self::Grouped(law) => law.with_elements(elements).map(Self::Grouped),
        }
    }
}

/// The most elements a world can have.
pub const MAX_ELEMENTS: u64 = 1_000_000_000;

/// The key of the number of elements in laws that have one number of them.
const ELEMENTS_KEY: &str = "world.frequency.elements";

/// A law of frequencies with its frequencies, ready to draw from.
#[derive(Debug)]
pub struct Frequency {
    law: Box<dyn Law>,
    weights: Box<dyn Weights>,
}

impl Frequency {
    /// Builds the law that `config` describes.
    ///
    /// # Errors
    /// A parameter outside its range, with the key, the value and the range.
    pub fn new(config: &FrequencyConfig, streams: &Streams) -> Result<Self, WorldError> {
        Self::of(config.law(), streams)
    }

    /// Builds `law`, which need not be one that a configuration can name.
    ///
    /// # Errors
    /// A parameter outside its range, with the key, the value and the range.
    pub fn of(law: Box<dyn Law>, streams: &Streams) -> Result<Self, WorldError> {
        let weights = law.weights(streams)?;
        Ok(Self { law, weights })
    }

    /// What the law says of itself.
    pub fn law(&self) -> &dyn Law {
        &*self.law
    }

    /// M, the number of elements.
    pub fn elements(&self) -> u64 {
        self.weights.elements()
    }

    /// A bound on M that costs nothing to know; M itself for every law but Pitman-Yor.
    pub fn max_elements(&self) -> u64 {
        self.weights.max_elements()
    }

    /// Draws an element.
    pub fn sample(&self, random: &mut Random) -> u64 {
        self.weights.sample(random)
    }

    /// The probability of the element of rank `rank`, 1..=M.
    pub fn probability(&self, rank: u64) -> f64 {
        self.weights.probability(rank)
    }

    /// The element of rank `rank`, 1..=M.
    pub fn element(&self, rank: u64) -> u64 {
        self.weights.element(rank)
    }

    /// The rank of `element`, 1..=M.
    pub fn rank(&self, element: u64) -> u64 {
        self.weights.rank(element)
    }

    /// The power law that the frequencies follow far down the ranks, see [`Weights::tail`].
    pub fn tail(&self) -> Option<Tail> {
        self.weights.tail()
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
        self.weights.sum(lo, hi, &f)
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

    /// Ranks at which classes of equal frequency end, if the law consists of such classes (`grouped`).
    pub fn group_ends(&self) -> Option<Vec<u64>> {
        self.weights.group_ends()
    }
}

/// The check of M shared by the laws.
fn check_elements(elements: u64) -> Result<(), WorldError> {
    WorldError::require(
        (1..=MAX_ELEMENTS).contains(&elements),
        ELEMENTS_KEY,
        elements,
        "1 to 1000000000",
    )
}
