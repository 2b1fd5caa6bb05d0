//! What the figures share: the page, the axes, measured series and curves.

use plotters::chart::ChartContext;
use plotters::prelude::*;

use super::axis::{self, Axis, LogAxis};
use super::clip::pieces;
use super::legend::{Drawing, Key, Legend, RADIUS};
pub(super) use super::page::Drawn;
use super::page::{self, Area, LABEL, NAME, UNITS, pen, units};
use super::palette::{GRID, LIGHT_GRID, PAPER, TEXT};
use super::text::{fitted, font, printable};

/// Room for the labels of the axes and their names, pixels: below them and at their left.
const BELOW: u32 = 56;
const LEFT: u32 = 112;

type Chart<'a> = ChartContext<'a, SVGBackend<'a>, Cartesian2d<LogAxis, Axis>>;

/// What is written around a figure.
pub(super) struct Labels<'a> {
    pub title: &'a str,
    pub x: &'a str,
    pub y: &'a str,
}

/// What was measured, with its interval.
#[derive(Debug, Clone, Copy)]
pub(super) struct Point {
    pub x: f64,
    pub y: f64,
    pub ci95: [f64; 2],
}

impl Point {
    /// What the y axis should hold of it: the ends of the interval, but a lower end only where it
    /// does not run away towards zero.
    pub(super) fn extent(&self) -> [f64; 3] {
        [self.y, self.ci95[0].max(self.y / 2.0), self.ci95[1]]
    }
}

/// How a curve is drawn.
#[derive(Debug, Clone, Copy)]
pub(super) enum Stroke {
    Solid,
    Dashed,
}

/// The area inside the axes, of which the x axis is logarithmic.
pub(super) struct Panel<'a> {
    chart: Chart<'a>,
    x: LogAxis,
    y: Axis,
    drawing: Drawing,
    legend: Legend,
}

/// Draws a figure and returns the SVG. `clamped` says that there are values below the y axis,
/// which are drawn on its end. `content` is drawn twice where the legend has no place inside the axes
/// and comes below them.
pub(super) fn draw(
    labels: &Labels<'_>,
    (x, y): (LogAxis, impl Into<Axis>),
    clamped: bool,
    content: impl Fn(&mut Panel) -> Drawn<()>,
) -> Drawn<String> {
    let y = y.into();
    let mut svg = String::new();
    let mut page = |below: Option<u32>| {
        page::draw(&mut svg, labels.title, below.unwrap_or(0), |area| {
            let (_, height) = area.dim_in_pixel();
            let (upper, lower) = area.split_vertically(height - below.unwrap_or(0) * UNITS);
            let mut panel = Panel::on(&upper, (x, y))?;
            panel.mesh(labels, clamped)?;
            content(&mut panel)?;
            match below {
                Some(_) => panel.legend.draw_below(&lower).map(|()| None),
                None => panel.draw_legend(),
            }
        })
    };
    if let Some(height) = page(None)? {
        page(Some(height))?;
    }
    Ok(svg)
}

impl<'a> Panel<'a> {
    fn on(area: &Area<'a>, (x, y): (LogAxis, Axis)) -> Drawn<Self> {
        let chart = ChartBuilder::on(area)
            .margin(12 * UNITS)
            .margin_right(28 * UNITS)
            .x_label_area_size(BELOW * UNITS)
            .y_label_area_size(LEFT * UNITS)
            .build_cartesian_2d(x, y)?;
        Ok(Self {
            chart,
            x,
            y,
            drawing: Drawing::default(),
            legend: Legend::default(),
        })
    }

    fn mesh(&mut self, labels: &Labels<'_>, clamped: bool) -> Drawn<()> {
        let end = 1.001 * self.y.low();
        let y = self.y;
        let y_label = |value: &f64| {
            let mark = if clamped && *value < end { "≤ " } else { "" };
            format!("{mark}{}", y.label(*value))
        };
        let (x_name, y_name) = (printable(labels.x), printable(labels.y));
        let (width, height) = self.chart.plotting_area().dim_in_pixel();
        // Both names have one size. They may reach beyond their axes as far as the page does.
        let x_size = fitted(&x_name, NAME, width / UNITS + 50);
        let y_size = fitted(&y_name, NAME, height / UNITS + 90);
        self.chart
            .configure_mesh()
            .bold_line_style(pen(GRID, 10))
            .light_line_style(pen(LIGHT_GRID, 10))
            .axis_style(pen(TEXT, 10))
            .set_all_tick_mark_size(5 * UNITS)
            .x_label_formatter(&|value| axis::label(*value))
            .y_label_formatter(&y_label)
            .label_style(font(LABEL))
            .x_desc(x_name.as_str())
            .axis_desc_style(font(x_size.min(y_size)))
            .y_desc(y_name.as_str())
            .draw()
    }

    /// Draws the legend where it covers nothing; without such a place, returns the height that it needs
    /// below the axes, pixels.
    fn draw_legend(&self) -> Drawn<Option<u32>> {
        const MARGIN: f64 = 8.0;
        if self.legend.is_empty() {
            return Ok(None);
        }
        let area = self.chart.plotting_area().strip_coord_spec();
        let (width, height) = self.legend.size();
        let (area_width, area_height) = area.dim_in_pixel();
        let pixels = |units: u32| f64::from(units) / f64::from(UNITS);
        let room = |all: u32, taken: u32| pixels(all) - f64::from(taken) - 2.0 * MARGIN;
        let (right, up) = (room(area_width, width), room(area_height, height));
        let share = |taken: u32, all: u32| (f64::from(taken) + 2.0 * MARGIN) / pixels(all);
        let shares = (share(width, area_width), share(height, area_height));
        let (place, covered) = self.drawing.clearest(shares);
        if right < 0.0 || up < 0.0 || covered > 0 {
            return Ok(Some(self.legend.height_below()));
        }
        let corner = (MARGIN + place.0 * right, MARGIN + (1.0 - place.1) * up);
        let corner = (corner.0 as u32, corner.1 as u32);
        self.legend.draw(&area, corner)?;
        Ok(None)
    }

    /// Notes what a series covers, for the legend to keep off it.
    fn cover(&mut self, points: impl Iterator<Item = (f64, f64)>) {
        let shares = points.map(|(x, y)| (self.x.share(x), self.y.share(y)));
        self.drawing.add(shares.collect());
    }

    /// Points with their intervals, joined by a line. A value below the axis is a hollow point on
    /// its end.
    pub(super) fn measured(&mut self, points: &[Point], color: RGBColor, label: &str) -> Drawn<()> {
        if points.len() > 1 {
            let line = points.iter().map(|point| (point.x, point.y));
            self.chart
                .draw_series(LineSeries::new(line, pen(color, 20)))?;
        }
        self.scatter(points, color, true, label)
    }

    /// The same without the line.
    pub(super) fn counted(&mut self, points: &[Point], color: RGBColor, label: &str) -> Drawn<()> {
        self.scatter(points, color, false, label)
    }

    /// Points with their intervals; in the legend, `joined` by a line.
    fn scatter(
        &mut self,
        points: &[Point],
        color: RGBColor,
        joined: bool,
        label: &str,
    ) -> Drawn<()> {
        if points.is_empty() {
            return Ok(());
        }
        let middles = || points.iter().map(|point| (point.x, point.y));
        if joined {
            self.cover(middles());
        } else {
            middles().for_each(|point| self.cover(std::iter::once(point)));
        }
        self.legend.add(label, Key::Points { color, joined });
        let radius = RADIUS * UNITS / 10;
        for point in points {
            let [low, high] = point.ci95;
            if low.is_finite() && high.is_finite() {
                let ends = [(point.x, low), (point.x, high)];
                self.cover(ends.into_iter());
                self.chart
                    .draw_series([PathElement::new(ends, pen(color, 12))])?;
            }
        }
        for point in points {
            let at = (point.x, point.y);
            if point.y < self.y.low() {
                self.chart
                    .draw_series([Circle::new(at, radius, PAPER.filled())])?;
                self.chart
                    .draw_series([Circle::new(at, radius, pen(color, 16))])?;
            } else {
                self.chart
                    .draw_series([Circle::new(at, radius, color.filled())])?;
            }
        }
        Ok(())
    }

    /// A curve through `points`, as far as it is on the y axis: it ends where it leaves the axis and
    /// goes on where it comes back. A point that is no number is a gap.
    pub(super) fn curve(
        &mut self,
        points: impl IntoIterator<Item = (f64, f64)>,
        color: RGBColor,
        stroke: Stroke,
        label: &str,
    ) -> Drawn<()> {
        for piece in pieces(points, self.y) {
            self.cover(piece.iter().copied());
            match stroke {
                Stroke::Solid => {
                    let path = PathElement::new(piece, pen(color, 20));
                    self.chart.draw_series([path])?;
                }
                Stroke::Dashed => {
                    let dashes = DashedLineSeries::new(piece, units(7), units(5), pen(color, 16));
                    self.chart.draw_series(dashes)?;
                }
            }
        }
        self.legend.add(label, Key::Curve(color, stroke));
        Ok(())
    }
}
