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
    /// A template of `pieces`, which is checked when a world is made.
    pub fn new(pieces: Vec<Piece>) -> Self {
        Self { pieces }
    }

    /// What is wrong with it, if anything is, in a class of `slots` filler slots.
    pub(crate) fn check(&self, slots: usize) -> Result<(), &'static str> {
        let at = |piece| self.pieces.iter().position(|p| *p == piece);
        let count = |piece| self.pieces.iter().filter(|p| **p == piece).count();
        let (Some(subject), Some(value)) = (at(Piece::Subject), at(Piece::Value)) else {
            return Err("a place for the subject and one for the value");
        };
        if subject > value || count(Piece::Value) > 1 {
            return Err("one place for the value, behind the first one of the subject");
        }
        let adjoin = |pair: &[Piece]| pair == [Piece::Subject; 2];
        if self.pieces.windows(2).any(adjoin) {
            return Err("a word between two names: where one ends could not be told");
        }
        match self.slots().all(|slot| slot < slots) {
            true => Ok(()),
            false => Err("fillers of slots that there are"),
        }
    }

    /// Reads `{subject} was born in {value} .`; `{0}` and `{1}` are filler slots.
    pub fn parse(text: &str, vocabulary: &mut Vocabulary) -> Self {
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
