//! A document as JSON: what a line of `train.jsonl` holds.
//!
//! | key | content |
//! | --- | --- |
//! | `document` | index of the document: in its split, for one that is exported |
//! | `text` | its words, joined by spaces, without the end of the document |
//! | `tokens` | ids, the last one that of the end of the document |
//! | `roles` | the role of each token: `syntax`, `subject`, `value`, `eos` |
//! | `facts` | the facts stated, in order: `subject` (rank, 1 = most frequent), `relation`, `value` |

use std::{
    fmt,
    io::{self, Write},
    ops::Range,
};

use kolmo_world::{Document, EOS, Fact, Role, Token, Vocabulary, World};
use serde::{Serialize, Serializer, ser::SerializeStruct};

use crate::format::Split;

/// A document of a world with its index, to be serialised as the [module](self) says.
#[derive(Debug, Clone, Copy)]
pub struct Record<'a> {
    /// The world.
    pub world: &'a World,
    /// The index of the document, as a reader is to see it.
    pub index: u64,
    /// The document.
    pub document: &'a Document,
}

impl<'a> Record<'a> {
    /// The words of the document.
    pub(crate) fn text(&self) -> Words<'a> {
        let tokens = &self.document.tokens;
        Words {
            vocabulary: self.world.vocabulary(),
            tokens: tokens.strip_suffix(&[EOS]).unwrap_or(tokens),
        }
    }

    /// The facts of the document.
    pub(crate) fn facts(&self) -> impl Iterator<Item = Stated<'a>> {
        let world = self.world;
        self.document
            .facts
            .iter()
            .map(move |fact| Stated::new(world, *fact))
    }

    /// Writes the document as a line of JSON.
    pub(crate) fn write_line(&self, out: &mut impl Write) -> io::Result<()> {
        serde_json::to_writer(&mut *out, self)?;
        out.write_all(b"\n")
    }
}

impl Serialize for Record<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut record = serializer.serialize_struct("Record", 5)?;
        record.serialize_field("document", &Exact(self.index))?;
        record.serialize_field("text", &self.text())?;
        record.serialize_field("tokens", &self.document.tokens)?;
        record.serialize_field("roles", &Roles(&self.document.roles))?;
        record.serialize_field("facts", &Facts(*self))?;
        record.end()
    }
}

/// A whole number, however large.
#[derive(Serialize)]
#[serde(transparent)]
struct Exact(#[serde(with = "kolmo_run::exact")] u64);

/// What became of a walk over documents.
pub(crate) struct Written {
    /// Tokens of the documents.
    pub tokens: u64,
    /// Bytes of the file they are in.
    pub bytes: u64,
}

/// Documents between two reports of progress.
const REPORT: u64 = 1 << 12;

/// Documents of a split that are to be written, by their indices in it.
#[derive(Debug, Clone)]
pub(crate) struct Stretch<'w> {
    pub world: &'w World,
    pub split: Split,
    pub indices: Range<u64>,
}

impl Stretch<'_> {
    /// Visits them, in the memory of one. Tells `progress` now and then how many were visited.
    pub fn walk<E>(
        &self,
        progress: &mut dyn FnMut(u64),
        mut visit: impl FnMut(&Record<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut document = Document::default();
        for (visited, index) in (1..).zip(self.indices.clone()) {
            self.world
                .write_document(self.split.first() + index, &mut document);
            visit(&Record {
                world: self.world,
                index,
                document: &document,
            })?;
            if visited % REPORT == 0 || index + 1 == self.indices.end {
                progress(visited);
            }
        }
        Ok(())
    }
}

/// Words joined by spaces, in no memory of their own: a large export writes billions of them.
pub(crate) struct Words<'a> {
    vocabulary: &'a Vocabulary,
    tokens: &'a [Token],
}

impl fmt::Display for Words<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, token) in self.tokens.iter().enumerate() {
            if n > 0 {
                f.write_str(" ")?;
            }
            f.write_str(self.vocabulary.word(*token).unwrap_or("<?>"))?;
        }
        Ok(())
    }
}

impl Serialize for Words<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// A fact as people say it.
#[derive(Serialize)]
pub(crate) struct Stated<'a> {
    /// Rank, 1 = most frequent.
    pub subject: u64,
    /// Name of the relation.
    pub relation: &'a str,
    /// The value.
    pub value: Words<'a>,
}

impl<'a> Stated<'a> {
    fn new(world: &'a World, fact: Fact) -> Self {
        let relation = &world.relations()[fact.relation as usize];
        Self {
            subject: world.frequency().rank(fact.element),
            relation: relation.name(),
            value: Words {
                vocabulary: world.vocabulary(),
                tokens: relation.tokens(world.value_of(fact)),
            },
        }
    }
}

struct Facts<'a>(Record<'a>);

impl Serialize for Facts<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.facts())
    }
}

struct Roles<'a>(&'a [Role]);

impl Serialize for Roles<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(|role| role.name()))
    }
}

#[cfg(test)]
mod tests {
    use kolmo_world::{
        WorldConfig,
        config::{Family, RelationCount},
    };
    use serde_json::Value;

    use super::*;

    #[test]
    fn a_record_says_what_the_document_is() {
        let config = WorldConfig {
            family: Family::Biography,
            relations_per_document: RelationCount::Exactly(2),
            ..WorldConfig::default()
        };
        let world = World::new(&config, 3).unwrap();
        let document = world.document(17);
        let record = Record {
            world: &world,
            index: 17,
            document: &document,
        };
        let json: Value = serde_json::to_value(record).unwrap();
        assert_eq!(json["document"], 17);
        let text = json["text"].as_str().unwrap();
        assert_eq!(
            format!("{text} <eos>"),
            world.vocabulary().text(&document.tokens)
        );
        assert_eq!(
            json["tokens"].as_array().unwrap().len(),
            document.tokens.len()
        );
        let roles = json["roles"].as_array().unwrap();
        assert_eq!(roles.len(), document.tokens.len());
        assert_eq!(roles.last().unwrap(), "eos");
        let facts = json["facts"].as_array().unwrap();
        assert_eq!(facts.len(), 2);

        // The words that have the role of a value are those of the facts, in order.
        let words = text
            .split(' ')
            .zip(roles)
            .filter(|(_, role)| *role == "value");
        let words: Vec<&str> = words.map(|(word, _)| word).collect();
        let values: Vec<&str> = facts.iter().map(|f| f["value"].as_str().unwrap()).collect();
        assert_eq!(words.join(" "), values.join(" "));
        let names: Vec<&str> = world.relations().iter().map(|r| r.name()).collect();
        for (fact, stated) in facts.iter().zip(&document.facts) {
            assert_eq!(fact["subject"], world.frequency().rank(stated.element));
            assert_eq!(fact["relation"], names[stated.relation as usize]);
        }
    }
}
