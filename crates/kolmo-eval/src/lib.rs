//! Asking a model: the loss of every fact, with a model in hand.
//!
//! [`measure()`] puts the facts of a [`Probe`](kolmo_probe::Probe) to a model, [`hold`] a whole
//! [`Interview`](kolmo_probe::Interview); what the answers say is for `kolmo-probe`. [`mod@generate`] lets a model write, [`code()`] asks
//! what documents cost it.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

pub mod code;
mod error;
pub mod generate;
mod interview;
pub mod measure;

pub use code::code;
pub use error::EvalError;
pub use interview::hold;
pub use measure::{WantsStop, measure, measure_and_draw};
