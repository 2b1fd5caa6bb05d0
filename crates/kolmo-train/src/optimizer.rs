//! The state of AdamW: two moments of every parameter.
//!
//! On the CPU each parameter is updated where it is. Elsewhere all of them are one tensor, and so are the moments:
//! an update is then a handful of kernels, however many parameters a model has, and the model has views of it.

use std::iter::repeat_n;

use burn::{
    module::{ModuleMapper, Param},
    prelude::*,
    tensor::TensorData,
};
use kolmo_config::{Architecture, ParameterSpec, TrainConfig};
use kolmo_kernels::{
    Workers,
    adamw::{Factor, Gradient, Slot, Update},
    flat, is_flex,
};
use kolmo_model::{
    ModelError, Parametrisation,
    weights::{HostTensor, NamedTensors},
};

/// AdamW (Loshchilov & Hutter 2019) on all parameters, after clipping the gradient as a whole.
pub struct Optimizer {
    /// What every update has in common.
    update: Update,
    /// In the order of the model.
    parameters: Vec<Parameter>,
    /// Those of each parameter, or of all of them joined; none before the first update.
    moments: Vec<Moments>,
    /// Of the learning rate and of weight decay, one for each of `moments`; none before the first update of this process.
    factors: Vec<[Factor; 2]>,
    /// All parameters joined, where the moments are and an update was made.
    values: Option<Tensor<1>>,
}

/// Who a parameter is, and how it is updated.
struct Parameter {
    name: String,
    shape: Vec<usize>,
    /// Of the learning rate and of weight decay.
    factors: [f64; 2],
}

/// The running means of a gradient and of its square, flattened.
struct Moments {
    first: Tensor<1>,
    second: Tensor<1>,
}

const FIRST: &str = "moment_1";
const SECOND: &str = "moment_2";

impl Optimizer {
    /// The optimiser of `config` for the parameters `specs`, in the order of the module that has them. The parametrisation of
    /// `architecture` says how fast each learns and decays.
    pub fn new(
        config: &TrainConfig,
        architecture: &dyn Architecture,
        specs: &[ParameterSpec],
    ) -> Self {
        let rules = Parametrisation::new(architecture, specs);
        let parameters = specs.iter().map(|spec| Parameter {
            name: spec.name.clone(),
            shape: spec.shape.clone(),
            factors: [
                rules.learning_rate_factor(spec),
                rules.weight_decay_factor(spec),
            ],
        });
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
            parameters: parameters.collect(),
            moments: Vec::new(),
            factors: Vec::new(),
            values: None,
        }
    }

    /// One update of `model` with `gradient`, whose parts are in the order of its parameters.
    pub fn step<M: Module>(
        &mut self,
        model: &mut M,
        gradient: Gradient,
        learning_rate: f64,
        workers: &Workers,
    ) {
        let is_joined = !is_flex(&gradient.norm_squared().device());
        let mut values = match self.values.take() {
            // The model has views of it.
            Some(joined) => vec![joined],
            None => {
                // Out of the model, so that nobody else holds them and they are changed where they are.
                let mut take = Take::default();
                *model = model.clone().map(&mut take);
                take.values
            }
        };
        if is_joined {
            values = vec![flat::join(values)];
        }
        if self.moments.is_empty() {
            let moments = values.iter().map(|value| Moments {
                first: value.zeros_like(),
                second: value.zeros_like(),
            });
            self.moments = moments.collect();
        }
        if self.factors.is_empty() {
            self.factors = match &values[..] {
                [joined] if is_joined => {
                    let device = joined.device();
                    vec![[0, 1].map(|which| self.joined_factor(which, &device))]
                }
                _ => {
                    let factors = self.parameters.iter().map(|of| of.factors);
                    factors.map(|both| both.map(Factor::All)).collect()
                }
            };
        }
        let slots = values.into_iter().zip(self.moments.drain(..));
        let slots = slots.zip(self.factors.iter().cloned());
        let slots = slots.map(
            |((value, Moments { first, second }), [factor, decay])| Slot {
                value,
                first,
                second,
                factor,
                decay,
            },
        );
        let slots = slots.collect();
        self.update.step += 1;
        self.update.learning_rate = learning_rate;
        let mut values = Vec::new();
        for slot in self.update.apply(slots, gradient, workers) {
            values.push(slot.value);
            self.moments.push(Moments {
                first: slot.first,
                second: slot.second,
            });
        }
        if is_joined && let Some(joined) = values.pop() {
            let sizes = self.parameters.iter().map(|of| of.shape.iter().product());
            values = flat::split(&joined, sizes);
            self.values = Some(joined);
        }
        let (values, parameters) = (values.into_iter(), self.parameters.iter());
        *model = model.clone().map(&mut Put { values, parameters });
    }

    /// One of the factors of all parameters joined: one tensor more to read only where they differ.
    fn joined_factor(&self, which: usize, device: &Device) -> Factor {
        let factors = || self.parameters.iter().map(|of| of.factors[which]);
        if factors().all(|factor| factor == 1.0) {
            return Factor::All(1.0);
        }
        let each = factors().zip(&self.parameters);
        let each = each.flat_map(|(factor, of)| repeat_n(factor as f32, of.shape.iter().product()));
        Factor::Each(Box::new(tensor(each.collect(), device)))
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
        if self.moments.is_empty() {
            return Ok(tensors);
        }
        for which in [FIRST, SECOND] {
            // One after another, whether they come parameter by parameter or all at once.
            let mut values = Vec::new().into_iter();
            let mut moments = self.moments.iter();
            for Parameter { name, shape, .. } in &self.parameters {
                let name = format!("{name}.{which}");
                if values.len() == 0
                    && let Some(moments) = moments.next()
                {
                    let host = HostTensor::read(&name, moments.get(which))?;
                    values = host.values.into_iter();
                }
                let host = HostTensor {
                    shape: shape.clone(),
                    values: values.by_ref().take(shape.iter().product()).collect(),
                };
                tensors.insert(name, host);
            }
        }
        Ok(tensors)
    }

    /// Takes it up as it was after `steps` updates, `tensors` being what [`read`](Self::read)
    /// gave then. `device` is without automatic differentiation.
    ///
    /// # Errors
    /// [`ModelError::Weights`] for moments that are missing, of another shape, or of no parameter.
    pub(crate) fn resume(
        &mut self,
        steps: u64,
        mut tensors: NamedTensors,
        device: &Device,
    ) -> Result<(), ModelError> {
        // Before the first update there are none.
        let parameters = match steps {
            0 => &[][..],
            _ => &self.parameters,
        };
        let mut all = Vec::new();
        for Parameter { name, shape, .. } in parameters {
            let mut take = |which: &str| {
                let name = format!("{name}.{which}");
                let count: usize = shape.iter().product();
                let host = tensors
                    .remove(&name)
                    .filter(|host| host.shape == *shape && host.values.len() == count);
                host.map(|host| host.values).ok_or_else(|| {
                    ModelError::Weights(format!("{name} is missing or of another shape"))
                })
            };
            all.push([take(FIRST)?, take(SECOND)?]);
        }
        if let Some(name) = tensors.keys().next() {
            return Err(ModelError::Weights(format!("the optimiser has no {name}")));
        }
        if !is_flex(device) && !all.is_empty() {
            let joined = |k: usize| all.iter().flat_map(|both| both[k].clone()).collect();
            all = vec![[joined(0), joined(1)]];
        }
        let moments = all.into_iter().map(|both| {
            let [first, second] = both.map(|values| tensor(values, device));
            Moments { first, second }
        });
        self.moments = moments.collect();
        self.factors = Vec::new();
        self.values = None;
        self.update.step = steps;
        Ok(())
    }
}

impl Moments {
    fn get(&self, which: &str) -> Tensor<1> {
        match which {
            FIRST => self.first.clone(),
            _ => self.second.clone(),
        }
    }
}

fn tensor(values: Vec<f32>, device: &Device) -> Tensor<1> {
    let count = values.len();
    Tensor::from_data(TensorData::new(values, [count]), device)
}

/// Takes the values of a model's parameters, leaving nothing in their place.
#[derive(Default)]
struct Take {
    values: Vec<Tensor<1>>,
}

impl ModuleMapper for Take {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        param.map(|tensor| {
            let device = tensor.device();
            self.values.push(tensor.inner().reshape([-1]));
            Tensor::empty([0; D], &device)
        })
    }
}

/// Puts them back.
struct Put<'a> {
    values: std::vec::IntoIter<Tensor<1>>,
    parameters: std::slice::Iter<'a, Parameter>,
}

impl ModuleMapper for Put<'_> {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let (Some(value), Some(parameter)) = (self.values.next(), self.parameters.next()) else {
            return param;
        };
        param.map(|_| {
            let shape: [usize; D] = std::array::from_fn(|axis| parameter.shape[axis]);
            Tensor::from_inner(value.reshape(shape)).require_grad()
        })
    }
}

#[cfg(test)]
mod tests {
    use kolmo_config::{ModelConfig, Transformer};
    use kolmo_model::{DeviceName, Model, weights};
    use kolmo_world::random::Streams;

    use super::*;

    const RATE: f64 = 0.01;

    fn config(mup_base_width: Option<usize>) -> ModelConfig {
        ModelConfig::gpt(Transformer {
            d_model: 32,
            layers: 1,
            heads: 2,
            mup_base_width,
            ..Transformer::default()
        })
    }

    /// The weights of a model after `updates`, each with a gradient of ones; the optimiser is read and resumed
    /// between them if `is_resumed`.
    fn trained(
        mup_base_width: Option<usize>,
        updates: u64,
        is_resumed: bool,
        device: &Device,
    ) -> NamedTensors {
        let (config, train) = (config(mup_base_width), TrainConfig::default());
        let autodiff = device.clone().autodiff();
        let specs = config.specs(31);
        let mut model = Model::new(&config, 31, &Streams::new(1), &autodiff).unwrap();
        let mut optimizer = Optimizer::new(&train, &*config, &specs);
        let workers = Workers::new(2).unwrap();
        for update in 0..updates {
            if is_resumed {
                let moments = optimizer.read().unwrap();
                optimizer = Optimizer::new(&train, &*config, &specs);
                optimizer.resume(update, moments, device).unwrap();
            }
            let sizes = specs.iter().map(|spec| spec.count() as usize);
            let ones = sizes.map(|size| tensor(vec![1.0; size], device));
            let gradient = Gradient::sum(vec![ones.collect()], &workers);
            optimizer.step(&mut model, gradient, RATE, &workers);
        }
        weights::read(&model).unwrap()
    }

    /// Flex, and a device on which all parameters are joined, if there is one in this build.
    fn devices() -> Vec<Device> {
        let ndarray = DeviceName::NdArray.open().map(|there| there.device);
        [Device::flex()].into_iter().chain(ndarray).collect()
    }

    #[test]
    fn each_parameter_learns_at_its_own_rate_and_decays_at_the_same() {
        let decay = RATE * TrainConfig::default().weight_decay;
        for device in devices() {
            let before = trained(Some(8), 0, false, &device);
            let after = trained(Some(8), 1, false, &device);
            for (name, before) in &before {
                // The first step of Adam is the learning rate, whatever the gradient.
                let factor = if name.ends_with("gain")
                    || name.ends_with("bias")
                    || name == "embedding.weight"
                {
                    1.0
                } else {
                    0.25
                };
                for (before, after) in before.values.iter().zip(&after[name].values) {
                    let (before, after) = (f64::from(*before), f64::from(*after));
                    let expected = before * (1.0 - decay) - RATE * factor;
                    // Adam's epsilon, and rounding.
                    assert!(
                        (after - expected).abs() < 1e-5 * RATE + 1e-6 * before.abs(),
                        "{name}: {after} {expected}"
                    );
                }
            }
        }
    }

    #[test]
    fn at_the_base_width_the_bits_are_those_of_the_standard_parametrisation() {
        for device in devices() {
            let standard = trained(None, 3, false, &device);
            assert!(trained(Some(32), 3, false, &device) == standard);
            assert!(trained(Some(16), 3, false, &device) != standard);
        }
    }

    #[test]
    fn a_resumed_optimiser_goes_on_at_the_same_rates() {
        for device in devices() {
            assert!(trained(Some(8), 3, true, &device) == trained(Some(8), 3, false, &device));
        }
    }
}
