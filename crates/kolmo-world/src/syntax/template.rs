//! A template: the pieces of a sentence in order.

use crate::vocabulary::{Token, Vocabulary};

/// One piece of a template.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Piece {
    /// A fixed word.
    Word(Token),
    /// The word of the relation, where the family has one.
    Relation,
    /// The name of the subject.
    Subject,
    /// The value of the fact.
    Value,
    /// A word of this filler slot of the class.
    Filler(usize),
}

/// The pieces of a sentence. The subject always stands before the value, and no template of a class
/// hides the value of another, so that the value of a known fact is determined by what comes before it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template {
    pieces: Vec<Piece>,
}

impl Template {
    pub(crate) fn new(pieces: Vec<Piece>) -> Self {
        debug_assert!(
            pieces.iter().position(|p| *p == Piece::Subject)
                < pieces.iter().position(|p| *p == Piece::Value)
        );
        Self { pieces }
    }

    /// Reads `{subject} was born in {value} .`; `{0}` and `{1}` are filler slots.
    pub(crate) fn parse(text: &str, vocabulary: &mut Vocabulary) -> Self {
        let piece = |word: &str| match word {
            "{subject}" => Piece::Subject,
            "{value}" => Piece::Value,
            "{0}" => Piece::Filler(0),
            "{1}" => Piece::Filler(1),
            word => Piece::Word(vocabulary.intern(word)),
        };
        Self::new(text.split_whitespace().map(piece).collect())
    }

    /// The pieces, in order.
    pub fn pieces(&self) -> &[Piece] {
        &self.pieces
    }

    /// Whether a sentence of one of the two can have its value where the other goes on with a word,
    /// so that even who knows the world could not tell that the value comes next.
    pub(crate) fn hides_value_of(&self, other: &Self) -> bool {
        let (one, two) = (self.before_value(), other.before_value());
        one.len() != two.len() && (one.starts_with(two) || two.starts_with(one))
    }

    fn before_value(&self) -> &[Piece] {
        let end = self.pieces.iter().position(|p| *p == Piece::Value);
        &self.pieces[..end.unwrap_or(0)]
    }

    /// The filler slots used, in order.
    pub fn slots(&self) -> impl Iterator<Item = usize> + '_ {
        self.pieces.iter().filter_map(|piece| match piece {
            Piece::Filler(slot) => Some(*slot),
            _ => None,
        })
    }
}
