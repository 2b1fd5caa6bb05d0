//! A scan over learning rates, of which theory says nothing: only whether its best ones are inside.

use kolmo_theory::capacity::Capacity;

use super::{find, study, suite::section_of, zipf};
use crate::{
    examples,
    report::Outcome,
    study::{Study, StudyRun},
};

const RATES: [f64; 4] = [1e-3, 3e-3, 1e-2, 3e-2];

/// Three seeds of two sizes at four rates, which store most at the rate `best` of each size.
fn scan(best: [f64; 2]) -> Study {
    let run = |seed: u64, (width, best): (usize, f64), rate: f64| {
        let mut config = zipf(1.5, 2500);
        config.seed = seed;
        config.model = examples::one_head(width);
        config.train.learning_rate = rate;
        let (config, world) = config.settle().unwrap();
        let mut last = examples::evaluation(&world, config.train.documents, 1.0);
        let most = Capacity::after(&world, 1e6).full();
        last.bits_stored = most / (1.0 + (rate / best).ln().powi(2));
        StudyRun::imagined(config, vec![last])
    };
    let mut runs = Vec::new();
    for seed in 1..=3 {
        for size in [8, 16].into_iter().zip(best) {
            runs.extend(RATES.map(|rate| run(seed, size, rate)));
        }
    }
    study("learning_rate", runs)
}

#[test]
fn a_scan_with_its_best_rates_inside_agrees_and_another_does_not() {
    let inside = find(&scan([3e-3, 1e-2]), "/inside");
    assert_eq!(inside.measured, Some(1.0));
    assert_eq!(inside.verdict, Outcome::Agrees, "{inside:?}");
    for (best, share) in [([1e-3, 1e-2], 0.5), ([1e-3, 3e-2], 0.0)] {
        let verdict = find(&scan(best), "/inside");
        assert_eq!(verdict.measured, Some(share));
        assert_eq!(verdict.verdict, Outcome::Disagrees, "{verdict:?}");
    }
}

#[test]
fn the_scan_of_one_seed_decides_nothing() {
    let mut one = scan([3e-3, 1e-2]);
    one.runs.retain(|run| run.config.seed == 1);
    let verdict = find(&one, "/inside");
    assert_eq!(verdict.verdict, Outcome::Inconclusive, "{verdict:?}");
}

#[test]
fn the_table_has_every_rate_of_every_size() {
    let section = section_of(&scan([3e-3, 1e-2]));
    let rows = &section.tables[0].rows;
    assert_eq!(rows.len(), 8);
    let best = rows.iter().filter(|row| row[3] == "1.00");
    let best: Vec<&str> = best.map(|row| &row[1][..]).collect();
    assert_eq!(best, ["0.00300", "0.0100"]);
    assert_eq!(section.figures.len(), 1);
}

#[test]
fn two_rates_are_no_scan() {
    let mut two = scan([3e-3, 1e-2]);
    two.runs.retain(|run| run.config.train.learning_rate > 5e-3);
    assert!(super::sections(&two).unwrap().is_empty());
}
