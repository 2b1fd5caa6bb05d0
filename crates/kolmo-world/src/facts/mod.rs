//! What is true: subjects with names, relations with values, and which value each subject has.
//!
//! [`Facts`] is the trait that everything else asks; a [`Source`](crate::source::Source) makes them. `drawn` has the facts of the families.

mod drawn;
mod relation;

use std::{fmt::Debug, ops::RangeInclusive};

pub(crate) use drawn::DrawnFacts;
pub use relation::Relation;

use crate::vocabulary::Token;

/// The facts of a world, ready to be stated: what subjects are called, and what is true of them. Every method is a pure function.
///
/// Subjects are numbered from 0 as the elements of the [law](crate::frequency::Weights) are; there may be more of them, about
/// whom no document is. Words may be shared: a word of a name can be one of a value, or of a template.
pub trait Facts: Debug + Send + Sync {
    /// How many subjects there are, each with a name of its own.
    fn subjects(&self) -> u64;

    /// The relations, with the values that they can have and the prior of these.
    fn relations(&self) -> &[Relation];

    /// The number of the value that relation number `relation` has for `subject`.
    fn value(&self, subject: u64, relation: usize) -> u32;

    /// Another one, for a fact that changes; the same one if the relation has no other.
    fn other_value(&self, subject: u64, relation: usize) -> u32;

    /// Appends the name of `subject` to `tokens`: one word or more.
    fn write_name(&self, subject: u64, tokens: &mut Vec<Token>);

    /// The subject called `name`, the inverse of [`write_name`](Self::write_name); none if nobody is.
    fn subject(&self, name: &[Token]) -> Option<u64>;

    /// Words of the shortest and of the longest name.
    fn name_lengths(&self) -> RangeInclusive<usize>;

    /// How many names begin with no word of `words`, with the first one, with the first two, and so on, into `counts`:
    /// a number more than there are words.
    fn beginnings(&self, words: &[Token], counts: &mut Vec<f64>);

    /// Each word that goes on a name `begun`, and how many names begin with both.
    fn next_words(&self, begun: &[Token]) -> Vec<(Token, f64)>;

    /// Every word that some name has, once.
    fn name_words(&self) -> Vec<Token>;

    /// A hash of what the configuration and the seed do not fix, such as the content of a file; none where they fix everything. It
    /// is part of the identity of a run.
    fn digest(&self) -> Option<String>;
}
