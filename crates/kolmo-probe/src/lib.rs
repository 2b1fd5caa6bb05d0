//! Which facts are asked, and what answers to them say; whoever answers.
//!
//! A [`Probe`] is a fixed sample of facts, stratified over frequency [`classes`], each with a sentence that asks for it; an
//! [`interview`] asks about others and in other words. What is said to one is an [`Answer`]. [`summary`] turns answers into the record of
//! an evaluation and the rows of its tables, beside what the exact Bayes learner would have lost, who has had the same [`exposures`];
//! [`statements`] judges what a model says unasked; [`exact`] reads the documents of a training as the exact predictors do. There is no model here: `kolmo-eval` asks one.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

mod answer;
pub mod classes;
mod error;
pub mod exact;
pub mod exposures;
pub mod interview;
pub mod probe;
pub mod statements;
pub mod summary;

pub use answer::{Answer, Drawn};
pub use classes::Class;
pub use error::ProbeError;
pub use exact::{Exact, ExactState, role_bits};
pub use exposures::Exposures;
pub use interview::{Cohort, Interview, Reply, answer_rows, interview_records};
pub use probe::{Probe, ProbedFact};
pub use statements::{Statements, miscalibration};
pub use summary::{Moment, fact_rows, summarise};
