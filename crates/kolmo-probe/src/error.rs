//! What can be wrong with a state that was kept.

/// A state that cannot be taken up.
#[derive(Debug, thiserror::Error)]
pub enum ProbeError {
    /// It is not of this run.
    #[error("the state of {0} is not of this run")]
    State(&'static str),
    /// The same of the Bayes learner.
    #[error(transparent)]
    Bayes(#[from] kolmo_theory::StateError),
}
