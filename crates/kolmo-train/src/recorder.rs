//! Everything a run writes while it goes on: JSON lines, the table of facts, event files.

use std::fmt;

use kolmo_config::RunConfig;
use kolmo_run::{
    AnswerRow, EvaluationRecord, FactRow, FactsTable, HparamValue, JsonlWriter, KeptLines, Lock,
    RunDirectory, StepRecord, TensorBoard, exact, explain, files, is_there, write_answers,
};
use serde::{Deserialize, Serialize};
use toml::Value;

use crate::{error::TrainError, job::Job};

/// The open files of a run.
pub(crate) struct Recorder<'a> {
    run: &'a RunDirectory,
    lock: &'a Lock,
    metrics: JsonlWriter<StepRecord>,
    evaluations: JsonlWriter<EvaluationRecord>,
    facts: FactsTable,
    /// The hash of the answers, once they are written.
    answers: Option<String>,
    tensorboard: TensorBoard,
}

/// What was written: a checkpoint says so, lest a run goes on behind a gap, or behind lines that are not its own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Written {
    /// Lines of `metrics.jsonl`.
    metrics: u64,
    /// Lines of `evaluations.jsonl`.
    evaluations: u64,
    /// Evaluations in `facts.parquet`.
    facts: u64,
    /// What is in them; `None` in a checkpoint of an earlier build.
    #[serde(default)]
    hashes: Option<Hashes>,
}

/// BLAKE3 hashes of what was written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Hashes {
    metrics: String,
    evaluations: String,
    facts: String,
    /// Of `answers.parquet`, which the last evaluation leaves.
    answers: Option<String>,
}

impl Written {
    /// That `there` is in the files, now that the run is to go on, after its last step or another one. Where a run goes on
    /// beyond the end of its trunk, it does without the answers of that; where the last evaluation is still owed, it makes
    /// them again.
    ///
    /// # Errors
    /// What gives away that it is not.
    fn check(&self, there: &Self, is_last: bool) -> Result<(), String> {
        let counts = |of: &Self| [of.metrics, of.evaluations, of.facts];
        if counts(self) != counts(there) {
            return Err(format!(
                "it was written after {self}, and of them there are {there}"
            ));
        }
        let (Some(hashes), Some(there)) = (&self.hashes, &there.hashes) else {
            return Ok(());
        };
        let files = [
            ("metrics.jsonl", hashes.metrics == there.metrics),
            ("evaluations.jsonl", hashes.evaluations == there.evaluations),
            ("facts.parquet", hashes.facts == there.facts),
            (
                "answers.parquet",
                !is_last || hashes.answers.is_none() || hashes.answers == there.answers,
            ),
        ];
        match files.iter().find(|(_, is_same)| !is_same) {
            None => Ok(()),
            Some((file, _)) => Err(format!(
                "{file} beside it is not the one that the run had written: restore it to go on from there"
            )),
        }
    }
}

impl fmt::Display for Written {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} lines of metrics.jsonl, {} of evaluations.jsonl and {} evaluations in facts.parquet",
            self.metrics, self.evaluations, self.facts
        )
    }
}

/// The hash of `answers.parquet` of `run`; `None` if there is no such file.
fn hash_of_answers(run: &RunDirectory) -> Result<Option<String>, TrainError> {
    let path = run.answers();
    if !is_there(&path)? {
        return Ok(None);
    }
    let hash = files::hash(&path).map_err(kolmo_run::Error::io("read", &path))?;
    Ok(Some(hash))
}

/// What of the files of a run was there when a checkpoint was written, as it was read back.
pub(crate) struct Recorded {
    metrics: KeptLines<StepRecord>,
    evaluations: KeptLines<EvaluationRecord>,
    facts: FactsTable,
}

impl Recorded {
    /// Reads it from `run`, whose world is that of `job`: `written` is what there was after `step`. Nothing is
    /// changed.
    pub fn read(
        job: &Job<'_>,
        run: &RunDirectory,
        step: u64,
        written: &Written,
    ) -> Result<Self, TrainError> {
        let metrics: KeptLines<StepRecord> = KeptLines::read(run.metrics(), written.metrics)?;
        let evaluations: KeptLines<EvaluationRecord> =
            KeptLines::read(run.evaluations(), written.evaluations)?;
        let mut facts = FactsTable::new(relation_names(job));
        if written.facts > 0 {
            facts = FactsTable::read(run.facts())?;
            facts.truncate(usize::try_from(written.facts).unwrap_or(usize::MAX));
        }
        let there = Written {
            metrics: metrics.records().len() as u64,
            evaluations: evaluations.records().len() as u64,
            facts: facts.evaluations() as u64,
            hashes: Some(Hashes {
                metrics: metrics.hash(),
                evaluations: evaluations.hash(),
                facts: facts.hash(),
                answers: hash_of_answers(run)?,
            }),
        };
        let unusable = |reason| kolmo_run::Error::Checkpoint {
            path: run.checkpoint(step),
            reason,
        };
        let is_last = step == job.config.train.steps();
        written.check(&there, is_last).map_err(unusable)?;
        let later = metrics.records().iter().any(|r| r.step > step)
            || evaluations.records().iter().any(|r| r.step > step);
        if later || facts.relation_names() != relation_names(job) {
            let reason = "the files beside it are of another run or of later steps".to_owned();
            return Err(unusable(reason).into());
        }
        Ok(Self {
            metrics,
            evaluations,
            facts,
        })
    }

    /// Writes it to another run.
    pub fn copy(&self, run: &RunDirectory) -> Result<(), TrainError> {
        self.metrics.copy(run.metrics())?;
        self.evaluations.copy(run.evaluations())?;
        self.write_facts(run)
    }

    fn write_facts(&self, run: &RunDirectory) -> Result<(), TrainError> {
        if self.facts.evaluations() > 0 {
            self.facts.write(run.facts())?;
        }
        Ok(())
    }
}

impl<'a> Recorder<'a> {
    /// Starts every file.
    pub fn create(job: &Job<'a>) -> Result<Self, TrainError> {
        let run = job.run;
        // Of nothing: event files of another run go, or are told of.
        let tensorboard = TensorBoard::rebuild(run.curves(), &[], &[]);
        tensorboard.hparams(&hparams(job.config)?);
        Ok(Self {
            run,
            lock: job.lock,
            metrics: JsonlWriter::create(run.metrics())?,
            evaluations: JsonlWriter::create(run.evaluations())?,
            facts: FactsTable::new(relation_names(job)),
            answers: None,
            tensorboard,
        })
    }

    /// Continues every file after `step`; what was written later is removed. `written` is what there was
    /// then: nothing is changed before all of it is known to be there.
    pub fn resume(job: &Job<'a>, step: u64, written: &Written) -> Result<Self, TrainError> {
        let run = job.run;
        let kept = Recorded::read(job, run, step, written)?;
        let tensorboard = TensorBoard::rebuild(
            run.curves(),
            kept.metrics.records(),
            kept.evaluations.records(),
        );
        tensorboard.hparams(&hparams(job.config)?);
        kept.write_facts(run)?;
        Ok(Self {
            run,
            lock: job.lock,
            metrics: kept.metrics.resume()?,
            evaluations: kept.evaluations.resume()?,
            facts: kept.facts,
            answers: written.hashes.as_ref().and_then(|all| all.answers.clone()),
            tensorboard,
        })
    }

    pub fn step(&mut self, record: &StepRecord) -> Result<(), TrainError> {
        self.metrics.append(record)?;
        self.tensorboard.step(record);
        Ok(())
    }

    pub fn evaluation(
        &mut self,
        record: &EvaluationRecord,
        rows: Vec<FactRow>,
    ) -> Result<(), TrainError> {
        self.lock.check()?;
        self.evaluations.append(record)?;
        self.facts.push(rows)?;
        self.facts.write(self.run.facts())?;
        self.tensorboard.evaluation(record);
        Ok(())
    }

    /// Forces to disk what was written.
    pub fn sync(&self) -> Result<(), TrainError> {
        self.lock.check()?;
        self.metrics.sync()?;
        self.evaluations.sync()?;
        Ok(())
    }

    /// The questions of the last evaluation with their answers.
    pub fn answers(&mut self, rows: &[AnswerRow]) -> Result<(), TrainError> {
        write_answers(self.run.answers(), rows)?;
        self.answers = hash_of_answers(self.run)?;
        Ok(())
    }

    /// What was written.
    pub fn written(&self) -> Written {
        Written {
            metrics: self.metrics.lines(),
            evaluations: self.evaluations.lines(),
            facts: self.facts.evaluations() as u64,
            hashes: Some(Hashes {
                metrics: self.metrics.hash(),
                evaluations: self.evaluations.hash(),
                facts: self.facts.hash(),
                answers: self.answers.clone(),
            }),
        }
    }

    /// A failing event file, told once: a warning, for the JSON lines hold everything.
    pub fn warning(&self) -> Option<String> {
        self.tensorboard.health().err().map(|error| explain(&error))
    }

    /// Closes the files; gives a last warning.
    pub fn finish(self) -> Option<String> {
        self.tensorboard.finish().err().map(|error| explain(&error))
    }
}

fn relation_names(job: &Job<'_>) -> Vec<String> {
    let relations = job.world.relations().iter();
    relations
        .map(|relation| relation.name().to_owned())
        .collect()
}

/// The settings of a run as TensorBoard's HPARAMS page shows them.
///
/// # Errors
/// None for a configuration that was parsed.
pub fn hparams(config: &RunConfig) -> Result<Vec<(String, HparamValue)>, TrainError> {
    let keys = config.flatten()?.into_iter();
    let values = keys.map(|(key, value)| {
        let value = match value {
            // A number of the page is a double.
            Value::Integer(number) if number.unsigned_abs() <= exact::MOST => {
                HparamValue::Number(number as f64)
            }
            Value::Float(number) => HparamValue::Number(number),
            Value::Boolean(on) => HparamValue::Boolean(on),
            Value::String(text) => HparamValue::Text(text),
            other
            @ (Value::Integer(_) | Value::Datetime(_) | Value::Array(_) | Value::Table(_)) => {
                HparamValue::Text(other.to_string())
            }
        };
        (key, value)
    });
    Ok(values.collect())
}
