//! Wrong answers by how often the fact was met.

use std::collections::BTreeMap;

use kolmo_run::AnswerRow;

use crate::{
    measured::{
        answers::{Group, STATED, STRANGERS, bucket},
        cells::text,
    },
    number::{grouped, ranks, significant},
    report::Table,
};
use kolmo_stats::{Estimate, binomial_interval, mean};

/// What is in a bucket, in words: `4-7`.
fn bucket_name(bucket: u32) -> String {
    match bucket.checked_sub(1) {
        None => "0".to_owned(),
        Some(log) => ranks(1 << log, (1 << log) + ((1 << log) - 1)),
    }
}

/// An answer with the probability that a guess in its place is wrong.
type Guessed<'a> = (&'a AnswerRow, f64);

pub(super) fn table(group: &Group<'_>) -> Table {
    let of = |cohort: &str| {
        let mut rows: Vec<Guessed<'_>> = Vec::new();
        for asked in &group.runs {
            let guessed = asked
                .stated(cohort)
                .map(|row| (row, asked.guess_error(row)));
            rows.extend(guessed);
        }
        rows
    };
    let mut buckets: BTreeMap<u32, Vec<Guessed<'_>>> = BTreeMap::new();
    for (row, guess) in of(STATED) {
        let bucket = buckets.entry(bucket(row.exposures)).or_default();
        bucket.push((row, guess));
    }
    let mut rows: Vec<Vec<String>> = buckets
        .iter()
        .map(|(bucket, rows)| cells(bucket_name(*bucket), rows))
        .collect();
    let strangers = of(STRANGERS);
    if !strangers.is_empty() {
        rows.push(cells("nobody's name".to_owned(), &strangers));
    }
    let head = [
        "exposures",
        "facts asked",
        "wrong, if all met is kept",
        "wrong, measured",
        "wrong, but of the right type",
        "confidence when wrong",
    ];
    Table {
        caption: format!(
            "{}: the most likely answer, by how often the fact was met; each fact asked counts once, all seeds together, with \
             binomial 95 % intervals.",
            group.name
        ),
        head: head.map(str::to_owned).to_vec(),
        rows,
    }
}

fn cells(name: String, rows: &[Guessed<'_>]) -> Vec<String> {
    let asked = rows.len() as f64;
    let guess = |(row, guess): &Guessed<'_>| if row.exposures == 0 { *guess } else { 0.0 };
    let wrong: Vec<&AnswerRow> = rows
        .iter()
        .map(|(row, _)| *row)
        .filter(|row| !row.correct)
        .collect();
    let of_wrong = |of: fn(&AnswerRow) -> f64| significant(mean(wrong.iter().map(|row| of(row))));
    let measured = Estimate {
        value: wrong.len() as f64 / asked,
        ci95: binomial_interval(wrong.len() as f64, asked),
        seeds: 1,
    };
    vec![
        name,
        grouped(rows.len() as u64),
        significant(rows.iter().map(guess).sum::<f64>() / asked),
        text(&Ok(measured)),
        of_wrong(|row| f64::from(u8::from(row.answer_valid))),
        of_wrong(|row| row.confidence),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_are_powers_of_two() {
        for (exposures, name) in [(0, "0"), (1, "1"), (2, "2-3"), (3, "2-3"), (7, "4-7")] {
            assert_eq!(bucket_name(bucket(exposures)), name);
        }
        assert!(bucket_name(bucket(u64::MAX)).ends_with("e19"));
    }
}
