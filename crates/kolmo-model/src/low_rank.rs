//! Low-rank adapters (Hu et al. 2021, [LoRA](https://arxiv.org/abs/2106.09685)): every matrix W of the blocks becomes
//! W + α / rank · A B, and A and B alone are trained. A is `[d_in, rank]` and begins random, B is `[rank, d_out]` and begins at
//! zero, so that nothing has changed before the first step.
//!
//! The sum is made once a step and not in every forward pass: by the chain rule the gradients of A and B are those of the
//! sum times B and A, and the model that is trained is an ordinary one.

use burn::{
    module::{ModuleMapper, ModuleVisitor, Param},
    prelude::*,
    tensor::TensorData,
};
use kolmo_world::random::Streams;

use crate::{gpt::Gpt, initialise::normal, parametrisation, weights::Path};

/// The adapters of a model.
#[derive(Module, Debug)]
pub struct Adapters {
    /// One pair for each matrix, in the order of the model.
    pub pairs: Vec<Pair>,
    scale: f64,
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
    /// Adapters of `rank` of `model`, on its device: A is drawn from the streams `initialisation/adapters/<matrix>`, with variance
    /// 1 / d_in.
    pub fn new(model: &Gpt, rank: usize, alpha: f64, streams: &Streams) -> Self {
        struct Draw<'a> {
            path: Path,
            rank: usize,
            streams: &'a Streams,
            pairs: Vec<Pair>,
        }
        impl ModuleVisitor for Draw<'_> {
            fn enter_module(&mut self, name: &str, _container: &str) {
                self.path.enter(name);
            }
            fn exit_module(&mut self, _name: &str, _container: &str) {
                self.path.exit();
            }
            fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
                let name = self.path.name();
                if !parametrisation::is_matrix(&name) {
                    return;
                }
                let weight = param.val();
                let (shape, device) = (weight.dims(), weight.device());
                let stream = self
                    .streams
                    .stream(&format!("initialisation/adapters/{name}"));
                let deviation = 1.0 / (shape[0] as f64).sqrt();
                let values = normal(&stream, deviation, shape[0] * self.rank);
                let down = TensorData::new(values, [shape[0], self.rank]);
                self.pairs.push(Pair {
                    down: Param::from_tensor(Tensor::from_data(down, &device)),
                    up: Param::from_tensor(Tensor::zeros([self.rank, shape[D - 1]], &device)),
                });
            }
        }
        let mut draw = Draw {
            path: Path::default(),
            rank,
            streams,
            pairs: Vec::new(),
        };
        model.visit(&mut draw);
        Self {
            pairs: draw.pairs,
            scale: alpha / rank as f64,
        }
    }

    /// `base` with the changes that the adapters make.
    pub fn applied_to(&self, base: &Gpt) -> Gpt {
        struct Add<'a> {
            path: Path,
            pairs: std::slice::Iter<'a, Pair>,
            scale: f64,
        }
        impl ModuleMapper for Add<'_> {
            fn enter_module(&mut self, name: &str, _container: &str) {
                self.path.enter(name);
            }
            fn exit_module(&mut self, _name: &str, _container: &str) {
                self.path.exit();
            }
            fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
                if !parametrisation::is_matrix(&self.path.name()) {
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
            path: Path::default(),
            pairs: self.pairs.iter(),
            scale: self.scale,
        })
    }

    /// The gradients of A and B of each matrix, flattened, in the order of the adapters' parameters: `gradients` are those of the
    /// matrices, `[d_in, d_out]`.
    pub fn pull_back(&self, gradients: Vec<Tensor<2>>) -> Vec<Tensor<1>> {
        let all = self.pairs.iter().zip(gradients);
        let both = all.flat_map(|(pair, gradient)| {
            let (down, up) = (inner(&pair.down), inner(&pair.up));
            let of_down = gradient.clone().matmul(up.transpose()) * self.scale;
            let of_up = down.transpose().matmul(gradient) * self.scale;
            [of_down.reshape([-1]), of_up.reshape([-1])]
        });
        both.collect()
    }
}

fn inner(param: &Param<Tensor<2>>) -> Tensor<2> {
    param.val().inner()
}

#[cfg(test)]
mod tests {
    use kolmo_config::{Architecture, ModelConfig};
    use kolmo_kernels::{Positions, Tokens, cross_entropy::Targets};

    use super::*;
    use crate::weights;

    fn loss(model: &Gpt, device: &Device) -> Tensor<1> {
        let tokens = Tokens::new(vec![1, 2, 3, 4], [1, 4], device);
        let targets = Targets {
            ids: vec![2, 3, 4, 5],
            which: vec![Some(0); 4],
            roles: 1,
            weight: 0.25,
            on_device: None,
        };
        model
            .loss(&tokens, &targets, &Positions::new(4, 16, device))
            .mean
    }

    #[test]
    fn adapters_begin_without_a_change_and_have_the_gradient_of_their_sum() {
        let device = Device::flex().autodiff();
        for arch in [Architecture::Gpt, Architecture::Llama] {
            let config = ModelConfig {
                arch,
                ..ModelConfig::default()
            };
            let streams = Streams::new(1);
            let base = Gpt::new(&config, 31, &streams, &device).unwrap();
            let mut adapters = Adapters::new(&base, 3, 6.0, &streams);
            let matrices = if arch == Architecture::Llama { 5 } else { 4 };
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
            let mut gradients = loss(&model, &device).backward();
            let block = &model.blocks[1].attention.output;
            let of = block.val().grad_remove(&mut gradients).unwrap();
            let k = matrices + 1;
            let one = Adapters {
                pairs: vec![adapters.pairs[k].clone()],
                scale: adapters.scale,
            };
            let both = one.pull_back(vec![of]);
            let values: Vec<Vec<f32>> = both
                .into_iter()
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
                    "{arch:?} {which}: {slope} {square}"
                );
            }
        }
    }
}
