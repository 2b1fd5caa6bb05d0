//! What can go wrong in a run directory, and what to do about it.
//!
//! A message names the file and the remedy; the cause below it (no space, no permission, bad JSON)
//! is the error's `source`, so print the whole chain.

use std::io;
use std::path::{Path, PathBuf};

use parquet::errors::ParquetError;

/// The result of everything in this crate that can fail.
pub type Result<T> = std::result::Result<T, Error>;

/// An error of the run directory.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The file system refused something.
    #[error("could not {action} {path}: check that it exists, its permissions and the free space", path = path.display())]
    Io {
        /// What was tried, as a verb: "create", "write", "read", "remove", ...
        action: &'static str,
        /// The file or folder it was tried on.
        path: PathBuf,
        /// What the system answered.
        source: io::Error,
    },

    /// A line of a JSONL file, not a torn last one, is not a record.
    #[error("{path}, line {line}, is not a valid record: restore the file, or start the run anew", path = path.display())]
    Jsonl {
        /// The JSONL file.
        path: PathBuf,
        /// The line, counted from 1.
        line: usize,
        /// What the parser expected.
        source: serde_json::Error,
    },

    /// A JSON file could not be parsed.
    #[error("{path} is not valid: restore it, or start the run anew", path = path.display())]
    Json {
        /// The JSON file.
        path: PathBuf,
        /// What the parser expected.
        source: serde_json::Error,
    },

    /// A file of a run that is done is not as the run left it.
    #[error("{path} is not as the run left it: {reason}; restore it, or start the run anew", path = path.display())]
    Altered {
        /// The file.
        path: PathBuf,
        /// What gives it away.
        reason: String,
    },

    /// A run whose configuration is not the one that it was made with, or not the one that is to be there.
    #[error("{config}: the files beside it are of a run of another configuration, by config_blake3 of manifest.json; restore what was changed, or start the run anew", config = config.display())]
    OtherConfig {
        /// The configuration.
        config: PathBuf,
    },

    /// A run of a kolmo whose format this one does not know.
    #[error("{path} has the format {format}, of a newer kolmo, and this one reads those up to {known}: use a newer kolmo, such as the one that wrote it", path = path.display())]
    NewerFormat {
        /// The manifest.
        path: PathBuf,
        /// Its format.
        format: u64,
        /// The newest one that this build knows.
        known: u64,
    },

    /// A checkpoint that cannot be used.
    #[error("the checkpoint {path} cannot be used: {reason}", path = path.display())]
    Checkpoint {
        /// Its folder.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },

    /// A run directory that is not there any more.
    #[error("the run directory {directory} has vanished or is another one now: is its disk still mounted?", directory = directory.display())]
    Vanished {
        /// The run directory.
        directory: PathBuf,
    },

    /// A file that may not be replaced or removed, since nothing says that kolmo wrote it for the same purpose.
    #[error("{path} is in the way, and {reason}: move it, or name another directory", path = path.display())]
    InTheWay {
        /// The file or folder.
        path: PathBuf,
        /// Why it is not to be touched, as the end of a sentence.
        reason: &'static str,
    },

    /// Another process is at work in the directory.
    #[error("{directory} is in use by {holder}: wait for it, stop it, or name another directory; if that machine is gone for good, remove the file .lock there", directory = directory.display())]
    Busy {
        /// The directory.
        directory: PathBuf,
        /// Who has it, in words.
        holder: String,
    },

    /// A record has no JSON form: its type is at fault, not the disk.
    #[error("could not turn a record for {path} into JSON: its type needs a plain serde form", path = path.display())]
    Serialize {
        /// The file the record was meant for.
        path: PathBuf,
        /// What serde objected to.
        source: serde_json::Error,
    },

    /// A Parquet file could not be encoded or decoded.
    #[error("could not {action} the Parquet file {path}: if it is damaged, restore it, or start the run anew", path = path.display())]
    Parquet {
        /// "encode" or "decode".
        action: &'static str,
        /// The Parquet file.
        path: PathBuf,
        /// What the Parquet library answered.
        source: ParquetError,
    },

    /// A Parquet file is sound, but not a table of facts of this version.
    #[error("{path} is not a table of facts kolmo can read: {reason}; was it written by another program or version?", path = path.display())]
    FactsLayout {
        /// The Parquet file.
        path: PathBuf,
        /// Which column or key does not fit, and how.
        reason: String,
    },

    /// A fact names a relation the table does not know.
    #[error(
        "the fact of subject {subject} has relation index {relation}, but the table has {known} relations: give FactsTable::new the names of all relations of the world"
    )]
    UnknownRelation {
        /// The subject's rank.
        subject: u64,
        /// The index that is out of range.
        relation: u32,
        /// How many names the table was given.
        known: usize,
    },

    /// The event files are incomplete from some point on. A warning: the run itself is unharmed.
    #[error("TensorBoard's event files in {dir} are incomplete: the JSONL files have everything, rebuild the event files from them", dir = dir.display())]
    TensorBoard {
        /// The folder of the event files.
        dir: PathBuf,
        /// What the system answered.
        source: io::Error,
    },
}

impl Error {
    /// Whether it is [`InTheWay`](Self::InTheWay): another place is to be named, and the disk is well.
    pub fn is_in_the_way(&self) -> bool {
        matches!(self, Self::InTheWay { .. })
    }

    /// An I/O error with its place; made for `map_err(Error::io("write", path))`.
    /// From the error of the operating system when it was to `action` ("read", "create the folder") `path`.
    pub fn io<'a>(action: &'static str, path: &'a Path) -> impl FnOnce(io::Error) -> Error + 'a {
        move |source| Error::Io {
            action,
            path: path.to_path_buf(),
            source,
        }
    }
}

/// `error` with its causes, on one line.
pub fn explain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        text.push_str(&format!(": {inner}"));
        cause = inner.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use std::error::Error as _;

    use super::*;

    #[test]
    fn a_message_names_the_action_the_path_and_keeps_the_cause() {
        let refused = io::Error::new(io::ErrorKind::PermissionDenied, "read-only");
        let error = Error::io("write", Path::new("runs/a/metrics.jsonl"))(refused);
        let message = error.to_string();
        assert!(message.contains("write"), "{message}");
        assert!(message.contains("runs/a/metrics.jsonl"), "{message}");
        assert!(error.source().unwrap().to_string().contains("read-only"));
    }
}
