//! A linear axis that holds zero.

use std::ops::Range;

use plotters::coord::ranged1d::{DefaultFormatting, KeyPointHint, Ranged};

/// The labels of an axis are so many at most, zero and both ends included.
const MOST_LABELS: f64 = 7.0;

/// Values are held within it: the width of an axis is a number too.
const LARGEST: f64 = 1e300;

/// A linear axis of whole steps that holds zero.
#[derive(Debug, Clone, Copy)]
pub(in crate::figures) struct LinearAxis {
    /// From one label to the next: 1, 2 or 5 times a power of ten.
    step: f64,
    /// Steps from zero down to the lower end.
    below: u32,
    /// Steps from zero up to the upper end.
    above: u32,
}

impl LinearAxis {
    /// The smallest axis that holds 0 and `high`, which is positive and finite, and ends with a label.
    pub(in crate::figures) fn from_zero(high: f64) -> Self {
        Self::around([high])
    }

    /// The smallest axis that holds 0 and those of `values` that are finite, and ends with labels. It
    /// is one wide if they are all zero.
    pub(in crate::figures) fn around(values: impl IntoIterator<Item = f64>) -> Self {
        let finite = values.into_iter().filter(|value| value.is_finite());
        let (low, high) = finite.fold((0.0_f64, 0.0_f64), |(low, high), value| {
            (low.min(value), high.max(value))
        });
        let (low, mut high) = (low.max(-LARGEST), high.min(LARGEST));
        if high - low < f64::MIN_POSITIVE {
            high = 1.0;
        }
        // With both ends rounded out there is a label more than steps, and one where zero is between.
        let most = MOST_LABELS - if low < 0.0 && high > 0.0 { 2.0 } else { 1.0 };
        let least = (high - low) / most;
        let decade = 10_f64.powf(least.log10().floor());
        let round = [1.0, 2.0, 5.0, 10.0].map(|m| m * decade);
        let step = round.into_iter().find(|step| *step >= least * (1.0 - 1e-9));
        let step = step.unwrap_or(10.0 * decade);
        let steps = |length: f64| (length / step * (1.0 - 1e-9)).ceil() as u32;
        Self {
            step,
            below: steps(-low),
            above: steps(high),
        }
    }

    pub(in crate::figures) fn low(&self) -> f64 {
        -self.step * f64::from(self.below)
    }

    pub(in crate::figures) fn high(&self) -> f64 {
        self.step * f64::from(self.above)
    }

    /// See [`Axis::place`](super::Axis::place).
    pub(in crate::figures) fn place(&self, value: f64) -> f64 {
        (value - self.low()) / (self.high() - self.low())
    }

    /// See [`Axis::share`](super::Axis::share).
    pub(in crate::figures) fn share(&self, value: f64) -> f64 {
        self.place(value).clamp(0.0, 1.0)
    }

    /// 0, 0.25, 40; 0, 0.5M, 1.0M: all labels of an axis have the same unit and digits.
    pub(in crate::figures) fn label(&self, value: f64) -> String {
        let longest = self.high().max(-self.low());
        let units = [(1e12, "T"), (1e9, "B"), (1e6, "M"), (1e3, "k")];
        let unit = units.into_iter().find(|(size, _)| longest >= *size);
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
        let lines = 0..=parts * (self.below + self.above);
        lines
            .map(|k| f64::from(k) / f64::from(parts) - f64::from(self.below))
            .map(|steps| self.step * steps)
            .collect()
    }

    fn range(&self) -> Range<f64> {
        self.low()..self.high()
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
    fn an_axis_goes_below_zero_only_for_what_is_there() {
        let labels = |values: &[f64]| -> Vec<String> {
            let axis = LinearAxis::around(values.iter().copied());
            let points = axis.key_points(BoldPoints(11));
            points.into_iter().map(|value| axis.label(value)).collect()
        };
        assert_eq!(
            labels(&[-0.3, 0.9, f64::NAN]),
            ["-0.5", "0", "0.5", "1.0"],
            "both"
        );
        assert_eq!(
            labels(&[-3e3]),
            ["-3.0k", "-2.5k", "-2.0k", "-1.5k", "-1.0k", "-0.5k", "0"]
        );
        for nothing in [&[][..], &[0.0], &[f64::INFINITY]] {
            assert_eq!(labels(nothing).last().unwrap(), "1.0");
        }
        let axis = LinearAxis::around([-f64::MAX, f64::MAX]);
        assert!(axis.high().is_finite() && axis.place(0.0) == 0.5);
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
