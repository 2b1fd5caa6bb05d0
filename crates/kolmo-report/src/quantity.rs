//! What kind of number a claim is about.

use serde::Serialize;

/// The kind of a number: it says between which ends its interval lies, and how near to a prediction it is the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Quantity {
    /// The exponent of a power law, or a difference of two.
    Exponent,
    /// A share of a whole, an error rate, an area under a curve of rates.
    Share,
    /// A rank correlation.
    Correlation,
    /// A positive number over another.
    Ratio,
    /// How much of one thing goes for one of another, of which either can be negative.
    Rate,
    /// Nats.
    Nats,
    /// A number of things.
    Count,
    /// Anything else of which only the sign counts, or on which side of a number it lies.
    Difference,
}

impl Quantity {
    /// How far from what is `predicted` such a number may be and still be the same. Fixed before anything is measured.
    pub fn margin(self, predicted: f64) -> f64 {
        match self {
            // A tenth is much of a small exponent, and of none there is no part.
            Self::Exponent if predicted != 0.0 => (0.1 * predicted.abs()).clamp(0.0, 0.1),
            Self::Exponent | Self::Share => 0.05,
            Self::Correlation | Self::Nats => 0.1,
            Self::Ratio | Self::Rate => 0.15,
            // Nothing of this kind is predicted to be a number.
            Self::Count | Self::Difference => f64::NAN,
        }
    }

    /// The least and the greatest such number.
    pub fn bounds(self) -> [f64; 2] {
        match self {
            Self::Share => [0.0, 1.0],
            Self::Correlation => [-1.0, 1.0],
            Self::Ratio | Self::Count => [0.0, f64::INFINITY],
            Self::Exponent | Self::Rate | Self::Nats | Self::Difference => {
                [f64::NEG_INFINITY, f64::INFINITY]
            }
        }
    }

    /// Whether it comes from a range that can be too short.
    pub fn needs_range(self) -> bool {
        match self {
            Self::Exponent => true,
            Self::Share
            | Self::Correlation
            | Self::Ratio
            | Self::Rate
            | Self::Nats
            | Self::Count
            | Self::Difference => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_margin_of_an_exponent_is_no_more_than_a_part_of_it() {
        for (predicted, margin) in [(-1.0, 0.1), (1.35, 0.1), (0.35, 0.035), (-0.2, 0.02)] {
            assert!((Quantity::Exponent.margin(predicted) - margin).abs() < 1e-12);
        }
        assert_eq!(Quantity::Exponent.margin(0.0), 0.05);
        assert!(Quantity::Exponent.margin(f64::NAN).is_nan());
        assert!(Quantity::Difference.margin(0.0).is_nan());
    }
}
