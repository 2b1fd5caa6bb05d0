//! One run as a child process.

use std::{
    fs::{self, File, OpenOptions},
    io,
    path::PathBuf,
    process::{self, Stdio},
};

use kolmo_run::{Error, atomic, exit_code, files, read_end};

use crate::{commands::Trainer, directory::SweepDirectory, error::SweepError, plan::PlannedRun};

/// A run at work.
pub(super) struct Child {
    /// Which run of the plan.
    pub run: usize,
    /// In which place.
    pub slot: usize,
    process: process::Child,
    log: PathBuf,
    exit: PathBuf,
}

impl Child {
    /// Begins `run`, the `k`-th of its plan, or goes on with it, in a place.
    pub fn start(
        (k, slot): (usize, usize),
        run: &PlannedRun,
        directory: &SweepDirectory,
        trainer: &Trainer,
        device: &str,
        threads: usize,
    ) -> Result<Self, SweepError> {
        let (log, exit) = (directory.log(&run.id), directory.exit(&run.id));
        match fs::remove_file(&exit) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(Error::io("remove", &exit)(error).into());
            }
            _ => {}
        }
        let open = || -> io::Result<(File, File)> {
            let mut options = OpenOptions::new();
            let file = files::open_own(&log, options.create(true).append(true))?;
            Ok((file.try_clone()?, file))
        };
        let (out, err) = open().map_err(Error::io("open", &log))?;
        let mut command = trainer.command();
        command
            .args(trainer.arguments(run, directory, Some(device)))
            .env("RAYON_NUM_THREADS", threads.to_string())
            .stdin(Stdio::null())
            .stdout(out)
            .stderr(err);
        // Ctrl-C reaches the parent alone, which tells the children once.
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        let process = command.spawn().map_err(|error| SweepError::Start {
            program: trainer.kolmo.to_string_lossy().into_owned(),
            reason: error.to_string(),
        })?;
        Ok(Self {
            run: k,
            slot,
            process,
            log,
            exit,
        })
    }

    /// Its exit code if it has ended; none inside after a signal.
    pub fn ended(&mut self) -> Result<Option<Option<u8>>, SweepError> {
        let ended = self
            .process
            .try_wait()
            .map_err(|error| SweepError::Program {
                program: "waiting for a run".to_owned(),
                reason: error.to_string(),
            })?;
        // Of eight bits on the systems that have signals.
        let code = |status: process::ExitStatus| {
            Some(status.code()?.try_into().unwrap_or(exit_code::FAILED))
        };
        Ok(ended.map(code))
    }

    /// Asks it to save and end. That it has ended already is no failure.
    pub fn stop(&mut self) {
        interrupt(&mut self.process);
    }

    /// Keeps the code that it ended with for those who ask later.
    pub fn note(&self, code: u8) -> Result<(), SweepError> {
        Ok(atomic::write_bytes(
            &self.exit,
            format!("{code}\n").as_bytes(),
        )?)
    }

    /// What it said last.
    pub fn last_words(&self, code: Option<u8>) -> String {
        const END: u64 = 4000;
        let end = read_end(&self.log, END).unwrap_or_default();
        let text = String::from_utf8_lossy(&end);
        let last = text.lines().rev().find(|line| !line.trim().is_empty());
        match (last, code) {
            (_, None) => "it was killed by a signal".to_owned(),
            (Some(line), _) => line.to_owned(),
            (None, Some(code)) => format!("it ended with code {code} and said nothing"),
        }
    }
}

/// Asks a process to save and end.
#[cfg(unix)]
fn interrupt(process: &mut process::Child) {
    use rustix::process::{Pid, Signal, kill_process};
    let _ = kill_process(Pid::from_child(process), Signal::TERM);
}

/// There is no way to ask: it goes on from its last checkpoint.
#[cfg(not(unix))]
fn interrupt(process: &mut process::Child) {
    let _ = process.kill();
}
