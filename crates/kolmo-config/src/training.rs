//! Whether two configurations are one training, however they are written.
//!
//! [`RunConfig::identity`] names runs, and is of everything that was written down. Several configurations make the very
//! same steps: 12 800 and 12 801 documents are 200 batches of 64, and what is measured changes nothing of what is learnt.

use kolmo_world::config::RelationCount;

use crate::{
    CheckpointConfig, EvalConfig, FinetuneConfig, RunConfig, Schedule, ScheduleKind, TrainConfig,
    content_hash, error::ConfigError,
};

/// Steps whose learning rates are hashed at once: eight megabytes.
const CHUNK: usize = 1 << 20;

impl RunConfig {
    /// The hash of all that changes a bit of the training, the seed included: two settled configurations of like hash make
    /// the same steps. In place of the number of documents and the schedule it is of what they come to, the learning rate of
    /// every step. What is measured, logged and saved is left out, and so is the place of the run that is fine-tuned.
    ///
    /// # Errors
    /// None for a configuration that was settled.
    pub fn training(&self) -> Result<String, ConfigError> {
        let text = self.but_what_changes_no_bit().to_toml()?;
        let mut hash = content_hash(text.as_bytes());
        let schedule = Schedule::new(&self.train);
        let last = self.train.steps();
        for first in (1..=last).step_by(CHUNK) {
            let end = last.min(first + (CHUNK as u64 - 1));
            let mut bytes = hash.into_bytes();
            for step in first..=end {
                bytes.extend(schedule.learning_rate(step).to_bits().to_le_bytes());
            }
            hash = content_hash(&bytes);
        }
        Ok(hash)
    }

    /// The same with one value for all that changes no bit, and for what the learning rates say. A key that comes later is
    /// taken to change bits until it is named here.
    fn but_what_changes_no_bit(&self) -> Self {
        let mut alike = self.clone();
        alike.eval = EvalConfig::default();
        alike.compression = None;
        alike.checkpoint = CheckpointConfig::default();
        alike.finetune = alike.finetune.map(|finetune| FinetuneConfig {
            from: None,
            ..finetune
        });
        alike.train = TrainConfig {
            documents: 0,
            learning_rate: 0.0,
            schedule: ScheduleKind::Constant,
            warmup: 0.0,
            warmup_documents: None,
            cooldown: 0.0,
            final_fraction: 0.0,
            log_every: 1,
            ..alike.train
        };
        // All of them are as many as there are.
        let relations = alike.world.relations.len();
        alike.world.relations_per_document = match alike.world.relations_per_document {
            RelationCount::All(_) => RelationCount::Exactly(relations),
            RelationCount::Exactly(count) => RelationCount::Exactly(count),
        };
        alike.model.drop_idle_keys();
        alike
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 200 steps of 64 documents, of which 20 warm up and 40 cool down.
    const RUN: &str = "[train]\ndocuments = 12800\nbatch_documents = 64\nwarmup = 0.1\n\
                       [[world.relations]]\nname = 'home'\n";

    fn training(overrides: &[&str]) -> String {
        let overrides: Vec<String> = overrides.iter().map(|s| (*s).to_owned()).collect();
        let (config, _) = RunConfig::load(RUN, &overrides).unwrap();
        config.training().unwrap()
    }

    #[test]
    fn configurations_that_make_the_same_steps_are_one_training() {
        let plain = training(&[]);
        for overrides in [
            &["train.documents=12801"][..],
            &["train.documents=12863"],
            &["train.warmup_documents=1280"],
            &["train.warmup_documents=1281", "train.warmup=0.5"],
            &["train.cooldown=0.2001"],
            &["train.log_every=3"],
            &[
                "eval.classes=3",
                "eval.evaluations=2",
                "eval.facts_per_class=7",
            ],
            &["eval.bayes_discount=fit"],
            &["compression.documents=64"],
            &["checkpoint.every_s=0.0", "checkpoint.keep_at=[7]"],
            &["world.relations_per_document=all"],
            &["model.mup_base_width=64"],
        ] {
            assert_eq!(training(overrides), plain, "{overrides:?}");
        }
        // Of a schedule that is not followed nothing counts.
        let constant = "train.schedule=constant";
        assert_eq!(
            training(&[constant, "train.cooldown=0.5", "train.final_fraction=0.5"]),
            training(&[constant])
        );
        assert_eq!(
            training(&["train.cooldown=0.0"]),
            training(&["train.final_fraction=1.0"])
        );
    }

    #[test]
    fn configurations_that_make_other_steps_are_not() {
        let mut seen = vec![training(&[])];
        for overrides in [
            &["seed=2"][..],
            &["train.documents=12864"],
            &["train.documents=12799"],
            &["train.batch_documents=32", "train.documents=6400"],
            &["train.shards=4"],
            &["train.learning_rate=1e-3"],
            &["train.schedule=constant"],
            &["train.schedule=cosine"],
            &["train.warmup=0.2"],
            &["train.cooldown=0.3"],
            &["train.final_fraction=0.1"],
            &["train.optimizer.weight_decay=0.0"],
            &["train.optimizer.beta_2=0.9"],
            &["train.clip_norm=0.5"],
            &["model.layers=3"],
            &["model.mup_base_width=32"],
            &["model.tied_embeddings=true"],
            &["world.frequency.exponent=1.4"],
            &["world.syntax.templates=3"],
        ] {
            let training = training(overrides);
            assert!(!seen.contains(&training), "{overrides:?}");
            seen.push(training);
        }
    }

    #[test]
    fn where_the_run_that_is_fine_tuned_lies_makes_no_other_training_and_its_step_does() {
        let (base, _) = RunConfig::load("[world.syntax]\nquestions = 2", &[]).unwrap();
        let tuned = |from: &str, step: u64| {
            let text = "[finetune.lesson]\ntask = 'instruction'\nfraction = 0.5";
            let config = RunConfig::finetune(text, &[], &base, from.to_owned(), step).unwrap();
            config.settle().unwrap().0.training().unwrap()
        };
        assert_eq!(tuned("here", 10), tuned("there", 10));
        assert_ne!(tuned("here", 10), tuned("here", 11));
    }
}
