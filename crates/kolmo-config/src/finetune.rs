//! `[finetune]`: training that begins with the weights of another run.

use kolmo_world::{
    Lesson, LessonConfig, RepeatConfig, ReplayConfig, World, lesson::Read, random::Streams,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    error::ConfigError,
    file::{self, FileKind},
    model::ModelConfig,
    run::RunConfig,
};

/// `[finetune]`: what a trained model is taught, and what of it changes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct FinetuneConfig {
    /// The directory of the run that it begins with; `--from` fills it in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// Which weights these are; `--from` fills it in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub base: Option<BaseConfig>,
    /// Which weights change: `full` or `lora`.
    pub method: Method,
    /// Rank of the changes of each matrix with `lora`.
    pub rank: usize,
    /// α: with `lora` the changes are α / rank · A B.
    pub alpha: f64,
    /// Sentences of pre-training in between.
    pub replay: ReplayConfig,
    /// What is taught.
    pub lesson: LessonConfig,
}

impl Default for FinetuneConfig {
    fn default() -> Self {
        Self {
            from: None,
            base: None,
            method: Method::Full,
            rank: 8,
            alpha: 16.0,
            replay: ReplayConfig::default(),
            lesson: LessonConfig::default(),
        }
    }
}

/// The weights that fine-tuning begins with.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BaseConfig {
    /// The hash of the configuration of their run, see [`RunConfig::identity`].
    pub identity: String,
    /// The step whose checkpoint has them.
    pub step: u64,
    /// Documents of the world that pre-training had read by then.
    pub documents: u64,
    /// Documents of earlier fine-tuning, if there was any: fresh ones come behind as many more.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub tuned: u64,
}

fn is_zero(count: &u64) -> bool {
    *count == 0
}

/// Which weights change in fine-tuning.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// All of them.
    #[default]
    Full,
    /// Low-rank changes of the matrices of the blocks (Hu et al. 2021, arXiv 2106.09685).
    Lora,
}

impl FinetuneConfig {
    /// Checks what does not need the world.
    pub(crate) fn check(&self, model: &ModelConfig) -> Result<(), ConfigError> {
        if self.method == Method::Full {
            return Ok(());
        }
        if !(1..=model.width()).contains(&self.rank) {
            let valid = format!("1 to model.d_model, here {}", model.width());
            return Err(ConfigError::invalid("finetune.rank", self.rank, valid));
        }
        if !(self.alpha > 0.0 && self.alpha <= 1e6) {
            let valid = "above 0 and at most 1000000";
            return Err(ConfigError::invalid("finetune.alpha", self.alpha, valid));
        }
        Ok(())
    }

    /// Documents of the world that pre-training read before.
    pub fn documents_before(&self) -> u64 {
        self.base.as_ref().map_or(0, |base| base.documents)
    }

    /// What is taught, in `world`, which is of `seed`.
    ///
    /// # Errors
    /// A lesson that cannot be, with its key.
    pub fn lesson<'a>(&self, world: &'a World, seed: u64) -> Result<Lesson<'a>, ConfigError> {
        let tuned = self.base.as_ref().map_or(0, |base| base.tuned);
        let read = Read {
            seen: self.documents_before(),
            fresh: self.documents_before() + tuned,
        };
        let streams = Streams::new(seed);
        Ok(Lesson::new(
            world,
            &self.lesson,
            self.replay,
            read,
            &streams,
        )?)
    }
}

impl RunConfig {
    /// The same as [`finetune`](Self::finetune), settled, with its world.
    ///
    /// # Errors
    /// The first mistake, with its place.
    pub fn load_finetune(
        text: &str,
        overrides: &[String],
        base: &Self,
        from: String,
        step: u64,
    ) -> Result<(Self, World), ConfigError> {
        let config = Self::finetune(text, overrides, base, from, step);
        let settled = config.and_then(Self::settle);
        settled.map_err(|error| file::find(text, overrides, error))
    }

    /// The fine-tuning that the file `text` with `overrides` on top describes, of the weights that the run of `base`, settled,
    /// in the directory `from`, had after `step` steps. World, model and seed are those of the base; of the world's syntax
    /// questions and held-out templates can be added. It is not settled.
    ///
    /// # Errors
    /// The errors of [`parse`](Self::parse); the configuration of a run where one of a fine-tuning is wanted; a key of the file that
    /// would make another world or model.
    pub fn finetune(
        text: &str,
        overrides: &[String],
        base: &Self,
        from: String,
        step: u64,
    ) -> Result<Self, ConfigError> {
        let mut config = Self::parse(text, overrides)?;
        // A file of other keys is one of few words: the defaults of a lesson.
        let is_of_a_run = FileKind::of(text) == Some(FileKind::Run) && config.finetune.is_none();
        if is_of_a_run && given(text, &[]).iter().any(|key| belongs_to_base(key)) {
            return Err(ConfigError::Kind(FileKind::Run));
        }
        let finetune = config.finetune.get_or_insert_with(FinetuneConfig::default);
        if finetune.from.is_some() || finetune.base.is_some() {
            let valid = "to leave it out: the run to begin with is given by --from";
            return Err(ConfigError::invalid("finetune.base", "given", valid));
        }
        let read = step * base.train.batch_documents as u64;
        // Where documents come again, all of them are taken to have been read.
        let all = |repeat: RepeatConfig| repeat.distinct(base.train.shown());
        let own = base.train.repeat.map_or(read, all);
        let earlier = base.finetune.as_ref().and_then(|of| of.base.as_ref());
        let (documents, tuned) = match earlier {
            Some(earlier) => (earlier.documents, earlier.tuned + own),
            None => (own, 0),
        };
        finetune.from = Some(from);
        finetune.base = Some(BaseConfig {
            identity: base.identity()?,
            step,
            documents,
            tuned,
        });
        let mut given = given(text, overrides).into_iter();
        if let Some(key) = given.find(|key| belongs_to_base(key)) {
            let valid =
                "to leave it out: world, model and seed are those of the run that is fine-tuned";
            return Err(ConfigError::invalid(&key, "given", valid));
        }
        let asked = config.world.syntax;
        config.world = base.world.clone();
        let syntax = &mut config.world.syntax;
        syntax.held_out = asked.held_out.or(syntax.held_out);
        syntax.questions = asked.questions.or(syntax.questions);
        config.model = base.model.clone();
        config.seed = base.seed;
        config.seed_of = base.seed_of;
        Ok(config)
    }
}

/// The keys that `text`, which is TOML, and `overrides` give.
fn given(text: &str, overrides: &[String]) -> Vec<String> {
    let table = text.parse().unwrap_or_default();
    let mut keys: Vec<String> = file::flat(&table).into_iter().map(|(key, _)| key).collect();
    let set = overrides.iter().filter_map(|one| one.split_once('='));
    keys.extend(set.map(|(key, _)| key.trim().to_owned()));
    keys
}

/// Whether a fine-tuning takes `key` from the run that it begins with.
fn belongs_to_base(key: &str) -> bool {
    let of = key.split('.').next().unwrap_or_default();
    let may_grow = ["world.syntax.held_out", "world.syntax.questions"];
    matches!(of, "seed" | "seed_of" | "world" | "model") && !may_grow.contains(&key)
}

#[cfg(test)]
mod tests {
    use super::*;

    const BASE: &str = "seed = 3\n[world.names]\npools = [200, 200]\n[train]\ndocuments = 25600\n";
    const INJECTION: &str = "[world.syntax]\nquestions = 2\n[train]\ndocuments = 512\n[finetune.lesson]\n\
                             task = 'injection'\nsyntax = 'new'\nfrequency = { law = 'uniform', elements = 10 }";

    fn tuned(text: &str) -> Result<RunConfig, ConfigError> {
        let (base, _) = RunConfig::load(BASE, &[])?;
        let config = RunConfig::finetune(text, &[], &base, "there".to_owned(), 100)?;
        Ok(config.settle()?.0)
    }

    #[test]
    fn a_fine_tuning_has_the_world_of_its_base() {
        let config = tuned(INJECTION).unwrap();
        assert_eq!(config.seed, 3);
        assert_eq!(config.world.names.pools, Some(vec![200, 200]));
        assert_eq!(config.world.syntax.questions, Some(2));
        assert_eq!(config.train.documents, 512);
        let finetune = config.finetune.as_ref().unwrap();
        assert_eq!(finetune.documents_before(), 25_600);
        // Written and read again it is the same run, wherever its base has gone.
        let mut again = RunConfig::load(&config.to_toml().unwrap(), &[]).unwrap().0;
        assert_eq!(again, config);
        again.finetune.as_mut().unwrap().from = Some("elsewhere".to_owned());
        assert_eq!(again.identity().unwrap(), config.identity().unwrap());
        again.finetune.as_mut().unwrap().base.as_mut().unwrap().step = 99;
        assert_ne!(again.identity().unwrap(), config.identity().unwrap());
    }

    #[test]
    fn what_cannot_be_is_refused() {
        for (text, expected) in [
            (
                "[finetune]\n[model]\nd_model = 32",
                "model.d_model = given is not possible",
            ),
            (
                "seed = 1\n[model]\nd_model = 64",
                "this is the configuration of one run, which kolmo train takes",
            ),
            (
                "[finetune]\n[world.frequency]\nelements = 5",
                "world.frequency.elements",
            ),
            ("[finetune]\n[model]\nd_model = 64", "model.d_model = given"),
            ("seed = 3\n[finetune]", "seed = given"),
            ("[finetune]\nfrom = 'x'", "given by --from"),
            ("[finetune]\nmethod = 'lora'\nrank = 0", "finetune.rank = 0"),
            ("", "world.syntax.questions = none is not possible"),
            (
                "[finetune.lesson]\ntask = 'injection'\nfrequency = { law = 'uniform', elements = 20001 }",
                "finetune.lesson.frequency.elements = 20001 is not possible: valid is at most 20000",
            ),
            (
                "[finetune.lesson]\ntask = 'injection'\nfrequency = { law = 'zipf', elements = 5, exponent = -1.0 }",
                "finetune.lesson.frequency.exponent",
            ),
            ("[finetune.lesson]\ntask = 'teaching'", "teaching"),
            (
                "[finetune.replay]\nshare = 1.5\n[world.syntax]\nquestions = 1",
                "finetune.replay.share = 1.5",
            ),
        ] {
            let error = tuned(text).unwrap_err().to_string();
            assert!(error.contains(expected), "{text}: {error}");
        }
    }
}
