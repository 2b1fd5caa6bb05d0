//! What can go wrong with a code.

use std::io;

/// A text that cannot be coded, or a code that cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum CodecError {
    /// The system did not read or write.
    #[error("could not {action}")]
    Io {
        /// What was tried.
        action: &'static str,
        /// What the system answered.
        source: io::Error,
    },
    /// No file of ours.
    #[error("this is no file that `kolmo compress` has written")]
    NotOurs,
    /// A version of the format that this program does not know.
    #[error(
        "the file is in version {found} of the format, and this kolmo reads version {known}: use the kolmo that wrote it"
    )]
    Version {
        /// That of the file.
        found: u16,
        /// That of this program.
        known: u16,
    },
    /// Another model has compressed it.
    #[error(
        "the file was compressed with another model: name the run, and with --step the checkpoint, that compressed it"
    )]
    OtherModel,
    /// The model is the same, and its predictions here are not bit for bit those of where it was compressed.
    #[error(
        "the model's predictions have other bits here than where the file was compressed: decompress it there, with the same \
         kolmo on the same kind of processor and system and the same --device"
    )]
    OtherPredictions,
    /// It ends too early.
    #[error("the file is cut off: {0} is missing; copy it again")]
    Truncated(&'static str),
    /// It is not as it was written.
    #[error("the file is damaged: {0}; copy it again")]
    Damaged(&'static str),
    /// A document that the Bayes learner cannot code.
    #[error("a document is none of this world")]
    Foreign,
    /// A world that the Bayes learner cannot read token by token.
    #[error(transparent)]
    World(#[from] kolmo_world::WorldError),
    /// Predictions that are no probabilities.
    #[error("the model's predictions are not numbers: its weights are broken")]
    NotNumbers,
    /// The device failed.
    #[error(transparent)]
    Eval(#[from] kolmo_eval::EvalError),
    /// Weights that cannot be read or written.
    #[error(transparent)]
    Model(#[from] kolmo_model::ModelError),
    /// A general compressor failed.
    #[error("{name} failed")]
    Compressor {
        /// Its name.
        name: &'static str,
        /// What it said.
        source: io::Error,
    },
    /// What was decoded is not what was encoded: a mistake of this program.
    #[error("{0} did not give back what it was given: this is a bug of kolmo")]
    NotGivenBack(&'static str),
}

/// The result of coding.
pub type Result<T> = std::result::Result<T, CodecError>;

impl CodecError {
    /// Whether it is about what is written, and not about what is read.
    pub fn is_of_output(&self) -> bool {
        matches!(self, Self::Io { action, .. } if action.starts_with("write"))
    }

    /// An error of the system while it was to `action`.
    pub(crate) fn io(action: &'static str) -> impl Fn(io::Error) -> Self {
        move |source| Self::Io { action, source }
    }
}
