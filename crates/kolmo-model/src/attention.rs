//! Causal self-attention with rotary positions.

use burn::{module::Param, prelude::*};
use kolmo_kernels::{KeyValues, Positions, attention, linear, linear_add};

use crate::{draw::Draw, error::ModelError};

/// Multi-head attention without biases.
#[derive(Module, Debug)]
pub struct Attention {
    /// Projection to queries, keys and values, `[d, 3d]`; inside each third, heads are contiguous.
    pub query_key_value: Param<Tensor<2>>,
    /// Projection of the heads' outputs, `[d, d]`.
    pub output: Param<Tensor<2>>,
    heads: usize,
}

impl Attention {
    /// Of so many heads, with its next matrices from `draw`.
    pub(crate) fn new(heads: usize, draw: &mut Draw<'_>) -> Result<Self, ModelError> {
        Ok(Self {
            query_key_value: draw.parameter("query_key_value")?,
            output: draw.parameter("output")?,
            heads,
        })
    }

    /// `residual` with what the heads find in `x`, both `[batch, time, d]`.
    pub(crate) fn forward(
        &self,
        residual: Tensor<3>,
        x: Tensor<3>,
        positions: &Positions,
    ) -> Tensor<3> {
        let projected = linear(x, self.query_key_value.val());
        let mixed = attention(projected, self.heads, positions);
        linear_add(residual, mixed, self.output.val())
    }

    /// The same of one token at `place`, `[batch, 1, d]`, with the tokens before it `kept`, and it as well after that.
    pub(crate) fn next(
        &self,
        residual: Tensor<3>,
        x: Tensor<3>,
        place: usize,
        kept: KeyValues,
        positions: &Positions,
    ) -> (Tensor<3>, KeyValues) {
        let projected = linear(x, self.query_key_value.val());
        let (mixed, kept) = kept.attend(projected, place, positions);
        (linear_add(residual, mixed, self.output.val()), kept)
    }
}
