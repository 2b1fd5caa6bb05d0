//! The true-parameter predictor against the enumeration of every document of a small world.

#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]

mod common;

use std::collections::HashMap;

use common::{Roles, pitman_yor};
use kolmo_theory::{ByRole, Floor, entropy::DocumentEntropy, expected_floor};
use kolmo_world::{
    Role, Token, World, WorldConfig,
    config::{
        All, Family, FrequencyConfig, NamesConfig, RelationConfig, RelationCount, SyntaxConfig,
        ZipfConfig,
    },
    syntax::Piece,
};

/// Every document of `world` with its probability. Knows nothing of beliefs: it multiplies out the
/// choices of the generator.
fn every_document(world: &World) -> HashMap<Vec<Token>, f64> {
    let mut documents = HashMap::new();
    for rank in 1..=world.frequency().elements() {
        let element = world.frequency().element(rank);
        let p = world.frequency().probability(rank);
        extend(world, element, &mut Vec::new(), &[], p, &mut documents);
    }
    documents
}

fn extend(
    world: &World,
    element: u64,
    stated: &mut Vec<usize>,
    tokens: &[Token],
    p: f64,
    documents: &mut HashMap<Vec<Token>, f64>,
) {
    let draw = world.relation_draw();
    if stated.len() == draw.per_document() {
        *documents.entry([tokens, &[0]].concat()).or_default() += p;
        return;
    }
    let free: Vec<usize> = (0..world.relations().len())
        .filter(|r| !stated.contains(r))
        .collect();
    let left: f64 = free.iter().map(|r| draw.weight(*r)).sum();
    for r in free {
        for (sentence, q) in sentences(world, element, r) {
            stated.push(r);
            let tokens = [tokens, &sentence].concat();
            let p = p * q * draw.weight(r) / left;
            extend(world, element, stated, &tokens, p, documents);
            stated.pop();
        }
    }
}

fn sentences(world: &World, element: u64, relation: usize) -> Vec<(Vec<Token>, f64)> {
    let class = world.syntax().class(relation);
    let templates = class.templates().iter().zip(class.template_probabilities());
    let mut all = Vec::new();
    for (template, p) in templates {
        let mut begun = vec![(Vec::new(), *p)];
        for piece in template.pieces() {
            let mut next = Vec::new();
            for (tokens, p) in begun {
                let mut add = |words: &[Token], q: f64| {
                    next.push(([&tokens[..], words].concat(), p * q));
                };
                match piece {
                    Piece::Word(word) => add(&[*word], 1.0),
                    Piece::Relation => {
                        let word = world.syntax().relation_word(relation);
                        add(&word.into_iter().collect::<Vec<_>>(), 1.0);
                    }
                    Piece::Subject => {
                        let mut name = Vec::new();
                        world.facts().write_name(element, &mut name);
                        add(&name, 1.0);
                    }
                    Piece::Value => {
                        let value = world.facts().value(element, relation);
                        add(world.relations()[relation].tokens(value), 1.0);
                    }
                    Piece::Filler(slot) => {
                        let slot = &class.slots()[*slot];
                        for (word, q) in slot.words().iter().zip(slot.probabilities()) {
                            add(&[*word], *q);
                        }
                    }
                }
            }
            begun = next;
        }
        all.extend(begun);
    }
    all
}

/// Σ of x smallest first, compensated: the enumeration adds up millions of terms.
fn sum(mut terms: Vec<f64>) -> f64 {
    terms.sort_by(|a, b| a.abs().total_cmp(&b.abs()));
    let (mut sum, mut lost) = (0.0, 0.0);
    for term in terms {
        let next = sum + (term - lost);
        lost = (next - sum) - (term - lost);
        sum = next;
    }
    sum
}

fn check(config: &WorldConfig, seed: u64) {
    let world = World::new(config, seed).unwrap();
    let documents = every_document(&world);
    let total = sum(documents.values().copied().collect());
    assert!((total - 1.0).abs() < 1e-12, "{total}");

    let mut beginnings: HashMap<&[Token], Vec<f64>> = HashMap::new();
    for (tokens, p) in &documents {
        for length in 0..=tokens.len() {
            beginnings.entry(&tokens[..length]).or_default().push(*p);
        }
    }
    let beginnings: HashMap<&[Token], f64> = beginnings
        .into_iter()
        .map(|(tokens, p)| (tokens, sum(p)))
        .collect();

    let of_words = Roles::of(&world);
    let mut by_token = Floor::by_token(&world);
    let mut by_role = Floor::by_role(&world);
    let (mut nats, mut entropy) = (Vec::new(), Vec::new());
    let mut roles: HashMap<Role, Vec<f64>> = HashMap::new();
    for (tokens, p) in &documents {
        let document = of_words.document(tokens);
        by_token.read(&document, &mut nats);
        assert_eq!(nats.len(), tokens.len());
        let mut sums = ByRole::default();
        for (at, token) in tokens.iter().enumerate() {
            let expected = (beginnings[&tokens[..at]] / beginnings[&tokens[..=at]]).ln();
            let found = nats[at];
            assert!(
                (found - expected).abs() < 1e-10,
                "{found} {expected} at {at} of {tokens:?}"
            );
            let role = of_words.role(*token);
            sums.add_to(role, expected);
            roles.entry(role).or_default().push(p * expected);
        }
        let found = by_role.sum(&document, &mut nats);
        for role in Role::ALL {
            assert!((found.get(role) - sums.get(role)).abs() < 1e-10);
        }
        entropy.push(-p * p.ln());
    }
    let expected = expected_floor(&world);
    for role in Role::ALL {
        let enumerated = sum(roles.remove(&role).unwrap());
        let found = expected.get(role);
        assert!(
            (found - enumerated).abs() < 1e-10,
            "{role:?}: {found} {enumerated}"
        );
    }
    let entropy = sum(entropy);
    assert!((expected.total() - entropy).abs() < 1e-10);
    assert!((DocumentEntropy::of(&world).document() - entropy).abs() < 1e-10);
    assert!(expected.value.abs() < 1e-12 && expected.eos.abs() < 1e-12);
}

fn zipf(elements: u64) -> FrequencyConfig {
    FrequencyConfig::Zipf(ZipfConfig {
        elements,
        exponent: 1.3,
        bias: 0.5,
    })
}

fn relations(weights: &[f64]) -> Vec<RelationConfig> {
    let named = ["birth_city", "employer_city", "birth_date"].into_iter();
    named
        .zip(weights)
        .map(|(name, weight)| RelationConfig {
            name: name.to_owned(),
            values: Some(5),
            weight: *weight,
        })
        .collect()
}

#[test]
fn one_fact_a_document() {
    let config = WorldConfig {
        frequency: zipf(12),
        relations: relations(&[1.0, 2.5, 0.5]),
        names: NamesConfig {
            pools: Some(vec![3, 2, 4]),
        },
        syntax: SyntaxConfig {
            filler_slots: Some(2),
            ..SyntaxConfig::default()
        },
        ..WorldConfig::default()
    };
    (1..=3).for_each(|seed| check(&config, seed));
}

#[test]
fn several_facts_a_document_with_a_shared_class() {
    let config = WorldConfig {
        frequency: pitman_yor(0.3, 1.0, 6),
        relations_per_document: RelationCount::Exactly(2),
        relations: relations(&[1.0, 2.5, 0.5]),
        syntax: SyntaxConfig {
            classes: Some(2),
            templates: Some(3),
            filler_words: Some(3),
            ..SyntaxConfig::default()
        },
        ..WorldConfig::default()
    };
    (1..=3).for_each(|seed| check(&config, seed));
}

#[test]
fn biographies_of_all_relations() {
    let config = WorldConfig {
        family: Family::Biography,
        frequency: zipf(3),
        relations_per_document: RelationCount::All(All::All),
        relations: relations(&[1.0, 3.0]),
        names: NamesConfig {
            pools: Some(vec![2, 2, 2]),
        },
        syntax: SyntaxConfig {
            templates: Some(8),
            filler_words: Some(2),
            ..SyntaxConfig::default()
        },
        ..WorldConfig::default()
    };
    check(&config, 1);
}

#[test]
fn what_the_world_cannot_have_written_costs_infinity_from_there_on() {
    let config = WorldConfig {
        frequency: zipf(50),
        ..WorldConfig::default()
    };
    let world = World::new(&config, 1).unwrap();
    let mut floor = Floor::by_token(&world);
    let document = world.document(7);
    let mut nats = Vec::new();
    let roles = Roles::of(&world);
    let first_infinite = |tokens: &[Token], floor: &mut Floor, nats: &mut Vec<f64>| {
        floor.read(&roles.document(tokens), nats);
        assert_eq!(nats.len(), tokens.len());
        let at = nats.iter().position(|nats| nats.is_infinite());
        assert!(
            nats[at.unwrap_or(nats.len())..]
                .iter()
                .all(|nats| nats.is_infinite())
        );
        at
    };
    let mut read = |tokens: &[Token]| first_infinite(tokens, &mut floor, &mut nats);
    assert_eq!(read(&document.tokens), None);
    let value = document
        .roles
        .iter()
        .position(|r| *r == Role::Value)
        .unwrap();
    let mut wrong = document.tokens.clone();
    let relation = &world.relations()[document.facts[0].relation as usize];
    let other = (world.value_of(document.facts[0]) + 1) % 64;
    wrong[value] = relation.tokens(other)[0];
    assert_eq!(read(&wrong), Some(value));
    wrong.clone_from(&document.tokens);
    wrong.insert(0, 0);
    assert_eq!(read(&wrong), Some(0));
    wrong.clone_from(&document.tokens);
    wrong.push(0);
    assert_eq!(read(&wrong), Some(wrong.len() - 2));
    wrong.truncate(wrong.len() - 1);
    assert_eq!(read(&wrong), None);
    wrong[1] = 1_000_000;
    assert_eq!(read(&wrong), Some(1));
}

#[test]
fn the_average_over_the_stream_is_the_expectation() {
    for (config, seed) in [
        (WorldConfig::default(), 3),
        (
            WorldConfig {
                family: Family::Biography,
                relations_per_document: RelationCount::Exactly(3),
                ..WorldConfig::default()
            },
            4,
        ),
    ] {
        let world = World::new(&config, seed).unwrap();
        let mut floor = Floor::by_role(&world);
        let mut nats = Vec::new();
        let n = 20_000;
        let sums: Vec<ByRole> = (0..n)
            .map(|d| floor.sum(&world.document(d), &mut nats))
            .collect();
        let expected = expected_floor(&world);
        for role in [Role::Syntax, Role::Subject] {
            let n = n as f64;
            let mean = sums.iter().map(|s| s.get(role)).sum::<f64>() / n;
            let squares = sums.iter().map(|s| (s.get(role) - mean).powi(2));
            let error = (squares.sum::<f64>() / (n - 1.0) / n).sqrt();
            let expected = expected.get(role);
            assert!(
                (mean - expected).abs() < 4.0 * error,
                "{role:?} {mean} {expected} {error}"
            );
        }
        assert!(sums.iter().all(|s| s.value == 0.0 && s.eos == 0.0));
    }
}

#[test]
fn a_document_costs_the_same_bits_whatever_was_read_before_it() {
    // A run that resumes has a new predictor, which meets beliefs in another order.
    let config = WorldConfig {
        family: Family::Biography,
        frequency: zipf(50),
        relations_per_document: RelationCount::All(All::All),
        ..WorldConfig::default()
    };
    let world = World::new(&config, 1).unwrap();
    let documents: Vec<_> = (0..400).map(|n| world.document(n)).collect();
    let mut forth = Floor::by_token(&world);
    let mut back = Floor::by_token(&world);
    let (mut nats, mut costs) = (Vec::new(), Vec::new());
    for document in &documents {
        forth.read(document, &mut nats);
        costs.push(nats.clone());
    }
    for (document, costs) in documents.iter().zip(&costs).rev() {
        back.read(document, &mut nats);
        let same = |(a, b): (&f64, &f64)| a.to_bits() == b.to_bits();
        assert!(nats.iter().zip(costs).all(same), "{nats:?} {costs:?}");
    }
}
