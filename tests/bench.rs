//! `kolmo bench`: figures that a script can read. How large they are is no matter here.

use serde_json::Value;

use crate::util::{Place, tiny_with};

/// A shape that takes no time.
const TINY: &[&str] = &[
    "--d-model=16",
    "--layers=1",
    "--heads=2",
    "--batch=8",
    "--seq=4",
    "--vocab=50",
    "--steps=2",
    "--device=flex",
];

fn world() -> String {
    tiny_with("train = { documents = 1280, batch_documents = 16 }")
}

/// What both train and eval say of a model and its times.
const OF_A_MODEL: &[&str] = &[
    "threads",
    "shards",
    "parameters",
    "ms_median",
    "ms_best",
    "tokens_per_s",
];

/// The report of `kolmo bench` with `arguments`: one line of JSON.
fn report(place: &Place, arguments: &[&str]) -> Value {
    let ran = place.kolmo(&[&["bench"], arguments, &["--json"]].concat());
    let text = ran.exits(0).stdout();
    assert_eq!(text.lines().count(), 1, "{text}");
    serde_json::from_str(&text).unwrap()
}

fn check_numbers(report: &Value, fields: &[&str]) {
    for field in fields {
        let number = report[*field].as_f64();
        let number = number.unwrap_or_else(|| panic!("{field} is no number in {report}"));
        assert!(number.is_finite() && number > 0.0, "{field} in {report}");
    }
}

#[test]
fn training_is_timed_and_held_against_matrix_products() {
    let place = Place::new();
    for arch in ["gpt", "llama"] {
        let train = [&["train", "--arch", arch, "--threads=1"], TINY].concat();
        let report = report(&place, &train);
        check_numbers(&report, OF_A_MODEL);
        check_numbers(&report, &["gflops", "sgemm_gflops", "sgemm_fraction"]);
        check_numbers(&report, &["first_step_s"]);
        assert!(report["tuned_s"].as_f64().unwrap() >= 0.0);
        assert!(report["instructions"].is_string());
        assert_eq!(report["arch"], arch);
        assert_eq!(report["device"], "flex");
        assert_eq!(report["threads"], 1);
    }
    let together = [&["train", "--read-every=3"], TINY].concat();
    assert_eq!(report(&place, &together)["read_every"], 3);
    let words = place.kolmo(&[&["bench", "train"], TINY].concat()).exits(0);
    let words = words.stdout();
    assert!(words.contains("ms a step") && words.contains("tokens/s") && words.contains("GFLOP/s"));
}

#[test]
fn evaluation_is_timed_beside_the_forward_pass_of_training() {
    let place = Place::new();
    for seq in ["--seq=4", "--seq=1"] {
        let mut eval = [&["eval"], TINY].concat();
        eval.retain(|flag| !flag.starts_with("--seq"));
        eval.push(seq);
        let report = report(&place, &eval);
        check_numbers(&report, OF_A_MODEL);
        check_numbers(
            &report,
            &[
                "forward_ms_median",
                "forward_ms_best",
                "forward_tokens_per_s",
                "ratio",
            ],
        );
    }
    let words = place.kolmo(&[&["bench", "eval"], TINY].concat()).exits(0);
    assert!(words.stdout().contains("tokens/s; forward pass"));
}

#[test]
fn writing_documents_is_timed_beside_training_on_them() {
    let place = Place::new();
    place.file("world.toml", &world());
    let world = [
        "world",
        "world.toml",
        "--documents=1e3",
        "--steps=2",
        "--device=flex",
    ];
    let report = report(&place, &world);
    check_numbers(
        &report,
        &[
            "threads",
            "parameters",
            "documents_per_s",
            "tokens_per_s",
            "trained_documents_per_s",
            "trained_tokens_per_s",
            "ratio",
        ],
    );
    assert_eq!(report["family"], "abstract");
    let words = place.kolmo(&[&["bench"][..], &world].concat()).exits(0);
    assert!(words.stdout().contains("documents/s"));
}

#[test]
fn impossible_benchmarks_are_usage_errors() {
    let place = Place::new();
    place.file("world.toml", &world());
    let shapes: [(&[&str], &str); 12] = [
        (&["--arch=bert"], "--arch bert: valid is gpt or llama"),
        (
            &["--model={ d_model = 12 }"],
            "model.d_model = 12 is not possible",
        ),
        (&["--model={ width = 64 }"], "there is no key model.width"),
        (
            &["--model={ layers = 1 }", "--layers=1"],
            "cannot be used with",
        ),
        (&["--heads=3"], "model.d_model = 128 is not possible"),
        (&["--layers=0"], "model.layers = 0 is not possible"),
        (&["--batch=0"], "--batch 0: valid is 1 to"),
        (&["--shards=0"], "--shards 0: valid is 1 to 1024"),
        (&["--steps=0"], "--steps 0: valid is 1 to"),
        (&["--threads=0"], "--threads 0: valid is 1 to 1024"),
        (&["--batch=1000000", "--seq=1000000"], "tokens in a batch"),
        (&["--device=gpu"], "there is no device \"gpu\""),
    ];
    for what in ["train", "eval"] {
        for (flags, says) in shapes {
            let ran = place.kolmo(&[&["bench", what], flags].concat());
            assert_eq!(ran.exits(2).says(says).stdout(), "");
        }
    }
    let cases: [(&[&str], &str); 5] = [
        (&["missing.toml"], "could not read the configuration"),
        (&["world.toml", "--set=model.heads=3"], "model.d_model = 16"),
        (&["world.toml", "--documents=0"], "at least 1 is wanted"),
        (&["world.toml", "--steps=0"], "--steps 0: valid is 1 to"),
        (
            &["world.toml", "--device=gpu"],
            "there is no device \"gpu\"",
        ),
    ];
    for (arguments, says) in cases {
        let ran = place.kolmo(&[&["bench", "world"], arguments].concat());
        assert_eq!(ran.exits(2).says(says).stdout(), "");
    }
    place.kolmo(&["bench"]).exits(2);
}

#[test]
fn activations_are_looked_at_by_width() {
    let place = Place::new();
    place.file("world.toml", &world());
    let arguments = [
        "coordinates",
        "world.toml",
        "--widths=16,32",
        "--steps=2",
        "--device=flex",
    ];
    let report = report(&place, &arguments);
    assert_eq!(report["widths"], serde_json::json!([16, 32]));
    let coordinates = report["coordinates"].as_array().unwrap();
    // Before the first step and after both: embedding, one block, logits.
    assert_eq!(coordinates.len(), 3 * 3);
    assert_eq!(coordinates[0]["change"]["slope"], Value::Null);
    assert_eq!(coordinates[8]["activation"], "logits");
    for figure in ["size", "change"] {
        let figure = &coordinates[8][figure];
        assert_eq!(figure["values"].as_array().unwrap().len(), 2);
        assert!(figure["slope"].as_f64().unwrap().is_finite());
    }

    let ran = place.kolmo(&[&["bench"], &arguments[..]].concat());
    let table = ran.exits(0).stdout();
    let mut lines = table.lines();
    assert_eq!(lines.next(), Some("step,activation,figure,16,32,slope"));
    assert!(
        lines.clone().all(|line| line.split(',').count() == 6),
        "{table}"
    );
    assert_eq!(lines.count(), 2 * 9);

    let refused = ["bench", "coordinates", "world.toml", "--widths=12"];
    let error = place.kolmo(&refused).exits(2).stderr();
    assert!(error.contains("model.d_model = 12"), "{error}");
}

#[test]
fn what_is_written_with_a_cache_is_what_is_written_without() {
    let place = Place::new();
    let arguments = "bench generate --d-model 16 --layers 1 --heads 2 --batch 3 --seq 8 --vocab 40 --steps 1 --device flex --json";
    let arguments: Vec<&str> = arguments.split(' ').collect();
    let report: Value = serde_json::from_str(&place.kolmo(&arguments).exits(0).stdout()).unwrap();
    assert_eq!(report["identical"], true, "{report}");
    assert!(report["tokens_per_s"].as_f64().unwrap() > 0.0);
}
