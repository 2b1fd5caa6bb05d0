//! One shell command for each run, for any engine that runs commands.

use std::{ffi::OsString, fmt::Display, path::Path, process::Command};

use crate::{directory::SweepDirectory, error::SweepError, plan::PlannedRun};

/// How `kolmo train` is called for the runs of a sweep.
#[derive(Debug, Clone)]
pub struct Trainer {
    /// The program, as anybody can call it.
    pub kolmo: OsString,
    /// What this process executes for it, where that is more certain: the file of the program may be replaced while the
    /// sweep goes on.
    pub image: Option<OsString>,
    /// Further arguments: `--no-fusion`, ...
    pub arguments: Vec<String>,
}

impl Trainer {
    /// The program, to be started by this process.
    pub fn command(&self) -> Command {
        let mut command = Command::new(self.image.as_ref().unwrap_or(&self.kolmo));
        #[cfg(unix)]
        std::os::unix::process::CommandExt::arg0(&mut command, &self.kolmo);
        command
    }

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
    /// A path that is no text of one line.
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

/// A path as text of one line, as a script and a list of commands have it: quotes do not keep a line feed from ending either.
pub(crate) fn word(path: &Path) -> Result<String, SweepError> {
    let no_form = |what: &str| {
        SweepError::Refused(format!(
            "{path:?} {what}, and so has no form in a script: give it another name"
        ))
    };
    let text = path.to_str().ok_or_else(|| no_form("is not UTF-8"))?;
    if text.contains(char::is_control) {
        return Err(no_form("has a line feed or another control character"));
    }
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_would_be_a_line_of_its_own_is_refused() {
        let trainer = |kolmo: &str| Trainer {
            kolmo: kolmo.into(),
            image: None,
            arguments: Vec::new(),
        };
        let plan = crate::plan::tests::plan("").unwrap();
        let line = |kolmo: &str, root: &str| {
            trainer(kolmo).line(&plan.runs[0], &SweepDirectory::at(root), None)
        };
        for name in ["a\nb", "a\rb", "a\u{1b}[2Jb", "a\u{7f}b", "a\u{85}b"] {
            for error in [line(name, "runs"), line("kolmo", name)] {
                let error = error.unwrap_err();
                assert!(error.is_usage(), "{error}");
                let message = error.to_string();
                assert!(message.contains("control character"), "{message}");
                assert!(!message.contains(char::is_control), "{message:?}");
            }
        }
        // What a shell would make something of is quoted.
        let said = line("it's", "a; $(b) `c` \"d\" \\e").unwrap();
        let words = shlex::split(&said).unwrap();
        assert_eq!(words[0], "it's");
        assert!(words[2].starts_with("a; $(b) `c` \"d\" \\e/"), "{said}");
    }

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
