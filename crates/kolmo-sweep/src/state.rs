//! How each run of a sweep stands, read from its files, whoever runs it.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use kolmo_run::{Lock, Manifest, RunState, StepRecord, exit_code, read_last};
use serde::Serialize;
use serde_json::Value;

use crate::{
    directory::SweepDirectory,
    plan::{Plan, PlannedRun},
};

/// How a run stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Not begun.
    Pending,
    /// A process has it.
    Running,
    /// Ended as planned.
    Done,
    /// Ended by an error.
    Failed,
    /// Ended because the loss exploded or was no number.
    Diverged,
    /// Stopped or killed; goes on from its last checkpoint.
    Preempted,
}

impl State {
    /// All of them, in the order of a life.
    pub const ALL: [Self; 6] = [
        Self::Pending,
        Self::Running,
        Self::Preempted,
        Self::Done,
        Self::Failed,
        Self::Diverged,
    ];

    /// Its name in tables and JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Running => "running",
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Diverged => "diverged",
            Self::Preempted => "preempted",
        }
    }
}

/// One run in the output of `kolmo sweep status --json`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RunStatus {
    /// Its name.
    pub id: String,
    /// What sets it apart, for readers.
    pub label: String,
    /// Its run directory.
    pub dir: PathBuf,
    /// How it stands.
    pub state: State,
    /// Steps done, as far as they are logged.
    pub step: u64,
    /// Steps it has.
    pub steps: u64,
    /// Training loss of the last logged step, nats per token; none before it.
    pub loss: Option<f64>,
    /// The keys that set it apart, with their values.
    pub overrides: BTreeMap<String, Value>,
}

/// How every run of `plan` stands.
pub fn statuses(plan: &Plan, directory: &SweepDirectory) -> Vec<RunStatus> {
    plan.runs.iter().map(|run| status(run, directory)).collect()
}

/// How `run` stands.
pub fn status(run: &PlannedRun, directory: &SweepDirectory) -> RunStatus {
    let there = directory.run(&run.id);
    let state = state(run, directory);
    let steps = run.cost.steps;
    // What cannot be read is shown as not there: a view of a run is no place to fail.
    let last: Option<StepRecord> = match state {
        State::Pending => None,
        _ => read_last(there.metrics()).unwrap_or_default(),
    };
    let overrides = run.overrides.iter().map(|(key, value)| {
        let value = serde_json::to_value(value).unwrap_or_default();
        (key.clone(), value)
    });
    RunStatus {
        id: run.id.clone(),
        label: run.label.clone(),
        dir: there.root().to_path_buf(),
        state,
        step: match state {
            State::Done => steps,
            _ => last.as_ref().map_or(0, |last| last.step),
        },
        steps,
        loss: last.map(|last| last.loss).filter(|loss| loss.is_finite()),
        overrides: overrides.collect(),
    }
}

/// The state of `run`.
pub fn state(run: &PlannedRun, directory: &SweepDirectory) -> State {
    let there = directory.run(&run.id);
    if there.is_done() {
        return State::Done;
    }
    if Lock::holder(there.root()).is_some() {
        return State::Running;
    }
    match last_exit(directory, &run.id) {
        Some(exit_code::DIVERGED) => return State::Diverged,
        None | Some(0 | exit_code::STOPPED) => {}
        Some(_) => return State::Failed,
    }
    let Ok(manifest) = Manifest::read(&there) else {
        return State::Pending;
    };
    match manifest.state {
        RunState::Failed => State::Failed,
        RunState::Diverged => State::Diverged,
        RunState::Running | RunState::Stopped | RunState::Done => State::Preempted,
    }
}

/// The code that the last attempt at a run ended with, if it is known and nobody has begun the run again since.
fn last_exit(directory: &SweepDirectory, id: &str) -> Option<u8> {
    let changed = |path: &Path| fs::metadata(path).and_then(|file| file.modified()).ok();
    let path = directory.exit(id);
    let manifest = changed(&directory.run(id).manifest());
    if manifest.is_some_and(|manifest| changed(&path) < Some(manifest)) {
        return None;
    }
    fs::read_to_string(path).ok()?.trim().parse().ok()
}
