//! Verdicts on fine-tunings that were not made.

use std::{fs, path::Path};

use kolmo_config::{ClaimName, HeadlineConfig, RunConfig};
use kolmo_run::{
    AnswerRow, EvaluationRecord, FactRow, FactsTable, InterviewRecord, RunDirectory, write_answers,
};

use tempfile::TempDir;

use super::suite;
use crate::{
    examples, headlines,
    report::{Drawing, Outcome},
    study::{Study, StudyRun},
};

const WORLD: &str = "[world]\nfrequency = { law = 'uniform', elements = 100 }\nnames = { pools = [20, 20] }\n\
                     relations = [{ name = 'home', values = 64 }]\nsyntax = { questions = 2 }\n";

/// Bits of all facts there are.
const ALL: f64 = 600.0;

fn study(claim: &str, tuned: Vec<StudyRun>) -> Study {
    Study {
        tuned,
        ..super::study(claim, Vec::new())
    }
}

/// The outcome of a study, whose files are in a folder.
fn outcome((_, study): &(TempDir, Study), ending: &str) -> Outcome {
    let verdicts = suite::section_of(study).verdicts;
    let found = verdicts
        .iter()
        .find(|verdict| verdict.claim.ends_with(ending));
    let found = found.unwrap_or_else(|| panic!("no {ending} in {verdicts:?}"));
    found.verdict
}

fn base(seed: u64) -> RunConfig {
    let text = format!("seed = {seed}\n{WORLD}");
    RunConfig::load(&text, &[]).unwrap().0
}

/// A record of `bits` after `documents`.
fn record(config: &RunConfig, documents: u64, bits: f64) -> EvaluationRecord {
    let (_, world) = config.clone().settle().unwrap();
    let mut record = examples::evaluation(&world, documents, 1.0);
    record.bits_stored = bits;
    let share = bits / record.classes.len() as f64;
    for class in &mut record.classes {
        class.bits_stored = share;
    }
    record
}

/// A fine-tuning of seed `seed` from `before` bits to `after`, which learnt `new` new facts.
fn tuned(
    folder: &Path,
    seed: u64,
    tuning: &str,
    [before, after]: [f64; 2],
    new: usize,
) -> StudyRun {
    let base = base(seed);
    let config = RunConfig::finetune(tuning, &[], &base, "nowhere".to_owned(), 10).unwrap();
    let (config, _) = config.settle().unwrap();
    let records = vec![record(&config, 0, before), record(&config, 2560, after)];
    let mut run = StudyRun::imagined(config, records);
    let name = run.config.identity().unwrap();
    run.directory = RunDirectory::open_or_create(folder.join(name)).unwrap();
    let row = |wording: &str| AnswerRow {
        step: 10,
        cohort: "injected".to_owned(),
        wording: wording.to_owned(),
        content_nats: 64f64.ln(),
        stands_for: 1,
        share: 1.0 / new as f64,
        ..AnswerRow::default()
    };
    let rows = ["statement", "question"].map(|wording| vec![row(wording); new]);
    write_answers(run.directory.answers(), &rows.concat()).unwrap();
    let mut facts = FactsTable::new(vec!["home".to_owned()]);
    let is_control = run
        .config
        .finetune
        .as_ref()
        .is_some_and(|of| of.replay.share == 1.0);
    for at in &run.evaluations {
        // The rarer, the more is lost, if anything is.
        let fact = |subject: u64| FactRow {
            loss_nats: match is_control {
                true => 0.1,
                false => 0.1 + (at.step * subject) as f64 / 100.0,
            },
            ..examples::fact(at, subject)
        };
        facts.push((1..=50).map(fact).collect()).unwrap();
    }
    facts.write(run.directory.facts()).unwrap();
    run
}

fn injection(syntax: &str, share: f64) -> String {
    format!(
        "[train]\ndocuments = 2560\n[finetune.lesson]\ntask = 'injection'\nsyntax = '{syntax}'\n\
         frequency = {{ law = 'uniform', elements = 20 }}\n[finetune.replay]\nshare = {share:?}"
    )
}

/// The four corners with these shares forgotten, of three seeds that differ a little: old and new syntax without replay, old and
/// new with it.
fn corners(forgotten: [f64; 4]) -> (TempDir, Study) {
    let folder = tempfile::tempdir().unwrap();
    let kinds = [("old", 0.0), ("new", 0.0), ("old", 0.5), ("new", 0.5)];
    let runs = kinds
        .iter()
        .zip(forgotten)
        .flat_map(|((syntax, share), forgotten)| {
            let text = injection(syntax, *share);
            let path = folder.path().to_path_buf();
            (1..=3).map(move |seed| {
                let left = ALL * (1.0 - forgotten - 0.01 * seed as f64);
                tuned(&path, seed, &text, [ALL, left], 10)
            })
        });
    let study = study("forgetting", runs.collect());
    (folder, study)
}

#[test]
fn the_order_of_the_paper_is_told_from_another() {
    let paper = corners([0.5, 0.8, 0.1, 0.3]);
    for claim in [
        "/replay, old syntax",
        "/replay, new syntax",
        "/old syntax, no replay",
        "/old syntax, replay",
    ] {
        assert_eq!(outcome(&paper, claim), Outcome::Agrees, "{claim}");
    }
    // Replay helps, the syntax does not.
    let other = corners([0.8, 0.5, 0.1, 0.1]);
    assert_eq!(outcome(&other, "/replay, old syntax"), Outcome::Agrees);
    assert_eq!(
        outcome(&other, "/old syntax, no replay"),
        Outcome::Disagrees
    );
    assert_eq!(outcome(&other, "/old syntax, replay"), Outcome::Disagrees);
}

/// A model that knew `before` bits and knows `after` when it has learnt 20 facts, 120 bits; the control stays as it was.
fn exchange(before: f64, after: f64) -> (TempDir, Study) {
    let folder = tempfile::tempdir().unwrap();
    let runs = (1..=3).flat_map(|seed| {
        let wobble = 0.5 * (seed as f64 - 2.0);
        let plain = tuned(
            folder.path(),
            seed,
            &injection("old", 0.0),
            [before, after + wobble],
            20,
        );
        let control = tuned(
            folder.path(),
            seed,
            &injection("old", 1.0),
            [before, before],
            20,
        );
        [plain, control]
    });
    let runs = runs.collect();
    (folder, study("displacement", runs))
}

#[test]
fn a_bit_for_a_bit_is_told_from_more() {
    // Without room, 120 bits for 120.
    let fair = exchange(300.0, 180.0);
    assert_eq!(outcome(&fair, "/bit for bit"), Outcome::Agrees);
    assert_eq!(outcome(&fair, "/rarest first"), Outcome::Agrees);
    assert_eq!(
        outcome(&exchange(300.0, 20.0), "/bit for bit"),
        Outcome::Disagrees
    );
    // With room, nothing.
    assert_eq!(
        outcome(&exchange(600.0, 600.0), "/bit for bit"),
        Outcome::Agrees
    );
    assert_eq!(
        outcome(&exchange(600.0, 480.0), "/bit for bit"),
        Outcome::Disagrees
    );
}

/// Fine-tunings at two rates that all teach 20 facts, 120 bits: without replay each of these costs a bit at the lower rate and two at the higher one, with
/// documents of the model itself `own` bits at the lower rate.
fn front(own: f64) -> (TempDir, Study) {
    let folder = tempfile::tempdir().unwrap();
    let ways = [
        ("fresh", 0.0, 1e-3, 1.0),
        ("fresh", 0.0, 4e-3, 2.0),
        ("generated", 0.5, 1e-3, own),
        ("generated", 0.5, 4e-3, 1.5),
    ];
    let runs = ways.into_iter().flat_map(|(of, share, rate, price)| {
        let text = injection("old", share) + &format!("\nof = '{of}'");
        let text = text.replace("[train]", &format!("[train]\nlearning_rate = {rate:?}"));
        let path = folder.path().to_path_buf();
        (1..=3).map(move |seed| {
            let after = 600.0 - 120.0 * price + 0.5 * (seed as f64 - 2.0);
            tuned(&path, seed, &text, [600.0, after], 20)
        })
    });
    let mut study = study("displacement", runs.collect());
    let name = |text: &str| ClaimName::new(text).unwrap();
    study.settings.headlines = vec![HeadlineConfig {
        name: name("fine_tuning"),
        statistic: name("bits_lost_per_bit"),
        margin: None,
    }];
    (folder, study)
}

#[test]
fn the_front_of_fine_tuning_is_its_cheapest_way() {
    for (own, expected) in [(0.25, 0.25), (1.8, 1.0)] {
        let (_folder, study) = front(own);
        let rows = headlines::rows(&[study]).unwrap();
        let row = rows.iter().find(|row| row.name == "fine_tuning").unwrap();
        let [lo, hi] = row.ci95.unwrap();
        assert!(lo <= expected && expected <= hi && hi - lo < 0.1, "{row:?}");
        let part = |name: &str| {
            let of = row.parts.iter().find(|part| part.name.ends_with(name));
            of.unwrap_or_else(|| panic!("{name}: {:?}", row.parts))
                .measured
                .unwrap()
        };
        assert!((part("no replay") - 1.0).abs() < 0.01);
        assert!((part("documents of its own") - own.min(1.5)).abs() < 0.01);
        let Some(Drawing::Chart(chart)) = row.figure.as_ref().map(|of| &of.drawing) else {
            panic!("{row:?}");
        };
        let labels: Vec<&str> = chart.series.iter().map(|of| of.label.as_str()).collect();
        let kinds = [
            "a bit for a bit",
            "no replay",
            "50.0 %, documents of its own",
        ];
        assert_eq!(labels, kinds);
    }
    // At a single rate there is no front.
    let (_folder, mut study) = front(0.25);
    study
        .tuned
        .retain(|run| run.config.train.learning_rate < 2e-3);
    let rows = headlines::rows(&[study]).unwrap();
    assert!(rows.iter().all(|row| row.measured.is_none()));
}

/// Pre-training learnt a bit for each of 100 documents; relearning takes `speed` documents for a bit.
fn relearnt(speed: f64) -> (TempDir, Study) {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, config: &RunConfig, records: &[EvaluationRecord]| {
        let run = RunDirectory::open_or_create(folder.path().join(name)).unwrap();
        fs::write(run.config(), config.to_toml().unwrap()).unwrap();
        let lines = records
            .iter()
            .map(|record| serde_json::to_string(record).unwrap() + "\n");
        fs::write(run.evaluations(), lines.collect::<String>()).unwrap();
        run.root().to_str().unwrap().to_owned()
    };
    let runs = (1..=3).map(|seed| {
        let first = base(seed);
        let learnt: Vec<_> = (0..=6)
            .map(|k| record(&first, 10_000 * k, 100.0 * k as f64))
            .collect();
        let first_path = write(&format!("first{seed}"), &first, &learnt);
        let lesson =
            RunConfig::finetune(&injection("old", 0.0), &[], &first, first_path, 10).unwrap();
        let (lesson, _) = lesson.settle().unwrap();
        let lesson_path = write(&format!("lesson{seed}"), &lesson, &[]);
        let again =
            RunConfig::finetune(&injection("old", 1.0), &[], &lesson, lesson_path, 10).unwrap();
        let (again, _) = again.settle().unwrap();
        let wobble = 1.0 + 0.01 * (seed as f64 - 2.0);
        let records = (0..=4).map(|k| {
            let bits = 200.0 + 100.0 * k as f64;
            record(&again, (100.0 * k as f64 * speed * wobble) as u64, bits)
        });
        StudyRun::imagined(again.clone(), records.collect())
    });
    let runs = runs.collect();
    (folder, study("relearning", runs))
}

#[test]
fn what_is_gone_takes_as_long_as_the_first_time() {
    assert_eq!(outcome(&relearnt(100.0), "/ratio"), Outcome::Agrees);
    assert_eq!(outcome(&relearnt(5.0), "/ratio"), Outcome::Disagrees);
}

/// Fine-tunings in which so many of 50 facts known before are answered about others, for as many templates, of three seeds.
fn instructions(answered: [(usize, usize); 2]) -> (TempDir, Study) {
    let folder = tempfile::tempdir().unwrap();
    let runs = answered.into_iter().flat_map(|(templates, right)| {
        let folder = folder.path().to_path_buf();
        (1..=3).map(move |seed| {
            let text = format!("seed = {seed}\n{WORLD}").replace("questions = 2", &format!("questions = 2, templates = {templates}"));
            let (base, _) = RunConfig::load(&text, &[]).unwrap();
            let text = "[train]\ndocuments = 2560\n[finetune.lesson]\ntask = 'instruction'\nfraction = 0.5";
            let config = RunConfig::finetune(text, &[], &base, "nowhere".to_owned(), 10).unwrap();
            let (config, _) = config.settle().unwrap();
            let mut records = vec![record(&config, 0, ALL), record(&config, 2560, ALL)];
            for (record, answer_valid) in records.iter_mut().zip([0.0, 1.0]) {
                record.interviews = vec![InterviewRecord {
                    cohort: "taught".to_owned(),
                    wording: "question".to_owned(),
                    measured: 50,
                    value_loss: 1.0,
                    value_loss_ci95: [1.0, 1.0],
                    accuracy: 0.5,
                    accuracy_ci95: [0.5, 0.5],
                    answer_valid,
                    confidence: 0.5,
                }];
            }
            let mut run = StudyRun::imagined(config, records);
            let name = run.config.identity().unwrap();
            run.directory = RunDirectory::open_or_create(folder.join(name)).unwrap();
            // Every second fact was known before, and those count alone.
            let mut facts = FactsTable::new(vec!["home".to_owned()]);
            for at in &run.evaluations {
                let fact = |subject: u64| FactRow {
                    correct: subject.is_multiple_of(2),
                    ..examples::fact(at, subject)
                };
                facts.push((1..=100).map(fact).collect()).unwrap();
            }
            facts.write(run.directory.facts()).unwrap();
            let right = right as u64 + u64::from(seed == 2);
            let row = |cohort: &str, subject: u64| AnswerRow {
                step: 10,
                cohort: cohort.to_owned(),
                wording: "question".to_owned(),
                relation: "home".to_owned(),
                subject,
                stands_for: 1,
                correct: subject % 2 == 1 || subject <= 2 * right,
                ..AnswerRow::default()
            };
            let rows = (1..=100).flat_map(|k| [row("untaught", k), row("taught", k)]);
            write_answers(run.directory.answers(), &rows.collect::<Vec<_>>()).unwrap();
            run
        })
    });
    let runs = runs.collect();
    (folder, study("instruction", runs))
}

#[test]
fn what_carries_over_is_counted_among_the_facts_known_before() {
    let study = instructions([(1, 10), (4, 48)]);
    assert_eq!(
        outcome(&study, "4 templates, 50.0 % taught, no replay/others"),
        Outcome::Agrees
    );
    assert_eq!(
        outcome(&study, "1 template, 50.0 % taught, no replay/others"),
        Outcome::Disagrees
    );
    assert_eq!(outcome(&study, "all/templates"), Outcome::Agrees);
    // Nine tenths of the way from no answer to all of them: 2304 sentences, of each seed.
    let sentences = "4 templates, 50.0 % taught, no replay/sentences";
    assert_eq!(outcome(&study, sentences), Outcome::Disagrees);
}
