//! The run directory: everything a run writes to disk, and how it is read back.
//!
//! | file | module |
//! | --- | --- |
//! | `config.toml`, the folder itself | [`directory`], [`atomic`] |
//! | `DONE`, and the files of a run that has it | [`finished`] |
//! | `manifest.json` | [`manifest`] |
//! | `metrics.jsonl`, `evaluations.jsonl` | [`metrics`] |
//! | `facts.parquet` | [`facts_table`] |
//! | `answers.parquet` | [`answers_table`] |
//! | `compression.json` | [`compression`] |
//! | `tensorboard/` | [`tensorboard`] |
//! | `checkpoints/` | [`checkpoint`] |
//! | `.lock` | [`lock`] |
//! | whole numbers in all JSON | [`exact`] |
//! | how any of them is opened | [`files`] |
//! | what of a folder is kolmo's | [`ownership`], [`outputs`] |
//! | a run that another one names | [`moved`], [`find_base`] |
//!
//! Losses are nats, capacities bits. A *document* is one independent draw of the world and one row
//! of a batch. The JSONL files are the truth; the event files are a view of them.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

pub mod answers_table;
pub mod atomic;
mod base;
pub mod checkpoint;
pub mod compression;
pub mod directory;
pub mod error;
pub mod exact;
pub mod exit_code;
pub mod facts_table;
pub mod files;
pub mod finished;
pub mod lock;
pub mod manifest;
pub mod metrics;
pub mod moved;
pub mod names;
pub mod outputs;
pub mod ownership;
mod parquet_file;
pub mod tail;
pub mod tensorboard;
mod there;
mod threads;

pub use answers_table::{AnswerRow, read_answers, write_answers};
pub use base::{FoundBase, ReadError, find_base};
pub use compression::{CompressionRecord, CompressorRecord, TextRecord, WeightsRecord};
pub use directory::{RunDirectory, short_hash};
pub use error::{Error, Result, explain};
pub use facts_table::{FactRow, FactsTable};
pub use finished::{FinalFigures, FinishedRun, Records};
pub use lock::{Holder, Lock};
pub use manifest::{Build, Machine, Manifest, Origin, Provenance, RunState, Session};
pub use metrics::{
    ClassRecord, CodeBits, CompanionFigures, EvaluationRecord, ExactCode, ExactLosses, GENERATED,
    InterviewRecord, JsonlWriter, KeptLines, OnlineClass, RoleBits, RoleLosses, StepRecord,
    read_jsonl, read_last,
};
pub use outputs::{Claim, Outputs};
pub use ownership::Mark;
pub use tail::read_end;
pub use tensorboard::{HparamValue, TensorBoard};
pub use there::{is_missing, is_there};
pub use threads::threads;
