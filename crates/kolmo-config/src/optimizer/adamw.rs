//! AdamW (Loshchilov & Hutter 2019, [arXiv 1711.05101](https://arxiv.org/abs/1711.05101)).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::UpdateRule;
use crate::{
    error::ConfigError,
    model::Kind,
    train::{below_one, check_all},
};

/// Settings of AdamW.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct AdamW {
    /// Decoupled weight decay, on every parameter.
    pub weight_decay: f64,
    /// Decay of the first moment.
    pub beta_1: f64,
    /// Decay of the second moment.
    pub beta_2: f64,
    /// Added to the root of the second moment.
    pub epsilon: f64,
}

impl Default for AdamW {
    fn default() -> Self {
        Self {
            weight_decay: 0.01,
            beta_1: 0.9,
            beta_2: 0.95,
            epsilon: 1e-8,
        }
    }
}

impl UpdateRule for AdamW {
    fn name(&self) -> &'static str {
        "adamw"
    }

    fn check(&self) -> Result<(), ConfigError> {
        check_all([
            (
                (0.0..=10.0).contains(&self.weight_decay),
                "train.optimizer.weight_decay",
                self.weight_decay.to_string(),
                "0 to 10",
            ),
            below_one("train.optimizer.beta_1", self.beta_1),
            below_one("train.optimizer.beta_2", self.beta_2),
            (
                (1e-30..=1.0).contains(&self.epsilon),
                "train.optimizer.epsilon",
                self.epsilon.to_string(),
                "1e-30 to 1",
            ),
        ])
    }

    fn state_per_value(&self, _kind: Kind) -> u64 {
        // Two moments, of every parameter.
        2
    }
}
