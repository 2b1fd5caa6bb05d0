//! From a number to a verdict.

use crate::{
    claims::Claim,
    number::{self, significant},
    quantity::Quantity,
    report::{Outcome, Range, Relation, Sort, Verdict},
};
use kolmo_stats::{
    Comparison, Estimate, Finding, Observation, Place, PowerLaw, Refusal, SEEDS, Weakness, slope,
};

/// What is expected of a number.
#[derive(Clone, Copy)]
pub struct Expected {
    claim: &'static dyn Claim,
    relation: Relation,
    predicted: f64,
    quantity: Quantity,
}

impl Expected {
    /// That it is to the predicted one as `relation` says. `claim` is what it is a part of.
    fn new(
        claim: &'static dyn Claim,
        relation: Relation,
        predicted: f64,
        quantity: Quantity,
    ) -> Self {
        Self {
            claim,
            relation,
            predicted,
            quantity,
        }
    }

    /// That it is `predicted`, within the margin of such a quantity.
    pub fn equal(claim: &'static dyn Claim, predicted: f64, quantity: Quantity) -> Self {
        Self::new(claim, Relation::Equal, predicted, quantity)
    }

    /// That it is above `bound`.
    pub fn above(claim: &'static dyn Claim, bound: f64, quantity: Quantity) -> Self {
        Self::new(claim, Relation::Above, bound, quantity)
    }

    /// That it is below `bound`.
    pub fn below(claim: &'static dyn Claim, bound: f64, quantity: Quantity) -> Self {
        Self::new(claim, Relation::Below, bound, quantity)
    }

    /// The prediction with its name within the claim, `Zipf 1.50/exact curve`, and what it says, a sentence.
    pub fn called(self, name: String, statement: String) -> Prediction {
        Prediction {
            expected: self,
            name,
            statement,
            range: None,
        }
    }
}

/// What is claimed of a number.
pub struct Prediction {
    expected: Expected,
    name: String,
    statement: String,
    range: Option<Range>,
}

impl Prediction {
    /// The same of a number that is measured over `values` of `of`: documents, parameters.
    pub fn over(self, of: &str, values: impl IntoIterator<Item = f64>) -> Self {
        Self {
            range: range(of, values),
            ..self
        }
    }

    /// The verdict on what was measured, of the sort of the claim.
    pub fn judge(self, measured: Result<Estimate, Refusal>) -> Verdict {
        let sort = self.expected.claim.about().sort;
        self.judge_as(sort, measured)
    }

    /// The same of a number that can fail where its claim cannot, or the other way round.
    pub fn judge_as(self, sort: Sort, measured: Result<Estimate, Refusal>) -> Verdict {
        let Expected {
            claim,
            relation,
            predicted,
            quantity,
        } = self.expected;
        let decades = self
            .range
            .as_ref()
            .map(|range| (range.hi / range.lo).log10());
        let decades = decades.filter(|_| quantity.needs_range());
        let margin = quantity.margin(predicted);
        let measured = measured.map(|estimate| estimate.within(quantity.bounds()));
        let (estimate, outcome, reason) = match measured {
            Ok(estimate) => {
                let comparison = Comparison {
                    relation,
                    predicted,
                    measured: estimate,
                    margin,
                    decades,
                };
                let finding = comparison.finding();
                (
                    Some(estimate),
                    finding.outcome(),
                    words(&comparison, finding),
                )
            }
            Err(refusal) => (None, Outcome::Inconclusive, refusal.to_string()),
        };
        Verdict {
            study: String::new(),
            claim: format!("{}/{}", claim.name(), self.name),
            statement: self.statement,
            sort,
            quantity,
            relation,
            predicted,
            measured: estimate.map(|estimate| estimate.value),
            ci95: estimate.map(|estimate| estimate.ci95),
            margin: (relation == Relation::Equal).then_some(margin),
            seeds: estimate.map(|estimate| estimate.seeds),
            range: self.range,
            verdict: outcome,
            reason,
        }
    }
}

/// What `comparison` finds, in a sentence.
pub(crate) fn words(comparison: &Comparison, finding: Finding) -> String {
    let (place, weakness) = match finding {
        Finding::Unknown => return "the interval or the prediction is not known".to_owned(),
        Finding::Placed { place, weakness } => (place, weakness),
    };
    let place = match (comparison.relation, place) {
        (Relation::Equal, Place::Inside) => "is within",
        (Relation::Equal, Place::Outside) => "is outside",
        (Relation::Equal, Place::Across) => "is within and outside",
        (Relation::Above, Place::Inside) => "lies above",
        (Relation::Above, Place::Outside) => "does not reach above",
        (Relation::Below, Place::Inside) => "lies below",
        (Relation::Below, Place::Outside) => "does not reach below",
        (Relation::Above | Relation::Below, Place::Across) => "lies on both sides of",
    };
    let of = match comparison.relation {
        Relation::Equal => format!("±{} of ", significant(comparison.margin)),
        Relation::Above | Relation::Below => String::new(),
    };
    let [lo, hi] = comparison.measured.ci95.map(significant);
    let predicted = significant(comparison.predicted);
    let interval = number::range(&lo, &hi);
    let finding = format!("the interval {interval} {place} {of}the predicted {predicted}");
    match weakness {
        None => finding,
        Some(Weakness::Seeds(seeds)) => format!(
            "{finding}, but it rests on {seeds} seed{}, and a verdict takes {SEEDS}",
            if seeds == 1 { "" } else { "s" }
        ),
        Some(Weakness::Decades(decades)) => format!(
            "{finding}, but it comes from {decades:.2} decades, and less than one says nothing"
        ),
    }
}

/// The exponent of an exact curve over the places of `observations`, by least squares, and that of the observations, as the former
/// and what their ratio to the curve adds: curves bend, ratios to the right one do not.
pub fn beside(observations: &[Observation], exact: &[f64]) -> (f64, Result<Estimate, Refusal>) {
    let points = observations.iter().zip(exact);
    let (logs, ratios): (Vec<(f64, f64)>, Vec<Observation>) = points
        .map(|(at, exact)| {
            let ratio = Observation {
                y: at.y / exact,
                ..*at
            };
            ((at.x.ln(), exact.ln()), ratio)
        })
        .unzip();
    let predicted = -slope(&logs).unwrap_or(f64::NAN);
    let measured =
        PowerLaw::fit(&ratios).map(|law| law.exponent.map(|exponent| predicted + exponent));
    (predicted, measured)
}

/// The range from the least to the greatest of `values`.
pub fn range(of: &str, values: impl IntoIterator<Item = f64>) -> Option<Range> {
    let ends = values
        .into_iter()
        .fold(None, |ends: Option<(f64, f64)>, value| {
            let (lo, hi) = ends.unwrap_or((value, value));
            Some((lo.min(value), hi.max(value)))
        });
    ends.map(|(lo, hi)| Range {
        of: of.to_owned(),
        lo,
        hi,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::claims::CLAIMS;

    fn judged(value: f64, ci95: [f64; 2], seeds: usize) -> Verdict {
        let expected = Expected::equal(CLAIMS[0], 0.5, Quantity::Share);
        let prediction = expected.called("a claim".to_owned(), "It is so.".to_owned());
        prediction.judge(Ok(Estimate { value, ci95, seeds }))
    }

    #[test]
    fn a_verdict_says_why() {
        // As it was found in a report: measured 0.454 with an interval of [0, 1].
        let wide = judged(0.454, [0.0, 1.0], 5);
        assert_eq!(wide.verdict, Outcome::Inconclusive);
        assert_eq!(
            wide.reason,
            "the interval 0 to 1.00 is within and outside ±0.0500 of the predicted 0.500"
        );
        let few = judged(0.5, [0.49, 0.51], 1);
        assert_eq!(few.verdict, Outcome::Inconclusive);
        assert_eq!(
            few.reason,
            "the interval 0.490 to 0.510 is within ±0.0500 of the predicted 0.500, but it rests on 1 seed, and a verdict takes 3"
        );
    }
}
