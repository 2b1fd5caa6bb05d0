//! The figures of all runs of a sweep, side by side, as Parquet and CSV.
//!
//! | file | a row |
//! | --- | --- |
//! | `summary/runs` | a run: what sets it apart, what it costs, its last logged step and its last evaluation |
//! | `summary/evaluations` | an evaluation of a run |
//!
//! Columns are called as in the JSON lines, those that vary by their dotted keys. An interval `x_ci95` is two columns,
//! `x_lo` and `x_hi`. What a run does not have yet is empty.

mod cell;
mod table;

use std::path::PathBuf;

use kolmo_run::{Error, EvaluationRecord, Outputs, StepRecord, is_there, read_jsonl};
use serde::Serialize;
use serde_json::Value;

use crate::{
    directory::SweepDirectory,
    error::SweepError,
    plan::{Plan, PlannedRun},
    state::{Look, State, look},
};

use cell::Cell;

/// The cells that a row has, by their columns.
type Row = Vec<(String, Cell)>;

/// What [`write()`] writes.
const NAMES: [&str; 4] = [
    "runs.parquet",
    "runs.csv",
    "evaluations.parquet",
    "evaluations.csv",
];

/// In the folder of a sweep they are kolmo's, as that is.
fn outputs(directory: &SweepDirectory) -> Result<Outputs, SweepError> {
    let outputs = Outputs::new(directory.summary(), "kolmo sweep summary");
    Ok(outputs.known(directory.is_ours()?))
}

/// That [`write()`] replaces no file of somebody else.
///
/// # Errors
/// Such a file, and a folder that cannot be read.
pub(crate) fn check(directory: &SweepDirectory) -> Result<(), SweepError> {
    Ok(outputs(directory)?.check(&NAMES)?)
}

/// Writes `summary/` of the runs of `plan` as they stand.
///
/// # Errors
/// A run whose files cannot be read or are not what it left, files of somebody else in the way, or files that cannot be
/// written.
pub fn write(plan: &Plan, directory: &SweepDirectory) -> Result<(), SweepError> {
    let mut runs = Vec::new();
    let mut evaluations = Vec::new();
    for run in &plan.runs {
        let look = look(run, directory)?;
        let state = look.state();
        let all = evaluations_of(&look, directory.run(&run.id).evaluations())?;
        let last = look.into_last();
        runs.push(run_row(run, state, last.as_ref(), all.last()));
        for evaluation in &all {
            let mut row = apart(run);
            extend(&mut row, "", evaluation);
            evaluations.push(row);
        }
    }
    let claim = outputs(directory)?.claim(&NAMES)?;
    table::write(&claim.path("runs"), &runs)?;
    table::write(&claim.path("evaluations"), &evaluations)?;
    Ok(claim.finish()?)
}

/// The evaluations of a run, which are in the file at `path` if it has any.
fn evaluations_of(look: &Look, path: PathBuf) -> Result<Vec<EvaluationRecord>, Error> {
    match look {
        Look::Done(finished) => finished.evaluations(),
        Look::Unfinished { .. } if is_there(&path)? => read_jsonl(path),
        Look::Unfinished { .. } => Ok(Vec::new()),
    }
}

/// What sets a run apart.
fn apart(run: &PlannedRun) -> Row {
    let mut row = Row::new();
    row.push(("id".to_owned(), Cell::Text(run.id.clone())));
    row.push(("label".to_owned(), Cell::Text(run.label.clone())));
    let overrides = run.overrides.iter();
    row.extend(overrides.map(|(key, value)| (key.clone(), Cell::from(value))));
    row
}

fn run_row(
    run: &PlannedRun,
    state: State,
    last: Option<&StepRecord>,
    evaluation: Option<&EvaluationRecord>,
) -> Row {
    let mut row = apart(run);
    row.push(("state".to_owned(), Cell::Text(state.name().to_owned())));
    let cost = run.cost;
    for (name, value) in [
        ("parameters", cost.parameters),
        ("embedding_parameters", cost.embedding_parameters),
        ("non_embedding_parameters", cost.non_embedding_parameters),
        ("steps", cost.steps),
    ] {
        row.push((name.to_owned(), Cell::from(&Value::from(value))));
    }
    row.push(("training_flops".to_owned(), Cell::Number(cost.flops)));
    if let Some(last) = last {
        extend(&mut row, "", last);
    }
    if let Some(evaluation) = evaluation {
        extend(&mut row, "final_", evaluation);
    }
    row
}

/// The fields of `record` that are one value, or an interval, with `prefix` before their names.
fn extend(row: &mut Row, prefix: &str, record: &impl Serialize) {
    let Ok(Value::Object(fields)) = serde_json::to_value(record) else {
        return;
    };
    for (name, value) in fields {
        match value {
            Value::Object(_) => {}
            Value::Array(values) => {
                if let (Some(name), [lo, hi]) = (name.strip_suffix("_ci95"), &values[..]) {
                    row.push((format!("{prefix}{name}_lo"), Cell::from(lo)));
                    row.push((format!("{prefix}{name}_hi"), Cell::from(hi)));
                }
            }
            value => {
                row.push((format!("{prefix}{name}"), Cell::from(&value)));
            }
        }
    }
}
