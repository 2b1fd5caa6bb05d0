//! What a learner has learnt, to be kept and taken up again.

use kolmo_config::Discount;
use kolmo_world::World;
use serde::{Deserialize, Serialize};

use super::{BayesLearner, elements::ElementsState, syntax::SyntaxState};

/// What a [`BayesLearner`] has learnt between two documents. Its size grows with the distinct subjects met.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BayesState {
    elements: ElementsState,
    syntax: SyntaxState,
}

/// A state that is not of this world.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the Bayes learner's state is not of this world: {0} cannot be; start the learner anew")]
pub struct StateError(pub(super) &'static str);

impl<'a> BayesLearner<'a> {
    /// What was learnt from the documents read so far.
    pub fn state(&self) -> BayesState {
        BayesState {
            elements: self.elements.state(),
            syntax: self.syntax.state(),
        }
    }

    /// The learner that `state` was taken from: it goes on as if it had never stopped, bit for bit. `world`
    /// and `discount` are those it was made with.
    ///
    /// # Errors
    /// [`StateError`] if the state cannot be of this world.
    pub fn resume(
        world: &'a World,
        discount: Discount,
        state: BayesState,
    ) -> Result<Self, StateError> {
        let mut learner = Self::new(world, discount);
        learner.elements.resume(world, state.elements)?;
        learner.syntax.resume(state.syntax)?;
        Ok(learner)
    }
}
