//! Folders that are not kolmo's, and files of somebody else in those that are: nothing of them is replaced or removed.

#![cfg(unix)]

mod outputs;

use std::{
    fs,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
};

use serde_json::Value;

use crate::util::{Place, Ran, files, tiny};

/// A run of some milliseconds.
fn small() -> String {
    tiny(4, 1, 2)
}

/// A place with [`small`] in it.
fn place() -> Place {
    let place = Place::new();
    place.file("t.toml", &small());
    place
}

fn train(place: &Place, directory: &str, more: &[&str]) -> Ran {
    let arguments = ["train", "t.toml", "--device", "flex", "--run-dir"];
    place.kolmo(&[&["-q"], &arguments[..], &[directory], more].concat())
}

/// A file of the user's, with its folders.
fn mine(place: &Place, name: &str) -> PathBuf {
    let path = place.path().join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(&path, format!("mine: {name}")).unwrap();
    path
}

fn is_mine(path: &Path) -> bool {
    fs::read_to_string(path).is_ok_and(|text| text.starts_with("mine: "))
}

/// Asserts that `command` is refused for the sake of `name`, and changes nothing.
fn refuses(place: &Place, name: &str, command: impl Fn() -> Ran) {
    let before = files(place.path());
    let folders = || {
        let all = walk(place.path());
        all.into_iter().filter(|path| path.is_dir()).count()
    };
    let count = folders();
    let ran = command().exits(2);
    let said = format!("{name} is in the way");
    assert!(ran.stderr().contains(&said), "{said}: {}", ran.stderr());
    assert!(!ran.stderr().contains("never"), "{}", ran.stderr());
    assert_eq!(ran.stdout(), "");
    assert!(files(place.path()) == before, "{name}: files were changed");
    assert_eq!(folders(), count, "{name}: folders were made");
}

/// All that is below `folder`.
fn walk(folder: &Path) -> Vec<PathBuf> {
    let mut all = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            all.extend(walk(&path));
        }
        all.push(path);
    }
    all
}

#[test]
fn no_run_begins_in_a_folder_where_a_name_that_it_takes_is_taken() {
    for name in [
        "figures/a.svg",
        "figures/value_loss.svg",
        "config.toml",
        "manifest.json",
        "metrics.jsonl",
        "evaluations.jsonl",
        "facts.parquet",
        "answers.parquet",
        "compression.json",
        "DONE",
        ".lock",
        "checkpoints/step-00000004/model.safetensors",
        "checkpoints/step-4-mine/model.safetensors",
        "eval/step-00000004/facts.parquet",
        "tensorboard/events.out.tfevents.1.kolmo",
        "tensorboard/events.out.tfevents.1700000000.host",
    ] {
        let place = place();
        mine(&place, &format!("p/{name}"));
        let named = match name.split_once("step-") {
            Some((folder, rest)) => format!("{folder}step-{}", rest.split('/').next().unwrap()),
            None => name.to_owned(),
        };
        for more in [&[][..], &["--resume", "never"]] {
            refuses(&place, &format!("p/{named}"), || train(&place, "p", more));
        }
    }
    // What has other names is in nobody's way, and stays.
    let place = place();
    let others = [
        "p/notes.md",
        "p/figures/a.png",
        "p/checkpoints/best/model.safetensors",
        "p/tensorboard/notes.md",
        "p/eval/notes.md",
    ];
    let others = others.map(|name| mine(&place, name));
    for more in [&[][..], &["--resume", "never"]] {
        train(&place, "p", more).exits(0);
        assert!(others.iter().all(|path| is_mine(path)));
    }
}

#[test]
fn a_configuration_in_the_current_folder_is_not_taken_for_that_of_a_run() {
    let place = Place::new();
    let config = place.file("config.toml", &small());
    for more in [&[][..], &["--resume", "never"]] {
        for directory in [".", "./", place.path().to_str().unwrap()] {
            let arguments = [
                "train",
                "config.toml",
                "--device",
                "flex",
                "-q",
                "--run-dir",
            ];
            let all = [&arguments[..], &[directory], more].concat();
            let ran = place.kolmo(&all).exits(2).says("config.toml");
            assert!(!ran.stderr().contains("never"), "{}", ran.stderr());
            assert_eq!(fs::read_to_string(&config).unwrap(), small());
            assert_eq!(fs::read_dir(place.path()).unwrap().count(), 1);
        }
    }
    // Nor is that of another one, nor text that is none.
    for text in ["seed = 2", "[package]\nname = 'mine'"] {
        let place = self::place();
        place.file("config.toml", text);
        refuses(&place, "./config.toml", || train(&place, ".", &[]));
    }
}

#[test]
fn only_a_manifest_of_a_run_makes_a_folder_a_runs() {
    let place = place();
    train(&place, "run", &[]).exits(0);
    let own = fs::read_to_string(place.path().join("run/manifest.json")).unwrap();
    let checkpoint = place
        .path()
        .join("run/checkpoints/step-00000004/manifest.json");
    let checkpoint = fs::read_to_string(checkpoint).unwrap();
    mine(&place, "p/notes.md");
    let manifest = place.path().join("p/manifest.json");
    for text in [
        "",
        "{}",
        r#"{"name": "app", "icons": [], "version": "1.0"}"#,
        &checkpoint,
        &own[..own.len() / 2],
    ] {
        fs::write(&manifest, text).unwrap();
        for more in [&[][..], &["--resume", "never"]] {
            refuses(&place, "p/manifest.json", || train(&place, "p", more));
        }
    }
    // That of a run whose manifest is gone is not begun anew.
    fs::remove_file(place.path().join("run/manifest.json")).unwrap();
    for more in [&[][..], &["--resume", "never"]] {
        let before = files(place.path());
        train(&place, "run", more).exits(2).says("is in the way");
        assert!(files(place.path()) == before);
    }
}

#[test]
fn what_is_not_the_runs_survives_in_its_directory() {
    let place = place();
    train(&place, "run", &[]).exits(0);
    let eval = ["eval", "run", "--device", "flex", "-q"];
    place.kolmo(&eval).exits(0);
    let others = [
        "run/notes.md",
        "run/figures/a.svg",
        "run/figures/value_loss.png",
        "run/tensorboard/events.out.tfevents.1700000000.host",
        "run/checkpoints/step-00000004-best/model.safetensors",
        "run/eval/step-00000004/mine.csv",
    ];
    let others = others.map(|name| mine(&place, name));
    let run = place.path().join("run");
    let before = fs::read(run.join("figures/value_loss.svg")).unwrap();
    fs::write(run.join("figures/value_loss.svg"), "torn").unwrap();
    train(&place, "run", &["--resume", "never"]).exits(0);
    for path in &others {
        assert!(is_mine(path), "{} is gone", path.display());
    }
    let after = fs::read(run.join("figures/value_loss.svg")).unwrap();
    assert!(after == before, "the figure is not drawn anew");
    // What kolmo found of the run that is no more goes.
    let left = fs::read_dir(run.join("eval/step-00000004")).unwrap();
    assert_eq!(left.count(), 1);
    // As does a run that goes on.
    fs::remove_file(run.join("DONE")).unwrap();
    train(&place, "run", &[]).exits(0);
    assert!(others.iter().all(|path| is_mine(path)));
}

#[test]
fn a_process_killed_as_it_begins_leaves_a_run_that_the_same_command_begins() {
    let place = place();
    train(&place, "whole", &[]).exits(0);
    let whole = place.path().join("whole");
    let facts = fs::read(whole.join("facts.parquet")).unwrap();
    // In the order in which they come.
    let begun = ["manifest.json", "config.toml", "metrics.jsonl"];
    for k in 0..=begun.len() {
        let run = place.path().join(format!("run-{k}"));
        fs::create_dir(&run).unwrap();
        for name in &begun[..k] {
            fs::copy(whole.join(name), run.join(name)).unwrap();
        }
        fs::write(run.join(".config.toml.x1y2z3.kolmo-tmp"), "half").unwrap();
        fs::write(run.join(".lock"), "{\"process\":1").unwrap();
        let name = format!("run-{k}");
        if k > 0 {
            let other = ["--set", "seed=2"];
            train(&place, &name, &other)
                .exits(2)
                .says("another configuration");
        }
        train(&place, &name, &[]).exits(0);
        assert!(fs::read(run.join("facts.parquet")).unwrap() == facts);
        let hidden = walk(&run).into_iter().find(|path| {
            let name = path.file_name().unwrap().to_str().unwrap();
            name.starts_with('.')
        });
        assert_eq!(hidden, None);
    }
}

#[test]
fn the_run_of_an_earlier_build_goes_on() {
    let place = place();
    train(&place, "run", &[]).exits(0);
    let path = place.path().join("run/manifest.json");
    let manifest = fs::read_to_string(&path).unwrap();
    let mut manifest: Value = serde_json::from_str(&manifest).unwrap();
    let fields = manifest.as_object_mut().unwrap();
    for later in [
        "build",
        "machine",
        "environment",
        "config_blake3",
        "sessions",
    ] {
        fields.remove(later).unwrap();
    }
    fs::write(&path, manifest.to_string()).unwrap();
    train(&place, "run", &[]).exits(0);
    fs::remove_file(place.path().join("run/DONE")).unwrap();
    train(&place, "run", &["--set", "seed=2"])
        .exits(2)
        .says("another configuration");
    train(&place, "run", &[])
        .exits(0)
        .says("not in the manifest any more");
    train(&place, "run", &["--resume", "never"]).exits(0);
    let places = ["eval", "run", "--device", "flex", "-q"];
    place.kolmo(&places).exits(0);
    // What it had found of a checkpoint, and reported, has no list beside it.
    fs::remove_file(place.path().join("run/eval/step-00000004/.kolmo.json")).unwrap();
    place.kolmo(&places).exits(0);
    place.kolmo(&["report", "run", "-q"]).exits(0);
    fs::remove_file(place.path().join("run/report/.kolmo.json")).unwrap();
    place.kolmo(&["report", "run", "-q"]).exits(0);
}
