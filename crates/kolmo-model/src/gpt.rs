//! `gpt`: LayerNorm, and a feed-forward layer with GELU.

use burn::{module::Param, prelude::*};
use kolmo_kernels::{gelu, layer_norm, linear, linear_add};

use crate::{
    draw::Draw,
    error::ModelError,
    feed_forward::FeedForward,
    norm::{EPSILON, Norm},
    transformer::Transformer,
};

/// The model of `arch = "gpt"`.
pub type Gpt = Transformer<LayerNorm, Gelu>;

/// LayerNorm.
#[derive(Module, Debug)]
pub struct LayerNorm {
    /// Gain, `[d]`.
    pub gain: Param<Tensor<1>>,
    /// Bias, `[d]`.
    pub bias: Param<Tensor<1>>,
}

impl Norm for LayerNorm {
    fn new(draw: &mut Draw<'_>) -> Result<Self, ModelError> {
        Ok(Self {
            gain: draw.parameter("gain")?,
            bias: draw.parameter("bias")?,
        })
    }

    fn forward(&self, x: Tensor<3>) -> Tensor<3> {
        layer_norm(x, self.gain.val(), self.bias.val(), EPSILON)
    }
}

/// Two projections with GELU between, without biases.
#[derive(Module, Debug)]
pub struct Gelu {
    /// Projection up, `[d, f]`.
    pub up: Param<Tensor<2>>,
    /// Projection down, `[f, d]`.
    pub down: Param<Tensor<2>>,
}

impl FeedForward for Gelu {
    fn new(draw: &mut Draw<'_>) -> Result<Self, ModelError> {
        Ok(Self {
            up: draw.parameter("up")?,
            down: draw.parameter("down")?,
        })
    }

    fn forward(&self, residual: Tensor<3>, x: Tensor<3>) -> Tensor<3> {
        let hidden = gelu(linear(x, self.up.val()));
        linear_add(residual, hidden, self.down.val())
    }
}
