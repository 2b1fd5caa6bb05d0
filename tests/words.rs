//! The words that people type: files given to the wrong command, names of other trainers, and names that no terminal should
//! obey.

#![cfg(unix)]

use std::fs;

use crate::util::Place;

const SWEEP: &str = "base = 'run.toml'\nseeds = [1]\n";
const RUN: &str = "[train]\ndocuments = 2560\n";
const TUNING: &str = "[train]\ndocuments = 2560\n[finetune.lesson]\ntask = 'injection'\nfrequency = { law = 'uniform', elements = 5 }\n";

#[test]
fn a_file_of_another_kind_is_named_with_the_command_that_takes_it() {
    let place = Place::new();
    place.file("sweep.toml", SWEEP);
    place.file("run.toml", RUN);
    place.file("seeded.toml", &format!("seed = 1\n{RUN}"));
    place.file("tuning.toml", TUNING);
    place.file("of_sweep.toml", "base = 'sweep.toml'\n");
    place.file("of_tuning.toml", "base = 'tuning.toml'\n");
    place.file("from_run.toml", "base = 'tuning.toml'\nfrom = 'run.toml'\n");
    let base = "model.layers=1";
    let train = [
        "train",
        "run.toml",
        "--run-dir",
        "base",
        "--set",
        base,
        "--set",
        "eval.evaluations=1",
        "-q",
        "--device",
        "flex",
    ];
    place.kolmo(&train).exits(0);
    let sweep = "this is a sweep file, which kolmo sweep plan and kolmo sweep run take";
    let run = "this is the configuration of one run, which kolmo train takes";
    let tuning = "is the configuration of a fine-tuning, which kolmo finetune takes";
    for (arguments, says) in [
        (&["train", "sweep.toml"][..], sweep),
        (&["theory", "sweep.toml"], sweep),
        (&["world", "sample", "sweep.toml"], sweep),
        (&["world", "stats", "sweep.toml"], sweep),
        (&["world", "export", "sweep.toml"], sweep),
        (&["bench", "world", "sweep.toml"], sweep),
        (&["finetune", "sweep.toml", "--from", "base"], sweep),
        (&["sweep", "plan", "of_sweep.toml"], sweep),
        (&["sweep", "plan", "run.toml"], run),
        (&["sweep", "run", "seeded.toml"], run),
        (&["sweep", "status", "run.toml"], run),
        (&["sweep", "commands", "base/config.toml"], run),
        (&["sweep", "plan", "from_run.toml"], run),
        (&["finetune", "seeded.toml", "--from", "base"], run),
        (&["train", "tuning.toml"], tuning),
        (
            &["train", "run.toml", "--set", "finetune.replay.share=0.5"],
            tuning,
        ),
        (&["theory", "tuning.toml"], tuning),
        (&["world", "sample", "tuning.toml"], tuning),
        (&["sweep", "plan", "tuning.toml"], tuning),
        (&["sweep", "plan", "of_tuning.toml"], tuning),
    ] {
        let ran = place.kolmo(arguments).exits(2).says(says);
        assert!(ran.stderr().lines().count() == 1, "{}", ran.stderr());
        let file = arguments
            .iter()
            .find(|word| word.ends_with(".toml"))
            .unwrap();
        let is_said = ran.stderr().contains(file) || arguments.contains(&"--set");
        assert!(is_said, "{}", ran.stderr());
    }
    assert!(!place.path().join("runs").exists());
}

#[test]
fn a_run_that_cannot_begin_leaves_no_folder() {
    let place = Place::new();
    let base =
        "[finetune]\nfrom = 'nowhere'\n[finetune.base]\nidentity = 'x'\nstep = 1\ndocuments = 1\n";
    place.file("tuned.toml", &format!("{TUNING}{base}"));
    for directory in [&[][..], &["--run-dir", "mine"]] {
        let train = ["train", "tuned.toml", "-q", "--device", "flex"];
        let ran = place.kolmo(&[&train[..], directory].concat());
        assert!(
            ran.code() == Some(1) || ran.code() == Some(2),
            "{}",
            ran.stderr()
        );
        let left = fs::read_dir(place.path().join("runs")).map_or(0, Iterator::count);
        assert_eq!(left, 0, "{}", ran.stderr());
        assert!(!place.path().join("mine").exists());
    }
    // A folder that was there stays.
    fs::create_dir(place.path().join("mine")).unwrap();
    place.kolmo(&[
        "train",
        "tuned.toml",
        "-q",
        "--device",
        "flex",
        "--run-dir",
        "mine",
    ]);
    assert!(place.path().join("mine").exists());
}

#[test]
fn devices_have_the_names_that_others_give_them_explained() {
    let place = Place::new();
    place.file("run.toml", RUN);
    for (device, says) in [
        (
            "cpu",
            "there is no device \"cpu\": the CPU is flex; valid is auto, flex,",
        ),
        ("CPU", "the CPU is flex"),
        ("gpu", "auto takes a GPU where there is one"),
        ("mps", "metal"),
    ] {
        place
            .kolmo(&["train", "run.toml", "--device", device])
            .exits(2)
            .says(says);
    }
    assert!(!place.path().join("runs").exists());
}

/// Clears the screen, rings, colours in C1, and writes over what was there.
const HOSTILE: &str = "\u{1b}[2J\u{7}\u{9b}31m\r";

#[test]
fn nothing_that_a_terminal_obeys_is_said() {
    let place = Place::new();
    let named = format!("a{HOSTILE}b.toml");
    place.file("run.toml", RUN);
    place.file(
        &named,
        &format!("seed = 1\n\"{}\" = 3\n", "x\\u001b[31m\\u009b"),
    );
    let escaped = "\\u001b[31m\\u009b";
    place.file("value.toml", &format!("[model]\narch = \"{escaped}\"\n"));
    place.file("toml.toml", &format!("x = [{HOSTILE}\n"));
    place.file(
        "names.toml",
        &format!("[[world.relations]]\nname = \"{escaped}\"\nvalues = 5\n"),
    );
    let axis = format!("base = 'run.toml'\n[[axes]]\nlist = [{{ model.arch = \"{escaped}\" }}]\n");
    place.file("axis.toml", &axis);
    // What sets a run apart is text of the file.
    place.file(
        "label.toml",
        &format!("base = 'names.toml'\n[[axes]]\nlist = [{{ world.relations = [{{ name = \"{escaped}\", values = 5 }}] }}]\n"),
    );
    let sweep = format!("s{HOSTILE}.toml");
    place.file(&sweep, SWEEP);
    let device = format!("d{HOSTILE}");
    let set = format!("model.arch={HOSTILE}");
    let key = format!("{HOSTILE}=1");
    let none = format!("none{HOSTILE}.toml");
    for (arguments, code) in [
        (&["train", &named][..], 2),
        (&["train", &none], 2),
        (&["train", "value.toml"], 2),
        (&["train", "toml.toml"], 2),
        (&["train", "run.toml", "--device", &device], 2),
        (&["train", "run.toml", "--set", &set], 2),
        (&["train", "run.toml", "--set", &key], 2),
        (&["train", "run.toml", HOSTILE], 2),
        (&["train", "run.toml", "--resume", HOSTILE], 2),
        (&[HOSTILE], 2),
        (&["world", "stats", "names.toml"], 0),
        (&["world", "sample", "names.toml", "-n", "1", "--json"], 0),
        (&["theory", "names.toml"], 0),
        (&["theory", "names.toml", "--json"], 0),
        (&["sweep", "plan", "axis.toml"], 2),
        (&["sweep", "plan", &sweep, "--no-benchmark"], 2),
        (&["sweep", "commands", &sweep], 2),
        (&["sweep", "plan", "label.toml", "--no-benchmark"], 0),
        (
            &["sweep", "plan", "label.toml", "--no-benchmark", "--json"],
            0,
        ),
        (&["sweep", "status", "label.toml"], 0),
        (&["sweep", "status", "label.toml", "--json"], 0),
        (&["report", HOSTILE], 2),
        (&["eval", HOSTILE], 2),
    ] {
        let ran = place.kolmo(arguments).exits(code);
        for said in [ran.stderr(), ran.stdout()] {
            let is_obeyed = |c: char| c.is_control() && c != '\n';
            assert!(!said.contains(is_obeyed), "{arguments:?}: {said:?}");
        }
        if arguments.contains(&"--json") {
            let json: Result<serde_json::Value, _> = serde_json::from_str(&ran.stdout());
            assert!(json.is_ok(), "{arguments:?}: {}", ran.stdout());
        }
    }
}

#[test]
fn a_name_that_no_file_can_have_is_a_mistake_in_the_call() {
    let place = Place::new();
    place.file("run.toml", RUN);
    place.file("sweep.toml", SWEEP);
    let long = "x".repeat(300);
    for arguments in [
        &["train", &long][..],
        &["train", "run.toml", "--run-dir", &long, "--device", "flex"],
        &["sweep", "plan", "sweep.toml", "--dir", &long],
        &["sweep", "commands", "sweep.toml", "--dir", &long],
        &["world", "export", "run.toml", "--out", &long],
        &["report", &long],
        &["eval", &long],
    ] {
        place.kolmo(arguments).exits(2).says("File name too long");
    }
}

#[test]
fn a_command_for_a_shell_has_every_byte_of_its_arguments() {
    let place = Place::new();
    place.file("run.toml", RUN);
    let name = "it's $HOME [31m \"é\" -- *";
    place.file(&format!("{name}.toml"), SWEEP);
    let ran = place
        .kolmo(&["sweep", "commands", &format!("{name}.toml")])
        .exits(0);
    let words = shlex::split(ran.stdout().trim_end_matches('\n')).unwrap();
    assert_eq!(words[1], "train");
    assert!(
        words[2].contains(&format!("runs/{name}/configs/")),
        "{words:?}"
    );
    assert!(fs::read(&words[2]).is_ok(), "{words:?}");
    // A line is a command, so a name of two lines is none; nor is one that a terminal obeys.
    for name in ["a\nb.toml", "a\u{1b}[31mb.toml"] {
        place.file(name, SWEEP);
        let arguments = ["sweep", "commands", name];
        let ran = place
            .kolmo(&arguments)
            .exits(2)
            .says("a line feed or another control character");
        assert_eq!(ran.stdout(), "");
    }
    let submit = [
        "sweep",
        "submit",
        "a\nb.toml",
        "--engine",
        "slurm",
        "--dry-run",
    ];
    place.kolmo(&submit).exits(2);
}
