//! Facts as something a model describes, by how often documents state them.

use std::collections::BTreeMap;

use kolmo_world::World;

use crate::binomial::at_least;

/// How a model says whose fact it tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Key {
    /// For nothing: those who code the subjects know who there is.
    Shared,
    /// By the name, any of all possible ones.
    Named,
}

/// The facts of one content of one relation, or of several that are alike.
#[derive(Debug)]
pub(super) struct Facts<'a> {
    world: &'a World,
    /// Of how many relations: of one, the share of its facts that have this content.
    relations: f64,
    inclusion: f64,
    content: f64,
    cost: f64,
    documents: f64,
    /// By the count at which they were split.
    splits: BTreeMap<u64, Split>,
}

/// Facts described and facts not.
#[derive(Debug, Clone, Copy)]
pub(super) struct Split {
    /// Expected number of those that are.
    pub facts: f64,
    /// Expected cost of describing them, nats.
    pub stored: f64,
    /// Expected cost of all mentions of the others, nats.
    pub left: f64,
}

impl<'a> Facts<'a> {
    /// Those of all relations that have anything to tell.
    pub fn all(world: &'a World, documents: u64, key: Key) -> Vec<Self> {
        let name = match key {
            Key::Shared => 0.0,
            Key::Named => (world.facts().subjects() as f64).ln(),
        };
        let mut all: Vec<Self> = Vec::new();
        for (r, relation) in world.relations().iter().enumerate() {
            let inclusion = world.relation_draw().inclusion(r);
            for (content, share) in relation.contents() {
                let is_alike = |f: &&mut Self| f.inclusion == inclusion && f.content == content;
                if let Some(alike) = all.iter_mut().find(is_alike) {
                    alike.relations += share;
                } else if content > 0.0 {
                    all.push(Self {
                        world,
                        relations: share,
                        inclusion,
                        content,
                        cost: name + content,
                        documents: documents as f64,
                        splits: BTreeMap::new(),
                    });
                }
            }
        }
        all
    }

    /// Nats saved a nat by a fact stated `count` times.
    pub fn efficiency(&self, count: f64) -> f64 {
        count * self.content / self.cost
    }

    /// How often a fact must be stated to save so many nats a nat; beyond the number of documents all the same.
    pub fn count(&self, efficiency: f64) -> f64 {
        let count = (efficiency * self.cost / self.content).ceil();
        count.clamp(1.0, self.documents + 1.0)
    }

    /// The facts stated `count` times or more, and the others.
    pub fn split(&mut self, count: f64) -> Split {
        if let Some(split) = self.splits.get(&(count as u64)) {
            return *split;
        }
        let n = self.documents;
        let frequency = self.world.frequency();
        let ranks = || 1..=frequency.elements();
        let stored = frequency.sum(ranks(), |p| at_least(count, n, p * self.inclusion));
        let left = frequency.sum(ranks(), |p| {
            let f = p * self.inclusion;
            // E[X; X < c] of a binomial X: n f P(X' < c − 1) with one draw less.
            n * f * (1.0 - at_least(count - 1.0, n - 1.0, f))
        });
        let split = Split {
            facts: self.relations * stored,
            stored: self.relations * self.cost * stored,
            left: self.relations * self.content * left,
        };
        self.splits.insert(count as u64, split);
        split
    }
}
