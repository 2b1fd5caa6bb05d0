//! A predictor that knows nothing of the structure has a longer code.

use std::collections::HashMap;

use kolmo_config::Discount;
use kolmo_theory::{BayesLearner, Floor};
use kolmo_world::{Token, World, WorldConfig};

use crate::{
    common::{documents_of, pitman_yor},
    relation,
};

/// A trigram model that learns as it goes: KT counts at each order, each backed off to the one below
/// in proportion to what it has seen (Witten-Bell).
#[derive(Default)]
struct Trigram {
    counts: HashMap<Vec<Token>, HashMap<Token, f64>>,
}

impl Trigram {
    fn probability(&self, context: &[Token], token: Token, vocabulary: f64) -> f64 {
        let below = match context.split_first() {
            Some((_, shorter)) => self.probability(shorter, token, vocabulary),
            None => 1.0 / vocabulary,
        };
        let Some(after) = self.counts.get(context) else {
            return below;
        };
        let (seen, kinds): (f64, f64) = (after.values().sum(), after.len() as f64);
        (after.get(&token).unwrap_or(&0.0) + kinds * below) / (seen + kinds)
    }

    fn read(&mut self, document: &[Token], vocabulary: f64) -> f64 {
        let mut nats = 0.0;
        let mut before = vec![0, 0];
        for token in document {
            nats -= self.probability(&before, *token, vocabulary).ln();
            for order in 0..=before.len() {
                let context = before[order..].to_vec();
                *self
                    .counts
                    .entry(context)
                    .or_default()
                    .entry(*token)
                    .or_default() += 1.0;
            }
            before.remove(0);
            before.push(*token);
        }
        nats
    }
}

#[test]
fn no_other_predictor_tried_has_a_shorter_code() {
    let config = WorldConfig {
        frequency: pitman_yor(0.5, 1.0, 20_000),
        relations: vec![relation("a", 16, 1.0), relation("b", 16, 1.0)],
        ..WorldConfig::default()
    };
    for seed in 0..5 {
        let world = World::new(&config, seed).unwrap();
        let mut nats = Vec::new();
        let mut bayes = BayesLearner::new(&world, Discount::Law);
        let mut fitted = BayesLearner::new(&world, Discount::Fit);
        let mut floor = Floor::by_role(&world);
        let mut trigram = Trigram::default();
        let vocabulary = world.vocabulary().len() as f64;
        let (mut code, mut fit, mut truth, mut trigrams) = (0.0, 0.0, 0.0, 0.0);
        for document in documents_of(&world, 0, 5000) {
            code += bayes.sum(&document, &mut nats).total();
            fit += fitted.sum(&document, &mut nats).total();
            truth += floor.sum(&document, &mut nats).total();
            trigrams += trigram.read(&document.tokens, vocabulary);
        }
        assert!(truth < code && code < trigrams, "{truth} {code} {trigrams}");
        // Not knowing the parameters costs about ln n nats for the two of them.
        assert!(fit - code < 20.0, "{fit} {code}");
    }
}
