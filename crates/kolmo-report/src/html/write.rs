//! The files of a report.

use std::path::{Path, PathBuf};

use kolmo_run::tensorboard::Image;
use kolmo_run::{
    Outputs, TensorBoard,
    files::{self, LARGEST_RECORD},
};
use serde_json::Value;

use super::{
    page,
    prepared::{PreparedFigure, prepare},
};
use crate::error::{Error, Result};
use crate::figures::png::Painter;
use crate::report::Report;

/// Where TensorBoard finds the figures: a run of their own.
const EVENTS: &str = "tensorboard/report";

/// How the files of a figure end.
const ENDINGS: [&str; 3] = ["svg", "png", "csv"];

/// Where a report goes. Where the page is `report.html` its files are
///
/// | file | what |
/// | --- | --- |
/// | `report.html` | everything, for readers |
/// | `report.json` | the headlines and verdicts, for scripts: [`Report::json`] |
/// | `figures/ID.svg`, `.png`, `.csv` | each figure, and its numbers |
/// | `tensorboard/report/` | the figures as the images `report/ID` |
#[derive(Debug, Clone)]
pub struct Place {
    path: PathBuf,
    page: String,
    json: String,
    outputs: Outputs,
}

impl Place {
    /// The HTML file `page`, and its folder for the other files.
    ///
    /// # Errors
    /// [`Error::Page`] if the name of `page` does not end in `.html`.
    pub fn at(page: impl Into<PathBuf>) -> Result<Self> {
        let path = page.into();
        let name = path.file_name().and_then(|name| name.to_str());
        let stem = name.and_then(|name| name.strip_suffix(".html"));
        let (Some(stem), Some(folder)) = (stem, path.parent()) else {
            return Err(Error::Page { path });
        };
        let page = format!("{stem}.html");
        Ok(Self {
            json: format!("{stem}.json"),
            outputs: Outputs::new(folder, format!("kolmo report {page}")),
            page,
            path,
        })
    }

    /// The same place, which kolmo has chosen inside of a run or a sweep. A report that an earlier build has left there
    /// is known by its JSON, and may be replaced without a list.
    pub fn chosen(self) -> Self {
        let path = self.outputs.folder().join(&self.json);
        let json = files::read(path, LARGEST_RECORD).unwrap_or_default();
        let json: Value = serde_json::from_slice(&json).unwrap_or_default();
        Self {
            outputs: self.outputs.known(json["verdicts"].is_array()),
            ..self
        }
    }

    /// The HTML file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// That a report may be written here, as far as that can be told without its figures.
    ///
    /// # Errors
    /// [`Error::Outputs`] if there are files that no report wrote.
    pub fn check(&self) -> Result<()> {
        let names = [self.page.as_str(), &self.json, EVENTS];
        Ok(self.outputs.check(&names)?)
    }
}

/// Writes `report` to `place`, whose folder is made if it is missing, and returns the files but for those of TensorBoard. What an
/// earlier report of the same name has left there and this one does not have is removed.
///
/// # Errors
/// [`Error::Outputs`] if there are files that no report wrote, before anything is changed, or if the disk refuses;
/// [`Error::TensorBoard`] if it refuses the images. A file is then there whole, as it was before, or not at all.
/// [`Error::Draw`] or [`Error::Png`] if a library refuses a figure.
pub fn write(place: &Place, report: &Report) -> Result<Vec<PathBuf>> {
    let prepared = prepare(report)?;
    let figures = || prepared.figures();
    let name = |id: &str, ending: &str| format!("figures/{id}.{ending}");
    let of_figure = |figure: &PreparedFigure<'_>| ENDINGS.map(|ending| name(&figure.id, ending));
    let mut names = vec![place.page.clone(), place.json.clone(), EVENTS.to_owned()];
    names.extend(figures().flat_map(of_figure));
    let claim = place.outputs.claim(&names)?;
    let html = page::page(report, &prepared);
    let mut written = vec![
        claim.write(&place.page, html.as_bytes())?,
        claim.write(&place.json, report.json()?.as_bytes())?,
    ];
    let events = claim.path(EVENTS);
    let board = TensorBoard::replace(&events);
    let painter = Painter::new();
    for figure in figures() {
        let png = painter.png(&figure.id, &figure.svg)?;
        let csv = figure.figure.drawing.csv();
        let contents = [figure.svg.as_bytes(), &png.bytes, csv.as_bytes()];
        for (ending, content) in ENDINGS.into_iter().zip(contents) {
            written.push(claim.write(&name(&figure.id, ending), content)?);
        }
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
    claim.finish()?;
    Ok(written)
}

#[cfg(test)]
mod tests;
