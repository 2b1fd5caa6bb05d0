//! The real `kolmo`, driven as a user would.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod bench;
mod cli;
mod compress;
#[cfg(unix)]
mod docs;
#[cfg(unix)]
mod earlier;
mod eval;
#[cfg(unix)]
mod finetune;
#[cfg(unix)]
mod foreign;
mod gpu_costs;
#[cfg(unix)]
mod hostile;
#[cfg(unix)]
mod kept;
#[cfg(unix)]
mod limits;
mod mistakes;
#[cfg(unix)]
mod newer;
#[cfg(unix)]
mod output;
mod parity;
#[cfg(unix)]
mod report;
mod resume;
#[cfg(unix)]
mod sweep;
mod theory;
mod train;
#[cfg(unix)]
mod trunk;
mod util;
#[cfg(unix)]
mod words;
mod world;
