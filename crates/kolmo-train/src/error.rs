//! What can go wrong with a configuration and with a run.

use std::path::PathBuf;

use kolmo_eval::EvalError;
use kolmo_model::ModelError;
use kolmo_world::WorldError;

/// A configuration that cannot be run.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// TOML that does not parse, or a key or type that is not known.
    #[error("{0}")]
    Toml(String),
    /// A `--set` that is no `key.path=value`.
    #[error("--set {given}: {reason}; write key.path=value, such as train.learning_rate=1e-3")]
    Override {
        /// What was given.
        given: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A value outside its range in `[train]`.
    #[error("{key} = {value} is not possible: valid is {valid}")]
    Invalid {
        /// The key, dotted as in the file.
        key: &'static str,
        /// The value found.
        value: String,
        /// What would be accepted.
        valid: &'static str,
    },
    /// An impossible `[world]`.
    #[error(transparent)]
    World(#[from] WorldError),
    /// An impossible `[model]`.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// An impossible `[eval]`.
    #[error(transparent)]
    Eval(#[from] EvalError),
}

/// A run that did not end well.
#[derive(Debug, thiserror::Error)]
pub enum TrainError {
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
        "none of the {count} checkpoints in {run} can be used, as told above: restore one, or start the \
         run again from its first step with --resume never", run = run.display()
    )]
    NoCheckpoint {
        /// The run directory.
        run: PathBuf,
        /// How many there are.
        count: usize,
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
    /// The run directory.
    #[error(transparent)]
    Run(#[from] kolmo_run::Error),
}

impl TrainError {
    /// Whether it says that a checkpoint is damaged. What may pass, such as a disk that does not answer,
    /// is no damage.
    pub(crate) fn is_damage(&self) -> bool {
        matches!(
            self,
            Self::Run(kolmo_run::Error::Checkpoint { .. })
                | Self::Model(ModelError::Weights(_))
                | Self::Eval(EvalError::State(_) | EvalError::Bayes(_))
        )
    }
}
