//! Verdicts on the first part of descriptions: of models that keep the most frequent facts, and of such as cannot be.

use std::f64::consts::LN_2;

use kolmo_theory::{capacity::Capacity, structure::syntax_saving_bits};

use super::{
    super::sections,
    codes::{DOCUMENTS, config, only},
    find, noise, study,
};
use crate::{
    examples,
    measured::runs::met_bits,
    report::Outcome,
    study::{Study, StudyRun},
};

/// A model that keeps the most frequent facts.
#[derive(Clone, Copy)]
struct Model {
    /// The share of the bits of all facts met that it has.
    facts: f64,
    /// The share of what the syntax can save that it has not.
    syntax_left: f64,
    /// What it loses on names and on values beyond those that it does not have, bits per document.
    names: f64,
    values: f64,
}

const GOOD: Model = Model {
    facts: 0.4,
    syntax_left: 0.01,
    names: 0.1,
    values: 0.2,
};

/// Three seeds of two sizes, the greater one of which has one and a half times the share of the facts.
fn models(model: Model) -> Study {
    let mut runs = Vec::new();
    for (width, facts) in [(8, model.facts), (16, 1.5 * model.facts)] {
        for seed in 1..=3 {
            let (_, world) = config(seed, width).settle().unwrap();
            let last = examples::evaluation(&world, DOCUMENTS, 1.0);
            let mut run = StudyRun::imagined(config(seed, width), vec![last]);
            let bits = facts * met_bits(&run, DOCUMENTS as f64) * noise(seed, width as u64);
            let missing = Capacity::after(&world, DOCUMENTS as f64)
                .store(bits * LN_2)
                .value_loss;
            let saving = syntax_saving_bits(&world, DOCUMENTS) / DOCUMENTS as f64;
            let redundancy = [
                model.syntax_left * saving,
                model.names,
                // Three facts a document.
                3.0 * missing / LN_2 + model.values,
            ];
            let parameters = run.parameters;
            run.compression = Some(examples::compression(parameters, DOCUMENTS, redundancy));
            let last = &mut run.evaluations[0];
            last.bits_stored = bits;
            // Of 5.64 bits and three relations.
            let mut left = bits;
            for class in &mut last.classes {
                class.bits_stored = left.min(class.facts as f64 * 50f64.log2());
                left -= class.bits_stored;
            }
            runs.push(run);
        }
    }
    study("structure", runs)
}

#[test]
fn models_above_the_curve_agree_and_below_it_disagree() {
    let study = models(GOOD);
    let verdict = find(&study, "/above");
    assert_eq!(verdict.verdict, Outcome::Agrees, "{verdict:?}");
    // What they lose beyond the best is on names and values; of the syntax they have less than would pay. The bound may choose
    // facts by how often they came, the capacity by how often they should.
    let gap = verdict.measured.unwrap();
    assert!(gap > 0.25 && gap < 0.4, "{verdict:?}");
    let [lo, hi] = verdict.ci95.unwrap();
    assert!((hi - lo - 0.02).abs() < 1e-9);
    let impossible = Model {
        values: -0.5,
        ..GOOD
    };
    let verdict = find(&models(impossible), "/above");
    assert_eq!(verdict.verdict, Outcome::Disagrees, "{verdict:?}");
}

#[test]
fn a_run_whose_bits_are_not_known_is_not_the_nearest() {
    let mut study = models(GOOD);
    study.runs[0].evaluations[0].bits_stored = f64::NAN;
    let verdict = find(&study, "/above");
    assert_eq!(verdict.verdict, Outcome::Agrees, "{verdict:?}");
    assert!(verdict.measured.unwrap() < 0.4, "{verdict:?}");
}

#[test]
fn what_a_model_loses_is_told_by_role() {
    let section = only(&models(GOOD));
    let gaps = &section.tables[0];
    // Two sizes of two countings and three precisions.
    assert_eq!(gaps.rows.len(), 10);
    let number = |cell: &str| -> f64 { cell.split(' ').next().unwrap().parse().unwrap() };
    let row = &gaps.rows[0];
    assert_eq!(row[1], "bits stored");
    assert!((number(&row[6]) - 0.1).abs() < 1e-6, "{row:?}");
    let parts: f64 = (6..9).map(|k| number(&row[k])).sum();
    assert!((parts - number(&row[5])).abs() < 0.01, "{row:?}");
    // Weights take more bits and leave the bound less.
    let weights = gaps.rows.iter().find(|row| row[1] == "weights of 32 bits");
    assert!(number(&weights.unwrap()[4]) < number(&row[4]));
    assert!(
        section
            .text
            .last()
            .unwrap()
            .contains("nearest to the curve")
    );
}

#[test]
fn a_model_with_more_of_the_facts_than_of_the_syntax_disagrees() {
    for (syntax_left, expected) in [(0.01, Outcome::Agrees), (0.9, Outcome::Disagrees)] {
        let study = models(Model {
            syntax_left,
            ..GOOD
        });
        for (run, share) in [(0, 0.4), (3, 0.6)] {
            let parameters = study.runs[run].parameters;
            let verdict = find(&study, &format!("{parameters} parameters/syntax first"));
            assert_eq!(verdict.verdict, expected, "{verdict:?}");
            let difference = 1.0 - syntax_left - share;
            assert!((verdict.measured.unwrap() - difference).abs() < 0.03);
        }
    }
}

#[test]
fn a_model_that_keeps_rare_facts_and_not_frequent_ones_disagrees() {
    let mut study = models(GOOD);
    let verdict = find(&study, "/frequent first");
    assert_eq!(verdict.verdict, Outcome::Agrees, "{verdict:?}");
    for run in &mut study.runs {
        for (k, class) in run.evaluations[0].classes.iter_mut().enumerate() {
            class.bits_stored = class.facts as f64 * 0.1 * k as f64;
        }
    }
    let verdict = find(&study, "/frequent first");
    assert_eq!(verdict.verdict, Outcome::Disagrees, "{verdict:?}");
    // A correlation of 1 counts for a little less.
    assert!(verdict.measured.unwrap() > 0.9, "{verdict:?}");
}

#[test]
fn models_with_room_for_everything_say_nothing_of_order() {
    let study = models(Model { facts: 1.0, ..GOOD });
    let section = only(&study);
    let claims: Vec<&str> = section
        .verdicts
        .iter()
        .map(|verdict| verdict.claim.as_str())
        .collect();
    assert_eq!(claims, ["structure/Zipf 1.50/above"]);
}

#[test]
fn whole_codes_are_those_of_the_records() {
    let section = only(&models(GOOD));
    let totals = section.tables.last().unwrap();
    let number = |row: &[String]| -> f64 { row[2].split(' ').next().unwrap().parse().unwrap() };
    let of = |label: &str| {
        let mut rows = totals.rows.iter();
        number(rows.find(|row| row[0] == label).unwrap())
    };
    // Nothing is shorter than who knows the world, and a code that can be written not than the bound.
    assert_eq!(of("floor"), 0.0);
    assert!(of("least of the exact curve") > 0.0);
    assert!(of("explicit two-part code") > of("least of the exact curve"));
    // These runs have no prequential code.
    assert_eq!(totals.rows[3][..2], ["Bayes learner, prequential", "n/a"]);
    assert!(sections(&models(GOOD)).unwrap()[0].figures.len() == 1);
}
