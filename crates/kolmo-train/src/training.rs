//! Everything that a step changes: kept in a checkpoint and taken up from one.

use burn::prelude::*;
use kolmo_config::{Method, ParameterSpec, RunConfig};
use kolmo_model::{
    Adapters, Model,
    weights::{self, NamedTensors},
};
use kolmo_probe::Interview;
use kolmo_run::{
    RunDirectory,
    checkpoint::{self, Draft},
};
use kolmo_world::{Lesson, World};

use crate::{
    base::{self, Base},
    companions::Companion,
    documents::Documents,
    error::TrainError,
    job::Job,
    learner::Learner,
    meter::{Meter, Sums},
    optimizer::Optimizer,
    recorder::{Recorded, Recorder, Written},
    shards::Parts,
    state::{Keeping, STATE, State},
};

pub(crate) const MODEL: &str = "model.safetensors";
const ADAPTERS: &str = "adapters.safetensors";
const OPTIMIZER: &str = "optimizer.safetensors";

// What the loop keeps of itself in the state.
const STEP: &str = "step";
const DOCUMENTS: &str = "documents";
const UPDATES: &str = "updates";
const METER: &str = "meter";
const WRITTEN: &str = "written";
const OWES_EVALUATION: &str = "owes_evaluation";

/// A run between two steps.
pub(crate) struct Training<'a> {
    /// Steps done.
    pub step: u64,
    /// Documents trained on.
    pub documents: u64,
    pub learner: Learner<Model>,
    pub meter: Meter,
    pub companions: Vec<Box<dyn Companion + 'a>>,
    pub recorder: Recorder<'a>,
    /// What it reads.
    pub reads: Documents<'a>,
    /// Whether a stop came in the middle of the evaluation after this step.
    pub owes_evaluation: bool,
}

/// The state in the checkpoint of `step` of `run`, whose batches are those of `job`, without its step.
fn read_state<'a>(
    job: &Job<'_>,
    run: &RunDirectory,
    step: u64,
    bytes: &'a [u8],
) -> Result<State<'a>, TrainError> {
    let mut state = State::read(run, step, bytes)?;
    let [steps, documents] = [STEP, DOCUMENTS].map(|name| state.kept(name).read::<u64>());
    if steps? != step || documents? != job.documents_after(step) {
        let path = run.checkpoint(step);
        let reason = format!("{STATE} is not of its step");
        return Err(kolmo_run::Error::Checkpoint { path, reason }.into());
    }
    Ok(state)
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
    let written: Written = read_state(job, trunk, step, &state)?.kept(WRITTEN).read()?;
    let recorded = Recorded::read(job, trunk, step, &written)?;
    begin()?;
    recorded.copy(job.run)?;
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
    let model = Model::new(&config.model, vocabulary, &config.initialisation(), device)?;
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
    let length = length.unwrap_or(world.max_document_length());
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
            let sizes = (finetune.rank, finetune.alpha);
            Some(Adapters::new(
                specs,
                sizes,
                &config.initialisation(),
                device,
            ))
        }
    }
}

impl<'a> Training<'a> {
    /// A run before its first step; it begins with the weights of `base` if there is one.
    pub fn new(
        job: &Job<'a>,
        interview: &'a Interview,
        device: &Device,
        base: Option<(Base, NamedTensors)>,
    ) -> Result<Self, TrainError> {
        let Job { config, world, .. } = *job;
        let mut companions = job.companions(interview);
        let vocabulary = world.vocabulary().len();
        let specs = config.model.specs(vocabulary);
        let model = match base {
            None => Model::new(&config.model, vocabulary, &config.initialisation(), device)?,
            Some((base, weights)) => {
                for companion in &mut companions {
                    companion.follow(&base)?;
                }
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
        Ok(Self {
            step: 0,
            documents: 0,
            learner,
            meter: Meter::new(Sums::default()),
            companions,
            recorder: Recorder::create(job)?,
            reads: Documents::of(job, device)?,
            owes_evaluation: false,
        })
    }

    /// The run as it was after `step` steps, from its checkpoint. The files of the run directory are cut
    /// back to what they were then.
    pub fn resume(
        job: &Job<'a>,
        interview: &'a Interview,
        device: &Device,
        step: u64,
    ) -> Result<Self, TrainError> {
        let Job {
            config, world, run, ..
        } = *job;
        let identity = config.identity()?;
        let files = checkpoint::read(run, step, &identity, &[OPTIMIZER, STATE])?;
        let mut state = read_state(job, run, step, &files[STATE])?;
        let updates = state.kept(UPDATES).read()?;
        let moments = weights::from_safetensors(&files[OPTIMIZER])?;
        let there = &job.device.device;
        let specs = config.model.specs(world.vocabulary().len());
        let optimizer = |specs: &[ParameterSpec]| -> Result<Optimizer, TrainError> {
            let mut optimizer = optimizer(job, specs);
            optimizer.resume(updates, moments, there)?;
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
        let mut companions = job.companions(interview);
        for companion in &mut companions {
            companion.resume(&state.kept(companion.name()))?;
        }
        let meter = state.kept(METER).read()?;
        let written: Written = state.kept(WRITTEN).read()?;
        let owes_evaluation = state.kept(OWES_EVALUATION).read_if_there()?;
        state.finish()?;
        Ok(Self {
            step,
            documents: job.documents_after(step),
            learner,
            meter: Meter::new(meter),
            companions,
            recorder: Recorder::resume(job, step, &written)?,
            reads: Documents::of(job, device)?,
            owes_evaluation: owes_evaluation.unwrap_or(false),
        })
    }

    /// Writes a checkpoint.
    pub fn save(&mut self, job: &Job<'_>) -> Result<(), TrainError> {
        // What the checkpoint counts on comes first.
        self.recorder.sync()?;
        self.meter.pause();
        // One after another: each may be large, and none is needed for the next.
        let mut draft = Draft::begin(job.run, self.step)?;
        draft.add(STATE, &self.state()?)?;
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

    /// What of it is neither weights nor moments, as it is kept.
    fn state(&self) -> Result<Vec<u8>, TrainError> {
        let mut state = Keeping::default();
        state.put(STEP, &self.step)?;
        state.put(DOCUMENTS, &self.documents)?;
        state.put(UPDATES, &self.learner.optimizer.steps())?;
        state.put(METER, &self.meter.state())?;
        for companion in &self.companions {
            if let Some(kept) = companion.keep()? {
                state.put_cbor(companion.name(), &kept)?;
            }
        }
        state.put(WRITTEN, &self.recorder.written())?;
        // Where nothing is owed, checkpoints are as they were before anything was.
        if self.owes_evaluation {
            state.put(OWES_EVALUATION, &true)?;
        }
        state.finish()
    }
}

#[cfg(test)]
mod tests {
    use kolmo_probe::ExactState;

    use super::*;
    use crate::state::{Kept, cbor};

    /// Revision 66dcd6f wrote it.
    const EARLIER: &[u8] = include_bytes!(
        "../../../tests/fixtures/runs/66dcd6f/killed/checkpoints/step-00000023/state.cbor"
    );

    #[test]
    fn what_is_kept_has_the_bytes_that_an_earlier_build_gave_it() {
        let run = RunDirectory::at("killed");
        let mut earlier = State::read(&run, 23, EARLIER).unwrap();
        let mut now = Keeping::default();
        let mut again = |name, value: &dyn Fn(&Kept<'_>) -> Vec<u8>| {
            now.put_cbor(name, &value(&earlier.kept(name))).unwrap();
        };
        for name in [STEP, DOCUMENTS, UPDATES] {
            again(name, &|kept| cbor(&kept.read::<u64>().unwrap()).unwrap());
        }
        again(METER, &|kept| cbor(&kept.read::<Sums>().unwrap()).unwrap());
        again("exposures", &|kept| {
            cbor(&kept.read::<Vec<u64>>().unwrap()).unwrap()
        });
        again("exact", &|kept| {
            cbor(&kept.read::<Option<ExactState>>().unwrap()).unwrap()
        });
        // It did not keep the hashes of what was written.
        let written: Written = earlier.kept(WRITTEN).read().unwrap();
        earlier.finish().unwrap();
        now.put(WRITTEN, &written).unwrap();
        let (now, name) = (now.finish().unwrap(), WRITTEN.as_bytes());
        let place = now.windows(name.len()).position(|bytes| bytes == name);
        let before = place.unwrap();
        assert!(before > 1000 && now[..before] == EARLIER[..before]);
    }
}
