//! The optimiser at work: one [`Rule`] for all parameters, or one for each kind; their state, in a checkpoint and back.

use burn::prelude::*;
use kolmo_config::{Architecture, OptimizerConfig, ParameterSpec, TrainConfig};
use kolmo_kernels::{Gradient, Workers, flat};
use kolmo_model::{
    ModelError, Parametrisation,
    weights::{HostTensor, NamedTensors},
};

mod adamw;
mod group;
mod parameters;
pub mod rule;

use group::{Group, Member};
pub use rule::{Factors, Rule, Rules, Slot, Step};

/// An optimiser of all parameters of a model, after clipping the gradient as a whole.
pub struct Optimizer {
    clip_norm: f64,
    groups: Vec<Group>,
    /// Number of parameters in all groups.
    parameters: usize,
    /// Updates made.
    steps: u64,
}

/// Who a parameter is.
struct Parameter {
    name: String,
    shape: Vec<usize>,
}

impl Parameter {
    /// Number of its values.
    fn count(&self) -> usize {
        self.shape.iter().product()
    }
}

/// The rules of `config`.
pub fn rules(config: &OptimizerConfig) -> Rules {
    match config {
        OptimizerConfig::AdamW(adamw) => Rules::all(adamw.clone()),
    }
}

impl Optimizer {
    /// The optimiser of `config` for the parameters `specs`, in the order of the module that has them. The parametrisation of
    /// `architecture` says how fast each learns and decays.
    pub fn new(
        config: &TrainConfig,
        architecture: &dyn Architecture,
        specs: &[ParameterSpec],
    ) -> Self {
        let rules = rules(&config.optimizer);
        Self::with_rules(rules, config.clip_norm, architecture, specs)
    }

    /// The same with `rules`, which need not be those of a configuration, and a gradient clipped to the global norm `clip_norm`.
    pub fn with_rules(
        rules: Rules,
        clip_norm: f64,
        architecture: &dyn Architecture,
        specs: &[ParameterSpec],
    ) -> Self {
        let width = Parametrisation::new(architecture, specs);
        let groups = rules.deal(specs).into_iter().map(|(rule, places)| {
            let members = places.into_iter().map(|place| Member {
                place,
                parameter: Parameter {
                    name: specs[place].name.clone(),
                    shape: specs[place].shape.clone(),
                },
                factors: rule.factors(&width, &specs[place]),
            });
            let members = members.collect();
            Group::new(rule, members)
        });
        Self {
            clip_norm,
            groups: groups.collect(),
            parameters: specs.len(),
            steps: 0,
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
        let device = gradient.norm_squared().device();
        let (gradients, clip) = gradient.clip(self.clip_norm);
        let gradients = self.deal_gradients(gradients);
        self.steps += 1;
        let step = Step {
            number: self.steps,
            learning_rate,
            clip: &clip,
            workers,
        };
        // Values that no group has are in the model alone.
        let are_here = self.groups.iter().all(Group::has_values);
        let mut old = match are_here {
            true => Vec::new(),
            false => parameters::take(model).into_iter().map(Some).collect(),
        };
        let mut new: Vec<Option<(Tensor<1>, &[usize])>> = Vec::new();
        new.resize_with(self.parameters, || None);
        for (group, gradients) in self.groups.iter_mut().zip(gradients) {
            let places = group.members.iter().map(|member| member.place);
            let values =
                (!are_here).then(|| places.filter_map(|place| old[place].take()).collect());
            let values = group.step(values, gradients, &step, &device);
            for (member, value) in group.members.iter().zip(values) {
                new[member.place] = Some((value, &member.parameter.shape));
            }
        }
        let new = new.into_iter().flatten();
        parameters::put(model, new);
    }

    /// The gradients of each group: `parts` has one of each parameter, or all of them joined.
    fn deal_gradients(&self, mut parts: Vec<Tensor<1>>) -> Vec<Vec<Tensor<1>>> {
        if let [_] = &self.groups[..] {
            return vec![parts];
        }
        if let [joined] = &parts[..] {
            let mut sizes = vec![0; self.parameters];
            for member in self.groups.iter().flat_map(|group| &group.members) {
                sizes[member.place] = member.parameter.count();
            }
            parts = flat::split(joined, sizes);
        }
        let mut parts: Vec<Option<Tensor<1>>> = parts.into_iter().map(Some).collect();
        let of_group = |group: &Group| {
            let members = group.members.iter();
            members
                .filter_map(|member| parts[member.place].take())
                .collect()
        };
        self.groups.iter().map(of_group).collect()
    }

    /// Updates made so far.
    pub(crate) fn steps(&self) -> u64 {
        self.steps
    }

    /// What the rules keep for each parameter, `<parameter>.<name>`; of AdamW `<parameter>.moment_1` and `<parameter>.moment_2`.
    /// Nothing before the first update.
    ///
    /// # Errors
    /// A device that does not give a tensor back.
    pub fn read(&self) -> Result<NamedTensors, ModelError> {
        let mut tensors = NamedTensors::new();
        for group in &self.groups {
            for (which, kept) in group.rule.state().iter().enumerate() {
                // One after another, whether they come parameter by parameter or all at once.
                let mut kept_tensors = group.kept(which);
                let mut values = Vec::new().into_iter();
                let mut device = Device::flex();
                for Member { parameter, .. } in &group.members {
                    let name = format!("{}.{kept}", parameter.name);
                    if values.len() == 0 {
                        let Some(next) = kept_tensors.next() else {
                            break;
                        };
                        device = next.device();
                        values = HostTensor::read(&name, next)?.values.into_iter();
                    }
                    let count = parameter.count();
                    let host = HostTensor {
                        shape: parameter.shape.clone(),
                        values: values.by_ref().take(count).collect(),
                    };
                    // What fills up its room, where all come at once.
                    let over = flat::room(count, &device) - count;
                    values.by_ref().take(over).for_each(drop);
                    tensors.insert(name, host);
                }
            }
        }
        Ok(tensors)
    }

    /// Takes it up as it was after `steps` updates, `tensors` being what [`read`](Self::read)
    /// gave then. `device` is without automatic differentiation.
    ///
    /// # Errors
    /// [`ModelError::Weights`] for state that is missing, of another shape, or of no parameter.
    pub fn resume(
        &mut self,
        steps: u64,
        mut tensors: NamedTensors,
        device: &Device,
    ) -> Result<(), ModelError> {
        for group in &mut self.groups {
            let mut members = Vec::new();
            // Before the first update there is none.
            let parameters = group.members.iter().filter(|_| steps > 0);
            for Member { parameter, .. } in parameters {
                let take = |kept: &&str| {
                    let name = format!("{}.{kept}", parameter.name);
                    let is_whole = |host: &HostTensor| {
                        host.shape == parameter.shape && host.values.len() == parameter.count()
                    };
                    let host = tensors.remove(&name).filter(is_whole);
                    host.map(|host| host.values).ok_or_else(|| {
                        ModelError::Weights(format!("{name} is missing or of another shape"))
                    })
                };
                let state: Result<Vec<_>, _> = group.rule.state().iter().map(take).collect();
                members.push(state?);
            }
            group.resume(members, device);
        }
        if let Some(name) = tensors.keys().next() {
            return Err(ModelError::Weights(format!("the optimiser has no {name}")));
        }
        self.steps = steps;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use kolmo_config::{AdamW, ModelConfig, Transformer};
    use kolmo_model::{DeviceName, Model, weights};
    use kolmo_world::random::Streams;

    use super::{group::tensor, *};

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

    /// Flex, and devices on which all parameters are joined, if they are in this build; on one that plays a GPU, with room
    /// between them.
    fn devices() -> Vec<Device> {
        let open = |name: DeviceName| name.open().map(|there| there.device);
        let plays_a_gpu = std::env::var_os("VK_DRIVER_FILES").map(|_| DeviceName::Software);
        let others = [DeviceName::NdArray].into_iter().chain(plays_a_gpu);
        [Device::flex()]
            .into_iter()
            .chain(others.flat_map(open))
            .collect()
    }

    #[test]
    fn each_parameter_learns_at_its_own_rate_and_decays_at_the_same() {
        let decay = RATE * AdamW::default().weight_decay;
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
