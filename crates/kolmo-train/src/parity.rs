//! The same tiny runs on two devices, and how far their curves lie apart.
//!
//! A run is a pure function of its configuration, so on every device it gives the same curve but
//! for rounding. [`train`] makes two runs, one of each architecture, and [`compare`] finds the
//! largest difference between theirs and the same runs elsewhere, to be held against a [`bound`].

use std::fmt;

use burn::prelude::*;
use kolmo_eval::{Probe, measure};
use kolmo_model::{
    Architecture, ComputeDevice, DeviceName, Gpt, device::Api, rotary::Positions,
    weights::HostTensor,
};
use kolmo_world::{World, document::Role, random::Streams};
use serde::{Deserialize, Deserializer, Serialize};

use crate::{
    config::RunConfig,
    error::TrainError,
    loss::{DeviceBatch, loss},
    optimizer::{Gradient, Optimizer},
    schedule::Schedule,
};

/// Steps of a run.
pub const STEPS: u64 = 10;

/// Where the losses still move, and no figure is near zero: a difference relative to it means
/// something. Few shapes, since a GPU has kernels to compile for each. AdamW divides a gradient by
/// its own size, so at an epsilon far below it a parameter whose gradient is rounding and nothing
/// else moves as far as any other; this epsilon lets it lie.
const CONFIG: &str = r#"
seed = 1
[world.frequency]
law = "uniform"
elements = 10
[[world.relations]]
name = "colour"
values = 8
[[world.relations]]
name = "home"
values = 8
[world.syntax]
templates = 4
filler_words = 32
[model]
d_model = 32
layers = 1
heads = 2
[train]
batch_documents = 32
schedule = "constant"
warmup = 0.0
epsilon = 1e-5
[eval]
classes = 1
facts_per_class = 20
"#;

/// What a run leaves to be compared.
#[derive(Debug, Clone, PartialEq)]
pub struct Curves {
    /// The architecture of the model.
    pub arch: Architecture,
    /// For every step the loss of each role in the order of [`Role::ALL`], nats per token.
    pub losses: Vec<[f64; Role::ALL.len()]>,
    /// For every step the global norm of the gradient, nats per unit of parameters.
    pub gradient_norms: Vec<f64>,
    /// After the last step the loss of every fact, nats.
    pub facts: Vec<f64>,
}

/// Trains a model of each architecture on `device` and asks it for every fact of its world.
///
/// # Errors
/// A device that fails. Numbers that are not finite are no error: they stand in the curves.
pub fn train(device: &ComputeDevice) -> Result<Vec<Curves>, TrainError> {
    let run = |arch| run(arch, &device.device);
    [Architecture::Gpt, Architecture::Llama]
        .map(run)
        .into_iter()
        .collect()
}

fn run(arch: Architecture, device: &Device) -> Result<Curves, TrainError> {
    let mut config = RunConfig::parse(CONFIG, &[])?;
    config.model.arch = arch;
    let rows = config.train.batch_documents;
    config.train.documents = STEPS * rows as u64;
    let (config, world) = config.settle()?;
    let streams = Streams::new(config.seed);
    let autodiff = device.clone().autodiff();
    let mut model = Gpt::new(&config.model, world.vocabulary().len(), &streams, &autodiff)?;
    let mut optimizer = Optimizer::new(&config.train);
    let schedule = Schedule::new(&config.train);
    let length = world.max_document_length();
    let positions = Positions::new(length, config.model.head_width(), &autodiff);
    let mut curves = Curves {
        arch,
        losses: Vec::new(),
        gradient_norms: Vec::new(),
        facts: Vec::new(),
    };
    for step in 1..=STEPS {
        let batch = world.batch((step - 1) * rows as u64, rows);
        let on_device = DeviceBatch::new(&batch, &autodiff);
        let logits = model.forward(on_device.inputs.clone(), &positions);
        let nats = loss(logits, &on_device);
        let gradient = Gradient::new(nats.mean.backward(), &model);
        let figures = Tensor::cat(vec![nats.by_role.inner(), gradient.norm_squared.clone()], 0);
        let figures = HostTensor::read("losses", figures)?.values;
        let (by_role, norm_squared) = figures.split_at(Role::ALL.len());
        let norm = f64::from(norm_squared[0]).sqrt();
        model = optimizer.step(model, gradient, norm, schedule.learning_rate(step));
        let roles = || batch.roles.iter().flatten();
        let tokens = |role: Role| roles().filter(|found| **found == role).count() as f64;
        let mean = |role: Role| f64::from(by_role[role as usize]) / tokens(role);
        curves.losses.push(Role::ALL.map(mean));
        curves.gradient_norms.push(norm);
    }
    curves.facts = facts(&model, &config, &world, &streams, device)?;
    Ok(curves)
}

fn facts(
    model: &Gpt,
    config: &RunConfig,
    world: &World,
    streams: &Streams,
    device: &Device,
) -> Result<Vec<f64>, TrainError> {
    let probe = Probe::new(world, &config.eval, streams);
    let answers = measure(&model.valid(), world, &probe, device)?;
    Ok(answers.iter().map(|answer| answer.loss_nats).collect())
}

/// The largest difference between two sets of curves, relative to the figure of the first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Difference {
    /// |a − b| / |a|; infinite where a figure is missing or no finite number, which is `null` in
    /// JSON.
    #[serde(deserialize_with = "null_is_infinite")]
    pub relative: f64,
    /// The figure that differs most.
    pub place: String,
}

fn null_is_infinite<'de, D: Deserializer<'de>>(from: D) -> Result<f64, D::Error> {
    let relative = Option::deserialize(from)?;
    Ok(relative.unwrap_or(f64::INFINITY))
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.1e}", self.relative)
    }
}

/// Compares `curves` with those of the `reference`, figure by figure.
pub fn compare(reference: &[Curves], curves: &[Curves]) -> Difference {
    let mut largest = Difference {
        relative: 0.0,
        place: "none".to_owned(),
    };
    let there = figures(reference);
    let here = figures(curves);
    if there.len() != here.len() {
        return Difference {
            relative: f64::INFINITY,
            place: "the number of figures".to_owned(),
        };
    }
    for ((place, a), (_, b)) in there.into_iter().zip(here) {
        let relative = (a - b).abs() / a.abs();
        let relative = if relative.is_nan() {
            f64::INFINITY
        } else {
            relative
        };
        if relative > largest.relative {
            largest = Difference { relative, place };
        }
    }
    largest
}

/// Every figure with its name.
fn figures(curves: &[Curves]) -> Vec<(String, f64)> {
    let mut figures = Vec::new();
    for run in curves {
        let arch = run.arch.name();
        for (step, losses) in (1..).zip(&run.losses) {
            for (role, loss) in Role::ALL.into_iter().zip(losses) {
                figures.push((format!("{arch}: {} loss, step {step}", role.name()), *loss));
            }
        }
        for (step, norm) in (1..).zip(&run.gradient_norms) {
            figures.push((format!("{arch}: gradient norm, step {step}"), *norm));
        }
        for (fact, loss) in run.facts.iter().enumerate() {
            figures.push((format!("{arch}: loss of fact {fact}"), *loss));
        }
    }
    figures
}

/// How far curves may lie apart.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Bound {
    /// The largest relative difference.
    pub relative: f64,
    /// Why so much and no more.
    pub reason: &'static str,
}

/// The bound of a device that multiplies in float32.
pub const FLOAT32: Bound = Bound {
    relative: 1e-3,
    reason: "",
};

/// The bound of a device that may multiply float32 in TF32.
pub const TF32: Bound = Bound {
    relative: 1e-2,
    reason: "",
};

/// What `device` is held to.
pub fn bound(device: DeviceName) -> Bound {
    match device {
        DeviceName::Gpu(Api::Cuda, _) => TF32,
        _ => FLOAT32,
    }
}
