//! Standard output: what a reader or a script gets from a command.

use std::{
    error::Error,
    fmt,
    io::{self, IsTerminal, Stdout, Write},
};

use crate::{inherited, plain::plain};

/// Standard output that takes no more.
#[derive(Debug)]
pub enum OutputError {
    /// Whoever read it has had enough, as `head` has. That ends a command, and is no failure.
    Gone,
    /// It cannot be written.
    Failed(io::Error),
}

impl fmt::Display for OutputError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Gone => "nobody reads standard output any more",
            Self::Failed(_) => "could not write to standard output",
        })
    }
}

impl Error for OutputError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Gone => None,
            Self::Failed(error) => Some(error),
        }
    }
}

impl From<io::Error> for OutputError {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Self::Gone,
            _ => Self::Failed(error),
        }
    }
}

/// Standard output, unless it was closed before kolmo began. Whoever writes to it flushes it, for the standard library
/// tells nobody what goes wrong at the end.
pub fn stdout() -> Result<Stdout, OutputError> {
    if inherited::is_without_stdout() {
        return Err(OutputError::Failed(io::Error::other("it is closed")));
    }
    Ok(io::stdout())
}

/// A line of text on standard output. What a command does beside it comes first, for an error ends it.
pub fn print(text: &str) -> Result<(), OutputError> {
    line("", &plain(text))
}

/// The same in the place of all that a terminal shows.
pub fn print_anew(text: &str) -> Result<(), OutputError> {
    const CLEAR: &str = "\x1b[2J\x1b[H";
    let clear = if io::stdout().is_terminal() {
        CLEAR
    } else {
        ""
    };
    line(clear, &plain(text))
}

/// A command on standard output, for a shell: what a program reads is every byte of it, what a terminal shows is plain.
pub fn print_command(text: &str) -> Result<(), OutputError> {
    match io::stdout().is_terminal() {
        true => print(text),
        false => line("", text),
    }
}

fn line(before: &str, text: &str) -> Result<(), OutputError> {
    let mut out = stdout()?.lock();
    writeln!(out, "{before}{text}")?;
    Ok(out.flush()?)
}
