//! Whether a measurement agrees with a prediction.

use serde::Serialize;

use crate::Estimate;

/// Of fewer seeds nothing is said: Student's interval of two is a guess at their spread.
pub const SEEDS: usize = 3;

/// A fit over less than this says nothing.
const DECADES: f64 = 1.0;

/// What the measured number should be to the predicted one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Relation {
    /// The same.
    Equal,
    /// Greater.
    Above,
    /// Less.
    Below,
}

/// Whether prediction and measurement agree.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// They do: the interval and the margin say so.
    Agrees,
    /// They do not.
    Disagrees,
    /// The data do not say.
    Inconclusive,
}

impl Outcome {
    /// The word for it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Agrees => "agrees",
            Self::Disagrees => "disagrees",
            Self::Inconclusive => "inconclusive",
        }
    }

    /// The word for several: 3 agree.
    pub fn plural(self) -> &'static str {
        match self {
            Self::Agrees => "agree",
            Self::Disagrees => "disagree",
            Self::Inconclusive => "inconclusive",
        }
    }
}

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

/// What a comparison finds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Finding {
    /// The interval, the prediction or the margin is not a number.
    Unknown,
    /// Where the interval lies.
    Placed {
        /// Against the prediction and its margin.
        place: Place,
        /// Why that says nothing, whatever the place.
        weakness: Option<Weakness>,
    },
}

/// Where an interval lies: against the margin about the prediction where the two should be the same, and else against the side of
/// the prediction that the number should be on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// All of it where it should be.
    Inside,
    /// All of it elsewhere.
    Outside,
    /// A part of it here, a part there.
    Across,
}

/// Why an interval says nothing, wherever it lies.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Weakness {
    /// It rests on so few seeds.
    Seeds(usize),
    /// It comes from so few decades.
    Decades(f64),
}

impl Finding {
    /// Whether prediction and measurement agree.
    pub fn outcome(self) -> Outcome {
        match self {
            Self::Placed {
                place,
                weakness: None,
            } => match place {
                Place::Inside => Outcome::Agrees,
                Place::Outside => Outcome::Disagrees,
                Place::Across => Outcome::Inconclusive,
            },
            Self::Placed {
                weakness: Some(_), ..
            }
            | Self::Unknown => Outcome::Inconclusive,
        }
    }
}

impl Comparison {
    /// Whether they agree, and why.
    ///
    /// They agree where the whole interval is within the margin of the prediction, and disagree where the whole interval is
    /// outside; where a number should be above or below the prediction, the whole interval has to be on that side, or on the other
    /// one. Everything else is inconclusive, and so is, whatever is in the interval, what is not known, comes from too short a
    /// range, or rests on fewer than [`SEEDS`] seeds. So an interval wider than its margin agrees with nothing, and more seeds
    /// make no agreement a disagreement.
    pub fn finding(&self) -> Finding {
        let [lo, hi] = self.measured.ci95;
        let margin = match self.relation {
            Relation::Equal => self.margin,
            Relation::Above | Relation::Below => 0.0,
        };
        if [lo, hi, self.predicted, margin]
            .iter()
            .any(|number| number.is_nan())
        {
            return Finding::Unknown;
        }
        let near = [self.predicted - margin, self.predicted + margin];
        let (is_inside, is_outside) = match self.relation {
            Relation::Equal => (near[0] <= lo && hi <= near[1], hi < near[0] || near[1] < lo),
            Relation::Above => (lo > self.predicted, hi <= self.predicted),
            Relation::Below => (hi < self.predicted, lo >= self.predicted),
        };
        let place = match (is_inside, is_outside) {
            (true, _) => Place::Inside,
            (false, true) => Place::Outside,
            (false, false) => Place::Across,
        };
        let seeds = self.measured.seeds;
        let weakness = match self.decades {
            _ if seeds < SEEDS => Some(Weakness::Seeds(seeds)),
            Some(decades) if decades < DECADES => Some(Weakness::Decades(decades)),
            Some(_) | None => None,
        };
        Finding::Placed { place, weakness }
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
        comparison(relation, ci95).finding().outcome()
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
        let across = Finding::Placed {
            place: Place::Across,
            weakness: None,
        };
        assert_eq!(found.finding(), across);
        assert_eq!(across.outcome(), Outcome::Inconclusive);
    }

    #[test]
    fn two_seeds_say_nothing() {
        for relation in [Relation::Equal, Relation::Above, Relation::Below] {
            for ci95 in [[0.49, 0.51], [0.8, 0.81], [0.1, 0.11]] {
                for seeds in 0..SEEDS {
                    let mut two = comparison(relation, ci95);
                    two.measured.seeds = seeds;
                    assert_eq!(two.finding().outcome(), Outcome::Inconclusive);
                }
            }
        }
        let mut one = comparison(Relation::Equal, [0.49, 0.51]);
        one.measured.seeds = 1;
        let weak = Finding::Placed {
            place: Place::Inside,
            weakness: Some(Weakness::Seeds(1)),
        };
        assert_eq!(one.finding(), weak);
    }

    #[test]
    fn a_short_range_says_nothing() {
        let over = |decades| Comparison {
            decades: Some(decades),
            ..comparison(Relation::Equal, [0.45, 0.55])
        };
        assert_eq!(over(0.9).finding().outcome(), Outcome::Inconclusive);
        assert_eq!(over(1.0).finding().outcome(), Outcome::Agrees);
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
        assert_eq!(unknown.finding(), Finding::Unknown);
        assert_eq!(Finding::Unknown.outcome(), Outcome::Inconclusive);
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
