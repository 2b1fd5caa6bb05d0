//! The coordinate check: how large the activations of a model are, and how far training moves them, by width.
//!
//! A learning rate holds at every width if a step changes every activation by as much at every width (Yang et al.
//! 2022, [Tensor Programs V](https://arxiv.org/abs/2203.03466), appendix D.1): the logarithm of the change then has
//! the slope 0 against that of the width.

use std::iter::once;

use burn::prelude::*;
use kolmo_config::RunConfig;
use kolmo_kernels::Tokens;
use kolmo_model::{LanguageModel, Model, weights::HostTensor};
use kolmo_world::{Batch, World};
use serde::Serialize;

use crate::{
    error::TrainError,
    learner::{Figures, Learner},
};

/// An activation after some steps of training.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Coordinate {
    /// Steps made.
    pub step: u64,
    /// `embedding` and `block_1`, `block_2`, ... are the residual stream behind them; `logits`.
    pub activation: String,
    /// Its mean absolute value.
    pub size: ByWidth,
    /// The mean absolute value of its difference from what it was before the first step.
    pub change: ByWidth,
}

/// A figure at every width.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ByWidth {
    /// In the order of the widths.
    pub values: Vec<f64>,
    /// The slope of its logarithm against that of the width, by least squares; none where a value is 0, or
    /// all widths are one.
    pub slope: Option<f64>,
}

/// Logits looked at, at most: 64 mebibytes.
const MOST_LOGITS: usize = 1 << 24;

/// Trains the model of `config` for `steps` steps at each of `widths` on the same documents, with
/// `train.learning_rate` from the first step to the last, and looks at documents that come after them. The width
/// of a head stays that of `config`. `device` is without automatic differentiation.
///
/// Gives every activation before the first step and after each.
///
/// # Errors
/// A width that is no multiple of that of a head, or else cannot be; training that diverges; a failing device.
pub fn coordinates(
    config: &RunConfig,
    world: &World,
    widths: &[usize],
    steps: u64,
    device: &Device,
) -> Result<Vec<Coordinate>, TrainError> {
    let runs = widths.iter().map(|width| {
        let mut config = config.clone();
        config.model.set_width(*width)?;
        run(&config, world, steps, device)
    });
    let runs = runs.collect::<Result<Vec<_>, TrainError>>()?;
    let activations = runs.iter().flatten().map(Vec::len).next();
    let blocks = activations.unwrap_or(0).saturating_sub(2);
    let names = once("embedding".to_owned())
        .chain((1..=blocks).map(|block| format!("block_{block}")))
        .chain(once("logits".to_owned()));
    let names: Vec<String> = names.collect();
    let mut all = Vec::new();
    for step in 0..=steps as usize {
        for (k, activation) in names.iter().enumerate() {
            let by_width = |which: fn(&Means) -> f64| {
                let values = runs.iter().map(|run| which(&run[step][k])).collect();
                ByWidth::new(widths, values)
            };
            all.push(Coordinate {
                step: step as u64,
                activation: activation.clone(),
                size: by_width(|means| means.size),
                change: by_width(|means| means.change),
            });
        }
    }
    Ok(all)
}

/// Mean absolute values of an activation at one width.
struct Means {
    size: f64,
    change: f64,
}

/// Those of every activation, before the first step and after each.
fn run(
    config: &RunConfig,
    world: &World,
    steps: u64,
    device: &Device,
) -> Result<Vec<Vec<Means>>, TrainError> {
    let mut learner = Learner::fresh(config, world, device)?;
    let rows = config.train.batch_documents;
    let logits = world.max_document_length() * world.vocabulary().len();
    let most = (MOST_LOGITS / logits).clamp(1, rows);
    let probe = Probe {
        batch: world.batch(steps * rows as u64, most),
        device,
    };
    let first = probe.look(&learner.model.valid())?;
    let mut means = vec![probe.means(&first, &first)];
    for step in 1..=steps {
        let batch = world.batch((step - 1) * rows as u64, rows);
        let gradient = learner.look(&batch, &[]);
        let figures = Figures::read(vec![gradient.figures()])?.swap_remove(0);
        learner.follow(gradient, config.train.learning_rate);
        let now = probe.means(&probe.look(&learner.model.valid())?, &first);
        if !now.iter().all(|means| means.size.is_finite()) {
            let nats: f32 = figures.sums.iter().sum();
            return Err(TrainError::Diverged {
                step,
                loss: f64::from(nats) / batch.tokens as f64,
                grad_norm: figures.gradient_norm,
            });
        }
        means.push(now);
    }
    Ok(means)
}

/// Documents that a model is looked at through.
struct Probe<'a> {
    batch: Batch,
    device: &'a Device,
}

impl Probe<'_> {
    /// Every activation, `[rows, length, width]`.
    fn look(&self, model: &Model) -> Result<Vec<HostTensor>, TrainError> {
        let Batch { rows, length, .. } = self.batch;
        let tokens = Tokens::new(self.batch.inputs.clone(), [rows, length], self.device);
        let mut all = Vec::new();
        let hidden = model.hidden_and(&tokens, &mut |x| all.push(x.clone()));
        all.push(model.logits(hidden));
        let all = all.into_iter().map(|x| HostTensor::read("activations", x));
        Ok(all.collect::<Result<_, _>>()?)
    }

    /// What activations are now and were at `first`, where a token is to be predicted.
    fn means(&self, now: &[HostTensor], first: &[HostTensor]) -> Vec<Means> {
        let both = now.iter().zip(first);
        let means = both.map(|(now, first)| {
            let width = now.values.len() / self.batch.roles.len();
            let (mut size, mut change) = (0.0, 0.0);
            let places = now.values.chunks(width).zip(first.values.chunks(width));
            for ((now, first), role) in places.zip(&self.batch.roles) {
                if role.is_some() {
                    let sum = |x: &dyn Fn(usize) -> f32| {
                        (0..width).map(|k| f64::from(x(k).abs())).sum::<f64>()
                    };
                    size += sum(&|k| now[k]);
                    change += sum(&|k| now[k] - first[k]);
                }
            }
            let count = (self.batch.tokens as usize * width) as f64;
            Means {
                size: size / count,
                change: change / count,
            }
        });
        means.collect()
    }
}

impl ByWidth {
    fn new(widths: &[usize], values: Vec<f64>) -> Self {
        let points = widths.iter().zip(&values);
        let points = points.map(|(width, value)| ((*width as f64).ln(), value.ln()));
        Self {
            slope: slope(&points.collect::<Vec<_>>()),
            values,
        }
    }
}

/// By least squares.
fn slope(points: &[(f64, f64)]) -> Option<f64> {
    let count = points.len() as f64;
    let mean = |which: fn(&(f64, f64)) -> f64| points.iter().map(which).sum::<f64>() / count;
    let (x, y) = (mean(|point| point.0), mean(|point| point.1));
    let covariance: f64 = points
        .iter()
        .map(|point| (point.0 - x) * (point.1 - y))
        .sum();
    let variance: f64 = points.iter().map(|point| (point.0 - x).powi(2)).sum();
    Some(covariance / variance).filter(|slope| slope.is_finite())
}

#[cfg(test)]
mod tests {
    use kolmo_config::{ModelConfig, Transformer};

    use super::*;

    const WIDTHS: [usize; 4] = [32, 64, 128, 256];
    const STEPS: u64 = 3;
    const SEEDS: u64 = 6;

    /// Half the width of a 99 % interval of a mean over [`SEEDS`], in standard errors: Student's t.
    const T: f64 = 4.032;

    fn config(seed: u64) -> (RunConfig, World) {
        let text = include_str!("../../../configs/mup.toml");
        let overrides = [
            format!("seed={seed}"),
            "train.learning_rate=0.008".to_owned(),
        ];
        RunConfig::load(text, &overrides).unwrap()
    }

    /// The slope of the change after the last step, of the residual stream behind the last block and of the
    /// logits: mean over the seeds, and half of its interval.
    fn slopes(change: fn(&mut ModelConfig)) -> [(f64, f64); 2] {
        let runs = (1..=SEEDS).map(|seed| {
            let (mut config, world) = config(seed);
            change(&mut config.model);
            coordinates(&config, &world, &WIDTHS, STEPS, &Device::flex()).unwrap()
        });
        let runs: Vec<_> = runs.collect();
        ["block_2", "logits"].map(|activation| {
            let is_it = |c: &&Coordinate| c.step == STEPS && c.activation == activation;
            let slopes = runs
                .iter()
                .map(|run| run.iter().find(is_it).unwrap().change.slope.unwrap());
            let slopes: Vec<f64> = slopes.collect();
            let n = SEEDS as f64;
            let mean = slopes.iter().sum::<f64>() / n;
            let variance = slopes
                .iter()
                .map(|slope| (slope - mean).powi(2))
                .sum::<f64>()
                / (n - 1.0);
            (mean, T * (variance / n).sqrt())
        })
    }

    #[test]
    fn a_step_changes_a_model_as_much_at_every_width() {
        for (slope, half) in slopes(|_| ()) {
            assert!(slope.abs() < half, "{slope} +- {half}");
            // Else there would be nothing that the interval could not hold.
            assert!(half < 0.25, "{slope} +- {half}");
        }
    }

    // At the base width, which the file has, the key is idle; without it wider models have none either.
    #[test]
    fn in_the_standard_parametrisation_it_changes_a_wider_one_more() {
        for (slope, half) in slopes(|model| model.drop_idle_keys()) {
            assert!(slope - half > 0.25, "{slope} +- {half}");
        }
    }

    #[test]
    fn the_widths_are_taken_with_the_same_heads_or_refused() {
        let (config, world) = config(1);
        let mut model = config.model.clone();
        model.set_width(96).unwrap();
        let sizes = Transformer {
            d_model: 96,
            heads: 6,
            mup_base_width: Some(32),
            ..Transformer::default()
        };
        assert_eq!(model, ModelConfig::gpt(sizes));
        let error = coordinates(&config, &world, &[32, 40], 1, &Device::flex()).unwrap_err();
        assert!(error.to_string().contains("model.d_model = 40"), "{error}");
    }

    #[test]
    fn slopes_are_of_logarithms() {
        let square = ByWidth::new(&[2, 4, 16], vec![4.0, 16.0, 256.0]);
        assert!((square.slope.unwrap() - 2.0).abs() < 1e-12);
        assert_eq!(ByWidth::new(&[2, 4], vec![0.0, 1.0]).slope, None);
        assert_eq!(ByWidth::new(&[2, 2], vec![1.0, 1.0]).slope, None);
    }
}
