//! `[checkpoint]`: when a run is saved, and what is kept.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::error::ConfigError;

/// `[checkpoint]`. Besides what it asks for there is a checkpoint after the last step, and one when the run
/// is stopped.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct CheckpointConfig {
    /// Seconds from one checkpoint to the next; 0 for one after every step.
    pub every_s: f64,
    /// How many of the newest stay.
    pub keep_last: usize,
    /// A checkpoint after every so many steps, which stays for good; 0 for none.
    pub keep_every: u64,
    /// A checkpoint after exactly these steps, which stay for good.
    pub keep_at: Vec<u64>,
}

impl Default for CheckpointConfig {
    fn default() -> Self {
        Self {
            every_s: 300.0,
            keep_last: 2,
            keep_every: 0,
            keep_at: Vec::new(),
        }
    }
}

impl CheckpointConfig {
    /// Which checkpoints stay.
    pub fn retention(&self) -> Retention<'_> {
        Retention {
            keep_last: self.keep_last,
            keep_every: self.keep_every,
            keep_at: &self.keep_at,
        }
    }

    pub(crate) fn check(&self) -> Result<(), ConfigError> {
        // Not NaN either.
        if !(0.0..).contains(&self.every_s) {
            let valid = "0 or more, seconds (inf for none but the last)";
            return Err(ConfigError::invalid(
                "checkpoint.every_s",
                self.every_s,
                valid,
            ));
        }
        if !(1..=1_000_000).contains(&self.keep_last) {
            let valid = "1 to 1000000";
            return Err(ConfigError::invalid(
                "checkpoint.keep_last",
                self.keep_last,
                valid,
            ));
        }
        if i64::try_from(self.keep_every).is_err() {
            let valid = "0 to 2^63 - 1";
            return Err(ConfigError::invalid(
                "checkpoint.keep_every",
                self.keep_every,
                valid,
            ));
        }
        for (index, step) in self.keep_at.iter().enumerate() {
            if *step == 0 || i64::try_from(*step).is_err() {
                let key = format!("checkpoint.keep_at[{index}]");
                return Err(ConfigError::invalid(&key, step, "1 to 2^63 - 1, a step"));
            }
        }
        Ok(())
    }
}

/// Which checkpoints stay.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retention<'a> {
    /// So many of the newest; the newest stays in any case.
    pub keep_last: usize,
    /// And all whose step is a multiple of this; 0 for none.
    pub keep_every: u64,
    /// And the checkpoints of these steps.
    pub keep_at: &'a [u64],
}

impl Retention<'_> {
    /// Whether the checkpoint of `step` stays for good.
    pub fn keeps(&self, step: u64) -> bool {
        let is_round = self.keep_every > 0 && step.is_multiple_of(self.keep_every);
        is_round || self.keep_at.contains(&step)
    }
}
