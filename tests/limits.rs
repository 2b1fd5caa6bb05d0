//! Runs that the system stops or stints: signals, and limits of files, memory and threads.

#![cfg(unix)]

use std::{
    fs,
    os::unix::{
        fs::{MetadataExt, PermissionsExt},
        process::CommandExt,
    },
    path::Path,
};

use serde_json::Value;

use crate::{
    resume::{arguments, place, saved, timeless, wait_until},
    util::{Place, Running, copy_folder, jsonl, tiny_with},
};

/// Waits for a checkpoint later than `before`.
fn wait_for_more(running: &mut Running, run: &Path, before: Option<u64>) {
    wait_until(running, || saved(run).last().copied() > before);
}

/// Whether whoever runs the tests ignores SIGHUP, as nohup does: what they start does so too.
fn ignores_hangup() -> bool {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let ignored = ignored.map(|mask| u64::from_str_radix(mask.trim(), 16).unwrap());
    ignored.is_some_and(|mask| mask & 1 == 1)
}

#[test]
fn every_signal_that_leaves_time_to_save_stops_a_run_saved() {
    let place = place();
    let run = place.path().join("run");
    let hangup = (!ignores_hangup()).then_some("HUP");
    for signal in ["USR1", "USR2", "XCPU", "TERM", "INT"]
        .into_iter()
        .chain(hangup)
    {
        let before = saved(&run).last().copied();
        let mut running = place.start(&arguments("run"), &[]);
        wait_for_more(&mut running, &run, before);
        running.signal(signal);
        let ran = running.wait();
        assert_eq!(ran.code(), Some(75), "{signal}: {}", ran.stderr());
        ran.says("stopped on request after step");
    }
}

#[test]
fn a_run_that_nohup_keeps_from_hanging_up_goes_on() {
    let place = place();
    let run = place.path().join("run");
    let mut running = place.start_after("trap '' HUP", &arguments("run"));
    wait_for_more(&mut running, &run, None);
    running.signal("HUP");
    let now = saved(&run).last().copied().map(|step| step + 2);
    wait_for_more(&mut running, &run, now);
    assert!(!running.has_ended());
    running.signal("TERM");
    running.wait().exits(75);
}

#[test]
fn a_file_that_may_not_grow_is_named() {
    let place = place();
    let ran = place
        .start_after("ulimit -f 6", &arguments("run"))
        .wait()
        .exits(1)
        .says("could not ");
    let said = ran.stderr();
    assert!(
        said.contains("run/") && said.contains("File too large"),
        "{said}"
    );
    // Nothing is lost but what was not saved.
    place.start(&arguments("run"), &[]).wait().exits(0);

    let export = [
        "world", "export", "run.toml", "--format", "bin", "--out", "out",
    ];
    let ran = place.start_after("ulimit -f 2", &export).wait().exits(1);
    let said = ran.stderr();
    assert!(
        said.contains("out/") && said.contains("File too large"),
        "{said}"
    );
    place.start(&export, &[]).wait().exits(0);
}

/// Evaluations that take most of the time.
fn evaluated() -> String {
    tiny_with(
        "world.frequency = { elements = 60000, exponent = 1.1 }
world.relations = [{ name = 'colour', values = 800 }]
model = { d_model = 128, layers = 4 }
train = { documents = 32, batch_documents = 16, log_every = 1 }
eval = { facts_per_class = 6000, evaluations = 3 }",
    )
}

#[test]
fn a_stop_does_not_wait_for_an_evaluation_and_leaves_none_out() {
    let place = Place::new();
    place.file("run.toml", &evaluated());
    place.start(&arguments("whole"), &[]).wait().exits(0);
    let run = place.path().join("run");
    let steps = |name: &str| jsonl(&run.join(name)).len();
    // The third begins with an evaluation, that which the second has left out.
    for (before, step) in [1, 2, 2].into_iter().enumerate() {
        let mut running = place.start(&arguments("run"), &[]);
        let begun = || {
            let read = |name: &str| fs::read_to_string(run.join(name)).unwrap_or_default();
            let manifest: Value = serde_json::from_str(&read("manifest.json")).unwrap_or_default();
            let sessions = manifest["sessions"].as_array().map_or(0, Vec::len);
            sessions == before + 1 && read("metrics.jsonl").lines().count() == step
        };
        wait_until(&mut running, begun);
        running.signal("TERM");
        running.wait().exits(75).says(&format!("after step {step}"));
        assert_eq!(steps("metrics.jsonl"), step);
        assert!(
            steps("evaluations.jsonl") < step,
            "the evaluation was not waited for"
        );
        assert_eq!(saved(&run).last(), Some(&(step as u64)));
    }
    let stopped = place.path().join("stopped");
    copy_folder(&run, &stopped);
    place.start(&arguments("run"), &[]).wait().exits(0);
    let whole = place.path().join("whole");
    let assert_same = |run: &Path| {
        for name in [
            "facts.parquet",
            "evaluations.jsonl",
            "answers.parquet",
            "figures/value_loss.svg",
            "checkpoints/step-00000002/model.safetensors",
            "checkpoints/step-00000002/optimizer.safetensors",
        ] {
            let [one, other] = [whole.as_path(), run].map(|run| fs::read(run.join(name)).unwrap());
            assert!(one == other, "{name} differs");
        }
        assert_eq!(timeless(&whole), timeless(run));
    };
    assert_same(&run);

    // Killed when it had made the evaluation that it owed, of the last step, and before it was done: it is made once more.
    fs::remove_file(run.join("DONE")).unwrap();
    fs::remove_dir_all(run.join("checkpoints")).unwrap();
    copy_folder(&stopped.join("checkpoints"), &run.join("checkpoints"));
    let again = place.start(&arguments("run"), &[]).wait().exits(0).stderr();
    assert!(!again.contains("cannot be used"), "{again}");
    assert_same(&run);
}

/// A configuration whose batches are large, and a model to begin with.
const LARGE: &str =
    "--set train.documents=1000000 --set train.batch_documents=1000000 --set train.shards=1";

#[test]
fn a_run_without_enough_memory_is_refused_before_it_begins() {
    let place = place();
    place.start(&arguments("base"), &[]).wait().exits(0);
    let finetune = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/configs/finetune/instruction.toml"
    );
    for command in [
        format!("train run.toml {LARGE}"),
        format!("finetune {finetune} --from base {LARGE}"),
    ] {
        let arguments: Vec<&str> = command.split(' ').collect();
        let arguments = [&arguments[..], &["--device", "flex", "--run-dir", "run"]].concat();
        place
            .start_after("ulimit -v 4000000", &arguments)
            .wait()
            .exits(2)
            .says("of memory and there are 4.1 GB");
        assert!(!place.path().join("run").exists());
    }
}

/// A place that anybody may write to, with the program in it.
fn place_of_anybody() -> Place {
    let place = place();
    place.file("many.toml", "base = 'run.toml'\nseeds = [1, 2]\n");
    fs::copy(env!("CARGO_BIN_EXE_kolmo"), place.path().join("kolmo")).unwrap();
    fs::set_permissions(place.path(), fs::Permissions::from_mode(0o777)).unwrap();
    place
}

#[test]
fn without_threads_a_command_fails_and_does_not_panic() {
    let sweep = "sweep run many.toml --devices flex --jobs 1";
    let measured = "sweep run many.toml --devices flex";
    for (arguments, expected) in [
        (arguments("run").to_vec(), "no threads to train with"),
        (sweep.split(' ').collect(), "could not be started"),
        (measured.split(' ').collect(), "could not be started"),
    ] {
        let place = place_of_anybody();
        let mut command = place.shell("ulimit -u 1", &place.path().join("kolmo"));
        command.args(&arguments);
        // The limit is none for root.
        if fs::metadata(place.path()).unwrap().uid() == 0 {
            command.uid(65534).gid(65534);
        }
        let ran = Running::new(&mut command).wait();
        let said = ran.stderr();
        assert_eq!(ran.code(), Some(1), "{arguments:?}: {said}");
        assert!(said.contains(expected), "{said}");
        assert!(!said.contains("panicked"), "{said}");
    }
}
