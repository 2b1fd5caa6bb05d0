//! A run as its caller gives it: what is trained, who watches, how it ends.

use std::path::Path;

use kolmo_config::RunConfig;
use kolmo_model::ComputeDevice;
use kolmo_probe::Interview;
use kolmo_run::{EvaluationRecord, Lock, Manifest, RunDirectory, StepRecord};
use kolmo_world::{Lesson, World};

use crate::{
    companions::{Begin, Companion},
    trunk::Trunk,
};

/// Who is told how a run goes, and may stop it. A terminal shows it; the files are written without it.
pub trait Observer: Sync {
    /// Training begins, so many steps being done already.
    fn begin(&mut self, step: u64);
    /// A logged step.
    fn step(&mut self, record: &StepRecord);
    /// An evaluation.
    fn evaluation(&mut self, record: &EvaluationRecord);
    /// The run begins with so many steps of a trunk.
    fn branch(&mut self, step: u64, trunk: &Path);
    /// A checkpoint was written after so many steps.
    fn checkpoint(&mut self, step: u64);
    /// Something went wrong beside the training, and does not stop it.
    fn warning(&mut self, text: &str);
    /// Whether the run is to be saved and left, after the step under way or in the middle of an evaluation; asked by every thread.
    fn wants_stop(&self) -> bool;
}

/// A run: what is trained, on what, where.
#[derive(Debug, Clone, Copy)]
pub struct Job<'a> {
    /// The configuration, settled.
    pub config: &'a RunConfig,
    /// Its world.
    pub world: &'a World,
    /// The device.
    pub device: &'a ComputeDevice,
    /// The run directory.
    pub run: &'a RunDirectory,
    /// That this process holds it.
    pub lock: &'a Lock,
    /// What it is taught, if it fine-tunes another one: that of the configuration.
    pub lesson: Option<&'a Lesson<'a>>,
    /// The run whose steps it begins with if it has no checkpoint of its own.
    pub trunk: Option<&'a Trunk>,
    /// Who goes beside it: [`COMPANIONS`](crate::COMPANIONS), and whoever else is to see it.
    pub companions: &'a [Begin],
}

impl<'a> Job<'a> {
    /// How many documents are read after so many steps.
    pub(crate) fn documents_after(&self, step: u64) -> u64 {
        step * self.config.train.batch_documents as u64
    }

    /// Its companions before the first step.
    pub(crate) fn companions(&self, interview: &'a Interview) -> Vec<Box<dyn Companion + 'a>> {
        let begin = self.companions.iter();
        begin.map(|begin| begin(self, interview)).collect()
    }
}

/// What to do with a run that is there already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start {
    /// Go on from its newest checkpoint that can be used; if it has none, begin.
    Resume,
    /// Remove it, and begin.
    Anew,
}

/// How training ended.
#[derive(Debug)]
pub enum Outcome {
    /// After the last step. The manifest still says `running`: the caller lets go of it when it has added
    /// what it adds to the directory.
    Finished(Box<Manifest>),
    /// On request, after so many steps, with a checkpoint.
    Stopped(u64),
}
