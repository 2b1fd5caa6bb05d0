//! Sentences under the true parameters, as an automaton whose states are beliefs.
//!
//! What a predictor that knows the world believes after the beginning of a sentence is a distribution
//! over (pattern, place): which pattern is being written and how far it has come. The next symbol
//! moves that belief by Bayes' rule. Beliefs that agree are one state, so that there are few: the
//! words of a filler slot, for one, all lead to the same. States are made when they are first reached.

use std::collections::{BTreeMap, HashMap};

use kolmo_world::World;

use crate::grammar::{Grammar, Place, Symbol};

/// A state of the automaton.
pub(super) type State = u32;

/// What a symbol costs and where it leads.
#[derive(Debug, Clone, Copy)]
pub(super) struct Step {
    /// −ln P(symbol | belief).
    pub nats: f64,
    pub to: State,
}

/// A pattern and the number of its places behind us.
type Hypothesis = (u32, u16);

/// Probabilities of the hypotheses, those of probability zero left out, in order.
type Belief = Vec<(Hypothesis, f64)>;

#[derive(Debug)]
struct Node {
    belief: Belief,
    /// None until it is asked for.
    steps: Option<HashMap<Symbol, Step>>,
}

/// The automaton.
#[derive(Debug)]
pub(super) struct Automaton<'a> {
    world: &'a World,
    grammar: Grammar,
    nodes: Vec<Node>,
    states: HashMap<Vec<(Hypothesis, u64)>, State>,
    starts: HashMap<u16, State>,
    /// Hypotheses in all beliefs.
    size: usize,
}

impl<'a> Automaton<'a> {
    pub fn new(world: &'a World) -> Self {
        Self {
            world,
            grammar: Grammar::new(world),
            nodes: Vec::new(),
            states: HashMap::new(),
            starts: HashMap::new(),
            size: 0,
        }
    }

    /// Begins anew if the states take more than some hundred megabytes, as those of a dozen relations of
    /// unequal weights can. Returns whether it did; all states are then void.
    pub fn forget_if_large(&mut self) -> bool {
        const MOST: usize = 1 << 23;
        let large = self.size > MOST;
        if large {
            self.nodes.clear();
            self.states.clear();
            self.starts.clear();
            self.size = 0;
        }
        large
    }

    /// Before a sentence of a document that has stated the relations `stated` (a bit each).
    pub fn start(&mut self, stated: u16) -> State {
        if let Some(state) = self.starts.get(&stated) {
            return *state;
        }
        let syntax = self.world.syntax();
        let draw = self.world.relation_draw();
        let patterns = self.grammar.patterns.iter().zip(0..);
        let belief = patterns
            .filter(|(pattern, _)| stated & (1 << pattern.relation) == 0)
            .map(|(pattern, k)| {
                let templates = syntax.classes()[pattern.class].template_probabilities();
                let p = draw.weight(pattern.relation) * templates[pattern.template];
                ((k, 0), p)
            });
        let state = self.intern(belief.collect());
        self.starts.insert(stated, state);
        state
    }

    /// The relation of the sentence that is complete at `state`, if one is.
    pub fn complete(&self, state: State) -> Option<usize> {
        let ((k, at), _) = self.nodes[state as usize].belief.first()?;
        let pattern = &self.grammar.patterns[*k as usize];
        (*at as usize == pattern.places.len()).then_some(pattern.relation)
    }

    /// The relation whose value would come next at `state`.
    pub fn relation(&self, state: State) -> Option<usize> {
        let ((k, _), _) = self.nodes[state as usize].belief.first()?;
        Some(self.grammar.patterns[*k as usize].relation)
    }

    /// What `symbol` costs at `state` and where it leads; none if it cannot come.
    pub fn step(&mut self, state: State, symbol: Symbol) -> Option<Step> {
        self.steps(state).get(&symbol).copied()
    }

    /// All symbols that can come at `state`.
    pub fn steps(&mut self, state: State) -> &HashMap<Symbol, Step> {
        if self.nodes[state as usize].steps.is_none() {
            let steps = self.expand(state);
            self.nodes[state as usize].steps = Some(steps);
        }
        self.nodes[state as usize].steps.get_or_insert_default()
    }

    fn expand(&mut self, state: State) -> HashMap<Symbol, Step> {
        // In order, so that sums are the same whenever a state is first reached.
        let mut after: BTreeMap<Symbol, Belief> = BTreeMap::new();
        for ((k, at), p) in &self.nodes[state as usize].belief {
            let pattern = &self.grammar.patterns[*k as usize];
            let mut lead = |symbol, probability| {
                let hypothesis = ((*k, at + 1), p * probability);
                after.entry(symbol).or_default().push(hypothesis);
            };
            match pattern.places.get(*at as usize) {
                None => {}
                Some(Place::Fixed(symbol)) => lead(*symbol, 1.0),
                Some(Place::Filler(slot)) => {
                    let slot = &self.world.syntax().classes()[pattern.class].slots()[*slot];
                    for (word, p) in slot.words().iter().zip(slot.probabilities()) {
                        lead(Symbol::Word(*word), *p);
                    }
                }
            }
        }
        after
            .into_iter()
            .filter_map(|(symbol, belief)| {
                let p: f64 = belief.iter().map(|(_, p)| p).sum();
                let to = (p > 0.0).then(|| self.intern(belief))?;
                // A belief is normalised up to rounding: nothing costs less than nothing.
                let nats = (-p.ln()).max(0.0);
                Some((symbol, Step { nats, to }))
            })
            .collect()
    }

    /// The state of `belief`, which need not be normalised.
    fn intern(&mut self, mut belief: Belief) -> State {
        // Beliefs that differ by rounding alone, by a few hundred units in the last place, are the same:
        // all are rounded, so that a state is what it is whichever of them came first.
        const MERGED: u64 = 1 << 8;
        belief.retain(|(_, p)| *p > 0.0);
        let total: f64 = belief.iter().map(|(_, p)| p).sum();
        for (_, p) in &mut belief {
            *p = f64::from_bits(((*p / total).to_bits() + MERGED / 2) / MERGED * MERGED);
        }
        let key = |(hypothesis, p): &(Hypothesis, f64)| (*hypothesis, p.to_bits());
        let key: Vec<_> = belief.iter().map(key).collect();
        let next = self.nodes.len() as State;
        let state = *self.states.entry(key).or_insert(next);
        if state == next {
            self.size += belief.len();
            self.nodes.push(Node {
                belief,
                steps: None,
            });
        }
        state
    }
}
