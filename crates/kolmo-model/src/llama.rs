//! `llama`: RMSNorm, and a feed-forward layer with a gate (SwiGLU, Shazeer 2020).

use burn::{module::Param, prelude::*};
use kolmo_kernels::{linear, linear_add, rms_norm, swiglu};

use crate::{
    draw::Draw,
    error::ModelError,
    feed_forward::FeedForward,
    norm::{EPSILON, Norm},
    transformer::Transformer,
};

/// The model of `arch = "llama"`.
pub type Llama = Transformer<RmsNorm, SwiGlu>;

/// RMSNorm.
#[derive(Module, Debug)]
pub struct RmsNorm {
    /// Gain, `[d]`.
    pub gain: Param<Tensor<1>>,
}

impl Norm for RmsNorm {
    fn new(draw: &mut Draw<'_>) -> Result<Self, ModelError> {
        let gain = draw.parameter("gain")?;
        Ok(Self { gain })
    }

    fn forward(&self, x: Tensor<3>) -> Tensor<3> {
        rms_norm(x, self.gain.val(), EPSILON)
    }
}

/// Three projections, one of them of a gate, without biases.
#[derive(Module, Debug)]
pub struct SwiGlu {
    /// Projection of the gate, `[d, f]`.
    pub gate: Param<Tensor<2>>,
    /// Projection up, `[d, f]`.
    pub up: Param<Tensor<2>>,
    /// Projection down, `[f, d]`.
    pub down: Param<Tensor<2>>,
}

impl FeedForward for SwiGlu {
    fn new(draw: &mut Draw<'_>) -> Result<Self, ModelError> {
        Ok(Self {
            gate: draw.parameter("gate")?,
            up: draw.parameter("up")?,
            down: draw.parameter("down")?,
        })
    }

    fn forward(&self, residual: Tensor<3>, x: Tensor<3>) -> Tensor<3> {
        let gate = linear(x.clone(), self.gate.val());
        let hidden = swiglu(gate, linear(x, self.up.val()));
        linear_add(residual, hidden, self.down.val())
    }
}
