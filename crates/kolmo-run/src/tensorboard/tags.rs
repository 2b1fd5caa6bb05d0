//! From records to scalars and their tags.
//!
//! The tags come from the record's JSON form, so that a field added to a record has its tag at
//! once.

use serde::Serialize;
use serde_json::{Map, Value};

use crate::metrics::{EvaluationRecord, StepRecord};

/// A point's tag and height.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Scalar {
    pub(super) tag: String,
    pub(super) value: f64,
}

/// The tag that the HPARAMS page shows as the run's result.
pub(super) const VALUE_LOSS: &str = "eval/value_loss";

/// `train/<field>`.
pub(super) fn of_step(record: &StepRecord) -> serde_json::Result<Vec<Scalar>> {
    Ok(scalars("train", &fields(record)?))
}

/// `eval/<field>`, then `class_<lo_rank>-<hi_rank>/<field>` and `ask_<cohort>_<wording>/<field>`.
pub(super) fn of_evaluation(record: &EvaluationRecord) -> serde_json::Result<Vec<Scalar>> {
    let mut all = scalars("eval", &fields(record)?);
    for class in &record.classes {
        let group = format!("class_{}-{}", class.lo_rank, class.hi_rank);
        all.extend(scalars(&group, &fields(class)?));
    }
    for interview in &record.interviews {
        let group = format!("ask_{}_{}", interview.cohort, interview.wording);
        all.extend(scalars(&group, &fields(interview)?));
    }
    Ok(all)
}

fn fields(record: &impl Serialize) -> serde_json::Result<Map<String, Value>> {
    match serde_json::to_value(record)? {
        Value::Object(fields) => Ok(fields),
        // Not reached by the records above, which are structs.
        _ => Ok(Map::new()),
    }
}

/// The numbers among the fields, the ends of intervals, and the numbers of fields that are objects, whose
/// names follow theirs: `code_bits_bayes_value`. `null` has no point.
fn scalars(group: &str, fields: &Map<String, Value>) -> Vec<Scalar> {
    let mut scalars = Vec::new();
    for (name, value) in fields {
        // It is the x-axis.
        if name != "step" {
            add(&mut scalars, format!("{group}/{name}"), value);
        }
    }
    scalars
}

fn add(scalars: &mut Vec<Scalar>, tag: String, value: &Value) {
    match value {
        Value::Number(number) => {
            scalars.extend(number.as_f64().map(|value| Scalar { tag, value }));
        }
        Value::Array(ends) => {
            if let [low @ (Value::Number(_) | Value::Null), high] = &ends[..] {
                add(scalars, format!("{tag}_lo"), low);
                add(scalars, format!("{tag}_hi"), high);
            }
        }
        Value::Object(fields) => {
            for (name, value) in fields {
                add(scalars, format!("{tag}_{name}"), value);
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::examples;

    fn tags(scalars: &[Scalar]) -> Vec<&str> {
        scalars.iter().map(|scalar| scalar.tag.as_str()).collect()
    }

    #[test]
    fn a_step_has_a_tag_for_every_number_it_has() {
        let mut record = examples::step(2);
        record.grad_norm = f64::NAN;
        let scalars = of_step(&record).unwrap();
        // loss_value and all exact losses but one are None, grad_norm no number, step the x-axis.
        assert_eq!(
            tags(&scalars),
            [
                "train/documents",
                "train/tokens",
                "train/loss",
                "train/loss_syntax",
                "train/loss_subject",
                "train/loss_eos",
                "train/floor",
                "train/lr",
                "train/tokens_per_s",
                "train/elapsed_s",
            ]
        );
        assert_eq!(scalars[0].value, 512.0);
        assert_eq!(scalars[2].value, 1.625);
    }

    #[test]
    fn an_evaluation_has_its_own_its_intervals_and_its_classes() {
        let mut record = examples::evaluation(2);
        record.classes[0].value_loss_ci95[1] = f64::INFINITY;
        let scalars = of_evaluation(&record).unwrap();
        let tags = tags(&scalars);
        for tag in [
            VALUE_LOSS,
            "eval/documents",
            "eval/value_loss_ci95_lo",
            "eval/value_loss_ci95_hi",
            "class_1-10/exposures",
            "class_1-10/value_loss_ci95_lo",
            "class_11-100/value_loss_ci95_hi",
            "class_11-100/facts",
            "class_11-100/stream_documents",
            "eval/distinct_subjects",
            "eval/code_bits_bayes_value",
            "eval/code_bits_model_total",
        ] {
            assert!(tags.contains(&tag), "{tag} is missing");
        }
        for tag in ["eval/step", "eval/classes", "class_1-10/value_loss_ci95_hi"] {
            assert!(!tags.contains(&tag), "{tag} is too much");
        }
        // 12 numbers, two intervals and three codes by role; 16 numbers and two intervals a class, one end of
        // them infinite.
        assert_eq!(scalars.len(), 12 + 4 + 3 * 5 + 2 * (16 + 4) - 1);
    }
}
