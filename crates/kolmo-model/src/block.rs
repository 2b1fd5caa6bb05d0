//! One block: attention and feed-forward layer, each behind a norm and beside a residual.

use burn::prelude::*;
use kolmo_kernels::{KeyValues, Positions};

use kolmo_config::ModelConfig;

use crate::{attention::Attention, feed_forward::FeedForward, norm::Norm};

/// A pre-norm transformer block.
#[derive(Module, Debug)]
pub struct Block {
    /// Norm before attention.
    pub attention_norm: Norm,
    /// Attention.
    pub attention: Attention,
    /// Norm before the feed-forward layer.
    pub feed_forward_norm: Norm,
    /// Feed-forward layer.
    pub feed_forward: FeedForward,
}

impl Block {
    /// A block that passes its input on.
    pub fn new(config: &ModelConfig, device: &Device) -> Self {
        let norm = || Norm::new(config.arch, config.d_model, device);
        Self {
            attention_norm: norm(),
            attention: Attention::new(config, device),
            feed_forward_norm: norm(),
            feed_forward: FeedForward::new(config, device),
        }
    }

    /// `[batch, time, d]` to the same shape.
    pub fn forward(&self, x: Tensor<3>, positions: &Positions) -> Tensor<3> {
        let normed = self.attention_norm.forward(x.clone());
        let x = self.attention.forward(x, normed, positions);
        self.think(x)
    }

    /// The same of one token at `place`, `[batch, 1, d]`, with the tokens before it `kept`, and it as well after that.
    pub fn next(
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
