//! The exact predictors, which read what the model reads.

use kolmo_config::Discount;
use kolmo_probe::{Class, Exact, Interview, ProbeError};
use kolmo_run::StepRecord;
use kolmo_world::World;

use super::{Asked, Companion, Evaluation, Seen};
use crate::{
    error::TrainError,
    job::Job,
    learner::Figures,
    meter::Sums,
    state::{Kept, cbor},
};

struct ExactSide<'a> {
    world: &'a World,
    discount: Discount,
    classes: &'a [Class],
    /// None in fine-tuning, whose documents are not those of the world.
    exact: Option<Exact<'a>>,
}

pub(super) fn begin<'a>(job: &Job<'a>, interview: &'a Interview) -> Box<dyn Companion + 'a> {
    let (world, discount) = (job.world, job.config.eval.bayes_discount);
    let classes = &interview.probe().classes[..];
    let exact = || Exact::new(world, discount, classes);
    Box::new(ExactSide {
        world,
        discount,
        classes,
        exact: job.config.finetune.is_none().then(exact),
    })
}

impl Companion for ExactSide<'_> {
    fn name(&self) -> &'static str {
        "exact"
    }

    fn step(&mut self, seen: &Seen<'_>) {
        if let Some(exact) = &mut self.exact {
            exact.read(seen.batch, seen.classes);
        }
    }

    fn losses(&mut self, figures: &Figures) {
        if let Some(exact) = &mut self.exact {
            exact.add(&figures.sums);
        }
    }

    fn line(&mut self, since: &Sums, record: &mut StepRecord) {
        if let Some(exact) = &mut self.exact {
            record.exact = exact.losses(&since.nats, &since.counts, &since.code);
        }
    }

    fn evaluation(
        &mut self,
        asked: &Asked<'_>,
        evaluation: &mut Evaluation,
    ) -> Result<(), TrainError> {
        if let Some(exact) = &mut self.exact {
            exact.complete(&mut evaluation.record, &asked.sums.code);
        }
        Ok(())
    }

    fn keep(&self) -> Result<Option<Vec<u8>>, TrainError> {
        cbor(&self.exact.as_ref().map(Exact::state)).map(Some)
    }

    fn resume(&mut self, kept: &Kept<'_>) -> Result<(), TrainError> {
        self.exact = match (&self.exact, kept.read()?) {
            (None, None) => None,
            (Some(_), Some(state)) => {
                let resumed = Exact::resume(self.world, self.discount, self.classes, state);
                Some(resumed?)
            }
            (None, Some(_)) | (Some(_), None) => {
                return Err(ProbeError::State("the exact predictors").into());
            }
        };
        Ok(())
    }
}
