//! The configuration file: defaults, then the file, then `--set key.path=value`.

mod checkpoint;

use kolmo_eval::EvalConfig;
use kolmo_model::ModelConfig;
use kolmo_world::{World, WorldConfig};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use toml::{Table, Value};

pub use checkpoint::CheckpointConfig;

use crate::{error::ConfigError, schedule::ScheduleKind};

mod check;
mod key;
mod nearest;
mod place;
mod read;
mod shape;
#[cfg(test)]
mod tests;

/// A whole run: what `config.toml` holds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct RunConfig {
    /// The one seed: world, initialisation and evaluation each take named streams of it.
    pub seed: u64,
    /// What is true.
    pub world: WorldConfig,
    /// The transformer.
    pub model: ModelConfig,
    /// How it is trained.
    pub train: TrainConfig,
    /// What is measured.
    pub eval: EvalConfig,
    /// When the run is saved. It changes nothing that is computed, and may differ when a run is resumed.
    pub checkpoint: CheckpointConfig,
}

impl Default for RunConfig {
    fn default() -> Self {
        Self {
            seed: 1,
            world: WorldConfig::default(),
            model: ModelConfig::default(),
            train: TrainConfig::default(),
            eval: EvalConfig::default(),
            checkpoint: CheckpointConfig::default(),
        }
    }
}

/// `[train]`: the data budget and the optimiser.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct TrainConfig {
    /// Documents trained on, each once; rounded down to whole batches.
    pub documents: u64,
    /// Documents of one batch, which is one step.
    pub batch_documents: usize,
    /// Parts of a batch that cores of a CPU take one by one. Gradients are summed in their order, so that the
    /// bits of a run depend on it and not on the number of cores. A GPU takes a batch as a whole.
    pub shards: usize,
    /// Peak learning rate of AdamW.
    pub learning_rate: f64,
    /// Its course: `constant`, `cosine` or `wsd`.
    pub schedule: ScheduleKind,
    /// Fraction of the steps during which the learning rate rises from zero.
    pub warmup: f64,
    /// Fraction of the steps during which `wsd` falls, at the end.
    pub cooldown: f64,
    /// Learning rate at the end of `cosine` and `wsd`, as a fraction of the peak.
    pub final_fraction: f64,
    /// Decoupled weight decay, on every parameter.
    pub weight_decay: f64,
    /// Decay of the first moment.
    pub beta_1: f64,
    /// Decay of the second moment.
    pub beta_2: f64,
    /// Added to the root of the second moment.
    pub epsilon: f64,
    /// The global norm gradients are clipped to.
    pub clip_norm: f64,
    /// Steps from one line of metrics.jsonl to the next.
    pub log_every: u64,
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
            cooldown: 0.2,
            final_fraction: 0.0,
            weight_decay: 0.01,
            beta_1: 0.9,
            beta_2: 0.95,
            epsilon: 1e-8,
            clip_norm: 1.0,
            log_every: 10,
        }
    }
}

impl TrainConfig {
    /// Number of steps, documents / batch_documents.
    pub fn steps(&self) -> u64 {
        self.documents / self.batch_documents.max(1) as u64
    }

    fn check(&self) -> Result<(), ConfigError> {
        let batch = self.batch_documents;
        let checks: [(bool, &'static str, String, &'static str); 12] = [
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
                (0.0..=10.0).contains(&self.weight_decay),
                "train.weight_decay",
                self.weight_decay.to_string(),
                "0 to 10",
            ),
            below_one("train.beta_1", self.beta_1),
            below_one("train.beta_2", self.beta_2),
            (
                (1e-30..=1.0).contains(&self.epsilon),
                "train.epsilon",
                self.epsilon.to_string(),
                "1e-30 to 1",
            ),
            (
                self.clip_norm > 0.0,
                "train.clip_norm",
                self.clip_norm.to_string(),
                "above 0 (inf for no clipping)",
            ),
        ];
        for (ok, key, value, valid) in checks {
            if !ok {
                return Err(ConfigError::invalid(key, value, valid));
            }
        }
        if self.schedule == ScheduleKind::Wsd && self.warmup + self.cooldown > 1.0 {
            let key = "train.warmup + train.cooldown";
            return Err(ConfigError::invalid(
                key,
                self.warmup + self.cooldown,
                "at most 1 with train.schedule = \"wsd\"",
            ));
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
}

type Check = (bool, &'static str, String, &'static str);

fn fraction(key: &'static str, value: f64) -> Check {
    (
        (0.0..=1.0).contains(&value),
        key,
        value.to_string(),
        "0 to 1",
    )
}

fn below_one(key: &'static str, value: f64) -> Check {
    // Beyond it a 32-bit number is 1, and a moment never moves.
    let valid = "0 to 0.999999";
    (
        (0.0..=0.999_999).contains(&value),
        key,
        value.to_string(),
        valid,
    )
}

impl RunConfig {
    /// Reads a configuration file's `text`, with each of `overrides`, `key.path=value`, on top, and
    /// [settles](Self::settle) it.
    ///
    /// # Errors
    /// The first mistake: its key, what was found, what would be valid, and the line of the file or
    /// the override that it comes from.
    pub fn load(text: &str, overrides: &[String]) -> Result<(Self, World), ConfigError> {
        let settled = Self::parse(text, overrides)?.settle();
        settled.map_err(|error| place::find(text, overrides, error))
    }

    /// Reads a configuration file's `text`, with each of `overrides`, `key.path=value`, on top.
    ///
    /// # Errors
    /// TOML that does not parse, an unknown key (with the nearest known one) or a value of the wrong
    /// type. Ranges are checked by [`settle`](Self::settle).
    pub fn parse(text: &str, overrides: &[String]) -> Result<Self, ConfigError> {
        read::read(text, overrides, name_law)
    }

    /// Checks every value, builds the world, and fills in what the world's family presets. The
    /// result of writing the configuration and settling it again is the same run.
    ///
    /// # Errors
    /// The first value outside its range, with its key and the range.
    pub fn settle(mut self) -> Result<(Self, World), ConfigError> {
        if i64::try_from(self.seed).is_err() {
            let valid = "0 to 2^63 - 1, the whole numbers of TOML";
            return Err(ConfigError::invalid("seed", self.seed, valid));
        }
        self.train.check()?;
        self.eval.check()?;
        self.checkpoint.check()?;
        self.model.check()?;
        let world = World::new(&self.world, self.seed)?;
        self.check_size(&world)?;
        self.world = world.config().clone();
        Ok((self, world))
    }

    /// Refuses what no memory holds, so that it fails here and not after an hour of work.
    fn check_size(&self, world: &World) -> Result<(), ConfigError> {
        // A terabyte of numbers, of which a step needs the gradient as well.
        const MOST_LOGITS: u64 = 1 << 38;
        let row = (world.max_document_length() * world.vocabulary().len()) as u64;
        let batch = self.train.batch_documents;
        if batch as u64 * row > MOST_LOGITS {
            let valid = format!(
                "at most {} with this world, whose documents take {} tokens from a vocabulary of {}",
                MOST_LOGITS / row,
                world.max_document_length(),
                world.vocabulary().len()
            );
            return Err(ConfigError::invalid("train.batch_documents", batch, valid));
        }
        // Of all other laws there are no more classes than `eval.classes` has been checked for.
        let groups = world.frequency().group_ends().map_or(0, |ends| ends.len());
        let facts = self.eval.facts_per_class;
        if groups * facts > EvalConfig::MOST_FACTS {
            let valid = format!(
                "at most {} with {groups} world.frequency.groups, each of which is a class",
                EvalConfig::MOST_FACTS / groups
            );
            return Err(ConfigError::invalid("eval.facts_per_class", facts, valid));
        }
        Ok(())
    }

    /// The configuration as TOML.
    ///
    /// # Errors
    /// None for a configuration that was parsed.
    pub fn to_toml(&self) -> Result<String, ConfigError> {
        toml::to_string(self).map_err(|error| ConfigError::Toml(error.to_string()))
    }

    /// The hash of what makes the run that run, see [`kolmo_run::content_hash`]: of all but `[checkpoint]`.
    ///
    /// # Errors
    /// None for a configuration that was parsed.
    pub fn identity(&self) -> Result<String, ConfigError> {
        let table = Table::try_from(self);
        let mut table = table.map_err(|error| ConfigError::Toml(error.to_string()))?;
        table.remove("checkpoint");
        let text = toml::to_string(&table).map_err(|error| ConfigError::Toml(error.to_string()))?;
        Ok(kolmo_run::content_hash(text.as_bytes()))
    }

    /// Every key with its value, dotted: `train.learning_rate`, ...
    ///
    /// # Errors
    /// None for a configuration that was parsed.
    pub fn flatten(&self) -> Result<Vec<(String, Value)>, ConfigError> {
        fn walk(prefix: &str, value: Value, into: &mut Vec<(String, Value)>) {
            match value {
                Value::Table(table) => {
                    for (key, value) in table {
                        let dot = if prefix.is_empty() { "" } else { "." };
                        walk(&format!("{prefix}{dot}{key}"), value, into);
                    }
                }
                value => into.push((prefix.to_owned(), value)),
            }
        }
        let problem = |error: toml::ser::Error| ConfigError::Toml(error.to_string());
        let table = Value::try_from(self).map_err(problem)?;
        let mut keys = Vec::new();
        walk("", table, &mut keys);
        Ok(keys)
    }
}

/// A table of frequencies that names no law has the default one.
fn name_law(table: &mut Table) {
    let world = table.get_mut("world").and_then(Value::as_table_mut);
    let frequency = world.and_then(|world| world.get_mut("frequency"));
    if let Some(frequency) = frequency.and_then(Value::as_table_mut) {
        let law = || Value::String("zipf".to_owned());
        frequency.entry("law").or_insert_with(law);
    }
}
