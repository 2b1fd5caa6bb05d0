//! Everything that a step changes: kept in a checkpoint and taken up from one.

use burn::prelude::*;
use kolmo_config::{Method, ParameterSpec, RunConfig};
use kolmo_eval::{Exact, ExactState, Exposures, Interview};
use kolmo_model::{
    Adapters, Model,
    weights::{self, NamedTensors},
};
use kolmo_run::{
    RunDirectory,
    checkpoint::{self, Draft},
};
use kolmo_world::{Lesson, World, random::Streams};
use serde::{Deserialize, Serialize};

use crate::{
    base::{self, Base},
    error::TrainError,
    job::Job,
    learner::Learner,
    meter::{Meter, Sums},
    optimizer::Optimizer,
    recorder::{Kept, Recorder, Written},
    shards::Parts,
};

pub(crate) const MODEL: &str = "model.safetensors";
const ADAPTERS: &str = "adapters.safetensors";
const OPTIMIZER: &str = "optimizer.safetensors";
const STATE: &str = "state.cbor";

/// A run between two steps.
pub(crate) struct Training<'a> {
    /// Steps done.
    pub step: u64,
    /// Documents trained on.
    pub documents: u64,
    pub learner: Learner<Model>,
    pub exposures: Exposures,
    /// None in fine-tuning, whose documents are not those of the world.
    pub exact: Option<Exact<'a>>,
    pub meter: Meter,
    pub recorder: Recorder<'a>,
    /// Whether a stop came in the middle of the evaluation after this step.
    pub owes_evaluation: bool,
}

/// What of it is neither weights nor moments: `state.cbor`.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct State {
    step: u64,
    documents: u64,
    updates: u64,
    meter: Sums,
    exposures: Vec<u64>,
    exact: Option<ExactState>,
    written: Written,
    /// Checkpoints are as they were for all others.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    owes_evaluation: bool,
}

impl State {
    /// That of the checkpoint of `step` of `run`, whose batches are those of `job`.
    fn read(
        job: &Job<'_>,
        run: &RunDirectory,
        step: u64,
        bytes: &[u8],
    ) -> Result<Self, TrainError> {
        let unusable = |reason: String| {
            let path = run.checkpoint(step);
            kolmo_run::Error::Checkpoint { path, reason }
        };
        let state: Self = ciborium::from_reader(bytes)
            .map_err(|error| unusable(format!("{STATE} cannot be read: {error}")))?;
        let batch = job.config.train.batch_documents as u64;
        if state.step != step || state.documents != step * batch {
            return Err(unusable(format!("{STATE} is not of its step")).into());
        }
        Ok(state)
    }
}

/// Copies what `trunk` had written after `step`, and its checkpoint of that step, to the run of `job`, which
/// must be clear. `begin` is called when it is known to be whole but for the weights, and nothing of it is
/// copied: it makes the folder a run's. The checkpoint, which makes that one that can be resumed, comes last.
///
/// # Errors
/// Those of a checkpoint that cannot be used, and of a disk that fails.
pub(crate) fn copy(
    job: &Job<'_>,
    trunk: &RunDirectory,
    identity: &str,
    step: u64,
    begin: impl FnOnce() -> Result<(), TrainError>,
) -> Result<(), TrainError> {
    // One after another, as they are written.
    let read = |name| -> Result<Vec<u8>, TrainError> {
        let mut files = checkpoint::read(trunk, step, identity, &[name])?;
        Ok(files.remove(name).unwrap_or_default())
    };
    let state = read(STATE)?;
    let written = State::read(job, trunk, step, &state)?.written;
    let kept = Kept::read(job, trunk, step, &written)?;
    begin()?;
    kept.copy(job.run)?;
    let mut draft = Draft::begin(job.run, step)?;
    draft.add(STATE, &state)?;
    draft.add(MODEL, &read(MODEL)?)?;
    draft.add(OPTIMIZER, &read(OPTIMIZER)?)?;
    let finetune = job.config.finetune.as_ref();
    if finetune.is_some_and(|finetune| finetune.method == Method::Lora) {
        draft.add(ADAPTERS, &read(ADAPTERS)?)?;
    }
    draft.finish(&job.config.identity()?)?;
    Ok(())
}

/// The weights in the checkpoint of `step`, on `device`: a model to ask, without the rest of its training.
///
/// # Errors
/// A checkpoint that cannot be used, and weights that are not of this model.
pub fn load_model(
    config: &RunConfig,
    world: &World,
    run: &RunDirectory,
    step: u64,
    device: &Device,
) -> Result<Model, TrainError> {
    let files = checkpoint::read(run, step, &config.identity()?, &[MODEL])?;
    let vocabulary = world.vocabulary().len();
    let model = Model::new(
        &config.model,
        vocabulary,
        &Streams::new(config.seed),
        device,
    )?;
    Ok(weights::write(
        model,
        weights::from_safetensors(&files[MODEL])?,
    )?)
}

/// The optimiser of the parameters `specs`.
fn optimizer(job: &Job<'_>, specs: &[ParameterSpec]) -> Optimizer {
    Optimizer::new(&job.config.train, &*job.config.model, specs)
}

fn learner(
    job: &Job<'_>,
    interview: &Interview,
    model: Model,
    optimizer: Optimizer,
    device: &Device,
) -> Result<Learner<Model>, TrainError> {
    // Documents that a lesson writes are of no class; others may be about a subject beyond the last one.
    let classes = match job.config.finetune {
        Some(_) => 1,
        None => interview.probe().classes.len() + 1,
    };
    let Job { config, world, .. } = *job;
    let length = job.lesson.map(Lesson::max_document_length);
    // The first token of a document is read and not predicted.
    let length = length.unwrap_or(world.max_document_length()) - 1;
    let parts = config
        .train
        .parts(&*config.model, world.vocabulary().len(), length);
    let learner = Learner::new(model, optimizer, parts, device)?;
    Ok(learner.by_class(Parts::new(classes)))
}

/// The adapters of the model of `config`, whose parameters are `specs`, before the first step; none if all weights are trained.
fn adapters(config: &RunConfig, specs: &[ParameterSpec], device: &Device) -> Option<Adapters> {
    let finetune = config.finetune.as_ref()?;
    match finetune.method {
        Method::Full => None,
        Method::Lora => {
            let (sizes, streams) = ((finetune.rank, finetune.alpha), Streams::new(config.seed));
            Some(Adapters::new(specs, sizes, &streams, device))
        }
    }
}

impl<'a> Training<'a> {
    /// A run before its first step; it begins with the weights of `base` if there is one.
    pub fn new(
        job: &Job<'a>,
        interview: &Interview,
        device: &Device,
        base: Option<(Base, NamedTensors)>,
    ) -> Result<Self, TrainError> {
        let Job { config, world, .. } = *job;
        let mut exposures = interview.exposures();
        let vocabulary = world.vocabulary().len();
        let specs = config.model.specs(vocabulary);
        let model = match base {
            None => Model::new(
                &config.model,
                vocabulary,
                &Streams::new(config.seed),
                device,
            )?,
            Some((base, weights)) => {
                base.count(world, &mut exposures, &mut |_| {})?;
                base::model(config, world, weights, device)?
            }
        };
        let learner = match adapters(config, &specs, device) {
            None => learner(job, interview, model, optimizer(job, &specs), device)?,
            Some(adapters) => {
                let optimizer = optimizer(job, &adapters.specs());
                learner(job, interview, model, optimizer, device)?.with_adapters(adapters)
            }
        };
        let exact = || {
            Exact::new(
                world,
                config.eval.bayes_discount,
                &interview.probe().classes,
            )
        };
        Ok(Self {
            step: 0,
            documents: 0,
            learner,
            exposures,
            exact: config.finetune.is_none().then(exact),
            recorder: Recorder::create(job)?,
            owes_evaluation: false,
            meter: Meter::new(Sums::default()),
        })
    }

    /// The run as it was after `step` steps, from its checkpoint. The files of the run directory are cut
    /// back to what they were then.
    pub fn resume(
        job: &Job<'a>,
        interview: &Interview,
        device: &Device,
        step: u64,
    ) -> Result<Self, TrainError> {
        let Job {
            config, world, run, ..
        } = *job;
        let identity = config.identity()?;
        let files = checkpoint::read(run, step, &identity, &[OPTIMIZER, STATE])?;
        let state = State::read(job, run, step, &files[STATE])?;
        let moments = weights::from_safetensors(&files[OPTIMIZER])?;
        let there = &job.device.device;
        let specs = config.model.specs(world.vocabulary().len());
        let optimizer = |specs: &[ParameterSpec]| -> Result<Optimizer, TrainError> {
            let mut optimizer = optimizer(job, specs);
            optimizer.resume(state.updates, moments, there)?;
            Ok(optimizer)
        };
        let learner = match (&config.finetune, adapters(config, &specs, device)) {
            (Some(finetune), Some(fresh)) => {
                let from = Base::open(finetune, run)?;
                let base = base::model(config, world, from.weights()?, device)?;
                let files = checkpoint::read(run, step, &identity, &[MODEL])?;
                let model = weights::from_safetensors(&files[MODEL])?;
                from.check_same(&base, &model, &specs)?;
                let files = checkpoint::read(run, step, &identity, &[ADAPTERS])?;
                let adapters = weights::write(fresh, weights::from_safetensors(&files[ADAPTERS])?)?;
                let optimizer = optimizer(&adapters.specs())?;
                learner(job, interview, base, optimizer, device)?.with_adapters(adapters)
            }
            (_, None) | (None, Some(_)) => {
                let model = load_model(config, world, run, step, device)?;
                learner(job, interview, model, optimizer(&specs)?, device)?
            }
        };
        let exact = |state| {
            let classes = &interview.probe().classes;
            Exact::resume(world, config.eval.bayes_discount, classes, state)
        };
        Ok(Self {
            step,
            documents: state.documents,
            learner,
            exposures: interview.exposures().resume(state.exposures)?,
            exact: state.exact.map(exact).transpose()?,
            recorder: Recorder::resume(job, step, &state.written)?,
            owes_evaluation: state.owes_evaluation,
            meter: Meter::new(state.meter),
        })
    }

    /// Writes a checkpoint.
    pub fn save(&mut self, job: &Job<'_>) -> Result<(), TrainError> {
        // What the checkpoint counts on comes first.
        self.recorder.sync()?;
        self.meter.pause();
        let state = State {
            step: self.step,
            documents: self.documents,
            updates: self.learner.optimizer.steps(),
            meter: self.meter.state(),
            exposures: self.exposures.counts().to_vec(),
            exact: self.exact.as_ref().map(Exact::state),
            written: self.recorder.written(),
            owes_evaluation: self.owes_evaluation,
        };
        // One after another: each may be large, and none is needed for the next.
        let mut draft = Draft::begin(job.run, self.step)?;
        let mut bytes = Vec::new();
        ciborium::into_writer(&state, &mut bytes)
            .map_err(|error| TrainError::State(error.to_string()))?;
        drop(state);
        draft.add(STATE, &bytes)?;
        drop(bytes);
        draft.add(
            MODEL,
            &weights::to_safetensors(&weights::read(&self.learner.model)?)?,
        )?;
        if let Some(adapters) = self.learner.adapters() {
            draft.add(
                ADAPTERS,
                &weights::to_safetensors(&weights::read(adapters)?)?,
            )?;
        }
        draft.add(
            OPTIMIZER,
            &weights::to_safetensors(&self.learner.optimizer.read()?)?,
        )?;
        draft.finish(&job.config.identity()?)?;
        self.meter.resume();
        Ok(())
    }
}
