//! What there is to learn of a syntax: choices with unknown probabilities.

use std::iter::Sum;

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
    /// k, its free parameters.
    fn parameters(&self) -> f64 {
        self.outcomes.saturating_sub(1) as f64
    }

    /// Cost of its parameters over `documents` documents, (k/2) ln(1 + times made), nats.
    pub fn cost(&self, documents: f64) -> f64 {
        self.parameters() / 2.0 * (documents * self.per_document).ln_1p()
    }

    /// What knowing its probabilities saves over `documents` documents, nats.
    pub fn saving(&self, documents: f64) -> f64 {
        (documents * self.per_document * self.saving).max(0.0)
    }

    /// Told to the precision at which a nat more saves `slope` nats, or not at all: k Gaussian parameters.
    pub fn described(&self, documents: f64, slope: f64) -> Described {
        let (saving, half) = (self.saving(documents), self.parameters() / 2.0);
        let left = saving.min(slope * half);
        let cost = if left < saving {
            half * (saving / left).ln()
        } else {
            0.0
        };
        Described { cost, left }
    }

    /// The nats that the first nat told of it saves.
    pub fn best(&self, documents: f64) -> f64 {
        2.0 * self.saving(documents) / self.parameters()
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
fn relations(world: &World) -> Choice {
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

    /// Nats that a parameter vector drawn from the uniform prior of `outcomes`, told by a code, costs and
    /// leaves; and what the curve says that so many left cost.
    fn assert_above(outcomes: usize, cost: f64, redundancy: &[f64], most: f64) {
        const DOCUMENTS: f64 = 1000.0;
        let entropy: f64 = (2..=outcomes).map(|k| 1.0 / k as f64).sum();
        let choice = Choice {
            outcomes,
            per_document: 1.0,
            saving: (outcomes as f64).ln() - entropy,
        };
        let n = redundancy.len() as f64;
        let mean = redundancy.iter().sum::<f64>() / n;
        let squares: f64 = redundancy.iter().map(|r| (r - mean).powi(2)).sum();
        let error = 4.0 * (squares / (n - 1.0) / n).sqrt();
        let half = (outcomes - 1) as f64 / 2.0;
        let least = |left: f64| {
            let left = (left * DOCUMENTS).min(choice.saving(DOCUMENTS));
            let described = choice.described(DOCUMENTS, left / half);
            assert!((described.left / left - 1.0).abs() < 1e-12);
            described.cost
        };
        assert!(cost > least(mean + error), "{cost} {mean}");
        assert!(cost < least(mean - error) + most, "{cost} {mean}");
    }

    fn divergence(p: &[f64], q: &[f64]) -> f64 {
        let terms = p.iter().zip(q);
        terms.map(|(p, q)| p * (p / q).ln()).sum()
    }

    #[test]
    fn no_grid_of_probabilities_is_cheaper_than_the_curve() {
        use kolmo_world::random::Streams;
        use rand::RngExt;

        // A coin of uniform bias, told to one of so many cells alike in arc: Fisher's information is the same in all.
        let mut random = Streams::new(1).stream("test").at(0);
        let biases: Vec<f64> = (0..100_000).map(|_| random.random()).collect();
        for cells in [2, 3, 5, 10, 30, 100] {
            let angle = |cell: usize| std::f64::consts::PI * cell as f64 / cells as f64 / 2.0;
            let edge = |cell: usize| angle(cell).sin().powi(2);
            let told = |p: f64| (1..cells).take_while(|cell| edge(*cell) <= p).count();
            let share = |cell: usize| edge(cell + 1) - edge(cell);
            let entropy: f64 = (0..cells).map(|c| -share(c) * share(c).ln()).sum();
            let redundancy = biases.iter().map(|p| {
                let cell = told(*p);
                let q = (edge(cell) + edge(cell + 1)) / 2.0;
                divergence(&[*p, 1.0 - p], &[q, 1.0 - q])
            });
            // A grid loses ½ ln(2πe/12) = 0.25 nats to the best code, and the curve 0.06.
            let redundancy: Vec<f64> = redundancy.collect();
            assert_above(2, entropy, &redundancy, 0.33);
        }
    }

    #[test]
    fn no_list_of_distributions_is_cheaper_than_the_curve() {
        use kolmo_world::random::Streams;
        use rand::RngExt;

        let mut random = Streams::new(1).stream("test").at(0);
        for outcomes in [3, 4, 6] {
            let mut draw = || -> Vec<f64> {
                let weights: Vec<f64> = (0..outcomes)
                    .map(|_| -random.random::<f64>().ln())
                    .collect();
                let total: f64 = weights.iter().sum();
                weights.iter().map(|w| w / total).collect()
            };
            for listed in [4, 32, 256] {
                let list: Vec<Vec<f64>> = (0..listed).map(|_| draw()).collect();
                let nearest = |p: Vec<f64>| {
                    let apart = list.iter().map(|q| divergence(&p, q));
                    apart.fold(f64::INFINITY, f64::min)
                };
                let redundancy: Vec<f64> = (0..4000).map(|_| nearest(draw())).collect();
                assert_above(outcomes, f64::ln(listed as f64), &redundancy, f64::INFINITY);
            }
        }
    }
}
