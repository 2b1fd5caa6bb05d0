//! A chart of curves and points, and how it is drawn.

use serde_json::{Value, json};

use super::axis::{Axis, LinearAxis, LogAxis};
use super::page::Drawn;
use super::palette::color;
use super::panel::{self, Labels, Panel, Point, Stroke};
use crate::csv;
use crate::error::Result;

/// So far, as a factor, curves may take a logarithmic y axis beyond the points.
const BEYOND_POINTS: f64 = 10.0;

/// So far, as a factor, a logarithmic y axis goes down from its upper end where there are no points: a
/// curve that falls exponentially has no end.
const BELOW_CURVES: f64 = 1e6;

/// Curves and points over two axes, x logarithmic.
#[derive(Debug, Clone, PartialEq)]
pub struct Chart {
    /// Above it.
    pub title: String,
    /// Of the x axis, with its unit.
    pub x: String,
    /// Of the y axis, with its unit.
    pub y: String,
    /// Whether the y axis is logarithmic; a linear one holds zero.
    pub log_y: bool,
    /// What is drawn, in the order of the legend.
    pub series: Vec<Series>,
}

/// One line or one set of points.
#[derive(Debug, Clone, PartialEq)]
pub struct Series {
    /// Of the legend.
    pub label: String,
    /// How it is drawn.
    pub mark: Mark,
    /// Its colour.
    pub ink: Ink,
    /// In the order of x.
    pub points: Vec<Datum>,
}

/// How a series is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mark {
    /// A line.
    Line,
    /// A dashed line.
    Dashes,
    /// Points with their intervals.
    Points,
    /// Points with their intervals, joined by a line.
    JoinedPoints,
}

/// Colours by what they stand for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Ink {
    /// What is measured.
    Measured,
    /// What theory expects.
    Theory,
    /// An asymptote, or another law.
    Asymptote,
    /// For comparison.
    Reference,
    /// One of an ordered family, 0 to 1.
    Shade(f64),
}

/// A point, with the 95 % interval of y if it is an estimate.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Datum {
    /// Its place.
    pub x: f64,
    /// Its value.
    pub y: f64,
    /// The interval of the value.
    pub ci95: Option<[f64; 2]>,
}

impl Chart {
    /// The chart as SVG. What has no place on its axes, as a value that is not finite, is left out; a
    /// value too small for a logarithmic y axis is a hollow point on its end.
    ///
    /// # Errors
    /// [`Error::Draw`](crate::Error::Draw) if the plotting library refuses, whose fault it is.
    pub fn svg(&self) -> Result<String> {
        super::drawn(&self.title, self.draw())
    }

    /// Its numbers, a row a point: `series,x,y,lo,hi`, the last two empty where there is no interval.
    pub fn csv(&self) -> String {
        let points = self.series.iter().flat_map(|series| {
            let points = series.points.iter();
            points.map(move |point| (series.label.as_str(), point))
        });
        let rows = points.map(|(label, point)| {
            let [lo, hi] = point.ci95.map_or([Value::Null, Value::Null], |ends| {
                ends.map(|end| json!(end))
            });
            vec![json!(label), json!(point.x), json!(point.y), lo, hi]
        });
        csv::table(&["series", "x", "y", "lo", "hi"], rows)
    }

    pub(super) fn draw(&self) -> Drawn<String> {
        let labels = Labels {
            title: &self.title,
            x: &self.x,
            y: &self.y,
        };
        let all = || self.series.iter().flat_map(Series::drawable);
        let x = LogAxis::around(all().map(|point| point.x), f64::MIN_POSITIVE)
            .map_or(LogAxis::new(1.0, 1e6), LogAxis::padded);
        let (y, clamped) = if self.log_y {
            let y = self.log_axis();
            (Axis::Log(y), self.points().any(|point| point.y < y.low()))
        } else {
            let ends = all().flat_map(|point| {
                let [lo, hi] = point.ci95.unwrap_or([point.y; 2]);
                [point.y, lo, hi]
            });
            (Axis::Linear(LinearAxis::around(ends)), false)
        };
        panel::draw(&labels, (x, y), clamped, |panel| {
            let mut series = self.series.iter();
            series.try_for_each(|series| series.draw(panel))
        })
    }

    /// The data that are drawn as points.
    fn points(&self) -> impl Iterator<Item = &Datum> {
        let series = self.series.iter();
        let points = series.filter(|series| series.mark.is_points());
        points.flat_map(Series::drawable)
    }

    /// The y axis for the points, and for curves as far as they are not far from them.
    fn log_axis(&self) -> LogAxis {
        let curves = self.series.iter().filter(|series| !series.mark.is_points());
        let curves = curves.flat_map(Series::drawable).map(|point| point.y);
        let points = self.points().flat_map(|datum| datum.point().extent());
        let points: Vec<f64> = points.collect();
        let all = match LogAxis::around(points.iter().copied(), f64::MIN_POSITIVE) {
            Some(axis) => {
                let (low, high) = (axis.low() / BEYOND_POINTS, axis.high() * BEYOND_POINTS);
                let near = curves.filter(|y| (low..=high).contains(y));
                LogAxis::around(points.iter().copied().chain(near), f64::MIN_POSITIVE)
            }
            None => {
                let highest = curves.clone().fold(0.0, f64::max);
                LogAxis::around(curves, (highest / BELOW_CURVES).max(f64::MIN_POSITIVE))
            }
        };
        all.map_or(LogAxis::new(1e-3, 1.0), LogAxis::rounded)
    }
}

impl Series {
    /// The points that have a place on a logarithmic x axis.
    fn drawable(&self) -> impl Iterator<Item = &Datum> + Clone {
        let points = self.points.iter();
        points.filter(|point| point.x.is_normal() && point.x > 0.0 && point.y.is_finite())
    }

    fn draw(&self, panel: &mut Panel<'_>) -> Drawn<()> {
        let color = color(self.ink);
        let points = || self.drawable().map(Datum::point).collect::<Vec<_>>();
        let line = self.points.iter().filter(|point| point.x.is_normal());
        let line = line
            .filter(|point| point.x > 0.0)
            .map(|point| (point.x, point.y));
        match self.mark {
            Mark::Line => panel.curve(line, color, Stroke::Solid, &self.label),
            Mark::Dashes => panel.curve(line, color, Stroke::Dashed, &self.label),
            Mark::Points => panel.counted(&points(), color, &self.label),
            Mark::JoinedPoints => panel.measured(&points(), color, &self.label),
        }
    }
}

impl Mark {
    fn is_points(self) -> bool {
        matches!(self, Self::Points | Self::JoinedPoints)
    }
}

impl Datum {
    fn point(&self) -> Point {
        Point {
            x: self.x,
            y: self.y,
            ci95: self.ci95.unwrap_or([f64::NAN; 2]),
        }
    }
}

#[cfg(test)]
mod tests;
