//! `kolmo bench train`: one training step after another.

use std::time::Instant;

use anyhow::Context;
use kolmo_model::Gpt;
use kolmo_train::{
    TrainConfig,
    learner::{Figures, Learner},
    optimizer::Optimizer,
};
use kolmo_world::{Batch, document::Role, random::Streams};
use rand::RngExt;
use serde::Serialize;

use super::{Shape, WARM_UP, summary};
use crate::progress::print;

/// Time training steps on random tokens: forward, backward, global-norm clipping, AdamW
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:
  kolmo bench train --arch gpt --d-model 128 --layers 4 --heads 4 --batch 128 --seq 32 \\
    --vocab 2048 --steps 30 --threads 2 --device flex --json")]
pub struct Arguments {
    #[command(flatten)]
    shape: Shape,
    /// Parts of a batch on a CPU, as train.shards
    #[arg(long, default_value_t = TrainConfig::default().shards)]
    shards: usize,
}

#[derive(Serialize)]
struct Report {
    arch: &'static str,
    device: String,
    threads: usize,
    shards: usize,
    parameters: u64,
    ms_median: f64,
    ms_best: f64,
    tokens_per_s: f64,
}

/// Runs the command.
pub fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let shape = &arguments.shape;
    let config = shape.model()?;
    let device = shape.open()?;
    let autodiff = device.device.clone().autodiff();
    let streams = Streams::new(1);
    let model = Gpt::new(&config, shape.vocab, &streams, &autodiff)?;
    let optimizer = Optimizer::new(&TrainConfig {
        weight_decay: 0.1,
        ..TrainConfig::default()
    });
    let sizes = (shape.seq, config.head_width());
    let mut learner = Learner::new(model, optimizer, sizes, arguments.shards, &autodiff)?;
    let tokens = streams.stream("bench/tokens");
    let mut times = Vec::with_capacity(shape.steps);
    for step in 0..WARM_UP + shape.steps {
        let mut random = tokens.at(step as u64);
        let count = shape.batch * shape.seq;
        let mut draw = || -> Vec<u32> {
            let draws = (0..count).map(|_| random.random_range(0..shape.vocab as u32));
            draws.collect()
        };
        let batch = Batch {
            rows: shape.batch,
            length: shape.seq,
            inputs: draw(),
            targets: draw(),
            roles: vec![Some(Role::Value); count],
            facts: Vec::new(),
            tokens: count as u64,
        };
        let started = Instant::now();
        let gradient = learner.look(&batch);
        let figures = gradient.figures();
        learner.follow(gradient, 1e-3);
        Figures::read(vec![figures])?;
        if step >= WARM_UP {
            times.push(started.elapsed().as_secs_f64() * 1e3);
        }
    }
    let (ms_median, ms_best) = summary(times);
    let report = Report {
        arch: config.arch.name(),
        device: device.name.to_string(),
        threads: learner.workers.threads(),
        shards: arguments.shards,
        parameters: config.parameters(shape.vocab),
        ms_median,
        ms_best,
        tokens_per_s: (shape.batch * shape.seq) as f64 / ms_median * 1e3,
    };
    Ok(print(&match shape.json {
        true => serde_json::to_string(&report).context("the report has no JSON form")?,
        false => format!(
            "{} of {} parameters on {} with {} threads: {:.2} ms a step (median of {}; best {:.2} ms), {:.0} tokens/s",
            report.arch,
            report.parameters,
            report.device,
            report.threads,
            ms_median,
            shape.steps,
            ms_best,
            report.tokens_per_s
        ),
    })?)
}
