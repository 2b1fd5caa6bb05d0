//! The run that another one fine-tunes.

use std::{
    fs,
    path::{Path, PathBuf},
};

use burn::prelude::*;
use kolmo_config::{FinetuneConfig, ParameterSpec, RunConfig};
use kolmo_model::{
    Model,
    weights::{self, NamedTensors},
};
use kolmo_probe::Exposures;
use kolmo_run::{FinishedRun, FoundBase, RunDirectory, checkpoint, explain, find_base};
use kolmo_world::{Document, World};

use crate::{error::TrainError, training::MODEL};

/// A trained model to begin with. Its run is only read.
#[derive(Debug)]
pub struct Base {
    run: RunDirectory,
    config: RunConfig,
    step: u64,
}

impl Base {
    /// That of `finetune`, which has been settled, of the run in `tuned`: at the place that is named or, if both were moved, at the
    /// same one beside it.
    ///
    /// # Errors
    /// [`TrainError::Base`] if no such run is there.
    pub fn open(finetune: &FinetuneConfig, tuned: &RunDirectory) -> Result<Self, TrainError> {
        let (Some(from), Some(base)) = (&finetune.from, &finetune.base) else {
            let problem = "it is not named: begin with kolmo finetune CONFIG --from RUN_DIR";
            return Err(refusal(&RunDirectory::at("the run to fine-tune"), problem));
        };
        let problem = match find_base(base, from, tuned)? {
            FoundBase::There(run, config) => {
                return Ok(Self {
                    step: base.step,
                    run,
                    config: *config,
                });
            }
            FoundBase::Another => {
                "it holds a run of another configuration than the one that was to be fine-tuned"
            }
            FoundBase::Missing => {
                "it is not there, nor is it beside the run that fine-tunes it: keep the two beside each other"
            }
        };
        Err(refusal(&RunDirectory::at(from), problem))
    }

    /// The last step of the run in `run`, which is done and has the checkpoint.
    ///
    /// # Errors
    /// [`TrainError::Base`] if it is not done or has no such checkpoint; [`TrainError::Run`] if that cannot be told, or the run is not as it
    /// was left.
    pub fn last_step(run: &Path) -> Result<u64, TrainError> {
        let directory = RunDirectory::at(run);
        let config = directory.run_config()?;
        let last = config.train.steps();
        if FinishedRun::open(&directory, &config.identity()?, last)?.is_none() {
            let problem = "it is not done: finish it first, or name a checkpoint with --step";
            return Err(refusal(&directory, problem));
        }
        if !checkpoint::steps(&directory)?.contains(&last) {
            let problem = format!(
                "the checkpoint of its last step, {last}, is not there: name another one with --step"
            );
            return Err(refusal(&directory, problem));
        }
        Ok(last)
    }

    /// That of `finetune` with its weights, which is about to be fine-tuned into `run`: `run` can be emptied, for it is not the base nor
    /// any run that that began with.
    pub(crate) fn begin(
        finetune: &FinetuneConfig,
        run: &RunDirectory,
    ) -> Result<(Self, NamedTensors), TrainError> {
        let base = Self::open(finetune, run)?;
        let weights = base.weights()?;
        if let Some(place) = place(run) {
            base.check_elsewhere(&place)?;
        }
        Ok((base, weights))
    }

    /// That neither it nor any run before it is at `taken`.
    fn check_elsewhere(&self, taken: &Path) -> Result<(), TrainError> {
        if place(&self.run).as_deref() == Some(taken) {
            let problem = "the fine-tuning would take its place: name another --run-dir";
            return Err(refusal(&self.run, problem));
        }
        // One that is gone is in nobody's way.
        let before = self.config.finetune.as_ref();
        match before.and_then(|finetune| Self::open(finetune, &self.run).ok()) {
            Some(before) => before.check_elsewhere(taken),
            None => Ok(()),
        }
    }

    /// Its weights.
    pub(crate) fn weights(&self) -> Result<NamedTensors, TrainError> {
        let identity = self.config.identity()?;
        let read = || -> Result<NamedTensors, TrainError> {
            let files = checkpoint::read(&self.run, self.step, &identity, &[MODEL])?;
            Ok(weights::from_safetensors(&files[MODEL])?)
        };
        // What is wrong with it is not wrong with the run that fine-tunes it.
        read().map_err(|error| refusal(&self.run, explain(&error)))
    }

    /// That `model`, which fine-tuned it by adapters, began with these weights: what adapters leave alone is the same.
    pub(crate) fn check_same(
        &self,
        base: &Model,
        model: &NamedTensors,
        specs: &[ParameterSpec],
    ) -> Result<(), TrainError> {
        let base = weights::read(base)?;
        let mut left_alone = specs.iter().filter(|spec| !spec.kind.is_adapted());
        if left_alone.all(|spec| model.get(&spec.name) == base.get(&spec.name)) {
            return Ok(());
        }
        let problem = "its weights are others than those that the run began with";
        Err(refusal(&self.run, problem))
    }

    /// Counts what it was trained on, as `world` has it, and tells `progress` how many documents that were.
    ///
    /// # Errors
    /// Those of the runs before it.
    pub fn count(
        &self,
        world: &World,
        exposures: &mut Exposures,
        progress: &mut dyn FnMut(u64),
    ) -> Result<(), TrainError> {
        let documents = self.step * self.config.train.batch_documents as u64;
        count(
            &self.config,
            &self.run,
            world,
            documents,
            exposures,
            progress,
        )
    }
}

/// A model of `config`, whose vocabulary may have grown since, with the weights of its base, on `device`.
pub(crate) fn model(
    config: &RunConfig,
    world: &World,
    mut tensors: NamedTensors,
    device: &Device,
) -> Result<Model, TrainError> {
    let streams = config.initialisation();
    let vocabulary = world.vocabulary().len();
    weights::grow_vocabulary(&mut tensors, &config.model.specs(vocabulary), &streams);
    let model = Model::new(&config.model, vocabulary, &streams, device)?;
    Ok(weights::write(model, tensors)?)
}

/// That `run` cannot be fine-tuned.
fn refusal(run: &RunDirectory, problem: impl Into<String>) -> TrainError {
    TrainError::Base {
        run: run.root().to_path_buf(),
        problem: problem.into(),
    }
}

/// Where `run` is, by whatever name; none if it is not there.
fn place(run: &RunDirectory) -> Option<PathBuf> {
    fs::canonicalize(run.root()).ok()
}

/// Counts the facts of the first `documents` documents of the run of `config`, which is in `run`, and of the runs before it if it fine-tunes one.
/// `world` may have a larger language than the run. `progress` is told now and then how many were counted.
///
/// # Errors
/// A run before it that is not there any more.
pub fn count(
    config: &RunConfig,
    run: &RunDirectory,
    world: &World,
    documents: u64,
    exposures: &mut Exposures,
    progress: &mut dyn FnMut(u64),
) -> Result<(), TrainError> {
    let Some(finetune) = &config.finetune else {
        exposures.count_stream(&config.train.order(world), documents, progress);
        return Ok(());
    };
    Base::open(finetune, run)?.count(world, exposures, progress)?;
    let lesson = finetune.lesson(world, config.seed)?;
    let mut document = Document::default();
    for n in 0..documents {
        lesson.write_document(n, &mut document);
        exposures.count(&document.facts);
        if n % (1 << 16) == 0 {
            progress(finetune.documents_before() + n);
        }
    }
    progress(finetune.documents_before() + documents);
    Ok(())
}
