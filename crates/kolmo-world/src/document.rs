//! A document: its tokens, the role of each, and the facts it states.

use crate::vocabulary::Token;

/// What a token is there for. Losses are reported by role.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum Role {
    /// Template words and fillers.
    Syntax,
    /// Part of a name.
    Subject,
    /// Part of a fact's value.
    Value,
    /// The end of the document.
    Eos,
}

impl Role {
    /// All roles, in the order of their numbers.
    pub const ALL: [Self; 4] = [Self::Syntax, Self::Subject, Self::Value, Self::Eos];

    /// The name used in files: `syntax`, `subject`, `value`, `eos`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Syntax => "syntax",
            Self::Subject => "subject",
            Self::Value => "value",
            Self::Eos => "eos",
        }
    }
}

/// A fact that a document states: the value of one relation of one element.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Fact {
    /// The element, from 0 (see [`Frequency`](crate::Frequency) for how it relates to the rank).
    pub element: u64,
    /// Index of the relation.
    pub relation: u32,
}

/// One draw of the world. `tokens` and `roles` have the same length and end with the end-of-document
/// token.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Document {
    /// The tokens, the last one being [`EOS`](crate::EOS).
    pub tokens: Vec<Token>,
    /// The role of each token.
    pub roles: Vec<Role>,
    /// The facts stated, in order.
    pub facts: Vec<Fact>,
}

impl Document {
    /// Empties the document, keeping its memory.
    pub fn clear(&mut self) {
        self.tokens.clear();
        self.roles.clear();
        self.facts.clear();
    }

    pub(crate) fn push(&mut self, token: Token, role: Role) {
        self.tokens.push(token);
        self.roles.push(role);
    }

    /// Gives every token that has no role yet the role `role`.
    pub(crate) fn mark(&mut self, role: Role) {
        self.roles.resize(self.tokens.len(), role);
    }
}
