//! What can go wrong with a sweep.

use std::path::PathBuf;

use kolmo_config::ConfigError;

/// A sweep that cannot be planned, run or handed over.
#[derive(Debug, thiserror::Error)]
pub enum SweepError {
    /// A sweep file with a key or a value that cannot be.
    #[error(transparent)]
    File(#[from] ConfigError),
    /// A base configuration that cannot be read.
    #[error("base = {path:?} could not be read: {reason}; the path is relative to the sweep file")]
    Base {
        /// The path, as far as it is known.
        path: PathBuf,
        /// Why not.
        reason: String,
    },
    /// A sweep whose runs are to be fine-tuned, and which cannot be planned.
    #[error("from = {path:?} cannot be planned")]
    From {
        /// The path, as far as it is known.
        path: PathBuf,
        /// Why not.
        #[source]
        source: Box<SweepError>,
    },
    /// What varies, said in a way that makes no runs.
    #[error("{key}: {problem}")]
    Invalid {
        /// The key of the sweep file.
        key: String,
        /// What is wrong, and what would be right.
        problem: String,
    },
    /// A run whose configuration cannot be.
    #[error("run {label} is not possible")]
    Run {
        /// What sets it apart.
        label: String,
        /// Why not.
        #[source]
        source: ConfigError,
    },
    /// Two points that are one run.
    #[error("runs {first} and {second} are the same run: leave one of them out")]
    Twice {
        /// What sets the one apart.
        first: String,
        /// And the other.
        second: String,
    },
    /// A folder in which no runs were planned.
    #[error("{folder} does not say which runs are planned in it, as an older kolmo has left it: kolmo sweep commands SWEEP.toml --dir {folder} plans them and starts nothing", folder = folder.display())]
    NotPlanned {
        /// The folder.
        folder: PathBuf,
    },
    /// A sweep file of a folder that is not the one that was planned in it.
    #[error("{path} is not the sweep file that was planned: change {file} instead, and plan it again with kolmo sweep run or commands", path = path.display())]
    Changed {
        /// The one of the folder.
        path: PathBuf,
        /// The one that was planned.
        file: String,
    },
    /// A `plan.json` that is not as it was written.
    #[error("{path} was changed since the sweep was planned: remove it, and plan the sweep again with kolmo sweep run or commands", path = path.display())]
    ChangedPlan {
        /// The file.
        path: PathBuf,
    },
    /// What cannot be on this machine.
    #[error("{0}")]
    Refused(String),
    /// A tensor that no buffer of a GPU holds.
    #[error(
        "{run} has a tensor of {needed}, and by this graphics API a GPU takes at most {most} at once: smaller train.batch_documents, \
         a smaller model, or --device flex"
    )]
    Tensor {
        /// What it is called.
        run: String,
        /// Size of the tensor.
        needed: String,
        /// What there may be.
        most: String,
    },
    /// A program that could not be started.
    #[error("{program} could not be started: {reason}; once it can, the same command goes on")]
    Start {
        /// The program.
        program: String,
        /// Why not.
        reason: String,
    },
    /// A program that failed.
    #[error("{program} failed: {reason}")]
    Program {
        /// The program.
        program: String,
        /// What it said.
        reason: String,
    },
    /// The folder of the sweep or of a run.
    #[error(transparent)]
    Folder(#[from] kolmo_run::Error),
}

impl SweepError {
    pub(crate) fn invalid(key: impl Into<String>, problem: impl Into<String>) -> Self {
        Self::Invalid {
            key: key.into(),
            problem: problem.into(),
        }
    }

    /// Whether the file or the command line is to be changed, rather than the machine.
    pub fn is_usage(&self) -> bool {
        match self {
            Self::Folder(error) => error.is_in_the_way(),
            Self::From { source, .. } => source.is_usage(),
            Self::File(_)
            | Self::Base { .. }
            | Self::Invalid { .. }
            | Self::Run { .. }
            | Self::Twice { .. }
            | Self::Refused(_)
            | Self::Tensor { .. } => true,
            Self::NotPlanned { .. }
            | Self::Changed { .. }
            | Self::ChangedPlan { .. }
            | Self::Start { .. }
            | Self::Program { .. } => false,
        }
    }
}
