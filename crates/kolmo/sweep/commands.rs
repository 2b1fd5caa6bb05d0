//! `kolmo sweep commands`: the runs as shell commands, for any engine.

use kolmo_sweep::{PlannedRun, slurm::left};

use super::{Which, prepare, trainer};
use crate::{
    output::print_command,
    progress::{Volume, say},
    switches::SwitchFlags,
};

/// Print one shell command for each run, for any engine that runs commands
///
/// Each trains its run, or goes on with it, or does nothing if it is done. Runs that others leave come first: a
/// run that finds no checkpoint of its trunk trains from its first step, to the same bits.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:
  kolmo sweep commands configs/sweeps/model_size.toml --pending | parallel -j 4")]
pub struct Arguments {
    #[command(flatten)]
    which: Which,
    /// Only those of runs that are unfinished, and that nobody has
    #[arg(long)]
    pending: bool,
    /// The device of every run
    #[arg(long, default_value = "auto")]
    device: String,
    #[command(flatten)]
    switches: SwitchFlags,
}

/// Runs the command.
pub fn run(arguments: &Arguments, volume: Volume) -> anyhow::Result<()> {
    let (plan, directory) = arguments.which.load()?;
    let _: kolmo_model::DeviceName = arguments.device.parse()?;
    prepare(&plan, &directory, volume, || directory.prepare(&plan))?;
    // Whoever runs them may be anywhere.
    let directory = directory.absolute()?;
    let trainer = trainer(&arguments.switches)?;
    let left = match arguments.pending {
        true => Some(left(&plan, &directory)?),
        false => None,
    };
    let is_wanted = |run: &PlannedRun| left.as_ref().is_none_or(|left| left.contains(&run.id));
    let [first, then] = plan.in_order(is_wanted);
    for run in first.iter().chain(&then) {
        print_command(&trainer.line(run, &directory, Some(&arguments.device))?)?;
    }
    if first.is_empty() && then.is_empty() && volume != Volume::Quiet {
        say("every run is done, under way, or diverged");
    }
    Ok(())
}
