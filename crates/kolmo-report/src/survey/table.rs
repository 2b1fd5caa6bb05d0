//! A survey to read: what was counted beside what is expected.

use kolmo_theory::survey::{Mean, MeansByRole, Survey};

use crate::{
    columns::columns,
    number::{self, NOTHING, count, estimate, grouped, loss, significant},
};

/// `survey` in plain text of at most 100 columns. Measured numbers come with half the width of their
/// 95 % interval; `n/a` stands for what has no closed form.
pub fn table(survey: &Survey) -> String {
    let words = survey.vocabulary;
    let vocabulary = format!(
        "{} documents of {} tokens. Vocabulary: {} names, {} values, {} syntax words.\n",
        grouped(survey.documents),
        number::range(
            &survey.lengths.min.to_string(),
            &survey.lengths.max.to_string()
        ),
        grouped(words.subject as u64),
        grouped(words.value as u64),
        grouped(words.syntax as u64),
    );
    let floor = by_role("floor (nats per document)", &survey.floor_nats);
    let tokens = by_role("tokens per document", &survey.tokens);
    [vocabulary, floor, tokens, distinct(survey), ranks(survey)].join("\n")
}

fn by_role(what: &str, means: &MeansByRole) -> String {
    let row = |role: &str, mean: Mean| {
        // Documents so few that all are alike say nothing of their spread.
        let is_off = |expected: f64| (expected - mean.mean).abs() > 1e-9;
        let alike = mean.ci95[0] == mean.ci95[1] && mean.expected.is_some_and(is_off);
        let ci95 = if alike { [f64::NAN; 2] } else { mean.ci95 };
        [
            role.to_owned(),
            estimate(mean.mean, ci95),
            mean.expected.map_or(NOTHING.to_owned(), loss),
        ]
    };
    columns(
        [what, "measured", "expected"],
        &[
            row("syntax", means.syntax),
            row("subject", means.subject),
            row("value", means.value),
            row("eos", means.eos),
            row("document", means.document),
        ],
    )
}

/// About a row for each factor of ten, and the last.
fn distinct(survey: &Survey) -> String {
    let last = survey.distinct.last().map(|at| at.n);
    let rows: Vec<[String; 3]> = survey
        .distinct
        .iter()
        .filter(|at| is_power_of_ten(at.n) || Some(at.n) == last)
        .map(|at| {
            [
                grouped(at.n),
                spread(at.distinct as f64, at.distinct_ci95),
                count(at.expected),
            ]
        })
        .collect();
    columns(["documents", "distinct subjects", "expected"], &rows)
}

fn is_power_of_ten(n: u64) -> bool {
    n > 0 && 10_u64.checked_pow(n.ilog10()) == Some(n)
}

/// Every fourth class of ranks, half a decade apart.
fn ranks(survey: &Survey) -> String {
    let rows: Vec<[String; 4]> = survey
        .ranks
        .iter()
        .step_by(4)
        .map(|class| {
            [
                number::ranks(class.lo_rank, class.hi_rank),
                grouped(class.documents),
                spread(class.frequency, class.frequency_ci95),
                significant(class.expected),
            ]
        })
        .collect();
    columns(["ranks", "documents", "share, per rank", "expected"], &rows)
}

/// A count or a share and half the width of its interval, to three digits.
fn spread(value: f64, [low, high]: [f64; 2]) -> String {
    format!("{} ± {}", count(value), significant((high - low) / 2.0))
}
