//! The files of a report.

use std::path::{Path, PathBuf};

use kolmo_run::TensorBoard;
use kolmo_run::tensorboard::Image;

use super::{page, prepared::prepare};
use crate::error::{Error, Result};
use crate::figures::png::Painter;
use crate::files;
use crate::report::Report;

/// Writes `report` to the HTML file `page`, whose folder is made if it is missing, with more files beside it,
/// and returns them all. Where `page` is `report.html` they are
///
/// | file | what |
/// | --- | --- |
/// | `report.html` | everything, for readers |
/// | `report.json` | the verdicts, for scripts: [`Report::json`] |
/// | `figures/ID.svg`, `.png`, `.csv` | each figure, and its numbers |
///
/// The figures are in `tensorboard/report/` too, as the images `report/ID` of a run of their own, which
/// leaves alone what a run directory has in `tensorboard/`.
///
/// # Errors
/// [`Error::Page`] if the name of `page` does not end in `.html`.
/// [`Error::Folder`], [`Error::Write`] or [`Error::TensorBoard`] if the disk refuses; a file is then there
/// whole, as it was before, or not at all. [`Error::Draw`] or [`Error::Png`] if a library refuses a figure.
pub fn write(page: &Path, report: &Report) -> Result<Vec<PathBuf>> {
    let name = page.file_name().and_then(|name| name.to_str());
    let stem = name.and_then(|name| name.strip_suffix(".html"));
    let (Some(stem), Some(folder)) = (stem, page.parent()) else {
        return Err(Error::Page {
            path: page.to_path_buf(),
        });
    };
    let sections = prepare(report)?;
    files::make_folder(folder)?;
    let html = page::page(report, &sections);
    let mut written = vec![
        files::write(folder, &format!("{stem}.html"), html)?,
        files::write(folder, &format!("{stem}.json"), report.json()?)?,
    ];
    let figures = folder.join("figures");
    files::make_folder(&figures)?;
    let events = folder.join("tensorboard").join("report");
    let board = TensorBoard::replace(&events);
    let painter = Painter::new();
    for figure in sections.iter().flat_map(|section| &section.figures) {
        let name = |ending: &str| format!("{}.{ending}", figure.id);
        let png = painter.png(&figure.id, &figure.svg)?;
        let csv = figure.figure.drawing.csv();
        written.push(files::write(&figures, &name("svg"), &figure.svg)?);
        written.push(files::write(&figures, &name("png"), &png.bytes)?);
        written.push(files::write(&figures, &name("csv"), &csv)?);
        let image = Image {
            width: png.width,
            height: png.height,
            png: png.bytes,
        };
        board.image(&format!("report/{}", figure.id), 0, image);
    }
    board.finish().map_err(|source| Error::TensorBoard {
        folder: events,
        source,
    })?;
    Ok(written)
}

#[cfg(test)]
mod tests;
