//! Up to which step two runs are the same.
//!
//! Documents are pure functions of their number, so two runs of one world, model and optimiser make the very
//! same steps for as long as their learning rates are the same, whatever their lengths.

use std::fmt;

use kolmo_world::shown;
use toml::Value;

use crate::{error::ConfigError, run::RunConfig, schedule::Schedule};

/// The keys in which runs may differ that begin alike, beside `[checkpoint]`. All but the last two are of the
/// schedule, which is compared for what it gives: learning rates.
pub const FREE: [&str; 8] = [
    "train.documents",
    "train.schedule",
    "train.warmup",
    "train.warmup_documents",
    "train.cooldown",
    "train.final_fraction",
    "eval.evaluations",
    "compression.documents",
];

/// A key in which two configurations differ.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// The key, dotted.
    pub key: String,
    /// Its value in the first one, as TOML; none if it is not given.
    pub here: Option<String>,
    /// Its value in the second one.
    pub there: Option<String>,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let value = |value: &Option<String>| value.as_deref().map_or("not given".into(), shown);
        let (here, there) = (value(&self.here), value(&self.there));
        // Of a long list only the beginning is shown.
        if here == there {
            return write!(f, "{} differs", self.key);
        }
        write!(f, "{} is {here} here and {there} there", self.key)
    }
}

/// The first key for which the runs of two settled configurations cannot begin alike, if there is one. Free are `eval.evaluations`, the keys of
/// `[checkpoint]` and `[compression]`, the keys of the learning rate's course, and of the run's length unless documents come again.
///
/// # Errors
/// None for configurations that were parsed.
pub fn difference(here: &RunConfig, there: &RunConfig) -> Result<Option<Difference>, ConfigError> {
    // Their order depends on how many there are.
    let is_repeated = here.train.repeat.is_some();
    let is_free = |key: &str| FREE.contains(&key) && !(is_repeated && key == "train.documents");
    let (here, there) = (here.flatten()?, there.flatten()?);
    let value = |of: &[(String, Value)], key: &str| {
        let found = of.iter().find(|(name, _)| name == key);
        found.map(|(_, value)| value.to_string())
    };
    let keys = here.iter().chain(&there).map(|(key, _)| key);
    let mut fixed = keys.filter(|key| !is_free(key.as_str()) && !key.starts_with("checkpoint."));
    Ok(fixed.find_map(|key| {
        let (here, there) = (value(&here, key), value(&there, key));
        let key = key.clone();
        (here != there).then_some(Difference { key, here, there })
    }))
}

/// The last step up to which the runs of two settled configurations make the very same steps; 0 if they
/// differ from the first one on. At most the steps of the shorter one.
///
/// # Errors
/// None for configurations that were parsed.
pub fn agreement(one: &RunConfig, other: &RunConfig) -> Result<u64, ConfigError> {
    if difference(one, other)?.is_some() {
        return Ok(0);
    }
    Ok(Schedule::new(&one.train).agreement(&Schedule::new(&other.train)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: &str = "[train]\ndocuments = 256000\nwarmup_documents = 2560\n";

    fn settled(overrides: &[&str]) -> RunConfig {
        let overrides: Vec<String> = overrides.iter().map(|s| (*s).to_owned()).collect();
        RunConfig::load(LONG, &overrides).unwrap().0
    }

    #[test]
    fn runs_of_other_lengths_and_ends_begin_alike() {
        let long = settled(&[]);
        for (overrides, expected) in [
            (&[][..], 1000),
            (&["train.documents=128000"], 400),
            (&["train.documents=128000", "train.final_fraction=0.1"], 400),
            (&["train.documents=512000", "train.cooldown=0.5"], 800),
            (&["train.schedule=constant"], 800),
            (&["train.schedule=cosine"], 10),
            (&["train.warmup=0.5"], 1000),
            (&["eval.evaluations=3", "checkpoint.keep_last=9"], 1000),
            // The same warm-up once it is rounded to steps: what counts are the rates.
            (
                &["train.warmup_documents=2561", "train.documents=300000"],
                800,
            ),
        ] {
            let other = settled(overrides);
            assert_eq!(difference(&long, &other).unwrap(), None, "{overrides:?}");
            assert_eq!(agreement(&long, &other).unwrap(), expected, "{overrides:?}");
            assert_eq!(agreement(&other, &long).unwrap(), expected, "{overrides:?}");
        }
    }

    #[test]
    fn the_first_key_that_differs_is_named() {
        let long = settled(&[]);
        for (overrides, key) in [
            (&["seed=2", "model.layers=3"][..], "seed"),
            (&["model.layers=3", "train.beta_2=0.9"], "model.layers"),
            (
                &["world.frequency.exponent=1.4"],
                "world.frequency.exponent",
            ),
            (
                &["world.frequency.law=uniform", "world.frequency.elements=50"],
                "world.frequency.law",
            ),
            (&["train.learning_rate=1e-3"], "train.learning_rate"),
            (&["train.batch_documents=128"], "train.batch_documents"),
            (&["train.shards=4"], "train.shards"),
            (&["train.weight_decay=0.0"], "train.optimizer.weight_decay"),
            (&["train.log_every=5"], "train.log_every"),
            (&["eval.facts_per_class=5"], "eval.facts_per_class"),
            (&["eval.bayes_discount=fit"], "eval.bayes_discount"),
        ] {
            let other = settled(overrides);
            let found = difference(&other, &long).unwrap().unwrap();
            assert_eq!(found.key, key, "{overrides:?}");
            assert_eq!(agreement(&long, &other).unwrap(), 0);
        }
        let again = ["train.repeat.share=0.5", "train.repeat.times=2"];
        let shorter = [&again[..], &["train.documents=128000"]].concat();
        let found = difference(&settled(&shorter), &settled(&again));
        assert_eq!(found.unwrap().unwrap().key, "train.documents");
        let found = difference(&settled(&["seed=2"]), &long).unwrap().unwrap();
        assert_eq!(found.to_string(), "seed is 2 here and 1 there");
    }
}
