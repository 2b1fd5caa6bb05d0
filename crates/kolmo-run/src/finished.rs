//! A run that is done, whose files are held against each other before they are believed.
//!
//! `DONE` is written last and says how the run ended. What else it left may have lost its end since, by a disk or by a hand, and
//! would then speak of another moment of the run: so records have to rise to its last step, without a gap, and the last ones have
//! to be those of `DONE`.

mod records;
mod seal;
#[cfg(test)]
mod tests;

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::{
    compression::CompressionRecord,
    directory::{RunDirectory, write_json},
    error::{Error, Result},
    files::{self, LARGEST_RECORD},
    manifest::Manifest,
    metrics::{EvaluationRecord, StepRecord},
};

pub use records::{answers, facts, steps};
use records::{asked, is_that_of_done, logged};
pub use seal::Seal;

/// What `DONE` holds: the final figures.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FinalFigures {
    /// The run directory, as it was given.
    pub run_dir: PathBuf,
    /// How many parameters the model has.
    pub parameters: u64,
    /// The last step.
    pub last_step: StepRecord,
    /// The last evaluation.
    pub last_evaluation: EvaluationRecord,
    /// What its files of records are.
    #[serde(flatten)]
    pub seal: Seal,
}

/// All records of a run.
#[derive(Debug, Clone, PartialEq)]
pub struct Records {
    /// Those of `metrics.jsonl`.
    pub steps: Vec<StepRecord>,
    /// Those of `evaluations.jsonl`.
    pub evaluations: Vec<EvaluationRecord>,
}

/// A run that is done.
#[derive(Debug, Clone)]
pub struct FinishedRun {
    /// Its directory.
    pub directory: RunDirectory,
    /// How it ended.
    pub figures: FinalFigures,
}

impl FinalFigures {
    /// Those of the run in `directory`, which has made the last of its `steps` steps, with all of its records.
    ///
    /// # Errors
    /// [`Error::Io`] or [`Error::Jsonl`] if records cannot be read, [`Error::Altered`] if they are not those of such a run.
    pub fn of(directory: &RunDirectory, parameters: u64, steps: u64) -> Result<(Self, Records)> {
        let (all_steps, last_step) = logged(&directory.metrics(), steps)?;
        let (evaluations, last_evaluation) = asked(directory, steps)?;
        let figures = Self {
            run_dir: directory.root().to_path_buf(),
            parameters,
            last_step,
            last_evaluation,
            seal: Seal::of(directory)?,
        };
        let records = Records {
            steps: all_steps,
            evaluations,
        };
        Ok((figures, records))
    }

    /// Writes `DONE`. Call it after everything else is on disk: whoever sees the file takes the run for complete.
    ///
    /// # Errors
    /// [`Error::Io`] if the file cannot be written.
    pub fn write(&self, directory: &RunDirectory) -> Result<()> {
        write_json(&directory.done(), self)
    }

    /// Reads `DONE` of a run of `steps` steps.
    fn read(directory: &RunDirectory, steps: u64) -> Result<Self> {
        let path = directory.done();
        let bytes = files::read(&path, LARGEST_RECORD).map_err(Error::io("read", &path))?;
        let figures: Self = serde_json::from_slice(&bytes).map_err(|source| Error::Json {
            path: path.clone(),
            source,
        })?;
        for step in [figures.last_step.step, figures.last_evaluation.step] {
            if step != steps {
                let reason = format!("its figures are of step {step}, and the run has {steps}");
                return Err(Error::Altered { path, reason });
            }
        }
        Ok(figures)
    }
}

impl FinishedRun {
    /// The run in `directory`, of `steps` steps, whose configuration has the hash `identity`, or one that begins so; none if it is
    /// not done.
    ///
    /// # Errors
    /// [`Error::Io`] or [`Error::Json`] if `DONE` or the manifest cannot be read, or whether it is done cannot be told; manifests of earlier
    /// builds can be, whatever they lack.
    /// [`Error::Altered`] if `DONE` is not that of such a run, [`Error::OtherConfig`] if it was made with another configuration.
    pub fn open(directory: &RunDirectory, identity: &str, steps: u64) -> Result<Option<Self>> {
        if !directory.is_done()? {
            return Ok(None);
        }
        let Some(mark) = directory.mark()? else {
            let path = directory.manifest();
            let reason = "it is missing, or not the manifest of a run".to_owned();
            return Err(Error::Altered { path, reason });
        };
        mark.check_config(directory, identity)?;
        Ok(Some(Self {
            directory: directory.clone(),
            figures: FinalFigures::read(directory, steps)?,
        }))
    }

    /// Where its figures come from.
    ///
    /// # Errors
    /// [`Error::Io`] or [`Error::Json`] if the manifest cannot be read, [`Error::OtherConfig`] if it was made with another configuration
    /// than one whose hash begins with `identity`.
    pub fn manifest(&self, identity: &str) -> Result<Manifest> {
        let manifest = Manifest::read(&self.directory)?;
        manifest.check_config(&self.directory, identity)?;
        Ok(manifest)
    }

    /// The evaluations, of which there is at least one. All files of records are held against their hashes.
    ///
    /// # Errors
    /// [`Error::Io`] or [`Error::Jsonl`] if they cannot be read, [`Error::Altered`] if they are not those of the run, or another file of
    /// records is not.
    pub fn evaluations(&self) -> Result<Vec<EvaluationRecord>> {
        let done = &self.figures.last_evaluation;
        let (evaluations, last) = asked(&self.directory, done.step)?;
        is_that_of_done(self.directory.evaluations(), &last, done)?;
        self.figures.seal.check(&self.directory)?;
        Ok(evaluations)
    }

    /// All records.
    ///
    /// # Errors
    /// Those of [`evaluations`](Self::evaluations).
    pub fn records(&self) -> Result<Records> {
        Ok(Records {
            steps: steps(&self.directory, &self.figures.last_step)?,
            evaluations: self.evaluations()?,
        })
    }

    /// What it is as a compressor, which was measured.
    ///
    /// # Errors
    /// [`Error::Io`] or [`Error::Json`] if it cannot be read, [`Error::Altered`] if it is of another step.
    pub fn compression(&self) -> Result<CompressionRecord> {
        let record = CompressionRecord::read(&self.directory)?;
        let (found, last) = (record.step, self.figures.last_step.step);
        if found != last {
            let reason = format!("it is of step {found}, and the run has {last}");
            let path = self.directory.compression();
            return Err(Error::Altered { path, reason });
        }
        Ok(record)
    }
}
