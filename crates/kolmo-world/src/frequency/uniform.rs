//! All elements alike: p_i = 1/M. The contrast to a power law: no data-scaling exponent.

use rand::RngExt;

use super::check_elements;
use crate::{error::WorldError, random::Random};

/// The uniform law.
#[derive(Debug, Clone)]
pub struct Uniform {
    elements: u64,
}

impl Uniform {
    pub(super) fn new(elements: u64) -> Result<Self, WorldError> {
        check_elements(elements)?;
        Ok(Self { elements })
    }

    pub(super) fn elements(&self) -> u64 {
        self.elements
    }

    pub(super) fn sample(&self, random: &mut Random) -> u64 {
        random.random_range(0..self.elements)
    }

    pub(super) fn probability(&self, _rank: u64) -> f64 {
        1.0 / self.elements as f64
    }

    pub(super) fn sum(&self, lo: u64, hi: u64, f: impl Fn(f64) -> f64) -> f64 {
        (hi - lo + 1) as f64 * f(self.probability(lo))
    }
}
