//! What runs lose beside what the exact Bayes learner is expected to lose.

use kolmo_stats::mean;
use kolmo_theory::discovery::{expected_value_loss, mean_content};

use crate::{
    measured::{runs::worlds, series::grid},
    study::{Study, StudyRun},
};

/// The value loss, all of which is redundancy.
pub fn redundancy(run: &StudyRun) -> f64 {
    run.last().value_loss
}

/// What the Bayes learner is expected to lose on so many `documents` of the world of `run`, nats per fact.
pub fn exact(run: &StudyRun, documents: f64) -> f64 {
    expected_value_loss(&run.world, 1..=u64::MAX, documents)
}

/// The same on average over the seeds of `runs`, of which every one has drawn frequencies of its own or all have the same.
pub fn exact_mean(runs: &[&StudyRun], documents: f64) -> f64 {
    mean(worlds(runs).iter().map(|run| exact(run, documents)))
}

/// Those of `runs` that the fit is over.
pub fn fitted<'a>(study: &Study, runs: &[&'a StudyRun]) -> Vec<&'a StudyRun> {
    let [lo, hi] = study.settings.documents.unwrap_or([0.0, f64::INFINITY]);
    // A run has whole batches of documents, so a few less than it was given.
    let is_inside = |run: &&&StudyRun| {
        let documents = run.config.train.documents as f64;
        lo <= documents && documents <= hi
    };
    runs.iter().filter(is_inside).copied().collect()
}

/// τ of several runs: the exact curve at N/τ comes nearest to them, in the least absolute error of the logarithm.
pub fn documents_for_one(runs: &[&StudyRun]) -> f64 {
    let error = |tau: f64| -> f64 {
        let of = |run: &&StudyRun| {
            (redundancy(run) / exact(run, run.documents() / tau))
                .ln()
                .abs()
        };
        runs.iter().map(of).sum()
    };
    let (mut lo, mut hi) = (1.0, 1000.0);
    let mut best = f64::NAN;
    // Around the best point of a grid a finer one.
    for _ in 0..2 {
        let candidates = grid(lo, hi, 25).map(|tau| (error(tau), tau));
        best = candidates
            .min_by(|a, b| a.0.total_cmp(&b.0))
            .map_or(f64::NAN, |best| best.1);
        let step = f64::powf(hi / lo, 1.0 / 24.0);
        (lo, hi) = (best / step, best * step);
    }
    best
}

/// How many times fewer documents the Bayes learner is expected to need to lose `loss` than `run` has read; not a number where it never
/// does, or at once.
pub fn times_fewer(run: &StudyRun, loss: f64) -> f64 {
    let (mut lo, mut hi) = (1f64, run.documents() * 10.0);
    if !(exact(run, hi) < loss && loss < exact(run, lo)) {
        return f64::NAN;
    }
    // To a part of a thousand: each look at the exact curve is a sum over all subjects.
    while hi / lo > 1.001 {
        let middle = (lo * hi).sqrt();
        match exact(run, middle) > loss {
            true => lo = middle,
            false => hi = middle,
        }
    }
    run.documents() / (lo * hi).sqrt()
}

/// τ of one run, by what it misses without luck, so that confident mistakes are not part of it either; not a number where the run has not yet begun to look
/// facts up, its loss being above h.
pub fn clock(run: &StudyRun) -> f64 {
    match redundancy(run) < mean_content(&run.world) {
        true => times_fewer(run, run.last().missing_recalibrated),
        false => f64::NAN,
    }
}
