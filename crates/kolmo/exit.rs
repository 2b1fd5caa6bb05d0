//! From an error to a message and an exit code.

use std::process::ExitCode;

use kolmo_config::ConfigError;
use kolmo_export::ExportError;
use kolmo_model::ModelError;
use kolmo_train::TrainError;

use crate::progress::say;

/// The codes, for `--help`.
pub const HELP: &str = "Exit codes:
  0   done
  1   failed
  2   bad usage or configuration
  3   diverged: the loss exploded or is no longer a finite number
  75  stopped on request and saved: train without --resume never goes on";

const FAILED: u8 = 1;
const USAGE: u8 = 2;
const DIVERGED: u8 = 3;
const STOPPED: u8 = 75;

/// A mistake in how kolmo was called.
#[derive(Debug)]
pub struct Usage(pub String);

impl std::fmt::Display for Usage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Usage {}

/// A run that was asked to stop, and can go on.
#[derive(Debug)]
pub struct Stopped {
    /// Steps done.
    pub step: u64,
    /// Whether the command would begin it anew.
    pub anew: bool,
}

impl std::fmt::Display for Stopped {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let step = self.step;
        let command = match self.anew {
            false => "the same command",
            true => "the command without --resume never",
        };
        write!(
            f,
            "stopped on request after step {step}; {command} goes on from there"
        )
    }
}

impl std::error::Error for Stopped {}

/// Prints `error` with its causes and gives its code.
pub fn report(error: &anyhow::Error) -> ExitCode {
    match error.downcast_ref::<Stopped>() {
        Some(stopped) => say(&stopped.to_string()),
        None => say(&format!("error: {error:#}")),
    }
    ExitCode::from(code(error))
}

/// The code of a panic, which has said its piece already.
pub fn panicked() -> ExitCode {
    ExitCode::from(FAILED)
}

fn code(error: &anyhow::Error) -> u8 {
    let is_usage = |cause: &(dyn std::error::Error + 'static)| {
        cause.is::<Usage>()
            || cause.is::<ConfigError>()
            || matches!(
                cause.downcast_ref(),
                Some(
                    ModelError::Config(_)
                        | ModelError::UnknownDevice { .. }
                        | ModelError::DeviceUnavailable { .. }
                )
            )
            || matches!(cause.downcast_ref(), Some(TrainError::Config(_)))
            || matches!(
                cause.downcast_ref(),
                Some(
                    ExportError::TooMany { .. }
                        | ExportError::Another { .. }
                        | ExportError::Fewer { .. }
                        | ExportError::InTheWay { .. }
                )
            )
    };
    if error.chain().any(is_usage) {
        USAGE
    } else if let Some(TrainError::Diverged { .. }) = error.downcast_ref() {
        DIVERGED
    } else if error.is::<Stopped>() {
        STOPPED
    } else {
        FAILED
    }
}
