//! What is of a seed, and means over seeds.

use std::collections::BTreeSet;

use kolmo_config::finetune::BaseConfig;
use kolmo_stats::{Estimate, OfSeed, Refusal, one_a_seed};

use crate::{figures::chart::Datum, study::StudyRun};

/// What is of a run, and so of a seed.
pub trait Seeded {
    /// The seed.
    fn seed(&self) -> u64;
}

impl Seeded for StudyRun {
    fn seed(&self) -> u64 {
        self.config.seed
    }
}

impl<T: Seeded> Seeded for &T {
    fn seed(&self) -> u64 {
        (*self).seed()
    }
}

impl<T> Seeded for OfSeed<T> {
    fn seed(&self) -> u64 {
        self.0
    }
}

/// What `of` says of each of `items`, with its seed.
pub fn of_seeds<T: Seeded, V>(items: &[T], of: impl Fn(&T) -> V) -> Vec<OfSeed<V>> {
    items.iter().map(|item| (item.seed(), of(item))).collect()
}

/// How many seeds `items` are of.
pub fn count_seeds<T: Seeded>(items: &[T]) -> usize {
    let seeds: BTreeSet<u64> = items.iter().map(Seeded::seed).collect();
    seeds.len()
}

/// The mean over the seeds of what `of` says of each run, at `x`, with Student's interval over them.
pub fn mean_at(x: f64, runs: &[&StudyRun], of: impl Fn(&StudyRun) -> f64) -> Datum {
    datum(x, &of_seeds(runs, |run| of(run)))
}

/// The mean over the seeds of `values`, at `x`; without an interval of a single one.
pub fn datum(x: f64, values: &[OfSeed<f64>]) -> Datum {
    let seeds = one_a_seed(values).into_iter();
    let Estimate { value, ci95, .. } =
        Estimate::of_each(&seeds.map(|(_, value)| value).collect::<Vec<_>>());
    Datum {
        x,
        y: value,
        ci95: ci95.iter().all(|end| end.is_finite()).then_some(ci95),
    }
}

/// The estimate of a single run, or what `together` makes of the numbers of several, each with its seed.
pub fn one_or_seeds(
    seeds: &[u64],
    estimates: impl IntoIterator<Item = Result<Estimate, Refusal>>,
    together: impl FnOnce(&[OfSeed<f64>]) -> Result<Estimate, Refusal>,
) -> Result<Estimate, Refusal> {
    let estimates: Vec<_> = seeds.iter().copied().zip(estimates).collect();
    match <[_; 1]>::try_from(estimates) {
        Ok([(_, one)]) => one,
        Err(estimates) => {
            let values = estimates.into_iter();
            let values = values.map(|(seed, estimate)| Ok((seed, estimate?.value)));
            together(&values.collect::<Result<Vec<_>, Refusal>>()?)
        }
    }
}

/// The mean over the seeds of what `of` says of each run.
pub fn over_seeds(runs: &[&StudyRun], of: impl Fn(&StudyRun) -> f64) -> Result<Estimate, Refusal> {
    mean(runs, |run| of(run))
}

/// The mean over the seeds of what `of` says of the items.
pub fn mean<T: Seeded>(items: &[T], of: impl Fn(&T) -> f64) -> Result<Estimate, Refusal> {
    Estimate::over_seeds(&of_seeds(items, of))
}

/// Each run of `one` with the run of `other` that has the same seed, and the same base if they fine-tune one.
pub fn pairs<'a>(
    one: &[&'a StudyRun],
    other: &[&'a StudyRun],
) -> Vec<(&'a StudyRun, &'a StudyRun)> {
    let partner = |run: &StudyRun| {
        let mut others = other.iter();
        others.find(|other| other.config.seed == run.config.seed && base(other) == base(run))
    };
    let pairs = one.iter().filter_map(|run| Some((*run, *partner(run)?)));
    pairs.collect()
}

/// The weights that a run began with; none if those were fresh.
fn base(run: &StudyRun) -> Option<&BaseConfig> {
    run.config.finetune.as_ref()?.base.as_ref()
}

/// The mean over seeds of what `of` says of the runs of `one` less those of `other`, seed by seed.
pub fn difference(
    one: &[&StudyRun],
    other: &[&StudyRun],
    of: impl Fn(&StudyRun) -> f64,
) -> Result<Estimate, Refusal> {
    let differences = pairs(one, other).into_iter();
    let differences = differences.map(|(run, partner)| (run.config.seed, of(run) - of(partner)));
    Estimate::over_seeds(&differences.collect::<Vec<_>>())
}
