//! The same tiny runs on two devices, and how far their curves lie apart.
//!
//! A run is a pure function of its configuration, so on every device it gives the same curve but
//! for rounding. [`train`] makes a run of each architecture, and [`compare`] finds the
//! largest difference between theirs and the same runs elsewhere, to be held against a [`bound`].

use std::fmt;

use burn::prelude::*;
use kolmo_config::{ModelConfig, RunConfig, Schedule};
use kolmo_eval::measure;
use kolmo_model::{ComputeDevice, DeviceName, Model, device::Api};
use kolmo_probe::Probe;
use kolmo_world::{World, document::Role, random::Streams};
use serde::{Deserialize, Deserializer, Serialize};

use crate::{error::TrainError, learner::Learner};

/// Steps of a run.
pub const STEPS: u64 = 10;

/// No figure of these runs comes near zero, so a difference relative to it means something. Few
/// shapes, since a GPU has kernels to compile for each. AdamW divides a gradient by its own size, so
/// at an epsilon far below it a parameter whose gradient is nothing but rounding moves as far as any
/// other; this epsilon lets it lie.
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
[train.optimizer]
epsilon = 1e-5
[eval]
classes = 1
facts_per_class = 20
"#;

/// What a run leaves to be compared.
#[derive(Debug, Clone, PartialEq)]
pub struct Curves {
    /// The architecture of the model.
    pub arch: &'static str,
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
    let configs = ModelConfig::every().into_iter();
    let runs = configs.map(|model| run(config(model.name())?, &device.device));
    runs.collect()
}

fn config(arch: &str) -> Result<RunConfig, TrainError> {
    let mut config = RunConfig::parse(CONFIG, &[format!("model.arch={arch}")])?;
    config.train.documents = STEPS * config.train.batch_documents as u64;
    Ok(config)
}

fn run(config: RunConfig, device: &Device) -> Result<Curves, TrainError> {
    let (config, world) = config.settle()?;
    let rows = config.train.batch_documents;
    let streams = Streams::new(config.seed);
    let schedule = Schedule::new(&config.train);
    let mut learner = Learner::fresh(&config, &world, device)?;
    let mut curves = Curves {
        arch: config.model.name(),
        losses: Vec::new(),
        gradient_norms: Vec::new(),
        facts: Vec::new(),
    };
    for step in 1..=STEPS {
        let batch = world.batch((step - 1) * rows as u64, rows);
        let figures = learner.step(&batch, schedule.learning_rate(step))?;
        let roles = || batch.roles.iter().flatten();
        let tokens = |role: Role| roles().filter(|found| **found == role).count() as f64;
        let by_role = figures.by_role();
        let mean = |role: Role| by_role[role as usize] / tokens(role);
        curves.losses.push(Role::ALL.map(mean));
        curves.gradient_norms.push(figures.gradient_norm);
    }
    curves.facts = facts(&learner, &config, &world, &streams, device)?;
    Ok(curves)
}

fn facts(
    learner: &Learner<Model>,
    config: &RunConfig,
    world: &World,
    streams: &Streams,
    device: &Device,
) -> Result<Vec<f64>, TrainError> {
    let probe = Probe::new(world, &config.eval, streams);
    let model = learner.model.valid();
    let answers = measure(&model, world, &probe, device, &learner.workers, &|| false)?;
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
        let arch = run.arch;
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
///
/// Two correct devices sum in another order and take another exp: each figure is off by a few of
/// float32's roundings, 6e-8, and ten updates carry them on. Measured, over twelve seeds, flex and
/// ndarray lie 2e-7 to 1.1e-6 apart. The bound is twenty times that, since a GPU may round exp, erf
/// and quotients more coarsely than a CPU, by several units in the last place. It is tight enough to
/// see a weight decay of 0.011 for 0.01 (3e-5), or the gradient of a GELU approximated by tanh (5e-5).
pub const FLOAT32: Bound = Bound {
    relative: 2e-5,
    reason: "2e-5 is 20 times what two CPU backends differ by, in float32 rounded elsewhere",
};

/// The bound of a device that may multiply float32 matrices in TF32, as CubeCL's autotune may on CUDA:
/// eleven bits instead of 24. Rounding all parameters to that after each step moves the curves by
/// 7e-4 to 1.5e-3; products round activations and gradients as well, hence 1e-2.
pub const TF32: Bound = Bound {
    relative: 1e-2,
    reason: "1e-2 is 7 times what rounding the parameters to the 11 bits of TF32 does, which CUDA may",
};

/// What `device` is held to.
pub fn bound(device: DeviceName) -> Bound {
    match device {
        DeviceName::Gpu(Api::Cuda, _) => TF32,
        _ => FLOAT32,
    }
}

#[cfg(test)]
mod tests {
    use kolmo_config::{AdamW, OptimizerConfig, TrainConfig};

    use super::*;

    fn flex() -> ComputeDevice {
        DeviceName::Flex.open().unwrap()
    }

    #[test]
    fn a_run_repeats_itself_and_its_figures_are_far_from_zero() {
        let device = flex();
        let reference = train(&device).unwrap();
        let figures = figures(&reference);
        // Two runs: four roles and a norm at each step, and twenty facts.
        assert_eq!(figures.len(), 2 * (5 * STEPS as usize + 20));
        for (place, figure) in &figures {
            assert!(*figure > 0.1, "{place}: {figure}");
        }
        let difference = compare(&reference, &train(&device).unwrap());
        assert_eq!(difference.relative, 0.0);
    }

    #[test]
    fn small_mistakes_are_seen() {
        let mistakes: [fn(&mut TrainConfig, &mut AdamW); 4] = [
            |train, _| train.learning_rate *= 1.0001,
            |_, adamw| adamw.weight_decay *= 1.1,
            |_, adamw| adamw.beta_2 += 0.001,
            |_, adamw| adamw.epsilon *= 2.0,
        ];
        let run = |config| run(config, &flex().device).unwrap();
        let right = [run(config("gpt").unwrap())];
        let OptimizerConfig::AdamW(adamw) = config("gpt").unwrap().train.optimizer;
        for (number, mistake) in mistakes.iter().enumerate() {
            let mut wrong = config("gpt").unwrap();
            let mut adamw = adamw.clone();
            mistake(&mut wrong.train, &mut adamw);
            wrong.train.optimizer = OptimizerConfig::AdamW(adamw);
            let difference = compare(&right, &[run(wrong)]);
            assert!(
                difference.relative > FLOAT32.relative,
                "mistake {number}: {difference}"
            );
        }
    }

    #[test]
    fn what_is_no_number_or_missing_is_infinitely_far() {
        let curves = |loss| Curves {
            arch: "gpt",
            losses: vec![[1.0; 4], [1.0, loss, 1.0, 1.0]],
            gradient_norms: vec![1.0, 1.0],
            facts: vec![2.0],
        };
        let difference = compare(&[curves(1.0)], &[curves(1.5)]);
        assert_eq!(difference.relative, 0.5);
        assert_eq!(difference.place, "gpt: subject loss, step 2");
        for loss in [f64::NAN, f64::INFINITY] {
            let difference = compare(&[curves(1.0)], &[curves(loss)]);
            assert_eq!(difference.relative, f64::INFINITY);
            // As it goes from process to process.
            let json = serde_json::to_string(&difference).unwrap();
            let read: Difference = serde_json::from_str(&json).unwrap();
            assert_eq!(read, difference);
        }
        assert_eq!(compare(&[curves(1.0)], &[]).relative, f64::INFINITY);
    }
}
