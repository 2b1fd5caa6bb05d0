//! Everything a run writes while it goes on: JSON lines, the table of facts, event files.

use std::fmt;

use kolmo_config::RunConfig;
use kolmo_run::{
    EvaluationRecord, FactRow, FactsTable, HparamValue, JsonlWriter, KeptLines, Lock, RunDirectory,
    StepRecord, TensorBoard,
};
use serde::{Deserialize, Serialize};
use toml::Value;

use crate::{
    error::{TrainError, explain},
    trainer::Job,
};

/// The open files of a run.
pub(crate) struct Recorder<'a> {
    run: &'a RunDirectory,
    lock: &'a Lock,
    metrics: JsonlWriter<StepRecord>,
    evaluations: JsonlWriter<EvaluationRecord>,
    facts: FactsTable,
    tensorboard: TensorBoard,
}

/// How much was written: a checkpoint says so, lest a run goes on behind a gap.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Counts {
    /// Lines of `metrics.jsonl`.
    metrics: u64,
    /// Lines of `evaluations.jsonl`.
    evaluations: u64,
    /// Evaluations in `facts.parquet`.
    facts: u64,
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} lines of metrics.jsonl, {} of evaluations.jsonl and {} evaluations in facts.parquet",
            self.metrics, self.evaluations, self.facts
        )
    }
}

/// What of the files of a run was there when a checkpoint was written, as it was read back.
pub(crate) struct Kept {
    metrics: KeptLines<StepRecord>,
    evaluations: KeptLines<EvaluationRecord>,
    facts: FactsTable,
}

impl Kept {
    /// Reads it from `run`, whose world is that of `job`: `written` is what there was after `step`. Nothing is
    /// changed.
    pub fn read(
        job: &Job<'_>,
        run: &RunDirectory,
        step: u64,
        written: Counts,
    ) -> Result<Self, TrainError> {
        let metrics: KeptLines<StepRecord> = KeptLines::read(run.metrics(), written.metrics)?;
        let evaluations: KeptLines<EvaluationRecord> =
            KeptLines::read(run.evaluations(), written.evaluations)?;
        let mut facts = FactsTable::new(relation_names(job));
        if written.facts > 0 {
            facts = FactsTable::read(run.facts())?;
            facts.truncate_after(step);
        }
        let there = Counts {
            metrics: metrics.records().len() as u64,
            evaluations: evaluations.records().len() as u64,
            facts: facts.evaluations() as u64,
        };
        let later = metrics.records().iter().any(|r| r.step > step)
            || evaluations.records().iter().any(|r| r.step > step);
        if there != written || later || facts.relation_names() != relation_names(job) {
            return Err(kolmo_run::Error::Checkpoint {
                path: run.checkpoint(step),
                reason: format!("it was written after {written}, and of them there are {there}"),
            }
            .into());
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
        let tensorboard = TensorBoard::rebuild(run.tensorboard(), &[], &[]);
        tensorboard.hparams(&hparams(job.config)?);
        Ok(Self {
            run,
            lock: job.lock,
            metrics: JsonlWriter::create(run.metrics())?,
            evaluations: JsonlWriter::create(run.evaluations())?,
            facts: FactsTable::new(relation_names(job)),
            tensorboard,
        })
    }

    /// Continues every file after `step`; what was written later is removed. `written` is what there was
    /// then: nothing is changed before all of it is known to be there.
    pub fn resume(job: &Job<'a>, step: u64, written: Counts) -> Result<Self, TrainError> {
        let run = job.run;
        let kept = Kept::read(job, run, step, written)?;
        let tensorboard = TensorBoard::rebuild(
            run.tensorboard(),
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

    /// How much was written.
    pub fn counts(&self) -> Counts {
        Counts {
            metrics: self.metrics.lines(),
            evaluations: self.evaluations.lines(),
            facts: self.facts.evaluations() as u64,
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
            Value::Integer(number) => HparamValue::Number(number as f64),
            Value::Float(number) => HparamValue::Number(number),
            Value::Boolean(on) => HparamValue::Boolean(on),
            Value::String(text) => HparamValue::Text(text),
            other => HparamValue::Text(other.to_string()),
        };
        (key, value)
    });
    Ok(values.collect())
}
