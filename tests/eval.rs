//! `kolmo eval` and `kolmo tensorboard` on a run that is there.

use std::fs;

use kolmo_run::{FactRow, FactsTable};
use serde_json::Value;

use crate::util::{Place, jsonl, tiny_with, train};

fn config() -> String {
    tiny_with(
        "world.frequency = { elements = 100, exponent = 1.3 }
train = { documents = 1280, batch_documents = 32 }
eval.evaluations = 4
checkpoint.keep_every = 20",
    )
}

fn run() -> Place {
    let place = Place::new();
    place.file("run.toml", &config());
    place.kolmo(&train("run.toml", "run")).exits(0);
    place
}

fn facts(place: &Place, path: &str) -> Vec<FactRow> {
    let table = FactsTable::read(place.path().join(path)).unwrap();
    table.rows().copied().collect()
}

#[test]
fn a_checkpoint_says_again_what_it_said_in_training() {
    let place = run();
    let ran = place
        .kolmo(&["eval", "run", "--device", "flex", "--json"])
        .exits(0);
    let record: Value = serde_json::from_str(&ran.stdout()).unwrap();
    let evaluations = jsonl(&place.path().join("run/evaluations.jsonl"));
    let last = evaluations.last().unwrap();
    for key in [
        "step",
        "documents",
        "value_loss",
        "value_loss_ci95",
        "accuracy",
        "bits_stored",
    ] {
        assert_eq!(record[key], last[key], "{key}");
    }
    for (class, last) in record["classes"]
        .as_array()
        .unwrap()
        .iter()
        .zip(last["classes"].as_array().unwrap())
    {
        for key in ["value_loss", "exposures", "bayes_value_loss", "mass"] {
            assert_eq!(class[key], last[key], "{key}");
        }
    }
    assert!(record.get("code_bits").is_none(), "it was not measured");
    assert!(record["classes"][0].get("stream_documents").is_none());
    let then: Vec<FactRow> = facts(&place, "run/facts.parquet")
        .into_iter()
        .filter(|row| row.step == 40)
        .collect();
    assert_eq!(facts(&place, "run/eval/step-00000040/facts.parquet"), then);
}

#[test]
fn any_checkpoint_can_be_asked_for_any_facts() {
    let place = run();
    let arguments = [
        &[
            "eval", "run", "--device", "flex", "--step", "20", "--ranks", "90-95",
        ][..],
        &["--set", "eval.facts_per_class=100", "--out", "other"],
    ]
    .concat();
    let table = place.kolmo(&arguments).exits(0).stdout();
    assert!(table.contains("step 20"), "{table}");
    let rows = facts(&place, "other/facts.parquet");
    let ranks: Vec<u64> = rows.iter().map(|row| row.subject).collect();
    assert_eq!(ranks, [90, 91, 92, 93, 94, 95]);
    assert!(
        rows.iter()
            .all(|row| row.step == 20 && row.documents == 640)
    );
    assert!(!place.path().join("run/eval").exists());
}

#[test]
fn what_cannot_be_asked_is_a_usage_error() {
    let place = run();
    for (extra, says) in [
        (
            &["run", "--step", "7"][..],
            "checkpoints of the steps 20, 40",
        ),
        (&["run", "--step", "last"], "a whole number"),
        (&["run", "--ranks", "101"], "100 subjects"),
        (&["run", "--ranks", "9-3"], "must not be above"),
        (&["run", "--set", "seed=2"], "[eval] alone"),
        (&["nowhere"], "is no run of kolmo"),
    ] {
        let arguments = [&["eval", "--device", "flex"], extra].concat();
        place.kolmo(&arguments).exits(2).says(says);
    }
}

#[test]
fn event_files_are_made_again_from_the_json_lines() {
    let place = run();
    let folder = place.path().join("run/tensorboard");
    let files = || fs::read_dir(&folder).unwrap().count();
    assert_eq!(files(), 1);
    place
        .kolmo(&["tensorboard", "run"])
        .exits(0)
        .says("4 logged steps and 4 evaluations");
    assert_eq!(files(), 1);
    fs::remove_dir_all(&folder).unwrap();
    place.kolmo(&["tensorboard", "run", "-q"]).exits(0);
    assert_eq!(files(), 1);
    place
        .kolmo(&["tensorboard", "nowhere"])
        .exits(2)
        .says("is no run of kolmo");
}
