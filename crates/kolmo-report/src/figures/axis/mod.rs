//! The axes of a figure: where values become places on the page, and which of them are labelled.

mod linear;
mod log;

use std::ops::Range;

use plotters::coord::ranged1d::{DefaultFormatting, KeyPointHint, Ranged};

pub(super) use linear::LinearAxis;
pub(super) use log::{LogAxis, label};

/// An axis of either kind.
#[derive(Debug, Clone, Copy)]
pub(super) enum Axis {
    Log(LogAxis),
    Linear(LinearAxis),
}

impl From<LogAxis> for Axis {
    fn from(axis: LogAxis) -> Self {
        Self::Log(axis)
    }
}

impl From<LinearAxis> for Axis {
    fn from(axis: LinearAxis) -> Self {
        Self::Linear(axis)
    }
}

impl Axis {
    /// The lower end.
    pub(super) fn low(&self) -> f64 {
        match self {
            Self::Log(axis) => axis.low(),
            Self::Linear(axis) => axis.low(),
        }
    }

    /// The upper end.
    pub(super) fn high(&self) -> f64 {
        match self {
            Self::Log(axis) => axis.high(),
            Self::Linear(axis) => axis.high(),
        }
    }

    /// Where `value` is: 0 at the low end, 1 at the high end, below 0 and above 1 beyond them. Zero is
    /// infinitely far below a logarithmic axis, and a negative value is nowhere on it: NaN.
    pub(super) fn place(&self, value: f64) -> f64 {
        match self {
            Self::Log(axis) => axis.place(value),
            Self::Linear(axis) => axis.place(value),
        }
    }

    /// How far along the axis `value` is: 0 at the low end or below, 1 at the high end or above.
    pub(super) fn share(&self, value: f64) -> f64 {
        match self {
            Self::Log(axis) => axis.share(value),
            Self::Linear(axis) => axis.share(value),
        }
    }

    /// What is written beside `value`.
    pub(super) fn label(&self, value: f64) -> String {
        match self {
            Self::Log(_) => label(value),
            Self::Linear(axis) => axis.label(value),
        }
    }
}

impl Ranged for Axis {
    type FormatOption = DefaultFormatting;
    type ValueType = f64;

    fn map(&self, value: &f64, limits: (i32, i32)) -> i32 {
        match self {
            Self::Log(axis) => axis.map(value, limits),
            Self::Linear(axis) => axis.map(value, limits),
        }
    }

    fn key_points<Hint: KeyPointHint>(&self, hint: Hint) -> Vec<f64> {
        match self {
            Self::Log(axis) => axis.key_points(hint),
            Self::Linear(axis) => axis.key_points(hint),
        }
    }

    fn range(&self) -> Range<f64> {
        match self {
            Self::Log(axis) => axis.range(),
            Self::Linear(axis) => axis.range(),
        }
    }
}
