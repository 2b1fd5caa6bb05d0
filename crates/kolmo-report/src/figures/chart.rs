//! A chart of curves and points: data here, drawn by [`panel`](super::panel).

/// Curves and points over two axes, x logarithmic.
#[derive(Debug, Clone, PartialEq)]
pub struct Chart {
    /// Above it.
    pub title: String,
    /// Of the x axis, with its unit.
    pub x: String,
    /// Of the y axis, with its unit.
    pub y: String,
    /// Whether the y axis is logarithmic; a linear one begins at zero.
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
