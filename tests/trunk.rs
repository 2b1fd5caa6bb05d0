//! Runs that begin with the steps of another one.

#![cfg(unix)]

use std::{
    fs,
    path::{Path, PathBuf},
    thread::sleep,
    time::Duration,
};

use kolmo_run::{FactRow, FactsTable};
use serde_json::Value;

use crate::{
    resume::{self, saved, timeless, wait_until},
    util::{Place, Running, changed, files, jsonl},
};

/// 200 steps, of which the last 40 are the cool-down: until then those of any longer run. No line of
/// metrics.jsonl falls on step 160, and three evaluations come after it.
fn config() -> String {
    changed(
        &resume::config(),
        "train.warmup_documents = 320
eval.evaluations = 60
checkpoint = { every_s = inf, keep_last = 1 }",
    )
}
const STEPS: u64 = 200;
const COOLDOWN: u64 = 160;
const LONG: &str = "train.documents=12800";

fn train<'a>(run: &'a str, rest: &[&'a str]) -> Vec<&'a str> {
    let arguments = ["train", "run.toml", "--device", "flex", "--run-dir", run];
    [&arguments, rest].concat()
}

/// A place with [`config`] in it, and one done from its first step.
fn undisturbed() -> (Place, PathBuf) {
    let place = Place::new();
    place.file("run.toml", &config());
    place.kolmo(&train("whole", &[])).exits(0);
    let whole = place.path().join("whole");
    (place, whole)
}

fn start(place: &Place, arguments: &[&str]) -> Running {
    place.start(arguments, &[])
}

/// Asserts that `branch` ended as `whole` did, having begun with `from` steps of another run.
fn assert_same_after(from: u64, whole: &Path, branch: &Path) {
    for name in ["model.safetensors", "optimizer.safetensors"] {
        let last = format!("checkpoints/step-{STEPS:08}/{name}");
        let [one, other] = [whole, branch].map(|run| fs::read(run.join(&last)).unwrap());
        assert!(one == other, "{name} differs");
    }
    // The lines of the trunk are those that the run would have written itself.
    assert_eq!(timeless(whole), timeless(branch));

    let after = |run: &Path| -> Vec<Value> {
        let mut records = jsonl(&run.join("evaluations.jsonl"));
        records.retain(|record| record["step"].as_u64() > Some(from));
        records
    };
    let (mut one, mut other) = (after(whole), after(branch));
    assert!(one.len() >= 3, "{} evaluations after {from}", one.len());
    // What the first of them says of the documents since the one before, which was another.
    if from > 0 {
        for record in [&mut one[0], &mut other[0]] {
            for class in record["classes"].as_array_mut().unwrap() {
                let class = class.as_object_mut().unwrap();
                let before = class.len();
                class.retain(|key, _| !key.contains("stream"));
                assert_eq!(before - class.len(), 6);
            }
        }
    }
    assert_eq!(one, other);

    let rows = |run: &Path| -> Vec<FactRow> {
        let table = FactsTable::read(run.join("facts.parquet")).unwrap();
        table
            .rows()
            .filter(|row| row.step > from)
            .copied()
            .collect()
    };
    assert_eq!(rows(whole), rows(branch));
    assert!(branch.join("DONE").exists() && branch.join("figures/value_loss.svg").exists());
}

fn manifest(run: &Path) -> Value {
    let text = fs::read_to_string(run.join("manifest.json")).unwrap();
    serde_json::from_str(&text).unwrap()
}

/// The step that a run began at, as its manifest has it.
fn began_at(run: &Path) -> u64 {
    let manifest = manifest(run);
    let step = manifest["trunk"]["step"].as_u64().unwrap_or(0);
    assert_eq!(manifest["sessions"][0]["from_step"], step);
    step
}

#[test]
fn a_branch_is_the_run_that_made_every_step_itself() {
    let (place, whole) = undisturbed();
    let keep = ["--set", LONG, "--set", "checkpoint.keep_at=[100, 160, 170]"];
    place.kolmo(&train("trunk", &keep)).exits(0);
    let trunk = place.path().join("trunk");
    assert_eq!(saved(&trunk), [100, 160, 170, 400]);
    let before = files(&trunk);

    // The checkpoint of step 170 is not one of this run: it cools down by then.
    let arguments = train("branch", &["--trunk", "trunk"]);
    place
        .kolmo(&arguments)
        .exits(0)
        .says("begins with the first 160 steps of trunk");
    let branch = place.path().join("branch");
    assert_same_after(COOLDOWN, &whole, &branch);
    let manifest = manifest(&branch);
    assert_eq!(manifest["trunk"]["dir"], "trunk");
    assert_eq!(manifest["trunk"]["step"], COOLDOWN);
    assert_eq!(manifest["sessions"][0]["from_step"], COOLDOWN);
    assert_ne!(
        manifest["trunk"]["config_blake3"],
        manifest["config_blake3"]
    );
    assert!(files(&trunk) == before, "the trunk was changed");
    // Its evaluations until then are those of the trunk.
    let until = |run: &Path| -> Vec<Value> {
        let mut records = jsonl(&run.join("evaluations.jsonl"));
        records.retain(|record| record["step"].as_u64() <= Some(COOLDOWN));
        records
    };
    assert!(!until(&trunk).is_empty());
    assert_eq!(until(&trunk), until(&branch));

    // Once there is a run, the trunk is of no matter.
    fs::remove_dir_all(trunk).unwrap();
    place.kolmo(&arguments).exits(0).says("is finished already");

    // A branch is a trunk as well, and so is a run of another course that ends where this one goes on.
    let again = train("again", &["--trunk", "branch", "--resume", "never"]);
    let other = ["--set", "train.final_fraction=0.5"];
    place
        .kolmo(&[&again[..], &other].concat())
        .exits(0)
        .says("branch has no checkpoint to begin with: there is none of steps 1 to 160");
    let constant = ["--set", "train.schedule=constant", "--set"];
    for (documents, from) in [("train.documents=4800", 150), ("train.documents=4832", 0)] {
        // 150 steps, or 151, whose last line of metrics.jsonl this run does not have.
        let short = [&constant[..], &[documents, "--resume", "never"]].concat();
        place.kolmo(&train("short", &short)).exits(0);
        let long = train("long", &["--trunk", "short", "--resume", "never"]);
        place.kolmo(&long).exits(0);
        let long = place.path().join("long");
        assert_eq!(began_at(&long), from);
        assert_same_after(from, &whole, &long);
    }
}

#[test]
fn a_branch_killed_at_any_moment_is_the_same_in_the_end() {
    let (place, whole) = undisturbed();
    let keep = ["--set", LONG, "--set", "checkpoint.keep_at=[100]"];
    place.kolmo(&train("trunk", &keep)).exits(0);
    let branch = place.path().join("branch");
    let often = [
        "--set",
        "checkpoint.every_s=0",
        "--set",
        "checkpoint.keep_last=3",
    ];
    let with_trunk = train("branch", &[&often[..], &["--trunk", "trunk"]].concat());
    let without = train("branch", &often);
    const KILLS: u64 = 24;
    for k in 0..KILLS {
        let newest = saved(&branch).last().copied();
        // The trunk has done its part once there is a checkpoint.
        let arguments = match newest {
            Some(_) if k % 2 == 0 => &without,
            _ => &with_trunk,
        };
        let mut running = start(&place, arguments);
        // The first half while it begins, the others on the way.
        if k < KILLS / 2 {
            wait_until(&mut running, || branch.join(".lock").exists());
            sleep(Duration::from_micros(500 * k));
        } else {
            let goal = 100 + 90 * (k - KILLS / 2) / (KILLS / 2);
            wait_until(&mut running, || saved(&branch).last() >= Some(&goal));
        }
        running.signal("KILL");
        assert_eq!(running.wait().code(), None, "done before kill {k}");
        assert!(saved(&branch).iter().all(|step| *step >= 100));
    }
    place.kolmo(&with_trunk).exits(0);
    assert_eq!(began_at(&branch), 100);
    assert_same_after(100, &whole, &branch);
    // What was half done is gone.
    let hidden = |path: &&PathBuf| {
        let name = path.file_name().unwrap().to_str().unwrap();
        name.starts_with('.')
    };
    assert_eq!(files(&branch).keys().find(hidden), None);
}

#[test]
fn a_trunk_may_be_missing_or_under_way() {
    let (place, whole) = undisturbed();
    place
        .kolmo(&train("missing", &["--trunk", "nowhere"]))
        .exits(0)
        .says("there is no run in nowhere yet");
    assert_same_after(0, &whole, &place.path().join("missing"));

    // It saves after every step and removes the checkpoint before, while branches look for them.
    let long = [
        "--set",
        "train.documents=320000",
        "--set",
        "checkpoint.every_s=0",
    ];
    let trunk = place.path().join("trunk");
    let mut running = start(&place, &train("trunk", &long));
    for (k, goal) in [1, 20, 60, 120, 200].into_iter().enumerate() {
        wait_until(&mut running, || saved(&trunk).last() >= Some(&goal));
        let run = format!("branch-{k}");
        place.kolmo(&train(&run, &["--trunk", "trunk"])).exits(0);
        let branch = place.path().join(run);
        assert_same_after(began_at(&branch), &whole, &branch);
    }
    assert!(!running.has_ended());
    running.signal("TERM");
    running.wait().exits(75);
}

#[test]
fn a_damaged_checkpoint_of_a_trunk_is_told_and_an_older_one_used() {
    let (place, whole) = undisturbed();
    let keep = [
        "--set",
        LONG,
        "--set",
        "checkpoint.keep_at=[90, 100, 140, 150]",
    ];
    place.kolmo(&train("trunk", &keep)).exits(0);
    let trunk = place.path().join("trunk");
    let file = |step: u64, name: &str| trunk.join(format!("checkpoints/step-{step:08}/{name}"));
    let branch = |name: &str| {
        let ran = place.kolmo(&train(name, &["--trunk", "trunk"])).exits(0);
        let run = place.path().join(name);
        assert_same_after(began_at(&run), &whole, &run);
        (ran, began_at(&run))
    };
    // One that goes while it is looked at is none, and nothing to tell.
    std::os::unix::fs::symlink("gone", trunk.join("checkpoints/step-00000155")).unwrap();
    let (ran, from) = branch("gone");
    assert_eq!(from, 150);
    assert!(!ran.stderr().contains("warning"), "{}", ran.stderr());
    fs::write(file(150, "state.cbor"), "").unwrap();
    let model = file(140, "model.safetensors");
    let mut bytes = fs::read(&model).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    fs::write(model, bytes).unwrap();
    let (ran, from) = branch("older");
    assert_eq!(from, 100);
    let ran = ran.says("step-00000150 cannot be used: state.cbor is damaged");
    ran.says("step-00000140 cannot be used: model.safetensors is damaged");

    // A line that the checkpoint of step 100 counts on, and the one before it does not.
    let metrics = fs::read_to_string(trunk.join("metrics.jsonl")).unwrap();
    let damaged = metrics.replace("{\"step\":99,", "{\"step\":");
    assert_ne!(damaged, metrics);
    fs::write(trunk.join("metrics.jsonl"), damaged).unwrap();
    let (ran, from) = branch("line");
    assert_eq!(from, 90);
    ran.says("metrics.jsonl, line 33, is not a valid record");

    fs::remove_file(trunk.join("facts.parquet")).unwrap();
    let (ran, from) = branch("first");
    assert_eq!(from, 0);
    ran.says("facts.parquet")
        .says("trunk has no checkpoint to begin with: there is none of steps 1 to 160");
}

#[test]
fn a_trunk_of_another_kind_is_refused_with_the_key() {
    let place = Place::new();
    place.file("run.toml", &config());
    let keep = [
        "--set",
        "checkpoint.keep_at=[20]",
        "--set",
        "train.documents=1280",
    ];
    place.kolmo(&train("trunk", &keep)).exits(0);
    for (set, says) in [
        ("seed=2", "seed is 2 here and 1 there"),
        (
            "world.relations_per_document=1",
            "world.relations_per_document is 1 here and 2 there",
        ),
        ("model.d_model=32", "model.d_model is 32 here and 16 there"),
        (
            "train.beta_1=0.8",
            "train.optimizer.beta_1 is 0.8 here and 0.9 there",
        ),
        ("train.log_every=4", "train.log_every is 4 here and 3 there"),
        ("eval.classes=2", "eval.classes is 2 here and 3 there"),
    ] {
        place
            .kolmo(&train("branch", &["--trunk", "trunk", "--set", set]))
            .exits(2)
            .says(&format!("trunk cannot be the trunk of this run: {says}"));
    }
    assert!(!place.path().join("branch").exists());
    place
        .kolmo(&train(
            "trunk",
            &["--trunk", "./trunk", "--resume", "never"],
        ))
        .exits(2)
        .says("is the directory of the run itself");
    // Another warm-up is another way from the first step on.
    let other = ["--trunk", "trunk", "--set", "train.warmup_documents=640"];
    place
        .kolmo(&train("slow", &other))
        .exits(0)
        .says("their learning rates differ from the first step on");
    assert_eq!(began_at(&place.path().join("slow")), 0);

    fs::write(place.path().join("trunk/config.toml"), "seed = 1\n[trian]").unwrap();
    place
        .kolmo(&train("branch", &["--trunk", "trunk"]))
        .exits(2)
        .says("trian");
    assert!(!place.path().join("branch").exists());
}
