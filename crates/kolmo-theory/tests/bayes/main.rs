//! The Bayes learner against its own definition, closed forms and competitors.

#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]

#[path = "../common/mod.rs"]
mod common;
mod joint;
mod redundancy;
mod trigram;

use common::{Roles, documents_of, pitman_yor, zipf};
use kolmo_config::Discount;
use kolmo_theory::{BayesLearner, PitmanYorParameters};
use kolmo_world::{
    Document, Role, Token, World, WorldConfig,
    config::{FrequencyConfig, NamesConfig, RelationConfig, SyntaxConfig, UniformConfig},
    syntax::Piece,
};

fn relation(name: &str, values: usize, weight: f64) -> RelationConfig {
    RelationConfig {
        name: name.to_owned(),
        values: Some(values),
        weight,
    }
}

/// A world of so few documents that all can be written down.
fn tiny(frequency: FrequencyConfig) -> WorldConfig {
    WorldConfig {
        frequency,
        relations: vec![relation("a", 2, 1.0), relation("b", 3, 2.0)],
        names: NamesConfig {
            pools: Some(vec![2, 3]),
        },
        syntax: SyntaxConfig {
            templates: Some(3),
            filler_words: Some(2),
            ..SyntaxConfig::default()
        },
        ..WorldConfig::default()
    }
}

/// Every document that the structure of `world` allows, true or not: any name, any value.
fn every_possible_document(world: &World) -> Vec<Document> {
    let roles = Roles::of(world);
    let mut all = Vec::new();
    let space = world.facts().subjects();
    for relation in 0..world.relations().len() {
        let class = world.syntax().class(relation);
        for template in class.templates() {
            for element in 0..space {
                let mut name = Vec::new();
                world.facts().write_name(element, &mut name);
                let mut begun = vec![Vec::new()];
                for piece in template.pieces() {
                    let ways: Vec<Vec<Token>> = match piece {
                        Piece::Word(word) => vec![vec![*word]],
                        Piece::Relation => {
                            vec![world.syntax().relation_word(relation).into_iter().collect()]
                        }
                        Piece::Subject => vec![name.clone()],
                        Piece::Value => {
                            let relation = &world.relations()[relation];
                            let values = 0..relation.value_count() as u32;
                            values.map(|v| relation.tokens(v).to_vec()).collect()
                        }
                        Piece::Filler(slot) => {
                            let words = class.slots()[*slot].words();
                            words.iter().map(|w| vec![*w]).collect()
                        }
                    };
                    begun = begun
                        .iter()
                        .flat_map(|b| ways.iter().map(move |way| [&b[..], &way[..]].concat()))
                        .collect();
                }
                let documents = begun.into_iter().map(|tokens| [tokens, vec![0]].concat());
                all.extend(documents.map(|tokens| roles.document(&tokens)));
            }
        }
    }
    all
}

#[test]
fn its_predictions_add_up_to_one() {
    let world = World::new(&tiny(zipf(6, 1.2)), 1).unwrap();
    let possible = every_possible_document(&world);
    let mut nats = Vec::new();
    let with = |discount, concentration| {
        let parameters = PitmanYorParameters {
            discount,
            concentration,
        };
        BayesLearner::with_parameters(&world, parameters)
    };
    for mut learner in [
        BayesLearner::new(&world, Discount::Law),
        BayesLearner::new(&world, Discount::Fit),
        with(0.5, 0.0),
        with(0.5, -0.2),
        with(0.0, 3.0),
    ] {
        for n in 0..60 {
            let total: f64 = possible
                .iter()
                .map(|document| {
                    learner.clone().read(document, &mut nats);
                    (-nats.iter().sum::<f64>()).exp()
                })
                .sum();
            assert!((total - 1.0).abs() < 1e-12, "after {n} documents: {total}");
            learner.read(&world.document(n), &mut nats);
        }
        assert_eq!(learner.distinct(), 6, "also when no name is left");
    }
}

#[test]
fn it_believes_in_the_law_or_in_what_it_reads() {
    let process = pitman_yor(0.4, 3.0, 10_000);
    let uniform = FrequencyConfig::Uniform(UniformConfig { elements: 500 });
    let learner_after = |frequency, discount, documents| {
        let world = World::new(&tiny_but(frequency), 1).unwrap();
        let mut learner = BayesLearner::new(&world, discount);
        let mut nats = Vec::new();
        for document in documents_of(&world, 0, documents) {
            learner.read(&document, &mut nats);
        }
        learner.parameters()
    };
    let law = learner_after(process.clone(), Discount::Law, 100);
    assert_eq!((law.discount, law.concentration), (0.4, 3.0));
    let law = learner_after(zipf(1000, 1.6), Discount::Law, 100);
    assert_eq!(law.discount, 1.0 / 1.6);
    // The standard error of a fitted discount is below 0.5 / √K, with some 100 and 900 subjects met.
    let fit = learner_after(process, Discount::Fit, 4000);
    assert!((fit.discount - 0.4).abs() < 4.0 * 0.05, "{fit:?}");
    let fit = learner_after(zipf(1_000_000, 1.6), Discount::Fit, 40_000);
    assert!((fit.discount - 1.0 / 1.6).abs() < 4.0 * 0.017, "{fit:?}");
    // A law without a discount is fitted, and all alike is best told by a small one.
    let fit = learner_after(uniform, Discount::Law, 4000);
    assert!(fit.discount < 0.01 && fit.concentration > 50.0, "{fit:?}");
}

/// A world of two relations with any number of subjects.
fn tiny_but(frequency: FrequencyConfig) -> WorldConfig {
    WorldConfig {
        names: NamesConfig::default(),
        ..tiny(frequency)
    }
}

#[test]
fn what_cannot_be_costs_infinity_and_is_not_learnt() {
    let world = World::new(&tiny(zipf(6, 1.2)), 1).unwrap();
    let mut learner = BayesLearner::new(&world, Discount::Law);
    let mut nats = Vec::new();
    let document = world.document(0);
    learner.read(&document, &mut nats);
    let value = document
        .roles
        .iter()
        .position(|r| *r == Role::Value)
        .unwrap();
    let relation = &world.relations()[document.facts[0].relation as usize];
    let other = (world.value_of(document.facts[0]) + 1) % relation.value_count() as u32;
    let mut wrong = document.clone();
    wrong.tokens[value] = relation.tokens(other)[0];
    learner.read(&wrong, &mut nats);
    assert_eq!(nats.len(), wrong.tokens.len());
    assert_eq!(nats.iter().position(|n| n.is_infinite()), Some(value));
    learner.read(&Roles::of(&world).document(&[999]), &mut nats);
    assert_eq!(nats, [f64::INFINITY]);
    learner.read(&document, &mut nats);
    assert!(nats.iter().all(|n| n.is_finite()));
}

#[test]
fn a_learner_that_is_taken_up_again_goes_on_as_if_it_had_never_stopped() {
    let laws = [
        zipf(300, 1.3),
        FrequencyConfig::Uniform(UniformConfig { elements: 40 }),
    ];
    for (frequency, discount) in laws.into_iter().zip([Discount::Law, Discount::Fit]) {
        let config = WorldConfig {
            names: NamesConfig {
                pools: Some(vec![20, 30]),
            },
            ..tiny(frequency)
        };
        let world = World::new(&config, 1).unwrap();
        let mut learner = BayesLearner::new(&world, discount);
        let mut nats = Vec::new();
        // 1000 documents between two fits, and one more fit to come.
        (0..1000).for_each(|n| learner.read(&world.document(n), &mut nats));
        let kept = serde_json::to_string(&learner.state()).unwrap();
        assert_eq!(kept, serde_json::to_string(&learner.state()).unwrap());
        let state = serde_json::from_str(&kept).unwrap();
        let mut resumed = BayesLearner::resume(&world, discount, state).unwrap();
        assert_eq!(resumed.state(), learner.state());
        let mut again = Vec::new();
        for n in 1000..3000 {
            let document = world.document(n);
            learner.read(&document, &mut nats);
            resumed.read(&document, &mut again);
            assert!(
                nats.iter()
                    .zip(&again)
                    .all(|(a, b)| a.to_bits() == b.to_bits())
            );
        }
        assert_eq!(resumed.state(), learner.state());

        // A state of another world is refused.
        let other = WorldConfig {
            relations: vec![relation("one", 2, 1.0)],
            ..config
        };
        let other = World::new(&other, 1).unwrap();
        assert!(BayesLearner::resume(&other, discount, learner.state()).is_err());
    }
}
