//! What the syntax of a run is learnt to, on the documents it is trained on.

use crate::{error::Result, study::StudyRun};

/// Documents are averaged over until they have grown by this factor, for the loss of single batches is noise.
const WINDOW: f64 = 1.3;

/// Redundancy of the syntax over its floor, against documents.
///
/// # Errors
/// Those of reading records.
pub fn redundancy_curve(run: &StudyRun) -> Result<Vec<(f64, f64)>> {
    let mut curve = Vec::new();
    let (mut start, mut redundancy, mut floor, mut count) = (0.0, 0.0, 0.0, 0);
    for step in run.steps()? {
        let (Some(over), Some(least)) = (step.exact.redundancy_syntax, step.exact.floor_syntax)
        else {
            continue;
        };
        let documents = step.documents as f64;
        if count == 0 {
            start = documents;
        }
        redundancy += over;
        floor += least;
        count += 1;
        if documents >= WINDOW * start {
            curve.push(((start * documents).sqrt(), redundancy / floor));
            (redundancy, floor, count) = (0.0, 0.0, 0);
        }
    }
    Ok(curve)
}
