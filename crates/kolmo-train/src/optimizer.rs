//! The state of AdamW: two moments of every parameter.

use burn::{
    module::{ModuleMapper, ModuleVisitor, Param},
    prelude::*,
    tensor::TensorData,
};
use kolmo_kernels::{
    Workers,
    adamw::{Gradient, Slot, Update},
};
use kolmo_model::{
    Gpt, ModelError,
    weights::{HostTensor, NamedTensors, Path},
};

use crate::config::TrainConfig;

/// AdamW (Loshchilov & Hutter 2019) on all parameters, after clipping the gradient as a whole.
pub struct Optimizer {
    /// What every update has in common.
    update: Update,
    /// Those of each parameter, in the order of the model; none before the first update.
    moments: Vec<Moments>,
}

/// The running means of a parameter's gradient and of its square, flattened.
struct Moments {
    name: String,
    shape: Vec<usize>,
    first: Tensor<1>,
    second: Tensor<1>,
}

const FIRST: &str = "moment_1";
const SECOND: &str = "moment_2";

impl Optimizer {
    /// The optimiser of `config`.
    pub fn new(config: &TrainConfig) -> Self {
        Self {
            update: Update {
                learning_rate: config.learning_rate,
                beta_1: config.beta_1,
                beta_2: config.beta_2,
                epsilon: config.epsilon,
                weight_decay: config.weight_decay,
                clip_norm: config.clip_norm,
                step: 0,
            },
            moments: Vec::new(),
        }
    }

    /// One update of `model` with `gradient`, whose parts are in the order of its parameters.
    pub fn step(
        &mut self,
        model: &mut Gpt,
        gradient: Gradient,
        learning_rate: f64,
        workers: &Workers,
    ) {
        // Out of the model, so that nobody else holds them and they are changed where they are.
        let mut take = Take::default();
        *model = model.clone().map(&mut take);
        if self.moments.is_empty() {
            let names = take.names.into_iter().zip(take.shapes).zip(&take.values);
            let moments = names.map(|((name, shape), value)| Moments {
                name,
                shape,
                first: value.zeros_like(),
                second: value.zeros_like(),
            });
            self.moments = moments.collect();
        }
        let mut names = Vec::with_capacity(self.moments.len());
        let mut slots = Vec::with_capacity(self.moments.len());
        for (moments, value) in self.moments.drain(..).zip(take.values) {
            names.push((moments.name, moments.shape));
            slots.push(Slot {
                value,
                first: moments.first,
                second: moments.second,
            });
        }
        self.update.step += 1;
        self.update.learning_rate = learning_rate;
        let slots = self.update.apply(slots, gradient, workers);
        let mut values = Vec::with_capacity(slots.len());
        for ((name, shape), slot) in names.into_iter().zip(slots) {
            values.push(slot.value);
            self.moments.push(Moments {
                name,
                shape,
                first: slot.first,
                second: slot.second,
            });
        }
        let (values, moments) = (values.into_iter(), self.moments.iter());
        *model = model.clone().map(&mut Put { values, moments });
    }

    /// Updates made so far.
    pub(crate) fn steps(&self) -> u64 {
        self.update.step
    }

    /// The moments, `<parameter>.moment_1` and `<parameter>.moment_2`.
    ///
    /// # Errors
    /// A device that does not give a tensor back.
    pub(crate) fn read(&self) -> Result<NamedTensors, ModelError> {
        let mut tensors = NamedTensors::new();
        for moments in &self.moments {
            for (which, tensor) in [(FIRST, &moments.first), (SECOND, &moments.second)] {
                let name = format!("{}.{which}", moments.name);
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
        mut tensors: NamedTensors,
        device: &Device,
    ) -> Result<(), ModelError> {
        let mut shapes = Shapes::default();
        model.visit(&mut shapes);
        let mut all = Vec::new();
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
                all.push(Moments {
                    name,
                    shape,
                    first,
                    second,
                });
            }
        }
        if let Some(name) = tensors.keys().next() {
            return Err(ModelError::Weights(format!("the optimiser has no {name}")));
        }
        self.moments = all;
        self.update.step = steps;
        Ok(())
    }
}

/// Takes the values of a model's parameters, leaving nothing in their place.
#[derive(Default)]
struct Take {
    path: Path,
    names: Vec<String>,
    shapes: Vec<Vec<usize>>,
    values: Vec<Tensor<1>>,
}

impl ModuleMapper for Take {
    fn enter_module(&mut self, name: &str, _container: &str) {
        self.path.enter(name);
    }

    fn exit_module(&mut self, _name: &str, _container: &str) {
        self.path.exit();
    }

    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        self.names.push(self.path.name());
        param.map(|tensor| {
            let device = tensor.device();
            self.shapes.push(tensor.dims().to_vec());
            self.values.push(tensor.inner().reshape([-1]));
            Tensor::empty([0; D], &device)
        })
    }
}

/// Puts them back.
struct Put<'a> {
    values: std::vec::IntoIter<Tensor<1>>,
    moments: std::slice::Iter<'a, Moments>,
}

impl ModuleMapper for Put<'_> {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let (Some(value), Some(moments)) = (self.values.next(), self.moments.next()) else {
            return param;
        };
        param.map(|_| {
            let shape: [usize; D] = std::array::from_fn(|axis| moments.shape[axis]);
            Tensor::from_inner(value.reshape(shape)).require_grad()
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
