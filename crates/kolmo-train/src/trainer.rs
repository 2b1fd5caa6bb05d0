//! The loop.

use std::time::Instant;

use burn::prelude::*;
use kolmo_eval::{
    Exact, Exposures, Probe, classes::log_spaced, fact_rows, measure, summarise, summary::Moment,
};
use kolmo_model::{ComputeDevice, Gpt, device, rotary::Positions, weights};
use kolmo_run::{
    EvaluationRecord, Manifest, RunDirectory, RunState, StepRecord, atomic, checkpoint,
};
use kolmo_theory::ByRole;
use kolmo_world::{World, document::Role, random::Streams};

use crate::{
    config::RunConfig,
    error::TrainError,
    loss::{DeviceBatch, loss},
    optimizer::{Gradient, Optimizer},
    recorder::Recorder,
    schedule::Schedule,
};

/// Who is told how a run goes. A terminal shows it; the files are written without it.
pub trait Observer {
    /// A logged step.
    fn step(&mut self, record: &StepRecord);
    /// An evaluation.
    fn evaluation(&mut self, record: &EvaluationRecord);
}

/// Where a run comes from, for its manifest.
#[derive(Debug, Clone, Default)]
pub struct Provenance {
    /// Version of kolmo.
    pub kolmo_version: String,
    /// Git revision it was built from.
    pub git_revision: Option<String>,
    /// The command that started it.
    pub command_line: Vec<String>,
}

/// What a run that reached its end leaves.
#[derive(Debug)]
pub struct Outcome {
    /// Every evaluation, in order.
    pub evaluations: Vec<EvaluationRecord>,
    /// Every logged step, in order.
    pub steps: Vec<StepRecord>,
    /// What went wrong beside the training, and did not stop it.
    pub warnings: Vec<String>,
    /// The manifest, still `running`: the caller finishes it with what it adds to the directory.
    pub manifest: Manifest,
}

/// Trains the model of `config`, which is settled, on `world`, from the first step to the last.
///
/// Writes everything in the run directory but the figures and `DONE`: `config.toml` and
/// `manifest.json` before the first step, the weights after the last.
///
/// # Errors
/// [`TrainError::Diverged`] when the loss explodes, or it, the gradient or an answer is no longer
/// finite; a failing device or disk. The manifest then says so, as far as the disk lets it.
pub fn train(
    config: &RunConfig,
    world: &World,
    device: &ComputeDevice,
    run: &RunDirectory,
    provenance: Provenance,
    observer: &mut dyn Observer,
) -> Result<Outcome, TrainError> {
    let parameters = config.model.parameters(world.vocabulary().len());
    let mut manifest = new_manifest(config, device, provenance, parameters);
    atomic::write_bytes(run.config(), config.to_toml()?.as_bytes())?;
    manifest.write(run)?;
    let result = run_loop(config, world, &device.device, run, parameters, observer);
    match result {
        Ok((steps, evaluations, warnings)) => Ok(Outcome {
            steps,
            evaluations,
            warnings,
            manifest,
        }),
        Err(error) => {
            manifest.finish(match error {
                TrainError::Diverged { .. } => RunState::Diverged,
                _ => RunState::Failed,
            });
            // The run's own error says more than a second one about the manifest would.
            let _ = manifest.write(run);
            Err(error)
        }
    }
}

/// A loss of so many times ln(vocabulary), where a model that knows nothing loses one, is an explosion.
const EXPLOSION: f64 = 10.0;

type Trained = (Vec<StepRecord>, Vec<EvaluationRecord>, Vec<String>);

/// Read top to bottom: batch, forward, backward, clip, update, log, measure.
fn run_loop(
    config: &RunConfig,
    world: &World,
    device: &Device,
    run: &RunDirectory,
    parameters: u64,
    observer: &mut dyn Observer,
) -> Result<Trained, TrainError> {
    let streams = Streams::new(config.seed);
    let autodiff = device.clone().autodiff();
    let mut model = Gpt::new(&config.model, world.vocabulary().len(), &streams, &autodiff)?;
    let mut optimizer = Optimizer::new(&config.train);
    let schedule = Schedule::new(&config.train);
    let length = world.max_document_length();
    let positions = Positions::new(length, config.model.head_width(), &autodiff);
    let probe = Probe::new(world, &config.eval, &streams);
    let mut exposures = Exposures::new(&probe);
    let mut exact = Exact::new(world, config.eval.bayes_discount, &probe.classes);
    let mut recorder = Recorder::new(run, config, world)?;

    let last_step = config.train.steps();
    let evaluate_at = log_spaced(last_step, config.eval.evaluations);
    let explosion = EXPLOSION * (world.vocabulary().len() as f64).ln();
    let batch_documents = config.train.batch_documents;
    let mut documents = 0;
    let mut meter = Meter::new();
    let mut steps = Vec::new();
    let mut evaluations = Vec::new();

    for step in 1..=last_step {
        let batch = world.batch(documents, batch_documents);
        let on_device = DeviceBatch::new(&batch, &autodiff);
        let logits = model.forward(on_device.inputs.clone(), &positions);
        let nats = loss(logits, &on_device);
        let gradient = Gradient::new(nats.mean.backward(), &model);

        // The one wait for the device in a step.
        let figures = Tensor::cat(vec![nats.by_role.inner(), gradient.norm_squared.clone()], 0);
        let figures = weights::HostTensor::read("losses", figures)?.values;
        let (by_role, norm_squared) = figures.split_at(Role::ALL.len());
        let grad_norm = f64::from(norm_squared[0]).sqrt();
        let total: f64 = by_role.iter().copied().map(f64::from).sum();
        let loss = total / batch.tokens as f64;
        if !(loss < explosion && grad_norm.is_finite()) {
            return Err(TrainError::Diverged {
                step,
                loss,
                grad_norm,
            });
        }

        let learning_rate = schedule.learning_rate(step);
        model = optimizer.step(model, gradient, grad_norm, learning_rate);
        documents += batch_documents as u64;
        exposures.count(&batch.facts);
        exact.read(&batch);
        meter.add(&batch.roles, by_role);

        if step % config.train.log_every == 0 || step == last_step {
            let record = meter.record(step, documents, learning_rate, grad_norm, &mut exact);
            recorder.step(&record)?;
            observer.step(&record);
            steps.push(record);
        }
        if evaluate_at.binary_search(&step).is_ok() {
            meter.pause();
            let answers = measure(&model.valid(), world, &probe, device)?;
            if !answers.iter().all(|answer| answer.loss_nats.is_finite()) {
                return Err(TrainError::Diverged {
                    step,
                    loss: f64::NAN,
                    grad_norm,
                });
            }
            let moment = Moment { step, documents };
            let mut record = summarise(world, &probe, &exposures, &answers, parameters, moment);
            exact.complete(&mut record, &meter.code);
            recorder.evaluation(&record, fact_rows(&probe, &exposures, &answers, moment))?;
            observer.evaluation(&record);
            evaluations.push(record);
            meter.resume();
        }
    }
    save_weights(&model, run, last_step)?;
    Ok((steps, evaluations, recorder.finish()))
}

fn save_weights(model: &Gpt, run: &RunDirectory, step: u64) -> Result<(), TrainError> {
    let bytes = weights::to_safetensors(&weights::read(model)?)?;
    checkpoint::write(run, step, &[("model.safetensors", &bytes)])?;
    Ok(())
}

fn new_manifest(
    config: &RunConfig,
    device: &ComputeDevice,
    provenance: Provenance,
    parameters: u64,
) -> Manifest {
    Manifest {
        kolmo_version: provenance.kolmo_version,
        git_revision: provenance.git_revision,
        device: device.name.to_string(),
        adapter: device.adapter.clone(),
        backend_features: device::built_in().into_iter().map(str::to_owned).collect(),
        threads: threads(),
        seed: config.seed,
        command_line: provenance.command_line,
        parameters,
        started: Manifest::now(),
        ended: None,
        state: RunState::Running,
    }
}

/// Threads of the CPU backends, by rayon's own rule.
fn threads() -> usize {
    let asked = std::env::var("RAYON_NUM_THREADS").ok();
    let asked = asked.and_then(|text| text.parse().ok()).filter(|n| *n > 0);
    asked.unwrap_or_else(|| std::thread::available_parallelism().map_or(1, usize::from))
}

/// Sums between two logged steps, and a clock of training that stands still during evaluations.
struct Meter {
    started: Instant,
    resumed: Instant,
    trained_s: f64,
    tokens: u64,
    nats: [f64; Role::ALL.len()],
    counts: [u64; Role::ALL.len()],
    /// Nats of all documents so far: the prequential code.
    code: ByRole,
}

impl Meter {
    fn new() -> Self {
        Self {
            started: Instant::now(),
            resumed: Instant::now(),
            trained_s: 0.0,
            tokens: 0,
            nats: [0.0; Role::ALL.len()],
            counts: [0; Role::ALL.len()],
            code: ByRole::default(),
        }
    }

    fn add(&mut self, roles: &[Option<Role>], by_role: &[f32]) {
        for (role, nats) in Role::ALL.into_iter().zip(by_role) {
            self.nats[role as usize] += f64::from(*nats);
            self.code.add_to(role, f64::from(*nats));
        }
        for role in roles.iter().flatten() {
            self.counts[*role as usize] += 1;
        }
    }

    fn pause(&mut self) {
        self.trained_s += self.resumed.elapsed().as_secs_f64();
    }

    fn resume(&mut self) {
        self.resumed = Instant::now();
    }

    /// Means since the last record; then begins anew.
    fn record(
        &mut self,
        step: u64,
        documents: u64,
        lr: f64,
        grad_norm: f64,
        exact: &mut Exact<'_>,
    ) -> StepRecord {
        self.pause();
        let count: u64 = self.counts.iter().sum();
        self.tokens += count;
        let mean = |role: Role| {
            let count = self.counts[role as usize];
            (count > 0).then(|| self.nats[role as usize] / count as f64)
        };
        let record = StepRecord {
            step,
            documents,
            tokens: self.tokens,
            loss: self.nats.iter().sum::<f64>() / count as f64,
            loss_syntax: mean(Role::Syntax),
            loss_subject: mean(Role::Subject),
            loss_value: mean(Role::Value),
            loss_eos: mean(Role::Eos),
            exact: exact.losses(&self.nats, &self.counts),
            lr,
            grad_norm,
            tokens_per_s: count as f64 / self.trained_s,
            elapsed_s: self.started.elapsed().as_secs_f64(),
        };
        self.nats = [0.0; Role::ALL.len()];
        self.counts = [0; Role::ALL.len()];
        self.trained_s = 0.0;
        self.resume();
        record
    }
}
