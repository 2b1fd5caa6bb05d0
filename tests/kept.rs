//! What an unfinished run had written is its own when it goes on, or it does not go on.

#![cfg(unix)]

use std::{
    fs,
    path::{Path, PathBuf},
};

use crate::{
    resume::{assert_same, config, saved, wait_until},
    util::{Place, copy_folder},
};

fn arguments(run: &str) -> [&str; 6] {
    ["train", "run.toml", "--run-dir", run, "--device", "flex"]
}

/// A place with a run that was killed on its way, one of the same configuration that is done, and one of another seed.
fn runs() -> (Place, PathBuf, PathBuf, PathBuf) {
    let place = Place::new();
    place.file("run.toml", &config());
    place.kolmo(&arguments("whole")).exits(0);
    let other = [&arguments("other")[..], &["--set", "seed=2"]].concat();
    place.kolmo(&other).exits(0);
    let mut running = place.start(&arguments("killed"), &[]);
    let killed = place.path().join("killed");
    // Behind the first records of steps, 3, 6, ..., and the first evaluations.
    wait_until(&mut running, || {
        saved(&killed).last().is_some_and(|step| *step >= 60)
    });
    running.signal("KILL");
    running.wait();
    assert!(!killed.join("DONE").exists());
    let [whole, other] = ["whole", "other"].map(|name| place.path().join(name));
    (place, killed, whole, other)
}

/// Puts `bytes` in the place of the file `name` of a copy of `run`, and gives what the run says as it is to go on.
fn with(place: &Place, run: &Path, copy: &str, name: &str, bytes: &[u8]) -> crate::util::Ran {
    let there = place.path().join(copy);
    copy_folder(run, &there);
    assert_ne!(
        fs::read(there.join(name)).unwrap(),
        bytes,
        "{copy}: no change"
    );
    fs::write(there.join(name), bytes).unwrap();
    place.kolmo(&arguments(copy))
}

/// `text` with one digit of its second line, behind `key`, that is another one.
fn with_another_digit(text: &str, key: &str) -> String {
    let (first, second) = text.split_once('\n').unwrap();
    let start = second.find(key).unwrap() + key.len();
    let digit = second[start..].find(|c: char| ('1'..='8').contains(&c));
    let digit = start + digit.unwrap();
    let next = char::from(second.as_bytes()[digit] + 1);
    format!(
        "{first}\n{}{next}{}",
        &second[..digit],
        &second[digit + 1..]
    )
}

#[test]
fn files_of_another_run_or_with_other_figures_are_named_and_change_nothing() {
    let (place, killed, whole, other) = runs();
    let text = |run: &Path, name: &str| fs::read_to_string(run.join(name)).unwrap();
    let mut swapped = Vec::new();
    for name in ["metrics.jsonl", "evaluations.jsonl", "facts.parquet"] {
        swapped.push((name, fs::read(other.join(name)).unwrap()));
    }
    for (name, key) in [
        ("metrics.jsonl", "\"loss\":"),
        ("metrics.jsonl", "\"elapsed_s\":"),
        ("metrics.jsonl", "\"tokens\":"),
        ("evaluations.jsonl", "\"value_loss\":"),
        ("evaluations.jsonl", "\"documents\":"),
    ] {
        let changed = with_another_digit(&text(&killed, name), key);
        swapped.push((name, changed.into_bytes()));
    }
    for (k, (name, bytes)) in swapped.iter().enumerate() {
        let copy = format!("copy-{k}");
        with(&place, &killed, &copy, name, bytes)
            .exits(1)
            .says(&format!("{name} beside it is not the one"));
        // It goes on where it was once the file is back.
        let there = place.path().join(&copy);
        assert_eq!(
            fs::read(there.join(name)).unwrap(),
            *bytes,
            "{name} was written over"
        );
        fs::copy(killed.join(name), there.join(name)).unwrap();
        place.kolmo(&arguments(&copy)).exits(0);
        assert_same(&whole, &there);
    }
    // What is no change of a line is none: an editor's line feeds, and what comes behind what was kept.
    let metrics = text(&killed, "metrics.jsonl").replace('\n', "\r\n\n") + "{\"step\":";
    with(
        &place,
        &killed,
        "edited",
        "metrics.jsonl",
        metrics.as_bytes(),
    )
    .exits(0);
    assert_same(&whole, &place.path().join("edited"));
}

#[test]
fn the_manifest_and_the_answers_are_those_of_the_run() {
    let (place, killed, whole, other) = runs();
    let manifest = fs::read(other.join("manifest.json")).unwrap();
    with(
        &place,
        &killed,
        "another manifest",
        "manifest.json",
        &manifest,
    )
    .exits(1)
    .says("by config_blake3 of manifest.json");

    // Killed between its last checkpoint and its end; the checkpoint before knows of no answers, and makes them again.
    let last = place.path().join("last");
    copy_folder(&whole, &last);
    fs::remove_file(last.join("DONE")).unwrap();
    let answers = fs::read(other.join("answers.parquet")).unwrap();
    with(&place, &last, "other answers", "answers.parquet", &answers)
        .exits(0)
        .says("answers.parquet beside it is not the one");
    let there = place.path().join("other answers");
    assert_same(&whole, &there);
    let read = |run: &Path| fs::read(run.join("answers.parquet")).unwrap();
    assert!(read(&whole) == read(&there));
}

#[test]
fn a_checkpoint_of_an_earlier_build_without_hashes_can_be_resumed() {
    let (place, killed, whole, _) = runs();
    let checkpoints = killed.join("checkpoints");
    for step in saved(&killed) {
        let folder = checkpoints.join(format!("step-{step:08}"));
        let state = fs::read(folder.join("state.cbor")).unwrap();
        let mut state: ciborium::Value = ciborium::from_reader(&state[..]).unwrap();
        let written = state.as_map_mut().unwrap().iter_mut();
        let written = written.filter(|(key, _)| key.as_text() == Some("written"));
        for (_, written) in written {
            let written = written.as_map_mut().unwrap();
            written.retain(|(key, _)| key.as_text() != Some("hashes"));
            assert_eq!(written.len(), 3);
        }
        let mut bytes = Vec::new();
        ciborium::into_writer(&state, &mut bytes).unwrap();
        fs::write(folder.join("state.cbor"), &bytes).unwrap();
        let path = folder.join("manifest.json");
        let manifest = fs::read_to_string(&path).unwrap();
        let mut manifest: serde_json::Value = serde_json::from_str(&manifest).unwrap();
        let file = &mut manifest["files"]["state.cbor"];
        file["bytes"] = bytes.len().into();
        file["blake3"] = kolmo_config::content_hash(&bytes).into();
        fs::write(&path, manifest.to_string()).unwrap();
    }
    place.kolmo(&arguments("killed")).exits(0);
    assert_same(&whole, &killed);
}
