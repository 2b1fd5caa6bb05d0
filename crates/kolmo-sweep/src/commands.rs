//! One shell command for each run, for any engine that runs commands.

use std::{ffi::OsString, path::Path};

use crate::{directory::SweepDirectory, error::SweepError, plan::PlannedRun};

/// How `kolmo train` is called for the runs of a sweep.
#[derive(Debug, Clone)]
pub struct Trainer {
    /// The program.
    pub kolmo: OsString,
    /// Further arguments: `--no-fusion`, ...
    pub arguments: Vec<String>,
}

impl Trainer {
    /// The arguments of the command that trains `run`, or goes on with it, or does nothing if it is done;
    /// on `device`, or wherever the caller adds.
    pub fn arguments(
        &self,
        run: &PlannedRun,
        directory: &SweepDirectory,
        device: Option<&str>,
    ) -> Vec<OsString> {
        let mut arguments: Vec<OsString> = vec![
            "train".into(),
            directory.config(&run.id).into(),
            "--run-dir".into(),
            directory.run(&run.id).root().into(),
        ];
        if let Some(device) = device {
            arguments.extend(["--device".into(), device.into()]);
        }
        if let Some(trunk) = &run.trunk {
            arguments.push("--trunk".into());
            arguments.push(directory.run(&trunk.id).root().into());
        }
        arguments.push("--quiet".into());
        arguments.extend(self.arguments.iter().map(OsString::from));
        arguments
    }

    /// The same as a line for a POSIX shell.
    ///
    /// # Errors
    /// A path that is no text.
    pub fn line(
        &self,
        run: &PlannedRun,
        directory: &SweepDirectory,
        device: Option<&str>,
    ) -> Result<String, SweepError> {
        let mut words = vec![word(Path::new(&self.kolmo))?];
        for argument in self.arguments(run, directory, device) {
            words.push(word(Path::new(&argument))?);
        }
        quoted(words.iter().map(String::as_str))
    }
}

/// `words` as a shell reads them.
///
/// # Errors
/// A word with a byte that no shell takes.
pub fn quoted<'a>(words: impl IntoIterator<Item = &'a str>) -> Result<String, SweepError> {
    shlex::try_join(words)
        .map_err(|error| SweepError::Refused(format!("a path has no form in a shell: {error}")))
}

/// A path as text.
pub(crate) fn word(path: &Path) -> Result<String, SweepError> {
    path.to_str().map(str::to_owned).ok_or_else(|| {
        let path = path.display();
        SweepError::Refused(format!(
            "{path} is not UTF-8, and so has no form in a script"
        ))
    })
}
