//! The documents of a world as files that other trainers read.
//!
//! | format | files | module |
//! | --- | --- | --- |
//! | [`Format::Jsonl`] | `train.jsonl`, `val.jsonl`, `vocabulary.json` | [`record`] |
//! | [`Format::Parquet`] | `train-00000.parquet`, ..., `val-00000.parquet`, ..., `vocabulary.json` | `parts` |
//! | [`Format::Bin`] | `train.bin`, `val.bin`, `meta.pkl`, as nanoGPT has them | `bin` |
//!
//! The training split is documents 0, 1, 2, ..., those that `kolmo train` trains on; the validation
//! split begins at [`VALIDATION_FIRST`](kolmo_world::stream::VALIDATION_FIRST), where no training run comes. `export.json`, an
//! [`ExportRecord`], says what is there. It is replaced atomically each time data have reached the
//! disk, so an [`Export`] that was killed goes on at the last such point, and its files end up byte
//! for byte as if nothing had happened. One world and seed give the same bytes everywhere.
//!
//! ```
//! use kolmo_export::{Export, Format, Request};
//! use kolmo_world::{World, WorldConfig};
//!
//! let folder = tempfile::tempdir()?;
//! let world = World::new(&WorldConfig::default(), 1)?;
//! let request = Request {
//!     format: Format::Jsonl,
//!     identity: "the default world, seed 1".into(),
//!     documents: 200,
//!     validation: 2,
//! };
//! let record = Export::open(&world, folder.path(), &request)?.run(|_done| ())?;
//! assert!(record.complete);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

mod append;
mod bin;
mod error;
mod export;
mod format;
mod manifest;
mod parts;
pub mod record;
mod vocabulary;

pub use bin::TokenType;
pub use error::{ExportError, Result};
pub use export::{Export, MAX_DOCUMENTS, Request};
pub use format::{Format, Split};
pub use manifest::{ExportRecord, FileRecord, SplitRecord};
pub use record::Record;
