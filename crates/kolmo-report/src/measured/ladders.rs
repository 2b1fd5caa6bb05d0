//! Ladders of sizes, and what their runs have stored and miss.

use kolmo_run::ClassRecord;
use kolmo_theory::discovery::mean_content;

use crate::{
    measured::runs::{by_documents, by_parameters},
    study::{Study, StudyRun},
};

/// For each law, the runs of several sizes that were trained longest, within the range of parameters.
pub fn ladders(study: &Study) -> Vec<Vec<&StudyRun>> {
    let mut ladders = Vec::new();
    for runs in study.groups(StudyRun::but_size) {
        let runs = inside(study, &runs);
        let longest = by_documents(&runs).pop().map(|(_, runs)| runs);
        ladders.extend(longest.filter(|runs| by_parameters(runs).len() > 1));
    }
    ladders
}

/// Those of `runs` whose parameters are within the range of the study.
pub fn inside<'a>(study: &Study, runs: &[&'a StudyRun]) -> Vec<&'a StudyRun> {
    let [lo, hi] = study.settings.parameters.unwrap_or([0.0, f64::INFINITY]);
    let is_inside = |run: &&&StudyRun| (lo..=hi).contains(&(run.parameters as f64));
    runs.iter().filter(is_inside).copied().collect()
}

/// Bits that a run has stored.
pub fn bits(run: &StudyRun) -> f64 {
    run.last().bits_stored
}

/// What it misses, nats per fact.
pub fn missing(run: &StudyRun) -> f64 {
    run.last().missing
}

/// The same without luck: h less what its answers save, as far as they deserve trust. Not a number of a run of an earlier build.
pub fn missing_without_luck(run: &StudyRun) -> f64 {
    run.last().missing_recalibrated
}

/// The frequency of a fact of a class, the mean over its facts, and the share that is missing of it, by `missing`.
pub fn profile(run: &StudyRun, missing: impl Fn(&ClassRecord) -> f64) -> Vec<(f64, f64)> {
    let unknown = mean_content(&run.world);
    let relations = run.world.relations().len() as f64;
    let stated = run.facts_per_document();
    let point = |class: &ClassRecord| {
        let subjects = class.facts as f64 / relations;
        (
            class.mass / subjects * stated / relations,
            missing(class) / unknown,
        )
    };
    run.last().classes.iter().map(point).collect()
}
