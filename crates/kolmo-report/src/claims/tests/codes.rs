//! Verdicts on codes that were not written: those of learners that are worse than the best one, and of such as cannot be.

use kolmo_config::RunConfig;
use kolmo_run::{CodeBits, CompressionRecord, EvaluationRecord};
use std::f64::consts::LN_2;

use super::{super::sections, find, noise, study, suite};
use crate::{
    examples,
    report::{Outcome, Section},
    study::{Study, StudyRun},
};

pub(super) const DOCUMENTS: u64 = 100_000;

pub(super) fn config(seed: u64, width: usize) -> RunConfig {
    let text = "\
[world]
frequency = { law = 'zipf', elements = 2500, exponent = 1.5 }
relations_per_document = 'all'
relations = [{ name = 'a', values = 50 }, { name = 'b', values = 50 }, { name = 'c', values = 50 }]
";
    let mut config = RunConfig::parse(text, &[]).unwrap();
    config.seed = seed;
    config.model = examples::one_head(width);
    config.train.documents = DOCUMENTS;
    config
}

pub(super) fn only(study: &Study) -> Section {
    suite::section_of(study)
}

/// An evaluation after which the Bayes learner has lost `bayes` bits above the floor, and the model so many times as much.
fn coded(documents: u64, bayes: [f64; 3], factors: [f64; 3]) -> EvaluationRecord {
    let (_, world) = config(1, 8).settle().unwrap();
    let mut at = examples::evaluation(&world, documents, 1.0);
    let floor = [4.0, 6.0, 0.0].map(|bits| bits * documents as f64);
    let above = |factors: [f64; 3]| {
        let bits = |k: usize| floor[k] + bayes[k] * factors[k];
        examples::role_bits([0, 1, 2].map(bits))
    };
    at.exact.code_bits = CodeBits {
        model: above(factors),
        bayes: above([1.0; 3]),
        floor: examples::role_bits(floor),
    };
    at
}

/// Four seeds with evaluations half way and at the end.
fn coders(bayes: [f64; 3], factor: f64) -> Study {
    let run = |seed: u64| {
        let factors = [0, 1, 2].map(|role| factor * noise(seed, role));
        let at = |documents| coded(documents, bayes, factors);
        StudyRun::imagined(config(seed, 8), vec![at(DOCUMENTS / 2), at(DOCUMENTS)])
    };
    study("prequential", (1..=4).map(run).collect())
}

const BAYES: [f64; 3] = [1000.0, 40_000.0, 80_000.0];

#[test]
fn a_learner_that_pays_more_than_the_best_one_agrees_and_one_that_pays_less_disagrees() {
    for (factor, expected) in [(3.0, Outcome::Agrees), (0.8, Outcome::Disagrees)] {
        let study = coders(BAYES, factor);
        for role in ["/total", "/syntax and names", "/value"] {
            let verdict = find(&study, role);
            assert_eq!(verdict.verdict, expected, "{factor}: {verdict:?}");
            assert!((verdict.measured.unwrap() / factor - 1.0).abs() < 0.04);
        }
        assert_eq!(only(&study).verdicts.len(), 3);
    }
}

#[test]
fn a_role_without_anything_to_learn_has_no_verdict() {
    let section = only(&coders([1000.0, 40_000.0, 99.0], 3.0));
    let claims: Vec<&str> = section
        .verdicts
        .iter()
        .map(|verdict| verdict.claim.as_str())
        .collect();
    assert_eq!(
        claims,
        ["total", "syntax and names"].map(|role| format!("prequential/Zipf 1.50/{role}"))
    );
    // Its code is in the table none the less.
    assert_eq!(section.tables[0].rows[3][0], "values");
    assert_eq!(section.tables[0].rows[3][4], "n/a");
}

#[test]
fn prices_are_bits_for_each_fact_stated() {
    let mut study = coders(BAYES, 3.0);
    study.runs.truncate(1);
    let same = StudyRun::imagined(config(2, 8), study.runs[0].evaluations.clone());
    study.runs.push(same);
    let section = only(&study);
    let total = section.tables[0].rows.last().unwrap();
    // Three facts for each of 100 000 documents; 121 000 bits above a floor of a million.
    let facts = 3.0 * 100_000.0;
    for (cell, bits) in [(1, 1_000_000.0), (2, 121_000.0)] {
        let shown: f64 = total[cell].split(' ').next().unwrap().parse().unwrap();
        assert!((shown / (bits / facts) - 1.0).abs() < 5e-3, "{total:?}");
    }
}

#[test]
fn what_a_class_costs_is_summed_over_all_evaluations() {
    let mut study = coders(BAYES, 3.0);
    study.runs.truncate(2);
    for run in &mut study.runs {
        for (k, at) in run.evaluations.iter_mut().enumerate() {
            let online = &mut at.classes[0].online;
            online.stream_documents = [100, 300][k];
            online.stream_value_loss = Some(LN_2 * [4.0, 1.0][k]);
            online.bayes_stream_value_loss = Some(LN_2 * [2.0, 0.0][k]);
            online.stream_subject_loss = Some(LN_2 * [9.0, 5.0][k]);
            online.bayes_stream_subject_loss = Some(LN_2 * 5.0);
            online.floor_stream_subject_loss = Some(LN_2 * 3.0);
        }
    }
    let section = only(&study);
    let [_, classes] = &section.tables[..] else {
        panic!("two tables");
    };
    // Other classes had no documents.
    assert_eq!(classes.rows.len(), 1);
    let row = &classes.rows[0];
    assert_eq!(row[..2], ["1-2", "1,200"]);
    // Values: (100 · 4 + 300 · 1) / 400 a fact; names: (100 · 6 + 300 · 2) / 400 a document of three facts.
    for (cell, shown) in [(2, "0.500"), (3, "1.75"), (4, "0.667"), (5, "1.00")] {
        assert!(row[cell].starts_with(shown), "{row:?}");
    }
    // An older run does not know what its model lost.
    study.runs[0].evaluations[1].classes[0]
        .online
        .stream_value_loss = None;
    assert_eq!(only(&study).tables.len(), 1);
}

/// Three seeds of two sizes.
fn compressors(change: impl Fn(&mut CompressionRecord)) -> Study {
    let mut runs = Vec::new();
    for (width, redundancy) in [(8, 5.0), (16, 2.0)] {
        for seed in 1..=3 {
            let (_, world) = config(seed, width).settle().unwrap();
            let last = examples::evaluation(&world, DOCUMENTS, 1.0);
            let mut run = StudyRun::imagined(config(seed, width), vec![last]);
            let of_role = redundancy * noise(seed, width as u64);
            let mut record = examples::compression(run.parameters, DOCUMENTS, [of_role; 3]);
            change(&mut record);
            run.compression = Some(record);
            runs.push(run);
        }
    }
    study("compressors", runs)
}

fn length(record: &mut CompressionRecord, name: &str, change: impl Fn(&mut f64)) {
    let mut all = record.text.compressors.iter_mut();
    let one = all.find(|compressor| compressor.name == name).unwrap();
    change(&mut one.bits);
    one.coded_bits.iter_mut().for_each(change);
}

#[test]
fn a_model_is_compared_with_the_best_of_the_general_compressors() {
    let plain = compressors(|_| ());
    // 10 + 3 · 5 bits a sentence beside 50.
    let section = only(&plain);
    let of = |ending: &str| {
        let mut all = section.verdicts.iter();
        all.find(|verdict| verdict.claim.contains(ending))
            .unwrap()
            .clone()
    };
    let small = of("parameters/shortest");
    assert_eq!(small.verdict, Outcome::Agrees, "{small:?}");
    assert!((small.measured.unwrap() - 0.5).abs() < 0.02, "{small:?}");
    let others = compressors(|record| length(record, "xz -9", |bits| *bits = 12_000.0));
    let verdict = find(&others, "/shortest");
    assert_eq!(verdict.verdict, Outcome::Disagrees, "{verdict:?}");
}

#[test]
fn a_code_that_is_not_as_long_as_its_information_disagrees() {
    let plain = compressors(|_| ());
    for which in ["/bayes", "/model"] {
        let verdict = find(&plain, which);
        assert_eq!(verdict.verdict, Outcome::Agrees, "{verdict:?}");
    }
    // Ten bits over 11 000.
    let bayes = find(&plain, "/bayes").measured.unwrap();
    assert!((bayes - 10.0 / 11_000.0).abs() < 1e-12);
    for (longer, expected) in [(60.0, Outcome::Agrees), (200.0, Outcome::Disagrees)] {
        let long = compressors(|record| length(record, "model", |bits| *bits += longer));
        assert_eq!(find(&long, "/model").verdict, expected, "{longer}");
    }
    // The Bayes learner's may not be shorter either.
    let short = compressors(|record| length(record, "bayes", |bits| *bits -= 100.0));
    assert_eq!(find(&short, "/bayes").verdict, Outcome::Disagrees);
    let none = compressors(|record| {
        for compressor in &mut record.text.compressors {
            compressor.coded_bits = None;
        }
    });
    assert_eq!(find(&none, "/bayes").verdict, Outcome::Inconclusive);
}

#[test]
fn weights_are_paid_back_after_what_they_take_over_what_they_save() {
    let section = only(&compressors(|record| {
        record.text.compressors[0].bits = 25_000.0;
    }));
    let sizes = section.tables.last().unwrap();
    assert_eq!(sizes.rows.len(), 2);
    let parameters: f64 = sizes.rows[0][0].replace(',', "").parse().unwrap();
    // 8 bits a weight; of 50 − 25 bits a sentence a hundredth of 15 over three facts is lost.
    let expected = 8.0 * parameters / (25.0 - 0.15 / 3.0);
    assert_eq!(sizes.rows[0][5], "8");
    let shown: f64 = sizes.rows[0][7].split(' ').next().unwrap().parse().unwrap();
    assert!((shown / expected - 1.0).abs() < 0.02, "{shown} {expected}");
    let section = only(&compressors(|record| {
        record.text.compressors[0].bits = 60_000.0;
    }));
    assert_eq!(section.tables.last().unwrap().rows[0][7], "never");
}

#[test]
fn runs_without_codes_have_no_sections() {
    let (_, world) = config(1, 8).settle().unwrap();
    let last = examples::evaluation(&world, DOCUMENTS, 1.0);
    for claim in ["prequential", "compressors", "structure"] {
        let runs = vec![StudyRun::imagined(config(1, 8), vec![last.clone()])];
        assert!(sections(&study(claim, runs)).unwrap().is_empty());
    }
}
