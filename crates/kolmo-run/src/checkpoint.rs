//! Checkpoints: folders that are there whole or not at all. What is in them is the caller's.

use std::fs;
use std::path::PathBuf;

use crate::atomic::{self, TEMPORARY_SUFFIX};
use crate::directory::{RunDirectory, remove};
use crate::error::{Error, Result};

/// Writes the checkpoint of `step` with `files`, names and contents, and gives its folder.
///
/// The files are written and forced to disk in a folder of a temporary name, which is then renamed:
/// a reader, or a run that comes after a power cut, never sees part of a checkpoint. One of the same
/// step that was there is replaced.
///
/// # Errors
/// [`Error::Io`] if a folder or file cannot be made, written or renamed.
pub fn write(run: &RunDirectory, step: u64, files: &[(&str, &[u8])]) -> Result<PathBuf> {
    let folder = run.checkpoint(step);
    let temporary = run
        .checkpoints()
        .join(format!(".step-{step:08}{TEMPORARY_SUFFIX}"));
    remove(&temporary)?;
    fs::create_dir_all(&temporary).map_err(Error::io("create the folder", &temporary))?;
    for (name, content) in files {
        atomic::write_bytes(temporary.join(name), content)?;
    }
    remove(&folder)?;
    fs::rename(&temporary, &folder).map_err(Error::io("replace", &folder))?;
    let checkpoints = run.checkpoints();
    atomic::sync_folder(&checkpoints).map_err(Error::io("force to disk", &checkpoints))?;
    Ok(folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_checkpoint_replaces_the_one_of_the_same_step_and_leaves_no_remains() {
        let folder = tempfile::tempdir().unwrap();
        let run = RunDirectory::open_or_create(folder.path().join("run")).unwrap();
        // Remains of a process that was killed while it wrote.
        let remains = run.checkpoints().join(".step-00000007.kolmo-tmp");
        fs::create_dir_all(&remains).unwrap();
        fs::write(remains.join("half"), "half").unwrap();

        write(&run, 7, &[("old", b"old"), ("model", b"old")]).unwrap();
        let written = write(&run, 7, &[("model", b"new")]).unwrap();
        assert_eq!(written, run.checkpoint(7));
        assert_eq!(fs::read(written.join("model")).unwrap(), b"new");
        assert!(!written.join("old").exists() && !written.join("half").exists());
        assert_eq!(fs::read_dir(run.checkpoints()).unwrap().count(), 1);
    }

    #[test]
    fn a_failure_leaves_no_checkpoint() {
        let folder = tempfile::tempdir().unwrap();
        let run = RunDirectory::open_or_create(folder.path().join("run")).unwrap();
        // A file in a folder that is not there.
        let files: [(&str, &[u8]); 2] = [("model", b"new"), ("no/such", b"new")];
        assert!(write(&run, 7, &files).is_err());
        assert!(!run.checkpoint(7).exists());
    }
}
