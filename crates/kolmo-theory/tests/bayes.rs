//! The Bayes learner against its own definition, closed forms and competitors.

#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]

mod common;

use std::collections::{BTreeMap, HashMap};

use common::{Mean, Roles, documents_of, zipf};
use kolmo_config::Discount;
use kolmo_theory::{BayesLearner, ByRole, Floor, PitmanYorParameters};
use kolmo_world::{
    Document, Fact, Role, Token, World, WorldConfig,
    config::{
        Family, FrequencyConfig, NamesConfig, PitmanYorConfig, RelationConfig, RelationCount,
        SyntaxConfig, UniformConfig, ZipfConfig,
    },
    syntax::Piece,
};
use statrs::function::gamma::{digamma, ln_gamma};

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

#[test]
fn it_believes_in_the_law_or_in_what_it_reads() {
    let process = FrequencyConfig::PitmanYor(PitmanYorConfig {
        discount: 0.4,
        concentration: 3.0,
        elements: 10_000,
    });
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

/// Mutual information of n draws of a Dirichlet-multinomial and its parameters, nats:
/// E[−ln P(draws)] − n E[H].
fn dirichlet_information(outcomes: usize, concentration: f64, draws: usize) -> f64 {
    let (k, a, n) = (outcomes as f64, concentration, draws as f64);
    // The count of one outcome is beta-binomial.
    let count = |c: f64| {
        let choose = ln_gamma(n + 1.0) - ln_gamma(c + 1.0) - ln_gamma(n - c + 1.0);
        let beta = |x: f64, y: f64| ln_gamma(x) + ln_gamma(y) - ln_gamma(x + y);
        (choose + beta(c + a, n - c + (k - 1.0) * a) - beta(a, (k - 1.0) * a)).exp()
    };
    let counts = (0..=draws).map(|c| c as f64);
    let rising: f64 = counts
        .map(|c| count(c) * (ln_gamma(a + c) - ln_gamma(a)))
        .sum();
    let code = ln_gamma(k * a + n) - ln_gamma(k * a) - k * rising;
    code - n * (digamma(k * a + 1.0) - digamma(a + 1.0))
}

/// Mutual information of n draws of a Pitman-Yor process with random names and its weights, nats, from
/// the distribution of K_n and the expected number of elements drawn j times.
fn element_information(alpha: f64, beta: f64, draws: usize, names: f64) -> f64 {
    let mut distinct = vec![0.0; draws + 2];
    distinct[1] = 1.0;
    for n in 1..draws {
        for k in (1..=n + 1).rev() {
            let (n, kf) = (n as f64, k as f64);
            let again = distinct[k] * (n - alpha * kf) / (n + beta);
            let new = distinct[k - 1] * (beta + alpha * (kf - 1.0)) / (n + beta);
            distinct[k] = again + if k > 1 { new } else { 0.0 };
        }
    }
    let n = draws as f64;
    // ln of the rising factorial x (x + 1) ... (x + m − 1).
    let rising = |x: f64, m: f64| ln_gamma(x + m) - ln_gamma(x);
    let alike = |j: f64| {
        let choose = ln_gamma(n + 1.0) - ln_gamma(j + 1.0) - ln_gamma(n - j + 1.0);
        let ways = rising(1.0 - alpha, j - 1.0) + rising(beta + alpha, n - j)
            - rising(beta + 1.0, n - 1.0);
        (choose + ways).exp()
    };
    let again: f64 = (1..=draws)
        .map(|j| alike(j as f64) * rising(1.0 - alpha, j as f64 - 1.0))
        .sum();
    let (mut at_most, mut new, mut named) = (0.0, 0.0, 0.0);
    for (k, exactly) in distinct.iter().enumerate().take(draws) {
        at_most += exactly;
        let more = 1.0 - at_most;
        named += more * (names - k as f64).ln();
        if k > 0 {
            new += more * (beta + k as f64 * alpha).ln();
        }
    }
    let code = rising(beta + 1.0, n - 1.0) - new - again + named;
    code - n * (digamma(beta + 1.0) - digamma(1.0 - alpha))
}

#[test]
fn on_its_own_prior_it_is_redundant_by_the_mutual_information() {
    // So flat a tail that 3000 sticks leave 10^-10 of the mass.
    let (alpha, beta, draws, templates) = (0.25, 2.0, 300, 4);
    let config = WorldConfig {
        frequency: FrequencyConfig::PitmanYor(PitmanYorConfig {
            discount: alpha,
            concentration: beta,
            elements: 3000,
        }),
        relations: vec![relation("a", 16, 1.0)],
        syntax: SyntaxConfig {
            templates: Some(templates),
            filler_slots: Some(0),
            template_concentration: 0.8,
            ..SyntaxConfig::default()
        },
        ..WorldConfig::default()
    };
    let (mut total, mut value, mut wrong) = (Mean::default(), Mean::default(), Mean::default());
    let mut names = 0.0;
    for seed in 0..1500 {
        let world = World::new(&config, seed).unwrap();
        names = world.facts().subjects() as f64;
        let mut learner = BayesLearner::new(&world, Discount::Law);
        let mut other = BayesLearner::with_parameters(
            &world,
            PitmanYorParameters {
                discount: 0.7,
                concentration: beta,
            },
        );
        let mut floor = Floor::by_role(&world);
        let mut nats = Vec::new();
        let (mut code, mut truth, mut competitor) = (ByRole::default(), 0.0, 0.0);
        for document in documents_of(&world, 0, draws as u64) {
            code += learner.sum(&document, &mut nats);
            competitor += other.sum(&document, &mut nats).total();
            truth += floor.sum(&document, &mut nats).total();
        }
        total.add(code.total() - truth);
        value.add(code.value);
        wrong.add(competitor - code.total());
    }
    let process = PitmanYorParameters {
        discount: alpha,
        concentration: beta,
    };
    let values = 16f64.ln() * process.expected_distinct(draws as u64);
    let expected = element_information(alpha, beta, draws, names)
        + dirichlet_information(templates, 0.8, draws)
        + values;
    value.assert_near(values, "value");
    total.assert_near(expected, "total");
    // Another discount has the longer code: by more than chance.
    assert!(
        wrong.mean() > 4.0 * wrong.error(),
        "{} ± {}",
        wrong.mean(),
        wrong.error()
    );
}

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
        frequency: FrequencyConfig::PitmanYor(PitmanYorConfig {
            discount: 0.5,
            concentration: 1.0,
            elements: 20_000,
        }),
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
        FrequencyConfig::Zipf(ZipfConfig {
            elements: 300,
            exponent: 1.3,
            bias: 0.0,
        }),
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
