//! All elements alike: p_i = 1/M. The contrast to a power law: no data-scaling exponent.

use rand::RngExt;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{ELEMENTS_KEY, Law, Process, Tail, Weights, check_elements};
use crate::{
    error::WorldError,
    random::{Random, Streams},
};

/// `law = "uniform"`: p_i = 1 / elements.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UniformConfig {
    /// M, at least 1 and at most 10^9.
    pub elements: u64,
}

impl Law for UniformConfig {
    fn label(&self, _number: &dyn Fn(f64) -> String) -> String {
        "uniform".to_owned()
    }

    fn elements_key(&self) -> &'static str {
        ELEMENTS_KEY
    }

    fn is_uniform(&self) -> bool {
        true
    }

    fn is_drawn_by_seed(&self) -> bool {
        false
    }

    fn process(&self) -> Option<Process> {
        None
    }

    fn with_elements(&self, elements: u64) -> Option<Self> {
        Some(Self { elements })
    }

    fn weights(&self, _streams: &Streams) -> Result<Box<dyn Weights>, WorldError> {
        check_elements(self.elements)?;
        Ok(Box::new(Uniform {
            elements: self.elements,
        }))
    }
}

/// The uniform law.
#[derive(Debug)]
struct Uniform {
    elements: u64,
}

impl Weights for Uniform {
    fn elements(&self) -> u64 {
        self.elements
    }

    fn max_elements(&self) -> u64 {
        self.elements
    }

    fn sample(&self, random: &mut Random) -> u64 {
        random.random_range(0..self.elements)
    }

    fn probability(&self, _rank: u64) -> f64 {
        1.0 / self.elements as f64
    }

    fn element(&self, rank: u64) -> u64 {
        rank - 1
    }

    fn rank(&self, element: u64) -> u64 {
        element + 1
    }

    fn sum(&self, lo: u64, hi: u64, f: &dyn Fn(f64) -> f64) -> f64 {
        (hi - lo + 1) as f64 * f(self.probability(lo))
    }

    fn group_ends(&self) -> Option<Vec<u64>> {
        None
    }

    fn tail(&self) -> Option<Tail> {
        None
    }
}
