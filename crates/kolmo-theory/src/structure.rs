//! The Kolmogorov structure function in its probabilistic form: the fewest bits that N documents take
//! when the model may take so many.
//!
//! A two-part code describes a model first and then the documents with it. What a model can describe
//! is a list of items, each worth what it saves:
//!
//! - a *fact* costs its name and its value, ln(names) + h_r nats, and saves h_r each time it is stated;
//! - the *syntax*: k free parameters of a choice made n times cost (k/2) ln n nats (Rissanen 1986) and
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
use statrs::function::beta::beta_reg;

use crate::floor::expected_floor;

/// A point of the structure function.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct StructurePoint {
    /// Bits of the model.
    pub model_bits: f64,
    /// Bits of the documents, coded with the best model of that size, in expectation.
    pub data_bits: f64,
}

/// Something a model can describe.
#[derive(Debug, Clone, Copy)]
struct Item {
    /// Nats.
    cost: f64,
    /// Nats.
    saving: f64,
}

/// The structure function of `documents` documents of `world`, from the empty model to the one that
/// describes everything that occurs in them; about `points` points, the smallest models first.
pub fn structure_function(world: &World, documents: u64, points: usize) -> Vec<StructurePoint> {
    let syntax = syntax_items(world, documents as f64);
    let name = (world.names().space() as f64).ln();
    let most = documents as f64;
    let facts: Vec<Facts<'_>> = (0..world.relations().len())
        .map(|relation| Facts::new(world, relation, documents, name))
        .collect();
    let least = facts
        .iter()
        .map(|f| f.efficiency(1.0))
        .fold(f64::INFINITY, f64::min);
    let best_fact = facts.iter().map(|f| f.efficiency(most)).fold(0.0, f64::max);
    let best = syntax
        .iter()
        .map(|item| item.saving / item.cost)
        .fold(best_fact, f64::max);

    let floor = most * expected_floor(world).total();
    let ratio = best.ln() - least.ln();
    let steps = points.max(2) - 1;
    let mut curve: Vec<StructurePoint> = (0..=steps)
        .map(|k| match k {
            0 => best * (1.0 + 1e-9),
            k if k == steps => least * (1.0 - 1e-9),
            k => best * (-ratio * k as f64 / steps as f64).exp(),
        })
        .map(|efficiency| {
            let (mut model, mut data) = (0.0, floor);
            for item in &syntax {
                if item.saving >= efficiency * item.cost {
                    model += item.cost;
                } else {
                    data += item.saving;
                }
            }
            for facts in &facts {
                let (stored, left) = facts.split(efficiency);
                model += stored;
                data += left;
            }
            StructurePoint {
                model_bits: model / LN_2,
                data_bits: data / LN_2,
            }
        })
        .collect();
    curve.dedup();
    curve
}

/// The facts of one relation.
struct Facts<'a> {
    world: &'a World,
    inclusion: f64,
    content: f64,
    cost: f64,
    documents: u64,
}

impl<'a> Facts<'a> {
    fn new(world: &'a World, relation: usize, documents: u64, name: f64) -> Self {
        let content = world.relations()[relation].content();
        Self {
            world,
            inclusion: world.relation_draw().inclusion(relation),
            content,
            cost: name + content,
            documents,
        }
    }

    /// Nats saved a nat by a fact stated `count` times.
    fn efficiency(&self, count: f64) -> f64 {
        count * self.content / self.cost
    }

    /// Expected cost of describing the facts stated so often that they save `efficiency` nats a nat or
    /// more, and expected cost of all mentions of the others, nats.
    fn split(&self, efficiency: f64) -> (f64, f64) {
        if self.content == 0.0 {
            return (0.0, 0.0);
        }
        let count = (efficiency * self.cost / self.content).ceil().max(1.0);
        let n = self.documents as f64;
        let frequency = self.world.frequency();
        let ranks = || 1..=frequency.elements();
        let stored = frequency.sum(ranks(), |p| at_least(count, n, p * self.inclusion));
        let left = frequency.sum(ranks(), |p| {
            let f = p * self.inclusion;
            // E[X; X < c] of a binomial X: n f P(X' < c − 1) with one draw less.
            n * f * (1.0 - at_least(count - 1.0, n - 1.0, f))
        });
        (self.cost * stored, self.content * left)
    }
}

/// P(X ≥ count) of a binomial X of `n` draws with probability `p`.
fn at_least(count: f64, n: f64, p: f64) -> f64 {
    const FAR: f64 = 12.0;
    let mean = n * p;
    let deviation = (mean * (1.0 - p)).sqrt() + 1.0;
    if count <= 0.0 || p >= 1.0 {
        1.0
    } else if count > n {
        0.0
    } else if count > mean + FAR * deviation + FAR * FAR {
        0.0
    } else if count < mean - FAR * deviation - FAR * FAR {
        1.0
    } else {
        beta_reg(count, n - count + 1.0, p)
    }
}

/// The choices of the syntax: relations, templates of each class, words of each slot.
fn syntax_items(world: &World, documents: f64) -> Vec<Item> {
    let mut items = Vec::new();
    let mut choice = |outcomes: usize, times: f64, saving_each: f64| {
        let cost = (outcomes as f64 - 1.0) / 2.0 * times.max(1.0).ln();
        let saving = (times * saving_each).max(0.0);
        if cost > 0.0 && saving > 0.0 {
            items.push(Item { cost, saving });
        }
    };
    let draw = world.relation_draw();
    let relations = world.relations().len();
    let orders: f64 = (0..draw.per_document())
        .map(|k| ((relations - k) as f64).ln())
        .sum();
    choice(relations, documents, orders - draw.entropy());
    let syntax = world.syntax();
    for (c, class) in syntax.classes().iter().enumerate() {
        let of_class = (0..relations).filter(|r| syntax.class_index(*r) == c);
        let times = documents * of_class.map(|r| draw.inclusion(r)).sum::<f64>();
        let saving = |p: &[f64]| (p.len() as f64).ln() - entropy(p);
        let templates = class.template_probabilities();
        choice(templates.len(), times, saving(templates));
        for (s, slot) in class.slots().iter().enumerate() {
            let with = class.templates().iter().zip(templates);
            let with = with.filter(|(template, _)| template.slots().any(|used| used == s));
            let used: f64 = with.map(|(_, p)| p).sum();
            choice(
                slot.words().len(),
                times * used,
                saving(slot.probabilities()),
            );
        }
    }
    items
}

fn entropy(p: &[f64]) -> f64 {
    p.iter().filter(|p| **p > 0.0).map(|p| -p * p.ln()).sum()
}
