//! What every language model has to hold to, tried with the architectures that there are and with one that is only here: a bag
//! of embeddings. Whoever adds an architecture adds it to [`models`].

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use burn::{
    module::{ModuleVisitor, Param},
    prelude::*,
    tensor::{Gradients, TensorData},
};
use kolmo_config::{
    AdamW, Architecture, ConfigError, ModelConfig, OptimizerConfig, ParameterSpec, TrainConfig,
    Transformer, model,
};
use kolmo_eval::generate::{Choice, generate, generate_reading_again};
use kolmo_kernels::{
    Gradient, Tokens, Workers,
    cross_entropy::{Output, Targets},
    embedding,
};
use kolmo_model::{
    Adapters, Draw, LanguageModel, Model, Parametrisation, Reader,
    parametrisation::Start,
    weights::{self, HostTensor, NamedTensors, Path},
};
use kolmo_train::{learner::Learner, optimizer::Optimizer};
use kolmo_world::{World, WorldConfig, random::Streams};

/// Logits from the mean of the embeddings of the tokens so far, through an output layer.
#[derive(Module, Debug)]
struct Bag {
    rows: Param<Tensor<2>>,
    output: Param<Tensor<2>>,
}

/// Its description.
#[derive(Debug, Clone)]
struct BagOf {
    width: usize,
}

impl Architecture for BagOf {
    fn name(&self) -> &'static str {
        "bag"
    }

    fn check(&self) -> Result<(), ConfigError> {
        Ok(())
    }

    fn width(&self) -> usize {
        self.width
    }

    fn set_width(&mut self, width: usize) -> Result<(), ConfigError> {
        self.width = width;
        Ok(())
    }

    fn base_width(&self) -> Option<usize> {
        None
    }

    fn drop_idle_keys(&mut self) {}

    fn drop_sizes(&mut self) {
        self.width = 0;
    }

    fn specs(&self, vocabulary: usize) -> Vec<ParameterSpec> {
        vec![
            ParameterSpec::embedding("rows", [vocabulary, self.width], false),
            ParameterSpec::output("output", [self.width, vocabulary]),
        ]
    }

    fn mixing_flops(&self, _time: usize) -> f64 {
        6.0 * self.width as f64
    }

    fn kept_floats(&self) -> u64 {
        2 * self.width as u64
    }
}

impl Bag {
    fn new(of: &BagOf, vocabulary: usize, streams: &Streams, device: &Device) -> Self {
        let mut draw = Draw::new(of, vocabulary, streams, device).unwrap();
        let bag = Self {
            rows: draw.parameter("rows").unwrap(),
            output: draw.parameter("output").unwrap(),
        };
        draw.finish().unwrap();
        bag
    }
}

impl LanguageModel for Bag {
    fn hidden_and(&self, tokens: &Tokens, see: &mut dyn FnMut(&Tensor<3>)) -> Tensor<3> {
        let [_, time] = tokens.shape();
        let x = embedding(self.rows.val(), tokens);
        see(&x);
        let share = |at: usize| {
            let (row, column) = (at / time, at % time);
            if column > row {
                0.0
            } else {
                1.0 / (row + 1) as f32
            }
        };
        let shares = TensorData::new((0..time * time).map(share).collect(), [1, time, time]);
        Tensor::<3>::from_data(shares, &x.device()).matmul(x)
    }

    fn output(&self) -> Output {
        Output::Own(self.output.val())
    }

    fn reader(&self, _rows: usize, _room: usize) -> Box<dyn Reader + '_> {
        Box::new(Sum {
            bag: self,
            sum: None,
        })
    }
}

/// A bag that reads: of all tokens so far it keeps the sum.
struct Sum<'a> {
    bag: &'a Bag,
    sum: Option<Tensor<3>>,
}

impl Reader for Sum<'_> {
    fn read(&mut self, tokens: &Tokens, place: usize) -> Tensor<3> {
        let x = embedding(self.bag.rows.val(), tokens);
        let sum = match self.sum.take() {
            Some(sum) => sum + x,
            None => x,
        };
        self.sum = Some(sum.clone());
        sum / (place + 1) as f64
    }
}

const VOCABULARY: usize = 31;

/// Makes a model, from a seed, for a vocabulary, on a device.
type Build<M> = Box<dyn Fn(u64, usize, &Device) -> M>;

/// A model, and how it is described.
struct Case<M> {
    architecture: Box<dyn Architecture>,
    build: Build<M>,
}

impl<M: Module + LanguageModel> Case<M> {
    fn model(&self, seed: u64, device: &Device) -> M {
        (self.build)(seed, VOCABULARY, device)
    }

    fn specs(&self) -> Vec<ParameterSpec> {
        self.architecture.specs(VOCABULARY)
    }
}

fn bag() -> Case<Bag> {
    let of = BagOf { width: 12 };
    Case {
        architecture: Box::new(of.clone()),
        build: Box::new(move |seed, vocabulary, device| {
            Bag::new(&of, vocabulary, &Streams::new(seed), device)
        }),
    }
}

/// Every architecture that a configuration can name, as it is and with each of its keys turned.
fn models() -> Vec<Case<Model>> {
    let mut all = Vec::new();
    for (tied_embeddings, mup_base_width) in [(false, None), (true, Some(16)), (false, Some(128))] {
        let sizes = Transformer {
            d_model: 32,
            heads: 2,
            tied_embeddings,
            mup_base_width,
            ..Transformer::default()
        };
        let gpt: Box<dyn Architecture> = Box::new(model::Gpt(sizes.clone()));
        let llama = Box::new(model::Llama(sizes.clone()));
        for (architecture, config) in [
            (gpt, ModelConfig::gpt(sizes.clone())),
            (llama, ModelConfig::llama(sizes)),
        ] {
            let build = move |seed, vocabulary, device: &Device| {
                Model::new(&config, vocabulary, &Streams::new(seed), device).unwrap()
            };
            all.push(Case {
                architecture,
                build: Box::new(build),
            });
        }
    }
    all
}

#[test]
fn the_cases_are_all_architectures() {
    let tried = models();
    for model in ModelConfig::every() {
        let mut tried = tried.iter();
        assert!(tried.any(|case| case.architecture.name() == model.name()));
    }
}

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

fn is_as_described<M: Module + LanguageModel>(case: &Case<M>) {
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

#[test]
fn a_model_has_the_tensors_that_are_described() {
    is_as_described(&bag());
    models().iter().for_each(is_as_described);
}

fn begins_as_described<M: Module + LanguageModel>(case: &Case<M>) {
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

#[test]
fn a_model_begins_as_it_is_described() {
    begins_as_described(&bag());
    models().iter().for_each(begins_as_described);
}

fn logits(model: &dyn LanguageModel, text: &[u32], device: &Device) -> Vec<f32> {
    let tokens = Tokens::new(text.to_vec(), [1, text.len()], device);
    model.forward(&tokens).try_into_vec_as::<f32>().unwrap()
}

fn is_causal<M: Module + LanguageModel>(case: &Case<M>) {
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

#[test]
fn the_future_does_not_matter() {
    is_causal(&bag());
    models().iter().for_each(is_causal);
}

fn reads_token_by_token<M: Module + LanguageModel>(case: &Case<M>) {
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

#[test]
fn what_is_read_token_by_token_is_what_is_read_at_once() {
    reads_token_by_token(&bag());
    models().iter().for_each(reads_token_by_token);
}

fn learns<M: Module + LanguageModel>(case: &Case<M>) {
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

fn has_gradients<M: Module + LanguageModel>(case: &Case<M>) {
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

#[test]
fn every_parameter_has_a_gradient_and_following_it_helps() {
    has_gradients(&bag());
    models().iter().for_each(has_gradients);
    learns(&bag());
    models().iter().for_each(learns);
}

fn survives_a_file<M: Module + LanguageModel>(case: &Case<M>) {
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

#[test]
fn weights_survive_a_file_bit_for_bit() {
    survives_a_file(&bag());
    models().iter().for_each(survives_a_file);
}

fn is_adapted_where_described<M: Module + LanguageModel>(case: &Case<M>) {
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

#[test]
fn adapters_change_the_matrices_that_are_described_and_nothing_else() {
    is_adapted_where_described(&bag());
    models().iter().for_each(is_adapted_where_described);
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

fn moves_and_decays_as_described<M: Module + LanguageModel>(case: &Case<M>) {
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

#[test]
fn parameters_move_and_decay_as_they_are_described() {
    moves_and_decays_as_described(&bag());
    models().iter().for_each(moves_and_decays_as_described);
}
