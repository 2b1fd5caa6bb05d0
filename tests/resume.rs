//! Runs that are killed, stopped, damaged and resumed.

use std::{
    fs,
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
    thread::sleep,
    time::{Duration, Instant},
};

use serde_json::Value;

use crate::util::{Place, Running, jsonl, tiny_with, train};

/// 200 steps, a second's training and as much again to save every one of them.
pub fn config() -> String {
    tiny_with(
        "world.relations_per_document = 2
world.frequency = { elements = 200, exponent = 1.3 }
world.relations = [{ name = 'colour', values = 8 }, { name = 'home', values = 16 }]
train = { documents = 6400, batch_documents = 32, log_every = 3 }
eval = { facts_per_class = 20, evaluations = 12 }
checkpoint = { every_s = 0.0, keep_last = 3 }",
    )
}
const STEPS: u64 = 200;
/// Of a checkpoint, beside its manifest.
const FILES: [&str; 3] = ["model.safetensors", "optimizer.safetensors", "state.cbor"];

/// The arguments of one in the run directory `run`.
pub fn arguments(run: &str) -> [&str; 7] {
    train("run.toml", run)
}

/// A place with [`config`] in it.
pub fn place() -> Place {
    let place = Place::new();
    place.file("run.toml", &config());
    place
}

/// A place with [`config`] in it, and one done in one go.
fn undisturbed(variables: &[(&str, &str)]) -> (Place, PathBuf) {
    let place = place();
    place.start(&arguments("whole"), variables).wait().exits(0);
    let whole = place.path().join("whole");
    (place, whole)
}

/// Steps of the checkpoints of a run, the newest last.
pub fn saved(run: &Path) -> Vec<u64> {
    let Ok(entries) = fs::read_dir(run.join("checkpoints")) else {
        return Vec::new();
    };
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut steps: Vec<u64> = names
        .filter_map(|name| name.strip_prefix("step-")?.parse().ok())
        .collect();
    steps.sort_unstable();
    steps
}

pub fn wait_until(running: &mut Running, what: impl Fn() -> bool) {
    let started = Instant::now();
    while !what() && !running.has_ended() {
        assert!(
            started.elapsed() < Duration::from_secs(60),
            "nothing happens"
        );
        sleep(Duration::from_millis(1));
    }
}

/// The lines of `metrics.jsonl` without the wall clock.
pub fn timeless(run: &Path) -> Vec<Value> {
    let mut records = jsonl(&run.join("metrics.jsonl"));
    for record in &mut records {
        let record = record.as_object_mut().unwrap();
        for clock in ["elapsed_s", "tokens_per_s"] {
            assert!(record.remove(clock).unwrap().as_f64().unwrap() > 0.0);
        }
    }
    records
}

/// Everything that two runs of the same configuration have in common: all but the wall clock.
pub fn assert_same(one: &Path, other: &Path) {
    let last = format!("checkpoints/step-{STEPS:08}");
    for name in [
        "facts.parquet",
        "evaluations.jsonl",
        "figures/value_loss.svg",
        "figures/classes.svg",
        "figures/redundancy.svg",
        &format!("{last}/model.safetensors"),
        &format!("{last}/optimizer.safetensors"),
    ] {
        let [one, other] = [one, other].map(|run| fs::read(run.join(name)).unwrap());
        assert!(one == other, "{name} differs");
    }
    assert_eq!(timeless(one), timeless(other));
}

/// Kills a run `times` times, on its way and at odd moments, and lets it go on; then to its end.
fn killed(signal: &str, times: u64, variables: &[(&str, &str)]) {
    let (place, whole) = undisturbed(variables);
    let run = place.path().join("killed");
    let mut stopped = 0;
    for k in 0..times {
        let before = saved(&run).last().copied();
        let mut running = place.start(&arguments("killed"), variables);
        // The first one at its very start, the others a while behind the next part of the way;
        // one that is asked to stop has to be under way to hear it.
        let goal = STEPS * k / (times + 1);
        if k > 0 {
            wait_until(&mut running, || {
                let newest = saved(&run).last().copied();
                newest >= Some(goal) && (signal == "KILL" || newest > before)
            });
        }
        sleep(Duration::from_millis(7 * k % 12));
        assert!(!run.join("DONE").exists(), "done before kill {k}");
        running.signal(signal);
        let ran = running.wait();
        match signal {
            "KILL" => assert_eq!(ran.code(), None),
            _ if k == 0 => {}
            _ => assert_eq!(ran.exits(75).code(), Some(75)),
        }
        stopped += 1;
    }
    assert_eq!(stopped, times);
    place.start(&arguments("killed"), variables).wait().exits(0);
    assert_same(&whole, &run);

    let manifest = fs::read_to_string(run.join("manifest.json")).unwrap();
    let manifest: Value = serde_json::from_str(&manifest).unwrap();
    let sessions = manifest["sessions"].as_array().unwrap();
    assert_eq!(manifest["state"], "done");
    assert_eq!(sessions.last().unwrap()["to_step"], STEPS);
    if signal == "TERM" {
        // Nothing is done twice.
        for pair in sessions.windows(2).filter(|pair| pair[1]["from_step"] != 0) {
            assert_eq!(pair[0]["to_step"], pair[1]["from_step"]);
            assert_eq!(pair[0]["state"], "stopped");
        }
    }
    // One event file, whose points come in order: scripts/check_run.py looks into it.
    assert_eq!(fs::read_dir(run.join("tensorboard")).unwrap().count(), 1);
    assert!(saved(&run).len() <= 3);
}

#[test]
fn a_run_killed_twenty_times_is_the_run_that_was_not_on_one_thread() {
    killed("KILL", 20, &[("RAYON_NUM_THREADS", "1")]);
}

#[test]
fn a_run_killed_twenty_times_is_the_run_that_was_not_on_two_threads() {
    killed("KILL", 20, &[("RAYON_NUM_THREADS", "2")]);
}

#[test]
fn a_run_asked_to_stop_saves_and_goes_on() {
    killed("TERM", 6, &[("RAYON_NUM_THREADS", "1")]);
    killed("USR1", 3, &[("RAYON_NUM_THREADS", "2")]);
}

#[test]
fn the_second_interrupt_leaves_at_once() {
    let place = place();
    // A step takes seconds.
    let slow = [
        &arguments("run")[..],
        &[
            "--set",
            "train.batch_documents=3000",
            "--set",
            "train.documents=600000",
        ],
        &["--set", "model.d_model=64", "--set", "model.layers=4"],
    ]
    .concat();
    let mut running = place.start(&slow, &[("RAYON_NUM_THREADS", "1")]);
    let manifest = place.path().join("run/manifest.json");
    wait_until(&mut running, || manifest.exists());
    // The first step is under way a moment later.
    sleep(Duration::from_millis(300));
    running.signal("INT");
    sleep(Duration::from_millis(200));
    assert!(!running.has_ended(), "the step under way is to be finished");
    running.signal("INT");
    let started = Instant::now();
    assert_eq!(running.wait().code(), None, "by the signal itself");
    assert!(started.elapsed() < Duration::from_secs(5));
}

#[test]
fn a_damaged_checkpoint_is_told_and_the_one_before_it_used() {
    let (place, whole) = undisturbed(&[]);
    let copy = |name: &str| {
        let mut running = place.start(&arguments(name), &[]);
        let run = place.path().join(name);
        // Three checkpoints, all after the first record of step 3.
        let enough = || saved(&run).len() >= 3 && saved(&run)[0] >= 3;
        wait_until(&mut running, enough);
        assert!(!run.join("DONE").exists());
        running.signal("KILL");
        running.wait();
        run
    };
    for (k, file) in [
        "model.safetensors",
        "optimizer.safetensors",
        "state.cbor",
        "manifest.json",
    ]
    .into_iter()
    .enumerate()
    {
        let name = format!("damaged-{k}");
        let run = copy(&name);
        let newest = saved(&run).pop().unwrap();
        let path = run.join(format!("checkpoints/step-{newest:08}/{file}"));
        let mut bytes = fs::read(&path).unwrap();
        match k % 2 {
            0 => bytes.truncate(bytes.len() / 2),
            _ => bytes[10] ^= 4,
        }
        fs::write(&path, bytes).unwrap();
        place
            .start(&arguments(&name), &[])
            .wait()
            .exits(0)
            .says(&format!("step-{newest:08} cannot be used"))
            .says(file);
        assert_same(&whole, &run);
    }

    // All of them: nothing is thrown away unasked.
    let run = copy("none");
    let there = saved(&run);
    for step in &there {
        fs::remove_file(run.join(format!("checkpoints/step-{step:08}/state.cbor"))).unwrap();
    }
    let metrics = fs::read(run.join("metrics.jsonl")).unwrap();
    place
        .start(&arguments("none"), &[])
        .wait()
        .exits(1)
        .says(&format!("none of the {} checkpoints", there.len()))
        .says("--resume never");
    assert_eq!(fs::read(run.join("metrics.jsonl")).unwrap(), metrics);

    // A gap in what was written cannot be mended by going on. Whether lines are too few or others than they were depends on how many
    // came behind the checkpoint.
    let run = copy("gap");
    let metrics = fs::read_to_string(run.join("metrics.jsonl")).unwrap();
    let without_first = metrics.split_once('\n').unwrap().1;
    fs::write(run.join("metrics.jsonl"), without_first).unwrap();
    place
        .start(&arguments("gap"), &[])
        .wait()
        .exits(1)
        .says("metrics.jsonl");
    // Nothing was cut off meanwhile: with the line back, the newest checkpoint can be used again.
    fs::write(run.join("metrics.jsonl"), metrics).unwrap();
    let newest = saved(&run).pop().unwrap();
    let says = format!("from its checkpoint of step {newest}");
    place
        .start(&arguments("gap")[..6], &[])
        .wait()
        .exits(0)
        .says(&says);
    assert_same(&whole, &run);
}

#[test]
fn no_damage_to_a_checkpoint_goes_unseen() {
    let place = place();
    let tiny = [
        &arguments("run")[..],
        &["--set", "train.documents=64", "--set", "model.d_model=4"],
        &[
            "--set",
            "world.frequency.elements=10",
            "--set",
            "eval.facts_per_class=2",
        ],
    ]
    .concat();
    place.start(&tiny, &[]).wait().exits(0);
    let run = kolmo_run::RunDirectory::at(place.path().join("run"));
    let config = fs::read_to_string(run.config()).unwrap();
    let config = kolmo_config::RunConfig::parse(&config, &[]).unwrap();
    let (config, _) = config.settle().unwrap();
    let identity = config.identity().unwrap();
    let read = || kolmo_run::checkpoint::read(&run, 2, &identity, &FILES);
    let whole = read().unwrap();
    let (mut seen, mut harmless) = (0, 0);
    for name in FILES.into_iter().chain(["manifest.json"]) {
        let path = run.checkpoint(2).join(name);
        let sound = fs::read(&path).unwrap();
        let mut check = || match read() {
            Ok(files) => {
                assert!(files == whole, "{name} is read as something else");
                harmless += 1;
            }
            Err(_) => seen += 1,
        };
        // In place: a file system takes its time to empty a file and fill it again.
        let file = fs::OpenOptions::new().write(true).open(&path).unwrap();
        for (place, byte) in sound.iter().enumerate() {
            file.write_all_at(&[byte ^ (1 << (place % 8))], place as u64)
                .unwrap();
            check();
            file.write_all_at(&[*byte], place as u64).unwrap();
        }
        for length in (0..sound.len()).rev() {
            file.set_len(length as u64).unwrap();
            check();
        }
        file.write_all_at(&sound, 0).unwrap();
    }
    assert_eq!(read().unwrap(), whole);
    // Blanks of the manifest, and nothing else, may change.
    assert!(
        seen > 10_000 && harmless < 100,
        "{seen} seen, {harmless} harmless"
    );
}

#[test]
fn a_damaged_checkpoint_does_not_outlive_the_sound_ones() {
    let (place, whole) = undisturbed(&[]);
    let run = place.path().join("run");
    let one = [&arguments("run")[..], &["--set", "checkpoint.keep_last=2"]].concat();
    let mut running = place.start(&one, &[]);
    wait_until(&mut running, || {
        saved(&run).first().is_some_and(|s| *s >= 20)
    });
    running.signal("KILL");
    running.wait();
    let newest = saved(&run).pop().unwrap();
    let state = run.join(format!("checkpoints/step-{newest:08}/state.cbor"));
    fs::write(state, "").unwrap();
    // It is of a later step than the one that is written next, and none but that one is to be kept.
    let one = [
        &arguments("run")[..],
        &[
            "--set",
            "checkpoint.keep_last=1",
            "--set",
            "checkpoint.every_s=inf",
        ],
    ]
    .concat();
    let mut running = place.start(&one, &[]);
    sleep(Duration::from_millis(50));
    running.signal("TERM");
    running.wait();
    place.start(&one, &[]).wait().exits(0);
    assert_same(&whole, &run);
}

#[test]
fn checkpoints_are_kept_as_asked_for() {
    let place = place();
    let set = |pair: &'static str| ["--set", pair];
    let extra = [
        set("checkpoint.every_s=inf"),
        set("checkpoint.keep_every=60"),
        set("checkpoint.keep_last=1"),
    ]
    .concat();
    let all = [&arguments("run")[..], &extra].concat();
    place.start(&all, &[]).wait().exits(0);
    assert_eq!(saved(&place.path().join("run")), [60, 120, 180, 200]);
    // When a run is saved is no part of what it is.
    place.start(&arguments("run"), &[]).wait().exits(0);
}

#[test]
fn a_run_directory_has_one_process_and_the_second_is_told_which() {
    let place = place();
    let long = [&arguments("run")[..], &["--set", "train.documents=640000"]].concat();
    let mut running = place.start(&long, &[]);
    let manifest = place.path().join("run/manifest.json");
    wait_until(&mut running, || manifest.exists());
    for extra in [&[][..], &["--resume", "never"]] {
        let again = [&long[..], extra].concat();
        place
            .start(&again, &[])
            .wait()
            .exits(1)
            .says("is in use by process");
    }
    running.signal("KILL");
    running.wait();
    let run = place.path().join("run");
    let before = saved(&run).last().copied();
    // The lock goes with the process.
    let mut running = place.start(&long, &[]);
    wait_until(&mut running, || saved(&run).last().copied() > before);
    running.signal("INT");
    running
        .wait()
        .exits(75)
        .says("stopped on request after step");
}
