//! Where the facts of a world and the words that state them come from.
//!
//! A [`Source`] reads its part of a configuration and makes a [`Language`] of it. The list of the sources is
//! [`Family`], what a configuration can name; each is a file of its own.

mod abstract_family;
mod biography;
mod settings;

use std::fmt::Debug;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    error::WorldError, facts::Facts, frequency::Frequency, random::Streams, syntax::Syntax,
    vocabulary::Vocabulary,
};
use abstract_family::Abstract;
use biography::Biography;
pub use settings::{NamesConfig, RelationConfig, Settings, SyntaxConfig};

/// A source of facts, as a configuration names it.
pub trait Source: Debug + Send + Sync {
    /// What it is called in files.
    fn name(&self) -> &'static str;

    /// Checks `settings`, fills its presets in, and makes facts for the elements of `frequency` and the language that states
    /// them. What it draws it takes from `streams`. Afterwards `settings` have the relations of the facts, in their order, and
    /// make the same language when they are read again.
    ///
    /// # Errors
    /// A value outside its range, with the key, the value and the range.
    fn language(
        &self,
        settings: &mut Settings<'_>,
        frequency: &Frequency,
        streams: &Streams,
    ) -> Result<Language, WorldError>;
}

/// Facts, and the words and sentences that state them.
#[derive(Debug)]
pub struct Language {
    /// All words.
    pub vocabulary: Vocabulary,
    /// What is true.
    pub facts: Box<dyn Facts>,
    /// How it is said.
    pub syntax: Syntax,
}

// The list of the sources. Each is a file of its own; what others want to know of one, they ask its `Source`.
/// A family of worlds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Family {
    /// Made-up words; any number of relations.
    Abstract,
    /// English sentences about people, with six relations: `birth_date`, `birth_city`, `university`,
    /// `major`, `employer`, `employer_city`.
    Biography,
}

impl Family {
    /// The source of facts that it names.
    pub fn source(self) -> Box<dyn Source> {
        match self {
            Self::Abstract => Box::new(Abstract),
            Self::Biography => Box::new(Biography),
        }
    }
}
