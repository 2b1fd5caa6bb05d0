//! What the learner knows of subjects: a tree of names with counts, and the facts met.
//!
//! A node stands for the beginning of a name and keeps in how many documents it was met and by how
//! many different subjects. Their Pitman-Yor probabilities add up to that of the node:
//!
//! ```text
//! (n + β) · P(node) = N − α D + (β + α K) · (names below the node − D) / (all names − K)
//! ```
//!
//! with N and D the node's documents and distinct subjects, K the distinct subjects of the whole tree.
//! So every word of a name has its probability by division, and the leaf the subject's own. Where a name ends and another goes
//! on, its leaf is a child of its own, and the last word pays for the end.

use std::collections::HashMap;

use kolmo_world::{Facts, Token, World};
use serde::{Deserialize, Serialize};

use super::{discount::Rule, state::StateError};
use crate::pitman_yor::PitmanYorParameters;

const ROOT: u32 = 0;

/// The word that leads to the leaf of a name with which another begins.
const ENDS: Token = Token::MAX;

#[derive(Debug, Clone, Copy, Default)]
struct Node {
    documents: u64,
    distinct: u64,
}

/// What was learnt of subjects, as it is kept. Node 0 is the root; the others come after their parents.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct ElementsState {
    /// Documents and distinct subjects of each node.
    documents: Vec<u64>,
    distinct: Vec<u64>,
    /// Of each node but the root, where it hangs and by which word.
    parents: Vec<u32>,
    words: Vec<Token>,
    leaves: Vec<u32>,
    /// Leaf, relation and value, in order.
    facts: Vec<(u32, u8, u32)>,
    next_fit: u64,
    parameters: PitmanYorParameters,
}

/// The subjects met.
#[derive(Debug, Clone)]
pub(super) struct Elements {
    nodes: Vec<Node>,
    /// The nodes of whole names.
    leaves: Vec<u32>,
    children: HashMap<(u32, Token), u32>,
    /// All names there are.
    names: f64,
    facts: HashMap<(u32, u8), u32>,
    rule: Rule,
    parameters: PitmanYorParameters,
    /// The nodes of the name being read; none where it leaves the tree.
    path: Vec<Option<u32>>,
    /// How many names begin as it does, the root's first.
    below: Vec<f64>,
}

impl Elements {
    pub fn new(world: &World, rule: Rule) -> Self {
        let mut below = Vec::new();
        world.facts().beginnings(&[], &mut below);
        Self {
            nodes: vec![Node::default()],
            leaves: Vec::new(),
            children: HashMap::new(),
            names: below[ROOT as usize],
            facts: HashMap::new(),
            parameters: rule.start(),
            rule,
            path: Vec::new(),
            below,
        }
    }

    pub fn documents(&self) -> u64 {
        self.nodes[ROOT as usize].documents
    }

    pub fn distinct(&self) -> u64 {
        self.nodes[ROOT as usize].distinct
    }

    pub fn parameters(&self) -> PitmanYorParameters {
        self.parameters
    }

    /// Predicts the words of `name`, one of `facts`, −ln P of each appended to `nats`, and counts it. Gives a number
    /// for its bearer; none if it is no name.
    pub fn read(
        &mut self,
        facts: &dyn Facts,
        name: &[Token],
        nats: &mut Vec<f64>,
    ) -> Option<usize> {
        facts.beginnings(name, &mut self.below);
        let alike = *self.below.last()?;
        // A name of the greatest length does not go on.
        let is_name = match *facts.name_lengths().end() {
            longest if longest == name.len() => alike > 0.0,
            _ => facts.subject(name).is_some(),
        };
        is_name.then_some(())?;
        let mut node = Some(ROOT);
        self.path.clear();
        let mut mass = self.mass(node, self.below[0]);
        let last = name.len() - 1;
        for (depth, word) in name.iter().enumerate() {
            node = node.and_then(|node| self.child(node, *word));
            self.path.push(node);
            let mut below = self.below[depth + 1];
            if depth == last && alike > 1.0 {
                node = node.and_then(|node| self.child(node, ENDS));
                self.path.push(node);
                below = 1.0;
            }
            let next = self.mass(node, below);
            nats.push((mass / next).ln().max(0.0));
            mass = next;
        }
        let leaf = self.count(name, node.is_none());
        if self.rule.is_due(self.documents()) {
            self.parameters = self.rule.fit(&self.counts());
        }
        Some(leaf as usize)
    }

    fn child(&self, node: u32, word: Token) -> Option<u32> {
        self.children.get(&(node, word)).copied()
    }

    /// Appends each of `words`, with how many names begin so, and the probability that it goes on a name `begun`, with which
    /// `alike` names begin, times `p`.
    pub fn following(
        &self,
        begun: &[Token],
        alike: f64,
        words: &[(Token, f64)],
        p: f64,
        out: &mut Vec<(Token, f64)>,
    ) {
        let mut steps = begun.iter();
        let node = steps.try_fold(ROOT, |node, word| self.child(node, *word));
        let mass = self.mass(node, alike);
        out.extend(words.iter().map(|(word, below)| {
            let next = node.and_then(|node| self.child(node, *word));
            (*word, p * self.mass(next, *below) / mass)
        }));
    }

    /// (n + β) · P(node), `below` names being below it.
    fn mass(&self, node: Option<u32>, below: f64) -> f64 {
        // Nobody is met yet, and all names are alike: with β = 0 the formula would be 0/0.
        if self.documents() == 0 {
            return below / self.names;
        }
        let PitmanYorParameters {
            discount,
            concentration,
        } = self.parameters;
        let node = node
            .map(|node| self.nodes[node as usize])
            .unwrap_or_default();
        let distinct = node.distinct as f64;
        let met = self.distinct() as f64;
        let met_here = node.documents as f64 - discount * distinct;
        let unused = self.names - met;
        if unused < 1.0 {
            return met_here;
        }
        let new = concentration + discount * met;
        met_here + new * (below - distinct) / unused
    }

    fn count(&mut self, name: &[Token], new: bool) -> u32 {
        let mut node = ROOT;
        self.nodes[ROOT as usize].documents += 1;
        self.nodes[ROOT as usize].distinct += u64::from(new);
        for (word, known) in name.iter().chain([&ENDS]).zip(&self.path) {
            node = match known {
                Some(child) => *child,
                None => {
                    let child = self.nodes.len() as u32;
                    self.nodes.push(Node::default());
                    self.children.insert((node, *word), child);
                    child
                }
            };
            self.nodes[node as usize].documents += 1;
            self.nodes[node as usize].distinct += u64::from(new);
        }
        if new {
            self.leaves.push(node);
        }
        node
    }

    /// How many subjects were met so and so often: pairs of documents and subjects.
    fn counts(&self) -> Vec<(u64, u64)> {
        let leaves = self.leaves.iter();
        let mut met: Vec<u64> = leaves.map(|k| self.nodes[*k as usize].documents).collect();
        met.sort_unstable();
        let alike = met.chunk_by(|a, b| a == b);
        alike.map(|chunk| (chunk[0], chunk.len() as u64)).collect()
    }

    /// The number of the value of `relation` of the subject `leaf`, if it was stated.
    pub fn fact(&self, leaf: usize, relation: usize) -> Option<u32> {
        self.facts.get(&(leaf as u32, relation as u8)).copied()
    }

    pub fn state(&self) -> ElementsState {
        let mut links = vec![(ROOT, 0); self.nodes.len() - 1];
        for ((parent, word), child) in &self.children {
            links[*child as usize - 1] = (*parent, *word);
        }
        let facts = self.facts.iter();
        let mut facts: Vec<_> = facts
            .map(|((leaf, r), value)| (*leaf, *r, *value))
            .collect();
        facts.sort_unstable();
        ElementsState {
            documents: self.nodes.iter().map(|node| node.documents).collect(),
            distinct: self.nodes.iter().map(|node| node.distinct).collect(),
            parents: links.iter().map(|(parent, _)| *parent).collect(),
            words: links.iter().map(|(_, word)| *word).collect(),
            leaves: self.leaves.clone(),
            facts,
            next_fit: self.rule.next(),
            parameters: self.parameters,
        }
    }

    /// Takes up what was learnt by one of the same `world` and rule.
    pub fn resume(&mut self, world: &World, state: ElementsState) -> Result<(), StateError> {
        let nodes = state.documents.len();
        let links = state.parents.iter().zip(&state.words).zip(1..);
        let relations = world.relations();
        let sound = state.distinct.len() == nodes
            && state.parents.len() + 1 == nodes
            && state.words.len() + 1 == nodes
            && links.clone().all(|((parent, _), child)| *parent < child)
            && state.leaves.iter().all(|leaf| (*leaf as usize) < nodes)
            && state.facts.iter().all(|(leaf, relation, value)| {
                let relation = relations.get(*relation as usize);
                let values = relation.map_or(0, |relation| relation.value_count());
                (*leaf as usize) < nodes && (*value as usize) < values
            });
        if !sound {
            return Err(StateError("its subjects"));
        }
        let counts = state.documents.iter().zip(&state.distinct);
        self.nodes = counts
            .map(|(documents, distinct)| Node {
                documents: *documents,
                distinct: *distinct,
            })
            .collect();
        self.children = links
            .map(|((parent, word), child)| ((*parent, *word), child))
            .collect();
        self.leaves = state.leaves;
        let facts = state.facts.into_iter();
        self.facts = facts.map(|(leaf, r, value)| ((leaf, r), value)).collect();
        self.rule.set_next(state.next_fit);
        self.parameters = state.parameters;
        Ok(())
    }

    pub fn learn_fact(&mut self, leaf: usize, relation: usize, value: u32) {
        self.facts.insert((leaf as u32, relation as u8), value);
    }
}
