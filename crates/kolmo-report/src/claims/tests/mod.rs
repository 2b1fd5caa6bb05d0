//! Verdicts on runs that were not made: with what theory says they would have measured, and noise.

mod answers;
mod codes;
mod learning_rate;
mod mean;
mod structure;
mod suite;
mod tuning;

use std::f64::consts::LN_2;

use kolmo_config::{ClaimName, ModelConfig, ReportConfig, RunConfig, Transformer};
use kolmo_run::EvaluationRecord;
use kolmo_theory::{capacity::Capacity, discovery::expected_value_loss};
use kolmo_world::{World, random::Streams};
use rand::RngExt;

use super::sections;
use crate::{
    examples,
    report::{Outcome, Verdict},
    study::{Study, StudyRun},
};

/// Relative noise of a run, as seeds differ.
const NOISE: f64 = 0.02;

pub(super) fn zipf(exponent: f64, elements: u64) -> RunConfig {
    let text = format!(
        "world.frequency = {{ law = 'zipf', elements = {elements}, exponent = {exponent} }}"
    );
    RunConfig::parse(&text, &[]).unwrap()
}

/// 1 ± NOISE, of a seed and a number.
pub(super) fn noise(seed: u64, number: u64) -> f64 {
    let mut random = Streams::new(seed).stream("test/noise").at(number);
    // Of a variance of one twelfth.
    (NOISE * 12f64.sqrt() * (random.random::<f64>() - 0.5)).exp()
}

pub(super) fn study(claim: &str, runs: Vec<StudyRun>) -> Study {
    Study {
        name: "study".to_owned(),
        settings: ReportConfig {
            claims: Some(vec![ClaimName::new(claim).unwrap()]),
            ..ReportConfig::default()
        },
        sources: Vec::new(),
        runs,
        tuned: Vec::new(),
        left_out: Vec::new(),
    }
}

pub(super) fn find(study: &Study, ending: &str) -> Verdict {
    let section = suite::section_of(study);
    let mut verdicts = section.verdicts.iter();
    let found = verdicts.find(|verdict| verdict.claim.ends_with(ending));
    found.unwrap_or_else(|| panic!("no {ending}")).clone()
}

/// Four seeds at five sizes, from a world of exponent `is`, whose configurations say that it is `said`.
fn data(is: f64, said: f64, sizes: &[u64]) -> Study {
    let (_, truth) = zipf(is, 20_000).settle().unwrap();
    let run = |seed: u64, documents: u64| {
        let mut config = zipf(said, 20_000);
        config.seed = seed;
        config.train.documents = documents;
        let mut last = examples::evaluation(&truth, documents, 1.0);
        last.value_loss = 4.0
            * expected_value_loss(&truth, 1..=u64::MAX, documents as f64)
            * noise(seed, documents);
        StudyRun::imagined(config, vec![last])
    };
    let runs = (1..=4).flat_map(|seed| sizes.iter().map(move |documents| run(seed, *documents)));
    study("data_scaling", runs.collect())
}

const SIZES: [u64; 5] = [50_000, 100_000, 200_000, 400_000, 800_000];

#[test]
fn runs_that_follow_the_exact_curve_agree() {
    let verdict = find(&data(1.5, 1.5, &SIZES), "/exact curve");
    assert_eq!(verdict.verdict, Outcome::Agrees, "{verdict:?}");
}

#[test]
fn a_law_that_is_misreported_to_the_theory_disagrees() {
    let verdicts = |said: f64| {
        let verdicts = suite::section_of(&data(1.5, said, &SIZES)).verdicts;
        let asked = |verdict: &Verdict| {
            let claim = &verdict.claim;
            claim.ends_with("/exact curve") || claim.ends_with("/1 - alpha")
        };
        let verdicts: Vec<Verdict> = verdicts.into_iter().filter(asked).collect();
        assert_eq!(verdicts.len(), 2);
        verdicts
    };
    for said in [1.2, 2.5] {
        for verdict in verdicts(said) {
            assert_eq!(verdict.verdict, Outcome::Disagrees, "{said}: {verdict:?}");
        }
    }
    // Nearer to the truth noise may hide it, but nothing agrees.
    for said in [1.3, 2.0] {
        for verdict in verdicts(said) {
            assert_ne!(verdict.verdict, Outcome::Agrees, "{said}: {verdict:?}");
        }
    }
}

#[test]
fn too_short_a_range_is_inconclusive() {
    let verdict = find(
        &data(1.5, 1.5, &[50_000, 100_000, 200_000, 400_000]),
        "/exact curve",
    );
    assert_eq!(verdict.verdict, Outcome::Inconclusive, "{verdict:?}");
    assert!(verdict.reason.contains("decade"), "{verdict:?}");
    // And two sizes are no curve.
    let verdict = find(&data(1.5, 1.5, &[50_000, 800_000]), "/exact curve");
    assert_eq!(verdict.verdict, Outcome::Inconclusive);
    assert!(verdict.measured.is_none());
}

#[test]
fn runs_that_are_not_alike_are_not_put_together() {
    let mut study = data(1.5, 1.5, &SIZES);
    for run in study.runs.iter_mut().filter(|run| run.config.seed > 2) {
        let width = 2 * run.config.model.width();
        run.config.model.set_width(width).unwrap();
    }
    let sections = sections(&study).unwrap();
    assert_eq!(sections[0].verdicts.len(), 6);
    assert_eq!(sections[0].tables.len(), 2);
    assert!(sections[0].tables[0].rows.iter().all(|row| row[1] == "2"));
}

/// What a model that stores half a bit a parameter as well as can be would measure.
fn stored(world: &World, parameters: u64, documents: u64, noise: f64) -> EvaluationRecord {
    let bits = 0.5 * parameters as f64;
    let mut last = examples::evaluation(world, documents, 1.0);
    last.bits_stored = bits;
    last.missing = Capacity::after(world, documents as f64)
        .store(bits * LN_2)
        .value_loss
        * noise;
    last
}

/// Three seeds at six sizes and four lengths, from a world of exponent `is`, whose configurations say that it is `said`.
fn ladder(claim: &str, is: f64, said: f64) -> Study {
    let (_, truth) = zipf(is, 2500).settle().unwrap();
    let run = |seed: u64, width: usize, documents: u64| {
        let mut config = zipf(said, 2500);
        config.seed = seed;
        config.model = examples::one_head(width);
        config.train.documents = documents;
        let (config, world) = config.settle().unwrap();
        let parameters = config.model.parameters(world.vocabulary().len());
        let noise = noise(seed, documents + width as u64);
        let last = stored(&truth, parameters, documents, noise);
        StudyRun::imagined(config, vec![last])
    };
    let mut runs = Vec::new();
    for seed in 1..=3 {
        for width in [4, 8, 12, 16, 24, 36] {
            for documents in [1_000_000, 2_000_000, 4_000_000, 8_000_000] {
                runs.push(run(seed, width, documents));
            }
        }
    }
    study(claim, runs)
}

#[test]
fn models_that_differ_in_more_than_their_size_are_not_one_ladder() {
    let mut study = ladder("model_scaling", 1.5, 1.5);
    assert_eq!(sections(&study).unwrap()[0].tables.len(), 1);
    for run in study.runs.iter_mut().filter(|run| run.config.seed == 3) {
        run.config.model = ModelConfig::gpt(Transformer {
            d_model: run.config.model.width(),
            heads: 1,
            mup_base_width: Some(8),
            ..Transformer::default()
        });
    }
    assert_eq!(sections(&study).unwrap()[0].tables.len(), 2);
}

#[test]
fn models_that_keep_the_most_frequent_facts_agree_and_of_another_law_disagree() {
    let verdict = find(&ladder("model_scaling", 1.5, 1.5), "/exact curve");
    assert_eq!(verdict.verdict, Outcome::Agrees, "{verdict:?}");
    let verdict = find(&ladder("model_scaling", 1.5, 2.0), "/exact curve");
    assert_eq!(verdict.verdict, Outcome::Disagrees, "{verdict:?}");
}

#[test]
fn what_was_met_and_fits_predicts_better_than_a_sum_of_power_laws() {
    let verdict = find(&ladder("surface", 1.5, 1.5), "/held out");
    assert_eq!(verdict.verdict, Outcome::Agrees, "{verdict:?}");
}

#[test]
fn a_single_run_has_nothing_to_say_of_scaling() {
    let mut one = data(1.5, 1.5, &[50_000]);
    one.runs.truncate(1);
    assert!(sections(&one).unwrap().is_empty());
}
