//! Figures, as SVG: of a run what was measured over what theory expects, of a world what theory
//! expects alone ([`theory`]), and what its documents are ([`survey`]).

mod axis;
pub mod chart;
mod classes;
mod clip;
pub mod heat_map;
mod interviews;
mod legend;
mod page;
pub(crate) mod palette;
mod panel;
pub(crate) mod png;
mod redundancy;
pub mod survey;
#[cfg(test)]
mod svg;
mod text;
pub mod theory;
mod value_loss;

use std::path::{Path, PathBuf};

use kolmo_run::{EvaluationRecord, RunDirectory, StepRecord};
use kolmo_world::World;

use crate::{
    error::{Error, Result},
    files,
};
use page::Drawn;

/// Draws every figure of a run into its `figures/` and returns the files: `value_loss.svg`, the
/// value loss against documents, `classes.svg`, the loss of each frequency class against
/// exposures, and `redundancy.svg`, the training loss above the floor by role. Records that hold no
/// number are left out; without any, theory is drawn alone.
///
/// # Errors
/// [`Error::Folder`] or [`Error::Write`] if the disk refuses; a figure is then there whole, as it
/// was before, or not at all.
pub fn write(
    run: &RunDirectory,
    world: &World,
    steps: &[StepRecord],
    evaluations: &[EvaluationRecord],
) -> Result<Vec<PathBuf>> {
    let evaluations = in_order(evaluations);
    let drawn = [
        ("value_loss.svg", value_loss::draw(world, &evaluations)),
        ("classes.svg", classes::draw(world, &evaluations)),
        ("redundancy.svg", redundancy::draw(steps)),
    ];
    save(&run.figures(), drawn)
}

/// Draws the figures of a fine-tuning into its `figures/` and returns the files: `interviews.svg`, the accuracy of each cohort in
/// each wording against documents, and `classes.svg`, the loss of each frequency class against exposures.
///
/// # Errors
/// As [`write()`].
pub fn write_tuned(
    run: &RunDirectory,
    world: &World,
    evaluations: &[EvaluationRecord],
) -> Result<Vec<PathBuf>> {
    let evaluations = in_order(evaluations);
    let drawn = [
        ("interviews.svg", interviews::draw(&evaluations)),
        ("classes.svg", classes::draw(world, &evaluations)),
    ];
    save(&run.figures(), drawn)
}

/// In the order of their documents.
fn in_order(evaluations: &[EvaluationRecord]) -> Vec<&EvaluationRecord> {
    let mut evaluations: Vec<&EvaluationRecord> = evaluations.iter().collect();
    evaluations.sort_by_key(|evaluation| evaluation.documents);
    evaluations
}

/// Writes figures into `folder`, which is made if it is missing, and returns the files.
fn save<const N: usize>(
    folder: &Path,
    figures: [(&str, Drawn<String>); N],
) -> Result<Vec<PathBuf>> {
    files::make_folder(folder)?;
    let save = |(name, svg): (&str, Drawn<String>)| files::write(folder, name, &drawn(name, svg)?);
    figures.into_iter().map(save).collect()
}

/// The SVG of the figure called `name`.
fn drawn(name: &str, svg: Drawn<String>) -> Result<String> {
    svg.map_err(|source| Error::Draw {
        figure: name.to_owned(),
        source,
    })
}

#[cfg(test)]
mod tests;
