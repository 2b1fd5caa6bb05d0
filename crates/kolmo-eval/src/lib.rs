//! The loss of every fact, with a model in hand.
//!
//! A [`Probe`] is a fixed sample of facts, stratified over frequency [`classes`], each with a
//! sentence that asks for it; [`measure()`] puts it to a model; [`summary`] turns the answers into the
//! record of an evaluation, beside what the exact Bayes learner would have lost. [`interview`] asks about others and in other
//! words, [`mod@generate`] lets a model write, [`code()`] asks what documents cost it.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

pub mod classes;
pub mod code;
mod error;
pub mod exact;
pub mod exposures;
pub mod generate;
pub mod interview;
pub mod measure;
pub mod probe;
pub mod summary;

pub use classes::Class;
pub use code::code;
pub use error::EvalError;
pub use exact::{Exact, ExactState, role_bits};
pub use exposures::Exposures;
pub use interview::{Cohort, Interview, Reply, answer_rows, interview_records};
pub use measure::{Answer, Drawn, WantsStop, measure, measure_and_draw};
pub use probe::{Probe, ProbedFact};
pub use summary::{fact_rows, summarise};
