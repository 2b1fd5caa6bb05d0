//! T₀, the plateau: the documents until a model looks facts up at all.

use kolmo_theory::discovery::mean_content;

use crate::study::StudyRun;

/// The place of the first evaluation at which the most frequent class is half learnt; none if that is at none of them.
pub fn end(run: &StudyRun) -> Option<usize> {
    let half = mean_content(&run.world) / 2.0;
    let learnt = |first: f64| first <= half;
    let of_first =
        |classes: &[kolmo_run::ClassRecord]| classes.first().map(|class| class.value_loss);
    let mut evaluations = run.evaluations.iter();
    evaluations.position(|at| at.documents > 0 && of_first(&at.classes).is_some_and(learnt))
}

/// T₀ of `run`, documents; not a number if it has not ended.
pub fn documents(run: &StudyRun) -> f64 {
    end(run).map_or(f64::NAN, |k| run.evaluations[k].documents as f64)
}
