//! What should happen: predictions for a world, computed without training anything.
//!
//! Everything here is a function of a [`World`](kolmo_world::World). Two predictors read documents:
//! [`floor`] knows the world, [`bayes`] learns it. The rest is in closed form: [`entropy`] is what no
//! predictor can do without; [`discovery`] how many facts were met after n documents and what the others
//! cost; [`capacity`] what a model of limited capacity loses; [`structure`] model bits against data bits;
//! [`design`] what to show; [`hallucination`] how often the best answer is wrong; [`dynamics`] when facts are learnt;
//! [`pitman_yor`] the process behind it all. [`predictions`] puts them together, and [`survey`] lays them
//! beside documents drawn. Losses are in nats, capacities and code lengths in bits where a field says so.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

pub mod bayes;
mod binomial;
mod bound;
pub mod capacity;
pub mod design;
pub mod discovery;
pub mod dynamics;
pub mod entropy;
pub mod floor;
mod grammar;
mod grid;
pub mod hallucination;
pub mod information;
pub mod pitman_yor;
pub mod predictions;
pub mod roles;
mod special;
pub mod structure;
pub mod survey;
mod syntax;

pub use bayes::{BayesLearner, BayesReader, BayesState, StateError};
pub use floor::{Floor, expected_floor};
pub use pitman_yor::PitmanYorParameters;
pub use predictions::{Predictions, Scope};
pub use roles::ByRole;
