//! What can go wrong with a measurement.

/// A measurement that cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum EvalError {
    /// A value outside its range.
    #[error("{key} = {value} is not possible: valid is {valid}")]
    Invalid {
        /// The key, dotted as in the file.
        key: &'static str,
        /// The value found.
        value: usize,
        /// What would be accepted.
        valid: &'static str,
    },
    /// Answers that did not come back from the device.
    #[error("reading the model's answers from the device failed: {0}")]
    Read(String),
    /// A kept state that is not of this run.
    #[error("the state of {0} is not of this run")]
    State(&'static str),
    /// The same of the Bayes learner.
    #[error(transparent)]
    Bayes(#[from] kolmo_theory::StateError),
}
