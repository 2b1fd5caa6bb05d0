//! Which facts are asked, and how.

use std::ops::{Range, RangeInclusive};

use kolmo_config::EvalConfig;
use kolmo_world::{Document, Fact, Role, Token, World, random::Streams};
use rand::RngExt;

use crate::classes::{Class, classes};

/// A fixed sample of facts, stratified over frequency classes.
#[derive(Debug, Clone)]
pub struct Probe {
    /// The classes, most frequent first.
    pub classes: Vec<Class>,
    /// The facts, class by class.
    pub facts: Vec<ProbedFact>,
}

/// One fact of a probe and the sentence that asks for it.
#[derive(Debug, Clone, PartialEq)]
pub struct ProbedFact {
    /// Index of its class.
    pub class: usize,
    /// Rank of its subject.
    pub rank: u64,
    /// The fact.
    pub fact: Fact,
    /// Probability that a document states it.
    pub probability: f64,
    /// h_r, nats.
    pub content: f64,
    /// How many facts of its class it stands for: the size of its stratum.
    pub stands_for: u64,
    /// The sentence up to its value, worded by the fact's own stream: the same at every evaluation,
    /// and whichever other facts are asked.
    pub prompt: Vec<Token>,
    /// Where in the prompt the subject's name is.
    pub name: Range<usize>,
    /// The value.
    pub value: Vec<Token>,
}

impl Probe {
    /// Draws a probe of all subjects, see [`of_ranks`](Self::of_ranks).
    pub fn new(world: &World, config: &EvalConfig, streams: &Streams) -> Self {
        Self::of_ranks(world, 1..=u64::MAX, config, streams)
    }

    /// Draws a probe of the subjects whose ranks are in `ranks`. Within a class facts are taken at random from as many equal strata as are
    /// asked, so that every rank of the class is covered evenly.
    pub fn of_ranks(
        world: &World,
        ranks: RangeInclusive<u64>,
        config: &EvalConfig,
        streams: &Streams,
    ) -> Self {
        let classes = classes(world, ranks, config.classes);
        let choice = streams.stream("evaluation/facts");
        let wording = streams.stream("evaluation/wording");
        let relations = world.relations().len() as u64;
        let mut facts: Vec<ProbedFact> = Vec::new();
        for (k, class) in classes.iter().enumerate() {
            let mut random = choice.at(k as u64);
            let asked = class.facts.min(config.facts_per_class as u64);
            for stratum in 0..asked {
                // Exact in integers: asked < 2^17 and facts < 2^34.
                let bound = |stratum: u64| class.facts * stratum / asked;
                let stratum = bound(stratum)..bound(stratum + 1);
                let stands_for = stratum.end - stratum.start;
                let number = random.random_range(stratum);
                let (rank, relation) = (class.lo_rank + number / relations, number % relations);
                let fact = Fact {
                    element: world.frequency().element(rank),
                    relation: relation as u32,
                };
                let mut random = wording.at(fact.element * relations + number % relations);
                let mut sentence = Document::default();
                let value_at = world.write_sentence(fact, &mut random, &mut sentence);
                let relation = &world.relations()[relation as usize];
                let is_name = |role: &Role| *role == Role::Subject;
                let name_at = sentence.roles.iter().position(is_name).unwrap_or(0);
                facts.push(ProbedFact {
                    class: k,
                    rank,
                    fact,
                    probability: world.fact_probability(rank, fact.relation as usize),
                    content: relation.content(),
                    stands_for,
                    prompt: sentence.tokens[..value_at].to_vec(),
                    name: name_at..name_at + world.names().length(),
                    value: relation.tokens(relation.value_of(fact.element)).to_vec(),
                });
            }
        }
        Self { classes, facts }
    }

    /// Room for every prompt with any value of its relation, tokens.
    pub fn max_length(&self, world: &World) -> usize {
        let lengths = self.facts.iter().map(|probed| {
            let relation = &world.relations()[probed.fact.relation as usize];
            probed.prompt.len() + relation.max_length()
        });
        lengths.max().unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use kolmo_world::WorldConfig;

    use super::*;

    #[test]
    fn a_probe_covers_every_class_without_repeats() {
        let world = World::new(&WorldConfig::default(), 1).unwrap();
        let config = EvalConfig::default();
        let probe = Probe::new(&world, &config, &Streams::new(1));
        for (k, class) in probe.classes.iter().enumerate() {
            let facts: Vec<_> = probe.facts.iter().filter(|f| f.class == k).collect();
            assert_eq!(facts.len() as u64, class.facts.min(300));
            let distinct: HashSet<_> = facts.iter().map(|f| f.fact).collect();
            assert_eq!(distinct.len(), facts.len());
            assert!(
                facts
                    .iter()
                    .all(|f| (class.lo_rank..=class.hi_rank).contains(&f.rank))
            );
            // All four relations, wherever a class has room for them.
            let relations: HashSet<_> = facts.iter().map(|f| f.fact.relation).collect();
            assert_eq!(relations.len(), 4);
        }
    }

    #[test]
    fn a_prompt_names_the_subject_and_stops_before_the_value() {
        let world = World::new(&WorldConfig::default(), 1).unwrap();
        let probe = Probe::new(&world, &EvalConfig::default(), &Streams::new(1));
        for probed in &probe.facts {
            let mut name = Vec::new();
            world.names().write(probed.fact.element, &mut name);
            assert_eq!(probed.prompt[probed.name.clone()], name);
            let relation = &world.relations()[probed.fact.relation as usize];
            assert!(
                probed
                    .prompt
                    .iter()
                    .all(|t| relation.number(&[*t]).is_none())
            );
        }
    }
}
