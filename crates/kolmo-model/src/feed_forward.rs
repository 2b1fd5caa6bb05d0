//! What a block computes of each token by itself.

use burn::prelude::*;

use crate::{draw::Draw, error::ModelError};

/// A feed-forward layer.
pub trait FeedForward: Module + Sync {
    /// With its next matrices from `draw`.
    ///
    /// # Errors
    /// Those of [`Draw::parameter`].
    fn new(draw: &mut Draw<'_>) -> Result<Self, ModelError>;

    /// `residual` with what the layer makes of `x`, both `[batch, time, d]`.
    fn forward(&self, residual: Tensor<3>, x: Tensor<3>) -> Tensor<3>;
}
