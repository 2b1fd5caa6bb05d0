//! From what runs answer to the rows of a report: the intervals of all tested rows hold together at 95 %.

use kolmo_stats::{Comparison, Estimate, Relation, SEEDS, Tested, holm, one_a_seed};

use super::{About, Answer, Answered};
use crate::{
    number::{interval, significant},
    prediction::words,
    report::{Headline as Row, Outcome},
};

/// How often one or more of the tested rows may be placed where they are not.
const LEVEL: f64 = 0.05;

/// The rows, in the order of the headlines.
pub(super) fn rows(answered: Vec<Answered<'_>>) -> Vec<Row> {
    // A tested row that nobody answered counts too, so that a report of one experiment says no more than a report of all.
    let tested: Vec<Option<Tested>> = answered.iter().filter_map(tested).collect();
    let mut together = holm(&tested, LEVEL).into_iter();
    let rows = answered.into_iter().enumerate().map(|(k, one)| {
        let ci_holm = one.about.test.relation().and_then(|_| together.next());
        row(k + 1, one, ci_holm.flatten())
    });
    rows.collect()
}

/// What is to be placed of a row, if it is one that is tested; nothing inside of one without an answer.
fn tested(one: &Answered<'_>) -> Option<Option<Tested>> {
    let relation = one.about.test.relation()?;
    Some(one.by.as_ref().and_then(|(_, config, answer)| {
        Some(Tested {
            seeds: finite(answer)?,
            predicted: answer.predicted?,
            relation,
            margin: config.margin.unwrap_or(0.0),
        })
    }))
}

/// The statistic of each seed; nothing if one is not a number.
fn finite(answer: &Answer) -> Option<Vec<f64>> {
    let seeds = one_a_seed(&answer.seeds);
    let values: Vec<f64> = seeds.into_iter().map(|(_, value)| value).collect();
    (!values.is_empty() && values.iter().all(|value| value.is_finite())).then_some(values)
}

fn row(number: usize, one: Answered<'_>, ci_holm: Option<[f64; 2]>) -> Row {
    let About {
        name,
        title,
        question,
        claim,
        statistic,
        measures,
        quantity,
        test,
    } = one.about;
    let empty = Row {
        number,
        name,
        title,
        question,
        claim,
        statistic,
        measures,
        sort: test.sort(),
        quantity,
        relation: test.relation(),
        study: None,
        predicted: None,
        measured: None,
        ci95: None,
        ci_holm: None,
        margin: None,
        seeds: None,
        verdict: test.relation().map(|_| Outcome::Inconclusive),
        reason: "no runs of this report answer it: kolmo reproduce makes them".to_owned(),
        takes: "",
        parts: Vec::new(),
        figure: None,
    };
    let Some((study, config, answer)) = one.by else {
        return empty;
    };
    let values = finite(&answer);
    let estimate = values.as_deref().map(Estimate::of_each);
    let estimate = estimate.map(|estimate| estimate.within(quantity.bounds()));
    let known = |[lo, hi]: [f64; 2]| (lo.is_finite() && hi.is_finite()).then_some([lo, hi]);
    let margin = test
        .relation()
        .filter(|relation| *relation == Relation::Equal);
    let margin = margin.and(config.margin);
    let ci_holm = ci_holm.and_then(known).map(|ends| {
        let [least, greatest] = quantity.bounds();
        ends.map(|end| end.clamp(least, greatest))
    });
    let (verdict, reason) = decide(&answer, estimate, ci_holm, margin, test.relation());
    Row {
        study: Some(study.name.clone()),
        predicted: answer.predicted.filter(|number| number.is_finite()),
        measured: estimate.map(|estimate| estimate.value),
        ci95: estimate.and_then(|estimate| known(estimate.ci95)),
        ci_holm,
        margin,
        seeds: estimate.map(|estimate| estimate.seeds),
        verdict,
        reason,
        takes: answer.takes,
        parts: answer.parts,
        figure: answer.figure,
        ..empty
    }
}

/// The verdict, by the interval that holds together with those of all other rows; none of a finding. And why.
fn decide(
    answer: &Answer,
    estimate: Option<Estimate>,
    ci_holm: Option<[f64; 2]>,
    margin: Option<f64>,
    relation: Option<Relation>,
) -> (Option<Outcome>, String) {
    let Some(estimate) = estimate else {
        let why = answer.undecided.clone();
        let why = why.unwrap_or_else(|| "the statistic of a seed is not a number".to_owned());
        return (relation.map(|_| Outcome::Inconclusive), why);
    };
    let Some(relation) = relation else {
        let zero = match estimate.ci95 {
            [lo, hi] if lo <= 0.0 && 0.0 <= hi => "0 is in the interval",
            [lo, hi] if lo.is_finite() && hi.is_finite() => "0 is not in the interval",
            _ => "of one seed there is no interval",
        };
        let why = answer.undecided.as_deref().unwrap_or(zero);
        return (None, why.to_owned());
    };
    if let Some(why) = &answer.undecided {
        return (Some(Outcome::Inconclusive), why.clone());
    }
    let (Some(ci95), Some(predicted)) = (ci_holm, answer.predicted) else {
        let why = format!("an interval takes two seeds, a verdict {SEEDS}");
        return (Some(Outcome::Inconclusive), why);
    };
    let comparison = Comparison {
        predicted,
        measured: Estimate { ci95, ..estimate },
        relation,
        margin: margin.unwrap_or(0.0),
        decades: None,
    };
    let finding = comparison.finding();
    let outcome = finding.outcome();
    let mut why = format!(
        "corrected for all tested rows, {}",
        words(&comparison, finding)
    );
    if outcome == Outcome::Inconclusive && estimate.seeds >= SEEDS {
        why.push_str(&more_seeds(&comparison));
    }
    (Some(outcome), why)
}

/// How many seeds it would take for an interval as narrow as the distance to the nearest bound; empty where no number would do.
fn more_seeds(comparison: &Comparison) -> String {
    /// Beyond so many nobody would make them.
    const MOST: f64 = 1000.0;
    let Estimate { value, ci95, seeds } = comparison.measured;
    let away = (value - comparison.predicted).abs();
    let distance = match comparison.relation {
        Relation::Equal => (away - comparison.margin).abs(),
        Relation::Above | Relation::Below => away,
    };
    let half_width = (ci95[1] - ci95[0]) / 2.0;
    let needed = (seeds as f64 * (half_width / distance).powi(2)).ceil();
    match needed <= MOST {
        true => format!(
            "; some {} seeds would place {} {}",
            significant(needed),
            significant(value),
            interval(ci95)
        ),
        false => String::new(),
    }
}
