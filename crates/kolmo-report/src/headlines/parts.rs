//! Parts of a row, and what several headlines measure alike.

use kolmo_stats::{Estimate, OfSeed};

use crate::{quantity::Quantity, report::Part, study::StudyRun};

impl Part {
    /// The mean over seeds of what is no part of the verdict.
    pub(super) fn mean(
        name: impl Into<String>,
        predicted: Option<f64>,
        seeds: &[OfSeed<f64>],
        quantity: Quantity,
    ) -> Self {
        let estimate = Estimate::over_seeds(seeds).ok();
        let estimate = estimate.map(|estimate| estimate.within(quantity.bounds()));
        Self {
            name: name.into(),
            predicted: predicted.filter(|number| number.is_finite()),
            measured: estimate.map(|estimate| estimate.value),
            ci95: estimate.map(|estimate| estimate.ci95),
            margin: None,
            verdict: None,
        }
    }
}

/// The seeds of `runs`, each with what `of` says of its runs.
pub(super) fn each_seed(runs: &[&StudyRun], of: impl Fn(&[&StudyRun]) -> f64) -> Vec<OfSeed<f64>> {
    let seeds = crate::study::groups(runs.iter().copied(), |run| run.config.seed);
    seeds
        .iter()
        .map(|runs| (runs[0].config.seed, of(runs)))
        .collect()
}

/// The slope of ln `y` against ln `x` over `runs`; not a number where it has none.
pub(super) fn exponent(
    runs: &[&StudyRun],
    x: impl Fn(&StudyRun) -> f64,
    y: impl Fn(&StudyRun) -> f64,
) -> f64 {
    let at = runs.iter().map(|run| (x(run).ln(), y(run).ln()));
    kolmo_stats::slope(&at.collect::<Vec<_>>()).unwrap_or(f64::NAN)
}
