//! Which runs of a report count, and for how much.

use super::*;

#[test]
fn one_training_counts_once_whatever_it_is_called() {
    let place = Place::new();
    place.file("base.toml", &base());
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
    place.file("base.toml", &base());
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
    place.file("base.toml", &base());
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
    place.file("base.toml", &base());
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
    place.file("base.toml", &base());
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
    place.file("base.toml", &base());
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
