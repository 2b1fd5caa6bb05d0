//! `kolmo sweep plan`: what there would be to do.

use std::{collections::BTreeMap, path::Path, time::Duration};

use anyhow::Context;
use kolmo_model::DeviceName;
use kolmo_sweep::{
    Plan, State, SweepDirectory,
    cost::Cost,
    estimate::Speed,
    machine::{Machine, bytes},
    plan::Trunk,
    state::{RunStatus, statuses},
};
use serde::Serialize;
use serde_json::Value;

use super::{Which, status, trainer};
use crate::{output::print, progress::duration, switches::SwitchFlags};

/// Say what a sweep would do and cost, and start nothing
///
/// Times are of the training alone, one run after another, and estimated from short measurements of the smallest and the
/// largest step on the device.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:
  kolmo sweep plan configs/sweeps/model_size.toml --device vulkan:0")]
pub struct Arguments {
    #[command(flatten)]
    which: Which,
    /// The device that times are estimated for
    #[arg(long, default_value = "auto")]
    device: String,
    /// Do not measure: say nothing of times
    #[arg(long)]
    no_benchmark: bool,
    #[command(flatten)]
    switches: SwitchFlags,
    /// Print the plan as one JSON object on standard output
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Report<'a> {
    name: &'a str,
    dir: &'a Path,
    device: Option<String>,
    unfinished: usize,
    flops: f64,
    seconds: Option<f64>,
    disk_bytes: u64,
    /// Why this machine does not hold the runs; none if it does.
    misfit: Option<String>,
    runs: Vec<Row<'a>>,
}

#[derive(Serialize)]
struct Row<'a> {
    id: &'a str,
    label: &'a str,
    state: State,
    overrides: &'a BTreeMap<String, Value>,
    trunk: Option<&'a Trunk>,
    #[serde(flatten)]
    cost: &'a Cost,
    /// Of the training alone; none where nothing was measured.
    seconds: Option<f64>,
}

/// Runs the command.
pub fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let (plan, directory) = arguments.which.load()?;
    let device: DeviceName = arguments.device.parse()?;
    let device = match arguments.no_benchmark {
        true => None,
        false => Some(device.open()?.name.to_string()),
    };
    show(
        &plan,
        &directory,
        device.as_deref(),
        &arguments.switches,
        arguments.json,
    )
}

/// Shows the plan as a table or as JSON; with times if there is a device to measure.
pub fn show(
    plan: &Plan,
    directory: &SweepDirectory,
    device: Option<&str>,
    switches: &SwitchFlags,
    json: bool,
) -> anyhow::Result<()> {
    let statuses = statuses(plan, directory);
    let is_left = |status: &RunStatus| status.state != State::Done;
    let machine = Machine::this(directory.root());
    let pairs = || plan.runs.iter().zip(&statuses);
    let left: Vec<_> = pairs()
        .filter(|(_, s)| is_left(s))
        .map(|(run, _)| run)
        .collect();
    // Another machine may be meant: `run` refuses what this one does not hold.
    let misfit = machine.fit(&left, 1).err().map(|error| error.to_string());
    let speed = match device {
        Some(device) if !left.is_empty() => Some(Speed::measure(
            plan,
            &trainer(switches)?,
            device,
            machine.cores,
        )?),
        _ => None,
    };
    let rows = pairs().map(|(run, status)| Row {
        id: &run.id,
        label: &run.label,
        state: status.state,
        overrides: &status.overrides,
        trunk: run.trunk.as_ref(),
        cost: &run.cost,
        seconds: speed.map(|speed| speed.seconds(&run.cost)),
    });
    let report = Report {
        name: &plan.name,
        dir: directory.root(),
        device: device.map(str::to_owned),
        unfinished: left.len(),
        flops: left.iter().map(|run| run.cost.flops).sum(),
        seconds: speed.map(|speed| left.iter().map(|run| speed.seconds(&run.cost)).sum()),
        disk_bytes: left.iter().map(|run| run.cost.disk_bytes).sum(),
        misfit,
        runs: rows.collect(),
    };
    let text = match json {
        true => serde_json::to_string(&report).context("the plan has no JSON form")?,
        false => table(&report),
    };
    let printed = print(&text);
    status::problems(&statuses)?;
    Ok(printed?)
}

/// Lines of a table that a reader looks at; of more runs the first and the last are shown.
const MOST_LINES: usize = 60;

fn table(report: &Report<'_>) -> String {
    let widest = report
        .runs
        .iter()
        .map(|row| row.label.chars().count())
        .max();
    let width = widest.unwrap_or(0).clamp(5, 60);
    let mut text = format!(
        "{:12}  {:width$}  {:>10}  {:>10}  {:>10}  {:>9}  {:>9}  {:>8}  {:>8}  {:>8}  {:>8}  state\n",
        "id",
        "run",
        "parameters",
        "non-emb.",
        "embedding",
        "tokens",
        "FLOPs",
        "memory",
        "on a GPU",
        "disk",
        "time"
    );
    let count = report.runs.len();
    for (k, row) in report.runs.iter().enumerate() {
        if count > MOST_LINES && (MOST_LINES - 10..count - 10).contains(&k) {
            if k == MOST_LINES - 10 {
                text.push_str(&format!(
                    "... {} more (--json has all)\n",
                    count - MOST_LINES
                ));
            }
            continue;
        }
        let cost = row.cost;
        let label: String = row.label.chars().take(width).collect();
        text.push_str(&format!(
            "{:12}  {label:width$}  {:>10}  {:>10}  {:>10}  {:>9}  {:>9}  {:>8}  {:>8}  {:>8}  {:>8}  {}{}\n",
            row.id,
            cost.parameters,
            cost.non_embedding_parameters,
            cost.embedding_parameters,
            short(cost.tokens as f64),
            short(cost.flops),
            bytes(cost.memory_bytes),
            bytes(cost.on_gpu.gpu_bytes),
            bytes(cost.disk_bytes),
            time(row.seconds),
            row.state.name(),
            row.trunk
                .map(|trunk| format!(", leaves {} at step {}", trunk.id, trunk.step))
                .unwrap_or_default(),
        ));
    }
    text.push_str(&format!(
        "\n{} of {count} runs unfinished: {} FLOPs, {} of disk in {}",
        report.unfinished,
        short(report.flops),
        bytes(report.disk_bytes),
        report.dir.display(),
    ));
    if let (Some(device), Some(seconds)) = (&report.device, report.seconds) {
        text.push_str(&format!(
            "; about {} of training on {device}, one after another",
            time(Some(seconds))
        ));
    }
    if let Some(misfit) = &report.misfit {
        text.push_str(&format!("\nnot on this machine: {misfit}"));
    }
    text
}

fn time(seconds: Option<f64>) -> String {
    match seconds {
        Some(seconds) => duration(Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX)),
        None => "-".to_owned(),
    }
}

/// 1.2M, 3.4G.
pub fn short(mut value: f64) -> String {
    for unit in ["", "k", "M", "G", "T", "P"] {
        if value < 1000.0 {
            let digits = usize::from(value < 10.0 && !unit.is_empty());
            return format!("{value:.digits$}{unit}");
        }
        value /= 1000.0;
    }
    format!("{value:.0}E")
}
