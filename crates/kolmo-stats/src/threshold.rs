//! From which frequency on a model knows its facts.

use crate::{
    Estimate, Refusal,
    bootstrap::{percentile_interval, resampled},
    problem::positive_log,
};

/// The accuracy whose crossing is the threshold frequency of Gu et al. (2025, arXiv 2505.18091).
pub const GU_LEVEL: f64 = 0.8;

/// How well a fact, or a class of them, is known.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Accuracy {
    /// How often a document states it.
    pub frequency: f64,
    /// The share that is known; 0 or 1 for a fact.
    pub known: f64,
    /// What it counts for beside others of its frequency.
    pub weight: f64,
}

/// The frequency at which accuracy crosses `level`, of the facts of one model.
///
/// Facts of one frequency are averaged, the averages made to rise with frequency by isotonic regression, and the
/// crossing interpolated linearly in the log of frequency. The interval is a bootstrap over `facts`: over classes if
/// that is what they are, which is wider. It ends at the least or the greatest frequency where the draws do not cross.
pub fn threshold_frequency(facts: &[Accuracy], level: f64) -> Result<Estimate, Refusal> {
    let mut frequencies = Vec::with_capacity(facts.len());
    for (index, fact) in facts.iter().enumerate() {
        positive_log("the frequency", index, fact.frequency)?;
        positive_log("the weight", index, fact.weight)?;
        if !(0.0..=1.0).contains(&fact.known) {
            return Err(Refusal::BadNumber {
                what: "the share known",
                index,
                value: fact.known,
                needed: "between 0 and 1",
            });
        }
        frequencies.push(fact.frequency);
    }
    frequencies.sort_by(f64::total_cmp);
    frequencies.dedup();
    if frequencies.len() < 2 {
        return Err(Refusal::TooFewDistinct {
            axis: "frequency",
            found: frequencies.len(),
            needed: 2,
        });
    }
    let class = |frequency: f64| frequencies.partition_point(|&other| other < frequency);
    // The class, the weight and the weight that is known of each fact.
    let facts: Vec<(usize, f64, f64)> = facts
        .iter()
        .map(|f| (class(f.frequency), f.weight, f.weight * f.known))
        .collect();

    let value = match crossing(&frequencies, &facts, level) {
        Crossing::At(frequency) => frequency,
        Crossing::AllAbove => {
            return Err(Refusal::NoThreshold {
                side: "above",
                level,
                advice: "ask for rarer facts, or measure earlier",
            });
        }
        Crossing::AllBelow => {
            return Err(Refusal::NoThreshold {
                side: "below",
                level,
                advice: "ask for more frequent facts, or train for longer",
            });
        }
    };
    let ci95 = percentile_interval("threshold frequency", |random| {
        Some(
            match crossing(&frequencies, &resampled(random, &facts), level) {
                Crossing::At(frequency) => frequency,
                Crossing::AllAbove => frequencies[0],
                Crossing::AllBelow => frequencies[frequencies.len() - 1],
            },
        )
    })?;
    Ok(Estimate {
        value,
        ci95,
        seeds: 1,
    })
}

enum Crossing {
    At(f64),
    AllAbove,
    AllBelow,
}

/// Where the rising accuracy of `facts`, each a class, a weight and the weight known, crosses `level`.
fn crossing(frequencies: &[f64], facts: &[(usize, f64, f64)], level: f64) -> Crossing {
    let mut classes = vec![(0.0, 0.0); frequencies.len()];
    for &(class, weight, known) in facts {
        classes[class].0 += weight;
        classes[class].1 += known;
    }
    let present: Vec<(f64, f64, f64)> = frequencies
        .iter()
        .zip(classes)
        .filter(|(_, (weight, _))| *weight > 0.0)
        .map(|(&f, (w, k))| (f, w, k))
        .collect();
    let rising = isotonic(present.iter().map(|&(_, weight, known)| (weight, known)));
    let first = rising.iter().position(|&accuracy| accuracy >= level);
    match first {
        None => Crossing::AllBelow,
        Some(0) => Crossing::AllAbove,
        Some(above) => {
            let (from, to) = (present[above - 1].0.ln(), present[above].0.ln());
            let share = (level - rising[above - 1]) / (rising[above] - rising[above - 1]);
            Crossing::At((from + share * (to - from)).exp())
        }
    }
}

/// The rising sequence next to the means of (weight, weighted sum) in least squares, by pooling adjacent violators
/// (Ayer et al. 1955).
fn isotonic(sums: impl Iterator<Item = (f64, f64)>) -> Vec<f64> {
    let mut pools: Vec<(f64, f64, usize)> = Vec::new();
    for (weight, sum) in sums {
        let mut pool = (weight, sum, 1);
        while let Some(&(weight, sum, count)) = pools.last() {
            if sum / weight < pool.1 / pool.0 {
                break;
            }
            pools.pop();
            pool = (pool.0 + weight, pool.1 + sum, pool.2 + count);
        }
        pools.push(pool);
    }
    pools
        .iter()
        .flat_map(|&(weight, sum, count)| std::iter::repeat_n(sum / weight, count))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{super::coverage::Coverage, *};
    use proptest::prelude::*;
    use rand::RngExt;

    fn classes(accuracies: &[f64]) -> Vec<Accuracy> {
        let classes = (-4..).zip(accuracies);
        classes
            .map(|(exponent, &known)| Accuracy {
                frequency: 10f64.powi(exponent),
                known,
                weight: 1.0,
            })
            .collect()
    }

    #[test]
    fn the_crossing_is_interpolated_in_the_log() {
        let threshold = threshold_frequency(&classes(&[0.1, 0.6, 1.0]), GU_LEVEL).unwrap();
        assert!((threshold.value / 10f64.powf(-2.5) - 1.0).abs() < 1e-12);
        assert!(threshold.ci95[0] >= 1e-4 && threshold.ci95[1] <= 1e-2);
    }

    #[test]
    fn a_class_out_of_order_is_pooled_with_its_neighbours() {
        // 0.9 and 0.5 are 0.7 together, and 0.8 lies a third of the way from there to 1.
        let threshold = threshold_frequency(&classes(&[0.1, 0.9, 0.5, 1.0]), GU_LEVEL).unwrap();
        assert!((threshold.value / 10f64.powf(-2.0 + 1.0 / 3.0) - 1.0).abs() < 1e-12);
    }

    #[test]
    fn no_crossing_is_refused() {
        for (accuracies, expected) in [([0.0, 0.2, 0.7], "below"), ([0.8, 0.9, 0.95], "above")] {
            let Err(Refusal::NoThreshold { side, .. }) =
                threshold_frequency(&classes(&accuracies), GU_LEVEL)
            else {
                panic!("not refused");
            };
            assert_eq!(side, expected);
        }
        let one = threshold_frequency(&classes(&[0.5]), GU_LEVEL);
        assert!(matches!(one, Err(Refusal::TooFewDistinct { found: 1, .. })));
        let bad = threshold_frequency(&classes(&[0.5, 1.5]), GU_LEVEL);
        assert!(matches!(bad, Err(Refusal::BadNumber { index: 1, .. })));
    }

    #[test]
    fn the_interval_over_facts_covers() {
        // Twelve classes, accuracy rising from 5 % to 97 % along a logistic curve of which the classes give chords.
        let frequency = |class: i32| 1e-5 * 2f64.powi(class);
        let accuracy = |class: i32| 1.0 / (1.0 + (-(frequency(class) / 1.6e-4).ln()).exp());
        let exact: Vec<Accuracy> = (0..12)
            .map(|class| Accuracy {
                frequency: frequency(class),
                known: accuracy(class),
                weight: 1.0,
            })
            .collect();
        let truth = threshold_frequency(&exact, GU_LEVEL).unwrap().value;
        Coverage::of("threshold", 1000, truth, |random| {
            let mut facts = Vec::new();
            for class in (0..12).flat_map(|class| [class; 50]) {
                facts.push(Accuracy {
                    frequency: frequency(class),
                    known: f64::from(u8::from(random.random::<f64>() < accuracy(class))),
                    weight: 1.0,
                });
            }
            threshold_frequency(&facts, GU_LEVEL).ok()
        })
        .check();
    }

    proptest! {
        #[test]
        fn the_isotonic_means_rise_and_keep_the_mean(values in prop::collection::vec((0.1f64..2.0, 0.0f64..1.0), 1..30)) {
            let sums: Vec<(f64, f64)> = values.iter().map(|(weight, mean)| (*weight, weight * mean)).collect();
            let rising = isotonic(sums.iter().copied());
            prop_assert!(rising.windows(2).all(|pair| pair[0] <= pair[1]));
            let kept: f64 = rising.iter().zip(&sums).map(|(mean, (weight, _))| mean * weight).sum();
            prop_assert!((kept - sums.iter().map(|(_, sum)| sum).sum::<f64>()).abs() < 1e-9);
        }
    }
}
