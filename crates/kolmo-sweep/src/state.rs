//! How each run of a sweep stands, read from its files, whoever runs it.

use std::{
    collections::BTreeMap,
    fs,
    io::{self, ErrorKind},
    path::{Path, PathBuf},
};

use kolmo_run::{
    Error, EvaluationRecord, FinishedRun, Lock, Manifest, RunState, StepRecord, exit_code, explain,
    files, is_there, read_last,
};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

use crate::{
    directory::SweepDirectory,
    json::json,
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
    /// Not known: its files cannot be read, or are not those of this run.
    Unreadable,
}

impl State {
    /// All of them, in the order of a life.
    pub const ALL: [Self; 7] = [
        Self::Pending,
        Self::Running,
        Self::Preempted,
        Self::Done,
        Self::Failed,
        Self::Diverged,
        Self::Unreadable,
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
            Self::Unreadable => "unreadable",
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
    /// Why that is not known, where it is not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
    /// Steps done, as far as they are logged.
    pub step: u64,
    /// Steps it has.
    pub steps: u64,
    /// Training loss of the last logged step, nats per token; none before it.
    pub loss: Option<f64>,
    /// Loss of the facts in the last evaluation, nats per fact; none before it.
    pub value_loss: Option<f64>,
    /// Seconds that a run at work still takes if it goes on as it went so far; none for one that is not, and before it has
    /// logged a step.
    pub eta_s: Option<f64>,
    /// The keys that set it apart, with their values.
    pub overrides: BTreeMap<String, Value>,
}

/// How every run of `plan` stands.
pub fn statuses(plan: &Plan, directory: &SweepDirectory) -> Vec<RunStatus> {
    plan.runs.iter().map(|run| status(run, directory)).collect()
}

/// How `run` stands. What cannot be read is said of the run: the others have something to say.
pub fn status(run: &PlannedRun, directory: &SweepDirectory) -> RunStatus {
    let there = directory.run(&run.id);
    let look = look(run, directory);
    let (state, problem) = match &look {
        Ok(look) => (look.state(), None),
        Err(error) => (State::Unreadable, Some(explain(error))),
    };
    let steps = run.cost.steps;
    let value_loss = look.as_ref().ok().and_then(Look::value_loss);
    let last = look.ok().and_then(Look::into_last);
    let last_at_work = last.as_ref().filter(|_| state == State::Running);
    let eta_s = last_at_work.map(|last| {
        let left = steps.saturating_sub(last.step) as f64;
        last.elapsed_s / last.step.max(1) as f64 * left
    });
    let overrides = run.overrides.iter();
    let overrides = overrides.map(|(key, value)| (key.clone(), json(value)));
    RunStatus {
        id: run.id.clone(),
        label: run.label.clone(),
        dir: there.root().to_path_buf(),
        state,
        problem,
        step: last.as_ref().map_or(0, |last| last.step),
        steps,
        loss: last.map(|last| last.loss).filter(|loss| loss.is_finite()),
        value_loss: value_loss.filter(|loss| loss.is_finite()),
        eta_s: eta_s.filter(|seconds| seconds.is_finite()),
        overrides: overrides.collect(),
    }
}

/// The state of `run`.
///
/// # Errors
/// What cannot be read of it: nothing follows from that, not even that it was not begun.
pub fn state(run: &PlannedRun, directory: &SweepDirectory) -> Result<State, Error> {
    Ok(look(run, directory)?.state())
}

/// What is seen of a run.
pub(crate) enum Look {
    /// It is done.
    Done(Box<FinishedRun>),
    /// It is not.
    Unfinished {
        /// How it stands.
        state: State,
        /// The last step that it has logged.
        last: Option<Box<StepRecord>>,
        /// Loss of the facts in its last evaluation.
        value_loss: Option<f64>,
    },
}

impl Look {
    /// How it stands.
    pub(crate) fn state(&self) -> State {
        match self {
            Self::Done(_) => State::Done,
            Self::Unfinished { state, .. } => *state,
        }
    }

    /// The last logged step.
    pub(crate) fn into_last(self) -> Option<StepRecord> {
        match self {
            Self::Done(finished) => Some(finished.figures.last_step),
            Self::Unfinished { last, .. } => last.map(|last| *last),
        }
    }

    /// Loss of the facts in the last evaluation, nats per fact.
    fn value_loss(&self) -> Option<f64> {
        match self {
            Self::Done(finished) => Some(finished.figures.last_evaluation.value_loss),
            Self::Unfinished { value_loss, .. } => *value_loss,
        }
    }
}

/// Looks at `run`.
pub(crate) fn look(run: &PlannedRun, directory: &SweepDirectory) -> Result<Look, Error> {
    let there = directory.run(&run.id);
    if let Some(finished) = FinishedRun::open(&there, &run.id, run.cost.steps)? {
        return Ok(Look::Done(Box::new(finished)));
    }
    let state = unfinished(run, directory)?;
    let evaluation: Option<EvaluationRecord> = last(&there.evaluations())?;
    Ok(Look::Unfinished {
        state,
        last: last(&there.metrics())?.map(Box::new),
        value_loss: evaluation.map(|evaluation| evaluation.value_loss),
    })
}

/// The last record of a file; none if there is none.
fn last<T: DeserializeOwned>(path: &Path) -> Result<Option<T>, Error> {
    if !is_there(path)? {
        return Ok(None);
    }
    match read_last(path) {
        // What a lost machine leaves behind its last line is cut off when the run goes on.
        Err(Error::Jsonl { .. }) => Ok(None),
        last => last,
    }
}

/// The state of a run that is not done.
fn unfinished(run: &PlannedRun, directory: &SweepDirectory) -> Result<State, Error> {
    let there = directory.run(&run.id);
    if Lock::holder(there.root())?.is_some() {
        return Ok(State::Running);
    }
    match last_exit(directory, &run.id)? {
        Some(exit_code::DIVERGED) => return Ok(State::Diverged),
        None | Some(0 | exit_code::STOPPED) => {}
        Some(_) => return Ok(State::Failed),
    }
    if !is_there(there.manifest())? {
        return Ok(State::Pending);
    }
    let manifest = match Manifest::read(&there) {
        // It was begun, and goes on with a new one.
        Err(Error::Json { .. }) => return Ok(State::Preempted),
        manifest => manifest?,
    };
    manifest.check_config(&there, &run.id)?;
    Ok(match manifest.state {
        RunState::Failed => State::Failed,
        RunState::Diverged => State::Diverged,
        RunState::Running | RunState::Stopped | RunState::Done => State::Preempted,
    })
}

/// The code that the last attempt at a run ended with, if it is known and nobody has begun the run again since.
fn last_exit(directory: &SweepDirectory, id: &str) -> Result<Option<u8>, Error> {
    let path = directory.exit(id);
    let manifest = changed(&directory.run(id).manifest())?;
    let exit = changed(&path)?;
    if manifest.is_some() && exit < manifest {
        return Ok(None);
    }
    let text = read_if_there(&path, |path| files::read_text(path))?;
    // What a script is about to write is no code yet.
    Ok(text.and_then(|text| text.trim().parse().ok()))
}

/// When the file at `path` was changed last; none if there is none.
fn changed(path: &Path) -> Result<Option<std::time::SystemTime>, Error> {
    read_if_there(path, |path| fs::metadata(path)?.modified())
}

/// What `read` gives of the file at `path`; none if there is none.
fn read_if_there<T>(
    path: &Path,
    read: impl Fn(&Path) -> io::Result<T>,
) -> Result<Option<T>, Error> {
    if !is_there(path)? {
        return Ok(None);
    }
    match read(path) {
        // It has gone meanwhile.
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        read => read.map(Some).map_err(Error::io("read", path)),
    }
}
