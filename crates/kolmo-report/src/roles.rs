//! The training loss by role in plain text, beside the predictor that knows the world and the Bayes
//! learner on the very same documents.

use kolmo_run::{EvaluationRecord, RoleLosses, StepRecord};

use crate::{
    columns::columns,
    number::{NOTHING, count, grouped, loss, range, significant},
};
use kolmo_stats::Mean;

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
    let roles: Vec<_> = tail.iter().map(StepRecord::by_role).collect();
    let rows: [_; 5] = std::array::from_fn(|k| row(k, &roles));
    let steps = match first.step == last.step {
        true => "step",
        false => "steps",
    };
    let mut text = format!(
        "Training loss of {steps} {}, nats per token of the role, before learning from it.\n\n",
        range(&grouped(first.step), &grouped(last.step)),
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

/// Row number `k` of the table, of the roles of these steps.
fn row(k: usize, tail: &[[RoleLosses; 5]]) -> [String; 5] {
    let role = tail.first().map_or("", |step| step[k].role);
    let mean = |of: &dyn Fn(&RoleLosses) -> Option<f64>| {
        let values: Option<Vec<f64>> = tail.iter().map(|step| of(&step[k])).collect();
        values.map(|values| Mean::of(&values))
    };
    let shown = |mean: Option<Mean>| mean.map_or(NOTHING.to_owned(), |m| loss(m.mean));
    let redundancy = mean(&|losses| losses.redundancy);
    let bayes = mean(&|losses| Some(losses.bayes? - losses.floor?));
    [
        role.to_owned(),
        shown(mean(&|losses| losses.loss)),
        shown(mean(&|losses| losses.floor)),
        redundancy.map_or(NOTHING.to_owned(), |m| {
            format!("{} ± {}", significant(m.mean), significant(m.half_width))
        }),
        bayes.map_or(NOTHING.to_owned(), |m| significant(m.mean)),
    ]
}

#[cfg(test)]
mod tests {
    use kolmo_run::ExactLosses;

    use super::*;
    use crate::examples;

    fn step(number: u64, redundancy: f64) -> StepRecord {
        StepRecord {
            loss: 3.0,
            loss_syntax: Some(2.0 + redundancy),
            loss_subject: Some(1.0),
            loss_eos: Some(0.0),
            exact: ExactLosses {
                floor_syntax: Some(2.0),
                redundancy_syntax: Some(redundancy),
                bayes_syntax: Some(2.125),
                floor: Some(2.5),
                ..ExactLosses::default()
            },
            ..examples::step(number)
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
        let text = training_table(&steps[..10], &[]).unwrap();
        assert!(text.contains("loss of step 9, nats"), "{text}");
        assert_eq!(training_table(&steps[..1], &[]), None);
        assert_eq!(training_table(&[], &[]), None);
    }
}
