//! What the learner knows of syntax: Dirichlet-multinomial counts.
//!
//! Templates and fillers have the priors the world drew them from. The weights of the relations are
//! no draw of anything, so their prior is a choice: uniform, Dirichlet(1). A document of several
//! relations draws them without replacement, for which the Dirichlet is not conjugate; the learner
//! therefore has a uniform prior for every *set* of relations stated already. It knows less than the
//! truth, that all of these follow from one vector of weights, and pays for it a few nats a set and
//! relation, once.

use std::collections::HashMap;

use kolmo_world::{Token, World};

use crate::grammar::{Pattern, Place, Symbol};

#[derive(Debug, Clone)]
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
