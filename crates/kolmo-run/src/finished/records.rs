//! The records of a run that is done: its steps rise to the last one, without a gap, and what was measured at a step is of that step.

use std::path::{Path, PathBuf};

use serde::{Serialize, de::DeserializeOwned};

use crate::{
    answers_table::{AnswerRow, read_answers},
    directory::RunDirectory,
    error::{Error, Result},
    facts_table::{FactRow, FactsTable},
    metrics::{EvaluationRecord, StepRecord, read_jsonl},
    there::is_there,
};

/// The logged steps of a run that is done, of which `last` is the last one by its `DONE`.
///
/// # Errors
/// [`Error::Io`] or [`Error::Jsonl`] if they cannot be read, [`Error::Altered`] if they are not those of the run.
pub fn steps(directory: &RunDirectory, last: &StepRecord) -> Result<Vec<StepRecord>> {
    let path = directory.metrics();
    let (steps, found) = logged(&path, last.step)?;
    is_that_of_done(path, &found, last)?;
    Ok(steps)
}

/// The facts asked in a run that is done, evaluation after evaluation, as `evaluations` has them.
///
/// # Errors
/// [`Error::Io`], [`Error::Parquet`] or [`Error::FactsLayout`] if they cannot be read, [`Error::Altered`] if they are of other
/// evaluations.
pub fn facts(
    directory: &RunDirectory,
    evaluations: &[EvaluationRecord],
) -> Result<Vec<Vec<FactRow>>> {
    let path = directory.facts();
    let table = FactsTable::read(&path)?;
    let rows: Vec<FactRow> = table.rows().copied().collect();
    let asked = rows.chunk_by(|a, b| a.step == b.step);
    let asked: Vec<Vec<FactRow>> = asked.map(<[FactRow]>::to_vec).collect();
    let found = asked.iter().filter_map(|rows| rows.first());
    let found = found.map(|row| (row.step, row.documents));
    let expected = evaluations.iter().map(|at| (at.step, at.documents));
    if !found.eq(expected) {
        let reason = format!(
            "it has facts of {} evaluations, and they are not the {} of evaluations.jsonl",
            asked.len(),
            evaluations.len()
        );
        return Err(Error::Altered { path, reason });
    }
    Ok(asked)
}

/// The questions asked in a run that is done at its `last` evaluation, with their answers; none of a run that was not asked.
///
/// # Errors
/// [`Error::Io`] or [`Error::Parquet`] if they cannot be read, [`Error::Altered`] if there are none of that evaluation, and its
/// record says that there were.
pub fn answers(directory: &RunDirectory, last: &EvaluationRecord) -> Result<Vec<AnswerRow>> {
    let path = directory.answers();
    let was_asked = !last.interviews.is_empty();
    if !was_asked && !is_there(&path)? {
        return Ok(Vec::new());
    }
    let mut rows = read_answers(&path)?;
    rows.retain(|row| row.step == last.step);
    if was_asked && rows.is_empty() {
        let reason = format!("it has no answers of step {}, the last one", last.step);
        return Err(Error::Altered { path, reason });
    }
    Ok(rows)
}

/// A record of a moment of a run.
trait OfStep: DeserializeOwned + Clone {
    fn step(&self) -> u64;
}

impl OfStep for StepRecord {
    fn step(&self) -> u64 {
        self.step
    }
}

impl OfStep for EvaluationRecord {
    fn step(&self) -> u64 {
        self.step
    }
}

/// The records in the file at `path`, whose steps rise to `last`, and the last one of them.
fn records<T: OfStep>(path: &Path, last: u64) -> Result<(Vec<T>, T)> {
    let altered = |reason: String| Error::Altered {
        path: path.to_path_buf(),
        reason,
    };
    let records: Vec<T> = read_jsonl(path)?;
    let mut pairs = records.iter().zip(records.iter().skip(1));
    if let Some((before, after)) = pairs.find(|(a, b)| a.step() >= b.step()) {
        let (before, after) = (before.step(), after.step());
        return Err(altered(format!("step {after} comes behind step {before}")));
    }
    let Some(end) = records.last().cloned() else {
        return Err(altered(format!(
            "it has no records, and the run has {last} steps"
        )));
    };
    if end.step() != last {
        let found = end.step();
        return Err(altered(format!(
            "its last record is of step {found}, and the run has {last}"
        )));
    }
    Ok((records, end))
}

/// The logged steps in the file at `path`, a line every so many steps and one of the last step, `last`; and that line.
pub(super) fn logged(path: &Path, last: u64) -> Result<(Vec<StepRecord>, StepRecord)> {
    let (steps, end): (Vec<StepRecord>, StepRecord) = records(path, last)?;
    let every = steps.first().map_or(last, |first| first.step.max(1));
    let mut places = (1..=last.div_ceil(every)).map(|k| (every * k).min(last));
    let mut found = steps.iter().map(|step| step.step);
    if let Some(place) = places.find(|place| found.next() != Some(*place)) {
        let reason = format!("it has no line of step {place}");
        let path = path.to_path_buf();
        return Err(Error::Altered { path, reason });
    }
    Ok((steps, end))
}

/// The evaluations of a run whose last step is `last`, and the last one of them. There are as many as facts were asked at.
pub(super) fn asked(
    directory: &RunDirectory,
    last: u64,
) -> Result<(Vec<EvaluationRecord>, EvaluationRecord)> {
    let path = directory.evaluations();
    let (evaluations, end): (Vec<EvaluationRecord>, EvaluationRecord) = records(&path, last)?;
    let facts = directory.facts();
    // Without them there is nothing to hold it against.
    if is_there(&facts)? {
        let (count, found) = (FactsTable::count(&facts)?, evaluations.len());
        if count != found {
            let reason =
                format!("it has {found} evaluations, and facts.parquet has the facts of {count}");
            return Err(Error::Altered { path, reason });
        }
    }
    Ok((evaluations, end))
}

/// That the last record of the file at `path` is the one that `DONE` has.
pub(super) fn is_that_of_done<T: Serialize>(path: PathBuf, last: &T, done: &T) -> Result<()> {
    // Numbers that are not finite are `null` in both.
    let json = |record: &T| {
        serde_json::to_value(record).map_err(|source| Error::Serialize {
            path: path.clone(),
            source,
        })
    };
    if json(last)? == json(done)? {
        return Ok(());
    }
    let reason = "its last record is not the one that DONE has".to_owned();
    Err(Error::Altered { path, reason })
}
