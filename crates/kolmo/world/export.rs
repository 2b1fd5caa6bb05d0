//! `kolmo world export`: documents as files for other trainers.

use std::{
    path::{Path, PathBuf},
    time::Instant,
};

use anyhow::Context;
use clap::ValueEnum;
use kolmo_config::RunConfig;
use kolmo_export::{Export, ExportRecord, Format, Request};
use kolmo_run::short_hash;

use crate::{
    output::print,
    progress::{Count, Volume, duration, say},
    settings::{Settings, count, positive},
};

/// Write the documents of a world to files that other trainers read
///
/// The training documents are those `kolmo train` trains on, from index 0; validation documents begin
/// at 2^63. An export that was interrupted is continued, one that asks for more documents extended.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:
  kolmo world export configs/quickstart.toml --format bin --documents 100000")]
pub struct Arguments {
    #[command(flatten)]
    settings: Settings,
    /// How documents are written
    #[arg(long, value_enum, default_value_t = FormatName::Jsonl)]
    format: FormatName,
    /// Training documents; by default as many as `kolmo train` trains on
    #[arg(long, value_name = "N", value_parser = positive)]
    documents: Option<u64>,
    /// Validation documents; by default a hundredth of the training documents, at least 1 and as many
    /// as are there already
    #[arg(long, value_name = "N", value_parser = count)]
    validation: Option<u64>,
    /// Where the files go; by default runs/NAME-HASH-FORMAT, of the file and its world and seed
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Print the content of export.json on standard output
    #[arg(long)]
    json: bool,
}

/// How documents are written.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum FormatName {
    /// One JSON object a document, one a line
    Jsonl,
    /// The same as columns
    Parquet,
    /// Token ids alone, as nanoGPT reads them
    Bin,
}

impl From<FormatName> for Format {
    fn from(name: FormatName) -> Self {
        match name {
            FormatName::Jsonl => Self::Jsonl,
            FormatName::Parquet => Self::Parquet,
            FormatName::Bin => Self::Bin,
        }
    }
}

/// Runs the command.
pub fn run(arguments: &Arguments, volume: Volume) -> anyhow::Result<()> {
    let started = Instant::now();
    let (config, world) = arguments.settings.load()?;
    let documents = arguments.documents.unwrap_or_else(|| trained_on(&config));
    let (format, identity) = (arguments.format.into(), identity(&config)?);
    let directory = directory(arguments, format, &identity);
    let request = Request {
        format,
        identity,
        documents,
        validation: validation(arguments, documents, &directory),
    };
    let export = Export::open(&world, &directory, &request)?;
    let before = export.record().done();
    let mut count = Count::new(volume, "documents", before, export.record().documents());
    let exported = export.run(|done| count.set(done));
    count.finish();
    let record = exported?;
    if volume != Volume::Quiet {
        let time = duration(started.elapsed());
        let outcome = match record.done() - before {
            0 => "complete already".to_owned(),
            _ if before > 0 => format!("continued after {before} documents, done in {time}"),
            _ => format!("done in {time}"),
        };
        say(&format!(
            "{}, {outcome}: {}/",
            summary(&record),
            directory.display()
        ));
    }
    if arguments.json {
        print(&serde_json::to_string(&record).context("the record has no JSON form")?)?;
    }
    Ok(())
}

/// The documents that `kolmo train` trains on: whole batches.
fn trained_on(config: &RunConfig) -> u64 {
    config.train.steps() * config.train.batch_documents as u64
}

/// A hash of the world and its seed, and of nothing else: the documents depend on nothing else.
fn identity(config: &RunConfig) -> anyhow::Result<String> {
    let world = serde_json::to_string(&(config.seed, &config.world));
    Ok(short_hash(&world.context("the world has no JSON form")?))
}

/// The directory named, or one named after the world.
fn directory(arguments: &Arguments, format: Format, hash: &str) -> PathBuf {
    arguments.out.clone().unwrap_or_else(|| {
        let ending = format!("-{}", format.name());
        arguments.settings.directory(hash, &ending)
    })
}

/// Validation documents asked for; where none are, as many as are there already at least.
fn validation(arguments: &Arguments, documents: u64, directory: &Path) -> u64 {
    // If the record cannot be read, opening the export says why.
    let there = || ExportRecord::of(directory).ok().flatten();
    arguments.validation.unwrap_or_else(|| {
        let there = there().map_or(0, |record| record.val.documents);
        (documents / 100).max(1).max(there)
    })
}

fn summary(record: &ExportRecord) -> String {
    let (train, val) = (&record.train, &record.val);
    let files = train.files.iter().chain(&val.files);
    let bytes: u64 = files.map(|file| file.bytes).sum();
    format!(
        "{} training and {} validation documents, {} tokens, {:.1} MB",
        train.done,
        val.done,
        train.tokens + val.tokens,
        bytes as f64 / 1e6,
    )
}
