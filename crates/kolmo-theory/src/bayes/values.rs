//! The cost of a value of which nothing is known but the prior it comes from.

use std::collections::HashMap;

use kolmo_world::{Token, facts::Relation};

/// How probable it is that a value of a relation begins with which words, in units of [`Relation::weight`].
#[derive(Debug, Clone)]
pub(super) struct ValueTree {
    all: f64,
    beginnings: HashMap<Box<[Token]>, f64>,
    /// The numbers of the values, in the order of their words.
    order: Vec<u32>,
}

impl ValueTree {
    pub fn new(relation: &Relation) -> Self {
        let mut beginnings: HashMap<Box<[Token]>, f64> = HashMap::new();
        let mut all = 0.0;
        for number in 0..relation.value_count() as u32 {
            let (value, weight) = (relation.tokens(number), relation.weight(number));
            for length in 1..value.len() {
                *beginnings.entry(value[..length].into()).or_default() += weight;
            }
            all += weight;
        }
        let mut order: Vec<u32> = (0..relation.value_count() as u32).collect();
        order.sort_by_key(|value| relation.tokens(*value));
        Self {
            all,
            beginnings,
            order,
        }
    }

    /// Appends −ln P of each word of value number `number` of `relation`, given those before it; −ln of its prior in all.
    pub fn surprise(&self, relation: &Relation, number: u32, nats: &mut Vec<f64>) {
        let value = relation.tokens(number);
        let mut left = self.all;
        for length in 1..=value.len() {
            let fit = match length {
                length if length == value.len() => relation.weight(number),
                // Values of which none begins so are of no world.
                length => self
                    .beginnings
                    .get(&value[..length])
                    .copied()
                    .unwrap_or(left),
            };
            nats.push((left / fit).ln());
            left = fit;
        }
    }

    /// Appends each word that goes on a value `begun` of `relation` and its probability, times `p`.
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
        let weight = |values: &[u32]| match relation.is_uniform() {
            true => values.len() as f64,
            false => values.iter().map(|value| relation.weight(*value)).sum(),
        };
        let total = weight(all);
        while let Some(word) = left.first().and_then(|v| relation.tokens(*v).get(length)) {
            let same = left.partition_point(|v| relation.tokens(*v).get(length) <= Some(word));
            out.push((*word, p * weight(&left[..same]) / total));
            left = &left[same..];
        }
    }
}
