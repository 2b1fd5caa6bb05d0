//! Reading a text that anybody wrote as a document of the world: what it states, and what each of its words is there for.

use crate::{
    document::{Document, Fact, Role},
    syntax::{Class, Piece, Wording},
    vocabulary::{EOS, Token},
    world::World,
};

/// What a text says, read as a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reading {
    /// What its sentences state, in order.
    pub statements: Vec<Statement>,
    /// The role of each token; that of what is no sentence is syntax.
    pub roles: Vec<Role>,
    /// Whether it is sentences from beginning to end, and ends.
    pub is_whole: bool,
}

/// A value that a sentence gives a fact, true or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Statement {
    /// Of which subject, and which of its relations. The subject has a name that there is; whether a document is about it is another matter.
    pub fact: Fact,
    /// The number of the value.
    pub value: u32,
}

impl World {
    /// Reads `tokens`, sentence by sentence, in the templates of documents. Where several sentences could begin, the longest one is read, and a
    /// true one before a false one. What comes behind a sentence that is none is not read.
    pub fn read(&self, tokens: &[Token]) -> Reading {
        let mut reading = Reading {
            statements: Vec::new(),
            roles: Vec::with_capacity(tokens.len()),
            is_whole: false,
        };
        loop {
            let rest = &tokens[reading.roles.len()..];
            if let [EOS] = rest {
                reading.roles.push(Role::Eos);
                reading.is_whole = !reading.statements.is_empty();
                return reading;
            }
            let Some((statement, roles)) = self.sentence(rest) else {
                let role = |token: &Token| {
                    if *token == EOS {
                        Role::Eos
                    } else {
                        Role::Syntax
                    }
                };
                reading.roles.extend(rest.iter().map(role));
                return reading;
            };
            reading.statements.push(statement);
            reading.roles.extend(roles);
        }
    }

    /// A text that anybody wrote as a document, with the roles that [`World::read`] finds. It has no facts of the world: it states what its author
    /// takes to be true.
    pub fn document_of(&self, tokens: Vec<Token>) -> Document {
        Document {
            roles: self.read(&tokens).roles,
            facts: Vec::new(),
            tokens,
        }
    }

    /// Whether the world has what `statement` says: a document can state it.
    pub fn is_true(&self, statement: Statement) -> bool {
        statement.fact.element < self.frequency().max_elements()
            && self.value_of(statement.fact) == statement.value
    }

    /// The sentence that `tokens` begin with, and the roles of its tokens.
    fn sentence(&self, tokens: &[Token]) -> Option<(Statement, Vec<Role>)> {
        let mut best: Option<(Statement, Vec<Role>)> = None;
        for relation in 0..self.relations().len() {
            let Some(class) = self.syntax().class_in(Wording::Statement, relation) else {
                continue;
            };
            for template in class.templates() {
                let mut sentence = Sentence::new(self, class, relation);
                if !sentence.goes_on(template.pieces(), tokens) {
                    continue;
                }
                let Some(found) = sentence.found(relation) else {
                    continue;
                };
                let rank = |(statement, roles): &(Statement, Vec<Role>)| {
                    (roles.len(), self.is_true(*statement))
                };
                if best.as_ref().is_none_or(|best| rank(best) < rank(&found)) {
                    best = Some(found);
                }
            }
        }
        best
    }
}

/// A sentence on the way through a template.
struct Sentence<'a> {
    world: &'a World,
    class: &'a Class,
    relation: usize,
    subject: Option<u64>,
    value: Option<u32>,
    roles: Vec<Role>,
}

impl<'a> Sentence<'a> {
    fn new(world: &'a World, class: &'a Class, relation: usize) -> Self {
        Self {
            world,
            class,
            relation,
            subject: None,
            value: None,
            roles: Vec::new(),
        }
    }

    /// Whether `tokens` begin with what `pieces` say; then the sentence has it.
    fn goes_on(&mut self, pieces: &[Piece], tokens: &[Token]) -> bool {
        let Some((piece, pieces)) = pieces.split_first() else {
            return true;
        };
        // Of how many words it can be.
        let one_of = |words: &[Token]| {
            let is_one = tokens.first().is_some_and(|token| words.contains(token));
            is_one.then_some(1..=1)
        };
        let (lengths, role) = match piece {
            Piece::Word(word) => (one_of(&[*word]), Role::Syntax),
            Piece::Relation => match self.world.syntax().relation_word(self.relation) {
                Some(word) => (one_of(&[word]), Role::Syntax),
                None => (Some(0..=0), Role::Syntax),
            },
            Piece::Filler(slot) => (one_of(self.class.slots()[*slot].words()), Role::Syntax),
            Piece::Subject => (Some(self.world.facts().name_lengths()), Role::Subject),
            Piece::Value => {
                let most = self.world.relations()[self.relation].max_length();
                (Some(1..=most), Role::Value)
            }
        };
        let Some(lengths) = lengths else { return false };
        let before = (self.subject, self.value, self.roles.len());
        // A longer name before one that it begins with.
        for length in lengths.rev() {
            let Some((read, rest)) = tokens.split_at_checked(length) else {
                continue;
            };
            if self.takes(piece, read) {
                self.roles.resize(before.2 + length, role);
                if self.goes_on(pieces, rest) {
                    return true;
                }
            }
            (self.subject, self.value) = (before.0, before.1);
            self.roles.truncate(before.2);
        }
        false
    }

    /// Whether `read` can stand where `piece` does. A name that comes again is the same one.
    fn takes(&mut self, piece: &Piece, read: &[Token]) -> bool {
        match piece {
            Piece::Word(_) | Piece::Relation | Piece::Filler(_) => true,
            Piece::Subject => {
                let subject = self.world.facts().subject(read);
                let is_it = subject.is_some() && self.subject.is_none_or(|it| Some(it) == subject);
                self.subject = self.subject.or(subject);
                is_it
            }
            Piece::Value => {
                self.value = self.world.relations()[self.relation].number(read);
                self.value.is_some()
            }
        }
    }

    fn found(self, relation: usize) -> Option<(Statement, Vec<Role>)> {
        let fact = Fact {
            element: self.subject?,
            relation: relation as u32,
        };
        let value = self.value?;
        Some((Statement { fact, value }, self.roles))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Family, RelationCount, WorldConfig};

    fn worlds() -> Vec<World> {
        let mut configs = [WorldConfig::default(), WorldConfig::default()];
        configs[0].relations_per_document = RelationCount::Exactly(3);
        configs[1].family = Family::Biography;
        configs[1].relations_per_document = RelationCount::Exactly(2);
        let worlds = configs.iter().map(|config| World::new(config, 3).unwrap());
        worlds.collect()
    }

    #[test]
    fn every_document_is_read_as_it_was_written() {
        for world in worlds() {
            for n in 0..500 {
                let document = world.document(n);
                let reading = world.read(&document.tokens);
                assert!(reading.is_whole, "{n}");
                assert_eq!(reading.roles, document.roles);
                let facts: Vec<Fact> = reading.statements.iter().map(|one| one.fact).collect();
                assert_eq!(facts, document.facts);
                assert!(reading.statements.iter().all(|one| world.is_true(*one)));
            }
        }
    }

    #[test]
    fn another_value_is_read_and_false_and_so_is_what_is_said_of_a_stranger() {
        for world in worlds() {
            let mut random = crate::random::Streams::new(1).stream("test").at(0);
            let mut sentence = |element: u64, shift: u32| {
                let fact = Fact {
                    element,
                    relation: 1,
                };
                let count = world.relations()[1].value_count() as u32;
                let value = (world.value_of(fact) + shift) % count;
                let mut document = Document::default();
                world.write_worded(Wording::Statement, fact, value, &mut random, &mut document);
                (world.read(&document.tokens), Statement { fact, value })
            };
            for element in 0..50 {
                for shift in [0, 1] {
                    let (reading, statement) = sentence(element, shift);
                    assert_eq!(reading.statements, [statement]);
                    assert_eq!(world.is_true(statement), shift == 0);
                    // It did not end.
                    assert!(!reading.is_whole);
                }
            }
            let (reading, statement) = sentence(world.stranger(5), 0);
            assert_eq!(reading.statements, [statement]);
            assert!(!world.is_true(statement));
        }
    }

    #[test]
    fn what_is_no_sentence_is_syntax_and_what_comes_before_it_is_read() {
        let world = &worlds()[0];
        let document = world.document(7);
        let first = |role| document.roles.iter().position(|of| *of == role).unwrap();
        let mut tokens = document.tokens.clone();
        // In the second sentence a word of a name stands where a value does.
        let places: Vec<usize> = (0..tokens.len())
            .filter(|k| document.roles[*k] == Role::Value)
            .collect();
        tokens[places[1]] = tokens[first(Role::Subject)];
        let reading = world.read(&tokens);
        assert!(!reading.is_whole);
        assert_eq!(reading.statements.len(), 1);
        assert_eq!(reading.roles.len(), tokens.len());
        let values = reading.roles.iter().filter(|role| **role == Role::Value);
        assert_eq!(values.count(), 1);
        let nothing = world.read(&[]);
        assert!(!nothing.is_whole && nothing.statements.is_empty());
        assert!(!world.read(&[EOS]).is_whole);
    }
}
