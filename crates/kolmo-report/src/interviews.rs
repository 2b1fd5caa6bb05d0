//! What was answered about each cohort in each wording, in plain text: before a fine-tuning and after it.

use kolmo_run::{EvaluationRecord, InterviewRecord};

use crate::{
    columns::columns,
    number::{NOTHING, grouped, loss, significant},
};

/// The interviews of the first and the last of `evaluations`, a row for each cohort and wording; none where there were none.
///
/// - *asked*: facts.
/// - *accuracy*: right answers, %, before and after.
/// - *loss*: value loss, nats per fact, before and after.
pub fn interview_table(evaluations: &[EvaluationRecord]) -> Option<String> {
    let (first, last) = (evaluations.first()?, evaluations.last()?);
    let row = |after: &InterviewRecord| {
        let mut before = first.interviews.iter();
        let before = before.find(|one| one.cohort == after.cohort && one.wording == after.wording);
        let both = |of: fn(&InterviewRecord) -> String| {
            let before = before.map_or(NOTHING.to_owned(), of);
            format!("{before} -> {}", of(after))
        };
        [
            after.cohort.clone(),
            after.wording.replace('_', "-"),
            grouped(after.measured),
            both(|one| significant(100.0 * one.accuracy)),
            both(|one| loss(one.value_loss)),
        ]
    };
    let rows: Vec<[String; 5]> = last.interviews.iter().map(row).collect();
    if rows.is_empty() {
        return None;
    }
    let head = ["asked about", "in", "facts", "accuracy (%)", "loss (nats)"];
    let documents = grouped(last.documents);
    Some(format!(
        "Answers before fine-tuning -> after {documents} documents of it.\n\n{}",
        columns(head, &rows)
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::examples;

    fn interview(cohort: &str, accuracy: f64) -> InterviewRecord {
        InterviewRecord {
            cohort: cohort.to_owned(),
            wording: "held_out".to_owned(),
            measured: 1234,
            value_loss: 2.5,
            value_loss_ci95: [2.0, 3.0],
            accuracy,
            accuracy_ci95: [0.0, 1.0],
            answer_valid: 1.0,
            confidence: 0.5,
        }
    }

    #[test]
    fn a_row_has_both_ends() {
        let world = examples::world();
        let mut evaluations =
            [0, 640].map(|documents| examples::evaluation(&world, documents, 1.0));
        assert_eq!(interview_table(&evaluations), None);
        evaluations[0].interviews = vec![interview("stated", 0.75)];
        evaluations[1].interviews = vec![interview("stated", 0.5), interview("injected", 0.25)];
        let text = interview_table(&evaluations).unwrap();
        for expected in [
            "stated",
            "held-out",
            "1,234",
            "75.0 -> 50.0",
            "n/a -> 25.0",
            "2.500 -> 2.500",
            "640",
        ] {
            assert!(text.contains(expected), "{expected}: {text}");
        }
    }
}
