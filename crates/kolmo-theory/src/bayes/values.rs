//! The cost of a value of which nothing is known but the pool it comes from.

use std::collections::HashMap;

use kolmo_world::{Token, facts::Relation};

/// How many values of a relation begin with which words.
#[derive(Debug, Clone)]
pub(super) struct ValueTree {
    values: f64,
    beginnings: HashMap<Box<[Token]>, f64>,
}

impl ValueTree {
    pub fn new(relation: &Relation) -> Self {
        let mut beginnings: HashMap<Box<[Token]>, f64> = HashMap::new();
        for value in 0..relation.value_count() {
            let value = relation.tokens(value as u32);
            for length in 1..value.len() {
                *beginnings.entry(value[..length].into()).or_default() += 1.0;
            }
        }
        Self {
            values: relation.value_count() as f64,
            beginnings,
        }
    }

    /// Appends −ln P of each word of `value`, all values alike, given those before it; ln V in all.
    pub fn uniform(&self, value: &[Token], nats: &mut Vec<f64>) {
        let mut left = self.values;
        for length in 1..=value.len() {
            let fit = match length {
                length if length == value.len() => 1.0,
                length => self
                    .beginnings
                    .get(&value[..length])
                    .copied()
                    .unwrap_or(1.0),
            };
            nats.push((left / fit).ln());
            left = fit;
        }
    }
}
