//! `kolmo compress` and `kolmo decompress`, and what a run says of itself as a compressor.

use std::fs;

use serde_json::Value;

use crate::util::{Place, tiny_with, words};

/// A world of 200 bits that a model of 5000 parameters has learnt after a few seconds.
fn config() -> String {
    tiny_with(
        "world.frequency = { elements = 40, exponent = 1.2 }
world.relations = [{ name = 'colour', values = 32 }]
world.syntax = { templates = 2, filler_words = 4 }
model.d_model = 24
train = { documents = 40960, batch_documents = 64, learning_rate = 1e-2 }
eval.evaluations = 3
compression.documents = 12000",
    )
}

fn run() -> Place {
    let place = Place::new();
    place.file("run.toml", &config());
    let arguments = "train run.toml --device flex --run-dir run -q";
    place.kolmo(&words(arguments)).exits(0);
    let sample = "world sample run.toml -n 9000 --first 3e9";
    let text = place.kolmo(&words(sample)).exits(0).stdout();
    place.file("text", &text);
    place
}

#[test]
fn a_run_is_a_compressor() {
    let place = run();
    let text = fs::read(place.path().join("text")).unwrap();
    let file = || fs::read(place.path().join("text.kolmo")).unwrap();

    // Another process, of as many threads as it likes.
    let compress = words("compress run text --device flex --json");
    let variables = [("RAYON_NUM_THREADS", "1")];
    let ran = place.start(&compress, &variables).wait();
    let sizes: Value = serde_json::from_str(&ran.exits(0).stdout()).unwrap();
    let number = |key: &str| sizes[key].as_f64().unwrap();
    assert_eq!(number("bytes"), text.len() as f64);
    assert_eq!(number("modelled_lines"), 9000.0);
    assert_eq!(number("written_bytes"), file().len() as f64);
    let (information, coded) = (number("information_bits"), number("coded_bits"));
    assert!(coded > information && coded < 1.001 * information + 2.0 * 64.0);

    let ran = place.kolmo(&compress).exits(2);
    assert!(
        ran.stderr().contains("is there already"),
        "{}",
        ran.stderr()
    );

    let decompress = words("decompress run text.kolmo --out again --device flex");
    let variables = [("RAYON_NUM_THREADS", "2")];
    let ran = place.start(&decompress, &variables).wait().exits(0);
    assert!(ran.stderr().contains("again"), "{}", ran.stderr());
    assert!(fs::read(place.path().join("again")).unwrap() == text);

    // What is damaged says so, and leaves nothing behind.
    let names = |place: &Place| {
        let entries = fs::read_dir(place.path()).unwrap();
        entries
            .map(|entry| entry.unwrap().file_name())
            .collect::<Vec<_>>()
            .len()
    };
    let before = names(&place);
    let whole = file();
    let mut damaged = whole.clone();
    damaged[whole.len() / 2] ^= 4;
    for (bytes, says) in [
        (&damaged[..], "damaged"),
        (&whole[..whole.len() - 1], "cut off"),
        (&text[..], "no file that `kolmo compress` has written"),
    ] {
        fs::write(place.path().join("text.kolmo"), bytes).unwrap();
        let ran = place.kolmo(&words(
            "decompress run text.kolmo --out other --device flex",
        ));
        let ran = ran.exits(1);
        let said = ran.stderr();
        assert!(said.contains(says) && said.contains("text.kolmo"), "{said}");
        assert_eq!(names(&place), before);
    }

    // Other weights.
    fs::write(place.path().join("text.kolmo"), &whole).unwrap();
    let train = "train run.toml --device flex --run-dir other-run -q --set train.documents=64";
    place.kolmo(&words(train)).exits(0);
    let ran = place.kolmo(&words("decompress other-run text.kolmo --out other"));
    assert!(ran.exits(1).stderr().contains("another model"));

    let ran = place
        .kolmo(&words("compress nowhere text --out x"))
        .exits(2);
    assert!(ran.stderr().contains("nowhere"), "{}", ran.stderr());
    let ran = place.kolmo(&words("compress run nothing")).exits(1);
    assert!(
        ran.stderr().contains("could not open nothing"),
        "{}",
        ran.stderr()
    );
    let ran = place.kolmo(&words("decompress run text")).exits(2);
    assert!(ran.stderr().contains("--out"), "{}", ran.stderr());
}

#[test]
fn a_run_says_what_it_is_worth_as_a_code() {
    let place = run();
    let record = fs::read_to_string(place.path().join("run/compression.json")).unwrap();
    let record: Value = serde_json::from_str(&record).unwrap();
    let number = |value: &Value| value.as_f64().unwrap();
    assert_eq!(record["documents"], 40960);
    assert_eq!(record["sampled"], 12000);
    let weights = record["weights"].as_array().unwrap();
    let bits: Vec<u64> = weights
        .iter()
        .map(|w| w["bits_per_weight"].as_u64().unwrap())
        .collect();
    assert_eq!(bits, [32, 8, 6, 4, 3, 2]);
    let description = |k: usize| number(&weights[k]["description_bits"]);
    let redundancy = |k: usize| number(&weights[k]["redundancy"]["total"]);
    assert!((1..6).all(|k| description(k) < description(k - 1)));
    // Eight bits cost next to nothing, two a lot.
    assert!((redundancy(1) - redundancy(0)).abs() < 0.1 && redundancy(5) > redundancy(0) + 0.5);

    let text = &record["text"];
    let compressor = |name: &str| {
        let all = text["compressors"].as_array().unwrap().iter();
        all.clone().find(|one| one["name"] == name).unwrap().clone()
    };
    let bits = |name: &str| number(&compressor(name)["bits"]);
    let general = ["zstd -19", "xz -9", "brotli -11", "PPMd -o32"];
    let best = general.map(bits).into_iter().fold(f64::INFINITY, f64::min);
    let floor = number(&text["floor_bits"]);
    assert!(bits("model") < best, "{} {best}", bits("model"));
    assert!(bits("bayes") < bits("bayes_untrained") && bits("bayes_untrained") < bits("model"));
    // Fewer than expected can only be chance: within four standard errors of a document's cost, some 2 bits.
    assert!(bits("bayes") > floor - 4.0 * 2.0 * 12000f64.sqrt());
    for name in ["model", "bayes", "bayes_untrained"] {
        let one = compressor(name);
        let (coded, information) = (number(&one["coded_bits"]), number(&one["information_bits"]));
        assert!(
            coded > information && coded < 1.001 * information + 64.0,
            "{name}"
        );
    }

    // A fresh text costs the model what the last training loss says, but for chance.
    let metrics = fs::read_to_string(place.path().join("run/metrics.jsonl")).unwrap();
    let last: Value = serde_json::from_str(metrics.lines().last().unwrap()).unwrap();
    let loss = number(&last["redundancy"]) / std::f64::consts::LN_2;
    let tokens = number(&last["tokens"]) / number(&last["documents"]);
    assert!(
        (redundancy(0) - loss * tokens).abs() < 0.3,
        "{} {}",
        redundancy(0),
        loss * tokens
    );

    let bench = words("bench compress run -n 2000 --device flex --json");
    let ran = place.kolmo(&bench).exits(0);
    let found: Value = serde_json::from_str(&ran.stdout()).unwrap();
    let rows = found["compressors"].as_array().unwrap();
    assert_eq!(rows.len(), 7);
    assert!(rows.iter().all(|row| number(&row["bits_per_fact"]) > 0.0));
}
