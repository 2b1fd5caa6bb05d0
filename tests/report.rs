//! Runs laid over theory, and the experiments that are shipped.

use std::{fs, path::Path};

use serde_json::Value;

use crate::util::Place;

/// 8 steps, of a world whose names would be more than names to a careless reader of HTML.
const BASE: &str = r#"
[world.frequency]
law = "zipf"
elements = 50
exponent = 1.5
[[world.relations]]
name = "<script>alert(1)</script>"
values = 8
[model]
d_model = 16
layers = 1
heads = 2
[train]
documents = 256
batch_documents = 32
log_every = 1
[eval]
classes = 3
facts_per_class = 10
evaluations = 8
"#;

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
    place.file("base.toml", BASE);
    place.file("tiny.toml", SWEEP);
    place.kolmo(&["sweep", "run", "tiny.toml", "-q"]).exits(0);
    place
}

fn verdicts(stdout: &str) -> Vec<Value> {
    let report: Value = serde_json::from_str(stdout).unwrap();
    report["verdicts"].as_array().unwrap().clone()
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
    let config = place.file("base.toml", BASE);
    place
        .kolmo(&["train", config.to_str().unwrap(), "--run-dir", "run", "-q"])
        .exits(0);
    let ran = place.kolmo(&["report", "run", "--json", "-q"]).exits(0);
    assert!(!verdicts(&ran.stdout()).is_empty());
    assert!(place.path().join("run/report/report.html").is_file());
}

/// Trains the run `name` of `BASE` with `settings` on top.
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
fn one_training_counts_once_whatever_it_is_called() {
    let place = Place::new();
    place.file("base.toml", BASE);
    train(&place, "first", &[]);
    let alone = report(&place, &["first"]);
    assert!(!alone["verdicts"].as_array().unwrap().is_empty());
    assert_eq!(alone["left_out"], serde_json::json!([]));
    // The same steps in other words, or measured less.
    for (name, settings) in [
        ("same", &[][..]),
        ("rest", &["train.documents=257"]),
        ("all", &["train.documents=287", "checkpoint.every_s=0.0"]),
        ("warm", &["train.warmup_documents=5", "train.warmup=0.3"]),
        ("logged", &["train.log_every=3"]),
        ("asked", &["eval.evaluations=5", "eval.facts_per_class=4"]),
        ("stated", &["world.relations_per_document=all"]),
    ] {
        train(&place, name, settings);
        for order in [["first", name], [name, "first"]] {
            let found = report(&place, &order);
            let [left_out] = &found["left_out"].as_array().unwrap()[..] else {
                panic!("{name}: {}", found["left_out"]);
            };
            assert_eq!(left_out["reason"], "same_training", "{name}");
            assert_eq!(found["verdicts"], alone["verdicts"], "{name}");
        }
    }
    let ran = place.kolmo(&["report", "first", "same", "rest"]).exits(0);
    let said = ran.stderr();
    assert_eq!(said.matches("is the same training as").count(), 2, "{said}");
    let html = fs::read_to_string(place.path().join("first/report/report.html")).unwrap();
    assert!(html.contains("it is the same training as"));
}

#[test]
fn a_run_of_which_more_was_measured_stands_for_the_others() {
    let place = Place::new();
    place.file("base.toml", BASE);
    train(&place, "little", &[]);
    train(&place, "more", &["eval.evaluations=20"]);
    let found = report(&place, &["little", "more"]);
    assert_eq!(found["left_out"][0]["run"], "little");
    assert_eq!(found["left_out"][0]["counted"], "more");
    assert_eq!(found["verdicts"], report(&place, &["more"])["verdicts"]);
}

#[test]
fn another_training_counts_even_if_little_sets_it_apart() {
    let place = Place::new();
    place.file("base.toml", BASE);
    train(&place, "first", &[]);
    for (name, setting) in [
        ("seed", "seed=2"),
        ("step", "train.documents=288"),
        ("shards", "train.shards=4"),
        ("rate", "train.learning_rate=2e-3"),
    ] {
        train(&place, name, &[setting]);
        let found = report(&place, &["first", name]);
        assert_eq!(found["left_out"], serde_json::json!([]), "{name}");
    }
}

#[test]
fn seeds_of_one_training_are_together_however_long_they_were_to_be() {
    let place = Place::new();
    place.file("base.toml", BASE);
    for seed in ["1", "2", "3"] {
        train(&place, seed, &[&format!("seed={seed}")]);
        let settings = [
            format!("seed={seed}"),
            "train.documents=28".to_owned() + seed,
        ];
        train(
            &place,
            &format!("rest{seed}"),
            &settings.each_ref().map(String::as_str),
        );
    }
    let plain = report(&place, &["1", "2", "3"])["verdicts"].clone();
    let has_interval = |verdict: &Value| !verdict["ci95"].is_null();
    assert!(plain.as_array().unwrap().iter().any(has_interval));
    assert_eq!(report(&place, &["1", "rest2", "rest3"])["verdicts"], plain);
    let all = report(&place, &["1", "rest1", "2", "rest2", "3", "rest3"]);
    assert_eq!(all["verdicts"], plain);
    assert_eq!(all["left_out"].as_array().unwrap().len(), 3);
}

#[test]
fn no_interval_is_made_of_one_seed_told_twice() {
    let place = Place::new();
    place.file("base.toml", BASE);
    // Two trainings, which some claims take together: a ladder of sizes may have learning rates of its own.
    let names = "world.names.pools=[10,10]";
    train(&place, "one", &[names]);
    train(&place, "other", &[names, "train.learning_rate=2e-3"]);
    let found = report(&place, &["one", "other"]);
    assert_eq!(found["left_out"], serde_json::json!([]));
    let claim = "overconfidence/Zipf 1.50/";
    let verdicts = found["verdicts"].as_array().unwrap().iter();
    let together: Vec<&Value> = verdicts
        .filter(|verdict| verdict["claim"].as_str().unwrap().starts_with(claim))
        .collect();
    assert!(!together.is_empty());
    for verdict in together {
        assert_eq!(verdict["ci95"], Value::Null, "{verdict}");
        let reason = verdict["reason"].as_str().unwrap();
        assert!(reason.contains("there are 1 seeds"), "{verdict}");
    }
}

#[test]
fn a_configuration_that_was_changed_since_is_no_longer_believed() {
    let place = sweep();
    train(&place, "run", &[]);
    let runs = place.path().join("runs/tiny/runs");
    let of_sweep = fs::read_dir(runs).unwrap().next().unwrap().unwrap().path();
    for (run, given) in [(place.path().join("run"), "run"), (of_sweep, "runs/tiny")] {
        let config = run.join("config.toml");
        let text = fs::read_to_string(&config).unwrap();
        for (from, to) in [("exponent = 1.5", "exponent = 2.5"), ("[train]", "[trian]")] {
            assert!(text.contains(from));
            fs::write(&config, text.replacen(from, to, 1)).unwrap();
            place
                .kolmo(&["report", given])
                .exits(1)
                .says(config.strip_prefix(place.path()).unwrap().to_str().unwrap());
        }
        // What changes no run is no other one.
        let kept = text.replacen("keep_last = 2", "keep_last = 3", 1);
        assert_ne!(kept, text);
        fs::write(&config, kept).unwrap();
        place.kolmo(&["report", given, "-q"]).exits(0);
    }
}

#[test]
fn fine_tunings_of_one_training_are_one_whatever_that_was_called() {
    let place = Place::new();
    place.file("base.toml", BASE);
    place.file(
        "tuned.toml",
        "[world.syntax]\nquestions = 2\n[train]\ndocuments = 256\nbatch_documents = 32\n\
         [eval]\nclasses = 3\nfacts_per_class = 10\nevaluations = 3\n\
         [finetune.lesson]\ntask = 'instruction'\nfraction = 0.5\n",
    );
    let tune = |from: &str, run: &str| {
        let arguments = [
            "finetune",
            "tuned.toml",
            "--from",
            from,
            "--run-dir",
            run,
            "-q",
        ];
        place.kolmo(&arguments).exits(0);
    };
    for (base, run, settings) in [
        ("base1", "tuned1", &[][..]),
        ("base2", "tuned2", &["train.documents=257"]),
        ("base3", "tuned3", &["seed=2"]),
    ] {
        train(&place, base, settings);
        tune(base, run);
    }
    let two = report(&place, &["tuned1", "tuned3"]);
    assert!(!two["verdicts"].as_array().unwrap().is_empty());
    let three = report(&place, &["tuned1", "tuned2", "tuned3"]);
    assert_eq!(three["verdicts"], two["verdicts"]);
    assert_eq!(three["left_out"].as_array().unwrap().len(), 1);
    assert_eq!(
        report(&place, &["tuned2", "tuned3"])["verdicts"],
        two["verdicts"]
    );
    // What is in its place now is not what was fine-tuned.
    fs::rename(place.path().join("base1"), place.path().join("gone")).unwrap();
    fs::rename(place.path().join("base3"), place.path().join("base1")).unwrap();
    place
        .kolmo(&["report", "tuned1"])
        .exits(1)
        .says("base1/config.toml");
}

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
    place.file("base.toml", BASE);
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
    place.file("base.toml", BASE);
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

#[test]
fn an_experiment_is_run_once_and_reported() {
    let place = Place::new();
    let folder = place.path().join("configs/reproduce");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("base.txt"), BASE).unwrap();
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
