//! Folders that are not kolmo's, and files of somebody else in those that are: nothing of them is replaced or removed.

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

#[test]
fn an_evaluation_takes_the_place_of_none_but_its_own() {
    let place = place();
    train(&place, "run", &[]).exits(0);
    let eval = |out: &str| {
        let arguments = ["eval", "run", "--device", "flex", "-q", "--out", out];
        place.kolmo(&arguments)
    };
    // The tables of a run, done or just begun, its own or another.
    refuses(&place, "run/facts.parquet", || eval("run"));
    refuses(&place, "./run/facts.parquet", || eval("./run"));
    fs::create_dir(place.path().join("begun")).unwrap();
    let manifest = place.path().join("run/manifest.json");
    fs::copy(manifest, place.path().join("begun/manifest.json")).unwrap();
    refuses(&place, "begun/facts.parquet", || eval("begun"));
    for name in ["evaluation.json", "facts.parquet", "answers.parquet"] {
        let theirs = mine(&place, &format!("p/{name}"));
        refuses(&place, &format!("p/{name}"), || eval("p"));
        fs::remove_file(theirs).unwrap();
    }
    let notes = mine(&place, "p/notes.md");
    for _ in 0..2 {
        eval("p").exits(0);
    }
    assert!(is_mine(&notes));
    // And no run takes that of an evaluation.
    refuses(&place, "p/facts.parquet", || {
        train(&place, "p", &["--resume", "never"])
    });
}

#[test]
fn theory_and_counts_take_the_place_of_none_but_their_own() {
    for (command, names) in [
        (
            &["theory", "t.toml", "--to", "1e4"][..],
            &[
                "theory.json",
                "capacity.csv",
                "data.svg",
                "hallucination.svg",
            ][..],
        ),
        (
            &["world", "stats", "t.toml", "--documents", "100"],
            &[
                "stats.json",
                "zipf.csv",
                "heaps.csv",
                "zipf.svg",
                "heaps.svg",
            ],
        ),
    ] {
        for name in names {
            let place = place();
            let write = || place.kolmo(&[command, &["--out", "p"]].concat());
            let path = mine(&place, &format!("p/{name}"));
            refuses(&place, &format!("p/{name}"), write);
            // A link to nowhere is somebody's as well.
            fs::remove_file(&path).unwrap();
            symlink("nowhere", &path).unwrap();
            write().exits(2).says(name);
            assert_eq!(fs::read_link(&path).unwrap(), Path::new("nowhere"));
            fs::remove_file(&path).unwrap();

            let other = mine(&place, "p/mine.svg");
            write().exits(0);
            let first = fs::read(&path).unwrap();
            fs::write(&path, "torn").unwrap();
            write().exits(0);
            assert!(fs::read(&path).unwrap() == first, "{name} is not replaced");
            assert!(is_mine(&other));
        }
        // What the user keeps of the output is the user's.
        let place = place();
        let json = place.kolmo(&[command, &["--json"]].concat()).exits(0);
        fs::create_dir(place.path().join("p")).unwrap();
        let path = place.file(&format!("p/{}", names[0]), &json.stdout());
        let write = || place.kolmo(&[command, &["--out", "p"]].concat());
        refuses(&place, &format!("p/{}", names[0]), write);
        assert_eq!(fs::read_to_string(path).unwrap(), json.stdout());
    }
}

#[test]
fn a_report_takes_the_place_of_none_but_its_own() {
    let place = place();
    train(&place, "run", &[]).exits(0);
    let report = |out: &str| place.kolmo(&["report", "run", "-q", "-o", out]);
    report("whole/r.html").exits(0);
    let names: Vec<String> = files(&place.path().join("whole"))
        .into_keys()
        .map(|path| {
            let name = path.strip_prefix(place.path().join("whole")).unwrap();
            name.to_str().unwrap().to_owned()
        })
        .filter(|name| !name.starts_with('.'))
        .collect();
    assert!(names.iter().any(|name| name.starts_with("figures/")));
    for name in &names {
        let theirs = mine(&place, &format!("p/{name}"));
        let named = match name.starts_with("tensorboard") {
            true => "tensorboard/report",
            false => name,
        };
        refuses(&place, &format!("p/{named}"), || report("p/r.html"));
        fs::remove_file(theirs).unwrap();
        fs::remove_dir_all(place.path().join("p")).unwrap();
    }
    // A page that is called like a file of the run beside it has JSON of the same name.
    for stem in ["manifest", "compression", "export", ".kolmo"] {
        if stem == "export" {
            mine(&place, "run/export.json");
        }
        let named = format!("run/{stem}.json");
        refuses(&place, &named, || report(&format!("run/{stem}.html")));
    }
    // Of what it wrote it removes what is stale, and nothing else.
    report("p/r.html").exits(0);
    let others = ["p/figures/a.svg", "p/tensorboard/mine", "p/figures/b.csv"];
    let others = others.map(|name| mine(&place, name));
    let stale = place.path().join("p/figures/stale.svg");
    let list = place.path().join("p/.kolmo.json");
    let text = fs::read_to_string(&list).unwrap();
    let text = text.replacen("\"figures/", "\"figures/stale.svg\", \"figures/", 1);
    fs::write(&list, text).unwrap();
    fs::write(&stale, "of an earlier report").unwrap();
    report("p/r.html").exits(0);
    assert!(!stale.exists());
    assert!(others.iter().all(|path| is_mine(path)));
    // Inside of the run is no other place than that.
    let theirs = mine(&place, "run/report/report.html");
    let unasked = || place.kolmo(&["report", "run", "-q"]);
    refuses(&place, "run/report/report.html", unasked);
    fs::remove_file(theirs).unwrap();
    unasked().exits(0);
    // In the run itself it stands beside what the run has drawn, and goes neither with it nor before it.
    report("run/r.html").exits(0);
    train(&place, "run", &["--resume", "never"]).exits(0);
    let of_report = |name: &&String| name.starts_with("figures/") || name.starts_with("r.");
    for name in names.iter().filter(of_report) {
        assert!(place.path().join("run").join(name).is_file(), "{name}");
    }
    assert!(place.path().join("run/figures/value_loss.svg").is_file());
}

#[test]
fn a_sweep_takes_the_place_of_none_but_its_own() {
    let place = place();
    let many = "base = 't.toml'\nseeds = [1, 2]";
    place.file("many.toml", many);
    let sweep = |verb: &[&str], dir: &str| {
        let arguments = [&["sweep"], verb, &["many.toml", "--dir", dir]].concat();
        place.kolmo(&arguments)
    };
    let run: &[&str] = &["run", "--devices", "flex", "--jobs", "1", "-q"];
    let submit: &[&str] = &["submit", "--engine", "slurm", "--dry-run", "-q"];
    for name in ["sweep.toml", "summary/runs.csv", ".lock"] {
        let theirs = mine(&place, &format!("p/{name}"));
        for verb in [run, &["commands", "-q"], submit] {
            refuses(&place, &format!("p/{name}"), || sweep(verb, "p"));
        }
        fs::remove_file(theirs).unwrap();
    }
    mine(&place, "p/summary/runs.csv");
    refuses(&place, "p/summary/runs.csv", || sweep(&["summary"], "p"));
    // It may be the sweep file itself.
    fs::create_dir(place.path().join("q")).unwrap();
    place.file("q/sweep.toml", many);
    sweep(run, "q").exits(0);

    // That of an earlier build has no list, and is known by its configurations.
    let list = place.path().join("q/summary/.kolmo.json");
    fs::remove_file(list).unwrap();
    let more = "base = 't.toml'\nseeds = [1, 2, 3]";
    place.file("many.toml", more);
    sweep(run, "q").exits(0);
    let planned = fs::read_to_string(place.path().join("q/sweep.toml")).unwrap();
    assert_eq!(planned, more);
    let summary = fs::read_to_string(place.path().join("q/summary/runs.csv")).unwrap();
    assert_eq!(summary.lines().count(), 4);
    place.kolmo(&["report", "q", "-q"]).exits(0);
    fs::remove_file(place.path().join("q/report/.kolmo.json")).unwrap();
    place.kolmo(&["report", "q", "-q"]).exits(0);
}

#[test]
fn event_files_are_made_anew_in_a_run_alone() {
    let place = place();
    train(&place, "run", &[]).exits(0);
    let run = place.path().join("run");
    let copy = place.path().join("p");
    fs::create_dir(&copy).unwrap();
    for name in ["config.toml", "metrics.jsonl", "evaluations.jsonl"] {
        fs::copy(run.join(name), copy.join(name)).unwrap();
    }
    let events = mine(&place, "p/tensorboard/events.out.tfevents.1.1.1.0.kolmo");
    let before = files(&copy);
    place
        .kolmo(&["tensorboard", "p"])
        .exits(2)
        .says("is no run of kolmo");
    assert!(files(&copy) == before && is_mine(&events));
}

#[test]
fn an_export_takes_the_place_of_none_but_its_own() {
    let place = place();
    let export = |format: &str, documents: &str| {
        let arguments = [
            "world", "export", "t.toml", "--format", format, "--out", "p",
        ];
        place.kolmo(&[&arguments[..], &["-q", "--documents", documents]].concat())
    };
    for (format, name) in [
        ("jsonl", "vocabulary.json"),
        ("bin", "val.bin"),
        ("parquet", "train-00004.parquet"),
        ("bin", ".lock"),
    ] {
        let theirs = mine(&place, &format!("p/{name}"));
        refuses(&place, &format!("p/{name}"), || export(format, "100"));
        fs::remove_file(theirs).unwrap();
    }
    let theirs = mine(&place, "p/export.json");
    export("jsonl", "100").exits(2).says("p/export.json");
    assert!(is_mine(&theirs));
    fs::remove_file(theirs).unwrap();
    // One that was interrupted removes what it may have left, and no more.
    export("parquet", "100").exits(0);
    let path = place.path().join("p/export.json");
    let record = fs::read_to_string(&path).unwrap();
    fs::write(
        &path,
        record.replace("\"complete\": true", "\"complete\": false"),
    )
    .unwrap();
    let theirs = mine(&place, "p/train-00004.parquet");
    refuses(&place, "p/train-00004.parquet", || export("parquet", "200"));
    fs::remove_file(theirs).unwrap();
    export("parquet", "200").exits(0);
}

#[test]
fn a_compressed_file_takes_the_place_of_none() {
    let place = place();
    train(&place, "run", &[]).exits(0);
    place.file("text", "no words of that world\n");
    let link = place.path().join("text.kolmo");
    symlink("nowhere", &link).unwrap();
    let compress = ["compress", "run", "text", "--device", "flex", "-q"];
    place.kolmo(&compress).exits(2).says("is there already");
    assert_eq!(fs::read_link(&link).unwrap(), Path::new("nowhere"));
    fs::remove_file(link).unwrap();
    place.kolmo(&compress).exits(0);
}
