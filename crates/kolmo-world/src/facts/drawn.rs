//! The facts of the families: names out of pools, and values drawn for each subject, uniform over the pool of the relation.
//!
//! φ_{i,r}, the value of relation r of subject i, is a pure function of (seed, i, r): nothing is stored.

use std::ops::RangeInclusive;

use rand::RngExt;

use super::{Facts, Relation};
use crate::{
    names::Names,
    random::{Stream, Streams},
    vocabulary::Token,
};

/// Facts that follow from the configuration and the seed.
#[derive(Debug)]
pub(crate) struct DrawnFacts {
    names: Names,
    relations: Vec<Relation>,
    /// Of each relation.
    draws: Vec<Draws>,
}

#[derive(Debug)]
struct Draws {
    values: Stream,
    revisions: Stream,
}

impl DrawnFacts {
    /// Facts about the bearers of `names`, with values of `relations`, whose priors are uniform.
    pub fn new(names: Names, relations: Vec<Relation>, streams: &Streams) -> Self {
        let draws = relations.iter().map(|relation| Draws {
            values: streams.stream(&format!("facts/{}", relation.name())),
            revisions: streams.stream(&format!("revisions/{}", relation.name())),
        });
        Self {
            names,
            draws: draws.collect(),
            relations,
        }
    }
}

impl Facts for DrawnFacts {
    fn subjects(&self) -> u64 {
        self.names.space()
    }

    fn relations(&self) -> &[Relation] {
        &self.relations
    }

    fn value(&self, subject: u64, relation: usize) -> u32 {
        let count = self.relations[relation].value_count() as u32;
        let mut random = self.draws[relation].values.at(subject);
        random.random_range(0..count)
    }

    fn other_value(&self, subject: u64, relation: usize) -> u32 {
        let count = self.relations[relation].value_count() as u32;
        let mut random = self.draws[relation].revisions.at(subject);
        let shift = if count > 1 {
            random.random_range(1..count)
        } else {
            0
        };
        (self.value(subject, relation) + shift) % count
    }

    fn write_name(&self, subject: u64, tokens: &mut Vec<Token>) {
        self.names.write(subject, tokens);
    }

    fn subject(&self, name: &[Token]) -> Option<u64> {
        self.names.element(name)
    }

    fn name_lengths(&self) -> RangeInclusive<usize> {
        self.names.length()..=self.names.length()
    }

    fn beginnings(&self, words: &[Token], counts: &mut Vec<f64>) {
        self.names.beginnings(words, counts);
    }

    fn next_words(&self, begun: &[Token]) -> Vec<(Token, f64)> {
        self.names.next_words(begun)
    }

    fn name_words(&self) -> Vec<Token> {
        self.names.words()
    }

    /// None: the seed draws them.
    fn digest(&self) -> Option<String> {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_uniform_and_fixed() {
        let values = (0..8).map(|t| Box::from([t])).collect();
        let relation = Relation::uniform("colour", values).unwrap();
        let streams = Streams::new(1);
        let names = Names::new(vec![(8..9).collect()], &streams.stream("names"));
        let facts = DrawnFacts::new(names, vec![relation], &streams);
        assert_eq!(facts.value(3, 0), facts.value(3, 0));
        let n = 100_000;
        let mut counts = [0f64; 8];
        (0..n).for_each(|i| counts[facts.value(i, 0) as usize] += 1.0);
        assert!((0..1000).all(|i| facts.other_value(i, 0) != facts.value(i, 0)));
        let (p, n) = (1.0 / 8.0, n as f64);
        for count in counts {
            assert!((count / n - p).abs() < 4.0 * (p * (1.0 - p) / n).sqrt());
        }
    }
}
