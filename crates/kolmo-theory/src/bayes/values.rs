//! The cost of a value of which nothing is known but the pool it comes from.

use std::collections::HashMap;

use kolmo_world::{Token, facts::Relation};

/// How many values of a relation begin with which words.
#[derive(Debug, Clone)]
pub(super) struct ValueTree {
    values: f64,
    beginnings: HashMap<Box<[Token]>, f64>,
    /// The numbers of the values, in the order of their words.
    order: Vec<u32>,
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
        let mut order: Vec<u32> = (0..relation.value_count() as u32).collect();
        order.sort_by_key(|value| relation.tokens(*value));
        Self {
            values: relation.value_count() as f64,
            beginnings,
            order,
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

    /// Appends each word that goes on a value `begun` and its probability, all values of `relation` alike,
    /// times `p`.
    pub fn following(
        &self,
        relation: &Relation,
        begun: &[Token],
        p: f64,
        out: &mut Vec<(Token, f64)>,
    ) {
        let length = begun.len();
        let beginning = |value: &u32| {
            let words = relation.tokens(*value);
            &words[..length.min(words.len())]
        };
        let from = self.order.partition_point(|v| beginning(v) < begun);
        let to = self.order.partition_point(|v| beginning(v) <= begun);
        let all = &self.order[from..to];
        // No value is the beginning of another: what begins so goes on.
        let mut left = all;
        while let Some(word) = left.first().and_then(|v| relation.tokens(*v).get(length)) {
            let same = left.partition_point(|v| relation.tokens(*v).get(length) <= Some(word));
            out.push((*word, p * same as f64 / all.len() as f64));
            left = &left[same..];
        }
    }
}
