//! Runs laid over theory: tables and figures.
//!
//! What was measured comes from the records of a run, what should have come out from
//! [`kolmo_theory`]: [`figures`] draws the two over each other and [`table`] sets them side by side.
//! Losses are nats per fact, capacities bits; intervals are at 95 %.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

pub mod error;
#[cfg(test)]
mod examples;
pub mod figures;
mod number;
pub mod table;

pub use error::{Error, Result};
pub use table::final_table;
