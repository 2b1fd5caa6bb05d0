//! The training loss by role in plain text, beside the predictor that knows the world and the Bayes
//! learner on the very same documents.

use kolmo_run::{EvaluationRecord, ExactLosses, StepRecord};
use statrs::distribution::{ContinuousCDF, StudentsT};

use crate::{
    columns::columns,
    number::{NOTHING, count, grouped, loss, significant},
};

/// The training loss of the last tenth of the logged `steps` by role, and the lengths of the codes of
/// all documents at the last of `evaluations`. None where nothing was logged.
///
/// - *measured*: the model's loss on each document before it learnt from it, nats per token of the role.
/// - *floor*: that of the predictor that knows the world.
/// - *redundancy*: measured less floor, ± half the width of its 95 % interval by batch means (Student's t): each
///   logged step is the mean of the documents since the one before, the last of all left out, which may
///   be of fewer.
/// - *Bayes redundancy*: the Bayes learner's loss less the floor.
pub fn training_table(steps: &[StepRecord], evaluations: &[EvaluationRecord]) -> Option<String> {
    let steps = &steps[..steps.len().checked_sub(1)?];
    let tail = &steps[steps.len() - steps.len().div_ceil(10)..];
    let (first, last) = (tail.first()?, tail.last()?);
    let rows = ROLES.map(|(role, of)| row(role, tail, of));
    let mut text = format!(
        "Training loss of steps {} to {}, nats per token of the role, before learning from it.\n\n",
        grouped(first.step),
        grouped(last.step),
    );
    text += &columns(
        [
            "role",
            "measured",
            "floor",
            "redundancy",
            "Bayes redundancy",
        ],
        &rows,
    );
    if let Some(evaluation) = evaluations.last() {
        let code = &evaluation.exact.code_bits;
        text += &format!(
            "\nCode of {} documents: model {} bits, Bayes learner {}, knowing the world {}.\n",
            grouped(evaluation.documents),
            count(code.model.total),
            count(code.bayes.total),
            count(code.floor.total),
        );
    }
    Some(text)
}

/// A role's losses: measured, floor, redundancy, Bayes.
type Losses = [Option<f64>; 4];

/// What is picked of a logged step.
type Pick = fn(&StepRecord) -> Losses;

const ROLES: [(&str, Pick); 5] = [
    ("syntax", |step| {
        let ExactLosses {
            floor_syntax: floor,
            redundancy_syntax: redundancy,
            bayes_syntax: bayes,
            ..
        } = step.exact;
        [step.loss_syntax, floor, redundancy, bayes]
    }),
    ("subject", |step| {
        let ExactLosses {
            floor_subject: floor,
            redundancy_subject: redundancy,
            bayes_subject: bayes,
            ..
        } = step.exact;
        [step.loss_subject, floor, redundancy, bayes]
    }),
    ("value", |step| {
        let ExactLosses {
            floor_value: floor,
            redundancy_value: redundancy,
            bayes_value: bayes,
            ..
        } = step.exact;
        [step.loss_value, floor, redundancy, bayes]
    }),
    ("eos", |step| {
        let ExactLosses {
            floor_eos: floor,
            redundancy_eos: redundancy,
            bayes_eos: bayes,
            ..
        } = step.exact;
        [step.loss_eos, floor, redundancy, bayes]
    }),
    ("all", |step| {
        let ExactLosses {
            floor,
            redundancy,
            bayes,
            ..
        } = step.exact;
        [Some(step.loss), floor, redundancy, bayes]
    }),
];

fn row(role: &str, tail: &[StepRecord], of: Pick) -> [String; 5] {
    let series = |which: usize| -> Option<Vec<f64>> { tail.iter().map(|s| of(s)[which]).collect() };
    let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
    let shown =
        |values: Option<Vec<f64>>| values.map_or(NOTHING.to_owned(), |values| loss(mean(&values)));
    let redundancy = series(2).map(|values| {
        let (n, mean) = (values.len() as f64, mean(&values));
        let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
        let half = half_width95(squares / (n - 1.0) / n, n);
        format!("{} ± {}", significant(mean), significant(half))
    });
    let bayes = series(3).zip(series(1));
    let bayes = bayes.map(|(bayes, floor)| significant(mean(&bayes) - mean(&floor)));
    [
        role.to_owned(),
        shown(series(0)),
        shown(series(1)),
        redundancy.unwrap_or(NOTHING.to_owned()),
        bayes.unwrap_or(NOTHING.to_owned()),
    ]
}

/// Half the width of the 95 % interval of a mean of `n` batches by Student's t, `variance` being that of
/// the mean; NaN for a single one, of which there is no spread.
fn half_width95(variance: f64, n: f64) -> f64 {
    let quantile = StudentsT::new(0.0, 1.0, n - 1.0).map(|t| t.inverse_cdf(0.975));
    quantile.map_or(f64::NAN, |quantile| quantile * variance.sqrt())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::examples;

    fn step(number: u64, redundancy: f64) -> StepRecord {
        StepRecord {
            step: number,
            documents: 32 * number,
            tokens: 256 * number,
            loss: 3.0,
            loss_syntax: Some(2.0 + redundancy),
            loss_subject: Some(1.0),
            loss_value: None,
            loss_eos: Some(0.0),
            exact: ExactLosses {
                floor_syntax: Some(2.0),
                redundancy_syntax: Some(redundancy),
                bayes_syntax: Some(2.125),
                floor: Some(2.5),
                ..ExactLosses::default()
            },
            lr: 1e-3,
            grad_norm: 1.0,
            tokens_per_s: 1.0,
            elapsed_s: 1.0,
        }
    }

    #[test]
    fn the_last_tenth_is_laid_over_the_floor() {
        // The last tenth of 20 is steps 19 and 20; the 21st may be short and is left out.
        let steps: Vec<StepRecord> = (1..=21)
            .map(|k| match k {
                19 => step(k, 0.5),
                20 => step(k, 0.7),
                _ => step(k, 100.0),
            })
            .collect();
        let evaluation = examples::evaluation(&examples::world(), 640, 1.0);
        let text = training_table(&steps, &[evaluation]).unwrap();
        assert!(text.contains("steps 19 to 20,"), "{text}");
        // Half the distance of two values is their standard error, 12.7 that many the interval.
        let syntax = ["syntax", "2.600", "2.000", "0.600 ± 1.27", "0.125"];
        let line = text.lines().find(|line| line.starts_with("syntax"));
        let cells = line.unwrap().split("  ").map(str::trim);
        let cells: Vec<&str> = cells.filter(|cell| !cell.is_empty()).collect();
        assert_eq!(cells, syntax);
        let line = text.lines().find(|line| line.starts_with("value"));
        assert!(line.unwrap().contains("n/a"), "{text}");
        assert!(text.contains("Code of 640 documents"), "{text}");
        assert_eq!(training_table(&steps[..1], &[]), None);
        assert_eq!(training_table(&[], &[]), None);
    }
}
