//! `[train]`: the data budget and the optimiser.

use kolmo_world::{RepeatConfig, Shown, World};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    error::ConfigError, model::Architecture, optimizer::OptimizerConfig, schedule::ScheduleKind,
};

/// `[train]`: the data budget and the optimiser.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct TrainConfig {
    /// Documents trained on, each once unless `repeat` says another thing; rounded down to whole batches.
    pub documents: u64,
    /// Documents of one batch, which is one step.
    pub batch_documents: usize,
    /// Parts of a batch that cores of a CPU take one by one, [at most](Self::parts). Gradients are summed in their order, so
    /// that the bits of a run depend on it and not on the number of cores. A GPU takes a batch as a whole.
    pub shards: usize,
    /// Peak learning rate.
    pub learning_rate: f64,
    /// Its course: `constant`, `cosine` or `wsd`.
    pub schedule: ScheduleKind,
    /// Fraction of the steps during which the learning rate rises from zero.
    pub warmup: f64,
    /// The documents during which it does, in place of `warmup`: a warm-up that does not depend on the length
    /// of the run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub warmup_documents: Option<u64>,
    /// Fraction of the steps during which `wsd` falls, at the end.
    pub cooldown: f64,
    /// Learning rate at the end of `cosine` and `wsd`, as a fraction of the peak.
    pub final_fraction: f64,
    /// What a gradient does to the parameters.
    pub optimizer: OptimizerConfig,
    /// The global norm gradients are clipped to.
    pub clip_norm: f64,
    /// Steps from one line of metrics.jsonl to the next.
    pub log_every: u64,
    /// Which of the documents come again and again, if any do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub repeat: Option<RepeatConfig>,
}

impl Default for TrainConfig {
    fn default() -> Self {
        Self {
            documents: 400_000,
            batch_documents: 256,
            shards: 8,
            learning_rate: 3e-3,
            schedule: ScheduleKind::Wsd,
            warmup: 0.02,
            warmup_documents: None,
            cooldown: 0.2,
            final_fraction: 0.0,
            optimizer: OptimizerConfig::default(),
            clip_norm: 1.0,
            log_every: 10,
            repeat: None,
        }
    }
}

impl TrainConfig {
    /// Number of steps, documents / batch_documents.
    pub fn steps(&self) -> u64 {
        self.documents / self.batch_documents.max(1) as u64
    }

    /// Documents that are read, repetitions included: whole batches.
    pub fn shown(&self) -> u64 {
        self.steps() * self.batch_documents as u64
    }

    /// The documents of `world` in the order in which a training reads them.
    pub fn order<'a>(&self, world: &'a World) -> Shown<'a> {
        Shown::new(world, self.repeat, self.shown())
    }

    /// How many documents the first `read` are, each counted once; in expectation where some come again.
    pub fn distinct(&self, read: u64) -> f64 {
        let distinct = |repeat: RepeatConfig| repeat.distinct_of(read, self.shown());
        self.repeat.map_or(read as f64, distinct)
    }

    /// Parts that a batch of documents of at most `length` tokens is split into on a CPU: [`shards`](Self::shards), or
    /// fewer where each would be so small that what comes with a part takes longer than its arithmetic.
    pub fn parts(&self, model: &dyn Architecture, vocabulary: usize, length: usize) -> usize {
        /// Useful operations of a part, at least.
        const LEAST_FLOPS: f64 = 100e6;
        // The first token of a document is read and not predicted.
        let time = length.saturating_sub(1);
        let tokens = (self.batch_documents * time) as f64;
        let flops = tokens * model.training_flops_per_token(vocabulary, time);
        // A power of two, so that two or four cores have as much to do.
        let fewer = (flops / LEAST_FLOPS).max(1.0).log2().floor().exp2();
        (fewer as usize).clamp(1, self.shards.max(1))
    }

    pub(crate) fn check(&self) -> Result<(), ConfigError> {
        let batch = self.batch_documents;
        check_all([
            (
                (1..=1 << 20).contains(&batch),
                "train.batch_documents",
                batch.to_string(),
                "1 to 1048576",
            ),
            (
                (1..=1024).contains(&self.shards),
                "train.shards",
                self.shards.to_string(),
                "1 to 1024",
            ),
            (
                self.documents >= batch as u64 && self.documents <= 1 << 40,
                "train.documents",
                self.documents.to_string(),
                "at least train.batch_documents and at most 2^40",
            ),
            (
                self.learning_rate > 0.0 && self.learning_rate <= 100.0,
                "train.learning_rate",
                self.learning_rate.to_string(),
                "above 0 and at most 100",
            ),
            fraction("train.warmup", self.warmup),
            fraction("train.cooldown", self.cooldown),
            fraction("train.final_fraction", self.final_fraction),
            (
                self.clip_norm > 0.0,
                "train.clip_norm",
                self.clip_norm.to_string(),
                "above 0 (inf for no clipping)",
            ),
        ])?;
        self.optimizer.check()?;
        self.check_warmup()?;
        if let Some(repeat) = self.repeat {
            check_all([
                (
                    repeat.share > 0.0 && repeat.share <= 1.0,
                    "train.repeat.share",
                    repeat.share.to_string(),
                    "above 0 and at most 1",
                ),
                (
                    (2..=1_000_000).contains(&repeat.times),
                    "train.repeat.times",
                    repeat.times.to_string(),
                    "2 to 1000000",
                ),
                (
                    repeat.distinct(self.shown()) < self.shown(),
                    "train.repeat.share",
                    repeat.share.to_string(),
                    "a share of one document or more",
                ),
            ])?;
        }
        if self.log_every == 0 {
            return Err(ConfigError::invalid(
                "train.log_every",
                self.log_every,
                "at least 1",
            ));
        }
        Ok(())
    }

    /// That the warm-up, and with `wsd` the cool-down too, find room in the run.
    fn check_warmup(&self) -> Result<(), ConfigError> {
        let is_wsd = self.schedule == ScheduleKind::Wsd;
        let Some(warmup) = self.warmup_documents else {
            let both = self.warmup + self.cooldown;
            if is_wsd && both > 1.0 {
                let key = "train.warmup + train.cooldown";
                let valid = "at most 1 with train.schedule = \"wsd\"";
                return Err(ConfigError::invalid(key, both, valid));
            }
            return Ok(());
        };
        let documents = self.documents;
        if warmup > documents {
            let valid = format!("0 to train.documents, here {documents}");
            return Err(ConfigError::invalid(
                "train.warmup_documents",
                warmup,
                valid,
            ));
        }
        let left = ((1.0 - self.cooldown) * documents as f64).round() as u64;
        if is_wsd && warmup > left {
            let key = "train.warmup_documents + train.cooldown";
            let valid = format!(
                "a warm-up of at most {left} documents, which this cool-down leaves of {documents}, with \
                 train.schedule = \"wsd\""
            );
            let both = format!("{warmup} + {}", self.cooldown);
            return Err(ConfigError::invalid(key, both, valid));
        }
        Ok(())
    }
}

/// Whether a value is possible, its key, the value, and what is valid.
type Check = (bool, &'static str, String, &'static str);

/// The first of them that is not possible.
pub(crate) fn check_all<const N: usize>(checks: [Check; N]) -> Result<(), ConfigError> {
    let mut checks = checks.into_iter();
    match checks.find(|(is_possible, ..)| !is_possible) {
        Some((_, key, value, valid)) => Err(ConfigError::invalid(key, value, valid)),
        None => Ok(()),
    }
}

fn fraction(key: &'static str, value: f64) -> Check {
    (
        (0.0..=1.0).contains(&value),
        key,
        value.to_string(),
        "0 to 1",
    )
}

pub(crate) fn below_one(key: &'static str, value: f64) -> Check {
    // Beyond it a 32-bit number is 1, and a moment never moves.
    let valid = "0 to 0.999999";
    (
        (0.0..=0.999_999).contains(&value),
        key,
        value.to_string(),
        valid,
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{ModelConfig, Transformer};

    #[test]
    fn small_batches_have_fewer_parts_and_no_more_than_are_asked_for() {
        let parts = |d_model: usize, batch_documents: usize, shards: usize| {
            let model = ModelConfig::gpt(Transformer {
                d_model,
                layers: 2,
                heads: 2,
                ..Transformer::default()
            });
            let train = TrainConfig {
                batch_documents,
                shards,
                ..TrainConfig::default()
            };
            train.parts(&*model, 300, 17)
        };
        // 9 million operations, 0.3 and 0.9 billion.
        assert_eq!(parts(16, 8, 8), 1);
        assert_eq!(parts(16, 256, 8), 2);
        assert_eq!(parts(32, 256, 8), 8);
        // As many as are asked for where there is work for them.
        assert_eq!(parts(256, 256, 3), 3);
        assert_eq!(parts(256, 256, 64), 64);
        assert_eq!(parts(16, 256, 1), 1);
    }
}
