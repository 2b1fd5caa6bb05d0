//! Many runs from one file: planned, packed onto this machine, or handed to another engine.
//!
//! A sweep file ([`mod@file`]) is a configuration and what varies. [`expand`] makes points of it, with sizes from a
//! [`ladder`]; [`plan`] makes a run of each, named by the hash of its configuration, with what it costs ([`cost`]).
//! [`execute`] runs them as child processes on the slots of a machine ([`pack`]), [`commands`] and [`slurm`] hand
//! them to others. Whoever runs them, [`state`] reads from the folder of the sweep ([`directory`]) how each stands,
//! and [`summary`] lays their figures side by side. Which runs a folder is for is what was [`planned`] in it last.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

pub mod commands;
pub mod cost;
pub mod directory;
mod error;
pub mod estimate;
pub mod execute;
pub mod expand;
pub mod file;
pub mod gpu;
mod json;
pub mod ladder;
pub mod machine;
mod memory;
pub mod pack;
pub mod plan;
pub mod planned;
pub mod slurm;
pub mod state;
pub mod summary;

pub use directory::SweepDirectory;
pub use error::SweepError;
pub use file::SweepFile;
pub use plan::{Plan, PlannedRun};
pub use planned::Planned;
pub use state::{RunStatus, State};
