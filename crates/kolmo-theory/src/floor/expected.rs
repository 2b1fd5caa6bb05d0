//! The floor by role in expectation, in closed form: no document is drawn.

use std::collections::HashMap;

use kolmo_world::World;

use super::automaton::{Automaton, State};
use crate::{grammar::Symbol, roles::ByRole};

/// Expected floor of a document of `world` by role, nats: the entropy of the document, split by the
/// role of the token that gives a choice away.
///
/// Sums over all beliefs within a sentence, and over all sets of relations stated before it. Every
/// later naming of the subject costs nothing but its place in the template; the first costs H(p) too.
pub fn expected_floor(world: &World) -> ByRole {
    let mut automaton = Automaton::new(world);
    let mut memory = HashMap::new();
    let mut floor = ByRole {
        subject: world.frequency().entropy(),
        ..ByRole::default()
    };
    for (stated, p) in world.relation_draw().sets() {
        if automaton.forget_if_large() {
            memory.clear();
        }
        let start = automaton.start(stated);
        floor += expected(&mut automaton, start, &mut memory).scaled(p);
    }
    floor
}

/// Expected cost of the rest of a sentence from `state` on.
fn expected(
    automaton: &mut Automaton<'_>,
    state: State,
    memory: &mut HashMap<State, ByRole>,
) -> ByRole {
    if let Some(known) = memory.get(&state) {
        return *known;
    }
    let mut sum = ByRole::default();
    let steps = automaton.steps(state).iter();
    let mut steps: Vec<_> = steps.map(|(symbol, step)| (*symbol, *step)).collect();
    steps.sort_by_key(|(symbol, _)| *symbol);
    for (symbol, step) in steps {
        let p = (-step.nats).exp();
        let mut cost = expected(automaton, step.to, memory);
        *match symbol {
            Symbol::Word(_) => &mut cost.syntax,
            Symbol::Name => &mut cost.subject,
            Symbol::Value => &mut cost.value,
        } += step.nats;
        sum += cost.scaled(p);
    }
    memory.insert(state, sum);
    sum
}
