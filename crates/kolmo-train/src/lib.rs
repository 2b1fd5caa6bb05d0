//! One training run: documents in, a trained model and a run directory out.
//!
//! [`config`] is the whole configuration file; [`train`] the loop, readable from top to bottom;
//! [`schedule`], [`loss`] and [`optimizer`] what it calls.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

pub mod config;
mod error;
pub mod loss;
pub mod optimizer;
pub mod parity;
mod recorder;
pub mod schedule;
pub mod trainer;

pub use config::{RunConfig, TrainConfig};
pub use error::{ConfigError, TrainError};
pub use trainer::{Observer, Outcome, Provenance, train};
