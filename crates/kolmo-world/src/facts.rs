//! What is true: the value of every relation of every subject, φ_{i,r}, uniform over the relation's
//! pool, a pure function of (seed, i, r).

use std::collections::{HashMap, HashSet};

use rand::RngExt;

use crate::{
    random::{Stream, Streams},
    vocabulary::Token,
};

/// One relation: its name, its pool of values and the facts drawn from it.
#[derive(Debug, Clone)]
pub struct Relation {
    name: String,
    values: Vec<Box<[Token]>>,
    numbers: HashMap<Box<[Token]>, u32>,
    beginnings: HashSet<Box<[Token]>>,
    stream: Stream,
    revisions: Stream,
}

impl Relation {
    /// A relation called `name` over `values`, each a sequence of tokens, none a prefix of another.
    pub(crate) fn new(name: &str, values: Vec<Box<[Token]>>, streams: &Streams) -> Self {
        let numbers = values
            .iter()
            .enumerate()
            .map(|(v, tokens)| (tokens.clone(), v as u32))
            .collect();
        let beginnings = values
            .iter()
            .flat_map(|tokens| (1..tokens.len()).map(|k| Box::from(&tokens[..k])))
            .collect();
        Self {
            name: name.to_owned(),
            values,
            numbers,
            beginnings,
            stream: streams.stream(&format!("facts/{name}")),
            revisions: streams.stream(&format!("revisions/{name}")),
        }
    }

    /// Name of the relation, as in the configuration.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// V_r, the number of values.
    pub fn value_count(&self) -> usize {
        self.values.len()
    }

    /// h_r = ln V_r, the content of one fact in nats.
    pub fn content(&self) -> f64 {
        (self.values.len() as f64).ln()
    }

    /// φ_{i,r}: the number of the value this relation has for `element`.
    pub fn value_of(&self, element: u64) -> u32 {
        self.stream
            .at(element)
            .random_range(0..self.values.len() as u32)
    }

    /// Another value than [`value_of`](Self::value_of) gives, for a fact that changes; the same one if there is no other.
    pub fn revised_value_of(&self, element: u64) -> u32 {
        let count = self.values.len() as u32;
        let mut random = self.revisions.at(element);
        let shift = if count > 1 {
            random.random_range(1..count)
        } else {
            0
        };
        (self.value_of(element) + shift) % count
    }

    /// The tokens of value number `value`.
    pub fn tokens(&self, value: u32) -> &[Token] {
        &self.values[value as usize]
    }

    /// The number of the value written `tokens`, if it is one of this relation's.
    pub fn number(&self, tokens: &[Token]) -> Option<u32> {
        self.numbers.get(tokens).copied()
    }

    /// Whether some value begins with `tokens` and goes on.
    pub fn begins(&self, tokens: &[Token]) -> bool {
        self.beginnings.contains(tokens)
    }

    /// Tokens of the longest value.
    pub fn max_length(&self) -> usize {
        self.values.iter().map(|v| v.len()).max().unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_uniform_and_fixed() {
        let values = (0..8).map(|t| Box::from([t])).collect();
        let relation = Relation::new("colour", values, &Streams::new(1));
        assert_eq!(relation.value_of(3), relation.value_of(3));
        let n = 100_000;
        let mut counts = [0f64; 8];
        (0..n).for_each(|i| counts[relation.value_of(i) as usize] += 1.0);
        let (p, n) = (1.0 / 8.0, n as f64);
        for count in counts {
            assert!((count / n - p).abs() < 4.0 * (p * (1.0 - p) / n).sqrt());
        }
    }

    #[test]
    fn a_value_is_found_by_its_tokens() {
        let values = vec![Box::from([1, 2]), Box::from([3])];
        let relation = Relation::new("city", values, &Streams::new(1));
        assert_eq!(relation.number(&[1, 2]), Some(0));
        assert_eq!(relation.number(relation.tokens(1)), Some(1));
        assert_eq!(relation.number(&[1]), None);
        assert!(relation.begins(&[1]) && !relation.begins(&[3]) && !relation.begins(&[1, 2]));
        assert_eq!(relation.max_length(), 2);
    }
}
