//! The learner token by token against the learner that reads whole documents.

#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]

mod common;

use common::{Roles, pitman_yor, zipf};
use kolmo_config::Discount;
use kolmo_theory::{BayesLearner, BayesReader};
use kolmo_world::{
    EOS, Token, World, WorldConfig,
    config::{All, Family, NamesConfig, RelationConfig, RelationCount, SyntaxConfig},
    random::Streams,
};
use rand::{Rng, RngExt};

/// Worlds whose documents differ in every way that a reader has to keep apart.
fn worlds() -> Vec<(&'static str, WorldConfig)> {
    let relation = |(name, values, weight): (&str, usize, f64)| RelationConfig {
        name: name.to_owned(),
        values: Some(values),
        weight,
    };
    let relations = [("a", 2, 1.0), ("b", 3, 2.0), ("c", 50, 0.3), ("d", 1, 0.5)].map(relation);
    let abstract_world = |frequency, pools: &[usize], stated| WorldConfig {
        frequency,
        relations: relations.to_vec(),
        relations_per_document: stated,
        names: NamesConfig {
            pools: Some(pools.to_vec()),
        },
        syntax: SyntaxConfig {
            classes: Some(2),
            filler_slots: Some(2),
            templates: Some(6),
            ..SyntaxConfig::default()
        },
        ..WorldConfig::default()
    };
    let biography = |frequency, stated| WorldConfig {
        family: Family::Biography,
        frequency,
        relations_per_document: stated,
        ..WorldConfig::default()
    };
    let process = pitman_yor(0.5, 2.0, 500);
    let (one, two) = (RelationCount::Exactly(1), RelationCount::Exactly(2));
    let all = RelationCount::All(All::All);
    vec![
        ("short names", abstract_world(zipf(6, 1.2), &[2, 3], one)),
        (
            "two of four",
            abstract_world(zipf(300, 1.5), &[20, 30], two),
        ),
        ("all", abstract_world(process.clone(), &[8, 9, 10], all)),
        ("biography", biography(zipf(300, 1.5), one)),
        ("a Pitman-Yor biography", biography(process, two)),
        ("all of a biography", biography(zipf(50, 1.1), all)),
    ]
}

/// What may come next: told in order, of positive probabilities that add up to one.
fn next(reader: &BayesReader<'_, '_>, what: &str) -> Vec<(Token, f64)> {
    let mut next = vec![(7, 7.0)];
    reader.next(&mut next);
    assert!(next.is_sorted_by(|a, b| a.0 < b.0), "{what}: {next:?}");
    assert!(next.iter().all(|(_, p)| *p > 0.0), "{what}: {next:?}");
    let total: f64 = next.iter().map(|(_, p)| p).sum();
    assert!((total - 1.0).abs() < 1e-12, "{what}: {total}");
    next
}

fn assert_costs(nats: &[f64], expected: &[f64], what: &str) {
    assert_eq!(nats.len(), expected.len());
    for (found, expected) in nats.iter().zip(expected) {
        assert!(
            (found - expected).abs() < 1e-11 * expected.max(1.0),
            "{what}: {nats:?} {found} {expected}"
        );
    }
}

#[test]
fn it_gives_every_token_the_probability_that_reading_gives_it() {
    for (what, config) in worlds() {
        let world = World::new(&config, 1).unwrap();
        for discount in [Discount::Law, Discount::Fit] {
            let mut learner = BayesLearner::new(&world, discount);
            let mut other = learner.clone();
            let mut expected = Vec::new();
            for n in 0..300 {
                let document = world.document(n);
                learner.read(&document, &mut expected);
                let document = document.tokens;
                let mut reader = other.begin().unwrap();
                let mut nats = Vec::new();
                for token in &document {
                    let next = next(&reader, what);
                    let at = next.binary_search_by_key(token, |(token, _)| *token);
                    nats.push(-next[at.unwrap()].1.ln());
                    assert!(!reader.is_over() && reader.push(*token));
                }
                assert!(reader.is_over());
                assert_costs(&nats, &expected, what);
            }
            assert_eq!(other.state(), learner.state(), "{what}");
        }
    }
}

/// Writes a document as the learner expects it.
fn write(reader: &mut BayesReader<'_, '_>, random: &mut impl Rng, what: &str) -> Vec<(Token, f64)> {
    let mut document = Vec::new();
    while !reader.is_over() {
        let next = next(reader, what);
        let mut u: f64 = random.random();
        let drawn = next.iter().find(|(_, p)| {
            u -= p;
            u < 0.0
        });
        let (token, p) = *drawn.unwrap_or(&next[next.len() - 1]);
        assert!(reader.push(token), "{what}");
        document.push((token, -p.ln()));
    }
    document
}

#[test]
fn what_it_writes_itself_costs_what_reading_it_costs() {
    // Names nobody bears and values that are not true are met as well.
    let mut random = Streams::new(1).stream("test").at(0);
    for (what, config) in worlds() {
        let world = World::new(&config, 1).unwrap();
        let mut learner = BayesLearner::new(&world, Discount::Law);
        let mut other = learner.clone();
        let mut expected = Vec::new();
        let roles = Roles::of(&world);
        for n in 0..300 {
            let document = match n % 2 {
                0 => world.document(n),
                _ => {
                    let written = write(&mut learner.clone().begin().unwrap(), &mut random, what);
                    let (tokens, nats): (Vec<_>, Vec<_>) = written.into_iter().unzip();
                    let document = roles.document(&tokens);
                    learner.clone().read(&document, &mut expected);
                    assert_costs(&nats, &expected, what);
                    document
                }
            };
            learner.read(&document, &mut expected);
            let mut reader = other.begin().unwrap();
            // False where a document drawn contradicts one written: both then stop at the same place.
            let possible = document.tokens.iter().all(|token| reader.push(*token));
            assert_eq!(possible, expected.iter().all(|nats| nats.is_finite()));
            assert_eq!(possible, reader.is_over());
        }
        assert_eq!(other.state(), learner.state(), "{what}");
    }
}

#[test]
fn what_it_does_not_tell_is_impossible() {
    let mut random = Streams::new(1).stream("test").at(1);
    for (what, config) in worlds() {
        let world = World::new(&config, 2).unwrap();
        let words = world.vocabulary().len() as Token;
        let mut learner = BayesLearner::new(&world, Discount::Law);
        for n in 0..60 {
            let whole = world.document(n);
            let document = &whole.tokens;
            for length in 0..document.len() {
                let mut learner = learner.clone();
                let mut reader = learner.begin().unwrap();
                assert!(document[..length].iter().all(|token| reader.push(*token)));
                let mut next = next(&reader, what);
                // Any word, one beyond the last, or the next in the vocabulary, which is often of the same pool.
                let token = match n % 3 {
                    0 => random.random_range(0..=words),
                    1 => random.random_range(0..=words.min(20)),
                    _ => document[length] + 1,
                };
                let told = next.iter().any(|(t, _)| *t == token);
                assert_eq!(reader.push(token), told, "{what}: {length} {token}");
                assert!(!reader.is_over() || token == EOS);
                if !told {
                    reader.next(&mut next);
                    assert!(next.is_empty() && !reader.push(document[length]));
                }
            }
            learner.read(&whole, &mut Vec::new());
        }
    }
}
