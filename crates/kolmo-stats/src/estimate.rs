//! A number with its interval, and what is one number a seed.

use crate::{Refusal, mean, student::Mean};

/// A number with its 95 % interval, both of one estimator.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Estimate {
    /// The number.
    pub value: f64,
    /// The interval, its lower end first.
    pub ci95: [f64; 2],
    /// How many seeds it is of. An interval of one says nothing of others.
    pub seeds: usize,
}

/// What was measured of a seed, with the seed.
pub type OfSeed<T> = (u64, T);

impl Estimate {
    /// The mean over two or more seeds, with Student's interval. Seeds alone are independent: what was measured several times of
    /// one seed is one number, the mean.
    pub fn over_seeds(values: &[OfSeed<f64>]) -> Result<Self, Refusal> {
        if let Some((index, &(_, value))) = values
            .iter()
            .enumerate()
            .find(|(_, (_, value))| !value.is_finite())
        {
            return Err(Refusal::BadNumber {
                what: "the value",
                index,
                value,
                needed: "finite",
            });
        }
        let seeds = one_a_seed(values);
        if seeds.len() < 2 {
            return Err(Refusal::TooFew {
                what: "seeds",
                found: seeds.len(),
                needed: 2,
            });
        }
        let means: Vec<f64> = seeds.into_iter().map(|(_, mean)| mean).collect();
        Ok(Self::of_each(&means))
    }

    /// The mean of rank correlations over two or more seeds, each of so many `pairs`, by Fisher's z: atanh is averaged, with
    /// Student's interval, so that no end is beyond −1 or 1. A correlation of ±1 counts as one half a step nearer to 0 than
    /// the next that so many pairs can have.
    pub fn of_correlations(values: &[OfSeed<f64>], pairs: usize) -> Result<Self, Refusal> {
        let n = pairs as f64;
        // Two neighbours exchanged: 1 − 6 · 2 / (n (n² − 1)).
        let greatest = (1.0 - 6.0 / (n * (n * n - 1.0))).max(0.0);
        let z = |(seed, rho): &OfSeed<f64>| (*seed, rho.clamp(-greatest, greatest).atanh());
        let of_z = Self::over_seeds(&values.iter().map(z).collect::<Vec<_>>())?;
        Ok(of_z.map(f64::tanh))
    }

    /// The mean of `values`, one of each seed, with Student's interval.
    pub fn of_each(values: &[f64]) -> Self {
        let Mean { mean, half_width } = Mean::of(values);
        Self {
            value: mean,
            ci95: [mean - half_width, mean + half_width],
            seeds: values.len(),
        }
    }

    /// What a rising `change` makes of it.
    pub fn map(self, change: impl Fn(f64) -> f64) -> Self {
        Self {
            value: change(self.value),
            ci95: self.ci95.map(change),
            ..self
        }
    }

    /// The same with an interval that goes no further than such a number can.
    pub fn within(self, [least, greatest]: [f64; 2]) -> Self {
        Self {
            ci95: self.ci95.map(|end| match end.is_nan() {
                true => end,
                false => end.clamp(least, greatest),
            }),
            ..self
        }
    }
}

/// `values` seed by seed, in the order in which the seeds first come.
pub(crate) fn by_seed<T>(values: impl IntoIterator<Item = OfSeed<T>>) -> Vec<OfSeed<Vec<T>>> {
    let mut seeds: Vec<OfSeed<Vec<T>>> = Vec::new();
    for (seed, value) in values {
        match seeds.iter_mut().find(|(known, _)| *known == seed) {
            Some((_, values)) => values.push(value),
            None => seeds.push((seed, vec![value])),
        }
    }
    seeds
}

/// The mean of each seed.
pub fn one_a_seed(values: &[OfSeed<f64>]) -> Vec<OfSeed<f64>> {
    let seeds = by_seed(values.iter().copied()).into_iter();
    seeds.map(|(seed, values)| (seed, mean(values))).collect()
}
