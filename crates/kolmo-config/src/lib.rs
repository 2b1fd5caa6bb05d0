//! What a run is: the configuration file, read and checked, without anything that computes with it.
//!
//! [`RunConfig`] is the whole file; its parts are [`ModelConfig`], [`TrainConfig`] with its [`OptimizerConfig`] and its [`Schedule`],
//! [`EvalConfig`], [`CheckpointConfig`], of fine-tuning [`FinetuneConfig`], of compression [`CompressionConfig`], and `kolmo_world`'s `WorldConfig`. [`ReportConfig`] is what runs are compared for. [`mod@file`] reads TOML with overrides on
//! top, and says of every mistake where it is, what was found, and what would be valid.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

pub mod agreement;
pub mod checkpoint;
pub mod compression;
mod error;
pub mod eval;
pub mod file;
pub mod finetune;
mod hash;
pub mod model;
pub mod optimizer;
pub mod report;
pub mod run;
pub mod schedule;
#[cfg(test)]
mod tests;
pub mod train;
mod training;

pub use checkpoint::{CheckpointConfig, Retention};
pub use compression::CompressionConfig;
pub use error::{ConfigError, Place};
pub use eval::{Discount, EvalConfig};
pub use finetune::{FinetuneConfig, Method};
pub use hash::content_hash;
pub use model::{Architecture, Kind, ModelConfig, ParameterSpec, Transformer};
pub use optimizer::{AdamW, OptimizerConfig, UpdateRule};
pub use report::{ClaimName, HeadlineConfig, ReportConfig};
pub use run::{RunConfig, SeedOfConfig};
pub use schedule::{Schedule, ScheduleKind};
pub use train::TrainConfig;
