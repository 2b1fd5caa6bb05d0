//! Whether a measurement agrees with a prediction.

use super::Estimate;
use crate::{
    number::significant,
    report::{Outcome, Relation},
};

/// An interval of an exponent that is wider than this to either side says nothing.
pub const EXPONENT_HALF_WIDTH: f64 = 0.15;

/// A fit over less than this says nothing.
const DECADES: f64 = 1.0;

/// A number predicted beside the number measured.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Comparison {
    /// The number predicted.
    pub predicted: f64,
    /// The number measured.
    pub measured: Estimate,
    /// What the measured one should be to the predicted one.
    pub relation: Relation,
    /// The greatest half width of an interval that says anything, [`EXPONENT_HALF_WIDTH`] for exponents; none for any.
    pub half_width: Option<f64>,
    /// The decades that were measured over, of which one is needed; none where that is no question.
    pub decades: Option<f64>,
}

impl Comparison {
    /// Whether they agree, and why, in a sentence.
    ///
    /// They agree where the interval holds the prediction, or lies beyond it on the side it should. They disagree where the
    /// interval leaves it out, or lies on the wrong side. It is inconclusive where an interval that should lie on one
    /// side does not lie on either, and, whatever is in it, where it is too wide, not known, or over too short a range.
    pub fn verdict(&self) -> (Outcome, String) {
        let [lo, hi] = self.measured.ci95;
        let predicted = significant(self.predicted);
        if [lo, hi, self.predicted]
            .iter()
            .any(|number| number.is_nan())
        {
            return (
                Outcome::Inconclusive,
                "the interval or the prediction is not known".to_owned(),
            );
        }
        let interval = format!("the interval {} to {}", significant(lo), significant(hi));
        let (outcome, place) = match self.relation {
            Relation::Equal if (lo..=hi).contains(&self.predicted) => (Outcome::Agrees, "holds"),
            Relation::Equal => (Outcome::Disagrees, "leaves out"),
            Relation::Above if lo > self.predicted => (Outcome::Agrees, "lies above"),
            Relation::Above if hi <= self.predicted => (Outcome::Disagrees, "does not reach above"),
            Relation::Below if hi < self.predicted => (Outcome::Agrees, "lies below"),
            Relation::Below if lo >= self.predicted => (Outcome::Disagrees, "does not reach below"),
            Relation::Above | Relation::Below => (Outcome::Inconclusive, "lies on both sides of"),
        };
        let finding = format!("{interval} {place} the predicted {predicted}");
        let half_width = (hi - lo) / 2.0;
        let weakness = match (self.half_width, self.decades) {
            (Some(greatest), _) if half_width > greatest => Some(format!(
                "it is wider than ±{}, too wide to say anything",
                significant(greatest)
            )),
            (_, Some(decades)) if decades < DECADES => Some(format!(
                "it comes from {decades:.2} decades, and less than one says nothing"
            )),
            _ => None,
        };
        match weakness {
            None => (outcome, finding),
            Some(weakness) => (Outcome::Inconclusive, format!("{finding}, but {weakness}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(relation: Relation, ci95: [f64; 2]) -> Outcome {
        compared(relation, ci95, None).0
    }

    fn compared(relation: Relation, ci95: [f64; 2], decades: Option<f64>) -> (Outcome, String) {
        let value = f64::midpoint(ci95[0], ci95[1]);
        let comparison = Comparison {
            predicted: 0.5,
            measured: Estimate { value, ci95 },
            relation,
            half_width: Some(EXPONENT_HALF_WIDTH),
            decades,
        };
        comparison.verdict()
    }

    #[test]
    fn the_rule_of_the_three_outcomes() {
        let (on, below, above) = ([0.45, 0.55], [0.3, 0.4], [0.6, 0.7]);
        for (relation, expected) in [
            (
                Relation::Equal,
                [Outcome::Agrees, Outcome::Disagrees, Outcome::Disagrees],
            ),
            (
                Relation::Above,
                [Outcome::Inconclusive, Outcome::Disagrees, Outcome::Agrees],
            ),
            (
                Relation::Below,
                [Outcome::Inconclusive, Outcome::Agrees, Outcome::Disagrees],
            ),
        ] {
            assert_eq!(
                [on, below, above].map(|ci95| outcome(relation, ci95)),
                expected,
                "{relation:?}"
            );
        }
    }

    #[test]
    fn a_wide_interval_says_nothing_even_where_it_leaves_the_prediction_out() {
        let (outcome, reason) = compared(Relation::Equal, [0.6, 1.0], None);
        assert_eq!(outcome, Outcome::Inconclusive);
        assert_eq!(
            reason,
            "the interval 0.600 to 1.00 leaves out the predicted 0.500, but it is wider than ±0.150, too wide to say anything"
        );
        assert_eq!(
            compared(Relation::Above, [0.6, 1.0], None).0,
            Outcome::Inconclusive
        );
    }

    #[test]
    fn a_short_range_says_nothing() {
        let (outcome, reason) = compared(Relation::Equal, [0.45, 0.55], Some(0.9));
        assert_eq!(outcome, Outcome::Inconclusive);
        assert!(
            reason.ends_with("0.90 decades, and less than one says nothing"),
            "{reason}"
        );
        assert_eq!(
            compared(Relation::Equal, [0.45, 0.55], Some(1.0)).0,
            Outcome::Agrees
        );
    }

    #[test]
    fn an_unknown_interval_says_nothing() {
        assert_eq!(
            outcome(Relation::Equal, [f64::NAN, 1.0]),
            Outcome::Inconclusive
        );
        assert_eq!(
            outcome(Relation::Above, [0.6, f64::NAN]),
            Outcome::Inconclusive
        );
    }
}
