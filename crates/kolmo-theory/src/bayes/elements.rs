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
//! So every word of a name has its probability by division, and the leaf the subject's own.

use std::collections::HashMap;

use kolmo_world::{Token, World};
use serde::{Deserialize, Serialize};

use super::{discount::Rule, state::StateError};
use crate::pitman_yor::PitmanYorParameters;

const ROOT: u32 = 0;

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
    /// Names below a node at each depth, the root's first: the product of the pools left.
    below: Vec<f64>,
    facts: HashMap<(u32, u8), u32>,
    rule: Rule,
    parameters: PitmanYorParameters,
    /// The nodes of the name being read; none where it leaves the tree.
    path: Vec<Option<u32>>,
}

impl Elements {
    pub fn new(world: &World, rule: Rule) -> Self {
        let pools = world.names().pools();
        let below = |depth: usize| {
            pools[depth..]
                .iter()
                .map(|pool| pool.len() as f64)
                .product()
        };
        Self {
            nodes: vec![Node::default()],
            leaves: Vec::new(),
            children: HashMap::new(),
            below: (0..=pools.len()).map(below).collect(),
            facts: HashMap::new(),
            parameters: rule.start(),
            rule,
            path: Vec::new(),
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

    /// Predicts the words of `name`, −ln P of each appended to `nats`, and counts it. Gives a number
    /// for its bearer; none if it is no whole name.
    pub fn read(&mut self, name: &[Token], nats: &mut Vec<f64>) -> Option<usize> {
        if name.len() + 1 != self.below.len() {
            return None;
        }
        let mut node = Some(ROOT);
        self.path.clear();
        let mut mass = self.mass(node, 0);
        for (depth, word) in name.iter().enumerate() {
            node = node.and_then(|node| self.children.get(&(node, *word)).copied());
            self.path.push(node);
            let next = self.mass(node, depth + 1);
            nats.push((mass / next).ln().max(0.0));
            mass = next;
        }
        let leaf = self.count(name, node.is_none());
        if self.rule.is_due(self.documents()) {
            self.parameters = self.rule.fit(&self.counts());
        }
        Some(leaf as usize)
    }

    /// Appends each of `words` and the probability that it goes on a name `begun`, times `p`.
    pub fn following(
        &self,
        begun: &[Token],
        words: impl Iterator<Item = Token>,
        p: f64,
        out: &mut Vec<(Token, f64)>,
    ) {
        let child = |node: u32, word: Token| self.children.get(&(node, word)).copied();
        let mut steps = begun.iter();
        let node = steps.try_fold(ROOT, |node, word| child(node, *word));
        let mass = self.mass(node, begun.len());
        out.extend(words.map(|word| {
            let next = node.and_then(|node| child(node, word));
            (word, p * self.mass(next, begun.len() + 1) / mass)
        }));
    }

    /// (n + β) · P(node at `depth`).
    fn mass(&self, node: Option<u32>, depth: usize) -> f64 {
        // Nobody is met yet, and all names are alike: with β = 0 the formula would be 0/0.
        if self.documents() == 0 {
            return self.below[depth] / self.below[0];
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
        let unused = self.below[0] - met;
        if unused < 1.0 {
            return met_here;
        }
        let new = concentration + discount * met;
        met_here + new * (self.below[depth] - distinct) / unused
    }

    fn count(&mut self, name: &[Token], new: bool) -> u32 {
        let mut node = ROOT;
        self.nodes[ROOT as usize].documents += 1;
        self.nodes[ROOT as usize].distinct += u64::from(new);
        for (word, known) in name.iter().zip(&self.path) {
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
