//! A logarithmic axis.

use std::ops::Range;

use plotters::coord::ranged1d::{DefaultFormatting, KeyPointHint, Ranged};

/// An axis of so many decades or more labels every second, third, ... only.
const MOST_LABELS: i32 = 10;

/// A logarithmic axis from `low` to `high`, both positive and finite.
#[derive(Debug, Clone, Copy)]
pub(in crate::figures) struct LogAxis {
    low: f64,
    high: f64,
}

impl LogAxis {
    /// The bounds of a plot no data has a say in.
    pub(in crate::figures) fn new(low: f64, high: f64) -> Self {
        Self { low, high }
    }

    /// The smallest axis that holds those of `values` that are finite and not below `least`; none
    /// if there are none.
    pub(in crate::figures) fn around(
        values: impl IntoIterator<Item = f64>,
        least: f64,
    ) -> Option<Self> {
        let fit = values
            .into_iter()
            .filter(|value| value.is_finite() && *value >= least);
        let (low, high) = fit.fold((f64::INFINITY, 0.0_f64), |(low, high), value| {
            (low.min(value), high.max(value))
        });
        (low <= high).then_some(Self { low, high })
    }

    /// A little room at both ends, and no less than a decade in all.
    pub(in crate::figures) fn padded(self) -> Self {
        let missing = (10.0 * self.low / self.high).max(1.0);
        let room = missing.sqrt().max(1.2);
        Self::new(self.low / room, (self.high * room).min(f64::MAX))
    }

    /// Out to the next of ..., 1, 2, 5, 10, 20, ... at both ends; a value on an end gets room.
    pub(in crate::figures) fn rounded(self) -> Self {
        let decade = |value: f64| 10_f64.powf(value.log10().floor());
        let steps = [0.5, 1.0, 2.0, 5.0, 10.0, 20.0];
        let below = |value: f64| {
            let decade = decade(value);
            let mut fit = steps.iter().rev().map(|step| step * decade);
            fit.find(|bound| *bound < 0.99 * value).unwrap_or(value)
        };
        let above = |value: f64| {
            let decade = decade(value);
            let mut fit = steps.iter().map(|step| step * decade);
            fit.find(|bound| bound.is_finite() && *bound > 1.01 * value)
                .unwrap_or(value)
        };
        Self::new(below(self.low), above(self.high))
    }

    /// The same axis with its lower end at `low`.
    pub(in crate::figures) fn starting_at(self, low: f64) -> Self {
        Self::new(low, self.high.max(10.0 * low))
    }

    pub(in crate::figures) fn low(&self) -> f64 {
        self.low
    }

    pub(in crate::figures) fn high(&self) -> f64 {
        self.high
    }

    /// See [`Axis::place`](super::Axis::place).
    pub(in crate::figures) fn place(&self, value: f64) -> f64 {
        (value.log10() - self.low.log10()) / self.decades()
    }

    /// See [`Axis::share`](super::Axis::share).
    pub(in crate::figures) fn share(&self, value: f64) -> f64 {
        self.place(value.max(self.low).min(self.high))
    }

    /// `count` values, evenly spread over the axis on the log scale, both ends included.
    pub(in crate::figures) fn grid(&self, count: u32) -> impl Iterator<Item = f64> {
        let (low, ratio) = (self.low, self.high / self.low);
        (0..count).map(move |i| low * ratio.powf(f64::from(i) / f64::from(count - 1)))
    }

    fn decades(&self) -> f64 {
        self.high.log10() - self.low.log10()
    }

    /// Where every label is at most so many powers of ten from the next.
    fn stride(&self) -> i32 {
        1 + self.decades() as i32 / MOST_LABELS
    }

    /// The values with a label.
    fn labelled(&self) -> Vec<f64> {
        let mantissas: &[i32] = if self.decades() < 2.5 {
            &[1, 2, 5]
        } else {
            &[1]
        };
        self.multiples(mantissas, self.stride())
    }

    /// The values with a faint line.
    fn unlabelled(&self) -> Vec<f64> {
        if self.stride() == 1 {
            self.multiples(&[2, 3, 4, 5, 6, 7, 8, 9], 1)
        } else {
            self.multiples(&[1], 1)
        }
    }

    /// m · 10^e on the axis, for m in `mantissas` and e a multiple of `stride`.
    fn multiples(&self, mantissas: &[i32], stride: i32) -> Vec<f64> {
        let slack = 1e-9;
        let on_axis = self.low * (1.0 - slack)..=self.high * (1.0 + slack);
        let first = (self.low.log10().floor() as i32).div_euclid(stride) * stride;
        (first..=self.high.log10().ceil() as i32)
            .step_by(stride as usize)
            .flat_map(|exponent| {
                let decade = 10_f64.powi(exponent);
                mantissas.iter().map(move |m| f64::from(*m) * decade)
            })
            .filter(|value| on_axis.contains(value))
            .collect()
    }
}

impl Ranged for LogAxis {
    type FormatOption = DefaultFormatting;
    type ValueType = f64;

    fn map(&self, value: &f64, (start, end): (i32, i32)) -> i32 {
        start + (f64::from(end - start) * self.share(*value)).round() as i32
    }

    fn key_points<Hint: KeyPointHint>(&self, hint: Hint) -> Vec<f64> {
        if hint.weight().allow_light_points() {
            self.unlabelled()
        } else {
            self.labelled()
        }
    }

    fn range(&self) -> Range<f64> {
        self.low..self.high
    }
}

/// The label of m · 10^e: 0.001, 0.5, 20, 1k, 10k, 1M, 1B; 1e-5 and 1e12 outside.
pub(in crate::figures) fn label(value: f64) -> String {
    let exponent = (value.log10() + 1e-6).floor() as i32;
    let mantissa = (value / 10_f64.powi(exponent)).round();
    match exponent {
        -4..=-1 => {
            let decimals = exponent.unsigned_abs() as usize;
            format!("{value:.decimals$}")
        }
        0..=11 => {
            let suffix = ["", "k", "M", "B"][exponent as usize / 3];
            format!("{}{suffix}", mantissa * 10_f64.powi(exponent % 3))
        }
        _ => format!("{mantissa}e{exponent}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(low: f64, high: f64) -> Vec<String> {
        let labelled = LogAxis::new(low, high).labelled();
        labelled.into_iter().map(label).collect()
    }

    #[test]
    fn labels_are_round_numbers() {
        assert_eq!(
            labels(1e-3, 11.0),
            ["0.001", "0.01", "0.1", "1", "10"],
            "decades"
        );
        assert_eq!(labels(0.05, 1.0), ["0.05", "0.1", "0.2", "0.5", "1"]);
        assert_eq!(
            labels(90.0, 2e10),
            ["100", "1k", "10k", "100k", "1M", "10M", "100M", "1B", "10B"]
        );
        assert_eq!(labels(5e-6, 3e-5), ["5e-6", "1e-5", "2e-5"]);
        assert!(labels(1e-300, 1e300).len() <= 10);
    }

    #[test]
    fn an_axis_holds_its_values_and_no_others() {
        let values = [f64::NAN, -1.0, 0.0, 3.0, 0.2, f64::INFINITY];
        let axis = LogAxis::around(values, 1e-3).unwrap();
        assert_eq!((axis.low, axis.high), (0.2, 3.0));
        assert!(LogAxis::around([f64::NAN, 0.0], 1e-3).is_none());

        let rounded = axis.rounded();
        assert!((rounded.low - 0.1).abs() < 1e-12 && (rounded.high - 5.0).abs() < 1e-12);
        let single = LogAxis::new(1000.0, 1000.0).padded();
        assert!((single.high / single.low - 10.0).abs() < 1e-9);
        let single = LogAxis::new(1000.0, 1000.0).rounded();
        assert!(single.low < 990.0 && single.high > 1010.0);
    }

    #[test]
    fn places_stay_on_the_axis() {
        let axis = LogAxis::new(0.01, 10.0);
        let places = [0.0, -3.0, 0.01, 0.1, 1.0, 10.0, f64::INFINITY];
        let places = places.map(|value| axis.map(&value, (300, 0)));
        assert_eq!(places, [300, 300, 300, 200, 100, 0, 0]);
        assert_eq!(axis.unlabelled().len(), 3 * 8);
        let widest = LogAxis::new(f64::MIN_POSITIVE, f64::MAX).padded();
        assert!((widest.share(1.0) - 0.5).abs() < 0.01);
        assert!(widest.unlabelled().len() < 1000);
        let grid: Vec<f64> = axis.grid(4).collect();
        assert!((grid[1] - 0.1).abs() < 1e-12 && (grid[3] - 10.0).abs() < 1e-12);
    }
}
