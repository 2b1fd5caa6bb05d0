//! From an error to a message and an exit code.

use std::{
    io::{self, Write},
    process::ExitCode,
};

use kolmo_config::ConfigError;
use kolmo_export::ExportError;
use kolmo_model::ModelError;
use kolmo_run::exit_code::{DIVERGED, FAILED, STOPPED, USAGE};
use kolmo_sweep::SweepError;
use kolmo_train::TrainError;

use crate::{
    output::{self, OutputError},
    plain::plain,
    progress::say,
};

/// The codes, for `--help`.
pub const HELP: &str = "Exit codes:
  0   done
  1   failed
  2   bad usage or configuration
  3   diverged: the loss exploded or is no longer a finite number
  75  stopped on request and saved: train without --resume never goes on";

/// How a sweep ended whose runs are not all done.
#[derive(Debug)]
pub enum SweepEnded {
    /// Runs failed, and others may have diverged.
    Failed {
        /// So many failed.
        failed: usize,
        /// So many diverged.
        diverged: usize,
    },
    /// None failed, but so many diverged.
    Diverged {
        /// So many.
        diverged: usize,
    },
    /// On request.
    Stopped {
        /// Runs that are left.
        waiting: usize,
    },
}

impl std::fmt::Display for SweepEnded {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Failed { failed, diverged } => write!(
                f,
                "{failed} runs failed and {diverged} diverged; kolmo sweep status says which, logs/ why, and \
                 --only failed runs them again"
            ),
            Self::Diverged { diverged } => write!(
                f,
                "{diverged} runs diverged: lower their learning rate, or leave them out"
            ),
            Self::Stopped { waiting } => write!(
                f,
                "stopped on request with {waiting} runs left; the same command goes on from there"
            ),
        }
    }
}

impl std::error::Error for SweepEnded {}

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

/// A command that was asked to stop before what it makes was whole.
#[derive(Debug)]
pub struct Unwritten;

impl std::fmt::Display for Unwritten {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("stopped on request: nothing was written; the same command begins again")
    }
}

impl std::error::Error for Unwritten {}

/// Shows what is said of the arguments: help and version on standard output, a mistake on standard error.
pub fn not_parsed(error: &clap::Error) -> ExitCode {
    if error.use_stderr() {
        // Colours are for a terminal that was sent nothing else to obey.
        let text = error.render().to_string();
        match plain(&text) == text {
            // Nobody listening is no reason to fail otherwise.
            true => drop(error.print()),
            false => say(text.trim_end()),
        }
        return ExitCode::from(USAGE);
    }
    let show = || -> Result<(), OutputError> {
        let mut out = output::stdout()?;
        error.print()?;
        Ok(out.flush()?)
    };
    match show() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => report(&error.into()),
    }
}

/// Prints `error` with its causes and gives its code.
pub fn report(error: &anyhow::Error) -> ExitCode {
    if let Some(OutputError::Gone) = error.downcast_ref() {
        return ExitCode::SUCCESS;
    }
    let is_asked = error.is::<Stopped>()
        || error.is::<Unwritten>()
        || matches!(error.downcast_ref(), Some(SweepEnded::Stopped { .. }));
    match is_asked {
        true => say(&error.to_string()),
        false => say(&format!("error: {error:#}")),
    }
    ExitCode::from(code(error))
}

/// The code of a panic, which has said its piece already.
pub fn panicked() -> ExitCode {
    ExitCode::from(FAILED)
}

/// What a run directory or another folder said, by whichever crate it is told.
fn of_folder<'a>(cause: &'a (dyn std::error::Error + 'static)) -> Option<&'a kolmo_run::Error> {
    if let Some(error) = cause.downcast_ref() {
        return Some(error);
    }
    if let Some(TrainError::Run(error)) = cause.downcast_ref() {
        return Some(error);
    }
    if let Some(ExportError::Run(error)) = cause.downcast_ref() {
        return Some(error);
    }
    if let Some(kolmo_report::Error::Outputs(error)) = cause.downcast_ref() {
        return Some(error);
    }
    None
}

/// Whether the file system has no such names: too long a one, whoever gave it.
fn is_no_name(cause: &(dyn std::error::Error + 'static)) -> bool {
    let error: Option<&io::Error> = cause.downcast_ref();
    error.is_some_and(|error| error.kind() == io::ErrorKind::InvalidFilename)
}

fn code(error: &anyhow::Error) -> u8 {
    // What is wrong with the configuration of a run that is there is nothing that was typed.
    let is_of_a_run = |cause: &(dyn std::error::Error + 'static)| {
        matches!(
            cause.downcast_ref(),
            Some(kolmo_report::Error::Config { .. })
        )
    };
    if error.chain().any(is_of_a_run) {
        return FAILED;
    }
    let is_usage = |cause: &(dyn std::error::Error + 'static)| {
        cause.is::<Usage>()
            || is_no_name(cause)
            || of_folder(cause).is_some_and(kolmo_run::Error::is_in_the_way)
            || cause.is::<ConfigError>()
            || matches!(
                cause.downcast_ref(),
                Some(
                    ModelError::Config(_)
                        | ModelError::UnknownDevice { .. }
                        | ModelError::DeviceUnavailable { .. }
                )
            )
            || matches!(
                cause.downcast_ref(),
                Some(TrainError::Config(_) | TrainError::Trunk { .. })
            )
            || cause.downcast_ref().is_some_and(SweepError::is_usage)
            || matches!(
                cause.downcast_ref(),
                Some(
                    ExportError::TooMany { .. }
                        | ExportError::Another { .. }
                        | ExportError::Fewer { .. }
                        | ExportError::Manifest { .. }
                )
            )
    };
    if error.chain().any(is_usage) {
        USAGE
    } else if let Some(TrainError::Diverged { .. }) = error.downcast_ref() {
        DIVERGED
    } else if error.is::<Stopped>() || error.is::<Unwritten>() {
        STOPPED
    } else {
        match error.downcast_ref() {
            Some(SweepEnded::Diverged { .. }) => DIVERGED,
            Some(SweepEnded::Stopped { .. }) => STOPPED,
            _ => FAILED,
        }
    }
}
