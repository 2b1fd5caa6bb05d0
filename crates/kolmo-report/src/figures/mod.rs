//! Figures of a run, as SVG: what was measured over what theory expects.

mod axis;
mod classes;
mod legend;
mod panel;
mod value_loss;

use std::fs;
use std::path::PathBuf;

use kolmo_run::{EvaluationRecord, RunDirectory, atomic};
use kolmo_world::World;

use crate::error::{Error, Result};

/// Draws every figure of a run into its `figures/` and returns the files: `value_loss.svg`, the
/// value loss against documents, and `classes.svg`, the loss of each frequency class against
/// exposures. Records that hold no number are left out; without any, theory is drawn alone.
///
/// # Errors
/// [`Error::Folder`] or [`Error::Write`] if the disk refuses; a figure is then there whole, as it
/// was before, or not at all.
pub fn write(
    run: &RunDirectory,
    world: &World,
    evaluations: &[EvaluationRecord],
) -> Result<Vec<PathBuf>> {
    let folder = run.figures();
    fs::create_dir_all(&folder).map_err(|source| Error::Folder {
        path: folder.clone(),
        source,
    })?;
    let mut evaluations: Vec<&EvaluationRecord> = evaluations.iter().collect();
    evaluations.sort_by_key(|evaluation| evaluation.documents);

    let drawn = [
        ("value_loss.svg", value_loss::draw(world, &evaluations)),
        ("classes.svg", classes::draw(world, &evaluations)),
    ];
    let mut files = Vec::new();
    for (name, svg) in drawn {
        let path = folder.join(name);
        let svg = svg.map_err(|source| Error::Draw {
            path: path.clone(),
            source,
        })?;
        atomic::write_bytes(&path, svg.as_bytes()).map_err(|source| Error::Write {
            path: path.clone(),
            source,
        })?;
        files.push(path);
    }
    Ok(files)
}

#[cfg(test)]
mod tests;
