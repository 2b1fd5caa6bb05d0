//! Runs and a sweep that an earlier build has left, of revision 66dcd6f, in `tests/fixtures/runs`: they stay readable.
//!
//! Its figures are those of one kind of processor, whose matrix products may round in another way than those of the processor here. So
//! figures are compared within a bound, and bits where training here ends with the bits of the fixture.

#![cfg(unix)]

use std::{fs, path::Path};

use kolmo_run::{FactRow, FactsTable};
use serde_json::Value;

use crate::{
    resume::saved,
    util::{Place, copy_folder, json, jsonl, words},
};

/// Seed 1 of the sweep. Like its peer it has 40 steps.
pub const RUN: &str = "two/runs/f50fc041eda2";
const LAST: &str = "checkpoints/step-00000040";

/// A place with a copy of all that the earlier build has left.
pub fn place() -> Place {
    let place = Place::new();
    let fixture = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/runs/66dcd6f");
    copy_folder(Path::new(fixture), place.path());
    place
}

/// That every number of `earlier` is in the same place of `now`, which may say more.
fn assert_close(now: &Value, earlier: &Value, place: &str) {
    match earlier {
        Value::Object(fields) => {
            for (key, earlier) in fields {
                assert_close(&now[key], earlier, &format!("{place}.{key}"));
            }
        }
        Value::Array(items) => {
            for (k, earlier) in items.iter().enumerate() {
                assert_close(&now[k], earlier, &format!("{place}[{k}]"));
            }
        }
        Value::Number(number) => {
            let (earlier, now) = (number.as_f64().unwrap(), now.as_f64());
            let now = now.unwrap_or_else(|| panic!("{place} is missing"));
            let bound = 1e-4 * earlier.abs().max(1e-3);
            assert!((now - earlier).abs() <= bound, "{place}: {now}, {earlier}");
        }
        other => assert_eq!(now, other, "{place}"),
    }
}

/// Whether training the run here, from its first step, ends with the weights of the fixture. Leaves it in `anew`.
fn has_the_same_bits(place: &Place) -> bool {
    let train = format!("train {RUN}/config.toml --run-dir anew --device flex -q");
    place.kolmo(&words(&train)).exits(0);
    let [anew, there] = ["anew", RUN]
        .map(|run| fs::read(place.path().join(run).join(LAST).join("model.safetensors")).unwrap());
    anew == there
}

#[test]
fn a_run_of_an_earlier_build_is_evaluated_to_the_figures_that_it_recorded() {
    let place = place();
    let eval = format!("eval {RUN} --device flex --json");
    let now = place.kolmo(&words(&eval)).exits(0).stdout();
    let now: Value = serde_json::from_str(&now).unwrap();
    let mut recorded = jsonl(&place.path().join(RUN).join("evaluations.jsonl"))
        .pop()
        .unwrap();
    // What was measured on the stream of documents is not measured again.
    let of_the_stream = |key: &String| {
        key.contains("stream")
            || ["code_bits", "distinct_subjects"].contains(&key.as_str())
            || ["bayes_discount", "bayes_concentration"].contains(&key.as_str())
    };
    let record = recorded.as_object_mut().unwrap();
    record.retain(|key, _| !of_the_stream(key));
    for class in record["classes"].as_array_mut().unwrap() {
        class
            .as_object_mut()
            .unwrap()
            .retain(|key, _| !of_the_stream(key));
    }
    assert!(record["value_loss"].as_f64().unwrap() > 1.0);
    assert_close(&now, &recorded, "evaluation");
}

#[test]
fn a_run_of_an_earlier_build_is_finished_and_is_reported() {
    let place = place();
    let before = fs::read(place.path().join(RUN).join("DONE")).unwrap();
    let train = format!("train {RUN}/config.toml --run-dir {RUN} --device flex");
    place
        .kolmo(&words(&train))
        .exits(0)
        .says("is finished already");
    assert_eq!(
        fs::read(place.path().join(RUN).join("DONE")).unwrap(),
        before
    );
    let report = format!("report {RUN} -o report/report.html --json");
    let said = place.kolmo(&words(&report)).exits(0).stdout();
    let said: Value = serde_json::from_str(&said).unwrap();
    assert!(!said["verdicts"].as_array().unwrap().is_empty());
    place.kolmo(&words(&format!("tensorboard {RUN}"))).exits(0);
}

#[test]
fn a_sweep_of_an_earlier_build_is_reported_once_it_is_planned() {
    let place = place();
    let earlier = json(&place.path().join("two/report/report.json"));
    // It did not note which runs are planned: the message says what does.
    place
        .kolmo(&words("report two"))
        .exits(1)
        .says("kolmo sweep commands SWEEP.toml --dir two");
    let status = place
        .kolmo(&words("sweep status two.toml --dir two --json"))
        .exits(0)
        .stdout();
    assert_eq!(status.matches("\"state\":\"done\"").count(), 2, "{status}");
    let pending = words("sweep commands two.toml --dir two --pending");
    assert_eq!(place.kolmo(&pending).exits(0).stdout(), "", "it is done");
    place.kolmo(&words("report two")).exits(0);
    let now = json(&place.path().join("two/report/report.json"));
    // What the runs show is what it was; how it is judged may be another matter by now.
    let earlier = earlier["verdicts"].as_array().unwrap();
    assert_eq!(earlier.len(), 3);
    for earlier in earlier {
        let mut verdicts = now["verdicts"].as_array().unwrap().iter();
        let now = verdicts
            .find(|now| now["claim"] == earlier["claim"])
            .unwrap();
        for key in ["predicted", "measured", "ci95"] {
            assert_close(
                &now[key],
                &earlier[key],
                &format!("{}, {key}", earlier["claim"]),
            );
        }
    }
    place
        .kolmo(&words("sweep summary two.toml --dir two"))
        .exits(0);
    place
        .kolmo(&words(
            "sweep run two.toml --dir two --devices flex --jobs 1 -q",
        ))
        .exits(0);
}

#[test]
fn a_run_of_an_earlier_build_is_fine_tuned() {
    let place = place();
    place.file(
        "tune.toml",
        r#"
[train]
documents = 640
batch_documents = 32
[eval]
classes = 2
facts_per_class = 5
evaluations = 2
[finetune.lesson]
task = "injection"
subjects = "old"
frequency = { law = "uniform", elements = 4 }
"#,
    );
    let tune = format!("finetune tune.toml --from {RUN} --run-dir tuned --device flex -q");
    place.kolmo(&words(&tune)).exits(0);
    let tuned = jsonl(&place.path().join("tuned/evaluations.jsonl"));
    // It begins with what the run has learnt. Its facts are others: those whose values change are asked by themselves.
    let recorded = jsonl(&place.path().join(RUN).join("evaluations.jsonl"));
    let loss = |record: &Value| record["value_loss"].as_f64().unwrap();
    let (begun, ended) = (loss(&tuned[0]), loss(&recorded[recorded.len() - 1]));
    assert_eq!(tuned[0]["step"], 0);
    assert!((begun / ended - 1.0).abs() < 0.05, "{begun}, {ended}");
    let config = fs::read_to_string(place.path().join("tuned/config.toml")).unwrap();
    let manifest = json(&place.path().join(RUN).join("manifest.json"));
    let identity = manifest["config_blake3"].as_str().unwrap();
    assert!(config.contains(identity), "{config}");
}

#[test]
fn a_run_of_an_earlier_build_compresses_and_decompresses() {
    let place = place();
    let read = |name: &str| fs::read(place.path().join(name)).unwrap();
    let compress = format!("compress {RUN} text --out now.kolmo --device flex -q");
    place.kolmo(&words(&compress)).exits(0);
    let decompress = |file: &str| {
        let line = format!("decompress {RUN} {file} --out again --device flex -q");
        place.kolmo(&words(&line))
    };
    decompress("now.kolmo").exits(0);
    assert!(read("again") == read("text"));
    fs::remove_file(place.path().join("again")).unwrap();
    // What the earlier build compressed takes its predictions to the bit.
    if has_the_same_bits(&place) {
        assert!(read("now.kolmo") == read("text.kolmo"));
        decompress("text.kolmo").exits(0);
        assert!(read("again") == read("text"));
    }
}

#[test]
fn a_killed_run_of_an_earlier_build_goes_on_to_the_same_end() {
    let place = place();
    let killed = place.path().join("killed");
    assert_eq!(saved(&killed), [23]);
    assert!(!killed.join("DONE").exists());
    let resume = words("train killed/config.toml --run-dir killed --device flex");
    // It is another build than the one before it, and says so.
    place
        .kolmo(&resume)
        .exits(0)
        .says("(66dcd6f89aed), and now by kolmo");
    let whole = place.path().join(RUN);
    let weights = |run: &Path| fs::read(run.join(LAST).join("model.safetensors")).unwrap();
    let moments = |run: &Path| fs::read(run.join(LAST).join("optimizer.safetensors")).unwrap();
    if has_the_same_bits(&place) {
        assert!(weights(&killed) == weights(&whole));
        assert!(moments(&killed) == moments(&whole));
        let facts = |run: &Path| -> Vec<FactRow> {
            let table = FactsTable::read(run.join("facts.parquet")).unwrap();
            table.rows().copied().collect()
        };
        assert!(facts(&killed) == facts(&whole));
    }
    let figures = |run: &Path| Value::from(jsonl(&run.join("evaluations.jsonl")));
    assert_close(&figures(&killed), &figures(&whole), "evaluations");
}

#[test]
fn keys_that_moved_are_read_by_their_old_names_and_named() {
    let place = Place::new();
    let old = "[train]\ndocuments = 640\nweight_decay = 0.1\n";
    place.file("old.toml", old);
    let new = "[train]\ndocuments = 640\noptimizer.weight_decay = 0.1\n";
    place.file("new.toml", new);
    let theory = |file: &str, said: bool| {
        let line = format!("world sample {file} -n 1 --set train.beta_2=0.9");
        let ran = place.kolmo(&words(&line)).exits(0);
        let note = "note: line 3: train.weight_decay is train.optimizer.weight_decay now";
        assert_eq!(ran.stderr().contains(note), said, "{}", ran.stderr());
        ran.says("note: --set train.beta_2=0.9: train.beta_2 is train.optimizer.beta_2 now");
    };
    theory("old.toml", true);
    theory("new.toml", false);
    // The runs of a sweep are the same by either name, and so are the columns of its summary.
    let axis = |key: &str| {
        let file = format!("{key}.toml");
        let text = format!("base = 'old.toml'\n[[axes]]\nproduct = {{ {key} = [0.0, 0.2] }}\n");
        place.file(&file, &text);
        let plan = format!("sweep plan {file} --json --no-benchmark");
        let ran = place.kolmo(&words(&plan)).exits(0);
        let said = format!("in {file}: train.weight_decay is train.optimizer.weight_decay now");
        assert_eq!(ran.stderr().contains(&said), key == "train.weight_decay");
        let ran = ran.says("in old.toml: line 3: train.weight_decay is");
        let plan: Value = serde_json::from_str(&ran.stdout()).unwrap();
        plan["runs"].clone()
    };
    let runs = axis("train.weight_decay");
    assert_eq!(runs.as_array().unwrap().len(), 2);
    assert_eq!(runs, axis("train.optimizer.weight_decay"));
}
