//! The whole configuration file: defaults, then the file, then `--set key.path=value`.

use std::mem;

use kolmo_world::{Frequency, Lesson, World, WorldConfig, random::Streams};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use toml::{Table, Value};

use crate::{
    checkpoint::CheckpointConfig,
    compression::CompressionConfig,
    error::ConfigError,
    eval::EvalConfig,
    file::{self, FileKind},
    finetune::FinetuneConfig,
    hash::content_hash,
    model::ModelConfig,
    optimizer::OptimizerConfig,
    train::TrainConfig,
};

/// A whole run: what `config.toml` holds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct RunConfig {
    /// The one seed: world, initialisation and evaluation each take named streams of it.
    pub seed: u64,
    /// What is true.
    pub world: WorldConfig,
    /// What is trained.
    pub model: ModelConfig,
    /// How it is trained.
    pub train: TrainConfig,
    /// What is measured.
    pub eval: EvalConfig,
    /// Where its weights come from and what they are taught, if it does not begin with fresh ones.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub finetune: Option<FinetuneConfig>,
    /// What is measured of it as a compressor, if anything is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub compression: Option<CompressionConfig>,
    /// The seeds of those parts that are not to follow the one seed.
    #[serde(skip_serializing_if = "SeedOfConfig::is_empty")]
    pub seed_of: SeedOfConfig,
    /// When the run is saved. It changes nothing that is computed, and may differ when a run is resumed.
    pub checkpoint: CheckpointConfig,
}

/// `[seed_of]`: seeds of parts of a run, in place of the one seed: what has one stays as it is when the seed changes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct SeedOfConfig {
    /// Of names, facts, syntax and drawn frequencies.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub world: Option<u64>,
    /// Of the weights before the first step.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub initialisation: Option<u64>,
    /// Of which documents are drawn, and in which order.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub order: Option<u64>,
}

impl SeedOfConfig {
    fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

impl Default for RunConfig {
    fn default() -> Self {
        Self {
            seed: 1,
            world: WorldConfig::default(),
            model: ModelConfig::default(),
            train: TrainConfig::default(),
            eval: EvalConfig::default(),
            finetune: None,
            compression: None,
            seed_of: SeedOfConfig::default(),
            checkpoint: CheckpointConfig::default(),
        }
    }
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
        settled.map_err(|error| file::find(text, overrides, error))
    }

    /// Reads a configuration file's `text`, with each of `overrides`, `key.path=value`, on top.
    ///
    /// # Errors
    /// A sweep file, TOML that does not parse, an unknown key (with the nearest known one) or a value of the wrong
    /// type. Ranges are checked by [`settle`](Self::settle).
    pub fn parse(text: &str, overrides: &[String]) -> Result<Self, ConfigError> {
        if FileKind::of(text) == Some(FileKind::Sweep) {
            return Err(ConfigError::Kind(FileKind::Sweep));
        }
        file::read(text, overrides, &[], name_choices)
    }

    /// Checks every value, builds the world, and fills in what the world's family presets. The
    /// result of writing the configuration and settling it again is the same run.
    ///
    /// # Errors
    /// The first value outside its range, with its key and the range; a fine-tuning that does not say of which run.
    pub fn settle(self) -> Result<(Self, World), ConfigError> {
        self.check()?;
        let world = self.build_world()?;
        Ok((self.complete(&world)?, world))
    }

    /// The world that it describes.
    ///
    /// # Errors
    /// A configuration that describes no world.
    pub fn build_world(&self) -> Result<World, ConfigError> {
        let SeedOfConfig { world, order, .. } = self.seed_of;
        let seed = world.unwrap_or(self.seed);
        let world = World::new(&self.world, seed)?;
        Ok(match order.unwrap_or(self.seed) {
            order if order == seed => world,
            order => world.with_documents_of(order),
        })
    }

    /// The streams of the weights before the first step.
    pub fn initialisation(&self) -> Streams {
        Streams::new(self.seed_of.initialisation.unwrap_or(self.seed))
    }

    /// The same with a world that is there already, of the same `[world]` and of whatever seed: to build one takes a
    /// while, and of many runs most have the same.
    ///
    /// # Errors
    /// The first value outside its range, with its key and the range.
    pub fn settle_in(self, world: &World) -> Result<Self, ConfigError> {
        self.check()?;
        self.complete(world)
    }

    fn check(&self) -> Result<(), ConfigError> {
        let SeedOfConfig {
            world,
            initialisation,
            order,
        } = self.seed_of;
        for (key, seed) in [
            ("seed", Some(self.seed)),
            ("seed_of.world", world),
            ("seed_of.initialisation", initialisation),
            ("seed_of.order", order),
        ] {
            if let Some(seed) = seed.filter(|seed| i64::try_from(*seed).is_err()) {
                let valid = "0 to 2^63 - 1, the whole numbers of TOML";
                return Err(ConfigError::invalid(key, seed, valid));
            }
        }
        self.train.check()?;
        self.eval.check()?;
        self.checkpoint.check()?;
        self.model.check()?;
        if let Some(finetune) = &self.finetune {
            finetune.check(&self.model)?;
            if self.eval.generated > 0 {
                let valid = "0 beside [finetune], whose facts are not the world's alone";
                return Err(ConfigError::invalid(
                    "eval.generated",
                    self.eval.generated,
                    valid,
                ));
            }
            if self.train.repeat.is_some() {
                let valid = "no such table beside [finetune], which has [finetune.replay]";
                return Err(ConfigError::invalid("train.repeat", "a table", valid));
            }
            if finetune.from.is_none() || finetune.base.is_none() {
                return Err(ConfigError::NoBase);
            }
        }
        match &self.compression {
            Some(_) if self.finetune.is_some() => {
                let valid =
                    "no such table beside [finetune], whose documents are not the world's alone";
                Err(ConfigError::invalid("compression", "a table", valid))
            }
            Some(compression) => compression.check(),
            None => Ok(()),
        }
    }

    fn complete(mut self, world: &World) -> Result<Self, ConfigError> {
        let lesson = self.lesson(world)?;
        let length = lesson.as_ref().map(Lesson::max_document_length);
        self.check_size(world, length.unwrap_or(world.max_document_length()))?;
        if let Some(frequency) = lesson.as_ref().and_then(Lesson::frequency) {
            self.check_groups("finetune.lesson.frequency.groups", frequency)?;
        }
        self.check_groups("world.frequency.groups", world.frequency())?;
        if self.compression.is_some() {
            // As a compressor, the Bayes learner reads tokens without their roles.
            world.check_words()?;
        }
        self.world = world.config().clone();
        Ok(self)
    }

    /// Refuses what no memory holds, so that it fails here and not after an hour of work.
    fn check_size(&self, world: &World, length: usize) -> Result<(), ConfigError> {
        // A terabyte of numbers, of which a step needs the gradient as well.
        const MOST_LOGITS: u64 = 1 << 38;
        let row = (length * world.vocabulary().len()) as u64;
        let batch = self.train.batch_documents;
        if batch as u64 * row > MOST_LOGITS {
            let valid = format!(
                "at most {} with this world, whose documents take {} tokens from a vocabulary of {}",
                MOST_LOGITS / row,
                length,
                world.vocabulary().len()
            );
            return Err(ConfigError::invalid("train.batch_documents", batch, valid));
        }
        Ok(())
    }

    /// Refuses more facts to ask about than anybody waits for.
    fn check_groups(&self, key: &str, frequency: &Frequency) -> Result<(), ConfigError> {
        // Of all other laws there are no more classes than `eval.classes` has been checked for.
        let groups = frequency.group_ends().map_or(0, |ends| ends.len());
        let facts = self.eval.facts_per_class;
        if groups * facts > EvalConfig::MOST_FACTS {
            let valid = format!(
                "at most {} with {groups} {key}, each of which is a class",
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

    /// The hash of what makes the run that run, see [`content_hash`]: of all but `[checkpoint]`
    /// and the place of the run that it fine-tunes.
    ///
    /// # Errors
    /// None for a configuration that was parsed.
    pub fn identity(&self) -> Result<String, ConfigError> {
        let table = Table::try_from(self);
        let mut table = table.map_err(|error| ConfigError::Toml(error.to_string()))?;
        table.remove("checkpoint");
        if self.train.optimizer.was_in_train()
            && let Some(train) = table.get_mut("train").and_then(Value::as_table_mut)
        {
            *train = mem::take(train).into_iter().flat_map(as_it_was).collect();
        }
        if let Some(finetune) = table.get_mut("finetune").and_then(Value::as_table_mut) {
            finetune.remove("from");
        }
        let text = toml::to_string(&table).map_err(|error| ConfigError::Toml(error.to_string()))?;
        Ok(content_hash(text.as_bytes()))
    }

    /// Every key with its value, dotted: `train.learning_rate`, ...
    ///
    /// # Errors
    /// None for a configuration that was parsed.
    pub fn flatten(&self) -> Result<Vec<(String, Value)>, ConfigError> {
        let problem = |error: toml::ser::Error| ConfigError::Toml(error.to_string());
        Ok(file::flat(&Table::try_from(self).map_err(problem)?))
    }

    /// What is taught in `world`, which is that of the run, if it fine-tunes another one.
    ///
    /// # Errors
    /// A lesson that cannot be, with its key.
    pub fn lesson<'a>(&self, world: &'a World) -> Result<Option<Lesson<'a>>, ConfigError> {
        let finetune = self.finetune.as_ref();
        let lesson = finetune.map(|finetune| finetune.lesson(world, self.seed));
        lesson.transpose()
    }

    /// Documents of the world that pre-training had read before the run; 0 of a run that is pre-training.
    pub fn documents_before(&self) -> u64 {
        let finetune = self.finetune.as_ref();
        finetune.map_or(0, FinetuneConfig::documents_before)
    }
}

/// A key of `[train]` as it was before there was `[train.optimizer]`, whose settings were keys of `[train]`: runs keep the
/// names that they had.
fn as_it_was((key, value): (String, Value)) -> Table {
    match value {
        Value::Table(mut settings) if key == "optimizer" => {
            settings.remove("name");
            settings
        }
        value => Table::from_iter([(key, value)]),
    }
}

/// A table of frequencies that names no law has the default one, a model that names no architecture is a `gpt`, and an optimiser
/// without a name is AdamW.
fn name_choices(table: &mut Table) {
    for (path, key, name) in [
        (&["model"][..], "arch", ModelConfig::default().name()),
        (
            &["train", "optimizer"],
            "name",
            OptimizerConfig::default().name(),
        ),
        (&["world", "frequency"], "law", "zipf"),
    ] {
        let mut path = path.iter();
        let there = path.try_fold(&mut *table, |table, key| {
            table.get_mut(*key).and_then(Value::as_table_mut)
        });
        if let Some(there) = there {
            let name = || Value::String(name.to_owned());
            there.entry(key).or_insert_with(name);
        }
    }
}
