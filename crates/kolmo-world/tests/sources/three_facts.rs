//! A source that no configuration can name: three subjects with a home each.
//!
//! "Paris" is a subject, begins the name of another, and is a value; "of" is a word of a name and of a template; names have one word or
//! three, values one or two; and half of all live in Paris, before anything is known of them.

#![allow(dead_code, clippy::unwrap_used)]

use std::ops::RangeInclusive;

use kolmo_world::{
    Facts, Frequency, Token, Vocabulary, World, WorldConfig, WorldError,
    config::{FrequencyConfig, RelationConfig, ZipfConfig},
    facts::Relation,
    random::Streams,
    source::{Language, Settings, Source},
    syntax::{Class, Syntax, Template},
};

const NAMES: [&str; 3] = ["Paris of Troy", "Helen", "Paris"];
const WEIGHTS: [f64; 3] = [2.0, 1.0, 1.0];

/// The table.
#[derive(Debug, Clone)]
pub struct ThreeFacts {
    /// The homes: Paris, this one, and a new one of the name.
    pub city: &'static str,
    pub templates: &'static [&'static str],
}

impl ThreeFacts {
    pub fn new(city: &'static str) -> Self {
        Self {
            city,
            templates: &[
                "{subject} lives in {value} .",
                "The home of {subject} is {value} .",
            ],
        }
    }
}

/// A world of three subjects.
pub fn config() -> WorldConfig {
    WorldConfig {
        frequency: FrequencyConfig::Zipf(ZipfConfig {
            elements: 3,
            exponent: 1.0,
            bias: 0.0,
        }),
        ..WorldConfig::default()
    }
}

/// The world of the table.
pub fn world(city: &'static str) -> World {
    World::with_source(&config(), Box::new(ThreeFacts::new(city)), 1).unwrap()
}

impl Source for ThreeFacts {
    fn name(&self) -> &'static str {
        "three facts"
    }

    fn language(
        &self,
        settings: &mut Settings<'_>,
        _frequency: &Frequency,
        streams: &Streams,
    ) -> Result<Language, WorldError> {
        *settings.relations = vec![RelationConfig {
            name: "home".to_owned(),
            values: None,
            weight: 1.0,
        }];
        let mut vocabulary = Vocabulary::new();
        let names = NAMES.map(|name| vocabulary.intern_all(name));
        let values = ["Paris", self.city, &format!("New {}", self.city)];
        let values = values.map(|value| vocabulary.intern_all(value));
        let parse = |text: &&str| Template::parse(text, &mut vocabulary);
        let templates = self.templates.iter().map(parse).collect();
        let random = &mut streams.stream("syntax").at(0);
        let class = Class::draw(templates, Vec::new(), 1.0, 1.0, random);
        Ok(Language {
            facts: Box::new(Table {
                names,
                relations: vec![Relation::weighted("home", values.to_vec(), &WEIGHTS)?],
                digest: format!("facts of {}", self.city),
            }),
            syntax: Syntax::new(vec![class], vec![0], vec![None]),
            vocabulary,
        })
    }
}

#[derive(Debug)]
struct Table {
    names: [Box<[Token]>; 3],
    relations: Vec<Relation>,
    digest: String,
}

impl Table {
    fn beginning<'a>(&'a self, words: &'a [Token]) -> impl Iterator<Item = &'a [Token]> {
        let names = self.names.iter().map(|name| &name[..]);
        names.filter(move |name| name.starts_with(words))
    }
}

impl Facts for Table {
    fn subjects(&self) -> u64 {
        3
    }

    fn relations(&self) -> &[Relation] {
        &self.relations
    }

    /// The first and the second live in the city, the third in Paris.
    fn value(&self, subject: u64, _relation: usize) -> u32 {
        [1, 1, 0][subject as usize]
    }

    fn other_value(&self, subject: u64, relation: usize) -> u32 {
        (self.value(subject, relation) + 1) % 3
    }

    fn write_name(&self, subject: u64, tokens: &mut Vec<Token>) {
        tokens.extend(&self.names[subject as usize]);
    }

    fn subject(&self, name: &[Token]) -> Option<u64> {
        let place = self.names.iter().position(|other| **other == *name);
        place.map(|place| place as u64)
    }

    fn name_lengths(&self) -> RangeInclusive<usize> {
        1..=3
    }

    fn beginnings(&self, words: &[Token], counts: &mut Vec<f64>) {
        counts.clear();
        let count = |length: usize| self.beginning(&words[..length]).count() as f64;
        counts.extend((0..=words.len()).map(count));
    }

    fn next_words(&self, begun: &[Token]) -> Vec<(Token, f64)> {
        let mut words: Vec<(Token, f64)> = Vec::new();
        for word in self
            .beginning(begun)
            .filter_map(|name| name.get(begun.len()))
        {
            match words.iter_mut().find(|(other, _)| other == word) {
                Some((_, count)) => *count += 1.0,
                None => words.push((*word, 1.0)),
            }
        }
        words
    }

    fn name_words(&self) -> Vec<Token> {
        let mut words: Vec<Token> = self.names.iter().flatten().copied().collect();
        words.sort_unstable();
        words.dedup();
        words
    }

    fn digest(&self) -> Option<String> {
        Some(self.digest.clone())
    }
}
