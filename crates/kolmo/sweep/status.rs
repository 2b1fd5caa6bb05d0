//! `kolmo sweep status`: how each run stands.

use std::{thread, time::Duration};

use anyhow::Context;
use kolmo_sweep::{
    State,
    state::{RunStatus, statuses},
};
use serde::Serialize;

use super::Which;
use crate::{
    output::{print, print_anew},
    progress::duration,
};

/// Show how each run of a sweep stands, whoever runs it
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:
  kolmo sweep status configs/sweeps/model_size.toml --watch")]
pub struct Arguments {
    #[command(flatten)]
    which: Which,
    /// Show it again every two seconds, until every run has ended
    #[arg(long, conflicts_with = "json")]
    watch: bool,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Report {
    runs: Vec<RunStatus>,
}

/// Runs the command.
pub fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let (plan, directory) = arguments.which.load()?;
    if arguments.json {
        let runs = statuses(&plan, &directory);
        let problems = problems(&runs);
        let printed = print(&json(runs)?);
        // That a run cannot be read says more than that nobody reads this.
        problems?;
        return Ok(printed?);
    }
    loop {
        let runs = statuses(&plan, &directory);
        let table = table(&runs, arguments.watch);
        // A live table takes the place of the one before.
        let printed = match arguments.watch {
            true => print_anew(&table),
            false => print(&table),
        };
        let has_ended =
            |run: &RunStatus| matches!(run.state, State::Done | State::Failed | State::Diverged);
        if printed.is_err() || !arguments.watch || runs.iter().all(has_ended) {
            problems(&runs)?;
            return Ok(printed?);
        }
        thread::sleep(Duration::from_secs(2));
    }
}

/// The runs as JSON.
pub fn json(runs: Vec<RunStatus>) -> anyhow::Result<String> {
    serde_json::to_string(&Report { runs }).context("the runs have no JSON form")
}

/// An error if how a run stands cannot be told.
pub fn problems(runs: &[RunStatus]) -> anyhow::Result<()> {
    let problems = runs.iter().filter_map(|run| run.problem.as_deref());
    let problems: Vec<&str> = problems.collect();
    let Some(first) = problems.first() else {
        return Ok(());
    };
    let others = match problems.len() - 1 {
        0 => String::new(),
        count => format!(" (and {count} more runs that cannot be read)"),
    };
    anyhow::bail!("{first}{others}")
}

/// Lines of a live table: what a screen holds.
const LIVE_LINES: usize = 40;

fn table(runs: &[RunStatus], live: bool) -> String {
    let widest = runs.iter().map(|run| run.label.chars().count()).max();
    let width = widest.unwrap_or(0).max(3);
    let mut text = format!(
        "{:12}  {:10}  {:>17}  {:>10}  {:>10}  {:>7}  run\n",
        "id", "state", "step", "loss", "value loss", "ETA"
    );
    // What is under way says more than what is done or not begun.
    let mut shown: Vec<&RunStatus> = runs.iter().collect();
    if live && runs.len() > LIVE_LINES {
        shown.sort_by_key(|run| match run.state {
            State::Running => 0,
            State::Failed | State::Diverged | State::Preempted | State::Unreadable => 1,
            State::Pending => 2,
            State::Done => 3,
        });
        shown.truncate(LIVE_LINES);
    }
    for run in &shown {
        let nats = |loss: Option<f64>| loss.map_or("-".to_owned(), |loss| format!("{loss:.4}"));
        let (loss, value_loss) = (nats(run.loss), nats(run.value_loss));
        let eta = run.eta_s.map(Duration::try_from_secs_f64);
        let eta = eta.map_or("-".to_owned(), |eta| duration(eta.unwrap_or(Duration::MAX)));
        text.push_str(&format!(
            "{:12}  {:10}  {:>17}  {loss:>10}  {value_loss:>10}  {eta:>7}  {:width$}\n",
            run.id,
            run.state.name(),
            format!("{}/{}", run.step, run.steps),
            run.label
        ));
    }
    if shown.len() < runs.len() {
        text.push_str(&format!("... and {} more\n", runs.len() - shown.len()));
    }
    let counts = State::ALL.into_iter().filter_map(|state| {
        let count = runs.iter().filter(|run| run.state == state).count();
        (count > 0).then(|| format!("{count} {}", state.name()))
    });
    let counts: Vec<String> = counts.collect();
    text.push_str(&format!(
        "\n{} runs: {}; losses are nats/token, value losses nats/fact",
        runs.len(),
        counts.join(", ")
    ));
    text
}
