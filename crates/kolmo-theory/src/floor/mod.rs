//! The entropy floor: what a predictor loses that knows the world (THEORY: the true-parameter
//! predictor), for every token of a document, and in expectation by role.
//!
//! Given the beginning of a document, such a predictor knows which sentences it could be the
//! beginning of and with which probability, and, of a name begun, who is called so. It pays for what
//! the draw of the document decides (subject, relations, templates, fillers) when a token gives it
//! away, and nothing for values, which follow from subject and relation. *Redundancy* is measured loss
//! less this floor on the same tokens.
//!
//! Where a choice is paid need not be where it is made: that a name comes *now* says something of the
//! template, and it is a token of the name that says it. So the floor by role differs from the
//! entropies by origin in [`entropy`](crate::entropy); their totals agree.

mod automaton;
mod expected;
mod names;

use kolmo_world::{Document, Fact, Token, World};

use crate::{
    grammar::{Event, events},
    roles::{ByRole, read_whole, sum_by_role},
};
use automaton::Automaton;
pub use expected::expected_floor;
use names::NameMasses;

/// The true-parameter predictor, reading documents.
#[derive(Debug)]
pub struct Floor<'a> {
    world: &'a World,
    automaton: Automaton<'a>,
    names: Option<NameMasses>,
}

impl<'a> Floor<'a> {
    /// The predictor for sums by role: of a name's cost, −ln p, only the sum over its tokens is right.
    pub fn by_role(world: &'a World) -> Self {
        Self {
            world,
            automaton: Automaton::new(world),
            names: None,
        }
    }

    /// The predictor that is right for every token. It walks all subjects to begin with: half a second
    /// for 10^7, and memory for every beginning of a name.
    pub fn by_token(world: &'a World) -> Self {
        Self {
            names: Some(NameMasses::new(world)),
            ..Self::by_role(world)
        }
    }

    /// −ln P(token | those before it) of each token of a document, its end included, nats, into `nats`. Of the
    /// document only tokens and roles are read; where a name ends and another would go on, its last word pays for that.
    /// From the first word, name or value on that the world cannot have written there, everything is
    /// infinite.
    pub fn read(&mut self, document: &Document, nats: &mut Vec<f64>) {
        read_whole(document, nats, |nats| self.read_possible(document, nats));
    }

    /// The sum over the tokens of `document` by role, nats.
    pub fn sum(&mut self, document: &Document, nats: &mut Vec<f64>) -> ByRole {
        self.read(document, nats);
        sum_by_role(document, nats)
    }

    /// Reads until the document ends; none where it goes on in a way that no document does.
    fn read_possible(&mut self, document: &Document, nats: &mut Vec<f64>) -> Option<()> {
        let per_document = self.world.relation_draw().per_document() as u32;
        let mut subject = None;
        let mut stated = 0u16;
        self.automaton.forget_if_large();
        let mut state = self.automaton.start(stated);
        for event in events(document) {
            let event = event?;
            let Some(symbol) = event.symbol() else {
                return (stated.count_ones() == per_document).then(|| nats.push(0.0));
            };
            let step = self.automaton.step(state, symbol)?;
            let first = nats.len();
            match event {
                Event::Name(name) => subject = Some(self.read_name(name, subject, nats)?),
                Event::Value(value) => {
                    let relation = self.automaton.relation(state)?;
                    let fact = Fact {
                        element: subject?,
                        relation: relation as u32,
                    };
                    let right = self.world.value_of(fact);
                    let right = self.world.relations()[relation].tokens(right);
                    (value == right).then(|| nats.extend(value.iter().map(|_| 0.0)))?;
                }
                _ => nats.push(0.0),
            }
            nats[first] += step.nats;
            state = step.to;
            if let Some(relation) = self.automaton.complete(state) {
                stated |= 1 << relation;
                if stated.count_ones() < per_document {
                    state = self.automaton.start(stated);
                }
            }
        }
        None
    }

    /// Reads a whole name, `known` being the subject named before, and gives its bearer.
    fn read_name(&self, name: &[Token], known: Option<u64>, nats: &mut Vec<f64>) -> Option<u64> {
        let frequency = self.world.frequency();
        let element = self.world.facts().subject(name)?;
        if known.is_some_and(|known| known != element) || element >= frequency.elements() {
            return None;
        }
        if known.is_some() {
            nats.extend(name.iter().map(|_| 0.0));
            return known;
        }
        let p = frequency.probability(frequency.rank(element));
        match &self.names {
            Some(masses) => nats.extend(masses.nats(name, p)),
            None => {
                nats.push(-p.ln());
                nats.resize(nats.len() + name.len() - 1, 0.0);
            }
        }
        Some(element)
    }
}
