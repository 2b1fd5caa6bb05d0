//! Runs laid over theory, and the experiments that are shipped.

#![cfg(unix)]

mod counted;
mod damaged;

use std::{fs, path::Path};

use serde_json::Value;

use crate::util::{Place, tiny};

/// 8 steps, of a world whose names would be more than names to a careless reader of HTML.
fn base() -> String {
    tiny(8, 1, 8).replace("colour", "<script>alert(1)</script>")
}

const SWEEP: &str = r#"
base = "base.toml"
seeds = [1, 2]
[report]
title = "Tiny & <b>bold</b>"
documents = [128, 1024]
[[axes]]
product = { "train.documents" = [128, 256, 512, 1024] }
[[axes]]
product = { "model.d_model" = [8, 16] }
"#;

fn sweep() -> Place {
    let place = Place::new();
    place.file("base.toml", &base());
    place.file("tiny.toml", SWEEP);
    place.kolmo(&["sweep", "run", "tiny.toml", "-q"]).exits(0);
    place
}

fn verdicts(stdout: &str) -> Vec<Value> {
    let report: Value = serde_json::from_str(stdout).unwrap();
    report["verdicts"].as_array().unwrap().clone()
}

/// Trains the run `name` of [`base`] with `settings` on top.
fn train(place: &Place, name: &str, settings: &[&str]) {
    let set = settings.iter().flat_map(|setting| ["--set", setting]);
    let fixed = ["train", "base.toml", "--run-dir", name, "-q"];
    let arguments: Vec<&str> = fixed.into_iter().chain(set).collect();
    place.kolmo(&arguments).exits(0);
}

/// The report of `runs` as JSON.
fn report(place: &Place, runs: &[&str]) -> Value {
    let arguments = [
        &["report"],
        runs,
        &["--json", "-q", "-o", "out/report.html"],
    ]
    .concat();
    serde_json::from_str(&place.kolmo(&arguments).exits(0).stdout()).unwrap()
}

#[test]
fn a_sweep_becomes_a_report_with_the_keys_of_the_contract() {
    let place = sweep();
    let ran = place
        .kolmo(&[
            "report",
            "runs/tiny",
            "--json",
            "-q",
            "-o",
            "out/report.html",
        ])
        .exits(0);
    let verdicts = verdicts(&ran.stdout());
    let claims: Vec<&str> = verdicts
        .iter()
        .map(|verdict| verdict["claim"].as_str().unwrap())
        .collect();
    for kind in ["data_scaling", "syntax_first", "collapse", "order"] {
        assert!(
            claims
                .iter()
                .any(|claim| claim.split('/').next() == Some(kind)),
            "{kind}: {claims:?}"
        );
    }
    for verdict in &verdicts {
        for key in [
            "study",
            "predicted",
            "measured",
            "ci95",
            "range",
            "reason",
            "statement",
            "relation",
            "sort",
            "quantity",
            "margin",
            "seeds",
        ] {
            assert!(verdict.get(key).is_some(), "{key}: {verdict}");
        }
        let outcome = verdict["verdict"].as_str().unwrap();
        assert!(
            ["agrees", "disagrees", "inconclusive"].contains(&outcome),
            "{verdict}"
        );
    }
    let mut sorts: Vec<&str> = verdicts
        .iter()
        .map(|verdict| verdict["sort"].as_str().unwrap())
        .collect();
    sorts.sort_unstable();
    sorts.dedup();
    assert_eq!(sorts, ["check", "law"]);
    // Exponents over less than a decade say nothing.
    let short = verdicts.iter().filter(|verdict| {
        verdict["claim"]
            .as_str()
            .unwrap()
            .starts_with("data_scaling")
    });
    assert!(short.clone().count() > 0);
    for verdict in short {
        assert_eq!(verdict["verdict"], "inconclusive", "{verdict}");
    }
    let out = place.path().join("out");
    let html = fs::read_to_string(out.join("report.html")).unwrap();
    assert!(html.contains("Tiny &amp; &lt;b&gt;bold&lt;/b&gt;"));
    assert!(
        !html.contains("<script"),
        "text of the configuration is code"
    );
    let figures = fs::read_dir(out.join("figures")).unwrap().count();
    assert!(figures >= 9 && figures.is_multiple_of(3), "{figures} files");
    let written: Value =
        serde_json::from_str(&fs::read_to_string(out.join("report.json")).unwrap()).unwrap();
    assert_eq!(written["verdicts"].as_array().unwrap(), &verdicts);
}

#[test]
fn runs_that_are_not_done_are_left_out() {
    let place = sweep();
    let runs = place.path().join("runs/tiny/runs");
    for entry in fs::read_dir(runs).unwrap() {
        fs::remove_file(entry.unwrap().path().join("DONE")).unwrap();
    }
    let ran = place.kolmo(&["report", "runs/tiny"]).exits(0);
    assert!(
        ran.stderr().contains("16 runs are not done"),
        "{}",
        ran.stderr()
    );
    assert!(ran.stdout().contains("no claim"), "{}", ran.stdout());
}

#[test]
fn what_is_no_run_is_refused() {
    let place = Place::new();
    fs::create_dir(place.path().join("folder")).unwrap();
    let ran = place.kolmo(&["report", "folder"]).exits(2);
    assert!(
        ran.stderr().contains("neither a run nor a sweep"),
        "{}",
        ran.stderr()
    );
    place.kolmo(&["report"]).exits(2);
}

#[test]
fn a_single_run_can_be_looked_at() {
    let place = Place::new();
    let config = place.file("base.toml", &base());
    place
        .kolmo(&["train", config.to_str().unwrap(), "--run-dir", "run", "-q"])
        .exits(0);
    let ran = place.kolmo(&["report", "run", "--json", "-q"]).exits(0);
    assert!(!verdicts(&ran.stdout()).is_empty());
    assert!(place.path().join("run/report/report.html").is_file());
}

#[test]
fn an_experiment_is_run_once_and_reported() {
    let place = Place::new();
    let folder = place.path().join("configs/reproduce");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("base.txt"), base()).unwrap();
    fs::write(
        folder.join("tiny.toml"),
        SWEEP.replace("base.toml", "base.txt"),
    )
    .unwrap();
    let first = place
        .kolmo(&["reproduce", "--json", "-q"])
        .exits(0)
        .stdout();
    let run = place.path().join("runs/reproduce/tiny/runs");
    let began = |run: &Path| {
        let mut times: Vec<_> = fs::read_dir(run)
            .unwrap()
            .map(|entry| {
                fs::metadata(entry.unwrap().path().join("DONE"))
                    .unwrap()
                    .modified()
                    .unwrap()
            })
            .collect();
        times.sort();
        times
    };
    let before = began(&run);
    let again = place
        .kolmo(&["reproduce", "tiny", "--json", "-q"])
        .exits(0)
        .stdout();
    assert_eq!(first, again);
    assert!(
        place
            .path()
            .join("runs/reproduce/tiny/report/report.html")
            .is_file()
    );
    assert_eq!(before, began(&run), "a run was repeated");
    assert!(place.path().join("runs/reproduce/report.html").is_file());
    let ran = place.kolmo(&["reproduce", "tinny"]).exits(2);
    assert!(
        ran.stderr()
            .contains("there is no experiment tinny; there are tiny"),
        "{}",
        ran.stderr()
    );
}

#[test]
fn experiments_are_listed_with_what_they_cost_and_ask() {
    // The folder has none: they are part of the program.
    let ran = Place::new().kolmo(&["reproduce", "--list"]);
    let list = ran.exits(0).stdout();
    for name in ["data_scaling", "model_scaling", "acquisition", "plateau"] {
        for name in [name.to_owned(), format!("quick/{name}")] {
            let line = list
                .lines()
                .find(|line| line.split_whitespace().next() == Some(&name));
            assert!(
                line.is_some_and(|line| line.ends_with('?')),
                "{name}: {list}"
            );
        }
    }
}

#[test]
fn every_experiment_for_a_gpu_can_be_planned() {
    let place = Place::new();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("configs/reproduce/gpu");
    let mut count = 0;
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let ran = place
            .kolmo(&[
                "sweep",
                "plan",
                path.to_str().unwrap(),
                "--no-benchmark",
                "--json",
            ])
            .exits(0);
        let plan: Value = serde_json::from_str(&ran.stdout()).unwrap();
        assert!(plan["flops"].as_f64().unwrap() > 1e17, "{}", path.display());
        count += 1;
    }
    assert!(count >= 3);
}
