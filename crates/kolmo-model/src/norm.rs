//! What stands before every layer: a norm over the last axis.

use burn::prelude::*;

use crate::{draw::Draw, error::ModelError};

/// A norm with vectors of its own.
pub trait Norm: Module + Sync {
    /// With its next vectors from `draw`.
    ///
    /// # Errors
    /// Those of [`Draw::parameter`].
    fn new(draw: &mut Draw<'_>) -> Result<Self, ModelError>;

    /// `[batch, time, d]` to the same shape.
    fn forward(&self, x: Tensor<3>) -> Tensor<3>;
}

/// Added to the variance (LayerNorm) or mean square (RMSNorm).
pub(crate) const EPSILON: f32 = 1e-5;
