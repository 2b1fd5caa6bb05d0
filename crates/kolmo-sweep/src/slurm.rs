//! The unfinished runs of a sweep as job arrays of Slurm.
//!
//! Each element is one run. Slurm warns it some time before its limit, upon which it saves, ends with code 75, and puts
//! itself, and itself alone, back into the queue. The scripts stay in the folder of the sweep for a reader.

mod queue;
mod script;

use std::{
    collections::{BTreeSet, HashMap},
    fs,
    io::Write,
    path::{Path, PathBuf},
};

use kolmo_run::{Error, Lock, files, is_there};
use serde::{Deserialize, Serialize};

use crate::{
    commands::Trainer,
    directory::SweepDirectory,
    error::SweepError,
    plan::{Plan, PlannedRun},
    state::{State, state},
};
pub use queue::Queue;

/// A job array.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Array {
    /// Slurm's number of it; none if it was not submitted.
    pub job: Option<u64>,
    /// Its script.
    pub script: PathBuf,
    /// The arguments of sbatch.
    pub arguments: Vec<String>,
    /// The runs, in the order of their elements.
    pub runs: Vec<String>,
}

/// Writes scripts for the runs of `plan` that are unfinished and not in the queue already, and submits them unless
/// `queue` is none. Runs that leave a trunk wait for it in an array of their own.
///
/// # Errors
/// A folder that cannot be written; a path or a setting that has no form in a script; a Slurm that does not answer or
/// refuses.
pub fn submit(
    plan: &Plan,
    directory: &SweepDirectory,
    trainer: &Trainer,
    queue: Option<&Queue>,
) -> Result<Vec<Array>, SweepError> {
    directory.create(plan)?;
    // Two at once would submit every run twice.
    let _lock = Lock::take(directory.root())?;
    directory.prepare(plan)?;
    let folder = directory.slurm();
    fs::create_dir_all(&folder).map_err(Error::io("create the folder", &folder))?;
    let before = submitted(&folder)?;
    let (mut queued, most) = match queue {
        Some(queue) => (queue.queued(&before)?, queue.max_array_size()?),
        None => (HashMap::new(), queue::MAX_ARRAY_SIZE),
    };
    let left = left(plan, directory)?;
    let is_wanted = |run: &PlannedRun| left.contains(&run.id) && !queued.contains_key(&run.id);
    let unfinished = plan.in_order(is_wanted);
    let mut arrays: Vec<Array> = Vec::new();
    for runs in unfinished.iter().flat_map(|runs| runs.chunks(most)) {
        let mut array = script::write(plan, directory, trainer, runs)?;
        // However they end: without its trunk a run begins at its first step.
        let trunks = runs
            .iter()
            .filter_map(|run| queued.get(&run.trunk.as_ref()?.id));
        let trunks: BTreeSet<String> = trunks.map(u64::to_string).collect();
        if !trunks.is_empty() {
            let trunks: Vec<String> = trunks.into_iter().collect();
            let after = format!("--dependency=afterany:{}", trunks.join(":"));
            array.arguments.insert(0, after);
        }
        if let Some(queue) = queue {
            let job = queue.submit(&array.arguments)?;
            array.job = Some(job);
            note(&folder, &array)?;
            queued.extend(array.runs.iter().map(|run| (run.clone(), job)));
        }
        arrays.push(array);
    }
    Ok(arrays)
}

/// The names of the runs that are still to be given to somebody.
///
/// # Errors
/// A run whose files cannot be read: it may be done.
pub fn left(plan: &Plan, directory: &SweepDirectory) -> Result<BTreeSet<String>, SweepError> {
    let mut left = BTreeSet::new();
    for run in &plan.runs {
        match state(run, directory)? {
            State::Done | State::Running | State::Diverged => {}
            State::Pending | State::Preempted | State::Failed | State::Unreadable => {
                left.insert(run.id.clone());
            }
        }
    }
    Ok(left)
}

/// The list of arrays that were submitted, one JSON object a line.
fn list(folder: &Path) -> PathBuf {
    folder.join("submitted.jsonl")
}

fn submitted(folder: &Path) -> Result<Vec<Array>, SweepError> {
    let list = list(folder);
    match is_there(&list)? {
        true => Ok(kolmo_run::read_jsonl(list)?),
        false => Ok(Vec::new()),
    }
}

fn note(folder: &Path, array: &Array) -> Result<(), SweepError> {
    let path = list(folder);
    let line = serde_json::to_string(array).map_err(|source| Error::Serialize {
        path: path.clone(),
        source,
    })?;
    let append = || {
        let mut options = fs::OpenOptions::new();
        let mut file = files::open_own(&path, options.create(true).append(true))?;
        file.write_all(format!("{line}\n").as_bytes())
    };
    Ok(append().map_err(Error::io("write", &path))?)
}
