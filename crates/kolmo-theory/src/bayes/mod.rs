//! The Bayes learner: the optimal predictor that is told the structure of a world but not its
//! parameters, and learns them from the very documents a transformer is trained on.
//!
//! It knows the vocabulary, the templates, the pools of names and values, and the priors. It learns
//! which subjects there are and how frequent (`elements`), which facts hold, and the syntax
//! (`syntax`). Its predictions are in closed form:
//!
//! - subject: Pitman-Yor. One met in c of n documents comes next with probability (c − α)/(n + β), a
//!   new one with (β + αK)/(n + β), K being the number met; a new one's name is uniform over the names
//!   not yet used.
//! - value: certain if the fact was stated before, with the prior of the relation's values if not.
//! - relations, templates, fillers: Dirichlet-multinomial.
//!
//! The sum of its losses, each before it learns from the sentence, is a prequential code length: how
//! many nats the documents take when they are coded by someone who learns as they come.

mod discount;
mod elements;
mod reader;
mod state;
mod syntax;
mod values;

use std::sync::OnceLock;

use kolmo_config::Discount;
use kolmo_world::{Document, Token, World, WorldError};

use discount::Rule;
use elements::Elements;
pub use reader::BayesReader;
pub use state::{BayesState, StateError};
use syntax::SyntaxCounts;
use values::ValueTree;

use crate::{
    grammar::{Event, Grammar, Symbol, events},
    pitman_yor::PitmanYorParameters,
    roles::{ByRole, read_whole, sum_by_role},
};

/// The Bayes learner. Memory grows with the number of distinct subjects met.
#[derive(Debug, Clone)]
pub struct BayesLearner<'a> {
    world: &'a World,
    grammar: Grammar,
    elements: Elements,
    values: Vec<ValueTree>,
    syntax: SyntaxCounts,
    /// Patterns the sentence being read may follow, with weights in proportion to their probabilities.
    live: Vec<(usize, f64)>,
    /// The sentence being read so far.
    sentence: Vec<Symbol>,
    /// Whether words tell what they are there for, if somebody has asked.
    telling: OnceLock<Result<(), WorldError>>,
}

impl<'a> BayesLearner<'a> {
    /// A learner that has read nothing. Of `world` it uses the structure and the priors alone, and of
    /// its law of frequencies what `discount` says.
    pub fn new(world: &'a World, discount: Discount) -> Self {
        Self::of(world, Rule::new(world, discount))
    }

    /// A learner that has read nothing and believes in these Pitman-Yor parameters.
    pub fn with_parameters(world: &'a World, parameters: PitmanYorParameters) -> Self {
        Self::of(world, Rule::fixed(parameters))
    }

    fn of(world: &'a World, rule: Rule) -> Self {
        Self {
            world,
            grammar: Grammar::new(world),
            elements: Elements::new(world, rule),
            values: world.relations().iter().map(ValueTree::new).collect(),
            syntax: SyntaxCounts::new(world),
            live: Vec::new(),
            sentence: Vec::new(),
            telling: OnceLock::new(),
        }
    }

    /// Predicts each token of a document from those before it and the documents read so far, then
    /// learns from it: −ln P into `nats`, one a token. Of the document only tokens and roles are read. From the first word, name or value on that
    /// is impossible there, everything is infinite, and nothing more is learnt from the document.
    pub fn read(&mut self, document: &Document, nats: &mut Vec<f64>) {
        read_whole(document, nats, |nats| self.read_possible(document, nats));
    }

    /// The sum over the tokens of `document` by role, nats; learns like [`read`](Self::read).
    pub fn sum(&mut self, document: &Document, nats: &mut Vec<f64>) -> ByRole {
        self.read(document, nats);
        sum_by_role(document, nats)
    }

    /// Documents read.
    pub fn documents(&self) -> u64 {
        self.elements.documents()
    }

    /// K, the number of distinct subjects met.
    pub fn distinct(&self) -> u64 {
        self.elements.distinct()
    }

    /// The Pitman-Yor parameters in use.
    pub fn parameters(&self) -> PitmanYorParameters {
        self.elements.parameters()
    }

    fn read_possible(&mut self, document: &Document, nats: &mut Vec<f64>) -> Option<()> {
        let per_document = self.world.relation_draw().per_document() as u32;
        let mut subject: Option<(&[Token], usize)> = None;
        let mut stated = 0u16;
        self.begin_sentence(stated);
        for event in events(document) {
            let event = event?;
            let Some(symbol) = event.symbol() else {
                return (stated.count_ones() == per_document).then(|| nats.push(0.0));
            };
            let cost = self.advance(symbol)?;
            let first = nats.len();
            match event {
                Event::Name(name) => match subject {
                    None => {
                        let leaf = self.elements.read(self.world.facts(), name, nats)?;
                        subject = Some((name, leaf));
                    }
                    Some((known, _)) => {
                        (name == known).then(|| nats.extend(name.iter().map(|_| 0.0)))?;
                    }
                },
                Event::Value(value) => self.read_value(value, subject?.1, nats)?,
                _ => nats.push(0.0),
            }
            nats[first] += cost;
            if let Some(relation) = self.end_sentence(stated) {
                stated |= 1 << relation;
                if stated.count_ones() < per_document {
                    self.begin_sentence(stated);
                }
            }
        }
        None
    }

    fn begin_sentence(&mut self, stated: u16) {
        self.live.clear();
        self.sentence.clear();
        for (k, pattern) in self.grammar.patterns.iter().enumerate() {
            if stated & (1 << pattern.relation) == 0 {
                self.live.push((k, self.syntax.weight(pattern, stated)));
            }
        }
    }

    /// −ln P(symbol | sentence so far), nats; none if it is impossible.
    fn advance(&mut self, symbol: Symbol) -> Option<f64> {
        let at = self.sentence.len();
        let before: f64 = self.live.iter().map(|(_, p)| p).sum();
        let (patterns, syntax) = (&self.grammar.patterns, &self.syntax);
        self.live.retain_mut(|(k, p)| {
            let pattern = &patterns[*k];
            let place = pattern.places.get(at);
            *p *= place.map_or(0.0, |place| syntax.emission(pattern.class, *place, symbol));
            *p > 0.0
        });
        let after: f64 = self.live.iter().map(|(_, p)| p).sum();
        self.sentence.push(symbol);
        // All patterns that were live may still be: no gain from rounding.
        (after > 0.0).then(|| (before / after).ln().max(0.0))
    }

    /// Learns from the sentence if it is complete, and gives its relation.
    fn end_sentence(&mut self, stated: u16) -> Option<usize> {
        let pattern = &self.grammar.patterns[self.live.first()?.0];
        if pattern.places.len() != self.sentence.len() {
            return None;
        }
        self.syntax.learn(pattern, stated, &self.sentence);
        Some(pattern.relation)
    }

    /// The relation of the sentence being read: before a value every live pattern is of one.
    fn relation(&self) -> Option<usize> {
        Some(self.grammar.patterns[self.live.first()?.0].relation)
    }

    fn read_value(&mut self, value: &[Token], subject: usize, nats: &mut Vec<f64>) -> Option<()> {
        let relation = self.relation()?;
        let values = &self.world.relations()[relation];
        let number = values.number(value)?;
        match self.elements.fact(subject, relation) {
            Some(known) => (known == number).then(|| nats.extend(value.iter().map(|_| 0.0))),
            None => {
                self.elements.learn_fact(subject, relation, number);
                self.values[relation].surprise(values, number, nats);
                Some(())
            }
        }
    }
}
