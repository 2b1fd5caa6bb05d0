//! Numbers that JSON does not have, or has only roughly.

use std::fs;

use serde_json::json;

use super::{directories, json, place};
use crate::util::words;

#[test]
fn infinite_and_very_large_settings_are_what_they_were_everywhere() {
    // The second seed is the first as a double.
    let place = place(
        "seeds = [9007199254740993, 9007199254740992]\n[set]\ntrain.documents = 320\n\
         [[axes]]\nproduct = { train.clip_norm = [1.0, inf] }\n",
    );
    let run = words("sweep run many.toml --devices flex --jobs 2");
    place.kolmo(&run).exits(0);
    let expected = [
        (json!(1.0), json!("9007199254740993")),
        (json!(1.0), json!(9_007_199_254_740_992_u64)),
        (json!("inf"), json!("9007199254740993")),
        (json!("inf"), json!(9_007_199_254_740_992_u64)),
    ];
    for command in ["plan", "status"] {
        let runs = json(&place, &["sweep", command, "many.toml", "--json"]);
        let runs = runs["runs"].as_array().unwrap().iter();
        let found = runs.map(|run| &run["overrides"]);
        let found = found.map(|of| (of["train.clip_norm"].clone(), of["seed"].clone()));
        assert_eq!(found.collect::<Vec<_>>(), expected, "sweep {command}");
    }
    let summary = fs::read_to_string(place.path().join("runs/many/summary/runs.csv")).unwrap();
    let mut lines = summary
        .lines()
        .map(|line| line.split(',').collect::<Vec<_>>());
    let names = lines.next().unwrap();
    let column = |name: &str| names.iter().position(|of| *of == name).unwrap();
    let (clip, seed) = (column("train.clip_norm"), column("seed"));
    let found = lines.map(|line| format!("{} {}", line[clip], line[seed]));
    assert_eq!(
        found.collect::<Vec<_>>(),
        [
            "1.0 9007199254740993",
            "1.0 9007199254740992",
            "inf 9007199254740993",
            "inf 9007199254740992"
        ]
    );
    for (run, (_, seed)) in directories(&place).iter().zip(&expected) {
        let manifest = fs::read_to_string(run.join("manifest.json")).unwrap();
        let manifest: serde_json::Value = serde_json::from_str(&manifest).unwrap();
        assert_eq!(manifest["seed"], *seed);
    }
    // A manifest whose seed is text is a run's all the same.
    place.kolmo(&run).exits(0).says("4 of 4 runs done");
    place.kolmo(&["report", "runs/many"]).exits(0);
}
