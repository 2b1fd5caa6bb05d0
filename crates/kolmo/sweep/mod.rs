//! `kolmo sweep`: many runs from one file. One file per verb.

mod commands;
mod display;
pub mod plan;
pub mod run;
mod status;
mod submit;
mod summary;

use std::path::{self, Path, PathBuf};

use anyhow::Context;
use clap::Subcommand;
use kolmo_run::is_there;
use kolmo_sweep::{Plan, SweepDirectory, SweepError, commands::Trainer};

use crate::{
    exit::Usage,
    program,
    progress::{Volume, say},
    switches::SwitchFlags,
};

/// Plan, run and watch many runs: model sizes, data sizes, seeds, anything
#[derive(Debug, clap::Args)]
#[command(
    arg_required_else_help = true,
    after_help = "Example:
  kolmo sweep plan configs/sweeps/model_size.toml
  kolmo sweep run configs/sweeps/model_size.toml
  kolmo sweep status configs/sweeps/model_size.toml"
)]
pub struct Arguments {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    Plan(plan::Arguments),
    Run(run::Arguments),
    Status(status::Arguments),
    Submit(submit::Arguments),
    Commands(commands::Arguments),
    Summary(summary::Arguments),
}

/// Runs the command.
pub fn run(arguments: &Arguments, volume: Volume) -> anyhow::Result<()> {
    match &arguments.verb {
        Verb::Plan(arguments) => plan::run(arguments),
        Verb::Run(arguments) => run::run(arguments, volume),
        Verb::Status(arguments) => status::run(arguments),
        Verb::Submit(arguments) => submit::run(arguments, volume),
        Verb::Commands(arguments) => commands::run(arguments, volume),
        Verb::Summary(arguments) => summary::run(arguments, volume),
    }
}

/// Which sweep.
#[derive(Debug, clap::Args)]
struct Which {
    /// The sweep file, TOML
    sweep: PathBuf,
    /// Where the sweep goes; by default runs/NAME, of the file
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
}

impl Which {
    fn load(&self) -> anyhow::Result<(Plan, SweepDirectory)> {
        one_line("the sweep file", &self.sweep)?;
        let plan = Plan::read(&self.sweep, &kolmo_report::choices());
        let mut plan = plan.with_context(|| format!("in {}", self.sweep.display()))?;
        let default = || Path::new("runs").join(&plan.name);
        for note in &plan.notes {
            say(&format!("note: {note}"));
        }
        let root = self.dir.clone().unwrap_or_else(default);
        if root.to_str().is_none() {
            let problem = format!("--dir {}: a path in UTF-8 is wanted", root.display());
            return Err(Usage(problem).into());
        }
        one_line("the folder of the sweep", &path::absolute(&root)?)?;
        let directory = SweepDirectory::at(root);
        plan.look_at(&directory);
        let root = directory.root().display();
        if is_there(directory.root().join("config.toml"))? {
            let problem = format!("{root} has a config.toml, as runs have: name another --dir");
            return Err(Usage(problem).into());
        }
        // Who names the folder means it.
        if self.dir.is_none()
            && let Some(other) = directory.another_file(&plan)?
        {
            let problem = format!(
                "{root} is the folder of another sweep file of this name, {other}: name a --dir for this one, or \
                 --dir {root} if the folder is to be its own from now on"
            );
            return Err(Usage(problem).into());
        }
        Ok((plan, directory))
    }
}

/// Refuses a path that would be more than one line of a script or of a list of commands.
fn one_line(what: &str, path: &Path) -> Result<(), Usage> {
    if !path.to_string_lossy().contains(char::is_control) {
        return Ok(());
    }
    let problem = format!(
        "{what}, {path:?}, has a line feed or another control character in its path: give it another name"
    );
    Err(Usage(problem))
}

/// Makes the folder what `plan` needs by `preparing` it, and says so if it was another sweep file's before.
pub fn prepare<T>(
    plan: &Plan,
    directory: &SweepDirectory,
    volume: Volume,
    preparing: impl FnOnce() -> Result<T, SweepError>,
) -> anyhow::Result<T> {
    let other = directory.another_file(plan)?;
    let prepared = preparing()?;
    if let Some(other) = other.filter(|_| volume != Volume::Quiet) {
        let (root, this) = (directory.root().display(), plan.path.display());
        say(&format!(
            "{root} was planned from {other}, and is from {this} now: runs of the former that the latter does not plan are \
             kept, and no longer count"
        ));
    }
    Ok(prepared)
}

/// This program as the one that trains.
pub fn trainer(switches: &SwitchFlags) -> anyhow::Result<Trainer> {
    Ok(Trainer {
        kolmo: program::path()?.into(),
        image: program::image().map(Into::into),
        arguments: switches.flags().into_iter().map(str::to_owned).collect(),
    })
}
