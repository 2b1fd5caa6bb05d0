//! One training run: documents in, a trained model and a run directory out.
//!
//! [`config`] is the whole configuration file; [`train`] the loop, readable from top to bottom;
//! [`learner`] is one step of it, on [`shards`] of a batch, with [`schedule`] and [`optimizer`];
//! `training` is what a checkpoint keeps.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

pub mod config;
mod error;
pub mod learner;
mod meter;
pub mod optimizer;
pub mod parity;
mod recorder;
pub mod schedule;
pub mod shards;
pub mod trainer;
mod training;

pub use config::{CheckpointConfig, RunConfig, TrainConfig};
pub use error::{ConfigError, Place, TrainError};
pub use recorder::hparams;
pub use trainer::{Job, Observer, Outcome, Start, train};
pub use training::load_model;
