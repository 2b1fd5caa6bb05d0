//! `kolmo bench eval`: one evaluation after another, beside the forward pass of training.

use std::time::Instant;

use anyhow::Context;
use kolmo_eval::measure;
use kolmo_kernels::Workers;
use kolmo_model::{LanguageModel, Model, weights::HostTensor};
use kolmo_probe::{Probe, ProbedFact};
use kolmo_train::shards::{Destination, Shard, shards};
use kolmo_world::{
    Batch, Fact, World, WorldConfig,
    config::{FrequencyConfig, RelationConfig, UniformConfig},
    random::Streams,
};
use serde::Serialize;

use super::{Measured, OfModel, Shape, Times, WARM_UP};

/// Time how fast a model is asked for facts, beside the forward pass of training on as many tokens
///
/// Each row of the batch is one fact: a random prompt of --seq less one tokens and a value of one token. They
/// are asked as in an evaluation of a run. In turns with that the loss of a batch of the same size is computed
/// in shards, as a training step does before its backward pass. --steps counts pairs of both.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:
  kolmo bench eval --arch gpt --d-model 128 --layers 4 --heads 4 --batch 128 --seq 32 \\
    --vocab 2048 --steps 30 --threads 2 --device flex --json")]
pub struct Arguments {
    #[command(flatten)]
    of_model: OfModel,
}

#[derive(Serialize)]
struct Report {
    /// Tokens are of prompts and values.
    #[serde(flatten)]
    asked: Measured,
    forward_ms_median: f64,
    forward_ms_best: f64,
    forward_tokens_per_s: f64,
    /// The former rate over the latter.
    ratio: f64,
}

/// Runs the command.
pub fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let OfModel { shape, setup } = &arguments.of_model;
    let (config, device, model) = arguments.of_model.open()?;
    let workers = Workers::of_machine().context("no threads to evaluate with")?;
    let forward = Forward {
        to: Destination::new(&device.device),
        shards: shape.parts(&config),
    };
    let world = world()?;
    let (mut asked, mut passed) = (Times::default(), Times::default());
    for step in 0..WARM_UP + setup.steps {
        let probe = probe(shape, step);
        let started = Instant::now();
        measure(&model, &world, &probe, &device.device, &workers, &|| false)?;
        asked.count(step, started);
        let batch = shape.batch(step);
        let started = Instant::now();
        forward.run(&model, &batch, &workers)?;
        passed.count(step, started);
    }
    let speed = asked.speed(shape.tokens());
    let forward = passed.speed(shape.tokens());
    let report = Report {
        forward_ms_median: forward.ms_median,
        forward_ms_best: forward.ms_best,
        forward_tokens_per_s: forward.tokens_per_s,
        ratio: forward.ms_median / speed.ms_median,
        asked: shape.measured(&config, &device, &workers, speed),
    };
    let words = format!(
        "{}: {:.2} ms for {} facts (median of {}; best \
         {:.2} ms), {:.0} tokens/s; forward pass of training {:.0} tokens/s; ratio {:.2}",
        report.asked,
        report.asked.speed.ms_median,
        shape.batch,
        setup.steps,
        report.asked.speed.ms_best,
        report.asked.speed.tokens_per_s,
        report.forward_tokens_per_s,
        report.ratio,
    );
    setup.print(&report, words)
}

/// The part of a training step before its backward pass.
struct Forward {
    to: Destination,
    shards: usize,
}

impl Forward {
    /// Computes the loss of every shard, and waits for it.
    fn run(&self, model: &Model, batch: &Batch, workers: &Workers) -> anyhow::Result<()> {
        let shards = shards(batch, &[], self.shards, &self.to);
        let one = |shard: Shard| {
            let loss = model.loss(&shard.tokens, &shard.targets);
            loss.sums
        };
        for sums in workers.map_on(self.to.device(), shards, one) {
            HostTensor::read("losses", sums)?;
        }
        Ok(())
    }
}

/// A world whose values are one token long. Nothing else of it is asked for.
fn world() -> anyhow::Result<World> {
    let relation = RelationConfig {
        name: "value".to_owned(),
        values: Some(1),
        weight: 1.0,
    };
    let config = WorldConfig {
        frequency: FrequencyConfig::Uniform(UniformConfig { elements: 1 }),
        relations: vec![relation],
        ..WorldConfig::default()
    };
    Ok(World::new(&config, 1)?)
}

/// One fact a row, its prompt and its value random.
fn probe(shape: &Shape, step: usize) -> Probe {
    let mut random = Streams::new(1).stream("bench/facts").at(step as u64);
    let mut fact = || ProbedFact {
        class: 0,
        rank: 1,
        fact: Fact {
            element: 0,
            relation: 0,
        },
        probability: 1.0,
        content: 0.0,
        stands_for: 1,
        prompt: shape.draw(shape.seq - 1, &mut random),
        name: 0..0,
        value: shape.draw(1, &mut random),
    };
    Probe {
        classes: Vec::new(),
        facts: (0..shape.batch).map(|_| fact()).collect(),
    }
}
