//! What can go wrong with a configuration and with a run.

use std::{
    fmt::{self, Display, Formatter},
    path::PathBuf,
};

use kolmo_eval::EvalError;
use kolmo_model::ModelError;
use kolmo_world::{WorldError, shown};

/// A configuration that cannot be run.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// TOML that does not parse.
    #[error("{0}")]
    Toml(String),
    /// A key that there is not.
    #[error("there is no key {key}{hint}")]
    Unknown {
        /// The key, dotted.
        key: String,
        /// What may have been meant.
        hint: String,
    },
    /// A key that is needed and not given.
    #[error("{key} is missing: it must be given, as {valid}")]
    Missing {
        /// The key, dotted.
        key: String,
        /// What would be accepted.
        valid: String,
    },
    /// A `--set` of a part of an array.
    #[error("{array} is an array, which is set as a whole: {array}=[...]")]
    IntoArray {
        /// The key of the array, dotted.
        array: String,
    },
    /// One of the others, with the place of its cause.
    #[error("{place}: {error}")]
    At {
        /// The place.
        place: Place,
        /// The error.
        error: Box<ConfigError>,
    },
    /// A `--set` that is no `key.path=value`.
    #[error("--set {given}: {reason}; write key.path=value, such as train.learning_rate=1e-3")]
    Override {
        /// What was given.
        given: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A value of the wrong type or outside its range.
    #[error("{key} = {value} is not possible: valid is {valid}")]
    Invalid {
        /// The key, dotted as in the file.
        key: String,
        /// The value found.
        value: String,
        /// What would be accepted.
        valid: String,
    },
    /// An impossible `[world]`.
    #[error(transparent)]
    World(#[from] WorldError),
    /// An impossible `[model]`.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// An impossible `[eval]`.
    #[error(transparent)]
    Eval(#[from] EvalError),
}

impl ConfigError {
    pub(crate) fn invalid(key: &str, value: impl ToString, valid: impl Into<String>) -> Self {
        Self::Invalid {
            key: key.to_owned(),
            value: shown(&value.to_string()),
            valid: valid.into(),
        }
    }

    /// The key that it is about, dotted, if there is one.
    pub fn key(&self) -> Option<&str> {
        match self {
            Self::Toml(_) | Self::Override { .. } => None,
            Self::Unknown { key, .. }
            | Self::Missing { key, .. }
            | Self::Invalid { key, .. }
            | Self::IntoArray { array: key }
            | Self::World(WorldError::Invalid { key, .. })
            | Self::Model(ModelError::Invalid { key, .. }) => Some(key),
            Self::Eval(EvalError::Invalid { key, .. }) => Some(key),
            Self::Model(_) | Self::Eval(_) => None,
            Self::At { error, .. } => error.key(),
        }
    }

    /// Whether the file has no part in it.
    pub fn is_override(&self) -> bool {
        let place = match self {
            Self::At { place, .. } => Some(place),
            _ => None,
        };
        matches!(self, Self::Override { .. }) || matches!(place, Some(Place::Override(_)))
    }
}

/// What a mistake in a configuration comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// A line of the file, from 1.
    Line(usize),
    /// `key.path=value`, given with `--set`.
    Override(String),
}

impl Display for Place {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Line(line) => write!(f, "line {line}"),
            Self::Override(given) => write!(f, "--set {given}"),
        }
    }
}

/// A run that did not end well.
#[derive(Debug, thiserror::Error)]
pub enum TrainError {
    /// A system that gives no more threads.
    #[error("no threads to train with: {0}; RAYON_NUM_THREADS says how many are asked for")]
    Threads(String),
    /// The loss exploded, or it, the gradient or an answer is no longer a finite number.
    #[error(
        "training diverged at step {step}: the loss is {loss} nats and the gradient norm {grad_norm}; \
         lower train.learning_rate or train.clip_norm, or lengthen train.warmup"
    )]
    Diverged {
        /// The step, counted from 1, whose batch showed it.
        step: u64,
        /// Mean loss of the batch, nats per token; NaN where an evaluation showed it.
        loss: f64,
        /// Global norm of the gradient.
        grad_norm: f64,
    },
    /// Checkpoints of which none can be used.
    #[error(
        "none of the {count} checkpoints in {run} can be used: restore one, or start the run again from its \
         first step with --resume never", run = run.display()
    )]
    NoCheckpoint {
        /// The run directory.
        run: PathBuf,
        /// How many there are.
        count: usize,
        /// What is wrong with the newest.
        #[source]
        newest: Box<TrainError>,
    },
    /// A state that could not be turned into bytes.
    #[error("the state of the run could not be encoded: {0}")]
    State(String),
    /// The configuration.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The model or its device.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// A measurement.
    #[error(transparent)]
    Eval(#[from] EvalError),
    /// The run directory.
    #[error(transparent)]
    Run(#[from] kolmo_run::Error),
}

impl TrainError {
    /// Whether it says that a checkpoint is damaged. What may pass, such as a disk that does not answer,
    /// is no damage.
    pub(crate) fn is_damage(&self) -> bool {
        matches!(
            self,
            Self::Run(kolmo_run::Error::Checkpoint { .. })
                | Self::Model(ModelError::Weights(_))
                | Self::Eval(EvalError::State(_) | EvalError::Bayes(_))
        )
    }
}

/// An error with its causes.
pub(crate) fn explain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        text.push_str(&format!(": {inner}"));
        cause = inner.source();
    }
    text
}
