//! The configuration file: defaults, then the file, then `--set key.path=value`.

mod checkpoint;

use kolmo_eval::EvalConfig;
use kolmo_model::ModelConfig;
use kolmo_world::{World, WorldConfig};
use serde::{Deserialize, Serialize};
use toml::{Table, Value};

pub use checkpoint::CheckpointConfig;

use crate::{error::ConfigError, schedule::ScheduleKind};

/// A whole run: what `config.toml` holds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
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
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TrainConfig {
    /// Documents trained on, each once; rounded down to whole batches.
    pub documents: u64,
    /// Documents of one batch, which is one step.
    pub batch_documents: usize,
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
        let checks: [(bool, &'static str, String, &'static str); 11] = [
            (
                (1..=1 << 20).contains(&batch),
                "train.batch_documents",
                batch.to_string(),
                "1 to 1048576",
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
                return Err(ConfigError::Invalid { key, value, valid });
            }
        }
        if self.schedule == ScheduleKind::Wsd && self.warmup + self.cooldown > 1.0 {
            return Err(ConfigError::Invalid {
                key: "train.warmup + train.cooldown",
                value: (self.warmup + self.cooldown).to_string(),
                valid: "at most 1",
            });
        }
        if self.log_every == 0 {
            return Err(ConfigError::Invalid {
                key: "train.log_every",
                value: self.log_every.to_string(),
                valid: "at least 1",
            });
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
    /// Reads a configuration file's `text`, with each of `overrides`, `key.path=value`, on top.
    ///
    /// # Errors
    /// TOML that does not parse, an unknown key (with the nearest known one) or a wrong type.
    /// Values are checked by [`settle`](Self::settle).
    pub fn parse(text: &str, overrides: &[String]) -> Result<Self, ConfigError> {
        let mut table: Table = toml::from_str(text).map_err(|error| explain(&error))?;
        if overrides.is_empty() && !lacks_law(&table) {
            // Straight from the text, so that the error points at the line.
            return toml::from_str(text).map_err(|error| explain(&error));
        }
        for given in overrides {
            set(&mut table, given)?;
        }
        if lacks_law(&table) {
            set(&mut table, "world.frequency.law=zipf")?;
        }
        table.try_into().map_err(|error| explain(&error))
    }

    /// Checks every value, builds the world, and fills in what the world's family presets. The
    /// result of writing the configuration and settling it again is the same run.
    ///
    /// # Errors
    /// The first value outside its range, with its key and the range.
    pub fn settle(mut self) -> Result<(Self, World), ConfigError> {
        if i64::try_from(self.seed).is_err() {
            return Err(ConfigError::Invalid {
                key: "seed",
                value: self.seed.to_string(),
                valid: "0 to 2^63 - 1, the whole numbers of TOML",
            });
        }
        self.train.check()?;
        self.eval.check()?;
        self.checkpoint.check()?;
        self.model.check()?;
        let world = World::new(&self.world, self.seed)?;
        self.world = world.config().clone();
        Ok((self, world))
    }

    /// The configuration as TOML.
    ///
    /// # Errors
    /// None for a configuration that was parsed.
    pub fn to_toml(&self) -> Result<String, ConfigError> {
        toml::to_string(self).map_err(|error| ConfigError::Toml(error.to_string()))
    }

    /// Whether the two are the same run: all is alike but, perhaps, when it is saved.
    pub fn is_same_run(&self, other: &Self) -> bool {
        self.without_checkpoint() == other.without_checkpoint()
    }

    /// The hash of what makes the run that run, see [`kolmo_run::content_hash`].
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

    fn without_checkpoint(&self) -> Self {
        Self {
            checkpoint: CheckpointConfig::default(),
            ..self.clone()
        }
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

/// Whether a table of frequencies names no law: it then takes the default one.
fn lacks_law(table: &Table) -> bool {
    let world = table.get("world").and_then(|world| world.get("frequency"));
    world
        .and_then(Value::as_table)
        .is_some_and(|frequency| !frequency.contains_key("law"))
}

/// Sets `key.path=value` in `table`. A value that is no TOML is taken as a string, so that
/// `model.arch=llama` needs no quotes.
fn set(table: &mut Table, given: &str) -> Result<(), ConfigError> {
    let problem = |reason: &str| ConfigError::Override {
        given: given.to_owned(),
        reason: reason.to_owned(),
    };
    let (path, text) = given
        .split_once('=')
        .ok_or_else(|| problem("there is no ="))?;
    let parsed = toml::from_str::<Table>(&format!("value = {text}")).ok();
    // More than the value would be a second assignment behind a line break.
    let parsed = parsed.filter(|table| table.len() == 1);
    let value = parsed.and_then(|mut table| table.remove("value"));
    let value = value.unwrap_or_else(|| Value::String(text.to_owned()));

    let mut keys: Vec<&str> = path.trim().split('.').collect();
    let last = keys.pop().filter(|key| !key.is_empty());
    let last = last.ok_or_else(|| problem("there is no key"))?;
    let mut table = table;
    for key in keys {
        let entry = table
            .entry(key)
            .or_insert_with(|| Value::Table(Table::new()));
        let inner = entry.as_table_mut();
        table = inner.ok_or_else(|| problem(&format!("{key} is no table of keys")))?;
    }
    table.insert(last.to_owned(), value);
    Ok(())
}

/// A TOML error, and for an unknown key the nearest known one.
fn explain(error: &toml::de::Error) -> ConfigError {
    let mut text = error.to_string().trim_end().to_owned();
    if let Some(nearest) = nearest_key(error.message()) {
        text.push_str(&format!("\ndid you mean `{nearest}`?"));
    }
    ConfigError::Toml(text)
}

/// Reads serde's "unknown field `x`, expected one of `a`, `b`" (or variant) and finds what resembles
/// x most.
fn nearest_key(message: &str) -> Option<&str> {
    let is_unknown = message.starts_with("unknown field") || message.starts_with("unknown variant");
    let mut quoted = message.split('`').skip(1).step_by(2);
    let unknown = quoted.next().filter(|_| is_unknown)?;
    let distance = |known: &&str| strsim::damerau_levenshtein(unknown, known);
    let nearest = quoted.min_by_key(distance)?;
    (distance(&nearest) <= nearest.len().max(unknown.len()) / 2).then_some(nearest)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(text: &str, overrides: &[&str]) -> String {
        let overrides: Vec<String> = overrides.iter().map(|s| (*s).to_owned()).collect();
        let parsed = RunConfig::parse(text, &overrides);
        parsed.and_then(RunConfig::settle).unwrap_err().to_string()
    }

    #[test]
    fn mistakes_are_explained() {
        for (text, overrides, expected) in [
            ("[trian]\n", &[][..], "did you mean `train`?"),
            (
                "[train]\nlerning_rate = 1.0",
                &[],
                "did you mean `learning_rate`?",
            ),
            ("[train]\nlerning_rate = 1.0", &[], "line 2"),
            (
                "[train]\ndocuments = 'many'",
                &[],
                "invalid type: string \"many\", expected u64",
            ),
            ("[train]\nschedule = 'cosin'", &[], "did you mean `cosine`?"),
            ("", &["train.lr=1"], "unknown field `lr`"),
            ("", &["train.warmpu=0.1"], "did you mean `warmup`?"),
            ("", &["seed"], "--set seed: there is no ="),
            ("", &["=1"], "there is no key"),
            ("seed = 1", &["seed.x=1"], "seed is no table"),
            (
                "",
                &["model.d_model=65"],
                "model.d_model = 65 is not possible",
            ),
            (
                "",
                &["train.learning_rate=-1"],
                "train.learning_rate = -1 is not possible",
            ),
            (
                "",
                &["train.documents=10"],
                "at least train.batch_documents",
            ),
            ("", &["train.warmup=0.9"], "train.warmup + train.cooldown"),
            ("seed = 9223372036854775808", &[], "seed"),
            (
                "",
                &["train.beta_2=0.9999999999"],
                "train.beta_2 = 0.9999999999",
            ),
            ("", &["train.epsilon=1e-50"], "train.epsilon"),
            ("", &["train.log_every=1\nmodel.layers=3"], "expected u64"),
            ("", &["train.log_every=0"], "train.log_every = 0"),
            ("", &["eval.classes=0"], "eval.classes = 0 is not possible"),
            (
                "",
                &["world.frequency.exponent=0"],
                "world.frequency.exponent = 0 is not",
            ),
        ] {
            let message = refusal(text, overrides);
            assert!(
                message.contains(expected),
                "{text} {overrides:?} gave: {message}"
            );
        }
    }

    #[test]
    fn overrides_lie_on_top_of_the_file() {
        let overrides = ["model.arch=llama", "train.learning_rate=1e-2", "seed=7"];
        let overrides = overrides.map(str::to_owned);
        let config = RunConfig::parse("seed = 3\n[model]\nlayers = 5", &overrides).unwrap();
        assert_eq!(config.seed, 7);
        assert_eq!(config.model.layers, 5);
        assert_eq!(config.model.arch.name(), "llama");
        assert_eq!(config.train.learning_rate, 1e-2);
    }

    #[test]
    fn defaults_lie_under_tables_that_say_less() {
        let config = RunConfig::parse("[world.frequency]\nelements = 50", &[]).unwrap();
        let frequency = config.to_toml().unwrap();
        assert!(frequency.contains("elements = 50") && frequency.contains("exponent = 1.5"));
        let overrides = ["train.schedule=cosine", "train.warmup=0.9"].map(str::to_owned);
        RunConfig::parse("", &overrides).unwrap().settle().unwrap();
    }

    #[test]
    fn a_settled_configuration_makes_itself_again() {
        for family in ["abstract", "biography"] {
            let text = format!("[world]\nfamily = '{family}'\nrelations_per_document = 'all'");
            let (config, _) = RunConfig::parse(&text, &[]).unwrap().settle().unwrap();
            assert!(!config.world.relations.is_empty());
            let written = config.to_toml().unwrap();
            let again = RunConfig::parse(&written, &[]).unwrap();
            assert_eq!(again.clone().settle().unwrap().0, config);
            assert_eq!(again.to_toml().unwrap(), written);
        }
    }
}
