//! Shares of yes among answers of yes and no.

use statrs::distribution::{Beta, ContinuousCDF};

use crate::{Estimate, OfSeed, Refusal, estimate::by_seed, mean};

/// The 95 % interval of a probability of which `successes` in `trials` were seen (Clopper and Pearson 1934): of none in n it
/// reaches up to 1 − 0.025^(1/n), which is 3.7 / n. Both may be fractions, as of weighted facts. NaN of no trials.
pub fn binomial_interval(successes: f64, trials: f64) -> [f64; 2] {
    let failures = trials - successes;
    let quantile = |a: f64, b: f64, level: f64| {
        Beta::new(a, b).map_or(f64::NAN, |beta| beta.inverse_cdf(level))
    };
    if trials.is_nan() || trials <= 0.0 {
        return [f64::NAN; 2];
    }
    // Less than this is rounding.
    let least = 1e-9 * trials;
    let lo = match successes <= least {
        true => 0.0,
        false => quantile(successes, failures.max(0.0) + 1.0, 0.025),
    };
    let hi = match failures <= least {
        true => 1.0,
        false => quantile(successes.max(0.0) + 1.0, failures, 0.975),
    };
    [lo, hi]
}

/// The share of yes among the answers of one seed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Share {
    /// The share, 0 to 1.
    pub value: f64,
    /// How many answers of equal weight would say as much: (Σ w)² / Σ w².
    pub trials: f64,
}

impl Share {
    /// That of `answers`, each with its weight; none of no answers.
    pub fn of(answers: impl IntoIterator<Item = (f64, bool)>) -> Option<Self> {
        let (mut total, mut yes, mut squares) = (0.0, 0.0, 0.0);
        for (weight, is) in answers {
            total += weight;
            squares += weight * weight;
            if is {
                yes += weight;
            }
        }
        (total > 0.0).then(|| Self {
            value: yes / total,
            trials: total * total / squares,
        })
    }

    /// The mean over seeds. Its interval holds Student's over the seeds, and that of as many independent answers as
    /// were given: where all seeds have 0 or 1, or one seed is all there is, that of the answers alone is known. Several shares of
    /// one seed are one, their mean: they are of the same facts.
    pub fn over_seeds(shares: &[OfSeed<Self>]) -> Result<Estimate, Refusal> {
        if shares.is_empty() {
            return Err(Refusal::TooFew {
                what: "seeds with answers",
                found: 0,
                needed: 1,
            });
        }
        let seeds = by_seed(shares.iter().copied()).into_iter();
        let seeds: Vec<OfSeed<Self>> = seeds
            .map(|(seed, shares)| (seed, Self::between(&shares)))
            .collect();
        let values: Vec<OfSeed<f64>> = seeds.iter().map(|(seed, of)| (*seed, of.value)).collect();
        let value = mean(values.iter().map(|(_, value)| value));
        let trials: f64 = seeds.iter().map(|(_, share)| share.trials).sum();
        let [mut lo, mut hi] = binomial_interval(value * trials, trials);
        if values.len() > 1 {
            let over_seeds = Estimate::over_seeds(&values)?.ci95;
            lo = lo.min(over_seeds[0]).max(0.0);
            hi = hi.max(over_seeds[1]).min(1.0);
        }
        Ok(Estimate {
            value,
            ci95: [lo, hi],
            seeds: values.len(),
        })
    }

    /// The mean of shares of the same facts.
    fn between(shares: &[Self]) -> Self {
        let mean = |of: fn(&Self) -> f64| mean(shares.iter().map(of));
        Self {
            value: mean(|share| share.value),
            trials: mean(|share| share.trials),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_interval_is_that_of_tables() {
        // R: binom.test(k, n)$conf.int
        for (k, n, expected) in [
            (0.0, 10.0, [0.0, 0.308_497_1]),
            (3.0, 10.0, [0.066_739_51, 0.652_452_9]),
            (10.0, 10.0, [0.691_502_9, 1.0]),
            (50.0, 100.0, [0.398_321_1, 0.601_678_9]),
        ] {
            let found = binomial_interval(k, n);
            let off = found.iter().zip(expected).map(|(a, b)| (a - b).abs());
            assert!(off.fold(0.0, f64::max) < 1e-6, "{k} of {n}: {found:?}");
        }
        for n in [1.0, 24.0, 600.0, 1e5] {
            let [lo, hi] = binomial_interval(0.0, n);
            assert_eq!(lo, 0.0);
            assert!((hi - (1.0 - 0.025f64.powf(1.0 / n))).abs() < 1e-9, "{n}");
        }
        assert!(binomial_interval(0.0, 0.0)[0].is_nan());
    }

    #[test]
    fn unequal_weights_say_less() {
        let equal = Share::of((0..10).map(|k| (2.0, k < 5))).unwrap();
        assert_eq!((equal.value, equal.trials), (0.5, 10.0));
        let one = Share::of((0..10).map(|k| (if k == 0 { 1e9 } else { 1.0 }, k == 0))).unwrap();
        assert!(one.value > 0.999 && (one.trials - 1.0).abs() < 1e-6);
        assert_eq!(Share::of([]), None);
    }

    #[test]
    fn an_interval_is_never_narrower_than_that_of_the_answers() {
        let share = |value| Share {
            value,
            trials: 100.0,
        };
        let seeds = |values: &[f64]| -> Vec<OfSeed<Share>> {
            (1..)
                .zip(values.iter().map(|value| share(*value)))
                .collect()
        };
        let same = Share::over_seeds(&seeds(&[0.2; 3])).unwrap();
        let alone = binomial_interval(60.0, 300.0);
        let off = same.ci95.iter().zip(alone).map(|(a, b)| (a - b).abs());
        assert!(off.fold(0.0, f64::max) < 1e-9, "{same:?} {alone:?}");
        let apart = Share::over_seeds(&seeds(&[0.1, 0.2, 0.3])).unwrap();
        let student = Estimate::over_seeds(&[(1, 0.1), (2, 0.2), (3, 0.3)]).unwrap();
        assert_eq!(apart.ci95, [0.0, student.ci95[1]]);
        let one = Share::over_seeds(&seeds(&[0.0])).unwrap();
        assert_eq!(one.ci95, binomial_interval(0.0, 100.0));
        assert!(Share::over_seeds(&[]).is_err());
    }

    #[test]
    fn what_is_asked_twice_of_one_seed_is_no_second_seed() {
        let share = |value| Share {
            value,
            trials: 100.0,
        };
        let once = Share::over_seeds(&[(7, share(0.2))]).unwrap();
        assert_eq!(
            Share::over_seeds(&[(7, share(0.2)), (7, share(0.2))]).unwrap(),
            once
        );
    }
}
