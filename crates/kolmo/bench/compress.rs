//! `kolmo bench compress`: a trained model as a compressor, beside others on the same text.

use std::path::PathBuf;

use anyhow::Context;
use kolmo_codec::{Trained, compare};
use kolmo_kernels::Workers;
use kolmo_run::RunDirectory;
use serde::Serialize;

use crate::{
    output::print,
    settings::{self, positive},
    weights::Weights,
};

/// Time a trained model as a compressor of text of its world, beside the Bayes learner and general compressors
///
/// The text is documents that no run is trained on. Each compressor has it by itself, and has to give it back.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:
  kolmo bench compress runs/quickstart-1bc37c7e --documents 20000")]
pub struct Arguments {
    /// The run directory
    run_dir: PathBuf,
    /// Documents of the text
    #[arg(short = 'n', long, default_value_t = 20_000, value_parser = positive)]
    documents: u64,
    #[command(flatten)]
    weights: Weights,
    /// Print one line of JSON
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Report {
    device: String,
    /// Threads of the model; all others have one.
    threads: usize,
    parameters: u64,
    documents: u64,
    facts: u64,
    bytes: u64,
    floor_bits_per_fact: f64,
    compressors: Vec<Row>,
}

#[derive(Serialize)]
struct Row {
    name: String,
    bits_per_fact: f64,
    /// Bytes of text for each of the code.
    ratio: f64,
    /// Kilobytes of text a second.
    compress_kb_per_s: f64,
    decompress_kb_per_s: f64,
}

/// Runs the command.
pub fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let run = RunDirectory::at(&arguments.run_dir);
    let (config, world) = settings::world_of_run(&run)?;
    let loaded = arguments.weights.load(&run, &config, &world)?;
    let workers = Workers::of_machine().context("no threads to compute with")?;
    let trained = Trained {
        config: &config,
        world: &world,
        model: &loaded.model,
        step: loaded.step,
        device: &loaded.device,
        workers: &workers,
    };
    let (text, all) = compare(trained, arguments.documents)?;
    let facts = text.facts as f64;
    let speed = |seconds: f64| text.bytes as f64 / 1000.0 / seconds.max(1e-9);
    let rows = all.iter().map(|one| Row {
        name: one.record.name.clone(),
        bits_per_fact: one.record.bits / facts,
        ratio: 8.0 * text.bytes as f64 / one.record.bits,
        compress_kb_per_s: speed(one.compress_s),
        decompress_kb_per_s: speed(one.decompress_s),
    });
    let report = Report {
        device: loaded.device.name.to_string(),
        threads: workers.threads(),
        parameters: config.model.parameters(world.vocabulary().len()),
        documents: text.documents,
        facts: text.facts,
        bytes: text.bytes,
        floor_bits_per_fact: text.floor_bits / facts,
        compressors: rows.collect(),
    };
    if arguments.json {
        print(&serde_json::to_string(&report).context("the report has no JSON form")?)?;
        return Ok(());
    }
    let mut lines = vec![
        format!(
            "{} documents, {} facts, {} bytes; a model of {} parameters on {}, {} threads; floor {:.3} bits a fact",
            report.documents,
            report.facts,
            report.bytes,
            report.parameters,
            report.device,
            report.threads,
            report.floor_bits_per_fact,
        ),
        format!(
            "{:<16} {:>10} {:>8} {:>14} {:>16}",
            "compressor", "bits/fact", "ratio", "compress kB/s", "decompress kB/s"
        ),
    ];
    lines.extend(report.compressors.iter().map(|row| {
        format!(
            "{:<16} {:>10.3} {:>8.2} {:>14.0} {:>16.0}",
            row.name, row.bits_per_fact, row.ratio, row.compress_kb_per_s, row.decompress_kb_per_s
        )
    }));
    Ok(print(&lines.join("\n"))?)
}
