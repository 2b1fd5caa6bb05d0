//! Reports of runs whose files are not as they were left.

use super::*;

/// What can become of a text whose lines are records.
fn damages(text: &str) -> Vec<(&'static str, String)> {
    let lines: Vec<&str> = text.lines().collect();
    let (last, others) = lines.split_last().unwrap();
    let joined = |lines: &[&str]| lines.iter().map(|line| format!("{line}\n")).collect();
    let mut turned = lines.clone();
    turned.swap(0, 1);
    let gap = [&lines[..2], &lines[3..]].concat();
    let mut other: Value = serde_json::from_str(last).unwrap();
    other["documents"] = Value::from(other["documents"].as_u64().unwrap() - 1);
    vec![
        ("emptied", String::new()),
        ("the last line is lost", joined(others)),
        ("the last line is torn", text[..text.len() - 9].to_owned()),
        ("the last line comes twice", format!("{text}{last}\n")),
        ("another order", joined(&turned)),
        ("a line is lost", joined(&gap)),
        ("another figure", joined(others) + &format!("{other}\n")),
    ]
}

#[test]
fn records_of_a_finished_run_that_are_not_as_it_left_them_are_refused_by_name() {
    let place = Place::new();
    place.file("base.toml", &base());
    train(&place, "run", &[]);
    let before = report(&place, &["run"]);
    let again = ["train", "base.toml", "--run-dir", "run", "-q"];
    for name in ["evaluations.jsonl", "metrics.jsonl"] {
        let path = place.path().join("run").join(name);
        let text = fs::read_to_string(&path).unwrap();
        for (what, damaged) in damages(&text) {
            fs::write(&path, damaged).unwrap();
            for command in [&["report", "run"][..], &again, &["tensorboard", "run"]] {
                let ran = place.kolmo(command);
                assert_eq!(ran.code(), Some(1), "{name}, {what}, {command:?}");
                ran.says(name);
            }
        }
        fs::write(&path, text).unwrap();
    }
    place.kolmo(&again).exits(0);
    assert_eq!(report(&place, &["run"]), before);
}

#[test]
fn the_other_files_of_a_finished_run_are_held_against_it_too() {
    let place = Place::new();
    place.file("base.toml", &base());
    let compressed = "compression.documents=16";
    train(&place, "run", &[compressed, "world.names.pools=[10,10]"]);
    let shorter = [
        "train.documents=128",
        compressed,
        "world.names.pools=[10,10]",
    ];
    train(&place, "shorter", &shorter);
    let run = place.path().join("run");
    for name in [
        "DONE",
        "manifest.json",
        "facts.parquet",
        "answers.parquet",
        "compression.json",
    ] {
        let path = run.join(name);
        let bytes = fs::read(&path).unwrap();
        let other = fs::read(place.path().join("shorter").join(name)).unwrap();
        for damaged in [&b""[..], &bytes[..bytes.len() / 2], &other] {
            fs::write(&path, damaged).unwrap();
            let ran = place.kolmo(&["report", "run"]);
            assert_eq!(ran.code(), Some(1), "{name}");
            let says = match (name, damaged == other) {
                // The manifest says that the configuration is another one.
                ("manifest.json", true) => "config.toml",
                _ => name,
            };
            ran.says(says);
        }
        // Whether a run was ever done says DONE alone.
        if name != "DONE" {
            fs::remove_file(&path).unwrap();
            place.kolmo(&["report", "run"]).exits(1).says(name);
        }
        fs::write(&path, bytes).unwrap();
    }
    place.kolmo(&["report", "run", "-q"]).exits(0);
}

#[test]
fn a_run_of_a_sweep_does_not_vanish_with_its_records() {
    let place = sweep();
    let runs = place.path().join("runs/tiny/runs");
    let run = fs::read_dir(runs).unwrap().next().unwrap().unwrap().path();
    let path = run.join("evaluations.jsonl");
    let text = fs::read_to_string(&path).unwrap();
    for (what, damaged) in damages(&text) {
        fs::write(&path, damaged).unwrap();
        for command in [
            &["report", "runs/tiny"][..],
            &["sweep", "summary", "tiny.toml"],
            &["sweep", "run", "tiny.toml"],
        ] {
            let ran = place.kolmo(command);
            assert_eq!(ran.code(), Some(1), "{what}, {command:?}");
            ran.says(run.file_name().unwrap().to_str().unwrap())
                .says("evaluations.jsonl is not as the run left it");
        }
    }
    fs::write(&path, text).unwrap();
    for command in [
        &["report", "runs/tiny"][..],
        &["sweep", "summary", "tiny.toml"],
    ] {
        place.kolmo(command).exits(0);
    }
}

/// What cannot be read at `path`, whoever reads.
fn unreadable(path: &Path) {
    std::os::unix::fs::symlink(path, path).unwrap();
}

#[test]
fn what_cannot_be_read_is_not_taken_for_what_is_not_done() {
    let place = sweep();
    train(&place, "single", &[]);
    let runs = place.path().join("runs/tiny/runs");
    let run = fs::read_dir(&runs).unwrap().next().unwrap().unwrap().path();
    let single = place.path().join("single");
    let aside = place.path().join("aside");
    for (path, given) in [
        (single.join("DONE"), "single"),
        (single.join("config.toml"), "single"),
        (single.join("answers.parquet"), "single"),
        (single.clone(), "single"),
        (run.join("DONE"), "runs/tiny"),
        (run.clone(), "runs/tiny"),
        (runs.clone(), "runs/tiny"),
    ] {
        fs::rename(&path, &aside).unwrap();
        unreadable(&path);
        let ran = place.kolmo(&["report", given]);
        assert_eq!(ran.code(), Some(1), "{}: {}", path.display(), ran.stderr());
        ran.says("could not read");
        fs::remove_file(&path).unwrap();
        // As a disk that is not mounted leaves it.
        std::os::unix::fs::symlink(place.path().join("not mounted"), &path).unwrap();
        place
            .kolmo(&["report", given])
            .exits(1)
            .says("could not read");
        fs::remove_file(&path).unwrap();
        fs::rename(&aside, &path).unwrap();
        place.kolmo(&["report", given, "-q"]).exits(0);
    }
}
