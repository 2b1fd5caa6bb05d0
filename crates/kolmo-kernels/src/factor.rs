//! What some parameters learn faster or decay slower than others by.

use burn::prelude::*;

/// A factor of the learning rate or of weight decay.
#[derive(Debug, Clone)]
pub enum Factor {
    /// The same for all values of a tensor. With 1 an update has the bits it has without one.
    All(f64),
    /// One for each value, `[n]`, where parameters with different ones are [joined](crate::flat::join). Not on flex.
    Each(Box<Tensor<1>>),
}

impl Factor {
    /// `values`, `[n]`, times it.
    pub fn times(&self, values: Tensor<1>) -> Tensor<1> {
        match self {
            Self::All(factor) => values * *factor,
            Self::Each(factors) => values * factors.as_ref().clone(),
        }
    }
}
