//! `kolmo sweep run`: the runs of a sweep on this machine.

use anyhow::Context;
use clap::ValueEnum;
use kolmo_model::{DeviceName, device};
use kolmo_sweep::{
    Plan, PlannedRun, State, SweepDirectory,
    commands::Trainer,
    execute::{Counts, Only, Options, execute},
    gpu,
    machine::Machine,
    pack::{self, Packing},
    state, summary,
};

use super::{Which, display::Display, plan, prepare, status, trainer};
use crate::{
    devices,
    exit::{SweepEnded, Usage},
    output::print,
    progress::{Volume, say},
    stop::StopRequest,
    switches::SwitchFlags,
};

/// Run what is unfinished of a sweep, on every core or GPU of this machine
///
/// Each run is a process of its own. Ctrl-C stops all of them, saved; the same command goes on. What is done is
/// never repeated.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:
  kolmo sweep run configs/sweeps/model_size.toml --devices vulkan:0,vulkan:1 --retry 1

Exit codes: 0 all runs are done, 1 one failed, 3 one diverged, 75 stopped on request")]
pub struct Arguments {
    #[command(flatten)]
    which: Which,
    #[command(flatten)]
    flags: Flags,
    /// Say what would be done, as `kolmo sweep plan` does, and start nothing
    #[arg(long)]
    dry_run: bool,
    /// Print how every run stands at the end, as `kolmo sweep status --json` does
    #[arg(long)]
    json: bool,
}

/// How runs are run.
#[derive(Debug, clap::Args)]
pub struct Flags {
    /// Runs at the same time; by default one a GPU, or on CPUs what a short measurement finds fastest
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..))]
    jobs: Option<u16>,
    /// Devices, with a comma between two; runs take them in turn
    #[arg(long, default_value = "auto", value_delimiter = ',')]
    devices: Vec<String>,
    /// How often a run that fails is begun again, from its last checkpoint
    #[arg(long, default_value_t = 1)]
    retry: u32,
    /// Begin no more runs after so many have failed or diverged
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..))]
    max_fails: Option<u32>,
    /// Only runs that failed or diverged, or only those that did not
    #[arg(long, value_enum)]
    only: Option<OnlyFlag>,
    #[command(flatten)]
    switches: SwitchFlags,
}

impl Flags {
    /// What keeps a faulty GPU from computing wrong numbers.
    pub fn switches(&self) -> &SwitchFlags {
        &self.switches
    }
}

/// Which of the unfinished runs.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum OnlyFlag {
    /// Those that failed or diverged
    Failed,
    /// Those that were not begun, or were stopped or killed
    Pending,
}

/// Runs the command.
pub fn run(arguments: &Arguments, volume: Volume) -> anyhow::Result<()> {
    let (plan, directory) = arguments.which.load()?;
    if arguments.dry_run {
        let devices = devices_named(&arguments.flags.devices, volume)?;
        let device = devices.first().map(|device| device.to_string());
        return plan::show(
            &plan,
            &directory,
            device.as_deref(),
            &arguments.flags.switches,
            arguments.json,
        );
    }
    let stop = StopRequest::listen().context(SIGNALS)?;
    let ended = execute_plan(&plan, &directory, &arguments.flags, stop, volume);
    let printed = match arguments.json {
        true => print(&status::json(state::statuses(&plan, &directory))?),
        false => Ok(()),
    };
    // How the runs ended says more than that nobody reads this.
    ended?;
    Ok(printed?)
}

/// What is said where signals cannot be listened for.
pub const SIGNALS: &str = "could not listen for signals";

/// Runs what is unfinished of `plan` in `directory`, and writes the figures of all its runs.
pub fn execute_plan(
    plan: &Plan,
    directory: &SweepDirectory,
    arguments: &Flags,
    stop: StopRequest,
    volume: Volume,
) -> anyhow::Result<()> {
    let devices = devices_named(&arguments.devices, volume)?;
    let trainer = trainer(&arguments.switches)?;
    let only = match arguments.only {
        None => Only::Unfinished,
        Some(OnlyFlag::Failed) => Only::Failed,
        Some(OnlyFlag::Pending) => Only::Pending,
    };
    let packing = packing(arguments, plan, directory, &trainer, &devices, volume)?;
    let options = Options {
        packing,
        retry: arguments.retry,
        max_fails: arguments.max_fails.map(|most| most as usize),
        only,
    };
    let mut display = Display::new(volume, stop);
    let counts = prepare(plan, directory, volume, || {
        execute(plan, directory, &trainer, &options, &mut display)
    });
    display.finish();
    let counts = counts?;
    let ended = end(&counts, display.is_stopped());
    match (summary::write(plan, directory), &ended) {
        (Ok(()), _) if volume != Volume::Quiet => {
            let root = directory.root().display();
            say(&format!(
                "{} of {} runs done; figures of all in {root}/summary/, curves: tensorboard --logdir {root}/tensorboard",
                counts.done, counts.all
            ));
        }
        (Ok(()), _) => {}
        (Err(error), Ok(())) => return Err(error).context("the summary was not written"),
        // That runs failed says more than that their figures cannot be read.
        (Err(error), Err(_)) => {
            let error = anyhow::Error::new(error);
            say(&format!("warning: the summary was not written: {error:#}"));
        }
    }
    ended
}

fn end(counts: &Counts, is_stopped: bool) -> anyhow::Result<()> {
    let Counts {
        failed, waiting, ..
    } = *counts;
    let diverged = counts.diverged + counts.diverged_before;
    let ended = if is_stopped && waiting > 0 {
        SweepEnded::Stopped { waiting }
    } else if failed > 0 {
        SweepEnded::Failed { failed, diverged }
    } else if diverged > 0 {
        SweepEnded::Diverged { diverged }
    } else {
        return Ok(());
    };
    Err(ended.into())
}

/// The devices, each opened once, so that one that is not there is refused before anything starts. `auto` is every GPU
/// of the API that `kolmo train` takes, or the CPU.
fn devices_named(names: &[String], volume: Volume) -> anyhow::Result<Vec<DeviceName>> {
    let mut devices = Vec::new();
    for name in names {
        let asked = name.trim().parse::<DeviceName>()?;
        devices::say_unused(asked, volume);
        let found = asked.open()?.name;
        match (name.trim(), found) {
            ("auto", DeviceName::Gpu(api, _)) => {
                let all = device::available().into_iter().map(|device| device.name);
                let is_alike =
                    |name: &DeviceName| matches!(name, DeviceName::Gpu(of, _) if *of == api);
                devices.extend(all.filter(is_alike));
            }
            (_, found) => devices.push(found),
        }
    }
    Ok(devices)
}

/// Refuses runs that no GPU computes, and, where somebody chose how many run at once, more than one holds.
fn check_gpus(
    runs: &[&PlannedRun],
    wanted: usize,
    devices: &[DeviceName],
    is_chosen: bool,
) -> anyhow::Result<()> {
    let most = devices
        .iter()
        .filter_map(|device| device.largest_tensor())
        .min();
    for run in runs {
        run.cost.on_gpu.check(&format!("run {}", run.label), most)?;
    }
    if is_chosen {
        gpu::check_jobs(runs, wanted.div_ceil(devices.len()), gpu::free())?;
    }
    Ok(())
}

/// How many runs at once, with how many threads.
fn packing(
    arguments: &Flags,
    plan: &Plan,
    directory: &SweepDirectory,
    trainer: &Trainer,
    devices: &[DeviceName],
    volume: Volume,
) -> anyhow::Result<Packing> {
    let machine = Machine::this(directory.root());
    let names: Vec<String> = devices.iter().map(DeviceName::to_string).collect();
    let is_left = |run: &&PlannedRun| state::state(run, directory).ok() != Some(State::Done);
    let left: Vec<&PlannedRun> = plan.runs.iter().filter(is_left).collect();
    let on_gpu = devices.iter().any(|device| device.on_cubecl());
    let wanted = match (arguments.jobs, on_gpu) {
        (Some(jobs), _) => usize::from(jobs),
        (None, true) => devices.len(),
        (None, false) => machine.cores.min(left.len()).max(1),
    };
    let fits = machine.fit(&left, wanted)?;
    if on_gpu {
        check_gpus(&left, wanted, devices, arguments.jobs.is_some())?;
        return Ok(Packing::new(&names, wanted, machine.cores));
    }
    if arguments.jobs.is_some() {
        if fits < wanted {
            let problem =
                format!("--jobs {wanted}: memory holds {fits} of the runs at the same time");
            return Err(Usage(problem).into());
        }
        return Ok(Packing::new(&names, wanted, machine.cores));
    }
    let candidates = pack::candidates(machine.cores, fits);
    let [(only, _)] = candidates[..] else {
        // That of the middle stands for all.
        let mut by_work = left;
        by_work.sort_by(|a, b| a.cost.flops.total_cmp(&b.cost.flops));
        let middle = by_work[by_work.len() / 2];
        let (mut best, mut words) = ((1, 0.0), Vec::new());
        for (jobs, threads) in candidates {
            let shape = (jobs, threads);
            let rate = pack::measure(
                trainer,
                &middle.config,
                &middle.cost,
                &names[0],
                shape,
                SECONDS,
            )?;
            words.push(format!("{jobs} x {threads}: {rate:.0}"));
            if rate > best.1 {
                best = (jobs, rate);
            }
        }
        if volume != Volume::Quiet {
            say(&format!(
                "{} at once, since that trains fastest (runs x threads: tokens/s): {}",
                best.0,
                words.join(", ")
            ));
        }
        return Ok(Packing::new(&names, best.0, machine.cores));
    };
    Ok(Packing::new(&names, only, machine.cores))
}

/// Time that one way of packing is measured for.
const SECONDS: f64 = 0.3;
