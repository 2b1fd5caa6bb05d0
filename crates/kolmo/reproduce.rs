//! `kolmo reproduce`: the experiments of the paper, each a sweep, and one report of all.

use std::path::Path;

use anyhow::Context;
use kolmo_report::{claims, html::Place};
use kolmo_sweep::{Plan, SweepDirectory, estimate::Speed, machine::Machine};

use crate::{
    exit::SweepEnded,
    experiments::Experiments,
    output::{OutputError, print},
    progress::{Volume, duration, say},
    report,
    stop::StopRequest,
    sweep::{
        self,
        run::{Flags, SIGNALS},
    },
};

/// Run the paper's experiments and say, claim by claim, what was predicted, what was measured, and whether they agree
///
/// Each experiment is a sweep file, which is part of kolmo; where the current folder has a folder configs/reproduce/, the sweep
/// files are read from there instead. What is done is not repeated: after Ctrl-C, or a crash, the same command goes on. Runs go
/// to runs/reproduce/NAME, and the report to runs/reproduce/report.html, or, of one that is named, to
/// runs/reproduce/NAME/report/report.html, of several to runs/reproduce/some/report.html.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:
  kolmo reproduce --quick
  kolmo reproduce data_scaling
  kolmo reproduce gpu/model_scaling --devices vulkan:0")]
pub struct Arguments {
    /// Experiments; by default all of them but those for GPUs
    #[arg(value_name = "NAME")]
    names: Vec<String>,
    /// List the experiments with what they cost, and run nothing
    #[arg(long, conflicts_with_all = ["quick", "json"])]
    list: bool,
    /// Smaller versions of all experiments, ten minutes on two cores: to see that it works, not to decide
    #[arg(long, conflicts_with = "names")]
    quick: bool,
    #[command(flatten)]
    flags: Flags,
    /// Print the verdicts as one JSON object
    #[arg(long)]
    json: bool,
}

/// Where the runs go.
const RUNS: &str = "runs/reproduce";

/// Runs the command.
pub fn run(arguments: &Arguments, volume: Volume) -> anyhow::Result<()> {
    let experiments = Experiments::here();
    if arguments.list {
        return list(&experiments, arguments);
    }
    let names = match &arguments.names[..] {
        [] => {
            let below = if arguments.quick { "quick" } else { "" };
            let all = experiments.names(below)?;
            if all.is_empty() {
                return Err(experiments.none(below));
            }
            all
        }
        names => names.to_vec(),
    };
    let plans = names
        .iter()
        .map(|name| Ok((name.clone(), load(&experiments, name)?)));
    let mut plans = plans.collect::<anyhow::Result<Vec<_>>>()?;
    // In the order in which a report has its claims; those without come last.
    plans.sort_by_key(|(_, (plan, _))| {
        let first = plan.file.report.named_claims().first();
        let place = first.and_then(|name| claims::place(name.as_str()));
        place.unwrap_or(usize::MAX)
    });
    let plans = with_bases(&experiments, plans)?;
    let place = place(arguments)?;
    // Before hours of training.
    place.check()?;
    let stop = StopRequest::listen().context(SIGNALS)?;
    let mut studies = Vec::new();
    // A run that fails is left out, and told at the end: others have something to say.
    let mut first_error = None;
    for (name, (plan, directory)) in &plans {
        if volume != Volume::Quiet {
            let question = &plan.file.report.question;
            say(&format!("{name}: {question}"));
        }
        let ended =
            sweep::run::execute_plan(plan, directory, &arguments.flags, stop.clone(), volume);
        if let Err(error) = ended {
            if !matches!(
                error.downcast_ref(),
                Some(SweepEnded::Failed { .. } | SweepEnded::Diverged { .. })
            ) {
                return Err(error);
            }
            first_error = first_error.or(Some(error));
        }
        if !names.contains(name) {
            continue;
        }
        studies.push(report::of_sweep(directory.root(), volume)?);
    }
    let title = "Understanding LLM behaviours via compression: theory against measurement";
    let written = report::write(title, &studies, &place, arguments.json, volume);
    // That runs failed says more than that nobody reads the verdicts.
    match (first_error, written) {
        (Some(error), Ok(())) => Err(error),
        (Some(error), Err(other)) if other.is::<OutputError>() => Err(error),
        (_, written) => written,
    }
}

/// `plans`, each behind the one whose runs it fine-tunes, which is added if it is not there.
fn with_bases(
    experiments: &Experiments,
    plans: Vec<(String, (Plan, SweepDirectory))>,
) -> anyhow::Result<Vec<(String, (Plan, SweepDirectory))>> {
    let mut all: Vec<(String, (Plan, SweepDirectory))> = Vec::new();
    for (name, planned) in plans {
        let mut line = vec![(name, planned)];
        while let Some((name, (plan, _))) = line.last()
            && let Some(from) = &plan.from
        {
            let base = Path::new(name).with_file_name(from);
            let base = base.to_string_lossy().into_owned();
            let planned = load(experiments, &base)?;
            line.push((base, planned));
        }
        let is_new = |(name, _): &(String, _)| !all.iter().any(|(other, _)| other == name);
        let new: Vec<_> = line.into_iter().rev().filter(is_new).collect();
        all.extend(new);
    }
    Ok(all)
}

/// Where the report goes: that of some experiments does not take the place of that of all.
fn place(arguments: &Arguments) -> anyhow::Result<Place> {
    let runs = Path::new(RUNS);
    let folder = match (&arguments.names[..], arguments.quick) {
        ([], true) => runs.join("quick"),
        ([], false) => runs.to_path_buf(),
        ([name], _) => return report::inside(&runs.join(name)),
        _ => runs.join("some"),
    };
    Ok(Place::at(folder.join("report.html"))?)
}

/// The sweep of an experiment, and its folder.
fn load(experiments: &Experiments, name: &str) -> anyhow::Result<(Plan, SweepDirectory)> {
    let mut plan = experiments.plan(name)?;
    let directory = SweepDirectory::at(Path::new(RUNS).join(name));
    plan.look_at(&directory);
    Ok((plan, directory))
}

/// The experiments, with what they cost on this machine.
fn list(experiments: &Experiments, arguments: &Arguments) -> anyhow::Result<()> {
    let mut text = format!(
        "{:22}  {:>5}  {:>9}  {:>10}  question\n",
        "experiment", "runs", "tokens", "time"
    );
    for below in ["", "quick", "gpu"] {
        let mut all = std::time::Duration::ZERO;
        for name in experiments.names(below)? {
            let (plan, directory) = load(experiments, &name)?;
            let machine = Machine::this(directory.root());
            let tokens: f64 = plan.runs.iter().map(|run| run.cost.tokens as f64).sum();
            // Those for GPUs are for another machine.
            let time = match below == "gpu" {
                true => None,
                false => {
                    let trainer = sweep::trainer(arguments.flags.switches())?;
                    let speed = Speed::measure(&plan, &trainer, "flex", machine.cores)?;
                    let seconds: f64 = plan.runs.iter().map(|run| speed.seconds(&run.cost)).sum();
                    std::time::Duration::try_from_secs_f64(seconds).ok()
                }
            };
            all += time.unwrap_or_default();
            text.push_str(&format!(
                "{name:22}  {:>5}  {:>9}  {:>10}  {}\n",
                plan.runs.len(),
                sweep::plan::short(tokens),
                time.map_or("-".to_owned(), duration),
                plan.file.report.question
            ));
        }
        if below != "gpu" {
            text.push_str(&format!(
                "{:22}  {:>5}  {:>9}  {:>10}\n\n",
                "all of these",
                "",
                "",
                duration(all)
            ));
        }
    }
    text.push_str("Times are of the training on the CPU of this machine, all at once; what is done is not done again.");
    Ok(print(&text)?)
}
