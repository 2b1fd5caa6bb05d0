//! What every optimiser has to hold to, tried with those that a configuration names and with one that is only here: plain
//! gradient descent. Whoever adds an optimiser finds it here by itself.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use burn::{prelude::*, tensor::TensorData};
use kolmo_config::{AdamW, Kind, ModelConfig, OptimizerConfig, ParameterSpec, Transformer};
use kolmo_kernels::{Gradient, Workers};
use kolmo_model::{
    DeviceName, Model, Parametrisation,
    weights::{self, NamedTensors},
};
use kolmo_train::{
    learner::Learner,
    optimizer::{Factors, Optimizer, Rule, Rules, Slot, Step, rules},
};
use kolmo_world::{World, WorldConfig, random::Streams};

/// Plain gradient descent: x ← x − η g.
#[derive(Debug)]
struct Sgd;

impl Rule for Sgd {
    fn state(&self) -> &'static [&'static str] {
        &[]
    }

    fn factors(&self, _width: &Parametrisation, _spec: &ParameterSpec) -> Factors {
        Factors {
            learning_rate: 1.0,
            weight_decay: 1.0,
        }
    }

    fn is_elementwise(&self) -> bool {
        true
    }

    fn update(&self, slots: Vec<Slot>, gradients: Vec<Tensor<1>>, step: &Step<'_>) -> Vec<Slot> {
        let slots = slots.into_iter().zip(gradients);
        let slots = slots.map(|(mut slot, gradient)| {
            let change = step.clip.apply(gradient) * step.learning_rate;
            slot.value = slot.value - slot.learning_rate.times(change);
            slot
        });
        slots.collect()
    }
}

/// An optimiser, and a learning rate at which it learns something in a few steps.
struct Case {
    name: &'static str,
    rate: f64,
    rules: Box<dyn Fn() -> Rules>,
}

impl Case {
    fn new(name: &'static str, rate: f64, rules: impl Fn() -> Rules + 'static) -> Self {
        Self {
            name,
            rate,
            rules: Box::new(rules),
        }
    }

    /// With gradients clipped to the global norm `clip_norm`.
    fn optimizer(
        &self,
        config: &ModelConfig,
        specs: &[ParameterSpec],
        clip_norm: f64,
    ) -> Optimizer {
        Optimizer::with_rules((self.rules)(), clip_norm, &**config, specs)
    }
}

fn cases() -> Vec<Case> {
    let mut cases = vec![
        Case::new("sgd", 0.5, || Rules::all(Sgd)),
        Case::new("sgd and adamw", 0.02, || {
            Rules::all(Sgd).but(|kind| kind == Kind::Hidden, AdamW::default())
        }),
    ];
    let named = OptimizerConfig::every().into_iter();
    cases.extend(named.map(|config| Case::new(config.name(), 0.01, move || rules(&config))));
    cases
}

const VOCABULARY: usize = 31;

fn model() -> ModelConfig {
    ModelConfig::gpt(Transformer {
        d_model: 16,
        layers: 1,
        heads: 2,
        mup_base_width: Some(8),
        ..Transformer::default()
    })
}

/// Flex, and a device on which parameters may be joined, if there is one in this build.
fn devices() -> Vec<Device> {
    let ndarray = DeviceName::NdArray.open().map(|there| there.device);
    [Device::flex()].into_iter().chain(ndarray).collect()
}

/// The numbers of a gradient: of both signs, and different in every step.
fn gradient(specs: &[ParameterSpec], step: u64, scale: f32, device: &Device) -> Vec<Tensor<1>> {
    let parts = specs.iter().enumerate().map(|(k, spec)| {
        let count = spec.count() as usize;
        let value = |i: usize| scale * ((i + 7 * k) as f32 + step as f32).sin();
        let data = TensorData::new((0..count).map(value).collect::<Vec<f32>>(), [count]);
        Tensor::from_data(data, device)
    });
    parts.collect()
}

/// A training of three steps.
struct Run<'a> {
    case: &'a Case,
    device: &'a Device,
    clip_norm: f64,
    /// What gradients are multiplied by.
    scale: f32,
    rate: f64,
    /// Whether the optimiser is read and resumed between two steps.
    is_resumed: bool,
}

impl<'a> Run<'a> {
    fn of(case: &'a Case, device: &'a Device) -> Self {
        Self {
            case,
            device,
            clip_norm: 1.0,
            scale: 1.0,
            rate: case.rate,
            is_resumed: false,
        }
    }

    /// The weights and the state of the optimiser after `steps` of it.
    fn train(&self, steps: u64) -> (NamedTensors, NamedTensors) {
        let (config, specs) = (model(), model().specs(VOCABULARY));
        let workers = Workers::new(2).unwrap();
        let autodiff = self.device.clone().autodiff();
        let mut model = Model::new(&config, VOCABULARY, &Streams::new(1), &autodiff).unwrap();
        let new = || self.case.optimizer(&config, &specs, self.clip_norm);
        let mut optimizer = new();
        for step in 0..steps {
            if self.is_resumed {
                let state = optimizer.read().unwrap();
                optimizer = new();
                optimizer.resume(step, state, self.device).unwrap();
            }
            let parts = gradient(&specs, step, self.scale, self.device);
            let gradient = Gradient::sum(vec![parts], &workers);
            optimizer.step(&mut model, gradient, self.rate, &workers);
        }
        (weights::read(&model).unwrap(), optimizer.read().unwrap())
    }
}

fn assert_close(one: &NamedTensors, other: &NamedTensors, tolerance: f32, what: &str) {
    assert_eq!(one.len(), other.len(), "{what}");
    for (name, one) in one {
        for (one, other) in one.values.iter().zip(&other[name].values) {
            let error = (one - other).abs();
            assert!(error <= tolerance, "{what}: {name}: {one} {other}");
        }
    }
}

#[test]
fn a_resumed_optimiser_goes_on_to_the_bit() {
    for case in &cases() {
        for device in &devices() {
            let whole = Run::of(case, device);
            let resumed = Run {
                is_resumed: true,
                ..Run::of(case, device)
            };
            assert!(whole.train(3) == resumed.train(3), "{}", case.name);
        }
    }
}

#[test]
fn state_has_the_names_and_shapes_of_its_parameters() {
    let specs = model().specs(VOCABULARY);
    for case in &cases() {
        for device in &devices() {
            let (_, before) = Run::of(case, device).train(0);
            assert!(before.is_empty(), "{}", case.name);
            let (_, state) = Run::of(case, device).train(2);
            for (name, host) in &state {
                let (parameter, kept) = name.rsplit_once('.').unwrap();
                let spec = specs.iter().find(|spec| spec.name == parameter).unwrap();
                assert_eq!(host.shape, spec.shape, "{}: {name}", case.name);
                assert!(!kept.is_empty());
            }
        }
    }
}

#[test]
fn a_description_counts_what_is_kept() {
    let specs = model().specs(VOCABULARY);
    for optimizer in OptimizerConfig::every() {
        let cases = cases();
        let case = cases
            .iter()
            .find(|case| case.name == optimizer.name())
            .unwrap();
        let (_, state) = Run::of(case, &Device::flex()).train(1);
        let kept: usize = state.values().map(|host| host.values.len()).sum();
        let counts = specs
            .iter()
            .map(|spec| spec.count() * optimizer.state_per_value(spec.kind));
        assert_eq!(kept as u64, counts.sum::<u64>(), "{}", case.name);
    }
}

#[test]
fn state_that_is_damaged_is_refused() {
    let specs = model().specs(VOCABULARY);
    let device = Device::flex();
    for case in &cases() {
        let (_, state) = Run::of(case, &device).train(2);
        let resume = |state: NamedTensors| {
            let mut optimizer = case.optimizer(&model(), &specs, 1.0);
            optimizer.resume(2, state, &device)
        };
        resume(state.clone()).unwrap();
        let mut more = state.clone();
        let (weights, _) = Run::of(case, &device).train(0);
        let (name, host) = weights.into_iter().next().unwrap();
        more.insert(format!("{name}.surprise"), host);
        assert!(resume(more).is_err(), "{}", case.name);
        for name in state.keys() {
            let mut less = state.clone();
            less.remove(name);
            assert!(resume(less).is_err(), "{}: {name}", case.name);
            let mut cut = state.clone();
            cut.get_mut(name).unwrap().values.pop();
            assert!(resume(cut).is_err(), "{}: {name}", case.name);
        }
    }
}

#[test]
fn a_gradient_is_clipped_as_a_whole() {
    for case in &cases() {
        for device in &devices() {
            // The norm of the gradient is far above both bounds.
            let run = |scale, clip_norm| {
                let run = Run {
                    scale,
                    clip_norm,
                    ..Run::of(case, device)
                };
                run.train(3).0
            };
            assert_close(&run(1.0, 1.0), &run(8.0, 1.0), 1e-6, case.name);
        }
    }
}

#[test]
fn at_a_rate_of_zero_nothing_moves_and_at_another_all_does() {
    for case in &cases() {
        for device in &devices() {
            let (before, _) = Run::of(case, device).train(0);
            let still = Run {
                rate: 0.0,
                ..Run::of(case, device)
            };
            assert!(still.train(3).0 == before, "{}", case.name);
            let (after, _) = Run::of(case, device).train(3);
            for (name, after) in after {
                assert!(
                    after.values != before[&name].values,
                    "{}: {name}",
                    case.name
                );
            }
        }
    }
}

#[test]
fn joined_parameters_move_as_those_by_themselves() {
    let Some(joined) = devices().into_iter().nth(1) else {
        return;
    };
    for case in &cases() {
        let (one, one_state) = Run::of(case, &Device::flex()).train(3);
        let (other, other_state) = Run::of(case, &joined).train(3);
        // Three steps, each rounded to 24 bits of numbers up to one.
        assert_close(&one, &other, 3e-6, case.name);
        assert_close(&one_state, &other_state, 3e-6, case.name);
    }
}

#[test]
fn a_loss_falls() {
    let world = World::new(&WorldConfig::default(), 1).unwrap();
    let vocabulary = world.vocabulary().len();
    let device = Device::flex().autodiff();
    for case in &cases() {
        let model_config = model();
        let specs = model_config.specs(vocabulary);
        let model = Model::new(&model_config, vocabulary, &Streams::new(1), &device).unwrap();
        let optimizer = case.optimizer(&model_config, &specs, 1.0);
        let mut learner = Learner::new(model, optimizer, 2, &device).unwrap();
        let batch = world.batch(0, 16);
        let losses = (0..12).map(|_| {
            let figures = learner.step(&batch, case.rate).unwrap();
            f64::from(figures.sums.iter().sum::<f32>()) / batch.tokens as f64
        });
        let losses: Vec<f64> = losses.collect();
        let (first, last) = (losses[0], losses[losses.len() - 1]);
        assert!(last < first - 0.05, "{}: {losses:?}", case.name);
    }
}

#[test]
fn rules_that_share_a_model_each_move_their_own_parameters() {
    let cases = cases();
    let named = |name: &str| cases.iter().find(|case| case.name == name).unwrap();
    let specs = model().specs(VOCABULARY);
    for device in &devices() {
        let train = |name: &str| {
            let run = Run {
                rate: 0.02,
                ..Run::of(named(name), device)
            };
            run.train(3)
        };
        let [both, sgd, adamw] = ["sgd and adamw", "sgd", "adamw"].map(train);
        for spec in &specs {
            let alone = if spec.kind == Kind::Hidden {
                &adamw
            } else {
                &sgd
            };
            assert!(both.0[&spec.name] == alone.0[&spec.name], "{}", spec.name);
            let kept = both.1.contains_key(&format!("{}.moment_1", spec.name));
            assert_eq!(kept, spec.kind == Kind::Hidden);
        }
    }
}
