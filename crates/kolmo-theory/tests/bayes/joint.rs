//! Its code against the joint probability of all documents, written down at once.

use std::collections::{BTreeMap, HashMap};

use kolmo_theory::{BayesLearner, ByRole, PitmanYorParameters};
use kolmo_world::{
    Document, Fact, Role, Token, World, WorldConfig,
    config::{Family, RelationCount},
    syntax::Piece,
};
use statrs::function::gamma::ln_gamma;

use crate::{
    common::{Roles, documents_of, zipf},
    relation, tiny,
};

/// −ln of the probability of counts under a Dirichlet prior, in any order.
fn dirichlet(counts: &[f64], concentration: f64) -> f64 {
    let total: f64 = counts.iter().sum();
    let outcomes = counts.len() as f64;
    let each = counts
        .iter()
        .map(|c| ln_gamma(concentration + c) - ln_gamma(concentration));
    let all = ln_gamma(concentration * outcomes + total) - ln_gamma(concentration * outcomes);
    all - each.sum::<f64>()
}

/// What the joint probability of documents depends on.
#[derive(Default)]
struct Counts {
    met: HashMap<u64, u64>,
    facts: HashMap<Fact, f64>,
    /// By the relations stated before, in order of their numbers.
    relations: BTreeMap<Vec<u32>, BTreeMap<u32, f64>>,
    templates: BTreeMap<usize, BTreeMap<usize, f64>>,
    fillers: BTreeMap<(usize, usize), BTreeMap<Token, f64>>,
}

impl Counts {
    fn of(world: &World, documents: &[Document]) -> Self {
        let mut counts = Self::default();
        let roles = Roles::of(world);
        let stop = world.vocabulary().token(".").unwrap();
        for document in documents {
            *counts.met.entry(document.facts[0].element).or_default() += 1;
            let mut before = Vec::new();
            let sentences = document.tokens.split_inclusive(|t| *t == stop);
            for (fact, sentence) in document.facts.iter().zip(sentences) {
                let r = fact.relation;
                let content = world.relations()[r as usize].mean_content();
                counts.facts.insert(*fact, content);
                let choices = counts.relations.entry(before.clone()).or_default();
                *choices.entry(r).or_default() += 1.0;
                before.push(r);
                before.sort_unstable();
                counts.count_sentence(world, &roles, r as usize, sentence);
            }
        }
        counts
    }

    fn count_sentence(
        &mut self,
        world: &World,
        roles: &Roles,
        relation: usize,
        sentence: &[Token],
    ) {
        let c = world.syntax().class_index(relation);
        let class = &world.syntax().classes()[c];
        let written = |pieces: &[Piece]| -> Option<Vec<(usize, Token)>> {
            let (mut rest, mut filled) = (sentence, Vec::new());
            for piece in pieces {
                let first = *rest.first()?;
                let (fits, length) = match piece {
                    Piece::Word(word) => (first == *word, 1),
                    Piece::Relation => (Some(first) == world.syntax().relation_word(relation), 1),
                    Piece::Subject => (
                        roles.role(first) == Role::Subject,
                        *world.facts().name_lengths().end(),
                    ),
                    Piece::Value => {
                        let is_value = |t: &&Token| roles.role(**t) == Role::Value;
                        let length = rest.iter().take_while(is_value).count();
                        (length > 0, length)
                    }
                    Piece::Filler(s) => {
                        filled.push((*s, first));
                        (class.slots()[*s].words().contains(&first), 1)
                    }
                };
                rest = fits.then(|| &rest[length..])?;
            }
            rest.is_empty().then_some(filled)
        };
        let parses = class.templates().iter().map(|t| written(t.pieces()));
        let (t, filled) = parses.enumerate().find_map(|(t, f)| Some((t, f?))).unwrap();
        *self.templates.entry(c).or_default().entry(t).or_default() += 1.0;
        for (slot, word) in filled {
            *self
                .fillers
                .entry((c, slot))
                .or_default()
                .entry(word)
                .or_default() += 1.0;
        }
    }

    /// −ln of the joint probability under the learner's prior, written down at once: no filter, no tree,
    /// no order.
    fn nats(&self, world: &World, parameters: PitmanYorParameters) -> f64 {
        let met: Vec<(u64, u64)> = self.met.values().map(|c| (*c, 1)).collect();
        let names =
            (0..self.met.len() as u64).map(|k| ((world.facts().subjects() - k) as f64).ln());
        let subjects = names.sum::<f64>() - parameters.log_likelihood(&met);
        let padded = |counts: Vec<f64>, outcomes: usize| {
            let zeros = vec![0.0; outcomes - counts.len()];
            [counts, zeros].concat()
        };
        let config = &world.config().syntax;
        let classes = world.syntax().classes();
        let relations = self.relations.iter().map(|(before, counts)| {
            let outcomes = world.relations().len() - before.len();
            dirichlet(&padded(counts.values().copied().collect(), outcomes), 1.0)
        });
        let templates = self.templates.iter().map(|(c, counts)| {
            let outcomes = classes[*c].templates().len();
            let counts = padded(counts.values().copied().collect(), outcomes);
            dirichlet(&counts, config.template_concentration)
        });
        let fillers = self.fillers.iter().map(|((c, s), counts)| {
            let outcomes = classes[*c].slots()[*s].words().len();
            let counts = padded(counts.values().copied().collect(), outcomes);
            dirichlet(&counts, config.filler_concentration)
        });
        let facts: f64 = self.facts.values().sum();
        subjects + facts + relations.sum::<f64>() + templates.sum::<f64>() + fillers.sum::<f64>()
    }
}

#[test]
fn its_code_is_the_joint_probability_and_the_roles_add_up_to_it() {
    let mut config = tiny(zipf(400, 1.5));
    config.names.pools = Some(vec![20, 30]);
    config.relations.push(relation("c", 50, 0.3));
    config.syntax.classes = Some(2);
    config.syntax.template_concentration = 0.7;
    config.syntax.filler_concentration = 2.5;
    let biography = WorldConfig {
        family: Family::Biography,
        frequency: zipf(2000, 1.5),
        ..WorldConfig::default()
    };
    for (seed, config, stated) in [
        (1, &config, 1),
        (2, &config, 1),
        (3, &config, 2),
        (4, &config, 3),
        (5, &biography, 1),
        (6, &biography, 3),
    ] {
        let config = WorldConfig {
            relations_per_document: RelationCount::Exactly(stated),
            ..config.clone()
        };
        let world = World::new(&config, seed).unwrap();
        let documents = documents_of(&world, 0, 3000);
        let parameters = PitmanYorParameters {
            discount: 0.6,
            concentration: 1.7,
        };
        let mut learner = BayesLearner::with_parameters(&world, parameters);
        let mut nats = Vec::new();
        let mut code = ByRole::default();
        for document in &documents {
            code += learner.sum(document, &mut nats);
        }
        let counts = Counts::of(&world, &documents);
        let (total, expected) = (code.total(), counts.nats(&world, parameters));
        assert!(
            (total / expected - 1.0).abs() < 1e-11,
            "{stated}: {total} {expected}"
        );
        assert_eq!(code.eos, 0.0);
        let values: f64 = counts.facts.values().sum();
        assert!((code.value / values - 1.0).abs() < 1e-11);
    }
}
