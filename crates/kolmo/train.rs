//! `kolmo train`: one run, from a configuration file to a run directory.

use std::{
    fs,
    path::{Path, PathBuf},
    time::Instant,
};

use anyhow::Context;
use clap::ValueEnum;
use kolmo_model::{ComputeDevice, DeviceName, device};
use kolmo_report::{figures, roles, table};
use kolmo_run::{EvaluationRecord, RunDirectory, RunState, StepRecord, read_jsonl, short_hash};
use kolmo_train::{Outcome, Provenance, RunConfig};
use kolmo_world::World;
use serde::Serialize;

use crate::{
    exit::Usage,
    progress::{Progress, Volume, duration, print, say},
    settings::Settings,
    switches::SwitchFlags,
    version,
};

/// Train a transformer on a world and measure what it learns
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:
  kolmo train configs/quickstart.toml --set train.learning_rate=1e-3 --set model.arch=llama")]
pub struct Arguments {
    #[command(flatten)]
    settings: Settings,
    /// Where the run goes; by default runs/NAME-HASH, of the file and the configuration
    #[arg(long, value_name = "DIR")]
    run_dir: Option<PathBuf>,
    // A plain text, for rustdoc would read `[:k]` as a link.
    #[arg(long, default_value = "auto", help = format!("Where to train: {}", device::NAMES))]
    device: String,
    #[command(flatten)]
    switches: SwitchFlags,
    /// What to do with a run that is there already
    #[arg(long, value_enum, default_value_t = Resume::Auto)]
    resume: Resume,
    /// Print the final figures as one JSON object on standard output
    #[arg(long)]
    json: bool,
}

/// What to do with a run that is there already.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Resume {
    /// Leave a finished run as it is; start an unfinished one again from the first step
    Auto,
    /// Replace it
    Never,
}

/// What `DONE` holds and `--json` prints.
#[derive(Serialize)]
struct Final<'a> {
    run_dir: &'a Path,
    parameters: u64,
    last_step: Option<&'a StepRecord>,
    last_evaluation: Option<&'a EvaluationRecord>,
}

/// Runs the command.
pub fn run(arguments: &Arguments, volume: Volume) -> anyhow::Result<()> {
    let started = Instant::now();
    let (config, world) = arguments.settings.load()?;
    let device: DeviceName = arguments.device.parse()?;
    let directory = directory(arguments, &config)?;

    // Before anything is made or opened: a finished run needs neither folder nor device.
    let there = directory
        .is_dir()
        .then(|| RunDirectory::open_or_create(&directory));
    if let Some(run) = there.transpose()?.filter(RunDirectory::holds_a_run)
        && arguments.resume == Resume::Auto
    {
        check_same(&run, &config)?;
        if run.is_done() {
            return show_finished(&run, &config, &world, arguments, volume);
        }
    }
    arguments.switches.apply()?;
    let device = device.open()?;
    let run = RunDirectory::open_or_create(directory)?;
    announce(&config, &world, &device, &run, volume);
    run.clear()?;

    let mut progress = Progress::new(volume, config.train.steps());
    let provenance = Provenance {
        kolmo_version: version::VERSION.to_owned(),
        git_revision: version::REVISION.map(str::to_owned),
        command_line: std::env::args().collect(),
    };
    let trained = kolmo_train::train(&config, &world, &device, &run, provenance, &mut progress);
    progress.finish();
    let outcome = trained?;
    finish(&run, &world, outcome, arguments, volume, started)
}

/// The run directory: the one named, or one named after the configuration.
fn directory(arguments: &Arguments, config: &RunConfig) -> anyhow::Result<PathBuf> {
    if let Some(directory) = &arguments.run_dir {
        return Ok(directory.clone());
    }
    let hash = short_hash(&config.to_toml()?);
    Ok(arguments.settings.directory(&hash, ""))
}

fn announce(
    config: &RunConfig,
    world: &World,
    device: &ComputeDevice,
    run: &RunDirectory,
    volume: Volume,
) {
    if volume == Volume::Quiet {
        return;
    }
    let vocabulary = world.vocabulary().len();
    say(&format!(
        "world   {}: {} elements, {} relations, {} stated a document; {vocabulary} tokens, documents of up to {}",
        config.world.family.name(),
        world.frequency().elements(),
        world.relations().len(),
        world.relation_draw().per_document(),
        world.max_document_length(),
    ));
    say(&format!("        e.g. {}", example(world)));
    say(&format!(
        "model   {}: {} parameters ({} of them embeddings)",
        config.model.arch.name(),
        config.model.parameters(vocabulary),
        config.model.embedding_parameters(vocabulary),
    ));
    let adapter = device.adapter.as_deref();
    let adapter = adapter
        .map(|adapter| format!(" ({adapter})"))
        .unwrap_or_default();
    say(&format!(
        "train   {} steps of {} documents on {}{adapter}",
        config.train.steps(),
        config.train.batch_documents,
        device.name,
    ));
    say(&format!("run     {}\n", run.root().display()));
}

/// Document 0, readable.
fn example(world: &World) -> String {
    let document = world.document(0);
    let words = document.tokens.len().saturating_sub(1);
    world.vocabulary().text(&document.tokens[..words])
}

/// What comes after the last step: figures, table, manifest, and `DONE` last.
fn finish(
    run: &RunDirectory,
    world: &World,
    outcome: Outcome,
    arguments: &Arguments,
    volume: Volume,
    started: Instant,
) -> anyhow::Result<()> {
    let mut warnings = outcome.warnings;
    // A plot that fails is no reason to lose a run.
    if let Err(error) = figures::write(run, world, &outcome.steps, &outcome.evaluations) {
        warnings.push(format!(
            "the figures were not drawn: {:#}",
            anyhow::Error::new(error)
        ));
    }
    let mut manifest = outcome.manifest;
    manifest.finish(RunState::Done);
    manifest.write(run)?;
    let last = Final {
        run_dir: run.root(),
        parameters: manifest.parameters,
        last_step: outcome.steps.last(),
        last_evaluation: outcome.evaluations.last(),
    };
    run.mark_done(&last)?;
    show(world, &outcome.evaluations, &outcome.steps, volume);
    if volume != Volume::Quiet {
        let root = run.root().display();
        say(&format!(
            "\ndone in {}: {root}/",
            duration(started.elapsed())
        ));
        say(&format!(
            "  figures  {root}/figures/value_loss.svg, classes.svg, redundancy.svg"
        ));
        say(&format!(
            "  curves   tensorboard --logdir {root}/tensorboard"
        ));
    }
    for warning in warnings {
        say(&format!("warning: {warning}"));
    }
    print_json(&last, arguments)
}

/// Refuses to take the directory of a run of another configuration.
fn check_same(run: &RunDirectory, config: &RunConfig) -> anyhow::Result<()> {
    let there = fs::read_to_string(run.config()).unwrap_or_default();
    let there = RunConfig::parse(&there, &[]).and_then(RunConfig::settle);
    if there.is_ok_and(|(there, _)| there == *config) {
        return Ok(());
    }
    let directory = run.root().display();
    let problem = format!(
        "{directory} holds a run of another configuration: name another --run-dir, or replace it \
         with --resume never"
    );
    Err(Usage(problem).into())
}

/// A run that needs nothing more: its figures again.
fn show_finished(
    run: &RunDirectory,
    config: &RunConfig,
    world: &World,
    arguments: &Arguments,
    volume: Volume,
) -> anyhow::Result<()> {
    let evaluations: Vec<EvaluationRecord> = read_jsonl(run.evaluations())?;
    let steps: Vec<StepRecord> = read_jsonl(run.metrics())?;
    if volume != Volume::Quiet {
        say(&format!(
            "{} is finished already; --resume never runs it again",
            run.root().display()
        ));
    }
    show(world, &evaluations, &steps, volume);
    let last = Final {
        run_dir: run.root(),
        parameters: config.model.parameters(world.vocabulary().len()),
        last_step: steps.last(),
        last_evaluation: evaluations.last(),
    };
    print_json(&last, arguments)
}

/// The table of the last evaluation, and the training loss by role beside the exact predictors.
fn show(world: &World, evaluations: &[EvaluationRecord], steps: &[StepRecord], volume: Volume) {
    if volume == Volume::Quiet {
        return;
    }
    say(&format!("\n{}", table::final_table(world, evaluations)));
    if let Some(text) = roles::training_table(steps, evaluations) {
        say(text.trim_end());
    }
}

fn print_json(last: &Final<'_>, arguments: &Arguments) -> anyhow::Result<()> {
    if arguments.json {
        print(&serde_json::to_string(last).context("the figures have no JSON form")?)?;
    }
    Ok(())
}
