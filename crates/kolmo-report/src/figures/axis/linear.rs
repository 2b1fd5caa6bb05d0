//! A linear axis from zero.

use std::ops::Range;

use plotters::coord::ranged1d::{DefaultFormatting, KeyPointHint, Ranged};

/// The labels of an axis are so many at most, zero and both ends included.
const MOST_LABELS: f64 = 7.0;

/// A linear axis from zero to a whole number of steps.
#[derive(Debug, Clone, Copy)]
pub(in crate::figures) struct LinearAxis {
    /// From one label to the next: 1, 2 or 5 times a power of ten.
    step: f64,
    steps: u32,
}

impl LinearAxis {
    /// The smallest axis that holds 0 and `high`, which is positive and finite, and ends with a label.
    pub(in crate::figures) fn from_zero(high: f64) -> Self {
        let least = high / (MOST_LABELS - 1.0);
        let decade = 10_f64.powf(least.log10().floor());
        let round = [1.0, 2.0, 5.0, 10.0].map(|m| m * decade);
        let step = round.into_iter().find(|step| *step >= least * (1.0 - 1e-9));
        let step = step.unwrap_or(10.0 * decade);
        let steps = (high / step * (1.0 - 1e-9)).ceil().max(1.0) as u32;
        Self { step, steps }
    }

    pub(in crate::figures) fn low(&self) -> f64 {
        0.0
    }

    pub(in crate::figures) fn high(&self) -> f64 {
        self.step * f64::from(self.steps)
    }

    /// See [`Axis::place`](super::Axis::place).
    pub(in crate::figures) fn place(&self, value: f64) -> f64 {
        value / self.high()
    }

    /// See [`Axis::share`](super::Axis::share).
    pub(in crate::figures) fn share(&self, value: f64) -> f64 {
        self.place(value).clamp(0.0, 1.0)
    }

    /// 0, 0.25, 40; 0, 0.5M, 1.0M: all labels of an axis have the same unit and digits.
    pub(in crate::figures) fn label(&self, value: f64) -> String {
        let units = [(1e12, "T"), (1e9, "B"), (1e6, "M"), (1e3, "k")];
        let unit = units.into_iter().find(|(size, _)| self.high() >= *size);
        let (size, suffix) = unit.unwrap_or((1.0, ""));
        let decimals = -((self.step / size).log10() + 1e-9).floor();
        let decimals = decimals.clamp(0.0, 9.0) as usize;
        if value == 0.0 {
            "0".to_owned()
        } else {
            format!("{:.decimals$}{suffix}", value / size)
        }
    }
}

impl Ranged for LinearAxis {
    type FormatOption = DefaultFormatting;
    type ValueType = f64;

    fn map(&self, value: &f64, (start, end): (i32, i32)) -> i32 {
        start + (f64::from(end - start) * self.share(*value)).round() as i32
    }

    fn key_points<Hint: KeyPointHint>(&self, hint: Hint) -> Vec<f64> {
        // Faint lines halve the steps.
        let parts = 1 + u32::from(hint.weight().allow_light_points());
        let lines = 0..=parts * self.steps;
        lines
            .map(|k| self.step * f64::from(k) / f64::from(parts))
            .collect()
    }

    fn range(&self) -> Range<f64> {
        0.0..self.high()
    }
}

#[cfg(test)]
mod tests {
    use plotters::coord::ranged1d::BoldPoints;

    use super::*;

    fn labels(high: f64) -> Vec<String> {
        let axis = LinearAxis::from_zero(high);
        let points = axis.key_points(BoldPoints(11));
        points.into_iter().map(|value| axis.label(value)).collect()
    }

    #[test]
    fn labels_are_round_numbers_of_one_unit() {
        assert_eq!(labels(1.0), ["0", "0.2", "0.4", "0.6", "0.8", "1.0"]);
        assert_eq!(labels(0.34), ["0", "0.1", "0.2", "0.3", "0.4"]);
        assert_eq!(labels(55.0), ["0", "10", "20", "30", "40", "50", "60"]);
        assert_eq!(
            labels(2.6e6),
            ["0", "0.5M", "1.0M", "1.5M", "2.0M", "2.5M", "3.0M"]
        );
        assert_eq!(labels(9e5).last().unwrap(), "1.0M");
        for high in [1e-7, 3e-4, 0.7, 1e3, 7e8, 2e14, 1e300] {
            let labels = labels(high);
            assert!((3..=7).contains(&labels.len()), "{labels:?}");
        }
    }

    #[test]
    fn places_stay_on_the_axis() {
        let axis = LinearAxis::from_zero(2.0);
        let places = [-1.0, 0.0, 0.5, 2.0, 3.0, f64::INFINITY];
        let places = places.map(|value| axis.map(&value, (300, 0)));
        assert_eq!(places, [300, 300, 225, 0, 0, 0]);
        assert_eq!(axis.place(3.0), 1.5);
    }
}
