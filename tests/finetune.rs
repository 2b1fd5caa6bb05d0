//! Models that are taught something after their training.

#![cfg(unix)]

use std::{collections::BTreeSet, fs, path::Path};

use kolmo_run::{AnswerRow, FactsTable, read_answers};
use serde_json::Value;

use crate::{
    resume::{saved, timeless, wait_until},
    util::{Place, jsonl, tiny_with, train, words},
};

fn base() -> String {
    tiny_with(
        "world.frequency = { elements = 60, exponent = 1.0 }
world.names.pools = [10, 10]
world.syntax = { templates = 2, held_out = 1 }
train = { documents = 6400, batch_documents = 32 }
eval = { facts_per_class = 20, evaluations = 3 }",
    )
}

/// 100 steps. The questions are words that the base has not.
const INJECTION: &str = r#"
[world.syntax]
questions = 2
[train]
documents = 3200
batch_documents = 32
log_every = 3
[eval]
classes = 3
facts_per_class = 20
evaluations = 6
[checkpoint]
every_s = 0.0
[finetune.replay]
share = 0.25
[finetune.lesson]
task = "injection"
syntax = "new"
frequency = { law = "uniform", elements = 10 }
"#;

fn place() -> Place {
    let place = Place::new();
    place.file("base.toml", &base());
    place.file("injection.toml", INJECTION);
    place.kolmo(&train("base.toml", "base")).exits(0);
    place
}

fn arguments<'a>(run: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    let common = [
        "finetune",
        "injection.toml",
        "--from",
        "base",
        "--device",
        "flex",
        "-q",
    ];
    [&common[..], &["--run-dir", run], more].concat()
}

fn interview(record: &Value, cohort: &str, wording: &str) -> Value {
    let all = record["interviews"].as_array().unwrap();
    let of = |one: &&Value| one["cohort"] == cohort && one["wording"] == wording;
    all.iter().find(of).unwrap().clone()
}

fn kinds(rows: &[AnswerRow]) -> BTreeSet<(&str, &str)> {
    rows.iter()
        .map(|row| (row.cohort.as_str(), row.wording.as_str()))
        .collect()
}

#[test]
fn new_facts_are_learnt_in_the_new_syntax_and_old_ones_followed() {
    let place = place();
    let mut arguments = arguments("tuned", &[]);
    arguments.retain(|argument| *argument != "-q");
    let said = place.kolmo(&arguments).exits(0).stderr();
    // Old facts and new ones, side by side.
    let lines = said.lines().filter(|line| line.contains("| value loss "));
    let lines = lines.filter(|line| line.contains(", injected: statement "));
    assert!(lines.count() > 1, "{said}");
    let run = place.path().join("tuned");
    let records = jsonl(&run.join("evaluations.jsonl"));
    let (first, last) = (&records[0], records.last().unwrap());
    assert_eq!(
        (first["step"].as_u64(), last["step"].as_u64()),
        (Some(0), Some(100))
    );
    // It begins where the base ended: the language has grown, and what it knew of its facts is as it was.
    let base = jsonl(&place.path().join("base/evaluations.jsonl"));
    let (before, after) = (base.last().unwrap(), first);
    let loss = |record: &Value| record["value_loss"].as_f64().unwrap();
    assert!(
        (loss(before) - loss(after)).abs() < 0.05,
        "{} {}",
        loss(before),
        loss(after)
    );
    assert_eq!(
        before["classes"][0]["exposures"],
        after["classes"][0]["exposures"]
    );
    let new = |record| {
        interview(record, "injected", "question")["value_loss"]
            .as_f64()
            .unwrap()
    };
    assert!(new(last) < new(first) - 1.0, "{} {}", new(first), new(last));
    // The world's own predictors have nothing to say of such documents.
    assert_eq!(first["code_bits"]["bayes"]["total"], 0.0);
    assert!(jsonl(&run.join("metrics.jsonl"))[0]["floor"].is_null());

    let rows = read_answers(run.join("answers.parquet")).unwrap();
    let expected = ["injected", "stated", "strangers"]
        .into_iter()
        .flat_map(|cohort| ["held_out", "question", "statement"].map(|wording| (cohort, wording)));
    assert_eq!(kinds(&rows), expected.collect());
    let injected = |row: &&AnswerRow| row.cohort == "injected" && row.wording == "question";
    let exposures: u64 = rows.iter().filter(injected).map(|row| row.exposures).sum();
    // Three quarters of 3200 documents are about new facts.
    assert!((2300..2500).contains(&exposures), "{exposures}");
    assert!(
        rows.iter()
            .filter(|row| row.cohort == "strangers")
            .all(|row| row.exposures == 0)
    );
    let asked = rows.iter().find(injected).unwrap();
    assert!(asked.prompt.ends_with('?'), "{asked:?}");

    // Asked again it says the same, of the same exposures.
    place
        .kolmo(&["eval", "tuned", "--device", "flex", "-q"])
        .exits(0);
    let again = run.join("eval/step-00000100");
    assert_eq!(read_answers(again.join("answers.parquet")).unwrap(), rows);
    let then = FactsTable::read(run.join("facts.parquet")).unwrap();
    let then: Vec<_> = then.rows().filter(|row| row.step == 100).copied().collect();
    let now = FactsTable::read(again.join("facts.parquet")).unwrap();
    assert!(now.rows().copied().eq(then));
}

/// What two runs of one configuration have in common.
fn assert_same(one: &Path, other: &Path) {
    for name in [
        "facts.parquet",
        "answers.parquet",
        "evaluations.jsonl",
        "checkpoints/step-00000100/model.safetensors",
        "checkpoints/step-00000100/optimizer.safetensors",
    ] {
        let [one, other] = [one, other].map(|run| fs::read(run.join(name)).unwrap());
        assert!(one == other, "{name} differs");
    }
    assert_eq!(timeless(one), timeless(other));
}

#[test]
fn a_fine_tuning_that_is_killed_ends_with_the_same_bits() {
    let place = place();
    for more in [
        &[][..],
        &[
            "--set",
            "finetune.method=lora",
            "--set",
            "train.learning_rate=0.01",
        ],
        &["--set", "finetune.replay.of=generated"],
    ] {
        let name = |run: &str| format!("{run}_{}", more.len());
        let (whole, killed) = (&name("whole")[..], &name("killed")[..]);
        place.kolmo(&arguments(whole, more)).exits(0);
        let run = place.path().join(killed);
        for goal in [20, 60] {
            let mut running = place.start(&arguments(killed, more), &[]);
            wait_until(&mut running, || saved(&run).last() >= Some(&goal));
            running.signal("KILL");
            running.wait();
        }
        place.kolmo(&arguments(killed, more)).exits(0);
        assert_same(&place.path().join(whole), &run);
        // Its own configuration makes it again.
        let again = format!("{whole}_again");
        let config = format!("{whole}/config.toml");
        place.kolmo(&train(&config, &again)).exits(0);
        assert_same(&place.path().join(whole), &place.path().join(again));
    }
}

#[test]
fn what_the_model_itself_writes_keeps_its_syntax_and_states_no_facts() {
    let place = place();
    let tuned = |run: &str, more: &[&str]| {
        place.kolmo(&arguments(run, more)).exits(0);
        let run = place.path().join(run);
        let records = jsonl(&run.join("evaluations.jsonl"));
        (read_answers(run.join("answers.parquet")).unwrap(), records)
    };
    let of = |of: &str| format!("finetune.replay.of={of}");
    let share = ["--set", "finetune.replay.share=0.5"];
    let none = tuned("none", &["--set", "finetune.replay.share=0.0"]);
    let [own, fresh] = ["generated", "fresh"]
        .map(|name| tuned(name, &[&share[..], &["--set", &of(name)]].concat()));
    // The world is not asked: nothing is met again, where of fresh documents facts are.
    let met = |(rows, _): &(Vec<AnswerRow>, Vec<Value>)| -> u64 {
        let stated = rows.iter().filter(|row| row.cohort == "stated");
        stated.map(|row| row.exposures).sum()
    };
    assert_eq!(met(&own), met(&none));
    assert!(met(&fresh) > met(&none));
    // What is read is the syntax of old: without it less of it is left.
    let loss = |(_, records): &(Vec<AnswerRow>, Vec<Value>)| {
        records.last().unwrap()["value_loss"].as_f64().unwrap()
    };
    assert!(loss(&own) < loss(&none), "{} {}", loss(&own), loss(&none));
}

#[test]
fn adapters_change_the_matrices_alone() {
    let place = place();
    let more = ["--set", "finetune.method=lora", "--set", "finetune.rank=2"];
    place.kolmo(&arguments("lora", &more)).exits(0);
    let tensors = |path: &str| {
        let bytes = fs::read(place.path().join(path)).unwrap();
        kolmo_model::weights::from_safetensors(&bytes).unwrap()
    };
    let before = tensors("base/checkpoints/step-00000200/model.safetensors");
    let after = tensors("lora/checkpoints/step-00000100/model.safetensors");
    for (name, tensor) in &before {
        let is_matrix = name.starts_with("blocks") && !name.contains("norm");
        // New words are behind the others; in the output layer between the rows.
        let is_same = tensor.values == after[name].values
            || name == "embedding.weight" && after[name].values.starts_with(&tensor.values);
        assert_eq!(!is_same, is_matrix || name == "head", "{name}");
    }
    let adapters = tensors("lora/checkpoints/step-00000100/adapters.safetensors");
    assert_eq!(adapters.len(), 2 * 4);
    assert!(adapters.values().all(|tensor| tensor.shape.contains(&2)));
}

#[test]
fn a_sweep_fine_tunes_the_runs_of_another_one_and_those_of_that() {
    let place = Place::new();
    place.file("base.toml", &base());
    place.file("injection.toml", INJECTION);
    place.file(
        "first.toml",
        "base = 'base.toml'\nseeds = [1, 2]\n[set]\ntrain.documents = 640",
    );
    place.file(
        "second.toml",
        "base = 'injection.toml'\nfrom = 'first.toml'\n[set]\ntrain.documents = 320\n\
         [[axes]]\nproduct = { 'finetune.replay.share' = [0.0, 1.0] }",
    );
    place.file(
        "third.toml",
        "base = 'injection.toml'\nfrom = 'second.toml'\n[set]\ntrain.documents = 320\nfinetune.replay.share = 1.0",
    );
    // Before there is anything to begin with, runs fail and say why.
    let ran = place.kolmo(&["sweep", "run", "second.toml", "-q", "--retry", "0"]);
    assert_eq!(ran.code(), Some(1));
    for (sweep, count) in [("first", 2), ("second", 4), ("third", 4)] {
        let file = format!("{sweep}.toml");
        place.kolmo(&["sweep", "run", &file, "-q"]).exits(0);
        let status = place
            .kolmo(&["sweep", "status", &file, "--json"])
            .exits(0)
            .stdout();
        let status: Value = serde_json::from_str(&status).unwrap();
        let runs = status["runs"].as_array().unwrap();
        assert_eq!(runs.len(), count);
        assert!(runs.iter().all(|run| run["state"] == "done"), "{status}");
    }
    place.file("loop.toml", "base = 'injection.toml'\nfrom = 'loop.toml'");
    place
        .kolmo(&["sweep", "plan", "loop.toml"])
        .exits(2)
        .says("fine-tuned from itself");
    place.file(
        "seeds.toml",
        "base = 'injection.toml'\nfrom = 'first.toml'\nseeds = [1]",
    );
    place
        .kolmo(&["sweep", "plan", "seeds.toml"])
        .exits(2)
        .says("begin with the runs of from");
}

#[test]
fn what_cannot_be_fine_tuned_is_explained() {
    let place = place();
    let begin = ["finetune", "injection.toml", "--device", "flex", "-q"];
    for (more, code, says) in [
        (&["--from", "nowhere"][..], 2, "is no run of kolmo"),
        (
            &["--from", "base", "--step", "7"],
            2,
            "no checkpoint of step 7",
        ),
        (
            &["--from", "base", "--set", "model.layers=2"],
            2,
            "model.layers = given is not possible",
        ),
        (
            &[
                "--from",
                "base",
                "--set",
                "finetune.lesson.frequency.elements=41",
            ],
            2,
            "at most 40, the names that nobody bears",
        ),
        (
            &["--from", "base", "--set", "finetune.lesson.task=learn"],
            2,
            "learn",
        ),
    ] {
        place
            .kolmo(&[&begin[..], more].concat())
            .exits(code)
            .says(says);
    }
    // The run that it begins with, or that that one began with, stays.
    place
        .kolmo(&arguments("tuned", &["--set", "train.documents=320"]))
        .exits(0);
    let again = |from: &str, target: &str| {
        let arguments = [
            "finetune",
            "injection.toml",
            "--from",
            from,
            "--run-dir",
            target,
        ];
        let more = ["--device", "flex", "-q", "--resume", "never"];
        place.kolmo(&[&arguments[..], &more].concat())
    };
    for from in ["base", "tuned"] {
        again(from, "base").exits(1).says("would take its place");
        assert!(place.path().join("base/DONE").is_file());
    }
    // Nor does a run go whose base has gone.
    fs::rename(place.path().join("base"), place.path().join("moved")).unwrap();
    let repeat = [
        "train",
        "tuned/config.toml",
        "--run-dir",
        "tuned",
        "--device",
        "flex",
        "-q",
        "--resume",
        "never",
    ];
    place.kolmo(&repeat).exits(1);
    assert!(place.path().join("tuned/DONE").is_file());
    fs::rename(place.path().join("moved"), place.path().join("base")).unwrap();
    // The last checkpoint is the one that is meant, and no other one is taken for it.
    let last = place.path().join("base/checkpoints/step-00000200");
    fs::rename(&last, place.path().join("aside")).unwrap();
    place
        .kolmo(&arguments("lost", &[]))
        .exits(1)
        .says("the checkpoint of its last step, 200, is not there");
    fs::rename(place.path().join("aside"), &last).unwrap();
    // A configuration that names no run, and one whose run has changed.
    place
        .kolmo(&["train", "injection.toml", "--device", "flex", "-q"])
        .exits(2)
        .says("--from RUN_DIR");
    let config = fs::read_to_string(place.path().join("base/config.toml")).unwrap();
    let changed = config.replace("learning_rate = 0.003", "learning_rate = 0.002");
    fs::write(place.path().join("base/config.toml"), changed).unwrap();
    let again = train("tuned/config.toml", "again");
    place.kolmo(&again).exits(1).says("another configuration");
}

#[test]
fn a_run_that_was_moved_with_its_base_finds_it() {
    let place = place();
    place.kolmo(&arguments("tuned", &[])).exits(0);
    let eval = |run: &str| place.kolmo(&["eval", run, "--device", "flex", "--json", "-q"]);
    let report = |run: &str| place.kolmo(&["report", run, "-o", "report.html", "-q"]);
    let expected = eval("tuned").exits(0).stdout();
    let there = place.path().join("elsewhere/disk");
    fs::create_dir_all(&there).unwrap();
    for run in ["base", "tuned"] {
        fs::rename(place.path().join(run), there.join(run)).unwrap();
    }
    let run = "elsewhere/disk/tuned";
    assert_eq!(eval(run).exits(0).stdout(), expected);
    report(run).exits(0);

    // Another run by that name, here or beside it, is not taken for it.
    place
        .kolmo(&words(
            "train base.toml --device flex -q --run-dir base --set seed=7",
        ))
        .exits(0);
    assert_eq!(eval(run).exits(0).stdout(), expected);
    fs::remove_dir_all(there.join("base")).unwrap();
    eval(run).exits(1).says("a run of another configuration");
    fs::rename(place.path().join("base"), there.join("base")).unwrap();
    eval(run).exits(1).says("keep the two beside each other");
}
