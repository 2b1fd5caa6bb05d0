//! Rank correlation.

use crate::{
    Estimate, Refusal,
    bootstrap::{percentile_interval, resampled},
};

/// The facts that a rank correlation needs.
const FACTS: usize = 10;

/// Spearman's rank correlation of `pairs`, one a fact of a run, equal values having the mean of their ranks; the interval is a bootstrap over
/// facts.
pub fn spearman(pairs: &[(f64, f64)]) -> Result<Estimate, Refusal> {
    for (index, &(x, y)) in pairs.iter().enumerate() {
        for (what, value) in [("x", x), ("y", y)] {
            if value.is_nan() {
                return Err(Refusal::BadNumber {
                    what,
                    index,
                    value,
                    needed: "a number",
                });
            }
        }
    }
    if pairs.len() < FACTS {
        return Err(Refusal::TooFew {
            what: "facts",
            found: pairs.len(),
            needed: FACTS,
        });
    }
    let constant =
        |of: &dyn Fn(&(f64, f64)) -> f64| pairs.iter().all(|pair| of(pair) == of(&pairs[0]));
    let what = if constant(&|pair| pair.0) { "x" } else { "y" };
    let value = rank_correlation(pairs).ok_or(Refusal::NoVariation { what })?;
    let ci95 = percentile_interval("rank correlation", |random| {
        rank_correlation(&resampled(random, pairs))
    })?;
    Ok(Estimate {
        value,
        ci95,
        seeds: 1,
    })
}

/// Spearman's rank correlation alone, where it is one number of many; none where x or y does not vary.
pub fn rank_correlation(pairs: &[(f64, f64)]) -> Option<f64> {
    let x = mid_ranks(&pairs.iter().map(|pair| pair.0).collect::<Vec<_>>());
    let y = mid_ranks(&pairs.iter().map(|pair| pair.1).collect::<Vec<_>>());
    // Ties leave the mean of the ranks as it is.
    let mean = (pairs.len() + 1) as f64 / 2.0;
    let product = |a: &[f64], b: &[f64]| {
        a.iter()
            .zip(b)
            .map(|(a, b)| (a - mean) * (b - mean))
            .sum::<f64>()
    };
    let norm = (product(&x, &x) * product(&y, &y)).sqrt();
    (norm > 0.0).then(|| product(&x, &y) / norm)
}

/// The rank of each value, from 1 on.
pub(crate) fn mid_ranks(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|&a, &b| values[a].total_cmp(&values[b]));
    let mut ranks = vec![0.0; values.len()];
    let mut before = 0;
    for ties in order.chunk_by(|&a, &b| values[a] == values[b]) {
        for &place in ties {
            ranks[place] = before as f64 + (ties.len() + 1) as f64 / 2.0;
        }
        before += ties.len();
    }
    ranks
}

#[cfg(test)]
mod tests {
    use super::{
        super::coverage::{Coverage, noise},
        *,
    };
    use proptest::prelude::*;

    #[test]
    fn equal_values_share_their_ranks() {
        assert_eq!(mid_ranks(&[3.0, 1.0, 3.0, 2.0]), [3.5, 1.0, 3.5, 2.0]);
        // scipy.stats.spearmanr([1, 2, 2, 3, 5, 5, 7, 8, 9, 9], [2, 1, 4, 3, 3, 6, 8, 7, 9, 9])
        let x = [1.0, 2.0, 2.0, 3.0, 5.0, 5.0, 7.0, 8.0, 9.0, 9.0];
        let y = [2.0, 1.0, 4.0, 3.0, 3.0, 6.0, 8.0, 7.0, 9.0, 9.0];
        let pairs: Vec<(f64, f64)> = x.into_iter().zip(y).collect();
        assert!((spearman(&pairs).unwrap().value - SCIPY).abs() < 1e-12);
    }

    const SCIPY: f64 = 0.9015427292064523;

    #[test]
    fn what_does_not_vary_is_refused() {
        let flat: Vec<(f64, f64)> = (0..20).map(|k| (f64::from(k), 1.0)).collect();
        assert_eq!(spearman(&flat), Err(Refusal::NoVariation { what: "y" }));
        assert!(matches!(spearman(&flat[..5]), Err(Refusal::TooFew { .. })));
        assert!(matches!(
            spearman(&[(f64::NAN, 0.0)]),
            Err(Refusal::BadNumber { .. })
        ));
    }

    #[test]
    fn the_interval_over_facts_covers() {
        // Of normal variables with correlation r, Spearman's is 6/π asin(r/2).
        let r: f64 = 0.6;
        let truth = 6.0 / std::f64::consts::PI * (r / 2.0).asin();
        Coverage::of("spearman", 1000, truth, |random| {
            let pairs: Vec<(f64, f64)> = (0..200)
                .map(|_| {
                    let x = noise(random, 1.0);
                    (x, r * x + noise(random, (1.0 - r * r).sqrt()))
                })
                .collect();
            spearman(&pairs).ok()
        })
        .check();
    }

    proptest! {
        #[test]
        fn only_the_order_counts(pairs in prop::collection::vec((-3i8..3, -3i8..3), 10..40)) {
            let pairs: Vec<(f64, f64)> = pairs.iter().map(|&(x, y)| (f64::from(x), f64::from(y))).collect();
            let bent: Vec<(f64, f64)> = pairs.iter().map(|(x, y)| (x.exp(), -y.powi(3))).collect();
            match (rank_correlation(&pairs), rank_correlation(&bent)) {
                (Some(straight), Some(bent)) => prop_assert!((straight + bent).abs() < 1e-12),
                (straight, bent) => prop_assert_eq!(straight, bent),
            }
        }
    }
}
