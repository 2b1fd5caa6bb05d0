//! How often each fact was stated in training, and what the model answered when it was asked for it.

use kolmo_probe::{Exposures, Interview, answer_rows, fact_rows, interview_records, summarise};
use kolmo_world::World;

use super::{Asked, Companion, Evaluation, Seen};
use crate::{
    base::Base,
    error::TrainError,
    job::Job,
    state::{Kept, cbor},
};

struct Facts<'a> {
    world: &'a World,
    /// Of the model.
    parameters: u64,
    exposures: Exposures,
}

pub(super) fn begin<'a>(job: &Job<'a>, interview: &'a Interview) -> Box<dyn Companion + 'a> {
    Box::new(Facts {
        world: job.world,
        parameters: job.config.model.parameters(job.world.vocabulary().len()),
        exposures: interview.exposures(),
    })
}

impl Companion for Facts<'_> {
    fn name(&self) -> &'static str {
        "exposures"
    }

    fn follow(&mut self, base: &Base) -> Result<(), TrainError> {
        base.count(self.world, &mut self.exposures, &mut |_| {})
    }

    fn step(&mut self, seen: &Seen<'_>) {
        self.exposures.count(&seen.batch.facts);
    }

    fn evaluation(
        &mut self,
        asked: &Asked<'_>,
        evaluation: &mut Evaluation,
    ) -> Result<(), TrainError> {
        let (world, exposures, moment) = (self.world, &self.exposures, asked.moment);
        let (probe, answers) = (asked.interview.probe(), asked.answers);
        let record = summarise(world, probe, exposures, answers, self.parameters, moment);
        evaluation.record = record;
        evaluation.record.interviews = interview_records(asked.replies);
        evaluation.facts = fact_rows(probe, exposures, answers, moment);
        if asked.is_last {
            evaluation.answers = answer_rows(world, exposures, asked.replies, moment);
        }
        Ok(())
    }

    fn keep(&self) -> Result<Option<Vec<u8>>, TrainError> {
        cbor(self.exposures.counts()).map(Some)
    }

    fn resume(&mut self, kept: &Kept<'_>) -> Result<(), TrainError> {
        Ok(self.exposures.resume(kept.read()?)?)
    }
}
