//! `kolmo bench world`: how fast documents are written, and how fast training reads them.

use std::{hint::black_box, time::Instant};

use kolmo_config::{RunConfig, Schedule};
use kolmo_model::Model;
use kolmo_train::learner::Learner;
use kolmo_world::World;
use serde::Serialize;

use super::{Setup, Times, WARM_UP, per_second};
use crate::settings::{Settings, positive};

/// Time how fast the documents of a configuration are written, beside how fast its training reads them
///
/// Batches are written on one core, as training takes them, each timed by itself. Then so many steps of
/// training are made on the first of them: forward, backward, global-norm clipping, AdamW.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:
  kolmo bench world configs/quickstart.toml --threads 2 --device flex --json")]
pub struct Arguments {
    #[command(flatten)]
    settings: Settings,
    /// Documents to write, rounded up to whole batches
    #[arg(long, value_name = "N", default_value_t = 200_000, value_parser = positive)]
    documents: u64,
    #[command(flatten)]
    setup: Setup,
}

#[derive(Serialize)]
struct Report {
    family: &'static str,
    arch: &'static str,
    device: String,
    threads: usize,
    parameters: u64,
    /// Written on one core.
    documents_per_s: f64,
    tokens_per_s: f64,
    /// Read by training on the device.
    trained_documents_per_s: f64,
    trained_tokens_per_s: f64,
    /// Documents written in the time that training reads one.
    ratio: f64,
}

/// Documents and tokens a second.
struct Rate {
    documents: f64,
    tokens: f64,
}

/// Runs the command.
pub fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let Arguments {
        settings,
        documents,
        setup,
    } = arguments;
    let (config, world) = settings.load()?;
    let device = setup.open()?;
    let mut learner = Learner::fresh(&config, &world, &device.device)?;

    let written = write(&world, &config, *documents);
    let trained = train(&mut learner, &world, &config, setup.steps)?;
    let report = Report {
        family: world.source().name(),
        arch: config.model.name(),
        device: device.name.to_string(),
        threads: learner.workers.threads(),
        parameters: config.model.parameters(world.vocabulary().len()),
        documents_per_s: written.documents,
        tokens_per_s: written.tokens,
        trained_documents_per_s: trained.documents,
        trained_tokens_per_s: trained.tokens,
        ratio: written.documents / trained.documents,
    };
    let words = format!(
        "{} world: {:.0} documents/s and {:.0} tokens/s written on one core; {} of {} parameters on {} with {} \
         threads trains on {:.0} documents/s and {:.0} tokens/s; ratio {:.0}",
        report.family,
        report.documents_per_s,
        report.tokens_per_s,
        report.arch,
        report.parameters,
        report.device,
        report.threads,
        report.trained_documents_per_s,
        report.trained_tokens_per_s,
        report.ratio,
    );
    setup.print(&report, words)
}

/// Writes batches on this core.
fn write(world: &World, config: &RunConfig, documents: u64) -> Rate {
    let rows = config.train.batch_documents;
    let batches = documents.div_ceil(rows as u64);
    let mut times = Times::default();
    let mut tokens = 0;
    for step in 0..WARM_UP as u64 + batches {
        let started = Instant::now();
        let batch = black_box(world.batch(step * rows as u64, rows));
        times.count(step as usize, started);
        tokens += batch.tokens;
    }
    let mean = tokens as f64 / (WARM_UP as u64 + batches) as f64;
    rate(times, rows, mean)
}

/// Trains on the first batches.
fn train(
    learner: &mut Learner<Model>,
    world: &World,
    config: &RunConfig,
    steps: usize,
) -> anyhow::Result<Rate> {
    let rows = config.train.batch_documents;
    let schedule = Schedule::new(&config.train);
    let mut times = Times::default();
    let mut tokens = 0;
    for step in 0..WARM_UP + steps {
        let batch = world.batch((step * rows) as u64, rows);
        let started = Instant::now();
        learner.step(&batch, schedule.learning_rate(step as u64 + 1))?;
        times.count(step, started);
        tokens += batch.tokens;
    }
    Ok(rate(times, rows, tokens as f64 / (WARM_UP + steps) as f64))
}

/// Rates of the median batch, which has `rows` documents and about so many `tokens`.
fn rate(times: Times, rows: usize, tokens: f64) -> Rate {
    let (ms, _) = times.summary();
    Rate {
        documents: per_second(rows as f64, ms),
        tokens: per_second(tokens, ms),
    }
}
