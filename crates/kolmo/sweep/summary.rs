//! `kolmo sweep summary`: the figures of all runs, side by side.

use kolmo_sweep::summary;

use super::{Which, prepare};
use crate::progress::{Volume, say};

/// Write the figures of all runs as tables, Parquet and CSV: one row a run, and one row an evaluation
///
/// `kolmo sweep run` does so at its end; this is for runs that others have run, or are at.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:
  kolmo sweep summary configs/sweeps/model_size.toml")]
pub struct Arguments {
    #[command(flatten)]
    which: Which,
}

/// Runs the command.
pub fn run(arguments: &Arguments, volume: Volume) -> anyhow::Result<()> {
    let (plan, directory) = arguments.which.load()?;
    prepare(&plan, &directory, volume, || directory.prepare(&plan))?;
    summary::write(&plan, &directory)?;
    if volume != Volume::Quiet {
        let folder = directory.summary();
        let folder = folder.display();
        say(&format!(
            "written: {folder}/runs and {folder}/evaluations, .parquet and .csv"
        ));
    }
    Ok(())
}
