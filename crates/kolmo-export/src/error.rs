//! What can go wrong with an export, and what to do about it.

use std::{
    io,
    path::{Path, PathBuf},
};

use parquet::errors::ParquetError;

/// The result of everything in this crate that can fail.
pub type Result<T> = std::result::Result<T, ExportError>;

/// An export that cannot be made or continued.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExportError {
    /// More documents than an export can have.
    #[error("{documents} {split} documents are too many: at most {most} can be exported")]
    TooMany {
        /// `train` or `val`.
        split: &'static str,
        /// Documents asked for.
        documents: u64,
        /// The most there can be.
        most: u64,
    },

    /// The directory holds an export of something else.
    #[error(
        "{directory} holds an export of another {what} ({there}, not {asked}): name another directory, or remove that one",
        directory = directory.display()
    )]
    Another {
        /// The directory of the export.
        directory: PathBuf,
        /// What differs: the format, the world or the version of kolmo.
        what: &'static str,
        /// What is there.
        there: String,
        /// What was asked for.
        asked: String,
    },

    /// The directory holds more documents than were asked for.
    #[error(
        "{directory} holds {there} {split} documents, more than the {asked} asked for: ask for as many, name another directory, or remove that one",
        directory = directory.display()
    )]
    Fewer {
        /// The directory of the export.
        directory: PathBuf,
        /// `train` or `val`.
        split: &'static str,
        /// Documents written.
        there: u64,
        /// Documents asked for.
        asked: u64,
    },

    /// The directory cannot be made.
    #[error("could not create the folder {path}: check its parent's permissions and that no file has this name", path = path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// What the system answered.
        source: io::Error,
    },

    /// A file is not what `export.json` says.
    #[error(
        "{path} has {found} bytes where export.json says {recorded}: restore it, or export to another directory",
        path = path.display()
    )]
    Damaged {
        /// The file.
        path: PathBuf,
        /// Its length in bytes, 0 if it is missing.
        found: u64,
        /// What it must have.
        recorded: u64,
    },

    /// `export.json` is not what this version of kolmo writes.
    #[error("{path} is no record of an export, or is damaged: restore it, or name another directory", path = path.display())]
    Manifest {
        /// The file.
        path: PathBuf,
        /// What the parser expected.
        source: serde_json::Error,
    },

    /// The file system refused something.
    #[error(
        "could not {action} {path}: check its permissions and the free space; the same command goes on where this one stopped",
        path = path.display()
    )]
    Io {
        /// What was tried, as a verb: "create", "write", ...
        action: &'static str,
        /// The file or folder it was tried on.
        path: PathBuf,
        /// What the system answered.
        source: io::Error,
    },

    /// Documents could not be encoded: a fault of kolmo, not of the disk.
    #[error("could not encode {path} as Parquet", path = path.display())]
    Parquet {
        /// The file they were meant for.
        path: PathBuf,
        /// What the Parquet library answered.
        source: ParquetError,
    },

    /// The vocabulary could not be encoded: a fault of kolmo, not of the disk.
    #[error("could not encode {path} as a pickle", path = path.display())]
    Pickle {
        /// The file it was meant for.
        path: PathBuf,
        /// What the pickle library answered.
        source: serde_pickle::Error,
    },

    /// A file is in the way that no export wrote, one could not be replaced atomically, or another process is at work in the
    /// directory.
    #[error(transparent)]
    Run(#[from] kolmo_run::Error),
}

impl ExportError {
    /// An I/O error with its place; made for `map_err(ExportError::io("write", path))`.
    pub(crate) fn io<'a>(
        action: &'static str,
        path: &'a Path,
    ) -> impl FnOnce(io::Error) -> Self + 'a {
        move |source| Self::Io {
            action,
            path: path.to_path_buf(),
            source,
        }
    }

    /// JSON that is not what it should be, with its place.
    pub(crate) fn manifest(path: &Path) -> impl FnOnce(serde_json::Error) -> Self + '_ {
        |source| Self::Manifest {
            path: path.to_path_buf(),
            source,
        }
    }

    /// A file of `found` bytes that should have those `recorded`.
    pub(crate) fn damaged(path: &Path, found: u64, recorded: u64) -> Self {
        Self::Damaged {
            path: path.to_path_buf(),
            found,
            recorded,
        }
    }
}
