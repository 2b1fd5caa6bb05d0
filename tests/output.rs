//! Where what is said goes: terminals that are none, standard output that takes nothing, readers that are gone.

#![cfg(unix)]

use std::{
    fs,
    io::pipe,
    path::Path,
    process::{Command, Stdio},
};

use crate::{
    resume::{self, wait_until},
    util::{Place, Ran, Running, words},
};

const TRAIN: &str = "train run.toml --device flex --run-dir run --set train.documents=640";

/// A place with a run and a sweep of it.
fn place() -> Place {
    let place = resume::place();
    place.file("many.toml", "base = 'run.toml'\nseeds = [1, 2]\n");
    place
}

/// Commands that print.
fn commands() -> Vec<Vec<&'static str>> {
    let lines = [
        "--help",
        "--version",
        "sweep run --help",
        "devices",
        "theory run.toml --json",
        "world sample run.toml",
        "world sample run.toml -n 100000",
        "world stats run.toml --documents 100",
        "sweep plan many.toml --no-benchmark",
        "sweep status many.toml",
        "sweep status many.toml --json",
        "sweep status many.toml --watch",
        "sweep commands many.toml",
        "reproduce --list --help",
    ];
    lines.map(|line| words(line)).to_vec()
}

#[test]
fn what_cannot_be_printed_is_an_error() {
    for (before, expected) in [
        (
            "exec >&-",
            "could not write to standard output: it is closed",
        ),
        (
            "exec >/dev/full",
            "could not write to standard output: No space left on device",
        ),
    ] {
        // Not every system has such a device.
        if before.contains("full") && !Path::new("/dev/full").exists() {
            continue;
        }
        for arguments in commands() {
            let place = place();
            let ran = place.start_after(before, &arguments).wait();
            assert_eq!(ran.code(), Some(1), "{arguments:?} {before}");
            ran.says(expected);
        }
    }
}

#[test]
fn what_prints_nothing_needs_no_standard_output() {
    let place = place();
    place.start_after("exec >&-", &words(TRAIN)).wait().exits(0);
}

/// Runs `kolmo` with `arguments` for a reader that has gone.
fn for_nobody(place: &Place, arguments: &[&str]) -> Ran {
    let (reader, writer) = pipe().unwrap();
    drop(reader);
    let mut command = Command::new(env!("CARGO_BIN_EXE_kolmo"));
    command
        .args(arguments)
        .current_dir(place.path())
        .stderr(Stdio::piped());
    let mut running = Running::of(command.stdout(writer).spawn().unwrap());
    // One that goes on for ever fails the test.
    wait_until(&mut running, || false);
    running.wait()
}

#[test]
fn a_reader_that_has_gone_ends_a_command_quietly() {
    for arguments in commands() {
        let place = place();
        let ran = for_nobody(&place, &arguments);
        assert_eq!(ran.code(), Some(0), "{arguments:?}: {}", ran.stderr());
        assert!(!ran.stderr().contains("error"), "{}", ran.stderr());
    }
}

#[test]
fn what_is_written_is_written_although_nobody_reads() {
    let place = place();
    let stats = "world stats run.toml --documents 100 --out stats";
    let stats: Vec<&str> = stats.split(' ').collect();
    for_nobody(&place, &stats).exits(0);
    assert!(place.path().join("stats").is_dir());
    // How a sweep ended is told by its code.
    place.file(
        "many.toml",
        "base = 'run.toml'\nseeds = [1]\n[set]\ntrain.learning_rate = 100.0\ntrain.clip_norm = inf\n",
    );
    let run = "sweep run many.toml --jobs 1 --devices flex --json";
    let run: Vec<&str> = run.split(' ').collect();
    for_nobody(&place, &run).exits(3);
}

#[test]
fn a_bar_is_one_line_with_room_for_what_a_terminal_writes() {
    const BACK: &str = "   \u{1b}[3D";
    let place = place();
    let arguments = [&words(TRAIN)[..], &["--set", "train.log_every=1"]].concat();
    let said = place.on_terminal("xterm", 60, &arguments).exits(0).stdout();
    let bars = said.split(['\r', '\n']).filter(|line| line.contains("% "));
    let bars = bars.filter_map(|line| line.split_once(BACK));
    let mut count = 0;
    for (bar, _) in bars {
        let bar = bar.rsplit("\u{1b}[2K").next().unwrap();
        assert_eq!(bar.chars().count(), 57, "{bar:?}");
        count += usize::from(bar.contains("ETA"));
    }
    assert!(count > 0, "{said:?}");
}

#[test]
fn a_terminal_that_shows_no_bars_shows_lines() {
    for term in ["dumb", "xterm"] {
        let place = place();
        let said = place.on_terminal(term, 80, &words(TRAIN)).exits(0).stdout();
        let evaluations = said.matches("bits stored").count();
        assert!(evaluations > 3, "{term}: {said}");
        assert_eq!(said.contains('\u{1b}'), term == "xterm", "{said:?}");
    }
    let place = place();
    let arguments = "sweep run many.toml --jobs 1 --devices flex -v";
    let arguments: Vec<&str> = arguments.split(' ').collect();
    for term in ["dumb", "xterm"] {
        // What fails is told.
        let _ = fs::remove_dir_all(place.path().join("runs"));
        place.file("many.toml", "base = 'run.toml'\nseeds = [1]\n[set]\ntrain.learning_rate = 100.0\ntrain.clip_norm = inf\n");
        let said = place.on_terminal(term, 80, &arguments).exits(3).stdout();
        assert!(said.contains("training diverged at step"), "{term}: {said}");
        assert!(said.contains("begins"), "{term}: {said}");
    }
}
