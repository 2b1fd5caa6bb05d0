//! A world of a source that no configuration can name, through everything that is made of a world: floor, Bayes learner, theory, probes,
//! a run and its identity. Its names differ in length, one begins another, its values are not alike, and words have two uses.

#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]

#[path = "../../kolmo-world/tests/sources/three_facts.rs"]
mod three_facts;

use std::{collections::HashSet, f64::consts::LN_2, fs, path::Path};

use burn::prelude::Device;
use kolmo_config::{
    CompressionConfig, ConfigError, Discount, EvalConfig, ModelConfig, RunConfig, TrainConfig,
};
use kolmo_eval::measure::measure;
use kolmo_kernels::Workers;
use kolmo_model::{DeviceName, Model};
use kolmo_probe::Probe;
use kolmo_run::{EvaluationRecord, Lock, Manifest, Provenance, RunDirectory, StepRecord};
use kolmo_theory::{
    BayesLearner, ByRole, Floor,
    capacity::Capacity,
    discovery::{expected_value_loss, mean_content},
    entropy::DocumentEntropy,
    expected_floor,
    hallucination::expected_error,
    structure::{structure_function, syntax_saving_bits, two_part_code},
    survey::Survey,
};
use kolmo_train::{COMPANIONS, Job, Observer, Outcome, Start};
use kolmo_world::{Document, EOS, Role, Token, World, random::Streams, syntax::Piece};
use three_facts::ThreeFacts;

/// H(1/2, 1/4, 1/4), nats.
const ENTROPY: f64 = 1.5 * LN_2;

fn world() -> World {
    three_facts::world("Sparta")
}

fn assert_near(found: f64, expected: f64) {
    assert!((found - expected).abs() < 1e-10, "{found} {expected}");
}

/// Every document that the structure allows, and of which template.
fn possible(world: &World, values: impl Fn(u64) -> Vec<u32>) -> Vec<(u64, usize, Document)> {
    let (class, relation) = (world.syntax().class(0), &world.relations()[0]);
    let mut all = Vec::new();
    for subject in 0..3 {
        for (k, template) in class.templates().iter().enumerate() {
            for value in values(subject) {
                let mut document = Document::default();
                for piece in template.pieces() {
                    let role = match piece {
                        Piece::Word(word) => {
                            document.tokens.push(*word);
                            Role::Syntax
                        }
                        Piece::Subject => {
                            world.facts().write_name(subject, &mut document.tokens);
                            Role::Subject
                        }
                        Piece::Value => {
                            document.tokens.extend(relation.tokens(value));
                            Role::Value
                        }
                        other => panic!("{other:?}"),
                    };
                    document.roles.resize(document.tokens.len(), role);
                }
                document.tokens.push(EOS);
                document.roles.push(Role::Eos);
                all.push((subject, k, document));
            }
        }
    }
    all
}

#[test]
fn a_document_costs_who_knows_the_world_what_its_draw_does() {
    let world = world();
    let (mut by_token, mut by_role) = (Floor::by_token(&world), Floor::by_role(&world));
    let (mut nats, mut expected) = (Vec::new(), ByRole::default());
    let templates = world.syntax().class(0).template_probabilities().to_vec();
    let value = |subject| vec![world.facts().value(subject, 0)];
    for (subject, template, document) in possible(&world, value) {
        let p = world
            .frequency()
            .probability(world.frequency().rank(subject));
        let p = p * templates[template];
        let sum = by_role.sum(&document, &mut nats);
        assert_near(sum.total(), -p.ln());
        assert_eq!((sum.value, sum.eos), (0.0, 0.0));
        let other = by_token.sum(&document, &mut nats);
        for role in Role::ALL {
            assert_near(other.get(role), sum.get(role));
        }
        expected += sum.scaled(p);
    }
    let floor = expected_floor(&world);
    for role in Role::ALL {
        assert_near(expected.get(role), floor.get(role));
    }
    assert_near(floor.total(), DocumentEntropy::of(&world).document());
    // A name that goes on costs its words and its end.
    let (mut longer, mut alone) = (0.0, 0.0);
    for (subject, _, document) in possible(&world, value) {
        by_token.read(&document, &mut nats);
        let of = |role| {
            let places = document
                .roles
                .iter()
                .zip(&nats)
                .filter(|(r, _)| **r == role);
            places.map(|(_, nats)| *nats).collect::<Vec<f64>>()
        };
        match subject {
            0 => longer = of(Role::Subject)[1..].iter().sum(),
            2 => alone = of(Role::Subject).len() as f64,
            _ => {}
        }
    }
    let p = |subject| {
        world
            .frequency()
            .probability(world.frequency().rank(subject))
    };
    assert_near(longer, -(p(0) / (p(0) + p(2))).ln());
    assert_eq!(alone, 1.0);
}

#[test]
fn the_learner_believes_in_the_prior_and_in_what_it_reads() {
    let world = world();
    let all = possible(&world, |_| vec![0, 1, 2]);
    let mut learner = BayesLearner::new(&world, Discount::Law);
    let (mut nats, mut code, mut paid) = (Vec::new(), 0.0, 0.0);
    let mut met = HashSet::new();
    for n in 0..40 {
        let p = all.iter().map(|(_, _, document)| {
            learner.clone().read(document, &mut nats);
            (-nats.iter().sum::<f64>()).exp()
        });
        assert_near(p.sum(), 1.0);
        let document = world.document(n);
        let sum = learner.sum(&document, &mut nats);
        assert!(nats.iter().all(|nats| *nats >= 0.0 && nats.is_finite()));
        code += sum.value;
        let fact = document.facts[0];
        if met.insert(fact) {
            paid += world.content(fact);
        }
        let kept = serde_json::to_string(&learner.state()).unwrap();
        let kept = serde_json::from_str(&kept).unwrap();
        learner = BayesLearner::resume(&world, Discount::Law, kept).unwrap();
    }
    assert_eq!((met.len(), learner.distinct()), (3, 3));
    assert_near(code, paid);
    assert_near(code, 5.0 * LN_2);
    // It cannot be read without its roles, and says so.
    let said = learner.begin().unwrap_err().to_string();
    assert!(
        said.starts_with("world = \"Paris\" is not possible"),
        "{said}"
    );
}

#[test]
fn theory_has_the_entropy_of_the_prior_for_ln_v() {
    let world = world();
    assert_near(mean_content(&world), ENTROPY);
    assert_near(expected_value_loss(&world, 1..=3, 0.0), ENTROPY);
    assert_near(Capacity::new(&world).full(), 3.0 * ENTROPY);
    // Who knows nothing says Paris, and is right every other time.
    assert_near(expected_error(&world, 1..=3, 0.0, None), 0.5);
    assert!(expected_error(&world, 1..=3, 1e6, None) < 1e-9);
    // All facts with their names: three names, and the values.
    let code = two_part_code(&world, 1_000_000, 40);
    assert_near(code.last().unwrap().facts, 3.0);
    let slopes: Vec<f64> = code.iter().map(|point| point.saved_per_bit).collect();
    assert!(slopes.is_sorted_by(|a, b| a >= b));
    // An empty model leaves everything to be paid: floor, syntax, and each value at the price of the prior.
    for first in [code[0], structure_function(&world, 1_000_000, 40)[0]] {
        let a_document = expected_floor(&world).total() + ENTROPY;
        let expected = 1e6 * a_document / LN_2 + syntax_saving_bits(&world, 1_000_000);
        assert!((first.data_bits / expected - 1.0).abs() < 1e-9 && first.facts < 1e-9);
    }

    let survey = Survey::of(&world, 2000, |_| {});
    let words = survey.vocabulary;
    // Paris, of, Troy, Helen; Paris, Sparta, New; lives, in, The, home, of, is and the full stop.
    let counts = (words.subject, words.value, words.syntax, words.eos);
    assert_eq!(counts, (4, 3, 7, 1));
    // Of names of several lengths there is no closed form.
    assert_eq!(survey.tokens.subject.expected, None);
    let [lo, hi] = survey.floor_nats.document.ci95;
    let expected = survey.floor_nats.document.expected.unwrap();
    assert!(lo - 0.02 < expected && expected < hi + 0.02, "{survey:?}");
}

#[test]
fn prompts_of_any_length_are_asked_at_the_places_of_their_roles() {
    let (world, streams) = (world(), Streams::new(1));
    let probe = Probe::new(&world, &EvalConfig::default(), &streams);
    assert_eq!(probe.facts.len(), 3);
    for probed in &probe.facts {
        let mut name = Vec::new();
        world.facts().write_name(probed.fact.element, &mut name);
        assert_eq!(probed.prompt[probed.name.clone()], name);
        let value = world.value_of(probed.fact);
        let relation = &world.relations()[0];
        assert_eq!(probed.value, relation.tokens(value));
        assert_eq!(probed.content, relation.content(value));
        // It ends before the value, and has all that stands before.
        let words = |tokens: &[Token]| world.vocabulary().text(tokens);
        let asked = words(&probed.prompt);
        let name = words(&name);
        let expected = [format!("{name} lives in"), format!("The home of {name} is")];
        assert!(expected.contains(&asked), "{asked}");
    }
    let lengths: HashSet<usize> = probe.facts.iter().map(|f| f.prompt.len()).collect();
    assert!(lengths.len() > 1);

    let device = Device::flex();
    let vocabulary = world.vocabulary().len();
    let model = Model::new(&ModelConfig::default(), vocabulary, &streams, &device).unwrap();
    let workers = Workers::new(1).unwrap();
    let ask = |probe: &Probe| measure(&model, &world, probe, &device, &workers, &|| false).unwrap();
    for (k, together) in ask(&probe).iter().enumerate() {
        let alone = ask(&Probe {
            facts: vec![probe.facts[k].clone()],
            ..probe.clone()
        });
        assert!((together.loss_nats - alone[0].loss_nats).abs() < 1e-4);
        assert!((together.name_loss_nats - alone[0].name_loss_nats).abs() < 1e-4);
        assert_eq!(together.said, alone[0].said);
    }
}

/// A short run in `world`.
fn config(world: &World) -> RunConfig {
    let config = RunConfig {
        train: TrainConfig {
            documents: 1920,
            batch_documents: 64,
            ..TrainConfig::default()
        },
        eval: EvalConfig {
            evaluations: 3,
            ..EvalConfig::default()
        },
        ..RunConfig::default()
    };
    config.settle_in(world).unwrap()
}

#[test]
fn other_facts_are_another_run() {
    let (one, other) = (world(), three_facts::world("Athens"));
    let (config, of_other) = (config(&one), config(&other));
    assert_eq!(config.world.digest, Some("facts of Sparta".into()));
    let (identity, another) = (config.identity().unwrap(), of_other.identity().unwrap());
    // Sweeps take eight digits of it for the name of a run.
    assert_ne!(identity[..8], another[..8]);
    assert_ne!(config.training().unwrap(), of_other.training().unwrap());
    assert_ne!(config.world, of_other.world);
    // What was written down is the same run again, and not one of other facts.
    let text = config.to_toml().unwrap();
    let read = RunConfig::parse(&text, &[]).unwrap();
    assert_eq!(read.identity().unwrap(), identity);
    let again = |city| World::with_source(&read.world, Box::new(ThreeFacts::new(city)), 1);
    let settled = read.clone().settle_in(&again("Sparta").unwrap()).unwrap();
    assert_eq!(settled.identity().unwrap(), identity);
    let said = again("Athens").unwrap_err().to_string();
    let expected = "world.digest = facts of Sparta is not possible: valid is facts of Athens, or to leave it out";
    assert!(said.starts_with(expected), "{said}");
}

#[test]
fn a_code_without_roles_is_refused_before_the_run() {
    let world = world();
    let config = RunConfig {
        compression: Some(CompressionConfig::default()),
        ..config(&world)
    };
    let error = config.settle_in(&world).unwrap_err();
    assert!(matches!(error, ConfigError::World(_)), "{error}");
}

/// Notes the evaluations, and stops after the second one if it is to.
#[derive(Default)]
struct Notes {
    evaluations: Vec<EvaluationRecord>,
    warnings: Vec<String>,
    stops: bool,
}

impl Observer for Notes {
    fn begin(&mut self, _step: u64) {}

    fn step(&mut self, record: &StepRecord) {
        assert!(record.loss.is_finite());
    }

    fn evaluation(&mut self, record: &EvaluationRecord) {
        self.evaluations.push(record.clone());
    }

    fn branch(&mut self, _step: u64, _trunk: &Path) {}

    fn checkpoint(&mut self, _step: u64) {}

    fn warning(&mut self, text: &str) {
        self.warnings.push(text.to_owned());
    }

    fn wants_stop(&self) -> bool {
        self.stops && self.evaluations.len() > 1
    }
}

fn train(world: &World, place: &Path, notes: &mut Notes) -> Result<Outcome, String> {
    let config = config(world);
    let device = DeviceName::Flex.open().unwrap();
    let run = RunDirectory::open_or_create(place).unwrap();
    let lock = Lock::take(run.root()).unwrap();
    let job = Job {
        config: &config,
        world,
        device: &device,
        run: &run,
        lock: &lock,
        lesson: None,
        trunk: None,
        companions: COMPANIONS,
    };
    let trained = kolmo_train::train(&job, Start::Resume, Provenance::default(), notes);
    trained.map_err(|error| error.to_string())
}

#[test]
fn a_run_learns_the_facts_and_is_not_resumed_with_others() {
    let place = Path::new(env!("CARGO_TARGET_TMPDIR")).join("three_facts");
    let _ = fs::remove_dir_all(&place);
    let world = world();
    let mut notes = Notes {
        stops: true,
        ..Notes::default()
    };
    let stopped = train(&world, &place, &mut notes).unwrap();
    assert!(matches!(stopped, Outcome::Stopped(step) if step > 0));
    let before: Vec<u8> = fs::read(place.join("manifest.json")).unwrap();
    let other = three_facts::world("Athens");
    let mut notes = Notes::default();
    let said = train(&other, &place, &mut notes).unwrap_err();
    assert!(said.contains("checkpoint"), "{said}");
    assert!(
        notes.warnings[0].contains("it is of another run"),
        "{:?}",
        notes.warnings
    );
    assert_eq!(fs::read(place.join("manifest.json")).unwrap(), before);

    let mut notes = Notes::default();
    let finished = train(&world, &place, &mut notes).unwrap();
    assert!(matches!(finished, Outcome::Finished(_)) && notes.warnings.is_empty());
    let manifest = Manifest::read(&RunDirectory::at(&place)).unwrap();
    assert_eq!(manifest.config_blake3, config(&world).identity().unwrap());
    let last = notes.evaluations.last().unwrap();
    // Every fact was stated, and is known: ln 2 for Paris, 2 ln 2 for each of the others.
    assert_eq!(last.bayes_value_loss, 0.0);
    let code = &last.exact.code_bits;
    assert_near(code.bayes.value, 5.0);
    assert_eq!(code.floor.value, 0.0);
    assert!(last.value_loss < 0.1 && last.accuracy > 0.999, "{last:?}");
    assert!((4.5..=5.0).contains(&last.bits_stored), "{last:?}");
    fs::remove_dir_all(&place).unwrap();
}
