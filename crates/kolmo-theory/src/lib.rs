//! What should happen: predictions for a world, computed without training anything.
//!
//! Everything here is a function of a [`World`](kolmo_world::World): [`discovery`] is how many facts
//! a learner has met after n documents and what it therefore loses; [`entropy`] is what no learner
//! can do without. Losses are in nats.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

pub mod discovery;
pub mod entropy;
