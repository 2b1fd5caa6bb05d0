use kolmo_world::random::{Random, Streams};
use proptest::prelude::*;

use super::*;
use crate::{OfSeed, Relation, SEEDS, coverage::noise};

const EVERYWHERE: [f64; 2] = [f64::NEG_INFINITY, f64::INFINITY];

/// A mean of so many seeds with so many standard errors for its interval, predicted to be 1 within 0.1.
fn row(value: f64, error: f64, seeds: usize) -> Tested {
    let half = student::quantile(seeds as f64 - 1.0) * error;
    Tested {
        comparison: Comparison {
            predicted: 1.0,
            measured: Estimate {
                value,
                ci95: [value - half, value + half],
                seeds,
            },
            relation: Relation::Equal,
            margin: 0.1,
            decades: None,
        },
        scale: Scale::Linear,
        bounds: EVERYWHERE,
    }
}

fn outcomes(rows: &[Tested]) -> Vec<Outcome> {
    holm(rows).iter().map(|row| row.finding.outcome()).collect()
}

#[test]
fn a_single_row_is_what_it_was() {
    for row in [
        row(1.0, 0.01, 5),
        row(1.0, 0.1, 5),
        row(2.0, 0.1, 3),
        row(1.0, 0.01, 1),
    ] {
        let found = holm(&[row])[0];
        let [lo, hi] = row.comparison.measured.ci95;
        let is_same = |a: f64, b: f64| a == b || a.is_nan() && b.is_nan();
        assert!(is_same(found.ci_holm[0], lo) && is_same(found.ci_holm[1], hi));
        assert_eq!(found.finding.outcome(), row.comparison.finding().outcome());
    }
    assert!(holm(&[]).is_empty());
}

#[test]
fn no_interval_goes_further_than_its_number_can() {
    let share = Tested {
        bounds: [0.0, 1.0],
        ..row(0.9, 0.1, 5)
    };
    // The only row, and the last of two, have the level of a single one.
    for rows in [&[share][..], &[row(1.0, 0.001, 5), share]] {
        let found = holm(rows);
        let last = found[found.len() - 1];
        assert_eq!((last.level, last.ci_holm[1]), (LEVEL, 1.0));
    }
}

#[test]
fn each_step_has_its_level() {
    // 0.1 from the edge at errors of a twentieth, an eighth and a third of that, and one that is never decided.
    let rows = [
        row(1.0, 0.03, 5),
        row(1.0, 0.005, 5),
        row(1.0, 0.0125, 5),
        row(1.1, 0.01, 5),
    ];
    let found = holm(&rows);
    let levels: Vec<f64> = found.iter().map(|row| 0.05 / row.level).collect();
    // The third falls short of Student's quantile of 0.05 / 2: 3.33 against 3.50.
    for (found, expected) in levels.iter().zip([2.0, 4.0, 3.0, 2.0]) {
        assert!((found - expected).abs() < 1e-9, "{levels:?}");
    }
    use Outcome::{Agrees, Inconclusive};
    assert_eq!(
        outcomes(&rows),
        [Inconclusive, Agrees, Agrees, Inconclusive]
    );
    for (row, found) in rows.iter().zip(&found) {
        let half = student::quantile_of(4.0, found.level)
            * (row.comparison.measured.ci95[1] - row.comparison.measured.value)
            / student::quantile(4.0);
        assert!((found.ci_holm[1] - row.comparison.measured.value - half).abs() < 1e-9);
    }
    // With 5 seeds the first of twelve steps is 5.9 standard errors wide, in place of 2.8.
    let twelve = holm(&[row(1.0, 0.01, 5); 12]);
    assert!(
        (twelve[0].ci_holm[1] - 1.0 - 0.0588).abs() < 1e-3,
        "{twelve:?}"
    );
}

#[test]
fn what_is_wide_or_of_one_seed_is_never_decided() {
    // As it was found in a report: predicted 0, measured 0.45 ± 0.5.
    let mut wide = row(0.45, 0.0, 5);
    wide.comparison.predicted = 0.0;
    wide.comparison.margin = 0.05;
    wide.comparison.measured.ci95 = [0.0, 0.95];
    wide.bounds = [0.0, 1.0];
    let decided = row(1.0, 1e-6, 5);
    for beside in 0..12 {
        let mut rows = vec![decided; beside];
        rows.push(wide);
        assert_eq!(*outcomes(&rows).last().unwrap(), Outcome::Inconclusive);
    }
    for seeds in 0..SEEDS {
        for value in [1.0, 3.0] {
            let mut few = row(value, 0.001, 5);
            few.comparison.measured.seeds = seeds;
            assert_eq!(outcomes(&[few, decided])[0], Outcome::Inconclusive);
            few.comparison.measured.ci95 = [f64::NAN; 2];
            assert_eq!(
                outcomes(&[few, decided]),
                [Outcome::Inconclusive, Outcome::Agrees]
            );
        }
    }
}

#[test]
fn sides_and_bounds_are_kept() {
    let above = |value, error| {
        let mut row = row(value, error, 5);
        row.comparison.relation = Relation::Above;
        row
    };
    let rows = [above(2.0, 0.1), above(0.0, 0.1), above(1.3, 0.1)];
    // The last one is 3 errors above, which is enough by itself.
    use Outcome::{Agrees, Disagrees};
    assert_eq!(rows[2].comparison.finding().outcome(), Agrees);
    assert_eq!(outcomes(&rows), [Agrees, Disagrees, Agrees]);
    let undecided = above(1.1, 0.1);
    assert_eq!(outcomes(&[rows[2], undecided])[0], Outcome::Inconclusive);

    // A share near nothing and a correlation near 1.
    let mut share = row(0.01, 0.004, 5);
    (share.comparison.predicted, share.comparison.margin) = (0.0, 0.05);
    share.bounds = [0.0, 1.0];
    share.comparison.measured = share.comparison.measured.within(share.bounds);
    let of = [(1, 0.97), (2, 0.95), (3, 0.99), (4, 0.98)];
    let correlation = Tested {
        comparison: Comparison {
            predicted: 0.97,
            measured: Estimate::of_correlations(&of, 100).unwrap(),
            ..row(0.0, 0.0, 4).comparison
        },
        scale: Scale::Correlation,
        bounds: [-1.0, 1.0],
    };
    for rows in [
        vec![share, correlation],
        vec![share; 9],
        vec![correlation; 9],
    ] {
        for (row, found) in rows.iter().zip(holm(&rows)) {
            let [lo, hi] = found.ci_holm;
            assert!(row.bounds[0] <= lo && hi <= row.bounds[1], "{found:?}");
            assert!(lo <= row.comparison.measured.ci95[0] && row.comparison.measured.ci95[1] <= hi);
        }
    }
}

/// Five seeds about the edge of the margin, where nothing should be decided.
fn on_the_edge(random: &mut Random, truth: f64) -> Tested {
    let values: Vec<OfSeed<f64>> = (0..5)
        .map(|seed| (seed, truth + noise(random, 0.05)))
        .collect();
    let mut row = row(0.0, 0.0, 5);
    row.comparison.measured = Estimate::over_seeds(&values).unwrap();
    row
}

#[test]
fn all_verdicts_together_are_right_95_times_of_100() {
    let stream = Streams::new(1).stream("holm");
    let (mut alone, mut together) = (0, 0);
    const REPETITIONS: u64 = 1000;
    for repetition in 0..REPETITIONS {
        let mut random = stream.at(repetition);
        let rows: Vec<Tested> = (0..8).map(|_| on_the_edge(&mut random, 1.1)).collect();
        let is_decided = |outcome: &Outcome| *outcome != Outcome::Inconclusive;
        let by_itself = rows.iter().map(|row| row.comparison.finding().outcome());
        alone += u64::from(by_itself.collect::<Vec<_>>().iter().any(is_decided));
        together += u64::from(outcomes(&rows).iter().any(is_decided));
    }
    // To 2.9 standard errors; by themselves it would be 1 − 0.95⁸ = 34 %.
    assert!((30..=70).contains(&together), "{together}");
    assert!(alone > 250, "{alone}");
}

proptest! {
    #[test]
    fn company_makes_no_interval_narrower(values in prop::collection::vec((0.5f64..1.5, 0.001f64..0.2, 3usize..9), 1..9)) {
        let rows: Vec<Tested> = values.iter().map(|&(value, error, seeds)| row(value, error, seeds)).collect();
        for (row, found) in rows.iter().zip(holm(&rows)) {
            let [lo, hi] = row.comparison.measured.ci95;
            prop_assert!(found.ci_holm[0] <= lo + 1e-9 && hi <= found.ci_holm[1] + 1e-9);
            // What is decided in company is decided alone, and alike.
            let outcome = found.finding.outcome();
            if outcome != Outcome::Inconclusive {
                prop_assert_eq!(outcome, row.comparison.finding().outcome());
            }
        }
    }

    #[test]
    fn the_order_of_rows_does_not_matter(values in prop::collection::vec((0.5f64..1.5, 0.001f64..0.2), 2..9)) {
        let rows: Vec<Tested> = values.iter().map(|&(value, error)| row(value, error, 5)).collect();
        let mut turned: Vec<Tested> = rows.clone();
        turned.reverse();
        let mut again = holm(&turned);
        again.reverse();
        prop_assert_eq!(holm(&rows), again);
    }
}
