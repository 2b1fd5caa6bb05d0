//! The exact side of a run: what the predictor that knows the world and the Bayes learner lose on the
//! very documents the model is trained on. The fields join those of the records, with their names.

use serde::{Deserialize, Serialize};

use super::StepRecord;

/// Of the documents of a [`StepRecord`](super::StepRecord), nats per token of the role; `None` without
/// such tokens.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct ExactLosses {
    /// Loss of the predictor that knows the world, on all tokens.
    pub floor: Option<f64>,
    /// Loss of the predictor that knows the world, on the tokens of the syntax.
    pub floor_syntax: Option<f64>,
    /// Loss of the predictor that knows the world, on the tokens of the subject.
    pub floor_subject: Option<f64>,
    /// Loss of the predictor that knows the world, on the tokens of the value.
    pub floor_value: Option<f64>,
    /// Loss of the predictor that knows the world, on the end of the document.
    pub floor_eos: Option<f64>,
    /// Training loss less the floor, on all tokens.
    pub redundancy: Option<f64>,
    /// Training loss less the floor, on the tokens of the syntax.
    pub redundancy_syntax: Option<f64>,
    /// Training loss less the floor, on the tokens of the subject.
    pub redundancy_subject: Option<f64>,
    /// Training loss less the floor, on the tokens of the value.
    pub redundancy_value: Option<f64>,
    /// Training loss less the floor, on the end of the document.
    pub redundancy_eos: Option<f64>,
    /// Loss of the Bayes learner, each sentence before it learns from it, on all tokens.
    pub bayes: Option<f64>,
    /// Loss of the Bayes learner, each sentence before it learns from it, on the tokens of the syntax.
    pub bayes_syntax: Option<f64>,
    /// Loss of the Bayes learner, each sentence before it learns from it, on the tokens of the subject.
    pub bayes_subject: Option<f64>,
    /// Loss of the Bayes learner, each sentence before it learns from it, on the tokens of the value.
    pub bayes_value: Option<f64>,
    /// Loss of the Bayes learner, each sentence before it learns from it, on the end of the document.
    pub bayes_eos: Option<f64>,
    /// What the model's code of all documents so far is longer than that of the predictor that knows the world, bits per
    /// fact stated.
    #[serde(default)]
    pub code_redundancy: Option<f64>,
    /// The same of the Bayes learner's code.
    #[serde(default)]
    pub bayes_code_redundancy: Option<f64>,
}

/// All losses of one role, nats per token of the role.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RoleLosses {
    /// `syntax`, `subject`, `value`, `eos`, or `all`.
    pub role: &'static str,
    /// The model's training loss.
    pub loss: Option<f64>,
    /// That of the predictor that knows the world.
    pub floor: Option<f64>,
    /// Training loss less floor.
    pub redundancy: Option<f64>,
    /// The Bayes learner's.
    pub bayes: Option<f64>,
}

impl StepRecord {
    /// The losses by role, those of all tokens last.
    pub fn by_role(&self) -> [RoleLosses; 5] {
        let exact = &self.exact;
        let of = |role, loss, floor, redundancy, bayes| RoleLosses {
            role,
            loss,
            floor,
            redundancy,
            bayes,
        };
        [
            of(
                "syntax",
                self.loss_syntax,
                exact.floor_syntax,
                exact.redundancy_syntax,
                exact.bayes_syntax,
            ),
            of(
                "subject",
                self.loss_subject,
                exact.floor_subject,
                exact.redundancy_subject,
                exact.bayes_subject,
            ),
            of(
                "value",
                self.loss_value,
                exact.floor_value,
                exact.redundancy_value,
                exact.bayes_value,
            ),
            of(
                "eos",
                self.loss_eos,
                exact.floor_eos,
                exact.redundancy_eos,
                exact.bayes_eos,
            ),
            of(
                "all",
                Some(self.loss),
                exact.floor,
                exact.redundancy,
                exact.bayes,
            ),
        ]
    }
}

/// The same over a whole run so far, for an [`EvaluationRecord`](super::EvaluationRecord).
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ExactCode {
    /// Pitman-Yor discount the Bayes learner believes in at this moment.
    pub bayes_discount: Option<f64>,
    /// Its Pitman-Yor concentration.
    pub bayes_concentration: Option<f64>,
    /// Distinct subjects among the documents so far.
    pub distinct_subjects: u64,
    /// Code lengths of all documents so far.
    pub code_bits: CodeBits,
}

/// Lengths of the code of all documents from the first on, bits.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct CodeBits {
    /// The model's prequential code: the sum of its losses, each batch before the update by it.
    pub model: RoleBits,
    /// The Bayes learner's, each sentence before it learns from it.
    pub bayes: RoleBits,
    /// That of the predictor that knows the world: no code is shorter on average.
    pub floor: RoleBits,
}

/// Bits by the role of the tokens they are spent on.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct RoleBits {
    /// On the syntax.
    pub syntax: f64,
    /// On the subject.
    pub subject: f64,
    /// On the value.
    pub value: f64,
    /// On the end of the document.
    pub eos: f64,
    /// All together.
    pub total: f64,
}

/// What was lost on the documents about the subjects of a frequency class since the evaluation before, each before
/// learning from it, for a [`ClassRecord`](super::ClassRecord).
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct OnlineClass {
    /// Documents about its subjects since the evaluation before.
    pub stream_documents: u64,
    /// The model's loss on their values, nats per fact; `None` without documents.
    #[serde(default)]
    pub stream_value_loss: Option<f64>,
    /// The model's loss on the names, nats per document.
    #[serde(default)]
    pub stream_subject_loss: Option<f64>,
    /// The Bayes learner's loss on their values, nats per fact; `None` without documents.
    pub bayes_stream_value_loss: Option<f64>,
    /// The Bayes learner's loss on the names, nats per document.
    pub bayes_stream_subject_loss: Option<f64>,
    /// The loss on the names of the predictor that knows the world, nats per document.
    pub floor_stream_subject_loss: Option<f64>,
}
