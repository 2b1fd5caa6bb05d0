//! Verdicts on answers that were not given: those of learners that know what they met, or that are as sure of what they did not.

use kolmo_config::RunConfig;
use kolmo_run::{AnswerRow, EvaluationRecord, FactsTable, RunDirectory, write_answers};
use kolmo_theory::capacity::Capacity;
use kolmo_world::{World, random::Random, random::Streams};
use rand::RngExt;
use tempfile::TempDir;

use super::{super::sections, find, study, zipf};
use crate::{
    examples,
    report::{Outcome, Section},
    study::{Study, StudyRun},
};

/// So many subjects of each class are asked about, or all.
const ASKED: u64 = 60;

/// How a learner answers.
#[derive(Clone, Copy)]
struct Learner {
    /// How often it has to meet a fact to know it.
    told: u64,
    /// Its confidence in a guess; 1/V if there is none.
    bluff: Option<f64>,
    /// What it loses on what it does not know beyond a guess, nats.
    excess: f64,
}

const HONEST: Learner = Learner {
    told: 1,
    bluff: None,
    excess: 0.0,
};

fn answer(learner: Learner, exposures: u64, values: usize, random: &mut Random) -> AnswerRow {
    let guess = 1.0 / values as f64;
    let knows = exposures >= learner.told;
    // About the same for all, as noise is.
    let noise = 0.02 * (random.random::<f64>() - 0.5);
    let confidence = learner.bluff.unwrap_or(guess);
    AnswerRow {
        exposures,
        content_nats: -guess.ln(),
        loss_nats: if knows {
            0.0
        } else {
            learner.excess + noise - guess.ln()
        },
        correct: knows || random.random::<f64>() < guess,
        answer_valid: true,
        confidence: if knows { 1.0 } else { confidence },
        sampled_correct: knows || random.random::<f64>() < guess,
        sampled_valid: true,
        stands_for: 1,
        ..AnswerRow::default()
    }
}

/// How often something of probability `p` comes in `documents`, about Poisson.
fn met(p: f64, documents: u64, random: &mut Random) -> u64 {
    let mean = p * documents as f64;
    if mean > 50.0 {
        return mean as u64;
    }
    let (mut product, mut count) = (random.random::<f64>(), 0);
    while product > (-mean).exp() {
        product *= random.random::<f64>();
        count += 1;
    }
    count
}

fn rows(world: &World, last: &EvaluationRecord, seed: u64, learner: Learner) -> Vec<AnswerRow> {
    let mut random = Streams::new(seed).stream("test/answers").at(last.documents);
    let mut rows = Vec::new();
    for class in &last.classes {
        let step = ((class.hi_rank + 1 - class.lo_rank) / ASKED).max(1) as usize;
        for rank in (class.lo_rank..=class.hi_rank).step_by(step) {
            for (r, relation) in world.relations().iter().enumerate() {
                let p = world.fact_probability(rank, r);
                let exposures = met(p, last.documents, &mut random);
                rows.push(AnswerRow {
                    cohort: "stated".to_owned(),
                    subject: rank,
                    relation: relation.name().to_owned(),
                    probability: p,
                    share: p,
                    ..answer(learner, exposures, relation.value_count(), &mut random)
                });
            }
        }
    }
    for subject in 0..500 {
        let relation = &world.relations()[0];
        rows.push(AnswerRow {
            cohort: "strangers".to_owned(),
            subject,
            relation: relation.name().to_owned(),
            share: 1.0,
            ..answer(learner, 0, relation.value_count(), &mut random)
        });
    }
    for (k, row) in rows.iter_mut().enumerate() {
        row.step = last.step;
        row.wording = "statement".to_owned();
        row.prompt = format!("{k} ?");
    }
    rows
}

/// Four seeds of each configuration; what they are is read from `folder`.
fn asked(
    claim: &str,
    folder: &TempDir,
    configs: &[RunConfig],
    learner: impl Fn(&RunConfig) -> Learner,
) -> Study {
    let mut runs = Vec::new();
    for (k, config) in configs.iter().enumerate() {
        for seed in 1..=4 {
            let config = RunConfig {
                seed,
                ..config.clone()
            };
            let (_, world) = config.clone().settle().unwrap();
            let documents = config.train.documents;
            let mut last = examples::evaluation(&world, documents, 1.0);
            last.bits_stored =
                Capacity::after(&world, documents as f64).full() / std::f64::consts::LN_2;
            let rows = rows(&world, &last, seed, learner(&config));
            let mut run = StudyRun::imagined(config, vec![last]);
            let root = folder.path().join(format!("{k}-{seed}"));
            std::fs::create_dir(&root).unwrap();
            run.directory = RunDirectory::at(root);
            let mut facts = FactsTable::new(vec!["home".to_owned()]);
            facts.push(vec![examples::fact(run.last(), 1)]).unwrap();
            facts.write(run.directory.facts()).unwrap();
            write_answers(run.directory.answers(), &rows).unwrap();
            runs.push(run);
        }
    }
    study(claim, runs)
}

fn one(documents: u64) -> Vec<RunConfig> {
    let mut config = zipf(1.5, 20_000);
    config.train.documents = documents;
    vec![config]
}

fn outcomes(section: &Section) -> Vec<(&str, Outcome)> {
    let verdicts = section.verdicts.iter();
    verdicts
        .map(|verdict| (verdict.claim.as_str(), verdict.verdict))
        .collect()
}

#[test]
fn a_learner_that_knows_what_it_met_is_wrong_as_often_as_predicted() {
    let folder = tempfile::tempdir().unwrap();
    let study = asked("hallucination", &folder, &one(100_000), |_| HONEST);
    let sections = sections(&study).unwrap();
    let verdicts = &sections[0].verdicts;
    assert_eq!(verdicts.len(), 10);
    // Of ten intervals at 95 % one may miss.
    let hold = verdicts.iter().filter(|verdict| {
        let [lo, hi] = verdict.ci95.unwrap();
        (lo..=hi).contains(&verdict.predicted)
    });
    assert!(hold.count() >= 9, "{verdicts:?}");
    let outcomes = outcomes(&sections[0]);
    let count = |of: Outcome| {
        let same = outcomes.iter().filter(|(_, outcome)| *outcome == of);
        same.count()
    };
    assert!(count(Outcome::Agrees) >= 5, "{outcomes:?}");
    assert_eq!(count(Outcome::Disagrees), 0, "{outcomes:?}");
    let [by_exposures, examples] = &sections[0].tables[..] else {
        panic!("two tables");
    };
    assert_eq!(by_exposures.rows.first().unwrap()[0], "0");
    assert_eq!(by_exposures.rows.last().unwrap()[0], "nobody's name");
    assert_eq!(
        by_exposures.rows[1][2..4],
        ["0", by_exposures.rows[1][3].as_str()]
    );
    // Nothing that was met is wrong.
    assert_eq!(examples.rows.len(), 8);
}

#[test]
fn one_that_has_to_be_told_often_is_wrong_more_often() {
    let folder = tempfile::tempdir().unwrap();
    let slow = Learner { told: 5, ..HONEST };
    let study = asked("hallucination", &folder, &one(100_000), |_| slow);
    let verdict = find(&study, "/ranks 250-799");
    assert_eq!(verdict.verdict, Outcome::Disagrees, "{verdict:?}");
    // As if it had room for fewer facts.
    let mut study = study;
    for run in &mut study.runs {
        run.evaluations[0].bits_stored /= 3.0;
    }
    let other = find(&study, "/ranks 800-2499");
    assert!(other.statement.contains("best use of"), "{other:?}");
    assert!(other.predicted > 0.9, "{other:?}");
}

#[test]
fn a_learner_that_says_how_sure_it_is_is_calibrated_and_a_bluffer_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let study = asked("calibration", &folder, &one(100_000), |_| HONEST);
    for claim in ["/strangers", "/stated", "/AUROC"] {
        let verdict = find(&study, claim);
        assert_eq!(verdict.verdict, Outcome::Agrees, "{verdict:?}");
    }
    let folder = tempfile::tempdir().unwrap();
    let bluffer = Learner {
        bluff: Some(1.0),
        ..HONEST
    };
    let study = asked("calibration", &folder, &one(100_000), |_| bluffer);
    for claim in ["/strangers", "/stated", "/AUROC"] {
        let verdict = find(&study, claim);
        assert_eq!(verdict.verdict, Outcome::Disagrees, "{verdict:?}");
    }
}

/// Three sizes and three lengths.
fn grid() -> Vec<RunConfig> {
    let mut configs = Vec::new();
    for width in [8, 32, 128] {
        for documents in [10_000, 100_000, 1_000_000] {
            let mut config = one(documents).remove(0);
            config.model = examples::one_head(width);
            configs.push(config);
        }
    }
    configs
}

#[test]
fn a_learner_as_good_as_a_guess_is_not_overconfident() {
    let folder = tempfile::tempdir().unwrap();
    let study = asked("overconfidence", &folder, &one(100_000), |_| HONEST);
    let verdict = find(&study, " documents");
    assert_eq!(verdict.verdict, Outcome::Agrees, "{verdict:?}");
}

#[test]
fn an_excess_that_grows_with_length_and_not_with_size_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let study = asked("overconfidence", &folder, &grid(), |config| Learner {
        excess: 0.5 * (config.train.documents as f64 / 1e4).powf(0.3),
        ..HONEST
    });
    let sections = sections(&study).unwrap();
    let ends: Vec<_> = outcomes(&sections[0])
        .into_iter()
        .filter(|(claim, _)| claim.ends_with("documents") && !claim.contains("exponent"))
        .collect();
    assert!(
        ends.len() == 2
            && ends
                .iter()
                .all(|(_, outcome)| *outcome == Outcome::Disagrees),
        "{ends:?}"
    );
    let documents = find(&study, "/exponent of documents");
    assert_eq!(documents.verdict, Outcome::Disagrees, "{documents:?}");
    assert!(
        (documents.measured.unwrap() - 0.3).abs() < 0.02,
        "{documents:?}"
    );
    let parameters = find(&study, "/exponent of parameters");
    assert_eq!(parameters.verdict, Outcome::Agrees, "{parameters:?}");
}

#[test]
fn runs_that_were_not_asked_have_no_sections() {
    let (_, world) = zipf(1.5, 20_000).settle().unwrap();
    let last = examples::evaluation(&world, 1000, 1.0);
    for claim in ["hallucination", "calibration", "overconfidence"] {
        let run = StudyRun::imagined(zipf(1.5, 20_000), vec![last.clone()]);
        assert!(sections(&study(claim, vec![run])).unwrap().is_empty());
    }
}
