//! Runs that begin alike: a *branch* takes its first steps from a checkpoint of its *trunk*.
//!
//! Documents are pure functions of their number, so two runs of one world, model and optimiser make the very
//! same steps for as long as their learning rates are the same, whatever their lengths: with `wsd` and a
//! warm-up in documents, until the shorter one begins its cool-down. A branch ends with the same weights, bit
//! for bit, as if it had made those steps itself.

use std::{fs, io};

use burn::prelude::*;
use kolmo_config::{
    RunConfig,
    agreement::{agreement, difference},
};
use kolmo_probe::Interview;
use kolmo_run::{Error, Manifest, Origin, Provenance, RunDirectory, checkpoint, explain};

use crate::{
    error::TrainError,
    job::{Job, Observer},
    trainer::write_down,
    training::{self, Training},
};

/// A run whose steps another one begins with. It is only read, and may be under way.
#[derive(Debug)]
pub struct Trunk {
    run: RunDirectory,
    identity: String,
    steps: u64,
    agreement: u64,
}

impl Trunk {
    /// The run of `config` in the directory `run`, as the trunk of that of `branch`; both are settled.
    ///
    /// # Errors
    /// [`TrainError::Trunk`] if the two differ in what is computed, and so cannot begin alike.
    pub fn new(
        run: RunDirectory,
        config: &RunConfig,
        branch: &RunConfig,
    ) -> Result<Self, TrainError> {
        if let Some(difference) = difference(branch, config)? {
            let trunk = run.root().to_path_buf();
            return Err(TrainError::Trunk { trunk, difference });
        }
        Ok(Self {
            run,
            identity: config.identity()?,
            steps: config.train.steps(),
            agreement: agreement(branch, config)?,
        })
    }

    /// Begins the run of `job`, which must be clear, with the newest checkpoint of the trunk that serves; none
    /// if there is none, which is told. Whatever stops it leaves a run that can be begun again, or one to resume.
    pub(crate) fn begin<'a>(
        &self,
        job: &Job<'a>,
        interview: &'a Interview,
        device: &Device,
        provenance: &Provenance,
        observer: &mut dyn Observer,
    ) -> Result<Option<Training<'a>>, TrainError> {
        let mut tried = Vec::new();
        loop {
            // Anew each time: a trunk that goes on has others by now.
            let steps = checkpoint::steps(&self.run)?.into_iter();
            let mut left = steps.filter(|step| self.serves(job, *step) && !tried.contains(step));
            let Some(step) = left.next() else {
                observer.warning(&self.nothing(job));
                return Ok(None);
            };
            let begun = self.copy(job, step, provenance, observer);
            let error = match begun.and_then(|()| Training::resume(job, interview, device, step)) {
                Ok(training) => {
                    observer.branch(step, self.run.root());
                    return Ok(Some(training));
                }
                Err(error) => error,
            };
            job.run.clear()?;
            // One that the trunk removed meanwhile, as it does with old ones, is none that was there.
            let there = fs::metadata(self.run.checkpoint(step));
            if !there.is_err_and(|error| error.kind() == io::ErrorKind::NotFound) {
                if !is_damage(&error) {
                    return Err(error);
                }
                observer.warning(&explain(&error));
            }
            tried.push(step);
        }
    }

    /// Whether the branch can begin with the checkpoint of `step`. Behind the last step of either run there are
    /// a line of `metrics.jsonl` and an evaluation that the other one does not have.
    fn serves(&self, job: &Job<'_>, step: u64) -> bool {
        let train = &job.config.train;
        let is_logged = step < self.steps || step.is_multiple_of(train.log_every);
        step <= self.agreement && step < train.steps() && is_logged
    }

    /// That no checkpoint serves.
    fn nothing(&self, job: &Job<'_>) -> String {
        let trunk = self.run.root().display();
        let last = job.config.train.steps().saturating_sub(1);
        let why = match self.agreement.min(last) {
            0 => "their learning rates differ from the first step on (train.warmup_documents makes warm-ups \
                  alike)"
                .to_owned(),
            1 => "there is none of step 1, the only one in which the two are the same".to_owned(),
            last => format!("there is none of steps 1 to {last}, in which the two are the same"),
        };
        format!("{trunk} has no checkpoint to begin with: {why}; the run begins at its first step")
    }

    fn copy(
        &self,
        job: &Job<'_>,
        step: u64,
        provenance: &Provenance,
        observer: &mut dyn Observer,
    ) -> Result<(), TrainError> {
        // What made the first steps: the run says so if something else makes the others.
        let made_by = Manifest::read(&self.run).map_or_else(
            |error| {
                let error = explain(&error);
                observer.warning(&format!("{error}; what made the steps is not known"));
                provenance.clone()
            },
            |manifest| manifest.provenance,
        );
        let origin = Origin {
            dir: self.run.root().to_path_buf(),
            step,
            config_blake3: self.identity.clone(),
        };
        let config = job.config;
        let parameters = config.model.parameters(job.world.vocabulary().len());
        let identity = config.identity()?;
        let manifest = Manifest::branch(config.seed, parameters, identity, made_by, origin);
        training::copy(job, &self.run, &self.identity, step, || {
            write_down(job, &manifest)
        })
    }
}

/// Whether it says that something of the trunk is damaged or missing, so that an older checkpoint may do.
fn is_damage(error: &TrainError) -> bool {
    let is_missing = |source: &io::Error| source.kind() == io::ErrorKind::NotFound;
    let is_file = match error {
        TrainError::Run(Error::Io { source, .. }) => is_missing(source),
        TrainError::Run(
            Error::Jsonl { .. } | Error::Parquet { .. } | Error::FactsLayout { .. },
        ) => true,
        _ => false,
    };
    is_file || error.is_damage()
}
