//! What goes beside the training of a model, sees every step, and adds to what a run records.
//!
//! A [`Companion`] is one file of this folder and one line of [`COMPANIONS`]. The loop shows it each step, the losses once they are
//! read from the device, each line of `metrics.jsonl` and each evaluation before they are written, and takes from it what it keeps in
//! a checkpoint. It has no files of its own: its figures stand in the records, under its name, and go with them wherever a run goes,
//! to TensorBoard, a branch, or a run that is resumed.

mod exact;
mod facts;
mod generation;

use burn::prelude::Device;
use kolmo_kernels::Workers;
use kolmo_model::Model;
use kolmo_probe::{Answer, Interview, Moment, Reply};
use kolmo_run::{AnswerRow, EvaluationRecord, FactRow, StepRecord};
use kolmo_world::Batch;

use crate::{
    base::Base,
    error::TrainError,
    job::Job,
    learner::{Figures, Learner, Step},
    meter::Sums,
    state::Kept,
};

/// Makes a companion of a run as it is before the first step.
pub type Begin = for<'a> fn(&Job<'a>, &'a Interview) -> Box<dyn Companion + 'a>;

/// The companions of every run, in the order in which they are called: the first makes the record of an evaluation, and the others
/// add to it.
pub const COMPANIONS: &[Begin] = &[facts::begin, exact::begin, generation::begin];

/// Who goes beside a training. It does nothing where it has nothing to do; what it keeps it must say.
pub trait Companion {
    /// The name of what it keeps in a checkpoint, and of its figures in records.
    fn name(&self) -> &'static str;

    /// The run begins with the weights of `base`. Called before the first step, and not when a run is taken up.
    ///
    /// # Errors
    /// A base that is not whole.
    fn follow(&mut self, _base: &Base) -> Result<(), TrainError> {
        Ok(())
    }

    /// A step, before the model follows its gradient.
    fn step(&mut self, _seen: &Seen<'_>) {}

    /// The losses of a step that was seen: they come later, and in order.
    fn losses(&mut self, _figures: &Figures) {}

    /// A line of `metrics.jsonl` is about to be written; `since` has the sums over the steps since the line before.
    fn line(&mut self, _since: &Sums, _record: &mut StepRecord) {}

    /// The model has answered, and the evaluation is about to be written. An error ends the run.
    ///
    /// # Errors
    /// A device that does not answer.
    fn evaluation(
        &mut self,
        _asked: &Asked<'_>,
        _evaluation: &mut Evaluation,
    ) -> Result<(), TrainError> {
        Ok(())
    }

    /// What it keeps, as [`cbor`](crate::state::cbor) writes it, so that it can be taken up between two steps and go on with the same
    /// bits; `None` if it needs nothing.
    ///
    /// # Errors
    /// What cannot be encoded.
    fn keep(&self) -> Result<Option<Vec<u8>>, TrainError>;

    /// Takes up what it kept. A checkpoint of an earlier build may have nothing of it: then it goes on as it begins, or says that it cannot.
    ///
    /// # Errors
    /// What is not of this run.
    fn resume(&mut self, kept: &Kept<'_>) -> Result<(), TrainError>;
}

/// A step as the loop sees it.
pub struct Seen<'a> {
    /// Its number, from 1.
    pub step: u64,
    /// The documents.
    pub batch: &'a Batch,
    /// The class of each document, see [`kolmo_probe::classes::of_documents`]; of a fine-tuning none.
    pub classes: &'a [u16],
    /// Loss and gradient, on the device.
    pub gradient: &'a Step,
    /// The model as it is before the step.
    pub learner: &'a Learner<Model>,
}

/// A model that has answered every question.
pub struct Asked<'a> {
    /// When.
    pub moment: Moment,
    /// The questions.
    pub interview: &'a Interview,
    /// The answers of its probe, in its order.
    pub answers: &'a [Answer],
    /// Those of the whole interview, where one was held: in fine-tuning and after the last step.
    pub replies: &'a [Reply<'a>],
    /// Whether it is the last evaluation.
    pub is_last: bool,
    /// The sums of the losses so far.
    pub sums: &'a Sums,
    /// The model, without automatic differentiation.
    pub model: &'a Model,
    /// Where it is.
    pub device: &'a Device,
    /// The threads to ask it with.
    pub workers: &'a Workers,
}

/// What is written of an evaluation.
#[derive(Debug, Clone, Default)]
pub struct Evaluation {
    /// For `evaluations.jsonl`.
    pub record: EvaluationRecord,
    /// For `facts.parquet`.
    pub facts: Vec<FactRow>,
    /// For `answers.parquet`, of the last evaluation.
    pub answers: Vec<AnswerRow>,
}
