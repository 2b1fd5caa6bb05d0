//! The model, its gradients and ten steps of training against PyTorch.
//!
//! The fixtures are made by `scripts/make_fixtures.py` in double precision.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use std::collections::HashMap;

use burn::{module::ModuleVisitor, module::Param, prelude::*};
use kolmo_config::{AdamW, ModelConfig, OptimizerConfig, TrainConfig, Transformer};
use kolmo_kernels::Tokens;
use kolmo_model::{
    LanguageModel, Model,
    weights::{self, HostTensor, NamedTensors, Path},
};
use kolmo_train::{
    learner::Learner,
    optimizer::Optimizer,
    shards::{Destination, shards},
};
use kolmo_world::{Batch, Role, random::Streams};
use safetensors::SafeTensors;

struct Fixture {
    settings: HashMap<String, String>,
    floats: NamedTensors,
    batch: Batch,
}

impl Fixture {
    fn read(name: &str) -> Self {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures");
        let bytes = std::fs::read(format!("{folder}/{name}.safetensors")).unwrap();
        let (_, header) = SafeTensors::read_metadata(&bytes).unwrap();
        let file = SafeTensors::deserialize(&bytes).unwrap();
        let ints = |name: &str| -> Vec<u32> {
            let data = file.tensor(name).unwrap().data().chunks_exact(4);
            data.map(|b| u32::from_le_bytes(b.try_into().unwrap()))
                .collect()
        };
        let floats = weights::from_safetensors(&bytes).unwrap();
        let mask = &floats["mask"];
        let batch = Batch {
            rows: mask.shape[0],
            length: mask.shape[1],
            inputs: ints("tokens"),
            targets: ints("targets"),
            roles: mask
                .values
                .iter()
                .map(|m| (*m == 1.0).then_some(Role::Syntax))
                .collect(),
            facts: Vec::new(),
            tokens: mask.values.iter().sum::<f32>() as u64,
        };
        Self {
            settings: header.metadata().clone().unwrap(),
            floats,
            batch,
        }
    }

    fn setting<T: std::str::FromStr>(&self, key: &str) -> T {
        let text = self.settings[key].to_lowercase();
        text.parse()
            .ok()
            .unwrap_or_else(|| panic!("{key} is {text}"))
    }

    fn with_prefix(&self, prefix: &str) -> NamedTensors {
        let named = self.floats.iter();
        let named = named.filter_map(|(name, t)| Some((name.strip_prefix(prefix)?, t)));
        named
            .map(|(name, tensor)| (name.to_owned(), tensor.clone()))
            .collect()
    }

    fn model(&self, device: &Device) -> (ModelConfig, Model) {
        let sizes = Transformer {
            d_model: self.setting("d_model"),
            layers: self.setting("layers"),
            heads: self.setting("heads"),
            tied_embeddings: self.setting("tied_embeddings"),
            ..Transformer::default()
        };
        let config = match self.setting::<String>("arch").as_str() {
            "gpt" => ModelConfig::gpt(sizes),
            "llama" => ModelConfig::llama(sizes),
            other => panic!("{other}"),
        };
        let vocabulary = self.vocabulary();
        let model = Model::new(&config, vocabulary, &Streams::new(1), device).unwrap();
        (
            config,
            weights::write(model, self.with_prefix("weight.")).unwrap(),
        )
    }

    fn vocabulary(&self) -> usize {
        self.setting("vocabulary")
    }

    fn train_config(&self) -> TrainConfig {
        TrainConfig {
            learning_rate: self.setting("learning_rate"),
            optimizer: OptimizerConfig::AdamW(AdamW {
                weight_decay: self.setting("weight_decay"),
                beta_1: self.setting("beta_1"),
                beta_2: self.setting("beta_2"),
                epsilon: self.setting("epsilon"),
            }),
            clip_norm: self.setting("clip_norm"),
            ..TrainConfig::default()
        }
    }
}

/// |a − b| / |b| in the Euclidean norm.
fn relative_error(a: &[f32], b: &[f32]) -> f64 {
    assert_eq!(a.len(), b.len());
    let square = |x: f32| f64::from(x).powi(2);
    let difference: f64 = a.iter().zip(b).map(|(a, b)| square(a - b)).sum();
    let size: f64 = b.iter().map(|b| square(*b)).sum();
    (difference / size.max(1e-30)).sqrt()
}

/// Gradients by the names of their parameters.
fn gradients(model: &Model, gradients: &burn::tensor::Gradients) -> NamedTensors {
    struct Reader<'a> {
        path: Path,
        gradients: &'a burn::tensor::Gradients,
        tensors: NamedTensors,
    }
    impl ModuleVisitor for Reader<'_> {
        fn enter_module(&mut self, name: &str, container: &str) {
            self.path.enter(name, container);
        }
        fn exit_module(&mut self, _name: &str, container: &str) {
            self.path.exit(container);
        }
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            let name = self.path.name();
            let gradient = param.val().grad(self.gradients).unwrap();
            let gradient = HostTensor::read(&name, gradient).unwrap();
            self.tensors.insert(name, gradient);
        }
    }
    let mut reader = Reader {
        path: Path::default(),
        gradients,
        tensors: NamedTensors::new(),
    };
    model.visit(&mut reader);
    reader.tensors
}

fn logits_and_gradients_match(name: &str) {
    let fixture = Fixture::read(name);
    let device = Device::flex().autodiff();
    let (_, model) = fixture.model(&device);
    let shape = [fixture.batch.rows, fixture.batch.length];
    let tokens = Tokens::new(fixture.batch.inputs.clone(), shape, &device);
    let host = HostTensor::read("logits", model.forward(&tokens)).unwrap();
    let error = relative_error(&host.values, &fixture.floats["logits"].values);
    assert!(error < 1e-5, "{name}: logits differ by {error}");

    let there = Destination::new(&device);
    let [shard] = <[_; 1]>::try_from(shards(&fixture.batch, &[], 1, &there)).unwrap();
    let loss = model.loss(&shard.tokens, &shard.targets);
    let nats: f32 = loss.mean.clone().into_scalar();
    let error = relative_error(&[nats], &fixture.floats["loss"].values);
    assert!(error < 1e-5, "{name}: the loss differs by {error}");

    let all = loss.mean.backward();
    let measured = gradients(&model, &all);
    let expected = fixture.with_prefix("gradient.");
    assert_eq!(
        measured.keys().collect::<Vec<_>>(),
        expected.keys().collect::<Vec<_>>()
    );
    for (parameter, gradient) in &expected {
        let error = relative_error(&measured[parameter].values, &gradient.values);
        assert!(
            error < 1e-4,
            "{name}: the gradient of {parameter} differs by {error}"
        );
    }
    // Split over the cores it is the same.
    let mut learner = learner(&fixture, &TrainConfig::default(), 2);
    let norm = learner.step(&fixture.batch, 0.0).unwrap().gradient_norm as f32;
    let error = relative_error(&[norm], &fixture.floats["gradient_norm"].values);
    assert!(error < 1e-5, "{name}: the gradient norm differs by {error}");
}

fn learner(fixture: &Fixture, train: &TrainConfig, shards: usize) -> Learner<Model> {
    let device = Device::flex().autodiff();
    let (config, model) = fixture.model(&device);
    let specs = config.specs(fixture.vocabulary());
    let optimizer = Optimizer::new(train, &*config, &specs);
    Learner::new(model, optimizer, shards, &device).unwrap()
}

fn ten_steps_match(name: &str) {
    let fixture = Fixture::read(name);
    let train = fixture.train_config();
    for shards in [1, 2] {
        let mut learner = learner(&fixture, &train, shards);
        for (step, expected) in fixture.floats["adamw_losses"].values.iter().enumerate() {
            let figures = learner.step(&fixture.batch, train.learning_rate).unwrap();
            let nats = figures.sums.iter().sum::<f32>() / fixture.batch.tokens as f32;
            let error = relative_error(&[nats], &[*expected]);
            assert!(
                error < 1e-4,
                "{name}, step {step}: {nats} nats, expected {expected}"
            );
        }
    }
}

#[test]
fn gpt_logits_and_gradients_match_pytorch() {
    logits_and_gradients_match("gpt");
}

#[test]
fn llama_logits_and_gradients_match_pytorch() {
    logits_and_gradients_match("llama");
}

#[test]
fn gpt_trains_as_in_pytorch() {
    ten_steps_match("gpt");
}

#[test]
fn llama_trains_as_in_pytorch() {
    ten_steps_match("llama");
}
