//! When the facts of a run were half learnt.

use kolmo_run::FactRow;
use kolmo_stats::{HalfLearning, half_learning};

use crate::{error::Result, study::StudyRun};

/// For each fact asked, its row of the last evaluation and when it was half learnt.
pub fn facts(run: &StudyRun) -> Result<Vec<(FactRow, HalfLearning)>> {
    let evaluations = run.facts()?;
    let Some(last) = evaluations.last() else {
        return Ok(Vec::new());
    };
    let end = run.documents();
    // Every evaluation asks the same facts in the same order.
    let timed = last.iter().enumerate().map(|(k, row)| {
        let at = evaluations.iter().filter_map(|rows| rows.get(k));
        let curve: Vec<(f64, f64)> = at
            .map(|row| (row.documents as f64, row.loss_nats))
            .collect();
        // A loss that is no number is none that was learnt, and what was never stated is a lucky guess.
        let never = HalfLearning::Censored { after: end };
        if row.exposures == 0 {
            return (*row, never);
        }
        (
            *row,
            half_learning(&curve, run.content(row)).unwrap_or(never),
        )
    });
    Ok(timed.collect())
}
