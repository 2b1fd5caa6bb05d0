//! The feed-forward layer: GELU (`gpt`) or SwiGLU (`llama`), without biases.

use std::f64::consts::FRAC_1_SQRT_2;

use burn::{module::Param, prelude::*, tensor::activation::silu};

use crate::{
    attention::linear,
    config::{Architecture, ModelConfig},
};

/// Two projections with GELU between, or three with a gate (Shazeer 2020).
#[derive(Module, Debug)]
pub struct FeedForward {
    /// Projection of the gate, `[d, f]` (`llama`).
    pub gate: Option<Param<Tensor<2>>>,
    /// Projection up, `[d, f]`.
    pub up: Param<Tensor<2>>,
    /// Projection down, `[f, d]`.
    pub down: Param<Tensor<2>>,
}

impl FeedForward {
    /// A layer with weights of zero.
    pub fn new(config: &ModelConfig, device: &Device) -> Self {
        let (d, f) = (config.d_model, config.feed_forward_width());
        let zeros = |shape| Param::from_tensor(Tensor::zeros(shape, device));
        Self {
            gate: matches!(config.arch, Architecture::Llama).then(|| zeros([d, f])),
            up: zeros([d, f]),
            down: zeros([f, d]),
        }
    }

    /// `[batch, time, d]` to the same shape.
    pub fn forward(&self, x: Tensor<3>) -> Tensor<3> {
        let hidden = match &self.gate {
            Some(gate) => silu(linear(x.clone(), gate.val())) * linear(x, self.up.val()),
            None => gelu(linear(x, self.up.val())),
        };
        linear(hidden, self.down.val())
    }
}

/// x Φ(x), with Φ the distribution function of the standard normal.
///
/// Not Burn's: the gradient of that one is exact on flex alone, and elsewhere that of an approximation
/// by tanh with constants of five digits, so that no two kinds of device train alike.
fn gelu(x: Tensor<3>) -> Tensor<3> {
    let twice = (x.clone() * FRAC_1_SQRT_2).erf() + 1.0;
    x * twice * 0.5
}
