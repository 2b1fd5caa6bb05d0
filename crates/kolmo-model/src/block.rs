//! One block: attention and feed-forward layer, each behind a norm and beside a residual.

use burn::prelude::*;
use kolmo_kernels::{KeyValues, Positions};

use crate::{
    attention::Attention, draw::Draw, error::ModelError, feed_forward::FeedForward, norm::Norm,
};

/// A pre-norm transformer block.
#[derive(Module, Debug)]
pub struct Block<N: Norm, F: FeedForward> {
    /// Norm before attention.
    pub attention_norm: N,
    /// Attention.
    pub attention: Attention,
    /// Norm before the feed-forward layer.
    pub feed_forward_norm: N,
    /// Feed-forward layer.
    pub feed_forward: F,
}

impl<N: Norm, F: FeedForward> Block<N, F> {
    /// With so many heads and its next parameters from `draw`.
    pub(crate) fn new(heads: usize, draw: &mut Draw<'_>) -> Result<Self, ModelError> {
        Ok(Self {
            attention_norm: N::new(draw)?,
            attention: Attention::new(heads, draw)?,
            feed_forward_norm: N::new(draw)?,
            feed_forward: F::new(draw)?,
        })
    }

    /// `[batch, time, d]` to the same shape.
    pub(crate) fn forward(&self, x: Tensor<3>, positions: &Positions) -> Tensor<3> {
        let normed = self.attention_norm.forward(x.clone());
        let x = self.attention.forward(x, normed, positions);
        self.think(x)
    }

    /// The same of one token at `place`, `[batch, 1, d]`, with the tokens before it `kept`, and it as well after that.
    pub(crate) fn next(
        &self,
        x: Tensor<3>,
        place: usize,
        kept: KeyValues,
        positions: &Positions,
    ) -> (Tensor<3>, KeyValues) {
        let normed = self.attention_norm.forward(x.clone());
        let (x, kept) = self.attention.next(x, normed, place, kept, positions);
        (self.think(x), kept)
    }

    fn think(&self, x: Tensor<3>) -> Tensor<3> {
        let normed = self.feed_forward_norm.forward(x.clone());
        self.feed_forward.forward(x, normed)
    }
}
