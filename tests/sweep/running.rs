//! Sweeps on this machine: done once, failed, stopped, killed.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    thread::sleep,
    time::{Duration, Instant},
};

use super::{curves, directories, json, place, results, results_alone, states};
use crate::util::{Place, Running};

const RUN: [&str; 8] = [
    "sweep",
    "run",
    "many.toml",
    "--devices",
    "flex",
    "--jobs",
    "2",
    "-v",
];

/// Waits until `happened`, for a minute at most.
fn wait_until(mut happened: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !happened() {
        assert!(
            begun.elapsed() < Duration::from_secs(60),
            "it did not happen"
        );
        sleep(Duration::from_millis(2));
    }
}

fn lines(path: &Path) -> usize {
    fs::read_to_string(path).map_or(0, |text| text.lines().count())
}

#[test]
fn a_sweep_is_run_once_and_grows() {
    let place = place("seeds = [1, 2]");
    place.kolmo(&RUN).exits(0).says("2 of 2 runs done");
    assert_eq!(states(&place), ["done", "done"]);
    // The same bits as a run by itself.
    let of_sweep = &directories(&place)[0];
    assert_eq!(results(of_sweep), results_alone(&place, of_sweep));

    place.file("many.toml", "base = 'base.toml'\nseeds = [2, 3, 1]");
    let again = place.kolmo(&RUN).exits(0).stderr();
    assert_eq!(again.matches("begins").count(), 1, "{again}");
    assert!(again.contains("seed=3"), "{again}");
    let status = json(&place, &["sweep", "status", "many.toml", "--json"]);
    for run in status["runs"].as_array().unwrap() {
        assert!(run["value_loss"].as_f64().unwrap() > 0.0);
        assert!(run["eta_s"].is_null(), "it is done");
    }
    let summary = fs::read_to_string(place.path().join("runs/many/summary/runs.csv")).unwrap();
    assert_eq!(summary.lines().count(), 4);
    for column in ["id,", "seed,", "final_value_loss,", "loss,", "state,"] {
        assert!(summary.lines().next().unwrap().contains(column), "{column}");
    }
    let all = fs::read_to_string(place.path().join("runs/many/summary/evaluations.csv")).unwrap();
    assert_eq!(all.lines().count(), 1 + 3 * 4);
    // Each run once, whichever folder TensorBoard is shown, and by a name that says which it is.
    for (logdir, count) in [("runs", 3), ("runs/many", 3), ("runs/many/runs", 3)] {
        let shown = curves(&place.path().join(logdir));
        assert_eq!(shown.len(), count, "{shown:?}");
        for seed in 1..=3 {
            let named = shown
                .iter()
                .filter(|name| name.contains(&format!("/seed={seed},")));
            assert_eq!(named.count(), 1, "{shown:?}");
        }
    }
    let one = curves(of_sweep);
    assert!(
        one.len() == 1 && one[0].starts_with("tensorboard/seed="),
        "{one:?}"
    );
    // Anew, they are in the same place; links of earlier builds go, and somebody's files stay.
    let links = place.path().join("runs/many/tensorboard");
    fs::create_dir(&links).unwrap();
    let name = of_sweep.file_name().unwrap();
    let target = Path::new("../runs").join(name).join("tensorboard");
    std::os::unix::fs::symlink(target, links.join("seed=1")).unwrap();
    let run = of_sweep.to_str().unwrap();
    place.kolmo(&["tensorboard", run, "-q"]).exits(0);
    assert_eq!(curves(&place.path().join("runs")).len(), 4);
    place.kolmo(&["sweep", "commands", "many.toml"]).exits(0);
    assert!(!links.exists());
    assert_eq!(curves(of_sweep), one);
    assert_eq!(curves(&place.path().join("runs")).len(), 3);
}

#[test]
fn a_run_that_fails_sinks_no_other_and_can_be_run_again() {
    let place = place("seeds = [1, 2, 3]");
    place.kolmo(&["sweep", "commands", "many.toml"]).exits(0);
    let runs = directories(&place);
    // In the way of a run directory.
    fs::remove_dir_all(&runs[1]).unwrap();
    fs::write(&runs[1], "").unwrap();
    let ended = place
        .kolmo(&[&RUN[..], &["--retry", "2"]].concat())
        .exits(1);
    let said = ended.stderr();
    assert_eq!(
        said.matches("failed, and is begun again").count(),
        2,
        "{said}"
    );
    assert!(
        said.contains("create the folder"),
        "the reason is shown: {said}"
    );
    assert_eq!(states(&place), ["done", "failed", "done"]);
    place
        .kolmo(&[&RUN[..], &["--only", "pending"]].concat())
        .exits(0);
    assert_eq!(states(&place)[1], "failed");
    fs::remove_file(&runs[1]).unwrap();
    place
        .kolmo(&[&RUN[..], &["--only", "failed"]].concat())
        .exits(0);
    assert_eq!(states(&place), ["done"; 3]);
}

#[test]
fn a_sweep_ends_early_once_too_many_have_failed() {
    let place = place("seeds = [1, 2, 3, 4]");
    place.kolmo(&["sweep", "commands", "many.toml"]).exits(0);
    for run in directories(&place) {
        fs::remove_dir_all(&run).unwrap();
        fs::write(run, "").unwrap();
    }
    let arguments = ["--retry", "0", "--max-fails", "1", "--jobs", "1"];
    let arguments = [&RUN[..5], &arguments].concat();
    place.kolmo(&arguments).exits(1).says("1 runs failed");
    let states = states(&place);
    assert_eq!(states.iter().filter(|state| *state == "pending").count(), 3);
}

#[test]
fn a_run_that_diverges_is_told_apart_and_not_repeated() {
    let place = place(
        "[[axes]]\nproduct = { train.learning_rate = [1e-3, 100.0] }\n[set]\ntrain.clip_norm = inf",
    );
    place.kolmo(&RUN).exits(3).says("1 runs diverged");
    assert_eq!(states(&place), ["done", "diverged"]);
    let again = place.kolmo(&RUN).exits(3).stderr();
    assert!(!again.contains("begins"), "{again}");
}

/// The sweep of three seeds, undisturbed.
fn undisturbed() -> Vec<Vec<Vec<u8>>> {
    let place = place("seeds = [1, 2, 3]");
    place.kolmo(&RUN).exits(0);
    directories(&place).iter().map(|run| results(run)).collect()
}

fn start(place: &Place) -> Running {
    place.start(&RUN, &[])
}

/// The same sweep, both of whose places have runs that have logged more than so many steps.
fn at_work(steps: usize) -> (Place, Vec<PathBuf>, Running) {
    let place = place("seeds = [1, 2, 3]");
    place.kolmo(&["sweep", "commands", "many.toml"]).exits(0);
    let runs = directories(&place);
    let sweep = start(&place);
    let has_logged = |run: &&PathBuf| lines(&run.join("metrics.jsonl")) > steps;
    wait_until(|| runs.iter().filter(has_logged).count() == 2);
    (place, runs, sweep)
}

#[test]
fn a_sweep_that_is_stopped_saves_every_run_and_goes_on() {
    let expected = undisturbed();
    let (place, runs, mut sweep) = at_work(5);
    sweep.signal("TERM");
    sweep.wait().exits(75).says("stopped on request");
    let states_now = states(&place);
    assert!(
        !states_now
            .iter()
            .any(|state| state == "running" || state == "failed"),
        "{states_now:?}"
    );
    assert!(
        states_now.iter().any(|state| state == "preempted"),
        "{states_now:?}"
    );
    place.kolmo(&RUN).exits(0);
    let found: Vec<_> = runs.iter().map(|run| results(run)).collect();
    assert!(found == expected, "other bits");
}

#[test]
fn a_sweep_whose_parent_is_killed_goes_on_beside_its_orphans() {
    let expected = undisturbed();
    let (place, runs, mut sweep) = at_work(2);
    sweep.signal("KILL");
    assert_eq!(sweep.wait().code(), None);
    // One of the orphans as well.
    let manifest = runs
        .iter()
        .map(|run| run.join("manifest.json"))
        .find(|path| path.exists());
    let manifest = fs::read_to_string(manifest.unwrap()).unwrap();
    let manifest: serde_json::Value = serde_json::from_str(&manifest).unwrap();
    let process = manifest["sessions"][0]["process"]
        .as_u64()
        .unwrap()
        .to_string();
    Command::new("kill")
        .args(["-KILL", &process])
        .output()
        .unwrap();
    place.kolmo(&RUN).exits(0);
    assert_eq!(states(&place), ["done"; 3]);
    let found: Vec<_> = runs.iter().map(|run| results(run)).collect();
    assert!(found == expected, "other bits");
}

#[test]
fn a_run_that_cannot_be_read_is_neither_pending_nor_begun_again() {
    let place = place("seeds = [1, 2, 3]");
    place.kolmo(&RUN).exits(0);
    let runs = directories(&place);
    let (done, lock) = (runs[0].join("DONE"), runs[1].join(".lock"));
    let aside = place.path().join("aside");
    fs::rename(&done, &aside).unwrap();
    std::os::unix::fs::symlink(&done, &done).unwrap();
    // Of a run that goes on, it may be.
    fs::remove_file(runs[1].join("DONE")).unwrap();
    std::os::unix::fs::symlink(&lock, &lock).unwrap();

    let ran = place
        .kolmo(&["sweep", "status", "many.toml", "--json"])
        .exits(1)
        .says("could not read")
        .says("(and 1 more runs that cannot be read)");
    let status: serde_json::Value = serde_json::from_str(&ran.stdout()).unwrap();
    let states: Vec<&str> = (0..3)
        .map(|k| status["runs"][k]["state"].as_str().unwrap())
        .collect();
    assert_eq!(states, ["unreadable", "unreadable", "done"]);
    let problem = status["runs"][0]["problem"].as_str().unwrap();
    assert!(problem.contains("DONE"), "{problem}");
    assert!(status["runs"][2].get("problem").is_none());
    let table = place.kolmo(&["sweep", "status", "many.toml"]).exits(1);
    assert!(
        table.stdout().contains("1 done, 2 unreadable"),
        "{}",
        table.stdout()
    );
    let plan = ["sweep", "plan", "many.toml", "--no-benchmark"];
    place.kolmo(&plan).exits(1).says("could not read");
    place
        .kolmo(&["sweep", "commands", "many.toml", "--pending"])
        .exits(1)
        .says("could not read");

    let before = fs::read(runs[0].join("manifest.json")).unwrap();
    let ran = place.kolmo(&RUN).exits(1);
    assert!(!ran.stderr().contains("begins"), "{}", ran.stderr());
    assert_eq!(fs::read(runs[0].join("manifest.json")).unwrap(), before);

    // Once it can be read it is what it was.
    fs::remove_file(&done).unwrap();
    fs::rename(&aside, &done).unwrap();
    fs::remove_file(&lock).unwrap();
    place.kolmo(&RUN).exits(0);
    assert_eq!(super::states(&place), ["done"; 3]);
}

#[test]
fn a_run_in_the_place_of_another_one_is_not_that_one() {
    let place = place("seeds = [1, 2]");
    place.kolmo(&RUN).exits(0);
    let runs = directories(&place);
    fs::remove_dir_all(&runs[1]).unwrap();
    fs::rename(&runs[0], &runs[1]).unwrap();
    let ran = place
        .kolmo(&["sweep", "status", "many.toml", "--json"])
        .exits(1)
        .says("another configuration");
    assert!(ran.stdout().contains("\"unreadable\""), "{}", ran.stdout());
    for command in [&RUN[..], &["sweep", "summary", "many.toml"]] {
        place.kolmo(command).exits(1).says("another configuration");
    }
}

#[test]
fn two_do_not_run_one_sweep() {
    let place = place("seeds = [1, 2, 3]");
    let mut first = start(&place);
    wait_until(|| place.path().join("runs/many/.lock").exists());
    place.kolmo(&RUN).exits(1).says("process");
    first.signal("TERM");
    let _ = first.wait();
    let status = json(&place, &["sweep", "status", "many.toml", "--json"]);
    assert_eq!(status["runs"].as_array().unwrap().len(), 3);
}

#[test]
fn data_sizes_that_leave_a_trunk_have_the_bits_of_their_own() {
    let sweep = |branches: bool| {
        let place = place(&format!(
            "seeds = [1, 2]\n[set]\ntrain.warmup_documents = 320\n\
             [data]\ndocuments = [640, 1920, 1280]\nbranches = {branches}"
        ));
        let said = place.kolmo(&RUN).exits(0).stderr();
        let weights: Vec<Vec<u8>> = directories(&place)
            .iter()
            .map(|run| results(run).remove(0))
            .collect();
        let origins = directories(&place).into_iter().map(|run| {
            let manifest = fs::read_to_string(run.join("manifest.json")).unwrap();
            let manifest: serde_json::Value = serde_json::from_str(&manifest).unwrap();
            manifest["trunk"]["step"].as_u64()
        });
        (weights, origins.collect::<Vec<_>>(), said)
    };
    let (expected, alone, _) = sweep(false);
    let (found, origins, said) = sweep(true);
    assert!(alone.iter().all(Option::is_none));
    // Of 20, 60 and 40 steps a fifth is the cool-down.
    let expected_origins = [16, 16, 0, 0, 32, 32].map(|step: u64| (step > 0).then_some(step));
    assert_eq!(origins, expected_origins, "{said}");
    assert!(found == expected, "other bits");
}

/// Writes the code of a failed attempt.
fn fail(place: &Place, run: &Path) -> PathBuf {
    let name = run.file_name().unwrap().to_str().unwrap();
    let exit = place.path().join(format!("runs/many/logs/{name}.exit"));
    fs::write(&exit, "1\n").unwrap();
    exit
}

#[test]
fn a_sweep_that_is_stopped_says_so_whatever_else_there_is() {
    // Nothing waits in a queue, and one has diverged before.
    let place = place(
        "[[axes]]\nproduct = { seed = [1, 2], train.learning_rate = [1e-3] }\n[set]\ntrain.clip_norm = inf",
    );
    place.kolmo(&["sweep", "commands", "many.toml"]).exits(0);
    let runs = directories(&place);
    let mut sweep = start(&place);
    wait_until(|| runs.iter().all(|run| lines(&run.join("metrics.jsonl")) > 5));
    sweep.signal("TERM");
    sweep
        .wait()
        .exits(75)
        .says("stopped on request with 2 runs left");
    assert_eq!(states(&place), ["preempted"; 2]);
    // What ended since counts, and what is older than the run's last process does not.
    let exit = fail(&place, &runs[0]);
    assert_eq!(states(&place), ["failed", "preempted"]);
    let old = fs::File::options().write(true).open(exit).unwrap();
    old.set_modified(std::time::UNIX_EPOCH).unwrap();
    assert_eq!(states(&place), ["preempted"; 2]);
}

#[test]
fn only_what_was_asked_for_is_run_and_its_end_told() {
    let place = place("seeds = [1, 2, 3]");
    place.kolmo(&["sweep", "commands", "many.toml"]).exits(0);
    let runs = directories(&place);
    fail(&place, &runs[0]);
    // In the way of a run directory.
    fs::remove_dir_all(&runs[1]).unwrap();
    fs::write(&runs[1], "").unwrap();
    let pending = ["--only", "pending", "--retry", "0", "--max-fails", "1"];
    // The failure of before does not count.
    place
        .kolmo(&[&RUN[..], &pending].concat())
        .exits(1)
        .says("1 runs failed");
    assert_eq!(states(&place), ["failed", "failed", "done"]);
}

#[test]
fn a_branch_does_not_wait_for_a_trunk_that_does_not_come() {
    let place = place(
        "[set]\ntrain.warmup_documents = 320\n[data]\ndocuments = [1280, 1920]\nbranches = true",
    );
    place.kolmo(&["sweep", "commands", "many.toml"]).exits(0);
    fail(&place, &directories(&place)[0]);
    place
        .kolmo(&[&RUN[..], &["--only", "failed"]].concat())
        .exits(0);
    assert_eq!(states(&place), ["done", "pending"]);
    // Once the trunk is done it is what it is: a size more begins where it can.
    place.kolmo(&RUN).exits(0);
    let text = fs::read_to_string(place.path().join("many.toml")).unwrap();
    place.file("many.toml", &text.replace("[1280,", "[640, 1280,"));
    let plan = json(
        &place,
        &["sweep", "plan", "many.toml", "--no-benchmark", "--json"],
    );
    let new = &plan["runs"][0];
    assert_eq!(
        (&new["state"], &new["steps"]),
        (&"pending".into(), &20.into())
    );
    assert_eq!(
        (&new["own_steps"], &new["trunk"]),
        (&20.into(), &serde_json::Value::Null)
    );
}
