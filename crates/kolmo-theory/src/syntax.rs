//! What there is to learn of a syntax: choices with unknown probabilities.

use kolmo_world::World;

/// A choice among outcomes, made again and again.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Choice {
    outcomes: usize,
    /// How often a document makes it, in expectation.
    per_document: f64,
    /// What true probabilities save over equal ones each time, nats.
    saving: f64,
}

impl Choice {
    /// Cost of its k free parameters over `documents` documents, (k/2) ln(1 + times made), nats.
    pub fn cost(&self, documents: f64) -> f64 {
        let parameters = self.outcomes.saturating_sub(1) as f64;
        parameters / 2.0 * (documents * self.per_document).ln_1p()
    }

    /// What knowing its probabilities saves over `documents` documents, nats.
    pub fn saving(&self, documents: f64) -> f64 {
        (documents * self.per_document * self.saving).max(0.0)
    }
}

/// The templates of each class and the words of each of its slots.
pub(crate) fn wording(world: &World) -> Vec<Choice> {
    let (draw, syntax) = (world.relation_draw(), world.syntax());
    let mut choices = Vec::new();
    for (c, class) in syntax.classes().iter().enumerate() {
        let of_class = (0..world.relations().len()).filter(|r| syntax.class_index(*r) == c);
        let sentences: f64 = of_class.map(|r| draw.inclusion(r)).sum();
        let templates = class.template_probabilities();
        choices.push(choice(templates, sentences));
        for (s, slot) in class.slots().iter().enumerate() {
            let with = class.templates().iter().zip(templates);
            let with = with.filter(|(template, _)| template.slots().any(|used| used == s));
            let used: f64 = with.map(|(_, p)| p).sum();
            choices.push(choice(slot.probabilities(), sentences * used));
        }
    }
    choices
}

fn choice(probabilities: &[f64], per_document: f64) -> Choice {
    let entropy: f64 = probabilities
        .iter()
        .filter(|p| **p > 0.0)
        .map(|p| -p * p.ln())
        .sum();
    Choice {
        outcomes: probabilities.len(),
        per_document,
        saving: (probabilities.len() as f64).ln() - entropy,
    }
}

/// The relations of a document, for who knows that all its choices follow from one vector of weights.
pub(crate) fn relations(world: &World) -> Choice {
    let draw = world.relation_draw();
    let relations = world.relations().len();
    let alike = (0..draw.per_document()).map(|k| ((relations - k) as f64).ln());
    Choice {
        outcomes: relations,
        per_document: 1.0,
        saving: alike.sum::<f64>() - draw.entropy(),
    }
}

/// What the Bayes learner pays for learning the syntax over `documents` documents, to leading order,
/// nats. It learns the relations separately after each set of them.
pub(crate) fn learning_cost(world: &World, documents: f64) -> f64 {
    let sets = world.relation_draw().sets().into_iter();
    let choices = sets.map(|(stated, p)| Choice {
        outcomes: world.relations().len() - stated.count_ones() as usize,
        per_document: p,
        saving: 0.0,
    });
    let choices = choices.chain(wording(world));
    choices.map(|choice| choice.cost(documents)).sum()
}

#[cfg(test)]
mod tests {
    use kolmo_world::{
        WorldConfig,
        config::{RelationConfig, RelationCount},
    };

    use super::*;
    use crate::{BayesLearner, Discount, Floor};

    #[test]
    fn the_learner_pays_about_so_much() {
        let relation = |r: usize| RelationConfig {
            name: format!("r{r}"),
            values: Some(4),
            weight: 1.0 + r as f64,
        };
        // One subject, so that all but the syntax is known at once.
        for stated in [1, 3, 5] {
            let config = WorldConfig {
                frequency: kolmo_world::config::FrequencyConfig::Uniform { elements: 1 },
                relations: (0..5).map(relation).collect(),
                relations_per_document: RelationCount::Exactly(stated),
                ..WorldConfig::default()
            };
            let world = World::new(&config, 1).unwrap();
            let mut learner = BayesLearner::new(&world, Discount::Fit);
            let mut floor = Floor::by_role(&world);
            let (mut nats, mut paid) = (Vec::new(), 0.0);
            for n in 0..20_000 {
                let tokens = world.document(n).tokens;
                let (code, truth) = (
                    learner.sum(&tokens, &mut nats),
                    floor.sum(&tokens, &mut nats),
                );
                paid += code.syntax + code.subject - truth.syntax - truth.subject;
            }
            // What is left out is of order one nat a parameter, beside ½ ln 20 000 ≈ 5.
            let predicted = learning_cost(&world, 20_000.0);
            assert!(
                (paid / predicted - 1.0).abs() < 0.3,
                "{stated}: {paid} {predicted}"
            );
        }
    }
}
