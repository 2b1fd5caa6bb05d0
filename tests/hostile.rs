//! Runs and sweeps in whose folders something else has been put in the place of a file.

#![cfg(unix)]

use std::{
    ffi::OsString,
    fs::{self, File, OpenOptions},
    os::unix::fs::{PermissionsExt, symlink},
    path::Path,
    process::{Command, Stdio},
    thread::sleep,
    time::Duration,
};

use crate::util::{EVERY_STEP, Place, files, tiny};

/// 20 steps of a few milliseconds each, and a checkpoint after every one of them.
fn config() -> String {
    tiny(20, 1, 4) + EVERY_STEP
}

/// A place with the run `run`, which is done.
fn run() -> Place {
    let place = Place::new();
    place.file("run.toml", &config());
    place.kolmo(&train("run")).exits(0);
    place
}

fn train(run: &str) -> Vec<&str> {
    let common = ["train", "run.toml", "--device", "flex", "-q", "--run-dir"];
    [&common[..], &[run]].concat()
}

/// Puts a named pipe in the place of `path`.
fn pipe(path: &Path) {
    let _ = fs::remove_file(path);
    let made = Command::new("mkfifo").arg(path).status().unwrap();
    assert!(made.success());
}

/// Makes the file at `path` larger than any memory, with zeros that take no disk.
fn blow_up(path: &Path) {
    let file = OpenOptions::new().write(true).open(path).unwrap();
    file.set_len(100 << 30).unwrap();
}

#[test]
fn nobody_waits_for_the_other_end_of_a_pipe() {
    let place = Place::new();
    place.file("base.toml", &config());
    place.file("many.toml", "base = 'base.toml'\nseeds = [1, 2, 3]");
    let sweep = ["sweep", "run", "many.toml", "--devices", "flex", "-q"];
    place.kolmo(&sweep).exits(0);
    let root = place.path().join("runs/many");
    let status = || {
        let ran = place.kolmo(&["sweep", "status", "many.toml", "--json"]);
        ran.stdout().matches("\"unreadable\"").count()
    };
    let report = ["report", "runs/many", "-o", "report.html"];
    assert_eq!(status(), 0);
    for runs in fs::read_dir(root.join("runs")).unwrap() {
        let run = runs.unwrap().path();
        for name in [
            "DONE",
            "manifest.json",
            "metrics.jsonl",
            "config.toml",
            "facts.parquet",
        ] {
            let (file, kept) = (run.join(name), run.join("kept"));
            fs::rename(&file, &kept).unwrap();
            pipe(&file);
            let is_seen = ["DONE", "manifest.json"].contains(&name);
            assert_eq!(status(), usize::from(is_seen), "{name}");
            place.kolmo(&report).exits(1).says(name);
            fs::rename(&kept, &file).unwrap();
        }
    }
    for name in ["plan.json", "sweep.toml"] {
        let (file, kept) = (root.join(name), root.join("kept"));
        fs::rename(&file, &kept).unwrap();
        pipe(&file);
        place.kolmo(&report).exits(1).says(name);
        fs::rename(&kept, &file).unwrap();
    }
    place.kolmo(&report).exits(0);
}

#[test]
fn a_run_that_goes_on_waits_for_no_pipe_either() {
    let place = run();
    let run = place.path().join("run");
    fs::remove_file(run.join("DONE")).unwrap();
    fs::remove_file(run.join("answers.parquet")).unwrap();
    pipe(&run.join("answers.parquet"));
    place
        .kolmo(&train("run"))
        .exits(1)
        .says("answers.parquet")
        .says("named pipe");
}

#[test]
fn nothing_is_written_through_a_link() {
    let place = run();
    let theirs = place.file("theirs", "theirs");
    let lock = place.path().join("run/.lock");
    symlink(&theirs, &lock).unwrap();
    place.kolmo(&["tensorboard", "run"]).exits(2).says(".lock");
    fs::remove_file(place.path().join("run/DONE")).unwrap();
    place.kolmo(&train("run")).exits(2).says(".lock");
    fs::create_dir(place.path().join("new")).unwrap();
    symlink(&theirs, place.path().join("new/.lock")).unwrap();
    place.kolmo(&train("new")).exits(2).says(".lock");
    assert_eq!(fs::read(&theirs).unwrap(), b"theirs");
    fs::remove_file(&lock).unwrap();

    // A file that the run would go on with is made anew, and theirs left.
    let metrics = place.path().join("run/metrics.jsonl");
    fs::rename(&metrics, &theirs).unwrap();
    symlink(&theirs, &metrics).unwrap();
    let before = fs::read(&theirs).unwrap();
    place.kolmo(&train("run")).exits(0);
    assert_eq!(fs::read(&theirs).unwrap(), before);
    assert!(!metrics.is_symlink());

    // What a sweep says goes into no file of others.
    place.file("base.toml", &config());
    place.file("many.toml", "base = 'base.toml'");
    place.kolmo(&["sweep", "commands", "many.toml"]).exits(0);
    let name = &place.runs()[0];
    assert_eq!(name, "many");
    let root = place.path().join("runs/many");
    let config = fs::read_dir(root.join("configs")).unwrap().next().unwrap();
    let id = config.unwrap().path();
    let id = id.file_stem().unwrap().to_str().unwrap();
    let log = root.join(format!("logs/{id}.log"));
    let before = fs::read(&theirs).unwrap();
    symlink(&theirs, &log).unwrap();
    let sweep = ["sweep", "run", "many.toml", "--devices", "flex", "-q"];
    place.kolmo(&sweep).exits(1).says("could not open");
    assert_eq!(fs::read(&theirs).unwrap(), before);
}

#[test]
fn an_empty_lock_among_files_of_others_is_left() {
    let place = Place::new();
    place.file("run.toml", &config());
    let folder = place.path().join("poems");
    fs::create_dir(&folder).unwrap();
    fs::write(folder.join(".lock"), "").unwrap();
    fs::write(folder.join("poem.txt"), "theirs").unwrap();
    let before = files(&folder);
    place.kolmo(&train("poems")).exits(2).says(".lock");
    assert!(files(&folder) == before);
    // In a folder of its own it is that of a process that was killed as it began.
    fs::remove_file(folder.join("poem.txt")).unwrap();
    place.kolmo(&train("poems")).exits(0);
}

#[test]
fn what_has_no_end_is_no_sweep_file_and_no_configuration() {
    let place = Place::new();
    for (text, says) in [
        ("base = '/dev/zero'", "more than"),
        ("base = 'large.toml'", "more than"),
    ] {
        place.file("many.toml", text);
        blow_up(&place.file("large.toml", ""));
        let plan = ["sweep", "plan", "many.toml", "--no-benchmark"];
        place.kolmo(&plan).exits(2).says(says);
    }
    for file in ["/dev/zero", "large.toml"] {
        let plan = ["sweep", "plan", file, "--no-benchmark"];
        place.kolmo(&plan).exits(2).says("more than");
        place.kolmo(&["train", file]).exits(2).says("more than");
    }
}

#[test]
fn a_size_that_no_file_of_a_run_has_fills_no_memory() {
    let place = run();
    let run = place.path().join("run");
    let names = [
        "DONE",
        "metrics.jsonl",
        "evaluations.jsonl",
        "manifest.json",
        "config.toml",
        "facts.parquet",
    ];
    for name in names {
        let kept = fs::read(run.join(name)).unwrap();
        blow_up(&run.join(name));
        place.kolmo(&["report", "run"]).exits(1).says(name);
        fs::write(run.join(name), kept).unwrap();
    }
    // The newest checkpoint does not hide the one before it.
    let newest = run.join("checkpoints/step-00000020/model.safetensors");
    let expected = ["facts.parquet", "evaluations.jsonl"].map(|name| run.join(name));
    let results = || {
        let all = [&newest].into_iter().chain(&expected);
        all.map(|path| fs::read(path).unwrap()).collect::<Vec<_>>()
    };
    let before = results();
    for name in ["model.safetensors", "manifest.json"] {
        fs::remove_file(run.join("DONE")).unwrap();
        blow_up(&newest.with_file_name(name));
        let says = format!("{name} is damaged");
        place.kolmo(&train("run")).exits(0).says(&says);
        assert!(results() == before, "other bits");
    }
}

#[test]
fn a_run_does_not_go_on_from_figures_that_are_others_by_now() {
    let place = run();
    let other = ["--set", "seed=2"];
    place
        .kolmo(&[&train("other")[..], &other].concat())
        .exits(0);
    let run = place.path().join("run");
    let (metrics, facts) = (run.join("metrics.jsonl"), run.join("facts.parquet"));
    let checkpoint = run.join("checkpoints/step-00000020/model.safetensors");
    let before = fs::read(&checkpoint).unwrap();
    let sound = fs::read_to_string(&metrics).unwrap();
    fs::remove_file(run.join("DONE")).unwrap();
    let altered = |line: usize| {
        let mut lines: Vec<String> = sound.lines().map(|line| format!("{line}\n")).collect();
        assert!(lines[line].contains("\"loss\":"));
        lines[line] = lines[line].replacen("\"loss\":", "\"loss\":9", 1);
        lines.concat()
    };
    // No checkpoint was written before that line.
    fs::write(&metrics, altered(3)).unwrap();
    place.kolmo(&train("run")).exits(1).says("metrics.jsonl");
    assert_eq!(fs::read_to_string(&metrics).unwrap(), altered(3));
    // One was: the run makes the step again.
    fs::write(&metrics, altered(19)).unwrap();
    place.kolmo(&train("run")).exits(0).says("metrics.jsonl");
    assert!(fs::read(&checkpoint).unwrap() == before, "other bits");
    assert!(!fs::read_to_string(&metrics).unwrap().contains("\"loss\":9"));

    fs::remove_file(run.join("DONE")).unwrap();
    fs::copy(place.path().join("other/facts.parquet"), &facts).unwrap();
    place.kolmo(&train("run")).exits(1).says("facts.parquet");
}

/// A command with its standard input from `input` and its standard output caught.
fn piped(place: &Place, arguments: &[&str], input: File) -> std::process::Output {
    Command::new(env!("CARGO_BIN_EXE_kolmo"))
        .args(arguments)
        .current_dir(place.path())
        .stdin(input)
        .output()
        .unwrap()
}

#[test]
fn a_text_goes_through_standard_input_and_output() {
    let place = run();
    let sample = ["world", "sample", "run.toml", "-n", "300", "--first", "1e9"];
    let text = place.kolmo(&sample).exits(0).stdout();
    let path = place.file("text", &text);
    place
        .kolmo(&["compress", "run", "text", "--device", "flex"])
        .exits(0);
    let code = fs::read(place.path().join("text.kolmo")).unwrap();
    let before = files(place.path());
    for (file, out) in [
        ("-", &[][..]),
        ("-", &["-o", "-"]),
        ("text", &["-o", "-"]),
        ("/dev/stdin", &[]),
    ] {
        let arguments = [&["compress", "run", file, "--device", "flex"], out].concat();
        let output = piped(&place, &arguments, File::open(&path).unwrap());
        assert_eq!(output.status.code(), Some(0), "{output:?}");
        assert!(output.stdout == code, "{arguments:?}");
    }
    for (file, out) in [("-", &[][..]), ("text.kolmo", &["-o", "-"])] {
        let arguments = [&["decompress", "run", file, "--device", "flex"], out].concat();
        let input = File::open(place.path().join("text.kolmo")).unwrap();
        let output = piped(&place, &arguments, input);
        assert_eq!(output.status.code(), Some(0), "{output:?}");
        assert!(output.stdout == text.as_bytes(), "{arguments:?}");
    }
    // Half a code is no text, and none of it is shown.
    fs::write(place.path().join("half"), &code[..code.len() / 2]).unwrap();
    let half = File::open(place.path().join("half")).unwrap();
    let output = piped(&place, &["decompress", "run", "-"], half);
    assert_eq!(output.status.code(), Some(1));
    assert!(output.stdout.is_empty());
    fs::remove_file(place.path().join("half")).unwrap();
    let json = ["compress", "run", "text", "-o", "-", "--json"];
    place.kolmo(&json).exits(2).says("--json");
    assert!(files(place.path()) == before, "something was left");
}

#[test]
fn a_private_text_stays_private() {
    let place = run();
    let text = place.file("text", "the quick brown fox\n");
    let mode = |name: &str| {
        let about = fs::metadata(place.path().join(name)).unwrap();
        about.permissions().mode() & 0o777
    };
    fs::set_permissions(&text, fs::Permissions::from_mode(0o600)).unwrap();
    place.kolmo(&["compress", "run", "text"]).exits(0);
    assert_eq!(mode("text.kolmo"), 0o600);
    fs::remove_file(&text).unwrap();
    place.kolmo(&["decompress", "run", "text.kolmo"]).exits(0);
    assert_eq!(mode("text"), 0o600);
}

#[test]
fn a_compressor_that_is_stopped_leaves_nothing() {
    let place = run();
    let remains = place.file(".code.Ab12Cd.kolmo-tmp", "of one that was killed");
    let names = || {
        let entries = fs::read_dir(place.path()).unwrap();
        let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name()).collect();
        names.sort();
        names
    };
    for signal in ["TERM", "INT"] {
        // It waits for a text that does not come.
        let mut child = Command::new(env!("CARGO_BIN_EXE_kolmo"))
            .args(["compress", "run", "-", "-o", "code", "--device", "flex"])
            .current_dir(place.path())
            .stdin(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let is_begun = |name: &OsString| {
            let name = name.to_string_lossy();
            name.starts_with(".code.") && !name.starts_with(".code.Ab12Cd")
        };
        while !names().iter().any(is_begun) {
            assert_eq!(child.try_wait().unwrap(), None);
            sleep(Duration::from_millis(1));
        }
        let id = child.id().to_string();
        let sent = Command::new("kill")
            .args([&format!("-{signal}"), &id])
            .status();
        assert!(sent.unwrap().success());
        let held = child.stdin.take();
        let output = child.wait_with_output().unwrap();
        drop(held);
        assert_eq!(output.status.code(), Some(75), "{output:?}");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(said.contains("nothing was written"), "{said}");
        assert_eq!(names(), ["run", "run.toml"]);
    }
    assert!(!remains.exists());
}
