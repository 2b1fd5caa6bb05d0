//! This program, as something to start.

use std::{
    env, fs,
    path::{Path, PathBuf},
};

use anyhow::Context;

/// What runs, by whatever name: Linux keeps it until the process ends.
const RUNNING: &str = "/proc/self/exe";

/// Where its file is, or was when it was started.
pub fn path() -> anyhow::Result<PathBuf> {
    env::current_exe().context("could not find out where this program is")
}

/// What to execute for the very program that runs: a build may have replaced its file meanwhile, or be about to. None where the system has
/// no name for it.
pub fn image() -> Option<&'static Path> {
    let running = Path::new(RUNNING);
    running.exists().then_some(running)
}

/// Gives a process that was started as [`image`] the name that it is called by, for `top` and `pkill`.
pub fn take_name() {
    const NAME: &str = "/proc/self/comm";
    let called = env::args_os().next().map(PathBuf::from);
    if let Some(called) = called.as_deref().and_then(Path::file_name)
        && fs::read(NAME).is_ok_and(|name| name == b"exe\n")
    {
        // A name for people.
        let _ = fs::write(NAME, called.as_encoded_bytes());
    }
}
