//! `[eval]`: what is measured.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::error::ConfigError;

/// `[eval]`: what is measured during training.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct EvalConfig {
    /// Frequency classes, evenly spaced in the logarithm of the rank.
    pub classes: usize,
    /// Facts asked of each class; all of them where a class has no more.
    pub facts_per_class: usize,
    /// Evaluations, evenly spaced in the logarithm of the step, the last one after the last step.
    pub evaluations: usize,
    /// Where the Bayes learner has its Pitman-Yor parameters from: `law` or `fit`.
    pub bayes_discount: Discount,
    /// Documents that the model writes at the last evaluation, whose statements are judged; none unless it is given.
    #[serde(skip_serializing_if = "is_zero")]
    pub generated: u64,
}

fn is_zero(count: &u64) -> bool {
    *count == 0
}

impl Default for EvalConfig {
    fn default() -> Self {
        Self {
            classes: 10,
            facts_per_class: 300,
            evaluations: 24,
            bayes_discount: Discount::Law,
            generated: 0,
        }
    }
}

impl EvalConfig {
    /// Facts of all classes together, at most.
    pub const MOST_FACTS: usize = 100 * 100_000;

    /// Checks the sizes.
    ///
    /// # Errors
    /// [`ConfigError::Invalid`], with the key, the value and the valid range.
    pub fn check(&self) -> Result<(), ConfigError> {
        for (key, value, most, valid) in [
            ("eval.classes", self.classes, 100, "1 to 100"),
            (
                "eval.facts_per_class",
                self.facts_per_class,
                100_000,
                "1 to 100000",
            ),
            ("eval.evaluations", self.evaluations, 1000, "1 to 1000"),
        ] {
            if !(1..=most).contains(&value) {
                return Err(ConfigError::invalid(key, value, valid));
            }
        }
        /// All of them are in memory at once.
        const MOST_GENERATED: u64 = 1 << 20;
        if self.generated > MOST_GENERATED {
            let valid = "0 to 1048576";
            return Err(ConfigError::invalid(
                "eval.generated",
                self.generated,
                valid,
            ));
        }
        Ok(())
    }
}

/// Where the learner has its Pitman-Yor parameters from.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Discount {
    /// From the law of frequencies: its own α and β if it is Pitman-Yor; for a power law of exponent
    /// a > 1, α = 1/a, and β of greatest likelihood on the documents read, found again whenever their
    /// number has doubled. A law without a discount is fitted.
    #[default]
    Law,
    /// Both of greatest likelihood on the documents read.
    Fit,
}
