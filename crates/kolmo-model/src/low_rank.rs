//! Low-rank adapters (Hu et al. 2021, [LoRA](https://arxiv.org/abs/2106.09685)): every matrix W of the blocks becomes
//! W + α / rank · A B, and A and B alone are trained. A is `[d_in, rank]` and begins random, B is `[rank, d_out]` and begins at
//! zero, so that nothing has changed before the first step.
//!
//! The sum is made once a step and not in every forward pass: by the chain rule the gradients of A and B are those of the
//! sum times B and A, and the model that is trained is an ordinary one.

use burn::{
    module::{ModuleMapper, ModuleVisitor, Param},
    prelude::*,
    tensor::{Gradients, TensorData},
};
use kolmo_config::ParameterSpec;
use kolmo_world::random::Streams;

use crate::draw::normal;

/// The adapters of a model.
#[derive(Module, Debug)]
pub struct Adapters {
    /// One pair for each matrix that has one, in the order of the model.
    pub pairs: Vec<Pair>,
    scale: f64,
    /// Of each parameter of the model, in its order, whether it has one.
    #[module(skip)]
    adapted: Vec<bool>,
}

/// The adapter of one matrix.
#[derive(Module, Debug)]
pub struct Pair {
    /// A, `[d_in, rank]`.
    pub down: Param<Tensor<2>>,
    /// B, `[rank, d_out]`.
    pub up: Param<Tensor<2>>,
}

impl Adapters {
    /// Adapters of `rank` of a model with the parameters `specs`, on `device`: A is drawn from the streams
    /// `initialisation/adapters/<matrix>`, with variance 1 / d_in.
    pub fn new(
        specs: &[ParameterSpec],
        (rank, alpha): (usize, f64),
        streams: &Streams,
        device: &Device,
    ) -> Self {
        let adapted = specs.iter().filter(|spec| spec.kind.is_adapted());
        let pairs = adapted.map(|spec| {
            let (name, d_in) = (&spec.name, spec.fan_in);
            let d_out = spec.count() as usize / d_in;
            let stream = streams.stream(&format!("initialisation/adapters/{name}"));
            let values = normal(&stream, 1.0 / (d_in as f64).sqrt(), d_in * rank);
            let down = TensorData::new(values, [d_in, rank]);
            Pair {
                down: Param::from_tensor(Tensor::from_data(down, device)),
                up: Param::from_tensor(Tensor::zeros([rank, d_out], device)),
            }
        });
        Self {
            pairs: pairs.collect(),
            scale: alpha / rank as f64,
            adapted: specs.iter().map(|spec| spec.kind.is_adapted()).collect(),
        }
    }

    /// What their own parameters are, in their order.
    pub fn specs(&self) -> Vec<ParameterSpec> {
        let pairs = self.pairs.iter().enumerate();
        let specs = pairs.flat_map(|(k, pair)| {
            [
                ParameterSpec::hidden(&format!("pairs.{k}.down"), pair.down.val().dims()),
                ParameterSpec::hidden(&format!("pairs.{k}.up"), pair.up.val().dims()),
            ]
        });
        specs.collect()
    }

    /// `base` with the changes that the adapters make.
    pub fn applied_to<M: Module>(&self, base: &M) -> M {
        struct Add<'a> {
            adapted: std::slice::Iter<'a, bool>,
            pairs: std::slice::Iter<'a, Pair>,
            scale: f64,
        }
        impl ModuleMapper for Add<'_> {
            fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
                if self.adapted.next() != Some(&true) {
                    return param;
                }
                let Some(pair) = self.pairs.next() else {
                    return param;
                };
                let (down, up) = (inner(&pair.down), inner(&pair.up));
                let change = down.matmul(up) * self.scale;
                param.map(|weight| {
                    let shape = weight.dims();
                    let has_gradient = weight.is_require_grad();
                    let sum = weight.inner() + change.reshape(shape);
                    Tensor::from_inner(sum).set_require_grad(has_gradient)
                })
            }
        }
        base.clone().map(&mut Add {
            adapted: self.adapted.iter(),
            pairs: self.pairs.iter(),
            scale: self.scale,
        })
    }

    /// The gradients of A and B of each matrix, flattened, in the order of the adapters' parameters, from the `gradients` of
    /// `model`, which they are [applied to](Self::applied_to).
    pub fn pull_back<M: Module>(&self, model: &M, gradients: Gradients) -> Vec<Tensor<1>> {
        struct PullBack<'a> {
            adapters: &'a Adapters,
            adapted: std::slice::Iter<'a, bool>,
            pairs: std::slice::Iter<'a, Pair>,
            gradients: Gradients,
            parts: Vec<Tensor<1>>,
        }
        impl ModuleVisitor for PullBack<'_> {
            fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
                if self.adapted.next() != Some(&true) {
                    return;
                }
                let Some(pair) = self.pairs.next() else {
                    return;
                };
                let value = param.val();
                let gradient = value.grad_remove(&mut self.gradients);
                let gradient = gradient.unwrap_or_else(|| value.inner().zeros_like());
                let shape = [pair.down.val().dims()[0], pair.up.val().dims()[1]];
                self.parts
                    .extend(self.adapters.of_pair(pair, gradient.reshape(shape)));
            }
        }
        let mut pull_back = PullBack {
            adapters: self,
            adapted: self.adapted.iter(),
            pairs: self.pairs.iter(),
            gradients,
            parts: Vec::new(),
        };
        model.visit(&mut pull_back);
        pull_back.parts
    }

    /// The gradients of A and B from that of their matrix, `[d_in, d_out]`.
    fn of_pair(&self, pair: &Pair, gradient: Tensor<2>) -> [Tensor<1>; 2] {
        let (down, up) = (inner(&pair.down), inner(&pair.up));
        let of_down = gradient.clone().matmul(up.transpose()) * self.scale;
        let of_up = down.transpose().matmul(gradient) * self.scale;
        [of_down.reshape([-1]), of_up.reshape([-1])]
    }
}

fn inner(param: &Param<Tensor<2>>) -> Tensor<2> {
    param.val().inner()
}

#[cfg(test)]
mod tests {
    use kolmo_config::ModelConfig;
    use kolmo_kernels::{Tokens, cross_entropy::Targets};

    use super::*;
    use crate::{LanguageModel, Model, weights};

    fn loss(model: &Model, device: &Device) -> Tensor<1> {
        let tokens = Tokens::new(vec![1, 2, 3, 4], [1, 4], device);
        let targets = Targets {
            ids: vec![2, 3, 4, 5],
            which: vec![Some(0); 4],
            roles: 1,
            weight: 0.25,
            on_device: None,
        };
        model.loss(&tokens, &targets).mean
    }

    #[test]
    fn adapters_begin_without_a_change_and_have_the_gradient_of_their_sum() {
        let device = Device::flex().autodiff();
        for (config, matrices) in ModelConfig::every().into_iter().zip([4, 5]) {
            let streams = Streams::new(1);
            let base = Model::new(&config, 31, &streams, &device).unwrap();
            let mut adapters = Adapters::new(&config.specs(31), (3, 6.0), &streams, &device);
            assert_eq!(adapters.pairs.len(), 2 * matrices);
            let same = weights::read(&adapters.applied_to(&base)).unwrap();
            assert_eq!(same, weights::read(&base).unwrap());
            // Something to differentiate at.
            for pair in &mut adapters.pairs {
                pair.up = pair.up.clone().map(|up| {
                    let shape = up.dims();
                    let values = (0..shape[0] * shape[1]).map(|k| (k as f32).sin());
                    let data = TensorData::new(values.collect::<Vec<f32>>(), shape);
                    Tensor::from_data(data, &device)
                });
            }
            let place = |adapters: &Adapters| -> f64 {
                let value: f32 = loss(&adapters.applied_to(&base), &device).into_scalar();
                f64::from(value)
            };
            let model = adapters.applied_to(&base);
            let all = adapters.pull_back(&model, loss(&model, &device).backward());
            // That of the output of the second block's attention.
            let k = matrices + 1;
            let values: Vec<Vec<f32>> = all[2 * k..][..2]
                .iter()
                .cloned()
                .map(|gradient| gradient.try_into_vec_as::<f32>().unwrap())
                .collect();
            // A step along each against the gradient: the loss falls by the square of its norm.
            for (which, gradient) in values.iter().enumerate() {
                let square: f64 = gradient.iter().map(|g| f64::from(*g).powi(2)).sum();
                let step = 1e-2 / square.sqrt();
                let moved = |sign: f64| {
                    let mut adapters = adapters.clone();
                    let pair = &mut adapters.pairs[k];
                    let param = if which == 0 {
                        &mut pair.down
                    } else {
                        &mut pair.up
                    };
                    *param = param.clone().map(|tensor| {
                        let shape = tensor.dims();
                        let change = TensorData::new(gradient.clone(), shape);
                        tensor + Tensor::from_data(change, &device) * (sign * step)
                    });
                    place(&adapters)
                };
                let slope = (moved(1.0) - moved(-1.0)) / (2.0 * step);
                assert!(
                    (slope / square - 1.0).abs() < 0.02,
                    "{config:?} {which}: {slope} {square}"
                );
            }
        }
    }
}
