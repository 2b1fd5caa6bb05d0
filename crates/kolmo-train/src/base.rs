//! The run that another one fine-tunes.

use std::{fs, path::Path};

use burn::prelude::*;
use kolmo_config::{FinetuneConfig, RunConfig};
use kolmo_eval::Exposures;
use kolmo_model::{
    Gpt,
    parametrisation::is_matrix,
    weights::{self, NamedTensors},
};
use kolmo_run::{Error, RunDirectory, checkpoint};
use kolmo_world::{Document, World, random::Streams};

use crate::{
    error::{TrainError, explain},
    training::MODEL,
};

/// A trained model to begin with. Its run is only read.
#[derive(Debug)]
pub struct Base {
    run: RunDirectory,
    config: RunConfig,
    step: u64,
}

impl Base {
    /// That of `finetune`, which has been settled.
    ///
    /// # Errors
    /// [`TrainError::Base`] if its directory holds no such run.
    pub fn open(finetune: &FinetuneConfig) -> Result<Self, TrainError> {
        let (Some(from), Some(base)) = (&finetune.from, &finetune.base) else {
            return Err(TrainError::Base {
                run: "the run to fine-tune".into(),
                problem: "it is not named: begin with kolmo finetune CONFIG --from RUN_DIR"
                    .to_owned(),
            });
        };
        let run = RunDirectory::at(from);
        let refuse = |problem: String| TrainError::Base {
            run: run.root().to_path_buf(),
            problem,
        };
        let file = run.config();
        let text = fs::read_to_string(&file).map_err(Error::io("read", &file))?;
        // It was settled before it was written.
        let config = RunConfig::parse(&text, &[])?;
        if config.identity()? != base.identity {
            let problem =
                "it holds a run of another configuration than the one that was to be fine-tuned";
            return Err(refuse(problem.to_owned()));
        }
        Ok(Self {
            step: base.step,
            run,
            config,
        })
    }

    /// The newest checkpoint of the run of `config` in `run`.
    ///
    /// # Errors
    /// [`TrainError::Base`] if there is none, or the run is not done.
    pub fn newest_step(run: &Path) -> Result<u64, TrainError> {
        let directory = RunDirectory::at(run);
        let refuse = |problem: &str| TrainError::Base {
            run: run.to_path_buf(),
            problem: problem.to_owned(),
        };
        if !directory.is_done() {
            return Err(refuse(
                "it is not done: finish it first, or name a checkpoint with --step",
            ));
        }
        let steps = checkpoint::steps(&directory)?;
        steps
            .first()
            .copied()
            .ok_or_else(|| refuse("it has no checkpoint"))
    }

    /// Its weights in a model of `config`, whose vocabulary may have grown, on `device`.
    pub(crate) fn model(
        &self,
        config: &RunConfig,
        world: &World,
        device: &Device,
    ) -> Result<Gpt, TrainError> {
        let streams = Streams::new(config.seed);
        let vocabulary = world.vocabulary().len();
        let mut tensors = self.weights()?;
        weights::grow_vocabulary(&mut tensors, vocabulary, &streams);
        let model = Gpt::new(&config.model, vocabulary, &streams, device)?;
        Ok(weights::write(model, tensors)?)
    }

    fn weights(&self) -> Result<NamedTensors, TrainError> {
        let identity = self.config.identity()?;
        let read = || -> Result<NamedTensors, TrainError> {
            let files = checkpoint::read(&self.run, self.step, &identity, &[MODEL])?;
            Ok(weights::from_safetensors(&files[MODEL])?)
        };
        // What is wrong with it is not wrong with the run that fine-tunes it.
        read().map_err(|error| TrainError::Base {
            run: self.run.root().to_path_buf(),
            problem: explain(&error),
        })
    }

    /// That it can be fine-tuned into `run`, which is about to be emptied: that its weights are there, and that it is not there itself,
    /// nor any run that it began with.
    pub(crate) fn check(&self, run: &RunDirectory) -> Result<(), TrainError> {
        self.weights()?;
        let place = |run: &RunDirectory| fs::canonicalize(run.root()).ok();
        let target = place(run);
        let mut earlier = self.config.finetune.clone();
        let mut here = Some(self.run.clone());
        while let Some(one) = here {
            if target.is_some() && place(&one) == target {
                return Err(TrainError::Base {
                    run: one.root().to_path_buf(),
                    problem: "the fine-tuning would take its place: name another --run-dir"
                        .to_owned(),
                });
            }
            let before = match &earlier {
                Some(finetune) => Self::open(finetune).ok(),
                None => None,
            };
            earlier = before
                .as_ref()
                .and_then(|base| base.config.finetune.clone());
            here = before.map(|base| base.run);
        }
        Ok(())
    }

    /// That `model`, which fine-tuned it by adapters, began with these weights: what adapters leave alone is the same.
    pub(crate) fn check_same(&self, base: &Gpt, model: &NamedTensors) -> Result<(), TrainError> {
        let base = weights::read(base)?;
        let is_same = |name: &&String| is_matrix(name) || model.get(*name) == base.get(*name);
        if base.keys().all(|name| is_same(&name)) {
            return Ok(());
        }
        Err(TrainError::Base {
            run: self.run.root().to_path_buf(),
            problem: "its weights are others than those that the run began with".to_owned(),
        })
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
        count(&self.config, world, documents, exposures, progress)
    }
}

/// Counts the facts of the first `documents` documents of the run of `config`, and of the runs before it if it fine-tunes one.
/// `world` may have a larger language than the run. `progress` is told now and then how many were counted.
///
/// # Errors
/// A run before it that is not there any more.
pub fn count(
    config: &RunConfig,
    world: &World,
    documents: u64,
    exposures: &mut Exposures,
    progress: &mut dyn FnMut(u64),
) -> Result<(), TrainError> {
    let Some(finetune) = &config.finetune else {
        exposures.count_stream(world, documents, progress);
        return Ok(());
    };
    Base::open(finetune)?.count(world, exposures, progress)?;
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
