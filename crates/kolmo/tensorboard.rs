//! `kolmo tensorboard`: the event files of a run, from its JSON lines.

use std::path::PathBuf;

use kolmo_run::{FinishedRun, Lock, Records, RunDirectory, TensorBoard, read_jsonl};
use kolmo_train::hparams;

use crate::{
    exit::Usage,
    progress::{Volume, say},
    settings,
};

/// Write the event files of a run anew, from metrics.jsonl and evaluations.jsonl
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:
  kolmo tensorboard runs/quickstart-1bc37c7e && tensorboard --logdir runs")]
pub struct Arguments {
    /// The run directory
    run_dir: PathBuf,
}

/// Runs the command.
pub fn run(arguments: &Arguments, volume: Volume) -> anyhow::Result<()> {
    let run = RunDirectory::at(&arguments.run_dir);
    let config = settings::of_run(&run)?;
    if run.mark()?.is_none() {
        let root = run.root().display();
        let problem = format!("{root} is no run of kolmo: it has no manifest.json of one");
        return Err(Usage(problem).into());
    }
    let _lock = Lock::take(run.root())?;
    let finished = FinishedRun::open(&run, &config.identity()?, config.train.steps())?;
    let Records { steps, evaluations } = match finished {
        Some(finished) => finished.records()?,
        None => Records {
            steps: read_jsonl(run.metrics())?,
            evaluations: read_jsonl(run.evaluations())?,
        },
    };
    let board = TensorBoard::rebuild(run.curves(), &steps, &evaluations);
    board.hparams(&hparams(&config)?);
    board.finish()?;
    if volume != Volume::Quiet {
        say(&format!(
            "{} logged steps and {} evaluations are in {}/",
            steps.len(),
            evaluations.len(),
            run.curves().display()
        ));
    }
    Ok(())
}
