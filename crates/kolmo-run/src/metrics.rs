//! What is measured during a run: the records of `metrics.jsonl` and `evaluations.jsonl`.
//!
//! Their field names are the public names of the JSON keys and, with a prefix, of the TensorBoard
//! tags. JSON has no number that is not finite: such a value is written as `null` and read back as
//! NaN.

mod exact;
mod jsonl;
pub(crate) mod number;

pub use exact::{CodeBits, ExactCode, ExactLosses, OnlineClass, RoleBits, RoleLosses};
pub use jsonl::{JsonlWriter, KeptLines, read_jsonl, read_last};

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Figures of companions of a training, by name; a number that is not finite is `None`.
pub type CompanionFigures = BTreeMap<String, Option<f64>>;

/// What an evaluation has of documents that the model wrote, in its `companions`: how many they are, their statements, those of
/// these that are well formed, that are true, and that training stated, and what the model is miscalibrated by.
pub const GENERATED: [&str; 6] = [
    "generated_documents",
    "generated_statements",
    "generated_well_formed",
    "generated_true",
    "generated_met",
    "generated_miscalibration",
];

/// One logged step of training: a line of `metrics.jsonl`. Losses are means over the
/// documents since the line before, `lr` and `grad_norm` those of the step itself.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StepRecord {
    /// Optimizer steps taken, this one included.
    pub step: u64,
    /// Documents seen so far.
    pub documents: u64,
    /// Tokens seen so far.
    pub tokens: u64,
    /// Training loss, nats per token.
    #[serde(deserialize_with = "number::or_nan")]
    pub loss: f64,
    /// Training loss on the tokens of the syntax, nats per token of that role; `None` without such
    /// tokens.
    pub loss_syntax: Option<f64>,
    /// Training loss on the tokens of the subject, nats per token of that role.
    pub loss_subject: Option<f64>,
    /// Training loss on the tokens of the value, nats per token of that role.
    pub loss_value: Option<f64>,
    /// Training loss on the end of the document, nats per token of that role.
    pub loss_eos: Option<f64>,
    /// What the exact predictors lose on the same documents.
    #[serde(flatten)]
    pub exact: ExactLosses,
    /// Learning rate of the step.
    #[serde(deserialize_with = "number::or_nan")]
    pub lr: f64,
    /// Global L2 norm of the gradient before clipping.
    #[serde(deserialize_with = "number::or_nan")]
    pub grad_norm: f64,
    /// Training speed since the last record, tokens per second.
    #[serde(deserialize_with = "number::or_nan")]
    pub tokens_per_s: f64,
    /// Seconds since the start, evaluations included.
    #[serde(deserialize_with = "number::or_nan")]
    pub elapsed_s: f64,
    /// What companions of the training have to say beside it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub companions: CompanionFigures,
}

/// One evaluation: a line of `evaluations.jsonl`. Losses are nats per fact, summed over the value's
/// tokens; means are weighted by the facts' frequency.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct EvaluationRecord {
    /// Optimizer steps taken before it.
    pub step: u64,
    /// Documents seen before it.
    pub documents: u64,
    /// Mean loss, nats per fact.
    #[serde(deserialize_with = "number::or_nan")]
    pub value_loss: f64,
    /// Its 95 % confidence interval, `[low, high]`, nats per fact.
    #[serde(deserialize_with = "number::pair_or_nan")]
    pub value_loss_ci95: [f64; 2],
    /// What is not known: mean of min(loss, h), nats per fact; h is the entropy of an unknown
    /// fact's value.
    #[serde(deserialize_with = "number::or_nan")]
    pub missing: f64,
    /// What is not known: h less what a code saves that mixes the model's answers with the prior, as far as they deserve it; nats per
    /// fact. NaN in records of earlier builds.
    #[serde(default = "number::nan", deserialize_with = "number::or_nan")]
    pub missing_recalibrated: f64,
    /// What is believed wrongly: mean of max(loss − h, 0), nats per fact.
    #[serde(deserialize_with = "number::or_nan")]
    pub overconfidence: f64,
    /// Fraction of answers that are right, 0 to 1.
    #[serde(deserialize_with = "number::or_nan")]
    pub accuracy: f64,
    /// Information about the facts stored in the model, bits.
    #[serde(deserialize_with = "number::or_nan")]
    pub bits_stored: f64,
    /// Its 95 % confidence interval, `[low, high]`, bits; NaN in records of earlier builds.
    #[serde(default = "number::nan_pair", deserialize_with = "number::pair_or_nan")]
    pub bits_stored_ci95: [f64; 2],
    /// The same where all answers of a class are trusted alike, whatever their confidence; NaN in records of earlier builds.
    #[serde(default = "number::nan", deserialize_with = "number::or_nan")]
    pub bits_stored_one_weight: f64,
    /// `bits_stored` over the number of parameters.
    #[serde(deserialize_with = "number::or_nan")]
    pub bits_per_parameter: f64,
    /// Mean loss of a Bayes learner that saw the very same exposures, nats per fact.
    #[serde(deserialize_with = "number::or_nan")]
    pub bayes_value_loss: f64,
    /// The same in expectation over the data, in closed form, nats per fact.
    #[serde(deserialize_with = "number::or_nan")]
    pub bayes_value_loss_expected: f64,
    /// Code lengths of all documents so far, exact ones among them.
    #[serde(flatten)]
    pub exact: ExactCode,
    /// The frequency classes, the most frequent first.
    pub classes: Vec<ClassRecord>,
    /// What else was asked, and how: of a run without fine-tuning at its last evaluation alone.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub interviews: Vec<InterviewRecord>,
    /// What companions of the training have to say beside it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub companions: CompanionFigures,
}

/// Facts of one cohort, asked in one wording. Means are weighted by the frequency of the facts; of those that have none,
/// names that nobody bears, each counts the same.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct InterviewRecord {
    /// Who was asked about: `stated` (subjects of the world), of those in an instruction `taught` or `untaught`,
    /// `injected` (new facts), or `strangers` (names that nobody bears).
    pub cohort: String,
    /// In which words: `statement`, `held_out` or `question`.
    pub wording: String,
    /// How many facts were asked.
    pub measured: u64,
    /// Mean loss, nats per fact.
    #[serde(deserialize_with = "number::or_nan")]
    pub value_loss: f64,
    /// Its 95 % confidence interval, `[low, high]`, nats per fact.
    #[serde(deserialize_with = "number::pair_or_nan")]
    pub value_loss_ci95: [f64; 2],
    /// Fraction of answers that are right, 0 to 1.
    #[serde(deserialize_with = "number::or_nan")]
    pub accuracy: f64,
    /// Its 95 % confidence interval, `[low, high]`.
    #[serde(deserialize_with = "number::pair_or_nan")]
    pub accuracy_ci95: [f64; 2],
    /// Fraction of answers that are a value of the right relation, 0 to 1.
    #[serde(deserialize_with = "number::or_nan")]
    pub answer_valid: f64,
    /// Mean probability of the most likely answer, 0 to 1.
    #[serde(deserialize_with = "number::or_nan")]
    pub confidence: f64,
}

/// One frequency class of an evaluation: the facts of the subjects of rank `lo_rank` to `hi_rank`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ClassRecord {
    /// Rank of its most frequent subject; 1 is the most frequent of all.
    pub lo_rank: u64,
    /// Rank of its least frequent subject, inclusive.
    pub hi_rank: u64,
    /// How many facts the class has.
    pub facts: u64,
    /// How many of them were asked.
    pub measured: u64,
    /// Probability that a draw falls into the class.
    #[serde(deserialize_with = "number::or_nan")]
    pub mass: f64,
    /// Mean loss in the class, nats per fact.
    #[serde(deserialize_with = "number::or_nan")]
    pub value_loss: f64,
    /// Its 95 % confidence interval, `[low, high]`, nats per fact.
    #[serde(deserialize_with = "number::pair_or_nan")]
    pub value_loss_ci95: [f64; 2],
    /// What is not known: mean of min(loss, h), nats per fact.
    #[serde(deserialize_with = "number::or_nan")]
    pub missing: f64,
    /// What is not known: h less what a code saves that mixes the model's answers with the prior, as far as they deserve it; nats per
    /// fact. NaN in records of earlier builds.
    #[serde(default = "number::nan", deserialize_with = "number::or_nan")]
    pub missing_recalibrated: f64,
    /// What is believed wrongly: mean of max(loss − h, 0), nats per fact.
    #[serde(deserialize_with = "number::or_nan")]
    pub overconfidence: f64,
    /// Fraction of answers that are right, 0 to 1.
    #[serde(deserialize_with = "number::or_nan")]
    pub accuracy: f64,
    /// How often a fact of the class was seen so far: mean per fact.
    #[serde(deserialize_with = "number::or_nan")]
    pub exposures: f64,
    /// Mean loss of a Bayes learner that saw the very same exposures, nats per fact.
    #[serde(deserialize_with = "number::or_nan")]
    pub bayes_value_loss: f64,
    /// The same in expectation over the data, in closed form, nats per fact.
    #[serde(deserialize_with = "number::or_nan")]
    pub bayes_value_loss_expected: f64,
    /// The Bayes learner on the documents since the evaluation before.
    #[serde(flatten)]
    pub online: OnlineClass,
    /// Information about the facts of the class stored in the model, bits.
    #[serde(deserialize_with = "number::or_nan")]
    pub bits_stored: f64,
    /// Its 95 % confidence interval, `[low, high]`, bits; NaN in records of earlier builds.
    #[serde(default = "number::nan_pair", deserialize_with = "number::pair_or_nan")]
    pub bits_stored_ci95: [f64; 2],
    /// The same where all answers of a class are trusted alike, whatever their confidence; NaN in records of earlier builds.
    #[serde(default = "number::nan", deserialize_with = "number::or_nan")]
    pub bits_stored_one_weight: f64,
}

#[cfg(test)]
pub(crate) mod examples {
    //! Records for the tests of this crate.
    use super::*;

    pub(crate) fn step(step: u64) -> StepRecord {
        StepRecord {
            step,
            documents: 256 * step,
            tokens: 4096 * step,
            loss: 3.25 / step as f64,
            loss_syntax: Some(0.1),
            loss_subject: Some(2.0),
            loss_value: None,
            loss_eos: Some(0.0),
            exact: ExactLosses {
                floor: Some(0.75),
                ..ExactLosses::default()
            },
            lr: 3e-3,
            grad_norm: 0.7,
            tokens_per_s: 30_000.0,
            elapsed_s: step as f64 * 0.5,
            companions: CompanionFigures::new(),
        }
    }

    pub(crate) fn evaluation(step: u64) -> EvaluationRecord {
        EvaluationRecord {
            step,
            documents: 256 * step,
            value_loss: 2.5,
            value_loss_ci95: [2.25, 2.75],
            missing: 2.0,
            missing_recalibrated: 2.25,
            overconfidence: 0.5,
            accuracy: 0.25,
            bits_stored: 1e4,
            bits_stored_ci95: [9e3, 1.1e4],
            bits_stored_one_weight: 9.5e3,
            bits_per_parameter: 0.04,
            bayes_value_loss: 1.5,
            bayes_value_loss_expected: 1.75,
            exact: ExactCode::default(),
            classes: vec![class(1, 10), class(11, 100)],
            interviews: Vec::new(),
            companions: CompanionFigures::new(),
        }
    }

    pub(crate) fn class(lo_rank: u64, hi_rank: u64) -> ClassRecord {
        ClassRecord {
            lo_rank,
            hi_rank,
            facts: hi_rank + 1 - lo_rank,
            measured: 10,
            mass: 0.5,
            value_loss: 2.5,
            value_loss_ci95: [2.25, 2.75],
            missing: 2.0,
            missing_recalibrated: 2.25,
            overconfidence: 0.5,
            accuracy: 0.25,
            exposures: 12.5,
            bayes_value_loss: 1.5,
            bayes_value_loss_expected: 1.75,
            online: OnlineClass::default(),
            bits_stored: 5e3,
            bits_stored_ci95: [4e3, 6e3],
            bits_stored_one_weight: 4.5e3,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_finite_is_null_in_the_file_and_nan_in_memory() {
        let mut record = examples::step(1);
        record.loss = f64::NAN;
        record.grad_norm = f64::INFINITY;
        record.loss_eos = Some(f64::NAN);
        let json = serde_json::to_string(&record).unwrap();
        for text in ["\"loss\":null", "\"grad_norm\":null", "\"loss_eos\":null"] {
            assert!(json.contains(text), "{json}");
        }
        let read: StepRecord = serde_json::from_str(&json).unwrap();
        assert!(read.loss.is_nan() && read.grad_norm.is_nan());
        assert_eq!(read.loss_eos, None);
        assert_eq!(read.lr, record.lr);

        let mut record = examples::evaluation(1);
        record.value_loss_ci95[1] = f64::NEG_INFINITY;
        record.classes[0].value_loss_ci95[0] = f64::NAN;
        let json = serde_json::to_string(&record).unwrap();
        assert!(json.contains("\"value_loss_ci95\":[2.25,null]"), "{json}");
        let read: EvaluationRecord = serde_json::from_str(&json).unwrap();
        assert!(read.value_loss_ci95[1].is_nan());
        assert!(read.classes[0].value_loss_ci95[0].is_nan());
        assert_eq!(read.classes[1], record.classes[1]);
    }

    #[test]
    fn a_missing_key_is_not_taken_for_a_missing_value() {
        let json = serde_json::to_string(&examples::step(1)).unwrap();
        let without = json.replace("\"lr\":0.003,", "");
        assert_ne!(json, without);
        let error = serde_json::from_str::<StepRecord>(&without).unwrap_err();
        assert!(error.to_string().contains("lr"), "{error}");
    }
}
