//! What can be wrong with a configuration.

use std::fmt::{self, Display, Formatter};

use kolmo_world::{WorldError, shown};

use crate::file::FileKind;

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
    /// A file of another kind than the command takes.
    #[error("this is {0}")]
    Kind(FileKind),
    /// A fine-tuning that does not say of which run.
    #[error("[finetune] is {}", FileKind::FineTuning)]
    NoBase,
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
}

impl ConfigError {
    /// That `key` is `value`, where something else would be `valid`.
    pub fn invalid(key: &str, value: impl ToString, valid: impl Into<String>) -> Self {
        Self::Invalid {
            key: key.to_owned(),
            value: shown(&value.to_string()),
            valid: valid.into(),
        }
    }

    /// The key that it is about, dotted, if there is one.
    pub fn key(&self) -> Option<&str> {
        match self {
            Self::Toml(_) | Self::Override { .. } | Self::Kind(_) | Self::NoBase => None,
            Self::Unknown { key, .. }
            | Self::Missing { key, .. }
            | Self::Invalid { key, .. }
            | Self::IntoArray { array: key }
            | Self::World(WorldError::Invalid { key, .. }) => Some(key),
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
