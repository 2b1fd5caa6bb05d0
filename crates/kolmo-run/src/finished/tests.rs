use std::fs;

use super::*;
use crate::facts_table::examples::row;
use crate::metrics::{JsonlWriter, examples};
use crate::{AnswerRow, FactRow, FactsTable, Provenance, write_answers};

const IDENTITY: &str = "af1349b9f5f9a1a6";

/// A run of 30 steps that is done, with an evaluation after every tenth.
fn run(folder: &tempfile::TempDir) -> RunDirectory {
    let run = RunDirectory::open_or_create(folder.path()).unwrap();
    let mut steps = JsonlWriter::create(run.metrics()).unwrap();
    let mut evaluations = JsonlWriter::create(run.evaluations()).unwrap();
    let mut facts = FactsTable::new(vec!["home".to_owned()]);
    for step in 1..=30 {
        let mut record = examples::step(step);
        record.grad_norm = f64::NAN;
        steps.append(&record).unwrap();
        if step % 10 == 0 {
            evaluations.append(&examples::evaluation(step)).unwrap();
            facts.push(vec![fact(step); 3]).unwrap();
        }
    }
    facts.write(run.facts()).unwrap();
    let provenance = Provenance::default();
    let manifest = Manifest::new(1, 7, IDENTITY.to_owned(), provenance);
    manifest.write(&run).unwrap();
    let (figures, _) = FinalFigures::of(&run, 7, 30).unwrap();
    figures.write(&run).unwrap();
    run
}

fn fact(step: u64) -> FactRow {
    row(step, 1, 0)
}

fn open(run: &RunDirectory) -> Result<FinishedRun> {
    Ok(FinishedRun::open(run, IDENTITY, 30)?.unwrap())
}

/// The message of what must not be believed.
fn refusal<T>(result: Result<T>) -> String {
    match result {
        Err(error @ Error::Altered { .. }) => error.to_string(),
        Err(error) => panic!("{error}"),
        Ok(_) => panic!("it is believed"),
    }
}

#[test]
fn what_a_run_left_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let run = run(&folder);
    let finished = open(&run).unwrap();
    let records = finished.records().unwrap();
    assert_eq!((records.steps.len(), records.evaluations.len()), (30, 3));
    assert_eq!(finished.figures.last_step.step, 30);
    let facts = facts(&run, &records.evaluations).unwrap();
    assert_eq!(facts.iter().map(Vec::len).collect::<Vec<_>>(), [3; 3]);
    assert!(answers(&run, &records.evaluations[2]).unwrap().is_empty());
    // The name of a run in a sweep is the beginning of the hash.
    assert!(
        FinishedRun::open(&run, &IDENTITY[..12], 30)
            .unwrap()
            .is_some()
    );
    assert!(FinishedRun::open(&run, "e4", 30).is_err());
    fs::remove_file(run.done()).unwrap();
    assert!(FinishedRun::open(&run, IDENTITY, 30).unwrap().is_none());
}

#[test]
fn records_that_lost_their_end_or_their_order_are_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let run = run(&folder);
    let finished = open(&run).unwrap();
    type Read = fn(&FinishedRun) -> Result<()>;
    let files: [(PathBuf, Read); 2] = [
        (run.metrics(), |run| {
            steps(&run.directory, &run.figures.last_step).map(|_| ())
        }),
        (run.evaluations(), |run| run.evaluations().map(|_| ())),
    ];
    for (path, read) in files {
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        let text = fs::read_to_string(&path).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        let count = lines.len();
        let mut turned = lines.clone();
        turned.swap(0, 1);
        let mut gap = lines.clone();
        gap.remove(count - 2);
        let torn = text[..text.len() - 9].to_owned();
        let other = text.replacen("\"step\":30,", "\"step\":31,", 1);
        for (altered, reason) in [
            (String::new(), "it has no records"),
            (lines[..count - 1].join("\n"), "its last record is of step"),
            (torn, "its last record is of step"),
            (turned.join("\n"), "comes behind step"),
            (
                format!("{text}{}\n", lines[count - 1]),
                "comes behind step 30",
            ),
            (other, "its last record is of step 31"),
            (
                gap.join("\n"),
                match name.as_str() {
                    "metrics.jsonl" => "it has no line of step 29",
                    _ => "it has 2 evaluations, and facts.parquet has the facts of 3",
                },
            ),
            (text.replace(":0.003,", ":0.004,"), "DONE"),
            (text.replace(":10000.0,", ":20000.0,"), "DONE"),
        ] {
            if altered == text {
                continue;
            }
            fs::write(&path, altered).unwrap();
            let message = refusal(read(&finished));
            assert!(
                message.contains(&name) && message.contains(reason),
                "{message}"
            );
        }
        fs::write(&path, &text).unwrap();
        read(&finished).unwrap();
        fs::remove_file(&path).unwrap();
        assert!(matches!(read(&finished), Err(Error::Io { .. })));
        fs::write(&path, text).unwrap();
    }
}

#[test]
fn a_figure_in_the_middle_that_is_another_by_now_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let run = run(&folder);
    let finished = open(&run).unwrap();
    for (path, key) in [
        (run.metrics(), "\"loss\":"),
        (run.evaluations(), "\"value_loss\":"),
    ] {
        let sound = fs::read(&path).unwrap();
        let text = String::from_utf8(sound.clone()).unwrap();
        let place = text.find(key).unwrap() + key.len();
        let mut altered = sound.clone();
        altered[place] = if altered[place] == b'7' { b'8' } else { b'7' };
        fs::write(&path, altered).unwrap();
        let message = refusal(finished.records());
        let name = path.file_name().unwrap().to_str().unwrap();
        assert!(message.contains(name), "{message}");
        fs::write(&path, sound).unwrap();
        finished.records().unwrap();
    }
    // Those of another run, sound in themselves.
    let mut other = FactsTable::new(vec!["home".to_owned()]);
    for step in [10, 20, 30] {
        let loss_nats = 0.2;
        let rows = vec![
            FactRow {
                loss_nats,
                ..fact(step)
            };
            3
        ];
        other.push(rows).unwrap();
    }
    other.write(run.facts()).unwrap();
    let message = refusal(finished.records());
    assert!(message.contains("facts.parquet"), "{message}");
    // Runs of earlier builds have no hashes.
    let figures = FinalFigures {
        seal: Seal::default(),
        ..finished.figures.clone()
    };
    figures.write(&run).unwrap();
    open(&run).unwrap().records().unwrap();
}

#[test]
fn a_file_of_another_size_is_not_read_to_its_end() {
    let folder = tempfile::tempdir().unwrap();
    let run = run(&folder);
    let file = fs::File::options().append(true).open(run.metrics());
    file.unwrap().set_len(1 << 40).unwrap();
    let message = refusal(open(&run).unwrap().evaluations());
    assert!(
        message.contains("metrics.jsonl") && message.contains("its size"),
        "{message}"
    );
}

#[test]
fn final_figures_of_another_moment_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let run = run(&folder);
    let message = refusal(FinishedRun::open(&run, IDENTITY, 40));
    assert!(
        message.contains("DONE") && message.contains("step 30"),
        "{message}"
    );
    for text in ["", "{}", "null", "{\"last_step\": null}"] {
        fs::write(run.done(), text).unwrap();
        let error = open(&run).unwrap_err();
        assert!(matches!(error, Error::Json { .. }), "{text}: {error}");
        assert!(error.to_string().contains("DONE"), "{error}");
    }
    fs::remove_file(run.done()).unwrap();
    fs::create_dir(run.done()).unwrap();
    assert!(matches!(open(&run), Err(Error::Io { .. })));
}

#[test]
fn a_run_that_has_not_made_its_last_step_has_no_final_figures() {
    let folder = tempfile::tempdir().unwrap();
    let run = run(&folder);
    let message = refusal(FinalFigures::of(&run, 7, 31));
    assert!(message.contains("metrics.jsonl"), "{message}");
}

#[test]
fn facts_and_answers_of_another_moment_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let run = run(&folder);
    let mut evaluations = open(&run).unwrap().evaluations().unwrap();
    let mut less = FactsTable::new(vec!["home".to_owned()]);
    less.push(vec![fact(10); 3]).unwrap();
    less.push(vec![fact(20); 3]).unwrap();
    less.write(run.facts()).unwrap();
    let message = refusal(facts(&run, &evaluations));
    assert!(message.contains("facts.parquet"), "{message}");

    let last = evaluations.last_mut().unwrap();
    let asked = crate::InterviewRecord {
        cohort: "stated".to_owned(),
        wording: "statement".to_owned(),
        measured: 1,
        value_loss: 1.0,
        value_loss_ci95: [1.0; 2],
        accuracy: 0.5,
        accuracy_ci95: [0.5; 2],
        answer_valid: 1.0,
        confidence: 0.5,
    };
    last.interviews.push(asked);
    assert!(matches!(answers(&run, last), Err(Error::Io { .. })));
    let row = |step| AnswerRow {
        step,
        ..AnswerRow::default()
    };
    write_answers(run.answers(), &[row(20)]).unwrap();
    let message = refusal(answers(&run, last));
    assert!(message.contains("answers.parquet"), "{message}");
    write_answers(run.answers(), &[row(20), row(30)]).unwrap();
    assert_eq!(answers(&run, last).unwrap(), [row(30)]);
}
