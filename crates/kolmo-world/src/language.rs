//! What a family makes of a configuration: the words of a world and what is said with them.

use crate::{
    document::Role,
    facts::Relation,
    names::Names,
    syntax::Syntax,
    vocabulary::{EOS, Token, Vocabulary},
};

/// What a family makes of a configuration.
pub(crate) struct Language {
    pub vocabulary: Vocabulary,
    pub names: Names,
    pub relations: Vec<Relation>,
    pub syntax: Syntax,
}

impl Language {
    /// The role of every token.
    pub fn roles(&self) -> Vec<Role> {
        let mut roles = vec![Role::Syntax; self.vocabulary.len()];
        let mut mark = |tokens: &[Token], role| {
            for token in tokens {
                roles[*token as usize] = role;
            }
        };
        mark(&[EOS], Role::Eos);
        for pool in self.names.pools() {
            mark(pool, Role::Subject);
        }
        for relation in &self.relations {
            for value in 0..relation.value_count() {
                mark(relation.tokens(value as u32), Role::Value);
            }
        }
        roles
    }
}
