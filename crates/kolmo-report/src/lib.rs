//! Runs laid over theory: tables and figures.
//!
//! What was measured comes from the records of a run, what should have come out from
//! [`kolmo_theory`]: [`figures`] draws the two over each other, [`table`] and [`roles`] set them side by side.
//! [`report`] is what many runs say of a claim and of the [`headlines`] that it opens with, and [`html`] shows it to readers.
//! [`theory`] is what should come out alone, and [`survey`] what the documents of a world are.
//! Losses are nats per fact, capacities bits; intervals are at 95 %.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

pub mod claims;
mod columns;
mod csv;
pub mod error;
#[cfg(test)]
mod examples;
pub mod figures;
mod files;
pub mod headlines;
pub mod html;
pub mod interviews;
mod measured;
mod number;
mod prediction;
mod quantity;
pub mod report;
pub mod roles;
pub mod study;
pub mod survey;
pub mod table;
pub mod theory;

pub use error::{Error, Result};
pub use headlines::choices;
pub use roles::training_table;
pub use table::final_table;
