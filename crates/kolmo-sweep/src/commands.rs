//! One shell command for each run, for any engine that runs commands.

use std::{ffi::OsString, fmt::Display, path::Path};

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
/// A word with a byte that no shell takes, or a line break: one line is one command.
pub fn quoted<'a>(words: impl IntoIterator<Item = &'a str>) -> Result<String, SweepError> {
    let refused = |why: &dyn Display| {
        let problem = format!(
            "a path has no form in a line of a shell: {why}; name another --dir, or rename the file"
        );
        SweepError::Refused(problem)
    };
    let line = shlex::try_join(words).map_err(|error| refused(&error))?;
    match line.contains(['\n', '\r']) {
        true => Err(refused(&"it has a line break")),
        false => Ok(line),
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_what_a_shell_reads_or_is_refused() {
        let words = ["a b", "it's", "$HOME", "-x", "\u{1b}[31m", "", "*", "é"];
        let line = quoted(words).unwrap();
        assert_eq!(shlex::split(&line).unwrap(), words);
        for word in ["a\nb", "\r", "a\0"] {
            let error = quoted(["kolmo", word]).unwrap_err();
            assert!(error.is_usage(), "{error}");
            assert!(error.to_string().contains("no form in a line"), "{error}");
        }
    }
}
