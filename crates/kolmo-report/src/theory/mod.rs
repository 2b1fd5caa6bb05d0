//! What theory predicts for a world: a table to read, and files to go on with.

mod curves;
mod table;

use std::path::{Path, PathBuf};

use kolmo_theory::Predictions;

use crate::{error::Result, figures, files};

pub use curves::tidy_csv;
pub use table::table;

/// Writes `predictions` into `folder`, which is made if it is missing, and returns the files:
/// `theory.json` with everything, a CSV file for each curve, whose columns are the keys of the JSON
/// form, and the figures of [`figures::theory`].
///
/// # Errors
/// [`Error::Folder`](crate::Error::Folder) or [`Error::Write`](crate::Error::Write) if the disk refuses;
/// a file is then there whole, as it was before, or not at all.
pub fn write(folder: &Path, predictions: &Predictions) -> Result<Vec<PathBuf>> {
    files::make_folder(folder)?;
    let json = files::json(predictions)?;
    let mut written = vec![files::write(folder, "theory.json", &json)?];
    for (name, csv) in curves::csv_files(predictions)? {
        written.push(files::write(folder, name, &csv)?);
    }
    written.extend(figures::theory::write(folder, predictions)?);
    Ok(written)
}

#[cfg(test)]
mod tests;
