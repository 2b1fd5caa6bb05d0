//! The checks that every language model passes.

use burn::{
    module::{ModuleVisitor, Param},
    prelude::*,
    tensor::{Gradients, TensorData},
};
use kolmo_config::{AdamW, OptimizerConfig, ParameterSpec, TrainConfig};
use kolmo_eval::generate::{Choice, generate, generate_reading_again};
use kolmo_kernels::{Gradient, Tokens, Workers, cross_entropy::Targets};
use kolmo_model::{
    Adapters, LanguageModel, Parametrisation,
    parametrisation::Start,
    weights::{self, HostTensor, NamedTensors, Path},
};
use kolmo_train::{learner::Learner, optimizer::Optimizer};
use kolmo_world::{World, WorldConfig, random::Streams};

use crate::{Case, VOCABULARY};

/// A walk of the tensors of a module, in its order.
#[derive(Default)]
struct Walk {
    path: Path,
    held: Vec<(String, Vec<usize>)>,
    gradients: Option<Gradients>,
}

impl ModuleVisitor for Walk {
    fn enter_module(&mut self, name: &str, container: &str) {
        self.path.enter(name, container);
    }

    fn exit_module(&mut self, _name: &str, container: &str) {
        self.path.exit(container);
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let (name, value) = (self.path.name(), param.val());
        if let Some(gradients) = &self.gradients {
            let gradient = value.grad(gradients).expect("it has a gradient");
            let host = HostTensor::read(&name, gradient).unwrap();
            assert!(host.values.iter().all(|x| x.is_finite()), "{name}");
            assert!(host.values.iter().any(|x| *x != 0.0), "{name}");
        }
        self.held.push((name, value.dims().to_vec()));
    }
}

fn held<M: Module>(module: &M) -> Vec<(String, Vec<usize>)> {
    let mut walk = Walk::default();
    module.visit(&mut walk);
    walk.held
}

fn described(specs: &[ParameterSpec]) -> Vec<(String, Vec<usize>)> {
    let specs = specs.iter();
    specs
        .map(|spec| (spec.name.clone(), spec.shape.clone()))
        .collect()
}

pub fn is_as_described<M: Module + LanguageModel>(case: &Case<M>) {
    let (model, specs) = (case.model(1, &Device::flex()), case.specs());
    assert_eq!(held(&model), described(&specs));
    let counted = case.architecture.parameters(VOCABULARY);
    assert_eq!(model.num_params() as u64, counted);
    // One token more has so many parameters more.
    let of_tokens = case.architecture.embedding_parameters(1);
    assert_eq!(
        case.architecture.parameters(VOCABULARY + 1),
        counted + of_tokens
    );
    for spec in specs.iter().filter(|spec| spec.kind.is_adapted()) {
        assert_eq!(
            (spec.shape.len(), spec.shape[0]),
            (2, spec.fan_in),
            "{spec:?}"
        );
    }
}

pub fn begins_as_described<M: Module + LanguageModel>(case: &Case<M>) {
    let (device, specs) = (Device::flex(), case.specs());
    let read = |seed| weights::read(&case.model(seed, &device)).unwrap();
    let tensors = read(1);
    assert_eq!(tensors, read(1));
    assert_ne!(tensors, read(2));
    let rules = Parametrisation::new(&*case.architecture, &specs);
    for spec in &specs {
        let values = &tensors[&spec.name].values;
        match rules.start(spec) {
            Start::Constant(start) => {
                assert!(values.iter().all(|x| *x == start as f32), "{spec:?}")
            }
            Start::Normal(deviation) => {
                let n = values.len() as f64;
                let ratios = || values.iter().map(|x| f64::from(*x) / deviation);
                let (mean, square) = (
                    ratios().sum::<f64>() / n,
                    ratios().map(|x| x * x).sum::<f64>() / n,
                );
                assert!(mean.abs() < 5.0 / n.sqrt(), "{spec:?}: {mean}");
                assert!(
                    (square - 1.0).abs() < 5.0 * (2.0 / n).sqrt(),
                    "{spec:?}: {square}"
                );
            }
        }
    }
}

fn logits(model: &dyn LanguageModel, text: &[u32], device: &Device) -> Vec<f32> {
    let tokens = Tokens::new(text.to_vec(), [1, text.len()], device);
    model.forward(&tokens).try_into_vec_as::<f32>().unwrap()
}

pub fn is_causal<M: Module + LanguageModel>(case: &Case<M>) {
    let device = Device::flex();
    let model = case.model(1, &device);
    let [one, other] = [7, 8].map(|last| logits(&model, &[1, 2, 3, 4, 5, last], &device));
    let past = 5 * VOCABULARY;
    assert_eq!(one[..past], other[..past]);
    assert_ne!(one[past..], other[past..]);
    // And what was matters.
    let changed = logits(&model, &[9, 2, 3, 4, 5, 7], &device);
    assert_ne!(one[past..], changed[past..]);
}

pub fn reads_token_by_token<M: Module + LanguageModel>(case: &Case<M>) {
    let device = Device::flex();
    let model = case.model(1, &device);
    let (rows, time) = (3, 9);
    let text: Vec<u32> = (0..rows * time)
        .map(|k| (k * 7 % VOCABULARY) as u32)
        .collect();
    let expected = model.forward(&Tokens::new(text.clone(), [rows, time], &device));
    let mut state = model.begin(rows, time);
    for place in 0..time {
        assert_eq!((state.length(), state.room()), (place, time - place));
        let next = (0..rows).map(|row| text[row * time + place]).collect();
        let found = state
            .read_next(&Tokens::new(next, [rows, 1], &device))
            .unwrap();
        let expected = expected.clone().narrow(1, place, 1);
        let apart = (found - expected.reshape([rows, VOCABULARY])).abs().max();
        let apart = apart.into_scalar::<f32>();
        assert!(
            apart < 1e-4,
            "{}, place {place}: {apart}",
            case.architecture.name()
        );
    }
    let last = Tokens::new(vec![1; rows], [rows, 1], &device);
    assert!(state.read_next(&last).is_none(), "there is no room");
    // So that it writes the same whichever way it reads.
    let prompts = vec![vec![1, 2, 3], vec![7], vec![]];
    let mut random = Streams::new(1).stream("test").at(0);
    let said = generate(&model, &prompts, 12, Choice::Greedy, &mut random, &device).unwrap();
    assert_eq!(
        said,
        generate_reading_again(&model, &prompts, 12, &device).unwrap()
    );
}

pub fn learns<M: Module + LanguageModel>(case: &Case<M>) {
    let device = Device::flex().autodiff();
    let world = World::new(&WorldConfig::default(), 1).unwrap();
    let vocabulary = world.vocabulary().len();
    let model = (case.build)(1, vocabulary, &device);
    let train = TrainConfig::default();
    let specs = case.architecture.specs(vocabulary);
    let optimizer = Optimizer::new(&train, &*case.architecture, &specs);
    let mut learner = Learner::new(model, optimizer, 2, &device).unwrap();
    let batch = world.batch(0, 16);
    let losses = (0..8).map(|_| {
        let figures = learner.step(&batch, 0.01).unwrap();
        assert!(figures.gradient_norm > 0.0 && figures.gradient_norm.is_finite());
        f64::from(figures.sums.iter().sum::<f32>()) / batch.tokens as f64
    });
    let losses: Vec<f64> = losses.collect();
    let (first, last) = (losses[0], losses[losses.len() - 1]);
    assert!((first - (vocabulary as f64).ln()).abs() < 0.5, "{first}");
    assert!(
        last < first - 0.05,
        "{}: {losses:?}",
        case.architecture.name()
    );
}

pub fn has_gradients<M: Module + LanguageModel>(case: &Case<M>) {
    let device = Device::flex().autodiff();
    let model = case.model(1, &device);
    let tokens = Tokens::new(vec![1, 2, 3, 4, 5, 6], [2, 3], &device);
    let targets = Targets {
        ids: vec![2, 3, 4, 5, 6, 7],
        which: vec![Some(0); 6],
        roles: 1,
        weight: 1.0 / 6.0,
        on_device: None,
    };
    let mut walk = Walk {
        gradients: Some(model.loss(&tokens, &targets).mean.backward()),
        ..Walk::default()
    };
    model.visit(&mut walk);
    assert_eq!(walk.held.len(), case.specs().len());
}

pub fn survives_a_file<M: Module + LanguageModel>(case: &Case<M>) {
    let device = Device::flex();
    let model = case.model(1, &device);
    let tensors = weights::read(&model).unwrap();
    let bytes = weights::to_safetensors(&tensors).unwrap();
    let read = weights::from_safetensors(&bytes).unwrap();
    let copy = weights::write(case.model(2, &device), read).unwrap();
    assert_eq!(weights::read(&copy).unwrap(), tensors);
    let text = [3, 1, 4, 1, 5];
    assert_eq!(
        logits(&copy, &text, &device),
        logits(&model, &text, &device)
    );
}

pub fn is_adapted_where_described<M: Module + LanguageModel>(case: &Case<M>) {
    let (device, specs) = (Device::flex(), case.specs());
    let model = case.model(1, &device);
    let before = weights::read(&model).unwrap();
    let mut adapters = Adapters::new(&specs, (2, 4.0), &Streams::new(1), &device);
    assert_eq!(held(&adapters), described(&adapters.specs()));
    assert_eq!(weights::read(&adapters.applied_to(&model)).unwrap(), before);
    for pair in &mut adapters.pairs {
        pair.up = pair.up.clone().map(|up| up.ones_like());
    }
    let after = weights::read(&adapters.applied_to(&model)).unwrap();
    for spec in &specs {
        let is_changed = before[&spec.name] != after[&spec.name];
        assert_eq!(is_changed, spec.kind.is_adapted(), "{spec:?}");
    }
}

/// The weights after one update with gradients of `gradient`.
fn updated<M: Module + LanguageModel>(
    case: &Case<M>,
    train: &TrainConfig,
    gradient: f32,
) -> NamedTensors {
    let device = Device::flex().autodiff();
    let (mut model, specs) = (case.model(1, &device), case.specs());
    let workers = Workers::new(1).unwrap();
    let gradients = specs.iter().map(|spec| {
        let count = spec.count() as usize;
        Tensor::<1>::from_data(
            TensorData::new(vec![gradient; count], [count]),
            &Device::flex(),
        )
    });
    let gradient = Gradient::sum(vec![gradients.collect()], &workers);
    let mut optimizer = Optimizer::new(train, &*case.architecture, &specs);
    optimizer.step(&mut model, gradient, 0.125, &workers);
    weights::read(&model).unwrap()
}

pub fn moves_and_decays_as_described<M: Module + LanguageModel>(case: &Case<M>) {
    let specs = case.specs();
    let rules = Parametrisation::new(&*case.architecture, &specs);
    let train = TrainConfig {
        optimizer: OptimizerConfig::AdamW(AdamW {
            weight_decay: 0.5,
            ..AdamW::default()
        }),
        ..TrainConfig::default()
    };
    let before = weights::read(&case.model(1, &Device::flex())).unwrap();
    let (decayed, moved) = (updated(case, &train, 0.0), updated(case, &train, 1.0));
    for spec in &specs {
        let keep = (1.0 - 0.125 * 0.5 * rules.weight_decay_factor(spec)) as f32;
        // The first step of Adam is the learning rate, whatever the gradient.
        let step = (0.125 * rules.learning_rate_factor(spec)) as f32;
        for (k, before) in before[&spec.name].values.iter().enumerate() {
            let decayed = decayed[&spec.name].values[k];
            assert_eq!(decayed, before * keep, "{spec:?}");
            let moved = decayed - moved[&spec.name].values[k];
            assert!(
                (moved / step - 1.0).abs() < 1e-4,
                "{spec:?}: {moved} {step}"
            );
        }
    }
}
