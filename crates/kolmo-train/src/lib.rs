//! One training run: documents in, a trained model and a run directory out.
//!
//! [`train`] is the loop, readable from top to bottom; [`learner`] one step of it, on [`shards`] of a batch, with
//! [`optimizer`]; `training` is what a checkpoint keeps, [`companions`] see every step and add to what is recorded; [`trunk`] is how another run begins with one, and
//! [`base`] how it begins with the weights of one alone.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

pub mod base;
pub mod companions;
pub mod coordinates;
mod documents;
mod error;
mod job;
pub mod learner;
mod meter;
pub mod optimizer;
pub mod parity;
mod recorder;
pub mod shards;
pub mod state;
pub mod trainer;
mod training;
pub mod trunk;

pub use base::Base;
pub use companions::{COMPANIONS, Companion};
pub use error::TrainError;
pub use job::{Job, Observer, Outcome, Start};
pub use meter::Sums;
pub use recorder::hparams;
pub use trainer::train;
pub use training::load_model;
pub use trunk::Trunk;
