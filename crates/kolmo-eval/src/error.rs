//! What can go wrong with a measurement.

/// A measurement that cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum EvalError {
    /// Answers that did not come back from the device.
    #[error("reading the model's answers from the device failed: {0}")]
    Read(String),
    /// Somebody wants it to stop. Nothing is changed by a measurement that was begun.
    #[error("the measurement was stopped on request")]
    Stopped,
    /// A kept state that is not of this run.
    #[error("the state of {0} is not of this run")]
    State(&'static str),
    /// The same of the Bayes learner.
    #[error(transparent)]
    Bayes(#[from] kolmo_theory::StateError),
}
