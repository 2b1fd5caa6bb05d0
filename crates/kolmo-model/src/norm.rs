//! LayerNorm and RMSNorm.

use burn::{module::Param, prelude::*};
use kolmo_kernels::{layer_norm, rms_norm};

use kolmo_config::Architecture;

/// A norm over the last axis: LayerNorm where it has a bias (`gpt`), RMSNorm where not (`llama`).
#[derive(Module, Debug)]
pub struct Norm {
    /// Gain, `[d]`.
    pub gain: Param<Tensor<1>>,
    /// Bias, `[d]`, of a LayerNorm.
    pub bias: Option<Param<Tensor<1>>>,
}

impl Norm {
    /// Added to the variance (LayerNorm) or mean square (RMSNorm).
    const EPSILON: f32 = 1e-5;

    /// A norm that does nothing but normalise.
    pub fn new(arch: Architecture, width: usize, device: &Device) -> Self {
        let bias = matches!(arch, Architecture::Gpt)
            .then(|| Param::from_tensor(Tensor::zeros([width], device)));
        Self {
            gain: Param::from_tensor(Tensor::ones([width], device)),
            bias,
        }
    }

    /// `[batch, time, d]` to the same shape.
    pub fn forward(&self, x: Tensor<3>) -> Tensor<3> {
        match &self.bias {
            Some(bias) => layer_norm(x, self.gain.val(), bias.val(), Self::EPSILON),
            None => rms_norm(x, self.gain.val(), Self::EPSILON),
        }
    }
}
