use std::fs;

use kolmo_theory::Scope;
use kolmo_world::{
    World, WorldConfig,
    config::{FrequencyConfig, PitmanYorConfig, UniformConfig, ZipfConfig},
};

use super::*;

fn predictions(frequency: FrequencyConfig) -> Predictions {
    let config = WorldConfig {
        frequency,
        ..WorldConfig::default()
    };
    let scope = Scope {
        from: 1.0,
        to: 1e4,
        per_decade: 2,
        documents: 1000,
        classes: vec![(1, 10), (11, 100)],
    };
    Predictions::of(&World::new(&config, 1).unwrap(), &scope)
}

fn zipf() -> Predictions {
    predictions(FrequencyConfig::Zipf(ZipfConfig {
        elements: 100,
        exponent: 1.5,
        bias: 0.0,
    }))
}

#[test]
fn files_hold_what_was_predicted() {
    let folder = tempfile::tempdir().unwrap();
    let predictions = zipf();
    let files = write(folder.path(), &predictions).unwrap();
    assert_eq!(files.len(), 1 + 11 + 7);
    assert!(files.iter().all(|file| file.is_file()));

    let json = fs::read_to_string(folder.path().join("theory.json")).unwrap();
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    for key in [
        "expected_distinct",
        "bayes_value_loss",
        "redundancy",
        "capacity",
        "surface",
        "structure_function",
        "two_part_code",
        "monofact_rate",
        "hallucination",
        "half_learning",
    ] {
        let csv = fs::read_to_string(folder.path().join(format!("{key}.csv"))).unwrap();
        let mut lines = csv.lines();
        let heads: Vec<&str> = lines.next().unwrap().split(',').collect();
        let rows = json[key].as_array().unwrap();
        let keys = rows[0].as_object().unwrap().keys();
        assert_eq!(heads, keys.collect::<Vec<_>>(), "{key}");
        assert_eq!(lines.clone().count(), rows.len(), "{key}");
        for (line, row) in lines.zip(rows) {
            for (cell, head) in line.split(',').zip(&heads) {
                // Reading JSON may cost the last digit.
                let (found, expected) =
                    (cell.parse::<f64>().unwrap(), row[*head].as_f64().unwrap());
                assert!(
                    (found - expected).abs() <= 1e-14 * expected.abs(),
                    "{key}: {line}"
                );
            }
        }
    }
}

#[test]
fn the_tidy_table_has_every_number_once() {
    let mut predictions = zipf();
    predictions.bayes_slope[1].value = f64::NAN;
    let csv = tidy_csv(&predictions).unwrap();
    let mut lines = csv.lines();
    assert_eq!(
        lines.next(),
        Some("prediction,n,bits,lo_rank,hi_rank,value")
    );
    let lines: Vec<Vec<&str>> = lines.map(|line| line.split(',').collect()).collect();
    assert!(lines.iter().all(|line| line.len() == 6));
    let of = |prediction: &str| -> Vec<&Vec<&str>> {
        lines.iter().filter(|line| line[0] == prediction).collect()
    };
    assert_eq!(
        of("bayes_value_loss").len(),
        predictions.bayes_value_loss.len()
    );
    for (line, at) in of("bayes_value_loss")
        .iter()
        .zip(&predictions.bayes_value_loss)
    {
        let number = |cell: usize| line[cell].parse::<f64>().unwrap();
        assert_eq!((number(1), number(5)), (at.n, at.value));
        assert_eq!(line[2..5], ["", "", ""]);
    }
    assert_eq!(of("bayes_slope")[1][5], "", "what is no number is empty");
    assert_eq!(of("surface_value_loss").len(), predictions.surface.len());
    let half = of("half_learning_documents");
    assert_eq!((half[1][3], half[1][4]), ("11", "100"));
    assert_eq!(
        of("bayes_exponent")[0][5],
        predictions.bayes_exponent.unwrap().to_string()
    );
    let keys: std::collections::HashSet<_> = lines.iter().map(|line| &line[..5]).collect();
    assert_eq!(keys.len(), lines.len(), "a row each");
}

#[test]
fn the_table_has_a_row_for_each_factor_of_ten() {
    let predictions = zipf();
    let text = table(&predictions);
    for n in ["1", "10", "100", "1,000", "10,000"] {
        let row = |line: &&str| line.split_whitespace().next() == Some(n);
        assert!(text.lines().any(|line| row(&line)), "{n} in {text}");
    }
    for part in [
        "100 subjects",
        "entropy of a document, by origin",
        "Power law without end",
        "0.333",
        "1/α - 1: 0.500",
        "11-100",
    ] {
        assert!(text.contains(part), "{part} in {text}");
    }
    assert!(
        text.lines().all(|line| line.chars().count() <= 100),
        "{text}"
    );

    let text = table(&self::predictions(FrequencyConfig::Uniform(
        UniformConfig { elements: 50 },
    )));
    assert!(
        text.contains("1/α - 1: n/a") && !text.contains("Power law without"),
        "{text}"
    );

    let text = table(&self::predictions(FrequencyConfig::PitmanYor(
        PitmanYorConfig {
            discount: 0.5,
            concentration: 1.0,
            elements: 1000,
        },
    )));
    assert!(text.contains("PY(0.5, 1)"), "{text}");
}
