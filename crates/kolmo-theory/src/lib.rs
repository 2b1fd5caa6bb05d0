//! What should happen: predictions for a world, computed without training anything.
//!
//! Everything here is a function of a [`World`](kolmo_world::World): [`discovery`] is how many facts
//! a learner has met after n documents and what it therefore loses; [`entropy`] is what no learner
//! can do without. Losses are in nats.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

pub mod bayes;
pub mod capacity;
pub mod discovery;
pub mod dynamics;
pub mod entropy;
pub mod floor;
mod grammar;
pub mod hallucination;
pub mod pitman_yor;
pub mod predictions;
pub mod roles;
mod special;
pub mod structure;
pub mod survey;

pub use bayes::{BayesLearner, Discount};
pub use floor::{Floor, expected_floor};
pub use pitman_yor::PitmanYorParameters;
pub use predictions::{Predictions, Scope};
pub use roles::ByRole;
