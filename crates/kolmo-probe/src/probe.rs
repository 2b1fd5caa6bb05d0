//! Which facts are asked, and how.

use std::ops::{Range, RangeInclusive};

use kolmo_config::EvalConfig;
use kolmo_world::{
    Document, Fact, Frequency, Role, Token, Wording, World,
    random::{Stream, Streams},
};
use rand::RngExt;

use crate::classes::{Class, classes_of};

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
    /// h, nats: −ln of the prior of its value.
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

/// Facts that are drawn from.
pub struct Population<'a> {
    /// The world whose names, relations and syntax they have.
    pub world: &'a World,
    /// How often each subject comes, by rank.
    pub frequency: &'a Frequency,
    /// The element of each rank.
    pub subject: &'a dyn Fn(u64) -> u64,
    /// The number of the value of each fact.
    pub value: &'a dyn Fn(Fact) -> u32,
    /// How they are asked for, in words that the language has.
    pub wording: Wording,
    /// The name of the stream that chooses them.
    pub choice: &'a str,
}

impl ProbedFact {
    /// Words the sentence that asks for it.
    fn word(&mut self, world: &World, wording: Wording, stream: &Stream) {
        let fact = self.fact;
        let relations = world.relations().len() as u64;
        let mut random = stream.at(fact
            .element
            .wrapping_mul(relations)
            .wrapping_add(u64::from(fact.relation)));
        let mut sentence = Document::default();
        let relation = &world.relations()[fact.relation as usize];
        // Which one does not matter: it is cut off.
        let value = relation.number(&self.value).unwrap_or(0);
        let value_at = world.write_worded(wording, fact, value, &mut random, &mut sentence);
        let is_name = |role: &&Role| **role == Role::Subject;
        let name_at = sentence
            .roles
            .iter()
            .take_while(|role| !is_name(role))
            .count();
        let length = sentence.roles[name_at..].iter().take_while(is_name).count();
        self.name = name_at..name_at + length;
        self.prompt = sentence.tokens[..value_at].to_vec();
    }
}

/// Where the wording of a fact comes from.
fn wording_stream(streams: &Streams, wording: Wording) -> Stream {
    match wording {
        Wording::Statement => streams.stream("evaluation/wording"),
        other => streams.stream(&format!("evaluation/wording/{}", other.name())),
    }
}

impl Probe {
    /// Draws a probe of all subjects, see [`of_ranks`](Self::of_ranks).
    pub fn new(world: &World, config: &EvalConfig, streams: &Streams) -> Self {
        Self::of_ranks(world, 1..=u64::MAX, config, streams)
    }

    /// Draws a probe of the subjects whose ranks are in `ranks`, see [`draw`](Self::draw).
    pub fn of_ranks(
        world: &World,
        ranks: RangeInclusive<u64>,
        config: &EvalConfig,
        streams: &Streams,
    ) -> Self {
        let population = Population {
            world,
            frequency: world.frequency(),
            subject: &|rank| world.frequency().element(rank),
            value: &|fact| world.value_of(fact),
            wording: Wording::Statement,
            choice: "evaluation/facts",
        };
        Self::draw(&population, ranks, config, streams)
    }

    /// Draws facts of `population`. Within a class they are taken at random from as many equal strata as are
    /// asked, so that every rank of the class is covered evenly.
    pub fn draw(
        population: &Population<'_>,
        ranks: RangeInclusive<u64>,
        config: &EvalConfig,
        streams: &Streams,
    ) -> Self {
        let Population {
            world, frequency, ..
        } = *population;
        let relations = world.relations().len() as u64;
        let classes = classes_of(frequency, relations as usize, ranks, config.classes);
        let choice = streams.stream(population.choice);
        let wording = wording_stream(streams, population.wording);
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
                    element: (population.subject)(rank),
                    relation: relation as u32,
                };
                let inclusion = world.relation_draw().inclusion(relation as usize);
                let value = (population.value)(fact);
                let values = &world.relations()[relation as usize];
                let mut probed = ProbedFact {
                    class: k,
                    rank,
                    fact,
                    probability: frequency.probability(rank) * inclusion,
                    content: values.content(value),
                    stands_for,
                    prompt: Vec::new(),
                    name: 0..0,
                    value: values.tokens(value).to_vec(),
                };
                probed.word(world, population.wording, &wording);
                facts.push(probed);
            }
        }
        Self { classes, facts }
    }

    /// The same facts, asked for in `wording`, which the language has.
    pub fn worded(&self, world: &World, wording: Wording, streams: &Streams) -> Self {
        let stream = wording_stream(streams, wording);
        let mut other = self.clone();
        let facts = other.facts.iter_mut();
        facts.for_each(|fact| fact.word(world, wording, &stream));
        other
    }

    /// Without the facts that are `such`, as if there were none of those that they stand for; `per_document` facts are stated in a
    /// document.
    pub fn without(mut self, per_document: usize, such: impl Fn(Fact) -> bool) -> Self {
        let classes = &mut self.classes;
        self.facts.retain(|probed| {
            let stays = !such(probed.fact);
            if !stays {
                let class = &mut classes[probed.class];
                class.facts -= probed.stands_for;
                class.mass -= probed.probability * probed.stands_for as f64 / per_document as f64;
            }
            stays
        });
        // A class that has none left is none.
        let mut place = 0;
        let places: Vec<usize> = classes
            .iter()
            .map(|class| {
                place += usize::from(class.facts > 0);
                place
            })
            .collect();
        classes.retain(|class| class.facts > 0);
        for probed in &mut self.facts {
            probed.class = places[probed.class] - 1;
        }
        self
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
            world.facts().write_name(probed.fact.element, &mut name);
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
