//! From a number to a verdict.

use super::quantity::Quantity;
use crate::{
    fit::{Comparison, Estimate, Observation, PowerLaw, Refusal, slope},
    number::{interval, significant},
    report::{Outcome, Range, Relation, Verdict},
};

/// What is claimed of a number.
pub(super) struct Claim {
    /// Its name: `data_scaling/zipf 1.5/exponent`.
    pub name: String,
    /// One sentence.
    pub statement: String,
    /// What the number should be to the predicted one.
    pub relation: Relation,
    /// The number predicted.
    pub predicted: f64,
    /// What it is measured over.
    pub range: Option<Range>,
    /// What kind of number it is.
    pub quantity: Quantity,
}

impl Claim {
    /// The verdict on what was measured.
    pub fn judge(self, measured: Result<Estimate, Refusal>) -> Verdict {
        let decades = self
            .range
            .as_ref()
            .map(|range| (range.hi / range.lo).log10());
        let decades = decades.filter(|_| self.quantity.needs_range());
        let margin = self.quantity.margin(self.predicted);
        let measured = measured.map(|estimate| estimate.within(self.quantity.bounds()));
        let (estimate, outcome, reason) = match measured {
            Ok(estimate) => {
                let comparison = Comparison {
                    relation: self.relation,
                    predicted: self.predicted,
                    measured: estimate,
                    margin,
                    decades,
                };
                let (outcome, reason) = comparison.verdict();
                (Some(estimate), outcome, reason)
            }
            Err(refusal) => (None, Outcome::Inconclusive, refusal.to_string()),
        };
        Verdict {
            study: String::new(),
            claim: self.name,
            statement: self.statement,
            relation: self.relation,
            predicted: self.predicted,
            measured: estimate.map(|estimate| estimate.value),
            ci95: estimate.map(|estimate| estimate.ci95),
            margin: (self.relation == Relation::Equal).then_some(margin),
            seeds: estimate.map(|estimate| estimate.seeds),
            range: self.range,
            verdict: outcome,
            reason,
        }
    }
}

/// The exponent of an exact curve over the places of `observations`, by least squares, and that of the observations, as the former
/// and what their ratio to the curve adds: curves bend, ratios to the right one do not.
pub(super) fn beside(
    observations: &[Observation],
    exact: &[f64],
) -> (f64, Result<Estimate, Refusal>) {
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
    let measured = PowerLaw::fit(&ratios).map(|law| Estimate {
        value: predicted + law.exponent.value,
        ci95: law.exponent.ci95.map(|end| predicted + end),
        ..law.exponent
    });
    (predicted, measured)
}

/// An estimate with its interval, as text; why there is none.
pub(super) fn text(estimate: &Result<Estimate, Refusal>) -> String {
    match estimate {
        Ok(estimate) => format!(
            "{} {}",
            significant(estimate.value),
            interval(estimate.ci95)
        ),
        Err(refusal) => refusal.to_string(),
    }
}

/// The range from the least to the greatest of `values`.
pub(super) fn range(of: &str, values: impl IntoIterator<Item = f64>) -> Option<Range> {
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
