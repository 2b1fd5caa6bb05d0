//! What can go wrong with a run.

use std::path::PathBuf;

use kolmo_config::{
    ConfigError,
    agreement::{Difference, FREE},
};
use kolmo_eval::EvalError;
use kolmo_model::ModelError;
use kolmo_probe::ProbeError;
use kolmo_run::ReadError;

/// A run that did not end well.
#[derive(Debug, thiserror::Error)]
pub enum TrainError {
    /// A system that gives no more threads.
    #[error("no threads to train with: {0}; RAYON_NUM_THREADS says how many are asked for")]
    Threads(String),
    /// The loss exploded, or it, the gradient or an answer is no longer a finite number.
    #[error(
        "training diverged at step {step}: the loss is {loss} nats and the gradient norm {grad_norm}; \
         lower train.learning_rate or train.clip_norm, or lengthen train.warmup"
    )]
    Diverged {
        /// The step, counted from 1, whose batch showed it.
        step: u64,
        /// Mean loss of the batch, nats per token; NaN where an evaluation showed it.
        loss: f64,
        /// Global norm of the gradient.
        grad_norm: f64,
    },
    /// Checkpoints of which none can be used.
    #[error(
        "none of the {count} checkpoints in {run} can be used: restore one, or start the run again from its \
         first step with --resume never", run = run.display()
    )]
    NoCheckpoint {
        /// The run directory.
        run: PathBuf,
        /// How many there are.
        count: usize,
        /// What is wrong with the newest.
        #[source]
        newest: Box<TrainError>,
    },
    /// A run that computes something else from its first step on, and so has no step to begin with.
    #[error(
        "{trunk} cannot be the trunk of this run: {difference}; beside [checkpoint], the two may differ in \
         {free} alone", trunk = trunk.display(), free = FREE.join(", ")
    )]
    Trunk {
        /// The directory of the other run.
        trunk: PathBuf,
        /// The first key that differs.
        difference: Difference,
    },
    /// A run that cannot be fine-tuned.
    #[error("{run} cannot be fine-tuned: {problem}", run = run.display())]
    Base {
        /// Its directory.
        run: PathBuf,
        /// Why not.
        problem: String,
    },
    /// A state that could not be turned into bytes.
    #[error("the state of the run could not be encoded: {0}")]
    State(String),
    /// The configuration.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The model or its device.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// A measurement.
    #[error(transparent)]
    Eval(#[from] EvalError),
    /// What goes beside the training.
    #[error(transparent)]
    Probe(#[from] ProbeError),
    /// The run directory.
    #[error(transparent)]
    Run(#[from] kolmo_run::Error),
}

impl From<ReadError> for TrainError {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::File(error) => Self::Run(error),
            ReadError::Config(error) => Self::Config(error),
        }
    }
}

impl TrainError {
    /// Whether it says that a checkpoint is damaged. What may pass, such as a disk that does not answer,
    /// is no damage.
    pub(crate) fn is_damage(&self) -> bool {
        matches!(
            self,
            Self::Run(kolmo_run::Error::Checkpoint { .. })
                | Self::Model(ModelError::Weights(_))
                | Self::Probe(ProbeError::State(_) | ProbeError::Bayes(_))
        )
    }
}
