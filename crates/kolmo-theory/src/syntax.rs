//! What there is to learn of a syntax: choices with unknown probabilities.

use std::iter::Sum;

use kolmo_world::World;

use crate::bound::Bound;

/// A choice among outcomes, made again and again.
#[derive(Debug, Clone)]
pub(crate) struct Choice {
    /// Of the outcomes.
    probabilities: Vec<f64>,
    /// The concentration of the Dirichlet prior that these were drawn from; none where nothing drew them.
    concentration: Option<f64>,
    /// How often a document makes it, in expectation.
    per_document: f64,
    /// What true probabilities save over equal ones each time, nats.
    saving: f64,
}

impl Choice {
    /// k, its free parameters.
    fn parameters(&self) -> f64 {
        self.probabilities.len().saturating_sub(1) as f64
    }

    /// Cost of its parameters over `documents` documents, (k/2) ln(1 + times made), nats.
    pub fn cost(&self, documents: f64) -> f64 {
        cost(self.parameters(), documents * self.per_document)
    }

    /// What knowing its probabilities saves over `documents` documents, nats.
    pub fn saving(&self, documents: f64) -> f64 {
        (documents * self.per_document * self.saving).max(0.0)
    }

    /// What no description of it is below.
    pub fn bound(&self, documents: f64) -> Bound {
        let made = documents * self.per_document;
        Bound::of(&self.probabilities, self.concentration, self.saving, made)
    }

    /// Told with (k/2) ln(1 + times made) nats if each of them saves `slope` nats or more, or not at all.
    /// What so many nats leave to be paid, 1/(1 + times made) of the saving, is less than once the choice.
    pub fn written(&self, documents: f64, slope: f64) -> Described {
        let (saving, cost) = (self.saving(documents), self.cost(documents));
        if self.efficiency(documents) >= slope {
            let left = saving / (1.0 + documents * self.per_document);
            Described { cost, left }
        } else {
            Described {
                cost: 0.0,
                left: saving,
            }
        }
    }

    /// The nats that each nat of [`cost`](Self::cost) saves.
    pub fn efficiency(&self, documents: f64) -> f64 {
        let made = documents * self.per_document;
        self.saving(documents) * (made / (1.0 + made)) / self.cost(documents)
    }
}

/// What a model tells of choices, nats.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Described {
    /// In the model.
    pub cost: f64,
    /// Redundancy of the documents.
    pub left: f64,
}

/// Cost of so many parameters of a choice that is `made` so often, nats.
fn cost(parameters: f64, made: f64) -> f64 {
    parameters / 2.0 * made.ln_1p()
}

impl Sum for Described {
    fn sum<I: Iterator<Item = Self>>(parts: I) -> Self {
        parts.fold(Self::default(), |sum, part| Self {
            cost: sum.cost + part.cost,
            left: sum.left + part.left,
        })
    }
}

/// Everything there is to learn of the syntax of `world`: what there is no choice of, or what is alike, is
/// not in it.
pub(crate) fn choices(world: &World) -> Vec<Choice> {
    // Nats a choice; the saving of equal probabilities is a rounding error.
    const NOTHING: f64 = 1e-12;
    let all = wording(world).into_iter().chain([relations(world)]);
    all.filter(|choice| choice.saving > NOTHING && choice.per_document > 0.0)
        .collect()
}

/// The templates of each class and the words of each of its slots.
fn wording(world: &World) -> Vec<Choice> {
    let (draw, syntax) = (world.relation_draw(), world.syntax());
    let config = &world.config().syntax;
    let mut choices = Vec::new();
    for (c, class) in syntax.classes().iter().enumerate() {
        let of_class = (0..world.relations().len()).filter(|r| syntax.class_index(*r) == c);
        let sentences: f64 = of_class.map(|r| draw.inclusion(r)).sum();
        let templates = class.template_probabilities();
        choices.push(choice(templates, config.template_concentration, sentences));
        for (s, slot) in class.slots().iter().enumerate() {
            let with = class.templates().iter().zip(templates);
            let with = with.filter(|(template, _)| template.slots().any(|used| used == s));
            let used: f64 = with.map(|(_, p)| p).sum();
            choices.push(choice(
                slot.probabilities(),
                config.filler_concentration,
                sentences * used,
            ));
        }
    }
    choices
}

fn choice(probabilities: &[f64], concentration: f64, per_document: f64) -> Choice {
    let entropy: f64 = probabilities
        .iter()
        .filter(|p| **p > 0.0)
        .map(|p| -p * p.ln())
        .sum();
    Choice {
        probabilities: probabilities.to_vec(),
        concentration: Some(concentration),
        per_document,
        saving: (probabilities.len() as f64).ln() - entropy,
    }
}

/// The relations of a document, for who knows that all its choices follow from one vector of weights.
fn relations(world: &World) -> Choice {
    let draw = world.relation_draw();
    let relations = world.relations().len();
    let alike = (0..draw.per_document()).map(|k| ((relations - k) as f64).ln());
    Choice {
        // Of the first one that a document states. What follows it says more about them, which a bound may leave out.
        probabilities: (0..relations).map(|r| draw.weight(r)).collect(),
        concentration: None,
        per_document: 1.0,
        saving: alike.sum::<f64>() - draw.entropy(),
    }
}

/// What the Bayes learner pays for learning the syntax over `documents` documents, to leading order,
/// nats. It learns the relations separately after each set of them.
pub(crate) fn learning_cost(world: &World, documents: f64) -> f64 {
    let sets = world.relation_draw().sets().into_iter();
    let choices = sets.map(|(stated, p)| {
        let left = world.relations().len() - stated.count_ones() as usize;
        cost(left.saturating_sub(1) as f64, documents * p)
    });
    let wording = wording(world);
    choices
        .chain(wording.iter().map(|choice| choice.cost(documents)))
        .sum()
}

#[cfg(test)]
mod tests {
    use kolmo_config::Discount;
    use kolmo_world::{
        WorldConfig,
        config::{RelationConfig, RelationCount},
    };

    use super::*;
    use crate::{BayesLearner, Floor};

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
                frequency: kolmo_world::config::FrequencyConfig::Uniform(
                    kolmo_world::config::UniformConfig { elements: 1 },
                ),
                relations: (0..5).map(relation).collect(),
                relations_per_document: RelationCount::Exactly(stated),
                ..WorldConfig::default()
            };
            let world = World::new(&config, 1).unwrap();
            let mut learner = BayesLearner::new(&world, Discount::Fit);
            let mut floor = Floor::by_role(&world);
            let (mut nats, mut paid) = (Vec::new(), 0.0);
            for n in 0..20_000 {
                let document = world.document(n);
                let (code, truth) = (
                    learner.sum(&document, &mut nats),
                    floor.sum(&document, &mut nats),
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
