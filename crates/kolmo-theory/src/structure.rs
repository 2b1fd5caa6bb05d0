//! The Kolmogorov structure function in its probabilistic form: the fewest bits that N documents take
//! when the model may take so many.
//!
//! A two-part code describes a model first and then the documents with it. What a model can describe
//! is a list of items, each worth what it saves:
//!
//! - a *fact* costs its name and its value, ln(names) + h_r nats, and saves h_r each time it is stated;
//! - the *syntax*: k free parameters of a choice made n times cost (k/2) ln(1 + n) nats (Rissanen 1986) and
//!   save the difference between equal and true probabilities n times.
//!
//! The best model of a given size takes items by saving per nat, whichever they are: a fact stated a
//! thousand times comes before the syntax, which comes before a fact stated twice. So the curve falls
//! and is convex. Facts are ordered by how often they are stated in these documents, not by how often
//! they should be; their number at every count is taken in expectation over the documents. Subjects are
//! always coded with their true frequencies, n H(p) nats: who is talked about is no fact.

use std::f64::consts::LN_2;

use kolmo_world::World;
use serde::Serialize;

use crate::{
    binomial::at_least,
    floor::expected_floor,
    syntax::{relations, wording},
};

/// A point of the structure function.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct StructurePoint {
    /// Bits of the model.
    pub model_bits: f64,
    /// Bits of the documents, coded with the best model of that size, in expectation.
    pub data_bits: f64,
    /// What saves as many bits of the documents for each of its own, or more, is in the model: the slope
    /// of the curve, without its sign.
    pub saved_per_bit: f64,
}

/// The structure function of `documents` documents of `world`, from the empty model to the one that
/// describes everything that occurs in them; at most `points` points, the smallest models first.
pub fn structure_function(world: &World, documents: u64, points: usize) -> Vec<StructurePoint> {
    let n = documents as f64;
    let wording = wording(world).into_iter().chain([relations(world)]);
    let syntax: Vec<Item> = wording
        .map(|choice| Item {
            cost: choice.cost(n),
            saving: choice.saving(n),
        })
        .filter(|item| item.cost > 0.0 && item.saving > 0.0)
        .collect();
    let facts = Facts::all(world, documents);
    let ends = facts
        .iter()
        .flat_map(|f| [f.efficiency(1.0), f.efficiency(n)]);
    let ends = ends.chain(syntax.iter().map(|item| item.saving / item.cost));
    let (least, best) = ends.fold((f64::INFINITY, 0.0f64), |(least, best), efficiency| {
        (least.min(efficiency), best.max(efficiency))
    });

    let floor = n * expected_floor(world).total();
    let steps = points.max(2) - 1;
    let mut curve = Vec::with_capacity(points);
    // Facts of so many mentions, computed for the point before.
    let mut known: Vec<Option<(f64, Split)>> = vec![None; facts.len()];
    for k in 0..=steps {
        let efficiency = match k {
            0 => best * 2.0,
            k if k == steps => least * (1.0 - 1e-9),
            k => best * (least / best).powf(k as f64 / steps as f64),
        };
        let (mut model, mut data) = (0.0, floor);
        for item in &syntax {
            if item.saving >= efficiency * item.cost {
                model += item.cost;
            } else {
                data += item.saving;
            }
        }
        for (facts, known) in facts.iter().zip(&mut known) {
            let count = facts.count(efficiency);
            let split = match known {
                Some((before, split)) if *before == count => *split,
                _ => facts.split(count),
            };
            *known = Some((count, split));
            model += split.stored;
            data += split.left;
        }
        curve.push(StructurePoint {
            model_bits: model / LN_2,
            data_bits: data / LN_2,
            saved_per_bit: efficiency,
        });
    }
    curve.dedup_by(|next, point| next.model_bits == point.model_bits);
    curve
}

/// Something a model can describe.
#[derive(Debug, Clone, Copy)]
struct Item {
    /// Nats.
    cost: f64,
    /// Nats.
    saving: f64,
}

/// The facts of one relation, or of several that are alike.
struct Facts<'a> {
    world: &'a World,
    relations: f64,
    inclusion: f64,
    content: f64,
    cost: f64,
    documents: f64,
}

/// Facts described and facts not, nats.
#[derive(Debug, Clone, Copy)]
struct Split {
    /// Expected cost of describing those that are.
    stored: f64,
    /// Expected cost of all mentions of the others.
    left: f64,
}

impl<'a> Facts<'a> {
    /// Those of all relations that have anything to tell.
    fn all(world: &'a World, documents: u64) -> Vec<Self> {
        let name = (world.names().space() as f64).ln();
        let mut all: Vec<Self> = Vec::new();
        for (r, relation) in world.relations().iter().enumerate() {
            let (inclusion, content) = (world.relation_draw().inclusion(r), relation.content());
            let is_alike = |f: &&mut Self| f.inclusion == inclusion && f.content == content;
            if let Some(alike) = all.iter_mut().find(is_alike) {
                alike.relations += 1.0;
            } else if content > 0.0 {
                all.push(Self {
                    world,
                    relations: 1.0,
                    inclusion,
                    content,
                    cost: name + content,
                    documents: documents as f64,
                });
            }
        }
        all
    }

    /// Nats saved a nat by a fact stated `count` times.
    fn efficiency(&self, count: f64) -> f64 {
        count * self.content / self.cost
    }

    /// How often a fact must be stated to save so many nats a nat.
    fn count(&self, efficiency: f64) -> f64 {
        (efficiency * self.cost / self.content).ceil().max(1.0)
    }

    /// The facts stated `count` times or more, and the others.
    fn split(&self, count: f64) -> Split {
        let n = self.documents;
        let frequency = self.world.frequency();
        let ranks = || 1..=frequency.elements();
        let stored = frequency.sum(ranks(), |p| at_least(count, n, p * self.inclusion));
        let left = frequency.sum(ranks(), |p| {
            let f = p * self.inclusion;
            // E[X; X < c] of a binomial X: n f P(X' < c − 1) with one draw less.
            n * f * (1.0 - at_least(count - 1.0, n - 1.0, f))
        });
        Split {
            stored: self.relations * self.cost * stored,
            left: self.relations * self.content * left,
        }
    }
}
