//! `kolmo train`, as a user runs it.

use std::fs;

use crate::util::{Place, Ran, jsonl, tiny};

/// A run of a second.
fn small() -> String {
    tiny(20, 5, 3)
}

/// `kolmo train CONFIG` on the CPU, with `extra` behind it.
fn train(place: &Place, config: &str, extra: &[&str]) -> Ran {
    place.kolmo(&[&["train", config, "--device", "flex"], extra].concat())
}

#[test]
fn a_run_leaves_everything_it_promises() {
    let place = Place::new();
    place.file("small.toml", &small());
    let ran = train(&place, "small.toml", &["--run-dir", "run", "--json"])
        .exits(0)
        .says("measured (nats)")
        .says("Bayes redundancy")
        .says("Code of 640 documents");
    let last: serde_json::Value = serde_json::from_str(&ran.stdout()).unwrap();
    assert_eq!(last["last_step"]["step"], 20);
    assert_eq!(last["last_evaluation"]["documents"], 640);

    let run = place.path().join("run");
    for name in [
        "config.toml",
        "manifest.json",
        "metrics.jsonl",
        "evaluations.jsonl",
        "facts.parquet",
        "figures/value_loss.svg",
        "figures/classes.svg",
        "figures/redundancy.svg",
        "checkpoints/step-00000020/model.safetensors",
        "DONE",
    ] {
        assert!(run.join(name).is_file(), "{name} is missing");
    }
    assert_eq!(fs::read_dir(run.join("tensorboard")).unwrap().count(), 1);
    let steps = jsonl(&run.join("metrics.jsonl"));
    let numbers: Vec<_> = steps.iter().map(|s| s["step"].as_u64().unwrap()).collect();
    assert_eq!(numbers, [5, 10, 15, 20]);
    let evaluations = jsonl(&run.join("evaluations.jsonl"));
    assert_eq!(evaluations.last().unwrap()["step"], 20);
    the_exact_side_adds_up(&steps, &evaluations);
    let manifest = fs::read_to_string(run.join("manifest.json")).unwrap();
    let manifest: serde_json::Value = serde_json::from_str(&manifest).unwrap();
    assert_eq!(manifest["state"], "done");
    assert_eq!(manifest["device"], "flex");
    let ended = manifest["ended"].as_str().unwrap();
    assert!(ended >= manifest["started"].as_str().unwrap());
}

/// What every run carries beside the loss of its model.
fn the_exact_side_adds_up(steps: &[serde_json::Value], evaluations: &[serde_json::Value]) {
    let number = |record: &serde_json::Value, key: &str| record[key].as_f64().unwrap();
    for step in steps {
        for role in ["", "_syntax", "_subject", "_value", "_eos"] {
            let of = |name: &str| number(step, &format!("{name}{role}"));
            let difference = of("loss") - of("floor") - of("redundancy");
            assert!(difference.abs() < 1e-9, "{role}: {difference} at {step}");
        }
        assert_eq!(step["floor_value"], 0.0);
        assert!(number(step, "floor") < number(step, "bayes"));
    }
    let last = evaluations.last().unwrap();
    let code = |who: &str, role: &str| number(&last["code_bits"][who], role);
    for who in ["model", "bayes", "floor"] {
        let roles = ["syntax", "subject", "value", "eos"].map(|role| code(who, role));
        let total = code(who, "total");
        assert!(
            (roles.iter().sum::<f64>() / total - 1.0).abs() < 1e-12,
            "{who}"
        );
    }
    // Nobody beats the truth, and a transformer of a second's training not the Bayes learner.
    assert!(code("floor", "total") < code("bayes", "total"));
    assert!(code("bayes", "total") < code("model", "total"));
    // Every fact is paid for once: ln 8 nats, three bits.
    let facts = number(last, "distinct_subjects");
    assert!((code("bayes", "value") - 3.0 * facts).abs() < 1e-6);
    assert!((number(last, "bayes_discount") - 1.0 / 1.5).abs() < 1e-12);
    let documents = |record: &serde_json::Value| -> u64 {
        let classes = record["classes"].as_array().unwrap().iter();
        classes
            .map(|class| class["stream_documents"].as_u64().unwrap())
            .sum()
    };
    assert_eq!(evaluations.iter().map(documents).sum::<u64>(), 640);
    // The classes have all subjects here, and so their losses add up to the codes: documents state one fact.
    for (who, prefix) in [("model", ""), ("bayes", "bayes_")] {
        for role in ["value", "subject"] {
            let key = format!("{prefix}stream_{role}_loss");
            let classes = evaluations
                .iter()
                .flat_map(|e| e["classes"].as_array().unwrap());
            let nats = classes.map(|class| match class[&key].as_f64() {
                Some(loss) => loss * number(class, "stream_documents"),
                None => 0.0,
            });
            let bits = nats.sum::<f64>() / std::f64::consts::LN_2;
            assert!((bits / code(who, role) - 1.0).abs() < 1e-9, "{who} {role}");
        }
    }
    // The redundancy of a code is told beside the steps as well.
    let step = steps.last().unwrap();
    for (who, key) in [
        ("model", "code_redundancy"),
        ("bayes", "bayes_code_redundancy"),
    ] {
        let above = (code(who, "total") - code("floor", "total")) / 640.0;
        assert!((number(step, key) - above).abs() < 1e-9, "{who}");
    }
}

#[test]
fn the_same_configuration_gives_the_same_bits_and_so_does_the_resolved_one() {
    let place = Place::new();
    place.file("small.toml", &small());
    let outcome = |config: &str, run: &str| {
        train(&place, config, &["--run-dir", run, "-q"]).exits(0);
        let run = place.path().join(run);
        let weights = fs::read(run.join("checkpoints/step-00000020/model.safetensors")).unwrap();
        let facts = fs::read(run.join("facts.parquet")).unwrap();
        let evaluations = fs::read(run.join("evaluations.jsonl")).unwrap();
        (weights, facts, evaluations)
    };
    let first = outcome("small.toml", "one");
    assert!(first == outcome("one/config.toml", "two"));
    place.file("other.toml", &format!("seed = 2\n{}", small()));
    assert!(first.0 != outcome("other.toml", "three").0);
}

#[test]
fn the_bits_do_not_depend_on_the_number_of_threads() {
    let place = Place::new();
    place.file("small.toml", &small());
    for arch in ["gpt", "llama"] {
        let outcome = |threads: &str| {
            let run = format!("{arch}-{threads}");
            let arch = format!("model.arch={arch}");
            // Seven shards are dealt out unevenly, whatever the threads.
            let settings = ["--set", &arch, "--set", "train.shards=7", "-q"];
            let arguments = ["train", "small.toml", "--device", "flex", "--run-dir", &run];
            let arguments = [&arguments[..], &settings].concat();
            let running = place.start(&arguments, &[("RAYON_NUM_THREADS", threads)]);
            running.wait().exits(0);
            let run = place.path().join(run);
            let checkpoint = run.join("checkpoints/step-00000020");
            let facts = fs::read(run.join("facts.parquet")).unwrap();
            let files = ["model.safetensors", "optimizer.safetensors"];
            (
                facts,
                files.map(|file| fs::read(checkpoint.join(file)).unwrap()),
            )
        };
        let one = outcome("1");
        assert!(one == outcome("2") && one == outcome("3"), "{arch}");
    }
}

#[test]
fn a_finished_run_is_left_alone_unless_told_otherwise() {
    let place = Place::new();
    place.file("small.toml", &small());
    let train = |extra: &[&str]| train(&place, "small.toml", extra);
    train(&[]).exits(0);
    let runs: Vec<_> = fs::read_dir(place.path().join("runs")).unwrap().collect();
    assert_eq!(runs.len(), 1);
    let run = runs[0].as_ref().unwrap().path();
    let name = run.file_name().unwrap().to_str().unwrap().to_owned();
    assert!(
        name.starts_with("small-") && name.len() == "small-".len() + 8,
        "{name}"
    );
    let manifest = || fs::read_to_string(run.join("manifest.json")).unwrap();
    let before = manifest();

    train(&[])
        .exits(0)
        .says("finished already")
        .says("measured (nats)");
    assert_eq!(manifest(), before);
    train(&["--resume", "never"]).exits(0);
    assert_ne!(manifest(), before);

    // Another configuration has another directory, and does not take a finished one by force.
    train(&["--set", "seed=2"]).exits(0);
    assert_eq!(fs::read_dir(place.path().join("runs")).unwrap().count(), 2);
    let taken = run.to_str().unwrap();
    train(&["--set", "seed=3", "--run-dir", taken])
        .exits(2)
        .says("another configuration");
}

#[test]
fn an_unfinished_run_without_a_checkpoint_starts_again_and_keeps_what_is_not_its_own() {
    let place = Place::new();
    place.file("small.toml", &small());
    let arguments = ["--run-dir", "run", "-q"];
    train(&place, "small.toml", &arguments).exits(0);
    let run = place.path().join("run");
    let whole = fs::read(run.join("evaluations.jsonl")).unwrap();
    fs::remove_file(run.join("DONE")).unwrap();
    fs::remove_dir_all(run.join("checkpoints")).unwrap();
    fs::write(run.join("evaluations.jsonl"), "torn").unwrap();
    fs::write(run.join("notes.txt"), "mine").unwrap();
    let other = [&arguments[..], &["--set", "seed=5"]].concat();
    train(&place, "small.toml", &other)
        .exits(2)
        .says("another configuration");
    train(&place, "small.toml", &arguments).exits(0);
    assert_eq!(fs::read(run.join("evaluations.jsonl")).unwrap(), whole);
    assert_eq!(fs::read_to_string(run.join("notes.txt")).unwrap(), "mine");
}

#[test]
fn divergence_stops_the_run_and_says_where() {
    let place = Place::new();
    place.file("small.toml", &small());
    // Each step multiplies the weights by 1 - 100 x 10, which no 32-bit number survives for long.
    let settings = [
        "--run-dir",
        "run",
        "--set",
        "train.learning_rate=100",
        "--set",
        "train.optimizer.weight_decay=10",
    ];
    train(&place, "small.toml", &settings)
        .exits(3)
        .says("diverged at step");
    let manifest = fs::read_to_string(place.path().join("run/manifest.json")).unwrap();
    assert!(manifest.contains("\"diverged\""), "{manifest}");
    assert!(!place.path().join("run/DONE").exists());
}

#[test]
fn a_tiny_world_is_learnt_to_the_last_fact() {
    let place = Place::new();
    let config = concat!(env!("CARGO_MANIFEST_DIR"), "/configs/tiny.toml");
    let ran = train(&place, config, &["--run-dir", "run", "--json", "-q"]).exits(0);
    let last: serde_json::Value = serde_json::from_str(&ran.stdout()).unwrap();
    let parameters = last["parameters"].as_u64().unwrap();
    assert!(
        (15_000..25_000).contains(&parameters),
        "{parameters} parameters"
    );
    let evaluation = &last["last_evaluation"];
    for class in evaluation["classes"].as_array().unwrap() {
        assert_eq!(class["measured"], class["facts"]);
        assert!(class["value_loss"].as_f64().unwrap() < 0.01, "{class}");
        assert_eq!(class["accuracy"], 1.0);
    }
    // 10 subjects, 2 facts of 3 bits each.
    let bits = evaluation["bits_stored"].as_f64().unwrap();
    assert!((59.5..=60.0).contains(&bits), "{bits} bits");
}

#[test]
fn what_a_model_says_unasked_is_judged_at_the_end_and_changes_nothing_else() {
    let place = Place::new();
    place.file("small.toml", &small());
    let said = ["--set", "eval.generated=300"];
    let again = ["--set", "train.repeat={share=1.0,times=4}"];
    let run = |name: &str, more: &[&str]| {
        let arguments = [&["--run-dir", name, "-q"], more].concat();
        train(&place, "small.toml", &arguments).exits(0);
        let run = place.path().join(name);
        let weights = run.join("checkpoints/step-00000020/model.safetensors");
        (
            fs::read(weights).unwrap(),
            jsonl(&run.join("evaluations.jsonl")),
        )
    };
    let (silent, _) = run("silent", &[]);
    let (weights, evaluations) = run("said", &said);
    assert!(silent == weights);
    assert!(evaluations[0].get("companions").is_none());
    let of = |evaluations: &[serde_json::Value], name: &str| {
        let last = evaluations.last().unwrap();
        last["companions"][format!("generated_{name}")]
            .as_f64()
            .unwrap()
    };
    let counts = ["statements", "well_formed", "true", "met"].map(|name| of(&evaluations, name));
    assert_eq!(of(&evaluations, "documents"), 300.0);
    assert!(
        counts[0] >= 300.0 && counts.is_sorted_by(|a, b| a >= b),
        "{counts:?}"
    );
    assert!((-1.0..=1.0).contains(&of(&evaluations, "miscalibration")));

    // A quarter of the documents, four times each: other weights, and fewer facts are met.
    let (weights, repeated) = run("repeated", &[&said[..], &again].concat());
    assert!(silent != weights);
    let bayes = |evaluations: &[serde_json::Value], of: &str| {
        let loss = &evaluations.last().unwrap()[format!("bayes_value_loss{of}")];
        loss.as_f64().unwrap()
    };
    for of in ["", "_expected"] {
        assert!(bayes(&evaluations, of) < bayes(&repeated, of), "{of}");
    }
}
