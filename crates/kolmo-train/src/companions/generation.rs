//! What the model writes when nobody asks it anything, judged at the last evaluation of a pre-training.

use kolmo_config::RunConfig;
use kolmo_eval::{code, generate::write_all};
use kolmo_probe::{Interview, Statements, miscalibration};
use kolmo_world::{
    Document, World,
    random::{Stream, Streams},
    stream::VALIDATION_FIRST,
};

use super::{Asked, Companion, Evaluation};
use crate::{error::TrainError, job::Job, state::Kept};

struct Generation<'a> {
    config: &'a RunConfig,
    world: &'a World,
    draws: Stream,
}

pub(super) fn begin<'a>(job: &Job<'a>, _: &'a Interview) -> Box<dyn Companion + 'a> {
    Box::new(Generation {
        config: job.config,
        world: job.world,
        draws: Streams::new(job.config.seed).stream("evaluation/generated"),
    })
}

impl Companion for Generation<'_> {
    fn name(&self) -> &'static str {
        "generated"
    }

    fn evaluation(
        &mut self,
        asked: &Asked<'_>,
        evaluation: &mut Evaluation,
    ) -> Result<(), TrainError> {
        let count = self.config.eval.generated;
        if count == 0 || !asked.is_last {
            return Ok(());
        }
        let (world, train) = (self.world, &self.config.train);
        let (model, device, workers) = (asked.model, asked.device, asked.workers);
        let most = world.max_document_length();
        let texts = write_all(model, most, &self.draws, count, device, workers)?;
        let own = texts.into_iter().map(|tokens| world.document_of(tokens));
        let own: Vec<Document> = own.collect();
        let natural = (0..count).map(|n| world.document(VALIDATION_FIRST + n));
        let nats = |documents: &[Document]| -> Result<Vec<f64>, TrainError> {
            let costs = code(model, world, documents, device, workers)?;
            Ok(costs.iter().map(|nats| nats.total()).collect())
        };
        let off = miscalibration(&nats(&own)?, &nats(&natural.collect::<Vec<_>>())?);
        let statements =
            Statements::judge(world, &own, &train.order(world), asked.moment.documents);
        statements.tell(off, &mut evaluation.record.companions);
        Ok(())
    }

    /// It is asked once, at the end.
    fn keep(&self) -> Result<Option<Vec<u8>>, TrainError> {
        Ok(None)
    }

    fn resume(&mut self, _: &Kept<'_>) -> Result<(), TrainError> {
        Ok(())
    }
}
