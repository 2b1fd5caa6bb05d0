//! The page of a figure: its size, its title, and plotters' units.

use std::io;

use plotters::coord::Shift;
use plotters::drawing::DrawingAreaErrorKind;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::palette::PAPER;
use super::text::{font, printable, wrapped};

/// Of the page, in pixels of the reader; what is below the axes comes on top. On a telephone it is
/// shown at a bit more than half that width, hence the size of the letters.
pub(super) const SIZE: (u32, u32) = (640, 430);

/// plotters rounds to whole units: so many of them a pixel keep curves smooth.
pub(super) const UNITS: u32 = 10;

/// Heights of letters, pixels: of the title, the names of the axes and everything else.
pub(super) const TITLE: u32 = 21;
pub(super) const NAME: u32 = 19;
pub(super) const LABEL: u32 = 19;

/// From the edges of the page to what is on it, pixels.
const MARGIN: u32 = 12;

/// The result of drawing. Drawing into memory fails for no reason a user could mend.
pub(super) type Drawn<T> = Result<T, DrawingAreaErrorKind<io::Error>>;

/// A part of a page.
pub(super) type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;

/// Draws a page with this title, `below` pixels higher than usual, and returns what `content`, which
/// gets the area under the title, says. The SVG goes into `svg`.
pub(super) fn draw<T>(
    svg: &mut String,
    title: &str,
    below: u32,
    content: impl FnOnce(&Area<'_>) -> Drawn<T>,
) -> Drawn<T> {
    let pixels = (SIZE.0, SIZE.1 + below);
    let units = (pixels.0 * UNITS, pixels.1 * UNITS);
    svg.clear();
    let content = {
        let root = SVGBackend::with_string(svg, units).into_drawing_area();
        root.fill(&PAPER)?;
        let lines = wrapped(&printable(title), TITLE, SIZE.0 - 2 * MARGIN);
        let row = TITLE * 13 / 10;
        let centred = font(TITLE).pos(Pos::new(HPos::Center, VPos::Top));
        for (line, top) in lines.iter().zip((MARGIN..).step_by(row as usize)) {
            let at = ((units.0 / 2) as i32, (top * UNITS) as i32);
            root.draw(&Text::new(line.as_str(), at, centred.clone()))?;
        }
        let top = (MARGIN + row * lines.len() as u32).min(SIZE.1 / 2);
        let (_, rest) = root.split_vertically(top * UNITS);
        let content = content(&rest)?;
        root.present()?;
        content
    };
    // The view box keeps the units.
    let [from, to] = [units, pixels].map(|(w, h)| format!("width=\"{w}\" height=\"{h}\""));
    *svg = svg.replacen(&from, &to, 1);
    Ok(content)
}

/// Pixels as plotters counts them.
pub(super) fn units(pixels: u32) -> i32 {
    (pixels * UNITS) as i32
}

/// A line `tenths` of a pixel wide.
pub(super) fn pen(color: RGBColor, tenths: u32) -> ShapeStyle {
    color.stroke_width(tenths * UNITS / 10)
}
