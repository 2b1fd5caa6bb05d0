//! `kolmo sweep submit`: the runs as jobs of a cluster.

use clap::ValueEnum;
use kolmo_sweep::{
    commands::quoted,
    slurm::{Queue, submit},
};

use super::{Which, prepare, trainer};
use crate::{
    output::{print, print_command},
    progress::{Volume, say},
    switches::SwitchFlags,
};

/// Submit what is unfinished of a sweep to a cluster, one job array element a run
///
/// What is in the queue already is not submitted again. A run that is warned ahead of its time limit saves and is
/// put back into the queue.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:
  kolmo sweep submit configs/sweeps/model_size.toml --engine slurm --dry-run")]
pub struct Arguments {
    #[command(flatten)]
    which: Which,
    /// The cluster's scheduler
    #[arg(long, value_enum)]
    engine: Engine,
    /// Write the scripts, print the commands that would submit them, and submit nothing
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    switches: SwitchFlags,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Engine {
    Slurm,
}

/// Runs the command.
pub fn run(arguments: &Arguments, volume: Volume) -> anyhow::Result<()> {
    let (plan, directory) = arguments.which.load()?;
    let trainer = trainer(&arguments.switches)?;
    let Engine::Slurm = arguments.engine;
    let queue = (!arguments.dry_run).then_some(Queue);
    let arrays = prepare(&plan, &directory, volume, || {
        submit(&plan, &directory, &trainer, queue.as_ref())
    })?;
    for array in &arrays {
        match array.job {
            Some(job) => print(&job.to_string())?,
            None => {
                let words = array.arguments.iter().map(String::as_str);
                print_command(&format!("sbatch {}", quoted(words)?))?;
            }
        }
    }
    if volume != Volume::Quiet {
        let count: usize = arrays.iter().map(|array| array.runs.len()).sum();
        let folder = directory.slurm();
        let what = match (count, arguments.dry_run) {
            (0, _) => "nothing to submit: every run is done, under way, in the queue, or diverged"
                .to_owned(),
            (count, true) => format!(
                "{count} runs would be submitted; scripts are in {}/",
                folder.display()
            ),
            (count, false) => format!(
                "{count} runs submitted; scripts are in {}/",
                folder.display()
            ),
        };
        say(&what);
    }
    Ok(())
}
