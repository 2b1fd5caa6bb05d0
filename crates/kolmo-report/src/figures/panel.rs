//! What the figures share: the page, the axes, measured series and curves.

use std::io;

use plotters::chart::ChartContext;
use plotters::drawing::DrawingAreaErrorKind;
use plotters::prelude::*;

use super::axis::{self, Axis, LogAxis};
use super::clip::pieces;
use super::legend::{Drawing, Key, Legend, RADIUS};

/// Of the page, in pixels of the reader.
const SIZE: (u32, u32) = (900, 600);

/// plotters rounds to whole units: so many of them a pixel keep curves smooth.
pub(super) const UNITS: u32 = 10;

const TEXT: RGBColor = RGBColor(40, 40, 40);
const GRID: RGBColor = RGBColor(222, 222, 222);
const LIGHT_GRID: RGBColor = RGBColor(243, 243, 243);

/// The result of drawing. Drawing into memory fails for no reason a user could mend.
pub(super) type Drawn<T> = Result<T, DrawingAreaErrorKind<io::Error>>;

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
/// and needs a margin.
pub(super) fn draw(
    labels: &Labels<'_>,
    (x, y): (LogAxis, impl Into<Axis>),
    clamped: bool,
    content: impl Fn(&mut Panel) -> Drawn<()>,
) -> Drawn<String> {
    let y = y.into();
    let mut svg = String::new();
    let wanted = page(&mut svg, labels, (x, y), clamped, None, &content)?;
    if let Some(margin) = wanted {
        svg.clear();
        page(&mut svg, labels, (x, y), clamped, Some(margin), &content)?;
    }
    // The view box keeps the units.
    let [units, pixels] = [UNITS, 1].map(|scale| {
        let (width, height) = (SIZE.0 * scale, SIZE.1 * scale);
        format!("width=\"{width}\" height=\"{height}\"")
    });
    Ok(svg.replacen(&units, &pixels, 1))
}

/// Draws a figure with its legend in a margin so many pixels wide, or inside the axes if that is none.
/// Returns the margin that the legend needs where it covers something.
fn page(
    svg: &mut String,
    labels: &Labels<'_>,
    (x, y): (LogAxis, Axis),
    clamped: bool,
    margin: Option<u32>,
    content: impl Fn(&mut Panel) -> Drawn<()>,
) -> Drawn<Option<u32>> {
    let size = (SIZE.0 * UNITS, SIZE.1 * UNITS);
    let root = SVGBackend::with_string(svg, size).into_drawing_area();
    root.fill(&WHITE)?;
    let left = SIZE.0 - margin.unwrap_or(0);
    let (left, right) = root.split_horizontally(left * UNITS);
    let chart = ChartBuilder::on(&left)
        .margin(12 * UNITS)
        .margin_right(28 * UNITS)
        .caption(labels.title, font(25))
        .x_label_area_size(58 * UNITS)
        .y_label_area_size(82 * UNITS)
        .build_cartesian_2d(x, y)?;
    let mut panel = Panel {
        chart,
        x,
        y,
        drawing: Drawing::default(),
        legend: Legend::default(),
    };
    panel.mesh(labels, clamped)?;
    content(&mut panel)?;
    let wanted = match margin {
        Some(_) => {
            panel.legend.draw(&right, (0, 40))?;
            None
        }
        None => panel.draw_legend()?,
    };
    root.present()?;
    Ok(wanted)
}

pub(super) fn font(size: u32) -> TextStyle<'static> {
    FontDesc::from((FontFamily::SansSerif, size * UNITS)).color(&TEXT)
}

/// A line `tenths` of a pixel wide.
pub(super) fn pen(color: RGBColor, tenths: u32) -> ShapeStyle {
    color.stroke_width(tenths * UNITS / 10)
}

impl Panel<'_> {
    fn mesh(&mut self, labels: &Labels<'_>, clamped: bool) -> Drawn<()> {
        let end = 1.001 * self.y.low();
        let y = self.y;
        let y_label = |value: &f64| {
            let mark = if clamped && *value < end { "≤ " } else { "" };
            format!("{mark}{}", y.label(*value))
        };
        self.chart
            .configure_mesh()
            .bold_line_style(pen(GRID, 10))
            .light_line_style(pen(LIGHT_GRID, 10))
            .axis_style(pen(TEXT, 10))
            .set_all_tick_mark_size(5 * UNITS)
            .x_label_formatter(&|value| axis::label(*value))
            .y_label_formatter(&y_label)
            .label_style(font(18))
            .axis_desc_style(font(20))
            .x_desc(labels.x)
            .y_desc(labels.y)
            .draw()
    }

    /// Draws the legend where it covers least; returns its width, pixels, if it is long and covers
    /// anything.
    fn draw_legend(&self) -> Drawn<Option<u32>> {
        const MARGIN: f64 = 10.0;
        const LONG: usize = 4;
        let area = self.chart.plotting_area().strip_coord_spec();
        let (width, height) = self.legend.size();
        let pixels = |units: u32| f64::from(units) / f64::from(UNITS);
        let (area_width, area_height) = area.dim_in_pixel();
        let (area_width, area_height) = (pixels(area_width), pixels(area_height));
        let share = (
            f64::from(width) / area_width,
            f64::from(height) / area_height,
        );
        let ((right, up), covered) = self.drawing.clearest(share);
        let room = |all: f64, taken: u32| (all - f64::from(taken) - 2.0 * MARGIN).max(0.0);
        let corner = (
            MARGIN + right * room(area_width, width),
            MARGIN + (1.0 - up) * room(area_height, height),
        );
        self.legend
            .draw(&area, (corner.0 as u32, corner.1 as u32))?;
        Ok((covered > 0 && self.legend.len() > LONG).then_some(width))
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
        self.cover(points.iter().map(|point| (point.x, point.y)));
        self.legend.add(label, Key::Points { color, joined });
        let radius = RADIUS * UNITS / 10;
        let bars = points.iter().filter_map(|point| {
            let [low, high] = point.ci95;
            let ends = vec![(point.x, low), (point.x, high)];
            (low.is_finite() && high.is_finite()).then(|| PathElement::new(ends, pen(color, 12)))
        });
        self.chart.draw_series(bars)?;
        for point in points {
            let at = (point.x, point.y);
            if point.y < self.y.low() {
                self.chart
                    .draw_series([Circle::new(at, radius, WHITE.filled())])?;
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
        let unit = UNITS as i32;
        for piece in pieces(points, self.y) {
            self.cover(piece.iter().copied());
            match stroke {
                Stroke::Solid => {
                    let path = PathElement::new(piece, pen(color, 20));
                    self.chart.draw_series([path])?;
                }
                Stroke::Dashed => {
                    let dashes = DashedLineSeries::new(piece, 7 * unit, 5 * unit, pen(color, 16));
                    self.chart.draw_series(dashes)?;
                }
            }
        }
        self.legend.add(label, Key::Curve(color, stroke));
        Ok(())
    }
}
