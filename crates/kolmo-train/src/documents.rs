//! What a run reads: documents of the world, those of a lesson, and such as the model wrote before the lesson began.

use std::sync::Arc;

use burn::prelude::*;
use kolmo_eval::{EvalError, generate::write_documents};
use kolmo_model::Model;
use kolmo_world::{Batch, Document, Lesson, Shown, World, random::Random};

use crate::{
    base::{self, Base},
    error::TrainError,
    job::Job,
};

/// A stream of documents.
#[derive(Debug, Clone)]
pub(crate) enum Documents<'a> {
    World(Shown<'a>),
    Lesson(&'a Lesson<'a>),
    /// A lesson some of whose documents a model writes.
    Generated(&'a Lesson<'a>, Arc<Author>),
}

/// A model that writes documents: the one that a fine-tuning begins with. Its weights stay as they are.
#[derive(Debug)]
pub(crate) struct Author {
    model: Model,
    device: Device,
}

impl<'a> Documents<'a> {
    /// What the run of `job` reads. A model that writes of it is on `device`, that of the training.
    ///
    /// # Errors
    /// Those of a run that is fine-tuned and not there any more, where its model writes.
    pub fn of(job: &Job<'a>, device: &Device) -> Result<Self, TrainError> {
        let Job { config, world, .. } = *job;
        let lesson = match job.lesson {
            None => return Ok(Self::World(config.train.order(world))),
            Some(lesson) if !lesson.has_generated() => return Ok(Self::Lesson(lesson)),
            Some(lesson) => lesson,
        };
        let Some(finetune) = &config.finetune else {
            return Ok(Self::Lesson(lesson));
        };
        let weights = Base::open(finetune, job.run)?.weights()?;
        let model = base::model(config, world, weights, device)?.valid();
        let device = job.device.device.clone();
        Ok(Self::Generated(lesson, Arc::new(Author { model, device })))
    }

    /// Documents `first..first + count` as a batch.
    ///
    /// # Errors
    /// A device that does not give back what a model writes on it.
    pub fn batch(&self, first: u64, count: usize) -> Result<Batch, TrainError> {
        let (lesson, author) = match self {
            Self::World(world) => return Ok(world.batch(first, count)),
            Self::Lesson(lesson) => (lesson, None),
            Self::Generated(lesson, author) => (lesson, Some(author)),
        };
        let length = lesson.max_document_length();
        let written = match author {
            None => Vec::new(),
            Some(author) => {
                let numbers = first..first + count as u64;
                let (numbers, randoms): (Vec<u64>, Vec<Random>) = numbers
                    .filter_map(|n| Some((n, lesson.generated(n)?)))
                    .unzip();
                let written = author.write(lesson.world(), length, randoms)?;
                numbers.into_iter().zip(written).collect()
            }
        };
        Ok(Batch::of(length, first, count, |n, document| match written
            .binary_search_by_key(&n, |(number, _)| *number)
        {
            Ok(place) => document.clone_from(&written[place].1),
            Err(_) => lesson.write_document(n, document),
        }))
    }
}

impl Author {
    /// A document for each of `randoms`, of at most `most` tokens, with the roles that `world` gives them. None has facts of the world: what
    /// the model takes to be true is stated, and not what is.
    fn write(
        &self,
        world: &World,
        most: usize,
        mut randoms: Vec<Random>,
    ) -> Result<Vec<Document>, EvalError> {
        if randoms.is_empty() {
            return Ok(Vec::new());
        }
        let written = write_documents(&self.model, most, &mut randoms, &self.device)?;
        let documents = written.into_iter();
        Ok(documents.map(|tokens| world.document_of(tokens)).collect())
    }
}
