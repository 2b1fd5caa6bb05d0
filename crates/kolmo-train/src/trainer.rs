//! The loop.

use std::{
    mem,
    panic::resume_unwind,
    thread,
    time::{Duration, Instant},
};

use burn::prelude::*;
use kolmo_config::{RunConfig, Schedule};
use kolmo_eval::{EvalError, WantsStop, hold, measure};
use kolmo_kernels::workers;
use kolmo_probe::{
    Interview, Moment,
    classes::{self, log_spaced},
};
use kolmo_run::{EvaluationRecord, Manifest, Provenance, RunState, atomic, checkpoint, explain};
use kolmo_world::{Batch, random::Streams};

use crate::{
    base::Base,
    companions::{Asked, Evaluation, Seen},
    error::TrainError,
    job::{Job, Observer, Outcome, Start},
    learner::Figures,
    meter::StepFigures,
    training::Training,
};

/// Trains the model of a run to the last step, or until the observer wants it to stop.
///
/// Writes everything in the run directory but the figures and `DONE`: `manifest.json` before all else, since it
/// says that the folder is a run's, and `config.toml`; checkpoints as the configuration has them, one more at
/// the end. A run that was killed and resumed has the same bits as one that was not.
///
/// # Errors
/// [`kolmo_run::Error::InTheWay`] if the folder is no run's and none can begin in it; nothing is changed then.
/// [`TrainError::Diverged`] when the loss explodes, or it, the gradient or an answer is no longer
/// finite; [`TrainError::NoCheckpoint`] if there are checkpoints and all are damaged; a failing device or
/// disk; [`TrainError::Threads`] on a system that gives no threads. Once training has begun, the manifest then says
/// so, as far as the disk lets it. The last checkpoint is as it was.
pub fn train(
    job: &Job<'_>,
    start: Start,
    provenance: Provenance,
    observer: &mut dyn Observer,
) -> Result<Outcome, TrainError> {
    workers::begin().map_err(|error| TrainError::Threads(error.to_string()))?;
    let interview = Interview::new(
        job.world,
        1..=u64::MAX,
        &job.config.eval,
        job.lesson,
        &Streams::new(job.config.seed),
    );
    let device = job.device.device.clone().autodiff();
    let (mut training, mut manifest) =
        prepare(job, start, &interview, &device, provenance, observer)?;

    observer.begin(training.step);
    let result = run_loop(job, &interview, &mut training, observer);
    let state = match &result {
        Ok(true) => None,
        Ok(false) => Some(RunState::Stopped),
        Err(TrainError::Diverged { .. }) => Some(RunState::Diverged),
        Err(_) => Some(RunState::Failed),
    };
    let step = training.step;
    if let Some(warning) = training.recorder.finish() {
        observer.warning(&warning);
    }
    if let Some(state) = state {
        let written = let_go(job, &mut manifest, state, step);
        // An error of the run itself says more than a second one about the manifest would.
        if result.is_ok() {
            written?;
        }
    }
    Ok(match result? {
        true => Outcome::Finished(Box::new(manifest)),
        false => Outcome::Stopped(step),
    })
}

/// The run where it begins, before the first step or after a checkpoint, of its own or of its trunk, and its
/// manifest, which is written.
fn prepare<'a>(
    job: &Job<'a>,
    start: Start,
    interview: &'a Interview,
    device: &Device,
    provenance: Provenance,
    observer: &mut dyn Observer,
) -> Result<(Training<'a>, Manifest), TrainError> {
    if start == Start::Resume {
        job.run.remove_remains()?;
        let steps = checkpoint::steps(job.run)?;
        let mut newest = None;
        for step in &steps {
            match Training::resume(job, interview, device, *step) {
                Ok(training) => return take_up(job, training, provenance, observer),
                Err(error) if error.is_damage() => {
                    observer.warning(&explain(&error));
                    newest.get_or_insert(error);
                }
                Err(error) => return Err(error),
            }
        }
        if let Some(newest) = newest {
            return Err(TrainError::NoCheckpoint {
                run: job.run.root().to_path_buf(),
                count: steps.len(),
                newest: Box::new(newest),
            });
        }
    }
    // What could not be begun again must not be removed.
    let finetune = job.config.finetune.as_ref();
    let base = finetune.map(|finetune| Base::begin(finetune, job.run));
    let base = base.transpose()?;
    job.run.clear()?;
    if let Some(trunk) = job.trunk
        && let Some(training) = trunk.begin(job, interview, device, &provenance, observer)?
    {
        return take_up(job, training, provenance, observer);
    }
    let mut manifest = new_manifest(job, provenance)?;
    write_down(job, &manifest)?;
    match Training::new(job, interview, device, base) {
        Ok(training) => Ok((training, manifest)),
        Err(error) => {
            // It says more than a second one would.
            let _ = let_go(job, &mut manifest, RunState::Failed, 0);
            Err(error)
        }
    }
}

/// `training`, which goes on from a checkpoint, and the manifest of the run, this process added.
fn take_up<'a>(
    job: &Job<'_>,
    training: Training<'a>,
    provenance: Provenance,
    observer: &mut dyn Observer,
) -> Result<(Training<'a>, Manifest), TrainError> {
    let manifest = match Manifest::read(job.run) {
        Ok(mut manifest) => {
            manifest.check_config(job.run, &job.config.identity()?)?;
            if let Some(change) = manifest.change(&provenance) {
                observer.warning(&format!(
                    "the run was trained {change}: from here on its bits may be others"
                ));
            }
            manifest.take_up(provenance, training.step);
            manifest
        }
        // An earlier build wrote other fields.
        Err(error @ kolmo_run::Error::Json { .. }) => {
            observer.warning(&format!(
                "{}; what was before it is not in the manifest any more",
                explain(&error)
            ));
            let mut manifest = new_manifest(job, provenance)?;
            if let Some(session) = manifest.sessions.last_mut() {
                session.from_step = training.step;
            }
            manifest
        }
        Err(error) => return Err(error.into()),
    };
    write_down(job, &manifest)?;
    Ok((training, manifest))
}

/// The manifest of the run if it starts now.
fn new_manifest(job: &Job<'_>, provenance: Provenance) -> Result<Manifest, TrainError> {
    let Job { config, world, .. } = *job;
    let parameters = config.model.parameters(world.vocabulary().len());
    let identity = config.identity()?;
    Ok(Manifest::new(config.seed, parameters, identity, provenance))
}

/// Writes what the run is, the manifest first: from then on the folder is known for a run's.
pub(crate) fn write_down(job: &Job<'_>, manifest: &Manifest) -> Result<(), TrainError> {
    manifest.write(job.run)?;
    atomic::write_bytes(job.run.config(), job.config.to_toml()?.as_bytes())?;
    Ok(())
}

/// Writes that this process lets the run go, if the folder is still the one that it has.
fn let_go(
    job: &Job<'_>,
    manifest: &mut Manifest,
    state: RunState,
    step: u64,
) -> kolmo_run::Result<()> {
    manifest.let_go(state, step);
    job.lock.check()?;
    manifest.write(job.run)
}

/// So many documents are written before a thread has begun.
const FEW_DOCUMENTS: usize = 64;

/// A loss of so many times ln(vocabulary), where a model that knows nothing loses one, is an explosion.
const EXPLOSION: f64 = 10.0;

/// Read top to bottom: look at a batch while the next one is made, follow the gradient, log, measure, save.
/// Gives whether the last step was reached.
fn run_loop(
    job: &Job<'_>,
    interview: &Interview,
    training: &mut Training<'_>,
    observer: &mut dyn Observer,
) -> Result<bool, TrainError> {
    let Job { config, world, .. } = *job;
    let vocabulary = world.vocabulary().len();
    let schedule = Schedule::new(&config.train);
    let last_step = config.train.steps();
    let evaluate_at = log_spaced(last_step, config.eval.evaluations);
    let explosion = EXPLOSION * (vocabulary as f64).ln();
    let batch_documents = config.train.batch_documents;
    let mut saves = Saves::new(config, training.step);
    let mut unread = Unread::default();

    // What a fine-tuning begins with, and what a stop has left undone.
    let is_first = training.step == 0 && config.finetune.is_some();
    if (is_first || training.owes_evaluation)
        && !evaluate(job, interview, training, f64::NAN, observer)?
    {
        return Ok(false);
    }
    let reads = training.reads.clone();
    let mut batch = reads.batch(training.documents, batch_documents)?;
    while training.step < last_step {
        if observer.wants_stop() {
            if saves.step != training.step {
                unread.settle(training, explosion)?;
                saves.save(job, training, observer)?;
            }
            return Ok(false);
        }
        let step = training.step + 1;
        let classes = classes_of(job, interview, &batch);
        let documents = training.documents + batch_documents as u64;
        let (gradient, next) = thread::scope(|scope| {
            let make = || reads.batch(documents, batch_documents);
            if batch_documents <= FEW_DOCUMENTS {
                return (training.learner.look(&batch, &classes), Ok(make()));
            }
            let next = thread::Builder::new().spawn_scoped(scope, make);
            let gradient = training.learner.look(&batch, &classes);
            // Where there is no thread to be had, one after the other.
            let next = next.map_or_else(|_| Ok(make()), |next| next.join());
            (gradient, next)
        });
        unread.push(step, batch.tokens, gradient.figures());
        let seen = Seen {
            step,
            batch: &batch,
            classes: &classes,
            gradient: &gradient,
            learner: &training.learner,
        };
        for companion in &mut training.companions {
            companion.step(&seen);
        }
        let learning_rate = schedule.learning_rate(step);
        training.learner.follow(gradient, learning_rate);
        training.step = step;
        training.documents = documents;
        training.meter.count(&batch.roles);
        batch = next.unwrap_or_else(|panic| resume_unwind(panic))?;

        let logs = step.is_multiple_of(config.train.log_every) || step == last_step;
        let evaluates = evaluate_at.binary_search(&step).is_ok();
        let is_saved = saves.is_due(step) || step == last_step;
        if logs || evaluates || is_saved {
            unread.settle(training, explosion)?;
        }
        if logs {
            let figures = StepFigures {
                step,
                documents,
                learning_rate,
                grad_norm: unread.grad_norm,
            };
            let record = training.meter.record(figures, &mut training.companions);
            training.recorder.step(&record)?;
            observer.step(&record);
        }
        if evaluates {
            if !evaluate(job, interview, training, unread.grad_norm, observer)? {
                saves.save(job, training, observer)?;
                return Ok(false);
            }
            if let Some(warning) = training.recorder.warning() {
                observer.warning(&warning);
            }
        }
        if is_saved {
            saves.save(job, training, observer)?;
        }
    }
    Ok(true)
}

/// The class of each document of a batch. What a lesson writes is of none.
fn classes_of(job: &Job<'_>, interview: &Interview, batch: &Batch) -> Vec<u16> {
    match job.config.finetune {
        Some(_) => Vec::new(),
        None => classes::of_documents(job.world, &interview.probe().classes, batch),
    }
}

/// Losses of steps that are done, still on the device: to wait for them at each step would leave a GPU idle.
#[derive(Default)]
struct Unread {
    /// Steps and their tokens.
    steps: Vec<(u64, u64)>,
    figures: Vec<Tensor<1>>,
    /// Of the step read last.
    grad_norm: f64,
}

impl Unread {
    fn push(&mut self, step: u64, tokens: u64, figures: Tensor<1>) {
        self.steps.push((step, tokens));
        self.figures.push(figures);
    }

    /// Reads and counts them. The first that is no longer sane is an error.
    fn settle(&mut self, training: &mut Training<'_>, explosion: f64) -> Result<(), TrainError> {
        let all = Figures::read(mem::take(&mut self.figures))?;
        for ((step, tokens), figures) in self.steps.drain(..).zip(all) {
            let by_role = figures.by_role();
            let total: f64 = by_role.iter().sum();
            let loss = total / tokens as f64;
            let grad_norm = figures.gradient_norm;
            if !(loss < explosion && grad_norm.is_finite()) {
                return Err(TrainError::Diverged {
                    step,
                    loss,
                    grad_norm,
                });
            }
            training.meter.add(&by_role);
            for companion in &mut training.companions {
                companion.losses(&figures);
            }
            self.grad_norm = grad_norm;
        }
        Ok(())
    }
}

/// Evaluates, and tells the observer. False if it wants the run to stop before that is done: a checkpoint then says
/// that an evaluation is owed, and whoever goes on makes it.
fn evaluate(
    job: &Job<'_>,
    interview: &Interview,
    training: &mut Training<'_>,
    grad_norm: f64,
    observer: &mut dyn Observer,
) -> Result<bool, TrainError> {
    training.meter.pause();
    let wants_stop = || observer.wants_stop();
    let record = match answers(job, interview, training, grad_norm, &wants_stop) {
        Err(TrainError::Eval(EvalError::Stopped)) => None,
        record => Some(record?),
    };
    training.meter.resume();
    training.owes_evaluation = record.is_none();
    if let Some(record) = &record {
        observer.evaluation(record);
    }
    Ok(record.is_some())
}

/// Asks the model every fact of the probe, and records what the companions make of the answers; in fine-tuning, and at the end, holds a
/// whole interview.
fn answers(
    job: &Job<'_>,
    interview: &Interview,
    training: &mut Training<'_>,
    grad_norm: f64,
    wants_stop: WantsStop<'_>,
) -> Result<EvaluationRecord, TrainError> {
    let finetune = job.config.finetune.as_ref();
    let moment = Moment {
        step: training.step,
        documents: training.documents,
        distinct: job.config.train.distinct(training.documents),
        before: job.config.documents_before(),
    };
    let is_last = moment.step == job.config.train.steps();
    let probe = interview.probe();
    let model = training.learner.model.valid();
    let (device, workers) = (&job.device.device, &training.learner.workers);
    let (answers, replies) = if is_last || finetune.is_some() {
        let streams = Streams::new(job.config.seed);
        let world = job.world;
        let replies = hold(
            interview, &model, world, device, workers, &streams, wants_stop,
        )?;
        (interview.answers(&replies), replies)
    } else {
        let answers = measure(&model, job.world, probe, device, workers, wants_stop)?;
        (answers, Vec::new())
    };
    if !answers.iter().all(|answer| answer.loss_nats.is_finite()) {
        return Err(TrainError::Diverged {
            step: moment.step,
            loss: f64::NAN,
            grad_norm,
        });
    }
    let asked = Asked {
        moment,
        interview,
        answers: &answers,
        replies: &replies,
        is_last,
        sums: training.meter.sums(),
        model: &model,
        device,
        workers,
    };
    let mut evaluation = Evaluation::default();
    for companion in &mut training.companions {
        companion.evaluation(&asked, &mut evaluation)?;
    }
    training
        .recorder
        .evaluation(&evaluation.record, evaluation.facts)?;
    if is_last {
        training.recorder.answers(&evaluation.answers)?;
    }
    Ok(evaluation.record)
}

/// When checkpoints are due.
struct Saves<'a> {
    config: &'a RunConfig,
    /// Of the newest checkpoint; 0 before the first.
    step: u64,
    since: Instant,
    every: Duration,
}

impl<'a> Saves<'a> {
    fn new(config: &'a RunConfig, step: u64) -> Self {
        let every = Duration::try_from_secs_f64(config.checkpoint.every_s);
        Self {
            config,
            step,
            since: Instant::now(),
            every: every.unwrap_or(Duration::MAX),
        }
    }

    fn is_due(&self, step: u64) -> bool {
        self.since.elapsed() >= self.every || self.config.checkpoint.retention().keeps(step)
    }

    /// Writes a checkpoint, and removes those that need not stay.
    fn save(
        &mut self,
        job: &Job<'_>,
        training: &mut Training<'_>,
        observer: &mut dyn Observer,
    ) -> Result<(), TrainError> {
        training.save(job)?;
        self.step = training.step;
        self.since = Instant::now();
        observer.checkpoint(training.step);
        let retention = self.config.checkpoint.retention();
        // One checkpoint too many is no reason to stop.
        if let Err(error) = checkpoint::prune(job.run, retention, self.step) {
            observer.warning(&explain(&error));
        }
        Ok(())
    }
}
