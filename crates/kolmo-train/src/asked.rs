//! What a run is asked, fixed before its first step.

use burn::module::Module;
use kolmo_eval::{Answer, Exposures, Interview, Probe, Reply, measure};
use kolmo_world::random::Streams;

use crate::{error::TrainError, learner::Learner, trainer::Job};

/// The facts whose loss is followed, and the questions of an interview.
pub(crate) struct Asked {
    pub probe: Probe,
    pub interview: Interview,
    streams: Streams,
}

impl Asked {
    /// That of `job`.
    pub fn new(job: &Job<'_>) -> Self {
        let streams = Streams::new(job.config.seed);
        let mut probe = Probe::new(job.world, &job.config.eval, &streams);
        if let Some(lesson) = job.lesson {
            let per_document = job.world.relation_draw().per_document();
            probe = probe.without(per_document, |fact| lesson.revises(fact.element));
        }
        let interview = Interview::new(job.world, &probe, &job.config.eval, job.lesson, &streams);
        Self {
            probe,
            interview,
            streams,
        }
    }

    /// No exposures yet of all facts that are asked.
    pub fn exposures(&self) -> Exposures {
        Exposures::new(&self.probe).with(self.interview.facts())
    }

    /// The answers of the probe alone.
    pub fn answers(&self, job: &Job<'_>, learner: &Learner) -> Result<Vec<Answer>, TrainError> {
        let model = learner.model.valid();
        let device = &job.device.device;
        Ok(measure(
            &model,
            job.world,
            &self.probe,
            device,
            &learner.workers,
        )?)
    }

    /// The whole interview, whose first replies are those of the probe.
    pub fn hold(&self, job: &Job<'_>, learner: &Learner) -> Result<Vec<Reply<'_>>, TrainError> {
        let model = learner.model.valid();
        let (device, workers) = (&job.device.device, &learner.workers);
        let (probe, streams) = (&self.probe, &self.streams);
        Ok(self
            .interview
            .hold(&model, job.world, probe, device, workers, streams)?)
    }
}
