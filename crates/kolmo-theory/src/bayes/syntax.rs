//! What the learner knows of syntax: Dirichlet-multinomial counts.
//!
//! Templates and fillers have the priors the world drew them from. The weights of the relations are
//! no draw of anything, so their prior is a choice: uniform, Dirichlet(1). A document of several
//! relations draws them without replacement, for which the Dirichlet is not conjugate; the learner
//! therefore has a uniform prior for every *set* of relations stated already. It knows less than the
//! truth, that all of these follow from one vector of weights, and pays for it a few nats a set and
//! relation, once.

use std::collections::{BTreeMap, HashMap};

use kolmo_world::{Token, World};
use serde::{Deserialize, Serialize};

use super::state::StateError;
use crate::grammar::{Pattern, Place, Symbol};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Dirichlet {
    /// Concentration and observations of each outcome.
    weights: Vec<f64>,
    total: f64,
}

impl Dirichlet {
    fn new(outcomes: usize, concentration: f64) -> Self {
        Self {
            weights: vec![concentration; outcomes],
            total: concentration * outcomes as f64,
        }
    }

    fn probability(&self, outcome: usize) -> f64 {
        self.weights[outcome] / self.total
    }

    fn learn(&mut self, outcome: usize) {
        self.weights[outcome] += 1.0;
        self.total += 1.0;
    }
}

#[derive(Debug, Clone)]
struct Slot {
    words: Vec<Token>,
    fillers: Dirichlet,
}

#[derive(Debug, Clone)]
struct Class {
    templates: Dirichlet,
    slots: Vec<Slot>,
}

/// The learner's counts, as they are kept.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct SyntaxState {
    choices: BTreeMap<u16, Dirichlet>,
    /// Templates, then the slots, of each class.
    classes: Vec<(Dirichlet, Vec<Dirichlet>)>,
}

/// The learner's counts.
#[derive(Debug, Clone)]
pub(super) struct SyntaxCounts {
    relations: usize,
    /// By the set of relations stated already; a set not met yet is not in it.
    choices: HashMap<u16, Dirichlet>,
    classes: Vec<Class>,
}

impl SyntaxCounts {
    /// Concentration of the prior of the relations.
    const UNIFORM: f64 = 1.0;

    pub fn new(world: &World) -> Self {
        let config = &world.config().syntax;
        let class = |class: &kolmo_world::syntax::Class| Class {
            templates: Dirichlet::new(class.templates().len(), config.template_concentration),
            slots: class
                .slots()
                .iter()
                .map(|slot| Slot {
                    words: slot.words().to_vec(),
                    fillers: Dirichlet::new(slot.words().len(), config.filler_concentration),
                })
                .collect(),
        };
        Self {
            relations: world.relations().len(),
            choices: HashMap::new(),
            classes: world.syntax().classes().iter().map(class).collect(),
        }
    }

    pub fn state(&self) -> SyntaxState {
        let choices = self.choices.iter();
        let classes = self.classes.iter().map(|class| {
            let slots = class.slots.iter().map(|slot| slot.fillers.clone());
            (class.templates.clone(), slots.collect())
        });
        SyntaxState {
            choices: choices
                .map(|(set, choice)| (*set, choice.clone()))
                .collect(),
            classes: classes.collect(),
        }
    }

    /// Takes up what was learnt by one of the same world.
    pub fn resume(&mut self, state: SyntaxState) -> Result<(), StateError> {
        let fits = |there: &Dirichlet, outcomes: usize| there.weights.len() == outcomes;
        let choices = state.choices.values();
        let sound = choices.into_iter().all(|c| fits(c, self.relations))
            && state.classes.len() == self.classes.len()
            && state
                .classes
                .iter()
                .zip(&self.classes)
                .all(|(there, class)| {
                    let (templates, slots) = there;
                    fits(templates, class.templates.weights.len())
                        && slots.len() == class.slots.len()
                        && slots
                            .iter()
                            .zip(&class.slots)
                            .all(|(there, slot)| fits(there, slot.words.len()))
                });
        if !sound {
            return Err(StateError("its syntax"));
        }
        self.choices = state.choices.into_iter().collect();
        for (class, (templates, slots)) in self.classes.iter_mut().zip(state.classes) {
            class.templates = templates;
            for (slot, fillers) in class.slots.iter_mut().zip(slots) {
                slot.fillers = fillers;
            }
        }
        Ok(())
    }

    /// Weight, in proportion to probability, of `pattern` for the sentence after the relations `stated`,
    /// its own not among them.
    pub fn weight(&self, pattern: &Pattern, stated: u16) -> f64 {
        let choice = self.choices.get(&stated);
        let relation = choice.map_or(Self::UNIFORM, |choice| choice.weights[pattern.relation]);
        relation
            * self.classes[pattern.class]
                .templates
                .probability(pattern.template)
    }

    /// Probability of `symbol` at `place` of a sentence of class `class`.
    pub fn emission(&self, class: usize, place: Place, symbol: Symbol) -> f64 {
        match (place, symbol) {
            (Place::Fixed(fixed), symbol) => f64::from(u8::from(fixed == symbol)),
            (Place::Filler(slot), Symbol::Word(word)) => {
                let slot = &self.classes[class].slots[slot];
                let outcome = slot.words.iter().position(|w| *w == word);
                outcome.map_or(0.0, |outcome| slot.fillers.probability(outcome))
            }
            _ => 0.0,
        }
    }

    /// Every symbol there can be at `place` of a sentence of class `class`, with its probability.
    pub fn emissions(&self, class: usize, place: Place) -> impl Iterator<Item = (Symbol, f64)> {
        let (fixed, slot) = match place {
            Place::Fixed(symbol) => (Some((symbol, 1.0)), None),
            Place::Filler(slot) => (None, Some(&self.classes[class].slots[slot])),
        };
        let words = slot.into_iter().flat_map(|slot| {
            let words = slot.words.iter().enumerate();
            words.map(|(outcome, word)| (Symbol::Word(*word), slot.fillers.probability(outcome)))
        });
        fixed.into_iter().chain(words)
    }

    /// Counts a complete `sentence` of `pattern`, stated after the relations `stated`.
    pub fn learn(&mut self, pattern: &Pattern, stated: u16, sentence: &[Symbol]) {
        let relations = self.relations;
        let choice = self.choices.entry(stated);
        let choice = choice.or_insert_with(|| Dirichlet::new(relations, Self::UNIFORM));
        choice.learn(pattern.relation);
        let class = &mut self.classes[pattern.class];
        class.templates.learn(pattern.template);
        for (place, symbol) in pattern.places.iter().zip(sentence) {
            if let (Place::Filler(slot), Symbol::Word(word)) = (place, symbol) {
                let slot = &mut class.slots[*slot];
                if let Some(outcome) = slot.words.iter().position(|w| w == word) {
                    slot.fillers.learn(outcome);
                }
            }
        }
    }
}
