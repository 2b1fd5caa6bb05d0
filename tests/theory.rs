//! `kolmo theory` and `kolmo world stats`, as a user runs them.

use std::{collections::HashMap, fs};

use serde_json::Value;

use crate::util::Place;

/// A world of a power law with one relation of two values.
fn zipf(exponent: f64) -> String {
    format!(
        r#"
[world.frequency]
law = "zipf"
elements = 1000000
exponent = {exponent}
[[world.relations]]
name = "side"
values = 2
"#
    )
}

/// Whether numbers are the same but for the last digit, which reading JSON may cost.
fn same(one: f64, other: f64) -> bool {
    (one - other).abs() <= 1e-14 * other.abs()
}

/// What is told of a model of a certain size.
const POINT: [&str; 5] = [
    "model_bits",
    "data_bits",
    "saved_per_bit",
    "syntax_share",
    "facts",
];

/// A world that takes no time.
const SMALL: &str = r#"
[world.frequency]
law = "pitman_yor"
discount = 0.6
concentration = 1.0
elements = 1000
[train]
documents = 5000
"#;

#[test]
fn json_has_every_prediction_and_nothing_is_written() {
    let place = Place::new();
    place.file("small.toml", SMALL);
    let ran = place.kolmo(&["theory", "small.toml", "--json"]).exits(0);
    let json: Value = serde_json::from_str(&ran.stdout()).unwrap();
    for key in ["elements", "relations", "h_nats", "law"] {
        assert!(!json["world"][key].is_null(), "{key}");
    }
    assert_eq!(json["world"]["law"]["law"], "pitman_yor");
    for key in ["subject", "syntax", "value", "document"] {
        assert!(json["entropy_nats"][key].is_f64(), "{key}");
    }
    for (key, fields) in [
        ("expected_distinct", &["n", "value"][..]),
        ("bayes_value_loss", &["n", "value"]),
        ("capacity", &["bits", "facts", "value_loss"]),
        ("surface", &["n", "bits", "value_loss"]),
        ("structure_function", &POINT),
        ("two_part_code", &POINT),
    ] {
        let rows = json[key].as_array().unwrap();
        assert!(rows.len() > 5, "{key}");
        for row in rows {
            assert!(
                fields.iter().all(|field| row[field].is_f64()),
                "{key}: {row}"
            );
        }
    }
    let last = |key: &str| json[key].as_array().unwrap().last().unwrap().clone();
    for key in ["structure_function", "two_part_code"] {
        assert_eq!(last(key)["least_mentions"], 1, "{key}");
    }
    // Where a bit saves a bit, the bound ends; a code that names its facts needs more for the same.
    let (bound, code) = (last("structure_function"), last("two_part_code"));
    assert_eq!(bound["saved_per_bit"], 1.0);
    assert!(bound["model_bits"].as_f64() < code["model_bits"].as_f64());
    let near = |key: &str, expected: f64| (json[key].as_f64().unwrap() - expected).abs() < 1e-12;
    assert!(near("bayes_exponent", 0.4) && near("capacity_exponent", 1.0 / 0.6 - 1.0));
    let curve = json["bayes_value_loss"].as_array().unwrap();
    assert_eq!(
        (&curve[0]["n"], &curve[curve.len() - 1]["n"]),
        (&1.0.into(), &1e6.into())
    );
    assert!(!place.path().join("runs").exists());
}

#[test]
fn the_bayes_value_loss_has_its_known_values() {
    // Σ p_i (1 − p_i)^n over a million ranks, summed in high precision.
    let place = Place::new();
    for (exponent, n, expected) in [
        (2.0, 1000.0, 0.021_842_177_476_304_233),
        (2.0, 100_000.0, 0.002_184_481_404_145_741),
        (1.0 / 0.7, 1000.0, 0.121_926_432_037_989_15),
    ] {
        place.file("zipf.toml", &zipf(exponent));
        let arguments = [
            "theory",
            "zipf.toml",
            "--json",
            "--from",
            "1000",
            "--to",
            "100000",
        ];
        let ran = place.kolmo(&arguments).exits(0);
        let json: Value = serde_json::from_str(&ran.stdout()).unwrap();
        let curve = json["bayes_value_loss"].as_array().unwrap();
        let at = curve.iter().find(|at| at["n"] == n).unwrap();
        let share = at["value"].as_f64().unwrap() / std::f64::consts::LN_2;
        assert!(
            (share / expected - 1.0).abs() < 1e-9,
            "{exponent} {n}: {share}"
        );
    }
}

#[test]
fn the_table_comes_with_files_of_the_same_numbers() {
    let place = Place::new();
    place.file("small.toml", SMALL);
    let text = place
        .kolmo(&["theory", "small.toml", "--out", "out"])
        .exits(0)
        .stdout();
    for part in [
        "entropy of a document",
        "Bayes (nats/fact)",
        "capacity (bits)",
        "PY(0.6, 1)",
    ] {
        assert!(text.contains(part), "{part} in {text}");
    }
    let out = place.path().join("out");
    let json = fs::read_to_string(out.join("theory.json")).unwrap();
    let json: Value = serde_json::from_str(&json).unwrap();
    let capacity = fs::read_to_string(out.join("capacity.csv")).unwrap();
    let last = capacity.lines().last().unwrap();
    let expected = json["capacity"].as_array().unwrap().last().unwrap();
    for (cell, key) in last.split(',').zip(["bits", "facts", "value_loss"]) {
        let (found, expected) = (cell.parse().unwrap(), expected[key].as_f64().unwrap());
        assert!(same(found, expected), "{key}: {found} {expected}");
    }
    for figure in [
        "data",
        "slope",
        "distinct",
        "capacity",
        "surface",
        "structure_function",
        "hallucination",
    ] {
        let svg = fs::read_to_string(out.join(format!("{figure}.svg"))).unwrap();
        assert!(svg.starts_with("<svg"), "{figure}");
    }

    // Without --out beside the runs, named like them.
    place.kolmo(&["theory", "small.toml", "-q"]).exits(0);
    let runs = place.runs();
    let name = &runs[0];
    assert!(
        name.starts_with("small-") && name.ends_with("-theory"),
        "{name}"
    );
    assert_eq!(runs.len(), 1);
}

#[test]
fn csv_is_one_table_with_the_numbers_of_json() {
    let place = Place::new();
    place.file("small.toml", SMALL);
    let csv = place
        .kolmo(&["theory", "small.toml", "--csv"])
        .exits(0)
        .stdout();
    let json = place
        .kolmo(&["theory", "small.toml", "--json"])
        .exits(0)
        .stdout();
    let json: Value = serde_json::from_str(&json).unwrap();
    let mut lines = csv.lines();
    let heads: Vec<&str> = lines.next().unwrap().split(',').collect();
    assert_eq!(
        heads,
        ["prediction", "n", "bits", "lo_rank", "hi_rank", "value"]
    );
    let mut values: HashMap<&str, Vec<f64>> = HashMap::new();
    for line in lines {
        let cells: Vec<&str> = line.split(',').collect();
        assert_eq!(cells.len(), heads.len(), "{line}");
        if let Ok(value) = cells[5].parse() {
            values.entry(cells[0]).or_default().push(value);
        }
    }
    let expected = json["surface"].as_array().unwrap().iter();
    let expected: Vec<f64> = expected
        .map(|at| at["value_loss"].as_f64().unwrap())
        .collect();
    let found = &values["surface_value_loss"];
    assert_eq!(found.len(), expected.len());
    assert!(
        found
            .iter()
            .zip(&expected)
            .all(|(found, expected)| same(*found, *expected))
    );
    let [exponent] = values["bayes_exponent"][..] else {
        panic!("one exponent");
    };
    assert!(same(exponent, json["bayes_exponent"].as_f64().unwrap()));
}

#[test]
fn documents_out_of_range_are_bad_usage() {
    let place = Place::new();
    place.file("small.toml", SMALL);
    for range in [
        &["--from", "0.5"][..],
        &["--from", "100", "--to", "100"],
        &["--from", "2e6"],
        &["--to", "1e16"],
        &["--from", "nan"],
        &["--to", "inf"],
    ] {
        let arguments = [&["theory", "small.toml"], range].concat();
        place
            .kolmo(&arguments)
            .exits(2)
            .says("1 <= from < to <= 1e15");
    }
    place
        .kolmo(&["theory", "small.toml", "--json", "--csv"])
        .exits(2);
    place
        .kolmo(&["theory", "missing.toml"])
        .exits(2)
        .says("missing.toml");
    assert!(
        !place.path().join("runs").exists(),
        "a mistake leaves nothing behind"
    );
}

#[test]
fn documents_are_counted_beside_theory() {
    let place = Place::new();
    place.file("small.toml", SMALL);
    let stats = |extra: &[&str]| {
        place.kolmo(
            &[
                &["world", "stats", "small.toml", "--documents", "3000"],
                extra,
            ]
            .concat(),
        )
    };
    let json = stats(&["--json"]).exits(0).stdout();
    let json: Value = serde_json::from_str(&json).unwrap();
    assert!(!place.path().join("runs").exists());
    let sum = |rows: &str| -> u64 {
        let rows = json[rows].as_array().unwrap().iter();
        rows.map(|row| row["documents"].as_u64().unwrap()).sum()
    };
    assert_eq!((&json["documents"], sum("ranks")), (&3000.into(), 3000));
    let document = &json["floor_nats"]["document"];
    let theory = place
        .kolmo(&["theory", "small.toml", "--json"])
        .exits(0)
        .stdout();
    let theory: Value = serde_json::from_str(&theory).unwrap();
    let entropy = theory["entropy_nats"]["document"].as_f64().unwrap();
    assert!((document["expected"].as_f64().unwrap() / entropy - 1.0).abs() < 1e-9);
    let end = |k: usize| document["ci95"][k].as_f64().unwrap();
    let error = (end(1) - end(0)) / 2.0 / 1.96;
    let off = document["mean"].as_f64().unwrap() - entropy;
    assert!(off.abs() < 4.0 * error, "{document}");

    let text = stats(&["--out", "out"]).exits(0).stdout();
    assert!(text.contains("3,000 documents") && text.contains("floor (nats per document)"));
    for name in [
        "stats.json",
        "zipf.csv",
        "heaps.csv",
        "zipf.svg",
        "heaps.svg",
    ] {
        assert!(place.path().join("out").join(name).is_file(), "{name}");
    }
    stats(&["-q"]).exits(0);
    let runs = place.runs();
    let name = &runs[0];
    assert!(
        name.starts_with("small-") && name.ends_with("-stats"),
        "{name}"
    );
    let none = ["world", "stats", "small.toml", "--documents", "0"];
    place.kolmo(&none).exits(2).says("--documents");
}
