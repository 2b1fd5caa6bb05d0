//! Exit codes of `kolmo`, by which whoever starts it knows how a run ended.

/// An error.
pub const FAILED: u8 = 1;
/// Bad usage or configuration.
pub const USAGE: u8 = 2;
/// The loss exploded or is no longer a finite number.
pub const DIVERGED: u8 = 3;
/// Stopped on request and saved; the same command goes on.
pub const STOPPED: u8 = 75;
