//! Which documents of the world a training is shown: each once, or some of them again and again.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{document::Document, names::Permutation, stream::Batch, world::World};

/// `[train.repeat]`: documents that are shown again and again.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RepeatConfig {
    /// Their share of the documents, each counted once: above 0, and 1 for all of them, which makes epochs.
    pub share: f64,
    /// How often each of them is shown.
    pub times: u64,
}

impl RepeatConfig {
    /// How many documents are shown again and again, if `shown` are shown, repetitions included.
    fn repeated(self, shown: u64) -> u64 {
        let more = (self.times.max(1) - 1) as f64;
        (self.share * shown as f64 / (1.0 + self.share * more)) as u64
    }

    /// How many documents there are, each counted once, if `shown` are shown, repetitions included.
    pub fn distinct(self, shown: u64) -> u64 {
        shown - self.repeated(shown) * (self.times.max(1) - 1)
    }

    /// How many documents the first `read` of `shown` are expected to be, each counted once: they come in random order.
    pub fn distinct_of(self, read: u64, shown: u64) -> f64 {
        let (repeated, distinct) = (self.repeated(shown) as f64, self.distinct(shown) as f64);
        let part = read as f64 / shown.max(1) as f64;
        let unread = (1.0 - part).max(0.0).powf(self.times as f64);
        repeated * (1.0 - unread) + (distinct - repeated) * part
    }
}

/// The documents of a training, in the order in which it reads them.
#[derive(Debug, Clone)]
pub struct Shown<'a> {
    world: &'a World,
    /// None where each is shown once, as the world numbers them.
    order: Option<Order>,
}

/// Documents, some of which come several times, in random order.
#[derive(Debug, Clone)]
struct Order {
    places: Permutation,
    repeated: u64,
    times: u64,
}

impl<'a> Shown<'a> {
    /// Documents of `world`, `shown` in all, repetitions included; those that come again as `repeat` says.
    pub fn new(world: &'a World, repeat: Option<RepeatConfig>, shown: u64) -> Self {
        let order = repeat.map(|repeat| Order {
            places: Permutation::new(shown, world.shown_stream()),
            repeated: repeat.repeated(shown),
            times: repeat.times,
        });
        Self { world, order }
    }

    /// The number that the world has for the document that comes as number `n`.
    pub fn number(&self, n: u64) -> u64 {
        match &self.order {
            None => n,
            Some(order) => order.number(n),
        }
    }

    /// Document `n` into memory that is already there.
    pub fn write_document(&self, n: u64, document: &mut Document) {
        self.world.write_document(self.number(n), document);
    }

    /// Documents `first..first + count` as a batch.
    pub fn batch(&self, first: u64, count: usize) -> Batch {
        let length = self.world.max_document_length();
        Batch::of(length, first, count, |n, document| {
            self.write_document(n, document);
        })
    }
}

impl Order {
    fn number(&self, n: u64) -> u64 {
        let place = self.places.forward(n);
        let again = self.repeated * self.times;
        match place < again {
            true => place % self.repeated,
            false => self.repeated + place - again,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;
    use crate::config::WorldConfig;

    #[test]
    fn documents_come_as_often_as_they_are_to() {
        let world = World::new(&WorldConfig::default(), 1).unwrap();
        for (share, times, shown) in [(0.05, 21, 2000), (1.0, 4, 1000), (0.5, 2, 999)] {
            let repeat = RepeatConfig { share, times };
            let all = Shown::new(&world, Some(repeat), shown);
            let mut counts: HashMap<u64, u64> = HashMap::new();
            for n in 0..shown {
                *counts.entry(all.number(n)).or_default() += 1;
            }
            let distinct = repeat.distinct(shown);
            assert_eq!(counts.len() as u64, distinct);
            assert!((0..distinct).all(|number| counts.contains_key(&number)));
            let again = counts.values().filter(|count| **count == times).count();
            let once = counts.values().filter(|count| **count == 1).count();
            assert_eq!(again + once, counts.len());
            assert!((again as f64 - share * distinct as f64).abs() <= 1.0);
            // Half of the way, about as many as expected.
            let mut first: Vec<u64> = (0..shown / 2).map(|n| all.number(n)).collect();
            first.sort_unstable();
            first.dedup();
            let expected = repeat.distinct_of(shown / 2, shown);
            assert!((first.len() as f64 - expected).abs() < 0.03 * expected);
            assert_eq!(repeat.distinct_of(shown, shown), distinct as f64);
        }
        let plain = Shown::new(&world, None, 1000);
        assert!((0..1000).all(|n| plain.number(n) == n));
        assert_eq!(plain.batch(10, 4), world.batch(10, 4));
    }
}
