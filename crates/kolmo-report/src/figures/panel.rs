//! What the figures share: the page, the axes, measured series and curves.

use std::io;

use plotters::chart::ChartContext;
use plotters::drawing::DrawingAreaErrorKind;
use plotters::element::DashedPathElement;
use plotters::prelude::*;

use super::axis::{self, LogAxis};
use super::legend::Drawing;

/// Of the page, in pixels of the reader.
const SIZE: (u32, u32) = (900, 600);

/// plotters rounds to whole units: so many of them a pixel keep curves smooth.
const UNITS: u32 = 10;

/// What is measured.
pub(super) const MEASURED: RGBColor = RGBColor(31, 97, 168);
/// What theory expects.
pub(super) const THEORY: RGBColor = RGBColor(90, 90, 90);
/// What is there for comparison.
pub(super) const REFERENCE: RGBColor = RGBColor(160, 160, 160);

const TEXT: RGBColor = RGBColor(40, 40, 40);
const GRID: RGBColor = RGBColor(222, 222, 222);
const LIGHT_GRID: RGBColor = RGBColor(243, 243, 243);

/// The result of drawing. Drawing into memory fails for no reason a user could mend.
pub(super) type Drawn<T> = Result<T, DrawingAreaErrorKind<io::Error>>;

type Chart<'a> = ChartContext<'a, SVGBackend<'a>, Cartesian2d<LogAxis, LogAxis>>;

/// What is written around a figure.
pub(super) struct Labels {
    pub title: &'static str,
    pub x: &'static str,
    pub y: &'static str,
}

/// A measured loss, nats per fact.
#[derive(Debug, Clone, Copy)]
pub(super) struct Point {
    pub x: f64,
    pub loss: f64,
    pub ci95: [f64; 2],
}

impl Point {
    /// What the y axis should hold of it: the ends of the interval, but a lower end only where it
    /// does not run away towards zero.
    pub(super) fn extent(&self) -> [f64; 3] {
        [self.loss, self.ci95[0].max(self.loss / 2.0), self.ci95[1]]
    }
}

/// How a curve is drawn.
#[derive(Debug, Clone, Copy)]
pub(super) enum Stroke {
    Solid,
    Dashed,
}

/// The area inside the axes, both logarithmic.
pub(super) struct Panel<'a> {
    chart: Chart<'a>,
    x: LogAxis,
    y: LogAxis,
    drawing: Drawing,
    legend: Vec<String>,
}

/// Draws a figure and returns the SVG. `clamped` says that there are values below the y axis,
/// which are drawn on its end.
pub(super) fn draw(
    labels: &Labels,
    (x, y): (LogAxis, LogAxis),
    clamped: bool,
    content: impl FnOnce(&mut Panel) -> Drawn<()>,
) -> Drawn<String> {
    let mut svg = String::new();
    {
        let size = (SIZE.0 * UNITS, SIZE.1 * UNITS);
        let root = SVGBackend::with_string(&mut svg, size).into_drawing_area();
        root.fill(&WHITE)?;
        let chart = ChartBuilder::on(&root)
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
            legend: Vec::new(),
        };
        panel.mesh(labels, clamped)?;
        content(&mut panel)?;
        panel.legend()?;
        root.present()?;
    }
    // The view box keeps the units.
    let [units, pixels] = [UNITS, 1].map(|scale| {
        let (width, height) = (SIZE.0 * scale, SIZE.1 * scale);
        format!("width=\"{width}\" height=\"{height}\"")
    });
    Ok(svg.replacen(&units, &pixels, 1))
}

fn font(size: u32) -> TextStyle<'static> {
    FontDesc::from((FontFamily::SansSerif, size * UNITS)).color(&TEXT)
}

/// A line `tenths` of a pixel wide.
fn pen(color: RGBColor, tenths: u32) -> ShapeStyle {
    color.stroke_width(tenths * UNITS / 10)
}

impl Panel<'_> {
    fn mesh(&mut self, labels: &Labels, clamped: bool) -> Drawn<()> {
        let end = 1.001 * self.y.low();
        let loss_label = |loss: &f64| {
            let mark = if clamped && *loss < end { "≤ " } else { "" };
            format!("{mark}{}", axis::label(*loss))
        };
        self.chart
            .configure_mesh()
            .bold_line_style(pen(GRID, 10))
            .light_line_style(pen(LIGHT_GRID, 10))
            .axis_style(pen(TEXT, 10))
            .set_all_tick_mark_size(5 * UNITS)
            .x_label_formatter(&|value| axis::label(*value))
            .y_label_formatter(&loss_label)
            .label_style(font(18))
            .axis_desc_style(font(20))
            .x_desc(labels.x)
            .y_desc(labels.y)
            .draw()
    }

    fn legend(&mut self) -> Drawn<()> {
        let longest = self.legend.iter().map(|label| label.chars().count()).max();
        let width = 60 + 9 * longest.unwrap_or(0);
        let height = 20 + 23 * self.legend.len();
        let (panel_width, panel_height) = self.chart.plotting_area().dim_in_pixel();
        let size = (
            width as f64 * f64::from(UNITS) / f64::from(panel_width),
            height as f64 * f64::from(UNITS) / f64::from(panel_height),
        );
        self.chart
            .configure_series_labels()
            .position(self.drawing.clearest(size))
            .margin(10 * UNITS)
            .legend_area_size(32 * UNITS)
            .background_style(WHITE.mix(0.85))
            .label_font(font(18))
            .draw()
    }

    /// Notes what a series covers, for the legend to keep off it.
    fn note(&mut self, label: &str, points: impl Iterator<Item = (f64, f64)>) {
        let shares = points.map(|(x, loss)| (self.x.share(x), self.y.share(loss)));
        self.drawing.add(shares.collect());
        self.legend.push(label.to_owned());
    }

    /// Points with their intervals, joined by a line. A value below the axis is a hollow point on
    /// its end.
    pub(super) fn measured(&mut self, points: &[Point], color: RGBColor, label: &str) -> Drawn<()> {
        if points.is_empty() {
            return Ok(());
        }
        self.note(label, points.iter().map(|point| (point.x, point.loss)));
        let unit = UNITS as i32;
        let radius = 35 * unit / 10;
        let bars = points.iter().filter_map(|point| {
            let [low, high] = point.ci95;
            let ends = vec![(point.x, low), (point.x, high)];
            (low.is_finite() && high.is_finite()).then(|| PathElement::new(ends, pen(color, 12)))
        });
        self.chart.draw_series(bars)?;
        if points.len() > 1 {
            let line = points.iter().map(|point| (point.x, point.loss));
            self.chart
                .draw_series(LineSeries::new(line, pen(color, 20)))?;
        }
        for point in points {
            let at = (point.x, point.loss);
            if point.loss < self.y.low() {
                self.chart
                    .draw_series([Circle::new(at, radius, WHITE.filled())])?;
                self.chart
                    .draw_series([Circle::new(at, radius, pen(color, 16))])?;
            } else {
                self.chart
                    .draw_series([Circle::new(at, radius, color.filled())])?;
            }
        }
        let key = move |at| {
            EmptyElement::at(at)
                + PathElement::new(vec![(0, 0), (24 * unit, 0)], pen(color, 20))
                + Circle::new((12 * unit, 0), radius, color.filled())
        };
        self.chart
            .draw_series(std::iter::empty::<PathElement<(f64, f64)>>())?
            .label(label)
            .legend(key);
        Ok(())
    }

    /// A falling curve through `points`, cut off where it leaves the axis at the bottom.
    pub(super) fn curve(
        &mut self,
        points: impl IntoIterator<Item = (f64, f64)>,
        color: RGBColor,
        stroke: Stroke,
        label: &str,
    ) -> Drawn<()> {
        let unit = UNITS as i32;
        let points = self.above_the_floor(points);
        self.note(label, points.iter().copied());
        let annotation = match stroke {
            Stroke::Solid => self
                .chart
                .draw_series([PathElement::new(points, pen(color, 20))])?,
            Stroke::Dashed => {
                let dashes = DashedLineSeries::new(points, 7 * unit, 5 * unit, pen(color, 16));
                self.chart.draw_series(dashes)?
            }
        };
        annotation.label(label).legend(move |(x, y)| match stroke {
            Stroke::Solid => {
                PathElement::new(vec![(x, y), (x + 24 * unit, y)], pen(color, 20)).into_dyn()
            }
            Stroke::Dashed => {
                let ends = [(x, y), (x + 24 * unit, y)];
                DashedPathElement::new(ends, 7 * unit, 5 * unit, pen(color, 16)).into_dyn()
            }
        });
        Ok(())
    }

    /// `points` up to where the curve through them meets the end of the y axis.
    fn above_the_floor(&self, points: impl IntoIterator<Item = (f64, f64)>) -> Vec<(f64, f64)> {
        let floor = self.y.low();
        let mut kept: Vec<(f64, f64)> = Vec::new();
        for (x, loss) in points {
            if loss >= floor {
                kept.push((x, loss));
                continue;
            }
            if let Some(&(last, above)) = kept.last() {
                // A loss of 0 is infinitely far below: the curve falls straight down.
                let share = (above / floor).ln() / (above / loss).ln();
                kept.push((last * (x / last).powf(share), floor));
            }
            break;
        }
        kept
    }
}
