//! `kolmo world stats`: the documents of a world, counted.

use std::path::PathBuf;

use anyhow::Context;
use kolmo_config::RunConfig;
use kolmo_report::survey;
use kolmo_theory::survey::Survey;

use crate::{
    output::print,
    progress::{Count, Volume, say},
    settings::{Settings, positive},
};

/// Count the first documents of a world, and lay them beside what theory has for them
///
/// Prints a table, and writes stats.json, zipf.csv, heaps.csv and the figures zipf.svg and heaps.svg to
/// --out. With --json nothing is written unless --out is given.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:
  kolmo world stats configs/pitman_yor.toml --documents 1000000")]
pub struct Arguments {
    #[command(flatten)]
    settings: Settings,
    /// Documents to count, from index 0
    #[arg(long, value_name = "N", default_value_t = 100_000, value_parser = positive)]
    documents: u64,
    /// Print one JSON object, the content of stats.json
    #[arg(long)]
    json: bool,
    /// Where the files go; by default runs/NAME-HASH-stats, of the file and the configuration
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

/// Runs the command.
pub fn run(arguments: &Arguments, volume: Volume) -> anyhow::Result<()> {
    let (config, world) = arguments.settings.load()?;
    let directory = directory(arguments, &config)?;
    if let Some(directory) = &directory {
        survey::check(directory)?;
    }
    let mut count = Count::new(volume, "documents", 0, arguments.documents);
    let survey = Survey::of(&world, arguments.documents, |done| count.set(done));
    count.finish();
    if let Some(directory) = &directory {
        survey::write(directory, &world, &survey)?;
    }
    if arguments.json {
        let json = serde_json::to_string(&survey);
        print(&json.context("the survey has no JSON form")?)?;
    } else {
        print(survey::table(&survey).trim_end())?;
    }
    if let Some(directory) = &directory
        && volume != Volume::Quiet
    {
        say(&format!("\nwritten to {}/", directory.display()));
    }
    Ok(())
}

/// The directory named, or one named after the configuration; none where numbers alone are wanted.
fn directory(arguments: &Arguments, config: &RunConfig) -> anyhow::Result<Option<PathBuf>> {
    if arguments.out.is_some() || arguments.json {
        return Ok(arguments.out.clone());
    }
    let hash = &config.identity()?[..8];
    Ok(Some(arguments.settings.directory(hash, "-stats")))
}
