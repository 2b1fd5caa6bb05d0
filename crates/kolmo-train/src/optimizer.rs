//! AdamW with global-norm clipping.

use burn::{
    module::{ModuleVisitor, Param},
    optim::{AdamWConfig, GradientsParams, ModuleOptimizer},
    prelude::*,
    tensor::Gradients,
};
use kolmo_model::Gpt;

use crate::config::TrainConfig;

/// AdamW (Loshchilov & Hutter 2019) on all parameters, after clipping the gradient as a whole.
pub struct Optimizer {
    adamw: ModuleOptimizer,
    clip_norm: f64,
}

/// The gradient of a batch, by parameter.
pub struct Gradient {
    parts: GradientsParams,
    /// Square of its global norm, on the device, `[1]`.
    pub norm_squared: Tensor<1>,
}

impl Gradient {
    /// The gradient of `model`'s parameters.
    pub fn new(gradients: Gradients, model: &Gpt) -> Self {
        let parts = GradientsParams::from_grads(gradients, model);
        let mut squares = Squares {
            parts: &parts,
            sums: Vec::new(),
        };
        model.visit(&mut squares);
        let norm_squared = Tensor::cat(squares.sums, 0).sum();
        Self {
            parts,
            norm_squared,
        }
    }
}

impl Optimizer {
    /// The optimiser of `config`.
    pub fn new(config: &TrainConfig) -> Self {
        let adamw = AdamWConfig::new()
            .with_beta_1(config.beta_1 as f32)
            .with_beta_2(config.beta_2 as f32)
            .with_epsilon(config.epsilon as f32)
            .with_weight_decay(config.weight_decay as f32);
        Self {
            adamw: adamw.init(),
            clip_norm: config.clip_norm,
        }
    }

    /// One update of `model` with `gradient`, whose global norm is `norm`.
    pub fn step(&mut self, model: Gpt, gradient: Gradient, norm: f64, learning_rate: f64) -> Gpt {
        let mut parts = gradient.parts;
        if norm > self.clip_norm {
            model.visit(&mut Scale {
                parts: &mut parts,
                factor: self.clip_norm / norm,
            });
        }
        self.adamw.step(learning_rate, model, parts)
    }
}

/// Sums the squares of each parameter's gradient.
struct Squares<'a> {
    parts: &'a GradientsParams,
    sums: Vec<Tensor<1>>,
}

impl ModuleVisitor for Squares<'_> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        if let Some(gradient) = self.parts.get::<D>(param.id) {
            self.sums.push(gradient.square().sum());
        }
    }
}

/// Multiplies every gradient by a factor.
struct Scale<'a> {
    parts: &'a mut GradientsParams,
    factor: f64,
}

impl ModuleVisitor for Scale<'_> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        if let Some(gradient) = self.parts.remove::<D>(param.id) {
            self.parts.register(param.id, gradient * self.factor);
        }
    }
}
