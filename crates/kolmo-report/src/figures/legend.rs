//! What the lines mean, and where to say so: where nothing is hidden.

use plotters::element::DashedPathElement;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::page::{Area, Drawn, LABEL, SIZE, UNITS, pen, units};
use super::palette::PAPER;
use super::panel::Stroke;
use super::text::{font, printable, shortened, width};

/// Along every piece of a line so many places are looked at.
const SAMPLES: u32 = 12;

/// The places of a legend, the most usual first, by where they begin: at the left, middle or right,
/// at the bottom, middle or top.
const PLACES: [(f64, f64); 6] = [
    (0.0, 0.0),
    (1.0, 1.0),
    (1.0, 0.5),
    (0.0, 0.5),
    (1.0, 0.0),
    (0.0, 1.0),
];

/// Pixels from the edges of the legend to what is in it, and from its keys to their labels.
const PADDING: u32 = 8;
/// Length of a key, pixels.
const KEY: u32 = 26;
/// Height of an entry, pixels.
const ROW: u32 = 25;
/// Radius of a point, tenths of a pixel.
pub(super) const RADIUS: u32 = 35;

/// How a series is drawn.
#[derive(Debug, Clone, Copy)]
pub(super) enum Key {
    Curve(RGBColor, Stroke),
    Points { color: RGBColor, joined: bool },
}

/// The series of a figure with their names.
#[derive(Debug, Default)]
pub(super) struct Legend {
    entries: Vec<(String, Key)>,
}

impl Legend {
    pub(super) fn add(&mut self, label: &str, key: Key) {
        let label = shortened(&printable(label), LABEL, SIZE.0 - KEY - 4 * PADDING);
        // What has no name is named by another entry, of the same look.
        if !label.is_empty() {
            self.entries.push((label, key));
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Width of the widest entry, pixels.
    fn entry(&self) -> u32 {
        let labels = self.entries.iter();
        let longest = labels.map(|(label, _)| width(label, LABEL)).max();
        3 * PADDING + KEY + longest.unwrap_or(0)
    }

    /// Width and height of the entries under each other, pixels.
    pub(super) fn size(&self) -> (u32, u32) {
        (self.entry(), ROW * self.entries.len() as u32)
    }

    /// Draws the entries under each other on `area`, the upper left corner at `corner`, in pixels.
    pub(super) fn draw(&self, area: &Area<'_>, corner: (u32, u32)) -> Drawn<()> {
        let (width, height) = self.size();
        let ends = [
            (units(corner.0), units(corner.1)),
            (units(corner.0 + width), units(corner.1 + height)),
        ];
        area.draw(&Rectangle::new(ends, PAPER.mix(0.85).filled()))?;
        self.draw_columns(area, corner, self.entries.len())
    }

    /// Rows of the entries in as many columns as a page is wide.
    fn rows_below(&self) -> usize {
        let columns = (SIZE.0 / self.entry()).max(1);
        self.entries.len().div_ceil(columns as usize)
    }

    /// Height of the entries in columns, pixels.
    pub(super) fn height_below(&self) -> u32 {
        PADDING + ROW * self.rows_below() as u32
    }

    /// Draws the entries in columns on `area`, which is as wide as the page.
    pub(super) fn draw_below(&self, area: &Area<'_>) -> Drawn<()> {
        let rows = self.rows_below().max(1);
        let columns = self.entries.len().div_ceil(rows);
        let left = SIZE.0.saturating_sub(columns as u32 * self.entry()) / 2;
        self.draw_columns(area, (left, 0), rows)
    }

    /// Draws the entries in columns of `rows`.
    fn draw_columns(&self, area: &Area<'_>, corner: (u32, u32), rows: usize) -> Drawn<()> {
        let text = font(LABEL).pos(Pos::new(HPos::Left, VPos::Center));
        for (index, (label, key)) in self.entries.iter().enumerate() {
            let left = corner.0 + (index / rows) as u32 * self.entry() + PADDING;
            let y = units(corner.1 + (index % rows) as u32 * ROW + ROW / 2);
            let ends = [(units(left), y), (units(left + KEY), y)];
            match *key {
                Key::Curve(color, stroke) => area.draw(&line(ends, color, stroke))?,
                Key::Points { color, joined } => {
                    if joined {
                        area.draw(&line(ends, color, Stroke::Solid))?;
                    }
                    let middle = (units(left + KEY / 2), y);
                    let radius = RADIUS * UNITS / 10;
                    area.draw(&Circle::new(middle, radius, color.filled()))?;
                }
            }
            let at = (units(left + KEY + PADDING), y);
            area.draw(&Text::new(label.as_str(), at, text.clone()))?;
        }
        Ok(())
    }
}

fn line<'a>(
    ends: [(i32, i32); 2],
    color: RGBColor,
    stroke: Stroke,
) -> DynElement<'a, SVGBackend<'a>, (i32, i32)> {
    let (dash, gap) = (units(7), units(5));
    match stroke {
        Stroke::Solid => PathElement::new(ends, pen(color, 20)).into_dyn(),
        Stroke::Dashed => DashedPathElement::new(ends, dash, gap, pen(color, 16)).into_dyn(),
    }
}

/// What is drawn in a panel, as shares of its width and height, (0, 0) at the lower left.
#[derive(Debug, Default)]
pub(super) struct Drawing {
    lines: Vec<Vec<(f64, f64)>>,
}

impl Drawing {
    /// Adds a line, or a single point.
    pub(super) fn add(&mut self, line: Vec<(f64, f64)>) {
        self.lines.push(line);
    }

    /// Where a legend of this width and height, shares of the panel's, covers least of the drawing:
    /// how far to the right and how far up, 0 to 1, and how much it covers there.
    pub(super) fn clearest(&self, (width, height): (f64, f64)) -> ((f64, f64), usize) {
        let covered = |(left, bottom): (f64, f64)| {
            let (x, y) = (left * (1.0 - width), bottom * (1.0 - height));
            let inside = |(px, py): &(f64, f64)| {
                (x..=x + width).contains(px) && (y..=y + height).contains(py)
            };
            self.samples().filter(inside).count()
        };
        let [first, ..] = PLACES;
        let places = PLACES.into_iter().map(|place| (place, covered(place)));
        let clearest = places.min_by_key(|(_, covered)| *covered);
        clearest.unwrap_or((first, 0))
    }

    fn samples(&self) -> impl Iterator<Item = (f64, f64)> {
        let ends = self.lines.iter().filter_map(|line| line.last().copied());
        let pieces = self.lines.iter().flat_map(|line| line.windows(2));
        let along = pieces.flat_map(|piece| {
            let ((x0, y0), (x1, y1)) = (piece[0], piece[1]);
            (0..SAMPLES).map(move |i| {
                let share = f64::from(i) / f64::from(SAMPLES);
                (x0 + share * (x1 - x0), y0 + share * (y1 - y0))
            })
        });
        ends.chain(along)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_legend_keeps_out_of_the_way() {
        let size = (0.3, 0.3);
        let mut drawing = Drawing::default();
        assert_eq!(drawing.clearest(size), ((0.0, 0.0), 0));
        drawing.add(vec![(0.2, 0.1)]);
        assert_eq!(drawing.clearest(size), ((1.0, 1.0), 0));
        // Passes through, with no end inside.
        drawing.add(vec![(0.0, 0.95), (1.0, 0.95)]);
        assert_eq!(drawing.clearest(size), ((1.0, 0.5), 0));
        assert!(drawing.clearest((0.9, 0.9)).1 > 0);
    }
}
