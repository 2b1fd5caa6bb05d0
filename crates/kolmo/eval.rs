//! `kolmo eval`: a checkpoint of a run, asked again or about other facts.

use std::{ops::RangeInclusive, path::PathBuf};

use anyhow::Context;
use kolmo_eval::hold;
use kolmo_kernels::Workers;
use kolmo_probe::{Interview, Moment, answer_rows, fact_rows, interview_records, summarise};
use kolmo_report::table;
use kolmo_run::{
    EvaluationRecord, ExactCode, FactsTable, OnlineClass, Outputs, RunDirectory, names::evaluation,
    write_answers,
};
use kolmo_train::base;
use kolmo_world::random::Streams;
use serde_json::Value;

use crate::{
    exit::Usage,
    output::print,
    progress::{Count, Volume, say},
    settings,
    weights::{Loaded, Weights},
};

/// Ask a checkpoint of a run for facts, again or for others than it was asked for
///
/// Prints a table, and writes evaluation.json, facts.parquet and answers.parquet to --out. The facts are drawn as in
/// training: with the same eval keys they are the same.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:
  kolmo eval runs/quickstart-1bc37c7e --ranks 1-100 --set eval.facts_per_class=1000")]
pub struct Arguments {
    /// The run directory
    run_dir: PathBuf,
    /// Ask for the facts of these subjects alone, such as 100-200; 1 is the most frequent
    #[arg(long, value_name = "LO-HI", value_parser = ranks)]
    ranks: Option<RangeInclusive<u64>>,
    /// Set a key such as eval.facts_per_class; may be given more than once
    #[arg(long = "set", value_name = "eval.KEY=VALUE")]
    overrides: Vec<String>,
    #[command(flatten)]
    weights: Weights,
    /// Where the files go; by default RUN_DIR/eval/step-NNNNNNNN
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Print one JSON object, the content of evaluation.json, on standard output
    #[arg(long)]
    json: bool,
}

fn ranks(text: &str) -> Result<RangeInclusive<u64>, String> {
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    let (first, last) = (settings::positive(first)?, settings::positive(last)?);
    if first > last {
        return Err("the first rank must not be above the last".to_owned());
    }
    Ok(first..=last)
}

/// Runs the command.
pub fn run(arguments: &Arguments, volume: Volume) -> anyhow::Result<()> {
    let run = RunDirectory::at(&arguments.run_dir);
    let config = settings::of_run(&run)?;
    let (eval, world) = settings::eval_of_run(&run, &arguments.overrides)?;
    let ranks = arguments.ranks.clone().unwrap_or(1..=u64::MAX);
    let elements = world.frequency().elements();
    if *ranks.start() > elements {
        return Err(Usage(format!("--ranks: the world has {elements} subjects")).into());
    }
    let Loaded {
        model,
        step,
        device,
    } = arguments.weights.load(&run, &config, &world)?;
    // Before the time that it takes.
    let outputs = outputs(arguments, &run, step)?;
    outputs.check(&evaluation::ALL)?;

    let streams = Streams::new(config.seed);
    let lesson = config.lesson(&world)?;
    let interview = Interview::new(&world, ranks, &eval, lesson.as_ref(), &streams);
    let probe = interview.probe();
    let documents = step * config.train.batch_documents as u64;
    let mut exposures = interview.exposures();
    let before = config.documents_before();
    let mut shown = Count::new(volume, "documents", 0, before + documents);
    base::count(
        &config,
        &run,
        &world,
        documents,
        &mut exposures,
        &mut |done| {
            shown.set(done);
        },
    )?;
    shown.finish();
    let workers = Workers::of_machine().context("no threads to evaluate with")?;
    let replies = hold(
        &interview,
        &model,
        &world,
        &device.device,
        &workers,
        &streams,
        &|| false,
    )?;
    let answers = interview.answers(&replies);
    let moment = Moment {
        step,
        documents,
        distinct: config.train.distinct(documents),
        before,
    };
    let parameters = config.model.parameters(world.vocabulary().len());
    let mut record = summarise(&world, probe, &exposures, &answers, parameters, moment);
    record.interviews = interview_records(&replies);

    let relations = world.relations().iter();
    let names = relations.map(|relation| relation.name().to_owned());
    let mut facts = FactsTable::new(names.collect());
    facts.push(fact_rows(probe, &exposures, &answers, moment))?;
    let json = without_stream(&record).context("the record has no JSON form")?;
    let answers = answer_rows(&world, &exposures, &replies, moment);
    let claim = outputs.claim(&evaluation::ALL)?;
    claim.write(evaluation::RECORD, format!("{json:#}\n").as_bytes())?;
    facts.write(claim.path(evaluation::FACTS))?;
    write_answers(claim.path(evaluation::ANSWERS), &answers)?;
    claim.finish()?;
    if arguments.json {
        print(&json.to_string())?;
    } else {
        print(table::final_table(&world, &[record]).trim_end())?;
    }
    if volume != Volume::Quiet {
        say(&format!("\nwritten to {}/", outputs.folder().display()));
    }
    Ok(())
}

/// Where the files go: what is in the folder of the checkpoint in `run` is kolmo's, as the run is.
fn outputs(arguments: &Arguments, run: &RunDirectory, step: u64) -> anyhow::Result<Outputs> {
    const COMMAND: &str = "kolmo eval";
    Ok(match &arguments.out {
        Some(out) => Outputs::new(out, COMMAND),
        None => Outputs::new(run.evaluation(step), COMMAND).known(run.mark()?.is_some()),
    })
}

/// A record without what is measured on the stream of documents alone.
fn without_stream(record: &EvaluationRecord) -> serde_json::Result<Value> {
    let mut json = serde_json::to_value(record)?;
    remove_fields(&mut json, &serde_json::to_value(ExactCode::default())?);
    let online = serde_json::to_value(OnlineClass::default())?;
    let classes = json["classes"].as_array_mut();
    classes
        .into_iter()
        .flatten()
        .for_each(|class| remove_fields(class, &online));
    Ok(json)
}

/// Removes the fields of `of` from `json`.
fn remove_fields(json: &mut Value, of: &Value) {
    if let (Some(json), Some(of)) = (json.as_object_mut(), of.as_object()) {
        json.retain(|name, _| !of.contains_key(name));
    }
}
