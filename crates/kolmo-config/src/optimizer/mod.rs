//! `[train.optimizer]`: how a gradient changes the parameters. One file an optimiser, which says what the others need to know
//! of it; what it computes is in `kolmo_train::optimizer`.

use std::ops::Deref;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{error::ConfigError, model::Kind};

mod adamw;

pub use adamw::AdamW;

/// What every optimiser says about itself.
pub trait UpdateRule {
    /// The name in files: the value of `train.optimizer.name`.
    fn name(&self) -> &'static str;

    /// Checks the settings.
    ///
    /// # Errors
    /// [`ConfigError::Invalid`], with the key, the value and the valid range.
    fn check(&self) -> Result<(), ConfigError>;

    /// Numbers that it keeps from step to step for each value of a parameter of this kind.
    fn state_per_value(&self, kind: Kind) -> u64;
}

/// `[train.optimizer]`: the optimiser and its settings. It is one of them, and [says](UpdateRule) what that one says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "name")]
pub enum OptimizerConfig {
    /// AdamW on all parameters.
    #[serde(rename = "adamw")]
    AdamW(AdamW),
}

impl Default for OptimizerConfig {
    fn default() -> Self {
        Self::AdamW(AdamW::default())
    }
}

impl OptimizerConfig {
    /// Every optimiser, with its default settings.
    pub fn every() -> Vec<Self> {
        vec![Self::AdamW(AdamW::default())]
    }

    /// Whether its settings were keys of `[train]` before there was `[train.optimizer]`; false of all that came later.
    pub(crate) fn was_in_train(&self) -> bool {
        match self {
            Self::AdamW(_) => true,
        }
    }
}

impl Deref for OptimizerConfig {
    type Target = dyn UpdateRule;

    fn deref(&self) -> &Self::Target {
        match self {
            Self::AdamW(rule) => rule,
        }
    }
}
