//! The real `kolmo`, driven as a user would.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod bench;
mod cli;
mod compress;
mod docs;
mod earlier;
mod eval;
mod finetune;
mod foreign;
mod gpu_costs;
mod hostile;
mod kept;
mod limits;
mod mistakes;
mod newer;
mod output;
mod parity;
mod report;
mod resume;
mod sweep;
mod theory;
mod train;
mod trunk;
mod util;
mod words;
mod world;
