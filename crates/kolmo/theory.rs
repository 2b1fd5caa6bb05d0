//! `kolmo theory`: every prediction for a world, without training anything.

use std::path::PathBuf;

use anyhow::Context;
use kolmo_config::RunConfig;
use kolmo_probe::classes::classes;
use kolmo_report::theory;
use kolmo_theory::{Predictions, Scope};
use kolmo_world::World;

use crate::{
    exit::Usage,
    output::print,
    progress::{Volume, say},
    settings::Settings,
};

/// Points of a curve for each factor of ten.
const PER_DECADE: u32 = 8;

/// `--to` goes at least so far by default, and never further than the last.
const USUAL_TO: f64 = 1e6;
const MOST_TO: f64 = 1e15;

/// Print, write and draw every prediction for a world; trains nothing
///
/// Prints a table, and writes theory.json, a CSV file for each curve and the figures to --out. With
/// --json or --csv the numbers go to standard output instead, and nothing is written unless --out is
/// given. --csv has the columns prediction,n,bits,lo_rank,hi_rank,value, a number a row: documents,
/// capacity and ranks are empty where a prediction does not depend on them.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:
  kolmo theory configs/quickstart.toml --set world.frequency.exponent=1.3 --to 1e9")]
pub struct Arguments {
    #[command(flatten)]
    settings: Settings,
    /// Smallest number of documents of the curves, at least 1
    #[arg(long, value_name = "N", default_value_t = 1.0)]
    from: f64,
    /// Largest number of documents, at most 1e15; by default 1e6, or train.documents if that is more
    #[arg(long, value_name = "N")]
    to: Option<f64>,
    /// Print one JSON object
    #[arg(long, conflicts_with = "csv")]
    json: bool,
    /// Print one CSV table
    #[arg(long)]
    csv: bool,
    /// Where the files go; by default runs/NAME-HASH-theory, of the file and the configuration
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

/// Runs the command.
pub fn run(arguments: &Arguments, volume: Volume) -> anyhow::Result<()> {
    let (config, world) = arguments.settings.load()?;
    let scope = scope(arguments, &config, &world)?;
    let predictions = Predictions::of(&world, &scope);
    // What is in the way is told before anything is printed.
    let directory = directory(arguments, &config)?;
    if let Some(directory) = &directory {
        theory::write(directory, &predictions)?;
    }
    if arguments.json {
        let json = serde_json::to_string(&predictions);
        print(&json.context("the predictions have no JSON form")?)?;
    } else if arguments.csv {
        print(theory::tidy_csv(&predictions)?.trim_end())?;
    } else {
        print(theory::table(&predictions).trim_end())?;
    }
    if let Some(directory) = &directory
        && volume != Volume::Quiet
    {
        say(&format!("\nwritten to {}/", directory.display()));
    }
    Ok(())
}

/// What to predict: the documents asked for, and the classes that a run would measure.
fn scope(arguments: &Arguments, config: &RunConfig, world: &World) -> anyhow::Result<Scope> {
    let documents = config.train.documents;
    let from = arguments.from;
    let to = arguments.to.unwrap_or(USUAL_TO.max(documents as f64));
    // Written so that NaN is refused too.
    if !(from >= 1.0 && from < to && to <= MOST_TO) {
        let problem = format!(
            "--from {from} --to {to} is not possible: it takes 1 <= from < to <= {MOST_TO:e}"
        );
        return Err(Usage(problem).into());
    }
    let classes = classes(world, 1..=u64::MAX, config.eval.classes).into_iter();
    Ok(Scope {
        from,
        to,
        per_decade: PER_DECADE,
        documents,
        classes: classes
            .map(|class| (class.lo_rank, class.hi_rank))
            .collect(),
    })
}

/// The directory named, or one named after the configuration; none where numbers alone are wanted.
fn directory(arguments: &Arguments, config: &RunConfig) -> anyhow::Result<Option<PathBuf>> {
    if arguments.out.is_some() || arguments.json || arguments.csv {
        return Ok(arguments.out.clone());
    }
    let hash = &config.identity()?[..8];
    Ok(Some(arguments.settings.directory(hash, "-theory")))
}
