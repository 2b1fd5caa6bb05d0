//! `kolmo bench`: how fast training, evaluation, the world and compression are on this machine, and how activations go with
//! the width of a model. One file per subcommand.

use std::{fmt, time::Instant};

use anyhow::Context;
use clap::{Args, Subcommand};
use kolmo_config::{ModelConfig, RunConfig, TrainConfig};
use kolmo_kernels::Workers;
use kolmo_model::{ComputeDevice, DeviceName, Model, device};
use kolmo_world::{
    Batch,
    document::Role,
    random::{Random, Streams},
};
use rand::RngExt;
use serde::Serialize;

use crate::{exit::Usage, output::print, progress::Volume, switches::SwitchFlags};

mod compress;
mod coordinates;
mod eval;
mod generate;
mod train;
mod world;

/// Measure how fast this machine trains, evaluates, writes documents and compresses, and how training goes with the width
#[derive(Debug, Args)]
#[command(
    arg_required_else_help = true,
    after_help = "Example:\n  kolmo bench train --d-model 64 --layers 2 --batch 256 --seq 16 --vocab 1024"
)]
pub struct Arguments {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    Train(train::Arguments),
    Eval(eval::Arguments),
    Generate(generate::Arguments),
    World(world::Arguments),
    Coordinates(coordinates::Arguments),
    Compress(compress::Arguments),
}

/// Runs the command.
pub fn run(arguments: &Arguments, _volume: Volume) -> anyhow::Result<()> {
    match &arguments.what {
        What::Train(arguments) => train::run(arguments),
        What::Eval(arguments) => eval::run(arguments),
        What::Generate(arguments) => generate::run(arguments),
        What::World(arguments) => world::run(arguments),
        What::Coordinates(arguments) => coordinates::run(arguments),
        What::Compress(arguments) => compress::run(arguments),
    }
}

/// What is measured: a model and a batch.
#[derive(Debug, Args)]
struct Shape {
    /// Architecture: gpt or llama
    #[arg(long, default_value = "gpt")]
    arch: String,
    /// Width of the residual stream
    #[arg(long, default_value_t = 128)]
    d_model: usize,
    /// Blocks
    #[arg(long, default_value_t = 4)]
    layers: usize,
    /// Attention heads
    #[arg(long, default_value_t = 4)]
    heads: usize,
    /// The model of a configuration as a TOML table, in place of the four above: { arch = "gpt", d_model = 64 }
    #[arg(long, value_name = "TABLE", conflicts_with_all = ["arch", "d_model", "layers", "heads"])]
    model: Option<String>,
    /// Rows of a batch
    #[arg(long, default_value_t = 128)]
    batch: usize,
    /// Tokens of a row
    #[arg(long, default_value_t = 32)]
    seq: usize,
    /// Tokens of the vocabulary
    #[arg(long, default_value_t = 2048)]
    vocab: usize,
    /// Parts of a batch on a CPU, as train.shards
    #[arg(long, default_value_t = TrainConfig::default().shards)]
    shards: usize,
}

/// How it is measured, and where.
#[derive(Debug, Args)]
struct Setup {
    /// Steps measured, after 5 that are not
    #[arg(long, default_value_t = 30)]
    steps: usize,
    #[command(flatten)]
    machine: Machine,
}

/// A model that is measured, how, and where.
#[derive(Debug, Args)]
struct OfModel {
    #[command(flatten)]
    shape: Shape,
    #[command(flatten)]
    setup: Setup,
}

/// Where something is measured.
#[derive(Debug, Args)]
struct Machine {
    /// Threads; by default one a core
    #[arg(long)]
    threads: Option<usize>,
    #[arg(long, default_value = "auto", help = format!("Where: {}", device::NAMES))]
    device: String,
    #[command(flatten)]
    switches: SwitchFlags,
    /// Print one line of JSON
    #[arg(long)]
    json: bool,
}

/// Steps before those that are measured.
const WARM_UP: usize = 5;

/// Tokens of the largest batch: the largest that anybody trains with are a few millions.
const MOST_TOKENS: usize = 1 << 26;

impl Shape {
    /// How it is trained.
    fn train(&self) -> TrainConfig {
        TrainConfig {
            batch_documents: self.batch,
            shards: self.shards,
            ..TrainConfig::default()
        }
    }

    /// The parts that training splits a batch into.
    fn parts(&self, model: &ModelConfig) -> usize {
        // What a row is made of has a token more, which is read and not predicted.
        self.train().parts(&**model, self.vocab, self.seq + 1)
    }

    /// The beginning of a report on `model`.
    fn measured(
        &self,
        model: &ModelConfig,
        device: &ComputeDevice,
        workers: &Workers,
        speed: Speed,
    ) -> Measured {
        Measured {
            arch: model.name(),
            device: device.name.to_string(),
            processor: Processor::here(),
            threads: workers.threads(),
            shards: self.parts(model),
            parameters: model.parameters(self.vocab),
            speed,
        }
    }

    /// The model, if it and the batch can be.
    fn model(&self) -> anyhow::Result<ModelConfig> {
        let names: Vec<_> = ModelConfig::every()
            .iter()
            .map(|model| model.name())
            .collect();
        if !names.contains(&self.arch.as_str()) {
            let problem = format!("--arch {}: valid is {}", self.arch, names.join(" or "));
            return Err(Usage(problem).into());
        }
        for (flag, value, most) in [
            ("--batch", self.batch, 1 << 20),
            ("--seq", self.seq, 1 << 20),
            ("--vocab", self.vocab, 1 << 20),
            ("--shards", self.shards, 1024),
        ] {
            check(flag, value, most)?;
        }
        if self.tokens() > MOST_TOKENS {
            let problem = format!(
                "--batch {} --seq {}: valid is at most {MOST_TOKENS} tokens in a batch",
                self.batch, self.seq
            );
            return Err(Usage(problem).into());
        }
        let table = self.model.clone().unwrap_or_else(|| {
            format!(
                "{{ arch = {:?}, d_model = {}, layers = {}, heads = {} }}",
                self.arch, self.d_model, self.layers, self.heads
            )
        });
        let config = RunConfig::parse(&format!("model = {table}"), &[])?;
        config.model.check()?;
        Ok(config.model)
    }

    /// Tokens of a batch.
    fn tokens(&self) -> usize {
        self.batch * self.seq
    }

    /// So many tokens of the vocabulary.
    fn draw(&self, count: usize, random: &mut Random) -> Vec<u32> {
        let draws = (0..count).map(|_| random.random_range(0..self.vocab as u32));
        draws.collect()
    }

    /// A batch of random tokens, every one of which is to be predicted; each step has its own.
    fn batch(&self, step: usize) -> Batch {
        let mut random = Streams::new(1).stream("bench/tokens").at(step as u64);
        let count = self.tokens();
        Batch {
            rows: self.batch,
            length: self.seq,
            inputs: self.draw(count, &mut random),
            targets: self.draw(count, &mut random),
            roles: vec![Some(Role::Value); count],
            facts: Vec::new(),
            tokens: count as u64,
        }
    }
}

impl Setup {
    /// The device, with the threads that are to serve it.
    fn open(&self) -> anyhow::Result<ComputeDevice> {
        check("--steps", self.steps, 1 << 20)?;
        self.machine.open()
    }

    /// Prints the report, or what it says in words.
    fn print(&self, report: &impl Serialize, words: String) -> anyhow::Result<()> {
        self.machine.print(report, words)
    }
}

impl Machine {
    /// The device, with the threads that are to serve it.
    fn open(&self) -> anyhow::Result<ComputeDevice> {
        if let Some(threads) = self.threads {
            check("--threads", threads, 1024)?;
            rayon::ThreadPoolBuilder::new()
                .num_threads(threads)
                .build_global()?;
        }
        let device: DeviceName = self.device.parse()?;
        self.switches.apply()?;
        Ok(device.open()?)
    }

    /// Prints the report, or what it says in words.
    fn print(&self, report: &impl Serialize, words: String) -> anyhow::Result<()> {
        Ok(print(&match self.json {
            true => serde_json::to_string(report).context("the report has no JSON form")?,
            false => words,
        })?)
    }
}

fn check(flag: &str, value: usize, most: usize) -> Result<(), Usage> {
    match (1..=most).contains(&value) {
        true => Ok(()),
        false => Err(Usage(format!("{flag} {value}: valid is 1 to {most}"))),
    }
}

impl OfModel {
    /// The configuration of the model, the device, and the model there.
    fn open(&self) -> anyhow::Result<(ModelConfig, ComputeDevice, Model)> {
        let config = self.shape.model()?;
        let device = self.setup.open()?;
        let streams = Streams::new(1);
        let model = Model::new(&config, self.shape.vocab, &streams, &device.device)?;
        Ok((config, device, model))
    }
}

/// How long something takes, and what that is in tokens a second: of a report.
#[derive(Debug, Serialize)]
struct Speed {
    ms_median: f64,
    ms_best: f64,
    tokens_per_s: f64,
}

/// What was measured, where, and how fast it is: the beginning of a report.
#[derive(Debug, Serialize)]
struct Measured {
    arch: &'static str,
    device: String,
    #[serde(flatten)]
    processor: Processor,
    threads: usize,
    shards: usize,
    parameters: u64,
    #[serde(flatten)]
    speed: Speed,
}

/// The processor of this machine.
#[derive(Debug, Serialize)]
struct Processor {
    /// What it calls itself, where the system says so.
    processor: Option<String>,
    /// Its instructions that operations on the CPU are made of.
    instructions: &'static str,
}

impl Processor {
    fn here() -> Self {
        Self {
            processor: kolmo_run::Machine::this().processor,
            instructions: kolmo_kernels::instructions(),
        }
    }
}

impl fmt::Display for Processor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self
            .processor
            .as_deref()
            .unwrap_or("a processor without a name");
        write!(f, "{name}, {}", self.instructions)
    }
}

impl fmt::Display for Measured {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            arch,
            device,
            processor,
            threads,
            parameters,
            ..
        } = self;
        write!(
            f,
            "{arch} of {parameters} parameters on {device} ({processor}) with {threads} threads"
        )
    }
}

/// Times of what is done again and again.
#[derive(Debug, Default)]
struct Times {
    ms: Vec<f64>,
}

impl Times {
    /// Counts the time since `started`, if `step` is past the warm-up.
    fn count(&mut self, step: usize, started: Instant) {
        self.count_each(step, started, 1);
    }

    /// The same where `count` were done in that time, for each of them.
    fn count_each(&mut self, step: usize, started: Instant, count: usize) {
        if step >= WARM_UP {
            let ms = started.elapsed().as_secs_f64() * 1e3;
            self.ms.push(ms / count as f64);
        }
    }

    /// How many were counted.
    fn len(&self) -> usize {
        self.ms.len()
    }

    /// Median and best, milliseconds. There is at least one.
    fn summary(mut self) -> (f64, f64) {
        self.ms.sort_unstable_by(f64::total_cmp);
        (self.ms[self.ms.len() / 2], self.ms[0])
    }

    /// How fast it goes, if so many tokens are read or written each time.
    fn speed(self, tokens: usize) -> Speed {
        let (ms_median, ms_best) = self.summary();
        Speed {
            ms_median,
            ms_best,
            tokens_per_s: per_second(tokens as f64, ms_median),
        }
    }
}

/// How many a second, if `count` take `ms` milliseconds.
fn per_second(count: f64, ms: f64) -> f64 {
    count / ms * 1e3
}
