//! `kolmo train`: one run, from a configuration file to a run directory.

use std::{
    fs,
    path::{Path, PathBuf},
    time::Instant,
};

use anyhow::Context;
use clap::ValueEnum;
use kolmo_codec::Trained;
use kolmo_config::RunConfig;
use kolmo_kernels::Workers;
use kolmo_model::{ComputeDevice, DeviceName, device};
use kolmo_report::{figures, interviews, roles, table};
use kolmo_run::{
    EvaluationRecord, FinalFigures, FinishedRun, Lock, Manifest, Mark, Records, RunDirectory,
    RunState, StepRecord, checkpoint, is_there,
};
use kolmo_sweep::{
    cost::{Cost, WorldSize},
    machine::Machine,
};
use kolmo_train::{COMPANIONS, Job, Outcome, Start, Trunk, load_model};
use kolmo_world::World;

use crate::{
    devices,
    exit::{Stopped, Usage},
    output::print,
    progress::{Progress, Volume, duration, say},
    provenance,
    settings::{self, Settings},
    stop::StopRequest,
    switches::SwitchFlags,
};

/// Train a transformer on a world and measure what it learns
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:
  kolmo train configs/quickstart.toml --set train.learning_rate=1e-3 --set model.arch=llama")]
pub struct Arguments {
    #[command(flatten)]
    settings: Settings,
    #[command(flatten)]
    flags: Flags,
    /// Begin with the steps that are the same in another run, from its newest checkpoint among them: a run of
    /// another length, of one world, model and optimiser. A run with a checkpoint of its own goes on from that
    #[arg(long, value_name = "RUN_DIR")]
    trunk: Option<PathBuf>,
}

/// How a run is run.
#[derive(Debug, clap::Args)]
pub struct Flags {
    /// Where the run goes: a new folder, or that of a run; by default runs/NAME-HASH, of the file and the configuration
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
    /// Leave a finished run as it is; go on with an unfinished one from its newest checkpoint
    Auto,
    /// Remove what kolmo wrote of it, and start again from the first step
    Never,
}

/// Runs the command.
pub fn run(arguments: &Arguments, volume: Volume) -> anyhow::Result<()> {
    let started = Instant::now();
    let stop = StopRequest::listen().context("could not listen for signals")?;
    let (config, world) = arguments.settings.load()?;
    let Arguments {
        settings,
        flags,
        trunk,
    } = arguments;
    let settled = (&config, &world);
    train(
        settled,
        settings,
        flags,
        trunk.as_deref(),
        volume,
        (started, stop),
    )
}

/// Trains the run of a settled configuration and its world, from `settings`; `begun` is when the program was, and who stops it.
pub fn train(
    (config, world): (&RunConfig, &World),
    settings: &Settings,
    arguments: &Flags,
    trunk_directory: Option<&Path>,
    volume: Volume,
    (started, stop): (Instant, StopRequest),
) -> anyhow::Result<()> {
    let device: DeviceName = arguments.device.parse()?;
    let directory = directory(arguments, settings, config)?;

    // A folder that is not a run's stays as it is. A finished run needs neither a device nor the directory for itself.
    let there = RunDirectory::at(&directory);
    let mark = there.owner()?;
    if arguments.resume == Resume::Auto
        && let Some(mark) = &mark
        && let Some(finished) = finished(&there, mark, config)?
    {
        return show_finished(finished, config, world, arguments, volume);
    }
    let trunk = trunk(trunk_directory, arguments.resume, config, &there)?;
    let lesson = config.lesson(world)?;
    let cost = Cost::of(config, WorldSize::of(world));
    // Before a driver starts, where a GPU is named; `auto` may be one.
    cost.on_gpu.check("the run", device.largest_tensor())?;
    arguments.switches.apply()?;
    devices::say_unused(device, volume);
    let device = device.open()?;
    match device.name.on_cubecl() {
        true => cost.on_gpu.check("the run", device.name.largest_tensor())?,
        // The folder's disk is another matter.
        false => Machine::this(&directory).holds(&cost, config.train.shards)?,
    }
    let is_new = !is_there(&directory)?;
    let run = RunDirectory::open_or_create(directory)?;
    let lock = Lock::take(run.root())?;
    let start = match arguments.resume {
        Resume::Auto => Start::Resume,
        Resume::Never => Start::Anew,
    };
    // Again, for another process may have been at work until the lock was free.
    let mark = run.owner()?;
    if start == Start::Resume
        && let Some(mark) = &mark
        && let Some(finished) = finished(&run, mark, config)?
    {
        return show_finished(finished, config, world, arguments, volume);
    }
    announce(config, world, &device, &run, volume);

    let mut progress = Progress::new(volume, config.train.steps(), stop.clone());
    let job = Job {
        config,
        world,
        device: &device,
        run: &run,
        lock: &lock,
        lesson: lesson.as_ref(),
        trunk: trunk.as_ref(),
        companions: COMPANIONS,
    };
    let stopped = |step| {
        let anew = start == Start::Anew;
        anyhow::Error::new(Stopped { step, anew })
    };
    let trained = kolmo_train::train(&job, start, provenance::this(&device), &mut progress);
    progress.finish();
    let trained = match trained {
        Ok(trained) => trained,
        Err(error) => {
            drop(lock);
            // A run that could not begin leaves nothing. A folder with anything in it is not removed so.
            if is_new {
                let _ = fs::remove_dir(run.root());
            }
            return Err(error.into());
        }
    };
    match trained {
        Outcome::Finished(mut manifest) => match measure_compression(&job, &stop, volume)? {
            true => finish(&job, *manifest, arguments, volume, started),
            false => {
                let step = config.train.steps();
                manifest.let_go(RunState::Stopped, step);
                manifest.write(&run)?;
                Err(stopped(step))
            }
        },
        Outcome::Stopped(step) => Err(stopped(step)),
    }
}

/// The run that this one begins with, where it has no step of its own.
fn trunk(
    directory: Option<&Path>,
    resume: Resume,
    config: &RunConfig,
    run: &RunDirectory,
) -> anyhow::Result<Option<Trunk>> {
    let Some(directory) = directory else {
        return Ok(None);
    };
    if resume == Resume::Auto && !checkpoint::steps(run)?.is_empty() {
        return Ok(None);
    }
    let shown = directory.display();
    let is_itself = fs::canonicalize(directory)
        .is_ok_and(|trunk| fs::canonicalize(run.root()).is_ok_and(|run| run == trunk));
    if is_itself {
        let problem = format!("{shown} is the directory of the run itself: name another --trunk");
        return Err(Usage(problem).into());
    }
    let trunk = RunDirectory::at(directory);
    if !is_there(trunk.config())? {
        say(&format!(
            "warning: there is no run in {shown} yet: this one begins at its first step"
        ));
        return Ok(None);
    }
    let trunk_config = settings::of_run(&trunk)?;
    Ok(Some(Trunk::new(trunk, &trunk_config, config)?))
}

/// The run directory: the one named, or one named after the configuration.
fn directory(
    arguments: &Flags,
    settings: &Settings,
    config: &RunConfig,
) -> anyhow::Result<PathBuf> {
    if let Some(directory) = &arguments.run_dir {
        return Ok(directory.clone());
    }
    Ok(settings.directory(&config.identity()?[..8], ""))
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
        world.source().name(),
        world.frequency().elements(),
        world.relations().len(),
        world.relation_draw().per_document(),
        world.max_document_length(),
    ));
    say(&format!("        e.g. {}", example(world)));
    say(&format!(
        "model   {}: {} parameters ({} of them embeddings)",
        config.model.name(),
        config.model.parameters(vocabulary),
        config.model.embedding_parameters(vocabulary),
    ));
    let adapter = device.adapter.as_deref();
    let adapter = adapter
        .map(|adapter| format!(" ({adapter})"))
        .unwrap_or_default();
    if let Some(finetune) = &config.finetune {
        let from = finetune.from.as_deref().unwrap_or_default();
        let step = finetune.base.as_ref().map_or(0, |base| base.step);
        say(&format!("from    {from}, step {step}"));
    }
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
    job: &Job<'_>,
    mut manifest: Manifest,
    arguments: &Flags,
    volume: Volume,
    started: Instant,
) -> anyhow::Result<()> {
    let Job { world, run, .. } = *job;
    let last_step = job.config.train.steps();
    let (last, records) = FinalFigures::of(run, manifest.parameters, last_step)?;
    let Records { steps, evaluations } = records;
    // A plot that fails is no reason to lose a run.
    let is_tuned = job.config.finetune.is_some();
    let drawn = match is_tuned {
        true => figures::write_tuned(run, world, &evaluations),
        false => figures::write(run, world, &steps, &evaluations),
    };
    manifest.let_go(RunState::Done, last_step);
    manifest.write(run)?;
    last.write(run)?;
    show((job.config, world), &evaluations, &steps, volume);
    if volume != Volume::Quiet {
        let root = run.root().display();
        say(&format!(
            "\ndone in {}: {root}/",
            duration(started.elapsed())
        ));
        let names = match is_tuned {
            true => "interviews.svg, classes.svg",
            false => "value_loss.svg, classes.svg, redundancy.svg",
        };
        say(&format!("  figures  {root}/figures/{names}"));
        say(&format!(
            "  curves   tensorboard --logdir {root}/tensorboard"
        ));
    }
    if let Err(error) = drawn {
        let error = anyhow::Error::new(error);
        say(&format!("warning: the figures were not drawn: {error:#}"));
    }
    print_json(&last, arguments)
}

/// What a run that has `[compression]` is as a compressor, in its compression.json. False if it was stopped on the way.
fn measure_compression(job: &Job<'_>, stop: &StopRequest, volume: Volume) -> anyhow::Result<bool> {
    let Some(compression) = &job.config.compression else {
        return Ok(true);
    };
    if volume != Volume::Quiet {
        say("measuring the run as a compressor");
    }
    let Job {
        config,
        world,
        device,
        run,
        ..
    } = *job;
    let step = config.train.steps();
    let trained = Trained {
        config,
        world,
        model: &load_model(config, world, run, step, &device.device)?,
        step,
        device,
        workers: &Workers::of_machine().context("no threads to compute with")?,
    };
    let record = kolmo_codec::measure(trained, compression.documents, &|| stop.is_asked())?;
    if let Some(record) = &record {
        record.write(run)?;
    }
    Ok(record.is_some())
}

/// The run in the directory `run` if it is done. Refuses to take the directory of a run of another configuration. A process
/// that was killed as it began may have left `mark`, that of the manifest, and no configuration.
fn finished(
    run: &RunDirectory,
    mark: &Mark,
    config: &RunConfig,
) -> anyhow::Result<Option<FinishedRun>> {
    let identity = config.identity()?;
    let there = match is_there(run.config())? {
        true => Some(settings::of_run(run)?.identity()?),
        false => mark.config_blake3.clone(),
    };
    if there.as_ref() == Some(&identity) {
        let steps = config.train.steps();
        return Ok(FinishedRun::open(run, &identity, steps)?);
    }
    let problem = format!(
        "{} holds a run of another configuration: name another --run-dir, or replace it with \
         --resume never",
        run.root().display()
    );
    Err(Usage(problem).into())
}

/// A run that needs nothing more: its figures again.
fn show_finished(
    run: FinishedRun,
    config: &RunConfig,
    world: &World,
    arguments: &Flags,
    volume: Volume,
) -> anyhow::Result<()> {
    let Records { steps, evaluations } = run.records()?;
    let run_dir = run.directory.root();
    if volume != Volume::Quiet {
        say(&format!(
            "{} is finished already; --resume never runs it again",
            run_dir.display()
        ));
    }
    show((config, world), &evaluations, &steps, volume);
    let last = FinalFigures {
        run_dir: run_dir.to_path_buf(),
        ..run.figures
    };
    print_json(&last, arguments)
}

/// The table of the last evaluation, and the training loss by role beside the exact predictors.
fn show(
    (config, world): (&RunConfig, &World),
    evaluations: &[EvaluationRecord],
    steps: &[StepRecord],
    volume: Volume,
) {
    if volume == Volume::Quiet {
        return;
    }
    say(&format!("\n{}", table::final_table(world, evaluations)));
    let more = match config.finetune {
        Some(_) => interviews::interview_table(evaluations),
        None => roles::training_table(steps, evaluations),
    };
    if let Some(text) = more {
        say(text.trim_end());
    }
}

fn print_json(last: &FinalFigures, arguments: &Flags) -> anyhow::Result<()> {
    if arguments.json {
        print(&serde_json::to_string(last).context("the figures have no JSON form")?)?;
    }
    Ok(())
}
