//! Where the facts of a world and the words that state them come from.
//!
//! A [`Source`] reads its part of a configuration and makes a [`Language`] of it. The list of the sources is
//! [`Family`], what a configuration can name; each is a file of its own.

mod abstract_family;
mod biography;

use std::fmt::Debug;

use crate::{
    config::{Family, WorldConfig},
    error::WorldError,
    facts::Facts,
    frequency::Frequency,
    random::Streams,
    syntax::Syntax,
    vocabulary::Vocabulary,
};
use abstract_family::Abstract;
use biography::Biography;

/// A source of facts, as a configuration names it.
pub trait Source: Debug + Send + Sync {
    /// What it is called in files.
    fn name(&self) -> &'static str;

    /// Checks its part of `config`, fills the presets in, and makes facts for the elements of `frequency` and the language that states
    /// them. What it draws it takes from `streams`. Afterwards `config.relations` has the relations of the facts, in their order, and
    /// makes the same language when it is read again.
    ///
    /// # Errors
    /// A value outside its range, with the key, the value and the range.
    fn language(
        &self,
        config: &mut WorldConfig,
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

impl WorldConfig {
    /// The source of facts that it names.
    pub fn source(&self) -> Box<dyn Source> {
        match self.family {
            Family::Abstract => Box::new(Abstract),
            Family::Biography => Box::new(Biography),
        }
    }
}
