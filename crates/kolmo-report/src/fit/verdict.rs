//! Whether a measurement agrees with a prediction.

use super::Estimate;
use crate::{
    number::{range, significant},
    report::{Outcome, Relation},
};

/// Of fewer seeds nothing is said: Student's interval of two is a guess at their spread.
pub const SEEDS: usize = 3;

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
    /// How far from the prediction a number that should be the same may be.
    pub margin: f64,
    /// The decades that were measured over, of which one is needed; none where that is no question.
    pub decades: Option<f64>,
}

impl Comparison {
    /// Whether they agree, and why, in a sentence.
    ///
    /// They agree where the whole interval is within the margin of the prediction, and disagree where the whole interval is
    /// outside; where a number should be above or below the prediction, the whole interval has to be on that side, or on the other
    /// one. Everything else is inconclusive, and so is, whatever is in the interval, what is not known, comes from too short a
    /// range, or rests on fewer than [`SEEDS`] seeds. So an interval wider than its margin agrees with nothing, and more seeds
    /// make no agreement a disagreement.
    pub fn verdict(&self) -> (Outcome, String) {
        let [lo, hi] = self.measured.ci95;
        let predicted = significant(self.predicted);
        let margin = match self.relation {
            Relation::Equal => self.margin,
            Relation::Above | Relation::Below => 0.0,
        };
        if [lo, hi, self.predicted, margin]
            .iter()
            .any(|number| number.is_nan())
        {
            return (
                Outcome::Inconclusive,
                "the interval or the prediction is not known".to_owned(),
            );
        }
        let interval = range(&significant(lo), &significant(hi));
        let interval = format!("the interval {interval}");
        let near = [self.predicted - margin, self.predicted + margin];
        let is_inside = near[0] <= lo && hi <= near[1];
        let is_outside = hi < near[0] || near[1] < lo;
        let (outcome, place) = match self.relation {
            Relation::Equal if is_inside => (Outcome::Agrees, "is within"),
            Relation::Equal if is_outside => (Outcome::Disagrees, "is outside"),
            Relation::Equal => (Outcome::Inconclusive, "is within and outside"),
            Relation::Above if lo > self.predicted => (Outcome::Agrees, "lies above"),
            Relation::Above if hi <= self.predicted => (Outcome::Disagrees, "does not reach above"),
            Relation::Below if hi < self.predicted => (Outcome::Agrees, "lies below"),
            Relation::Below if lo >= self.predicted => (Outcome::Disagrees, "does not reach below"),
            Relation::Above | Relation::Below => (Outcome::Inconclusive, "lies on both sides of"),
        };
        let of = match self.relation {
            Relation::Equal => format!("±{} of ", significant(margin)),
            Relation::Above | Relation::Below => String::new(),
        };
        let finding = format!("{interval} {place} {of}the predicted {predicted}");
        let seeds = self.measured.seeds;
        let weakness = match self.decades {
            _ if seeds < SEEDS => Some(format!(
                "it rests on {seeds} seed{}, and a verdict takes {SEEDS}",
                if seeds == 1 { "" } else { "s" }
            )),
            Some(decades) if decades < DECADES => Some(format!(
                "it comes from {decades:.2} decades, and less than one says nothing"
            )),
            Some(_) | None => None,
        };
        match weakness {
            None => (outcome, finding),
            Some(weakness) => (Outcome::Inconclusive, format!("{finding}, but {weakness}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn comparison(relation: Relation, ci95: [f64; 2]) -> Comparison {
        Comparison {
            predicted: 0.5,
            measured: Estimate {
                value: f64::midpoint(ci95[0], ci95[1]),
                ci95,
                seeds: SEEDS,
            },
            relation,
            margin: 0.1,
            decades: None,
        }
    }

    fn outcome(relation: Relation, ci95: [f64; 2]) -> Outcome {
        comparison(relation, ci95).verdict().0
    }

    #[test]
    fn the_rule_of_the_three_outcomes() {
        use Outcome::{Agrees, Disagrees, Inconclusive};
        let (on, below, above) = ([0.45, 0.55], [0.3, 0.39], [0.61, 0.7]);
        // Partly within the margin, and over it on both sides.
        let (across, wide) = ([0.55, 0.65], [0.0, 1.0]);
        for (relation, expected) in [
            (
                Relation::Equal,
                [Agrees, Disagrees, Disagrees, Inconclusive, Inconclusive],
            ),
            (
                Relation::Above,
                [Inconclusive, Disagrees, Agrees, Agrees, Inconclusive],
            ),
            (
                Relation::Below,
                [Inconclusive, Agrees, Disagrees, Disagrees, Inconclusive],
            ),
        ] {
            assert_eq!(
                [on, below, above, across, wide].map(|ci95| outcome(relation, ci95)),
                expected,
                "{relation:?}"
            );
        }
    }

    #[test]
    fn a_wide_interval_agrees_with_nothing() {
        // As it was found in a report: predicted 0, measured 0.454 with an interval of [0, 1].
        let found = Comparison {
            predicted: 0.0,
            measured: Estimate {
                value: 0.454,
                ci95: [0.0, 1.0],
                seeds: 5,
            },
            ..comparison(Relation::Equal, [0.0, 1.0])
        };
        let (outcome, reason) = found.verdict();
        assert_eq!(outcome, Outcome::Inconclusive);
        assert_eq!(
            reason,
            "the interval 0 to 1.00 is within and outside ±0.100 of the predicted 0"
        );
    }

    #[test]
    fn two_seeds_say_nothing() {
        for relation in [Relation::Equal, Relation::Above, Relation::Below] {
            for ci95 in [[0.49, 0.51], [0.8, 0.81], [0.1, 0.11]] {
                for seeds in 0..SEEDS {
                    let mut two = comparison(relation, ci95);
                    two.measured.seeds = seeds;
                    assert_eq!(two.verdict().0, Outcome::Inconclusive);
                }
            }
        }
        let mut one = comparison(Relation::Equal, [0.49, 0.51]);
        one.measured.seeds = 1;
        assert_eq!(
            one.verdict().1,
            "the interval 0.490 to 0.510 is within ±0.100 of the predicted 0.500, but it rests on 1 seed, and a verdict takes 3"
        );
    }

    #[test]
    fn a_short_range_says_nothing() {
        let over = |decades| Comparison {
            decades: Some(decades),
            ..comparison(Relation::Equal, [0.45, 0.55])
        };
        let (outcome, reason) = over(0.9).verdict();
        assert_eq!(outcome, Outcome::Inconclusive);
        assert!(
            reason.ends_with("0.90 decades, and less than one says nothing"),
            "{reason}"
        );
        assert_eq!(over(1.0).verdict().0, Outcome::Agrees);
    }

    #[test]
    fn what_is_not_known_says_nothing() {
        assert_eq!(
            outcome(Relation::Equal, [f64::NAN, 1.0]),
            Outcome::Inconclusive
        );
        assert_eq!(
            outcome(Relation::Above, [0.6, f64::NAN]),
            Outcome::Inconclusive
        );
        let unknown = Comparison {
            margin: f64::NAN,
            ..comparison(Relation::Equal, [0.49, 0.51])
        };
        assert_eq!(unknown.verdict().0, Outcome::Inconclusive);
    }

    proptest! {
        #[test]
        fn a_narrower_interval_never_turns_one_verdict_into_the_other(
            lo in -1.0..2.0, width in 0.0..1.0, from in 0.0..1.0, to in 0.0..1.0,
            relation in prop::sample::select(vec![Relation::Equal, Relation::Above, Relation::Below]),
        ) {
            let wide = [lo, lo + width];
            let (a, b) = (f64::min(from, to), f64::max(from, to));
            let narrow = [lo + a * width, lo + b * width];
            let before = outcome(relation, wide);
            if before != Outcome::Inconclusive {
                prop_assert_eq!(outcome(relation, narrow), before);
            }
        }

        #[test]
        fn what_agrees_is_no_wider_than_its_margin(lo in -1.0..2.0, width in 0.0..1.0) {
            if outcome(Relation::Equal, [lo, lo + width]) == Outcome::Agrees {
                prop_assert!(width <= 0.2 + 1e-12);
            }
        }
    }
}
