//! What every language model has to hold to, tried with the architectures that there are and with one that is only here: a bag
//! of embeddings. Whoever adds an architecture adds it to [`models`].

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod bag;
mod suite;

use bag::{Bag, BagOf};
use burn::prelude::*;
use kolmo_config::{Architecture, ModelConfig, ParameterSpec, Transformer, model};
use kolmo_model::{LanguageModel, Model};
use kolmo_world::random::Streams;

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

#[test]
fn a_model_has_the_tensors_that_are_described() {
    suite::is_as_described(&bag());
    models().iter().for_each(suite::is_as_described);
}

#[test]
fn a_model_begins_as_it_is_described() {
    suite::begins_as_described(&bag());
    models().iter().for_each(suite::begins_as_described);
}

#[test]
fn the_future_does_not_matter() {
    suite::is_causal(&bag());
    models().iter().for_each(suite::is_causal);
}

#[test]
fn what_is_read_token_by_token_is_what_is_read_at_once() {
    suite::reads_token_by_token(&bag());
    models().iter().for_each(suite::reads_token_by_token);
}

#[test]
fn every_parameter_has_a_gradient_and_following_it_helps() {
    suite::has_gradients(&bag());
    models().iter().for_each(suite::has_gradients);
    suite::learns(&bag());
    models().iter().for_each(suite::learns);
}

#[test]
fn weights_survive_a_file_bit_for_bit() {
    suite::survives_a_file(&bag());
    models().iter().for_each(suite::survives_a_file);
}

#[test]
fn adapters_change_the_matrices_that_are_described_and_nothing_else() {
    suite::is_adapted_where_described(&bag());
    models().iter().for_each(suite::is_adapted_where_described);
}

#[test]
fn parameters_move_and_decay_as_they_are_described() {
    suite::moves_and_decays_as_described(&bag());
    models()
        .iter()
        .for_each(suite::moves_and_decays_as_described);
}
