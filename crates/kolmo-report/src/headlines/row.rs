//! From what runs answer to the rows of a report: the intervals of all tested rows hold together at 95 %.

use kolmo_stats::{
    Comparison, Corrected, Estimate, Relation, SEEDS, Scale, Tested, holm, one_a_seed,
};

use super::{About, Answer, Answered};
use crate::{
    number::{count, interval, significant},
    prediction::words,
    report::{Headline as Row, Outcome},
};

/// The rows, in the order of the headlines.
pub(super) fn rows(answered: Vec<Answered<'_>>) -> Vec<Row> {
    // A tested row that nobody answered counts too, so that a report of one experiment says no more than a report of all.
    let tested: Vec<Tested> = answered.iter().filter_map(tested).collect();
    let mut together = tested.iter().zip(holm(&tested));
    let rows = answered.into_iter().enumerate().map(|(k, one)| {
        let is_tested = one.about.test.relation().is_some();
        row(k + 1, one, is_tested.then(|| together.next()).flatten())
    });
    rows.collect()
}

/// What is to be placed of a row, if it is one that is tested; not a number of one without an answer.
fn tested(one: &Answered<'_>) -> Option<Tested> {
    let relation = one.about.test.relation()?;
    let unknown = Estimate {
        value: f64::NAN,
        ci95: [f64::NAN; 2],
        seeds: 0,
    };
    let answered = one.by.as_ref().and_then(|(_, config, answer)| {
        let margin = config.margin.unwrap_or(0.0);
        Some((answer.predicted?, estimate(answer)?, margin))
    });
    let (predicted, measured, margin) = answered.unwrap_or((f64::NAN, unknown, f64::NAN));
    Some(Tested {
        comparison: Comparison {
            predicted,
            measured,
            relation,
            margin,
            decades: None,
        },
        scale: Scale::Linear,
        bounds: one.about.quantity.bounds(),
    })
}

/// The mean over the seeds with Student's interval, wherever that ends; none if a seed has no number.
fn estimate(answer: &Answer) -> Option<Estimate> {
    Some(Estimate::of_each(&finite(answer)?))
}

/// The statistic of each seed; nothing if one is not a number.
fn finite(answer: &Answer) -> Option<Vec<f64>> {
    let seeds = one_a_seed(&answer.seeds);
    let values: Vec<f64> = seeds.into_iter().map(|(_, value)| value).collect();
    (!values.is_empty() && values.iter().all(|value| value.is_finite())).then_some(values)
}

fn row(number: usize, one: Answered<'_>, together: Option<(&Tested, Corrected)>) -> Row {
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
    let estimate = estimate(&answer).map(|estimate| estimate.within(quantity.bounds()));
    let known = |[lo, hi]: [f64; 2]| (lo.is_finite() && hi.is_finite()).then_some([lo, hi]);
    let margin = match test.relation() {
        Some(Relation::Equal) => config.margin,
        Some(Relation::Above | Relation::Below) | None => None,
    };
    let ci_holm = together.and_then(|(_, corrected)| known(corrected.ci_holm));
    let (verdict, reason) = match (estimate, together) {
        (Some(_), Some((tested, corrected))) => {
            let (outcome, why) = decide(&answer, tested, corrected);
            (Some(outcome), why)
        }
        (Some(estimate), None) => (None, finding(&answer, estimate)),
        (None, _) => (empty.verdict, unmeasured(&answer)),
    };
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

/// The verdict, by the interval that holds together with those of all other rows, and why.
fn decide(answer: &Answer, tested: &Tested, corrected: Corrected) -> (Outcome, String) {
    if let Some(why) = &answer.undecided {
        return (Outcome::Inconclusive, why.clone());
    }
    let mut comparison = tested.comparison;
    if comparison.measured.seeds < 2 {
        let why = format!("an interval takes two seeds, a verdict {SEEDS}");
        return (Outcome::Inconclusive, why);
    }
    comparison.measured.ci95 = corrected.ci_holm;
    let outcome = corrected.finding.outcome();
    let found = words(&comparison, corrected.finding);
    let mut why = format!("corrected for all tested rows, {found}");
    if outcome == Outcome::Inconclusive && comparison.measured.seeds >= SEEDS {
        why.push_str(&more_seeds(&comparison));
    }
    (outcome, why)
}

/// What is to be said of a number that nothing is predicted of.
fn finding(answer: &Answer, estimate: Estimate) -> String {
    let zero = match estimate.ci95 {
        [lo, hi] if lo <= 0.0 && 0.0 <= hi => "0 is in the interval",
        [lo, hi] if lo.is_finite() && hi.is_finite() => "0 is not in the interval",
        _ => "of one seed there is no interval",
    };
    answer.undecided.as_deref().unwrap_or(zero).to_owned()
}

/// Why there is no number.
fn unmeasured(answer: &Answer) -> String {
    let why = answer.undecided.as_deref();
    why.unwrap_or("the statistic of a seed is not a number")
        .to_owned()
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
            count(needed),
            significant(value),
            interval(ci95)
        ),
        false => String::new(),
    }
}
