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

use kolmo_run::{EvaluationRecord, RunDirectory, StepRecord, names::figure};
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
        (figure::VALUE_LOSS, value_loss::draw(world, &evaluations)),
        (figure::CLASSES, classes::draw(world, &evaluations)),
        (figure::REDUNDANCY, redundancy::draw(steps)),
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
        (figure::INTERVIEWS, interviews::draw(&evaluations)),
        (figure::CLASSES, classes::draw(world, &evaluations)),
    ];
    save(&run.figures(), drawn)
}

/// In the order of their documents.
fn in_order(evaluations: &[EvaluationRecord]) -> Vec<&EvaluationRecord> {
    let mut evaluations: Vec<&EvaluationRecord> = evaluations.iter().collect();
    evaluations.sort_by_key(|evaluation| evaluation.documents);
    evaluations
}

/// Writes the figures of a run into `folder`, which is made if it is missing, and returns the files.
fn save<const N: usize>(
    folder: &Path,
    figures: [(&'static str, Drawn<String>); N],
) -> Result<Vec<PathBuf>> {
    let figures = all(figures)?;
    files::make_folder(folder)?;
    let save = |(name, svg): &(&str, String)| files::write(folder, name, svg);
    figures.iter().map(save).collect()
}

/// Names of figures with their SVG.
type Figures = Vec<(&'static str, String)>;

/// The figures, if all of them could be drawn.
fn all<const N: usize>(figures: [(&'static str, Drawn<String>); N]) -> Result<Figures> {
    let figures = figures.into_iter();
    figures
        .map(|(name, svg)| Ok((name, drawn(name, svg)?)))
        .collect()
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
