//! Accuracy by cohort and wording during a fine-tuning.

use kolmo_run::EvaluationRecord;

use super::{
    chart::{Chart, Datum, Ink, Mark, Series},
    page::Drawn,
};

/// A curve for each cohort and wording of the last of `evaluations`, from the first step on.
pub(super) fn draw(evaluations: &[&EvaluationRecord]) -> Drawn<String> {
    let kinds = evaluations.last().map(|last| &last.interviews[..]);
    let kinds = kinds.unwrap_or_default();
    let series = kinds.iter().enumerate().map(|(k, kind)| {
        let points = evaluations.iter().filter_map(|at| {
            let mut all = at.interviews.iter();
            let one = all.find(|one| one.cohort == kind.cohort && one.wording == kind.wording)?;
            (at.documents > 0).then_some(Datum {
                x: at.documents as f64,
                y: one.accuracy,
                ci95: Some(one.accuracy_ci95),
            })
        });
        Series {
            label: format!("{}, {}", kind.cohort, kind.wording.replace('_', "-")),
            mark: Mark::JoinedPoints,
            ink: Ink::Shade(k as f64 / kinds.len().saturating_sub(1).max(1) as f64),
            points: points.collect(),
        }
    });
    Chart {
        title: "Answers by cohort and wording".to_owned(),
        x: "documents of fine-tuning".to_owned(),
        y: "accuracy".to_owned(),
        log_y: false,
        series: series.collect(),
    }
    .draw()
}
