//! What a folder is for: what was planned in it last, whatever else is there.

use std::fs;

use serde_json::Value;

use super::{base, json, place};
use crate::util::{Place, train};

const RUN: [&str; 6] = ["sweep", "run", "many.toml", "--devices", "flex", "-q"];

/// The report of the folder `runs/many`.
fn report(place: &Place) -> Value {
    json(place, &["report", "runs/many", "--json", "-q"])
}

/// Trains in the run directory `run` as the sweep would, but for a seed that it has not.
fn train_another_seed(place: &Place, run: &str) {
    let train = train("base.toml", run);
    let train = [&train[..], &["--set", "seed=9"]].concat();
    place.kolmo(&train).exits(0);
}

/// What the curves of the runs are called, without the names of the runs.
fn shown(place: &Place) -> Vec<String> {
    let shown = super::curves(&place.path().join("runs/many/runs"));
    let names = shown.iter().map(|name| name.rsplit('/').next().unwrap());
    let mut names: Vec<String> = names
        .map(|name| name.split(',').next().unwrap().to_owned())
        .collect();
    names.sort();
    names
}

#[test]
fn a_seed_that_was_taken_out_no_longer_counts_anywhere() {
    let place = place("seeds = [1, 2, 3]");
    place.kolmo(&RUN).exits(0);
    let three = report(&place);
    assert_eq!(three["left_out"], serde_json::json!([]));
    assert_eq!(shown(&place), ["seed=1", "seed=2", "seed=3"]);

    // The file alone is no plan yet, but it is said.
    place.file("many.toml", "base = 'base.toml'\nseeds = [1, 2]");
    place
        .kolmo(&["report", "runs/many"])
        .exits(0)
        .says("many.toml was changed since its runs were planned");
    let two = {
        place.kolmo(&RUN).exits(0);
        report(&place)
    };
    assert_eq!(two["left_out"].as_array().unwrap().len(), 1);
    assert_eq!(two["left_out"][0]["reason"], "not_planned");
    assert_eq!(shown(&place), ["not_planned", "seed=1", "seed=2"]);
    place
        .kolmo(&["report", "runs/many"])
        .exits(0)
        .says("1 runs are in its folder, not planned any more, and left out");
    // As if it had never been there.
    let alone = super::place("seeds = [1, 2]");
    alone.kolmo(&RUN).exits(0);
    assert_eq!(two["verdicts"], report(&alone)["verdicts"]);
    assert_ne!(two["verdicts"], three["verdicts"]);

    // It was not removed either.
    place.file("many.toml", "base = 'base.toml'\nseeds = [1, 2, 3]");
    let commands = ["sweep", "commands", "many.toml", "--pending"];
    assert_eq!(place.kolmo(&commands).exits(0).stdout(), "");
    assert_eq!(report(&place)["verdicts"], three["verdicts"]);
    assert_eq!(shown(&place), ["seed=1", "seed=2", "seed=3"]);
}

#[test]
fn runs_that_are_planned_and_not_begun_are_told_as_not_done() {
    let place = place("seeds = [1, 2]");
    place.kolmo(&["sweep", "commands", "many.toml"]).exits(0);
    let found = report(&place);
    let reasons: Vec<&Value> = (0..2).map(|k| &found["left_out"][k]["reason"]).collect();
    assert_eq!(reasons, ["not_done", "not_done"]);
}

#[test]
fn what_was_put_into_the_folder_by_hand_does_not_count() {
    let place = place("seeds = [1, 2]");
    place.kolmo(&RUN).exits(0);
    let before = report(&place)["verdicts"].clone();
    train_another_seed(&place, "runs/many/runs/stray");
    fs::create_dir(place.path().join("runs/many/runs/notes")).unwrap();
    let found = report(&place);
    assert_eq!(found["verdicts"], before);
    assert_eq!(found["left_out"].as_array().unwrap().len(), 1);
}

#[test]
fn a_run_in_the_place_of_one_that_is_planned_ends_the_report() {
    let place = place("seeds = [1, 2]");
    place.kolmo(&RUN).exits(0);
    let runs = super::directories(&place);
    fs::remove_dir_all(&runs[0]).unwrap();
    train_another_seed(&place, runs[0].to_str().unwrap());
    place
        .kolmo(&["report", "runs/many"])
        .exits(1)
        .says("another configuration");
}

#[test]
fn the_sweep_file_of_the_folder_is_the_one_that_was_planned() {
    let place = place("seeds = [1, 2]\n[report]\ndocuments = [1000, 2000]");
    place.kolmo(&RUN).exits(0);
    let path = place.path().join("runs/many/sweep.toml");
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, text.replace("2000", "3000")).unwrap();
    place
        .kolmo(&["report", "runs/many"])
        .exits(1)
        .says("sweep.toml is not the sweep file that was planned");
    // A folder that says nothing of its plan.
    fs::write(&path, text).unwrap();
    fs::remove_file(place.path().join("runs/many/plan.json")).unwrap();
    place
        .kolmo(&["report", "runs/many"])
        .exits(1)
        .says("kolmo sweep commands SWEEP.toml --dir runs/many plans them");
    let commands = ["sweep", "commands", "many.toml", "--dir", "runs/many", "-q"];
    place.kolmo(&commands).exits(0);
    report(&place);
}

#[test]
fn two_sweep_files_of_one_name_do_not_share_a_folder_unasked() {
    let place = Place::new();
    for (folder, seeds) in [("a", "[1, 2]"), ("b", "[2, 3]")] {
        fs::create_dir(place.path().join(folder)).unwrap();
        place.file(&format!("{folder}/base.toml"), &base());
        let text = format!("base = 'base.toml'\nseeds = {seeds}");
        place.file(&format!("{folder}/many.toml"), &text);
    }
    let flags = ["--devices", "flex"];
    place
        .kolmo(&[&["sweep", "run", "a/many.toml"], &flags[..]].concat())
        .exits(0);
    let before = fs::read(place.path().join("runs/many/plan.json")).unwrap();
    for verb in ["plan", "run", "status", "summary", "commands"] {
        place
            .kolmo(&["sweep", verb, "b/many.toml"])
            .exits(2)
            .says("runs/many is the folder of another sweep file of this name")
            .says("a/many.toml");
    }
    place
        .kolmo(&[
            "sweep",
            "submit",
            "b/many.toml",
            "--engine",
            "slurm",
            "--dry-run",
        ])
        .exits(2);
    assert_eq!(
        fs::read(place.path().join("runs/many/plan.json")).unwrap(),
        before
    );

    // In a folder of its own, or, for who names it, in that one: what both plan is not done again.
    let own = ["sweep", "commands", "b/many.toml", "--dir", "runs/b"];
    let said = place.kolmo(&own).exits(0).stderr();
    assert!(!said.contains("planned from"), "{said}");
    let shared = ["sweep", "run", "b/many.toml", "--dir", "runs/many", "-v"];
    let ran = place
        .kolmo(&[&shared[..], &flags].concat())
        .exits(0)
        .says("was planned from");
    assert_eq!(
        ran.stderr().matches("begins").count(),
        1,
        "{}",
        ran.stderr()
    );
    let found = report(&place);
    assert_eq!(found["left_out"].as_array().unwrap().len(), 1);

    // The same file from elsewhere, changed or not, is no other one.
    place.file("b/many.toml", "base = 'base.toml'\nseeds = [2]");
    place.kolmo(&["sweep", "status", "b/many.toml"]).exits(0);
    place
        .kolmo(&["sweep", "status", "./b/../b/many.toml"])
        .exits(0);
    fs::rename(place.path().join("b"), place.path().join("moved")).unwrap();
    place
        .kolmo(&["sweep", "status", "moved/many.toml"])
        .exits(0);
}

#[test]
fn two_files_of_one_text_are_two_sweeps_if_their_bases_are() {
    let place = Place::new();
    for (folder, base) in [("a", base()), ("b", base().replace("1.5", "1.2"))] {
        fs::create_dir(place.path().join(folder)).unwrap();
        place.file(&format!("{folder}/base.toml"), &base);
        place.file(
            &format!("{folder}/many.toml"),
            "base = 'base.toml'\nseeds = [1]",
        );
    }
    place.kolmo(&["sweep", "commands", "a/many.toml"]).exits(0);
    place
        .kolmo(&["sweep", "commands", "b/many.toml"])
        .exits(2)
        .says("another sweep file of this name");
    // A copy that makes the same runs for the same claims may have them.
    fs::copy(
        place.path().join("a/base.toml"),
        place.path().join("b/base.toml"),
    )
    .unwrap();
    place.kolmo(&["sweep", "commands", "b/many.toml"]).exits(0);
}
