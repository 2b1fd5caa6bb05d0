//! The feed-forward layer: GELU (`gpt`) or SwiGLU (`llama`), without biases.

use burn::{module::Param, prelude::*};
use kolmo_kernels::{gelu, linear, linear_add, swiglu};

use kolmo_config::{Architecture, ModelConfig};

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

    /// `residual` with what the layer makes of `x`, both `[batch, time, d]`.
    pub fn forward(&self, residual: Tensor<3>, x: Tensor<3>) -> Tensor<3> {
        let hidden = match &self.gate {
            Some(gate) => swiglu(linear(x.clone(), gate.val()), linear(x, self.up.val())),
            None => gelu(linear(x, self.up.val())),
        };
        linear_add(residual, hidden, self.down.val())
    }
}
