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
}
