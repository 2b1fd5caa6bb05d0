//! `kolmo finetune`: one run that begins with what another one has learnt.

use std::{path::PathBuf, time::Instant};

use anyhow::Context;
use kolmo_run::{RunDirectory, checkpoint, is_there};
use kolmo_train::Base;

use crate::{
    exit::Usage,
    progress::Volume,
    settings::Settings,
    stop::StopRequest,
    train::{self, Flags},
};

/// Teach a trained model questions or new facts, and measure what it forgets
///
/// The table finetune of the configuration says what is taught. World, model and seed are those of the run that it begins with. The
/// run directory is like that of kolmo train, and its config.toml repeats the run with kolmo train.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:
  kolmo finetune configs/finetune/instruction.toml --from runs/quickstart-1bc37c7e")]
pub struct Arguments {
    #[command(flatten)]
    settings: Settings,
    /// The run to begin with, of kolmo train or kolmo finetune
    #[arg(long, value_name = "RUN_DIR")]
    from: PathBuf,
    /// Which of its checkpoints; by default the last one of a run that is done
    #[arg(long)]
    step: Option<u64>,
    #[command(flatten)]
    flags: Flags,
}

/// Runs the command.
pub fn run(arguments: &Arguments, volume: Volume) -> anyhow::Result<()> {
    let begun = (
        Instant::now(),
        StopRequest::listen().context("could not listen for signals")?,
    );
    let Arguments {
        settings,
        from,
        step,
        flags,
    } = arguments;
    let base = RunDirectory::at(from);
    if !is_there(base.config())? {
        return Err(Usage(format!("--from: {} is no run of kolmo", from.display())).into());
    }
    let step = match step {
        None => Base::last_step(from)?,
        Some(step) if checkpoint::steps(&base)?.contains(step) => *step,
        Some(step) => {
            let problem = format!(
                "--step: {} has no checkpoint of step {step}",
                from.display()
            );
            return Err(Usage(problem).into());
        }
    };
    let (config, world) = settings.load_finetune(&base, step)?;
    train::train((&config, &world), settings, flags, None, volume, begun)
}
