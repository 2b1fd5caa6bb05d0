//! What theory predicts for a world: a table to read, and files to go on with.

mod curves;
mod table;

use std::path::{Path, PathBuf};

use kolmo_run::Outputs;
use kolmo_theory::Predictions;

use crate::{error::Result, figures, files};

pub use curves::tidy_csv;
pub use table::table;

/// Writes `predictions` into `folder`, which is made if it is missing, and returns the files:
/// `theory.json` with everything, a CSV file for each curve, whose columns are the keys of the JSON
/// form, and the figures of [`figures::theory`].
///
/// # Errors
/// [`Error::Outputs`](crate::Error::Outputs) if there are files of these names that it did not write, before anything is
/// changed, or if the disk refuses; a file is then there whole, as it was before, or not at all.
pub fn write(folder: &Path, predictions: &Predictions) -> Result<Vec<PathBuf>> {
    let mut all = vec![("theory.json", files::json(predictions)?)];
    all.extend(curves::csv_files(predictions)?);
    all.extend(figures::theory::draw(predictions)?);
    Ok(Outputs::new(folder, "kolmo theory").write(&all)?)
}

#[cfg(test)]
mod tests;
