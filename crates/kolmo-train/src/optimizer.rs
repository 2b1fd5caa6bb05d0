//! AdamW with global-norm clipping.

use std::collections::BTreeMap;

use burn::{
    module::{ModuleMapper, ModuleVisitor, Param},
    optim::{
        AdamW, AdamWConfig, AdamWState, AdaptiveMomentumState, GradientsParams, Optimizer as _,
    },
    prelude::*,
    tensor::{Gradients, TensorData},
};
use kolmo_model::{
    Gpt, ModelError,
    weights::{HostTensor, NamedTensors, Path},
};

use crate::config::TrainConfig;

/// AdamW (Loshchilov & Hutter 2019) on all parameters, after clipping the gradient as a whole.
pub struct Optimizer {
    adamw: AdamW,
    clip_norm: f64,
    /// Updates made.
    steps: u64,
    /// By the name of the parameter; none before the first update.
    moments: BTreeMap<String, Moments>,
}

/// The running means of a parameter's gradient and of its square, flattened.
struct Moments {
    shape: Vec<usize>,
    first: Tensor<1>,
    second: Tensor<1>,
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
            adamw: adamw.build(),
            clip_norm: config.clip_norm,
            steps: 0,
            moments: BTreeMap::new(),
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
        let model = model.map(&mut Update {
            optimizer: self,
            parts,
            learning_rate,
            path: Path::default(),
        });
        self.steps += 1;
        model
    }

    /// Updates made so far.
    pub(crate) fn steps(&self) -> u64 {
        self.steps
    }

    /// The moments, `<parameter>.moment_1` and `<parameter>.moment_2`.
    ///
    /// # Errors
    /// A device that does not give a tensor back.
    pub(crate) fn read(&self) -> Result<NamedTensors, ModelError> {
        let mut tensors = NamedTensors::new();
        for (name, moments) in &self.moments {
            for (which, tensor) in [(FIRST, &moments.first), (SECOND, &moments.second)] {
                let name = format!("{name}.{which}");
                let mut host = HostTensor::read(&name, tensor.clone())?;
                host.shape.clone_from(&moments.shape);
                tensors.insert(name, host);
            }
        }
        Ok(tensors)
    }

    /// Takes up the optimiser of `model` after `steps` updates, `tensors` being what [`read`](Self::read)
    /// gave then. `device` is without automatic differentiation.
    ///
    /// # Errors
    /// [`ModelError::Weights`] for moments that are missing, of another shape, or of no parameter.
    pub(crate) fn resume(
        &mut self,
        model: &Gpt,
        steps: u64,
        tensors: NamedTensors,
        device: &Device,
    ) -> Result<(), ModelError> {
        let mut shapes = Shapes::default();
        model.visit(&mut shapes);
        let mut tensors = tensors;
        let mut moments = BTreeMap::new();
        if steps > 0 {
            for (name, shape) in shapes.shapes {
                let count: usize = shape.iter().product();
                let mut take = |which: &str| {
                    let name = format!("{name}.{which}");
                    let host = tensors
                        .remove(&name)
                        .filter(|host| host.shape == shape && host.values.len() == count);
                    let host = host.ok_or_else(|| {
                        ModelError::Weights(format!("{name} is missing or of another shape"))
                    })?;
                    let data = TensorData::new(host.values, [count]);
                    Ok::<_, ModelError>(Tensor::from_data(data, device))
                };
                let (first, second) = (take(FIRST)?, take(SECOND)?);
                let both = Moments {
                    shape,
                    first,
                    second,
                };
                moments.insert(name, both);
            }
        }
        if let Some(name) = tensors.keys().next() {
            return Err(ModelError::Weights(format!("the optimiser has no {name}")));
        }
        self.moments = moments;
        self.steps = steps;
        Ok(())
    }
}

const FIRST: &str = "moment_1";
const SECOND: &str = "moment_2";

/// Updates every parameter that has a gradient.
struct Update<'a> {
    optimizer: &'a mut Optimizer,
    parts: GradientsParams,
    learning_rate: f64,
    path: Path,
}

impl ModuleMapper for Update<'_> {
    fn enter_module(&mut self, name: &str, _container: &str) {
        self.path.enter(name);
    }

    fn exit_module(&mut self, _name: &str, _container: &str) {
        self.path.exit();
    }

    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let Some(gradient) = self.parts.remove::<D>(param.id) else {
            return param;
        };
        let name = self.path.name();
        let optimizer = &mut *self.optimizer;
        let shape = gradient.dims();
        let state = optimizer.moments.remove(&name).map(|moments| {
            let time = optimizer.steps as usize;
            let (first, second) = (moments.first.reshape(shape), moments.second.reshape(shape));
            AdamWState::new(AdaptiveMomentumState::new(time, first, second))
        });
        param.map(|tensor| {
            let learns = tensor.is_require_grad();
            let (tensor, state) =
                optimizer
                    .adamw
                    .step(self.learning_rate, tensor.inner(), gradient, state);
            if let Some(AdamWState { momentum }) = state {
                let moments = Moments {
                    shape: shape.to_vec(),
                    first: momentum.moment_1.reshape([-1]),
                    second: momentum.moment_2.reshape([-1]),
                };
                optimizer.moments.insert(name, moments);
            }
            Tensor::from_inner(tensor).set_require_grad(learns)
        })
    }
}

/// Names and shapes of the parameters.
#[derive(Default)]
struct Shapes {
    path: Path,
    shapes: Vec<(String, Vec<usize>)>,
}

impl ModuleVisitor for Shapes {
    fn enter_module(&mut self, name: &str, _container: &str) {
        self.path.enter(name);
    }

    fn exit_module(&mut self, _name: &str, _container: &str) {
        self.path.exit();
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let shape = param.val().dims().to_vec();
        self.shapes.push((self.path.name(), shape));
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
