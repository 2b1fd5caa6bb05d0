//! A heat map, a colour for each pair of a column and a row, and how it is drawn.

use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};
use serde_json::json;

use super::page::{self, Area, Drawn, LABEL, NAME, SIZE, UNITS, units};
use super::palette::{ON_DARK, ON_LIGHT, viridis};
use super::text::{fitted, font, printable, shortened, width, wrapped};
use crate::csv;
use crate::error::Result;

/// Pixels between words and what they belong to.
const GAP: u32 = 10;
/// Height of a line of words, pixels.
const ROW: u32 = 25;
/// Width and height of the bar that tells the colours, pixels.
const BAR: (u32, u32) = (130, 14);
/// Where the words beside it begin, pixels.
const WORDS: u32 = BAR.0 + 6 * GAP;
/// The labels of the rows may take this share of the page.
const LONGEST_LABEL: u32 = SIZE.0 / 3;
/// Cells at least so wide and high have gaps between them, pixels.
const APART: u32 = 20;
/// Above it a cell is light.
const LIGHT: f64 = 0.45;

/// Numbers from 0 to 1 over columns and rows.
#[derive(Debug, Clone, PartialEq)]
pub struct HeatMap {
    /// Above it.
    pub title: String,
    /// Of the columns, with its unit.
    pub x: String,
    /// Of the rows, with its unit.
    pub y: String,
    /// What the colours mean.
    pub z: String,
    /// A name for each column.
    pub columns: Vec<String>,
    /// A name for each row, from the top.
    pub rows: Vec<String>,
    /// By row, then by column; not a number where nothing was measured.
    pub cells: Vec<Vec<f64>>,
}

/// Where the cells are, in pixels of the area under the title.
struct Grid {
    left: u32,
    right: u32,
    bottom: u32,
    columns: u32,
    rows: u32,
}

impl HeatMap {
    /// The heat map as SVG. Numbers below 0 or above 1 have the colour of the end; a cell without a
    /// number is empty.
    ///
    /// # Errors
    /// [`Error::Draw`](crate::Error::Draw) if the plotting library refuses, whose fault it is.
    pub fn svg(&self) -> Result<String> {
        super::drawn(&self.title, self.draw())
    }

    /// Its numbers, a row a cell: `row,column,value`, the last empty where nothing was measured.
    pub fn csv(&self) -> String {
        let rows = self.rows.iter().zip(&self.cells);
        let cells = rows.flat_map(|(row, cells)| {
            let cells = self.columns.iter().zip(cells);
            cells.map(move |(column, value)| vec![json!(row), json!(column), json!(value)])
        });
        csv::table(&["row", "column", "value"], cells)
    }

    fn draw(&self) -> Drawn<String> {
        let mut svg = String::new();
        let meaning = wrapped(&printable(&self.meaning()), LABEL, SIZE.0 - WORDS - GAP);
        let below = ROW * (meaning.len() as u32).saturating_sub(1);
        page::draw(&mut svg, &self.title, below, |area| {
            let grid = self.grid(area, below);
            self.draw_cells(area, &grid)?;
            self.draw_rows(area, &grid)?;
            self.draw_columns(area, &grid)?;
            draw_bar(area, grid.bottom + 2 * ROW + GAP, &meaning)
        })?;
        Ok(svg)
    }

    /// What the colours mean, and what an empty cell means if there is one.
    fn meaning(&self) -> String {
        let missing = self.cells.iter().flatten().any(|value| !value.is_finite());
        let note = if missing { "; empty: not measured" } else { "" };
        format!("{}{note}", self.z)
    }

    /// The place of the cells on a page that is so many pixels higher than usual.
    fn grid(&self, area: &Area<'_>, below: u32) -> Grid {
        let labels = self.rows.iter().map(|label| width(label, LABEL));
        let labels = labels.max().unwrap_or(0).min(LONGEST_LABEL);
        let height = area.dim_in_pixel().1 / UNITS - below;
        Grid {
            left: 2 * GAP + ROW + labels + GAP,
            right: SIZE.0 - 28,
            // Labels of the columns, their name, the bar.
            bottom: height - 3 * ROW - 2 * GAP,
            columns: self.columns.len().max(1) as u32,
            rows: self.rows.len().max(1) as u32,
        }
    }

    fn draw_cells(&self, area: &Area<'_>, grid: &Grid) -> Drawn<()> {
        let (cell_width, cell_height) = grid.cell();
        let room = width("0.00", LABEL) + 4;
        let with_numbers = cell_width >= room && cell_height >= LABEL;
        // A gap where there is room for one; else cells reach under the next ones, for viewers leave a
        // seam between two that only touch.
        let reach = match cell_width.min(cell_height) >= APART {
            true => -units(1),
            false => units(1) / 2,
        };
        for (row, cells) in (0..grid.rows).zip(&self.cells) {
            for (column, value) in (0..grid.columns).zip(cells) {
                if !value.is_finite() {
                    continue;
                }
                let (start, end) = (grid.corner(column, row), grid.corner(column + 1, row + 1));
                let ends = [start, (end.0 + reach, end.1 + reach)];
                area.draw(&Rectangle::new(ends, viridis(*value).filled()))?;
                if with_numbers {
                    let ink = if *value > LIGHT { &ON_LIGHT } else { &ON_DARK };
                    let style = font(LABEL).color(ink);
                    let style = style.pos(Pos::new(HPos::Center, VPos::Center));
                    let middle = ((start.0 + end.0) / 2, (start.1 + end.1) / 2);
                    area.draw(&Text::new(format!("{value:.2}"), middle, style))?;
                }
            }
        }
        Ok(())
    }

    /// As many labels as have room, beside their rows.
    fn draw_rows(&self, area: &Area<'_>, grid: &Grid) -> Drawn<()> {
        let every = ROW.div_ceil(grid.cell().1.max(1));
        let style = font(LABEL).pos(Pos::new(HPos::Right, VPos::Center));
        for (label, row) in self.rows.iter().zip(0..).step_by(every as usize) {
            let label = shortened(&printable(label), LABEL, LONGEST_LABEL);
            let (top, below) = (grid.corner(0, row).1, grid.corner(0, row + 1).1);
            let at = (units(grid.left - GAP), (top + below) / 2);
            area.draw(&Text::new(label, at, style.clone()))?;
        }
        let name = printable(&self.y);
        let style = font(fitted(&name, NAME, grid.bottom + 2 * ROW));
        let style = style
            .transform(FontTransform::Rotate270)
            .pos(Pos::new(HPos::Center, VPos::Top));
        let at = (units(GAP), units(GAP + (grid.bottom - GAP) / 2));
        area.draw(&Text::new(name, at, style))
    }

    /// As many labels as have room, under their columns.
    fn draw_columns(&self, area: &Area<'_>, grid: &Grid) -> Drawn<()> {
        let labels = self.columns.iter().map(|label| width(label, LABEL));
        let longest = labels.max().unwrap_or(0).min(LONGEST_LABEL) + GAP;
        let every = longest.div_ceil(grid.cell().0.max(1)).max(1);
        let style = font(LABEL).pos(Pos::new(HPos::Center, VPos::Top));
        for (label, column) in self.columns.iter().zip(0..).step_by(every as usize) {
            let label = shortened(&printable(label), LABEL, LONGEST_LABEL);
            let (left, right) = (grid.corner(column, 0).0, grid.corner(column + 1, 0).0);
            let at = ((left + right) / 2, units(grid.bottom + GAP / 2));
            area.draw(&Text::new(label, at, style.clone()))?;
        }
        let name = printable(&self.x);
        let style = font(fitted(&name, NAME, grid.right - grid.left + 40));
        let at = (
            units((grid.left + grid.right) / 2),
            units(grid.bottom + GAP / 2 + ROW),
        );
        let style = style.pos(Pos::new(HPos::Center, VPos::Top));
        area.draw(&Text::new(name, at, style))
    }
}

/// The bar of all colours with its ends, `top` pixels down, and what it means.
fn draw_bar(area: &Area<'_>, top: u32, meaning: &[String]) -> Drawn<()> {
    const STEPS: u32 = 50;
    let y = top + ROW / 2;
    let left = 3 * GAP;
    for step in 0..STEPS {
        let x = |step: u32| (left * UNITS + BAR.0 * UNITS * step / STEPS) as i32;
        // Each goes on under the next, so that no gap shows between them.
        let ends = [
            (x(step), units(y - BAR.1 / 2)),
            (x((step + 2).min(STEPS)), units(y + BAR.1 / 2)),
        ];
        let color = viridis((f64::from(step) + 0.5) / f64::from(STEPS));
        area.draw(&Rectangle::new(ends, color.filled()))?;
    }
    let word = |text: &str, at: (u32, u32), side: HPos| {
        let style = font(LABEL).pos(Pos::new(side, VPos::Center));
        area.draw(&Text::new(text, (units(at.0), units(at.1)), style))
    };
    word("0", (left - GAP / 2, y), HPos::Right)?;
    word("1", (left + BAR.0 + GAP / 2, y), HPos::Left)?;
    for (line, y) in meaning.iter().zip((y..).step_by(ROW as usize)) {
        word(line, (WORDS, y), HPos::Left)?;
    }
    Ok(())
}

impl Grid {
    /// Width and height of a cell, pixels.
    fn cell(&self) -> (u32, u32) {
        (
            (self.right - self.left) / self.columns,
            (self.bottom - GAP) / self.rows,
        )
    }

    /// The upper left corner of a cell, in plotters' units.
    fn corner(&self, column: u32, row: u32) -> (i32, i32) {
        let along = |from: u32, to: u32, part: u32, all: u32| {
            let share = f64::from(part) / f64::from(all);
            (f64::from(from * UNITS) + share * f64::from((to - from) * UNITS)).round() as i32
        };
        (
            along(self.left, self.right, column, self.columns),
            along(GAP, self.bottom, row, self.rows),
        )
    }
}

#[cfg(test)]
mod tests;
