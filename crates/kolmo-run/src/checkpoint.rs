//! Checkpoints: folders that are there whole or not at all. What is in them is the caller's.
//!
//! ```text
//! checkpoints/step-00001000/
//!     manifest.json            step, run, and size and BLAKE3 hash of every other file; written last
//!     model.safetensors, ...   the caller's files
//! ```
//!
//! The files are written and forced to disk in a folder of a temporary name, which is then renamed: a
//! reader, or a run that comes after a power cut, never sees part of a checkpoint. Whatever a disk does to
//! one later, [`read`] notices.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use kolmo_config::{Retention, content_hash};
use serde::{Deserialize, Serialize};

use crate::atomic::{self, TEMPORARY_SUFFIX};
use crate::directory::{RunDirectory, remove, write_json};
use crate::error::{Error, Result};
use crate::files::{self, LARGEST_RECORD};
use crate::names;

/// Contents of the files of a checkpoint, by name.
pub type Files = BTreeMap<String, Vec<u8>>;

const FORMAT: u32 = 1;
const MANIFEST: &str = "manifest.json";

/// `manifest.json` of a checkpoint. Every field is checked, so that no damage to it goes unseen.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct CheckpointManifest {
    format: u32,
    step: u64,
    /// Hash of what the run is, [`content_hash`] of its configuration.
    run: String,
    files: BTreeMap<String, FileRecord>,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct FileRecord {
    bytes: u64,
    blake3: String,
}

impl FileRecord {
    fn of(content: &[u8]) -> Self {
        Self {
            bytes: content.len() as u64,
            blake3: content_hash(content),
        }
    }
}

/// A checkpoint that is being written. Dropped before it is [finished](Self::finish), it leaves nothing.
#[derive(Debug)]
pub struct Draft<'a> {
    run: &'a RunDirectory,
    step: u64,
    /// Where it grows.
    folder: PathBuf,
    files: BTreeMap<String, FileRecord>,
}

impl<'a> Draft<'a> {
    /// Begins the checkpoint of `step`.
    ///
    /// # Errors
    /// [`Error::Io`] if its folder cannot be made.
    pub fn begin(run: &'a RunDirectory, step: u64) -> Result<Self> {
        let checkpoints = run.checkpoints();
        // Not its parents: a run directory that has vanished is not made again with half of what it had.
        make_folder(&checkpoints)?;
        let folder = checkpoints.join(format!(".step-{step:08}{TEMPORARY_SUFFIX}"));
        remove(&folder)?;
        make_folder(&folder)?;
        Ok(Self {
            run,
            step,
            folder,
            files: BTreeMap::new(),
        })
    }

    /// Adds a file, and forces it to disk.
    ///
    /// # Errors
    /// [`Error::Io`] if it cannot be written.
    pub fn add(&mut self, name: &str, content: &[u8]) -> Result<()> {
        write_file(&self.folder.join(name), content)?;
        self.files.insert(name.to_owned(), FileRecord::of(content));
        Ok(())
    }

    /// Makes it a checkpoint. `identity` is the [`content_hash`] of what makes the run that run. One of the
    /// same step that was there is replaced.
    ///
    /// # Errors
    /// [`Error::Io`] if the manifest cannot be written or the folder not renamed.
    pub fn finish(mut self, identity: &str) -> Result<()> {
        let manifest = CheckpointManifest {
            format: FORMAT,
            step: self.step,
            run: identity.to_owned(),
            files: std::mem::take(&mut self.files),
        };
        // It forces the folder to disk, too.
        write_json(&self.folder.join(MANIFEST), &manifest)?;
        retire(self.run, self.step)?;
        let folder = self.run.checkpoint(self.step);
        fs::rename(&self.folder, &folder).map_err(Error::io("replace", &folder))?;
        let checkpoints = self.run.checkpoints();
        atomic::sync_folder(&checkpoints).map_err(Error::io("force to disk", &checkpoints))
    }
}

impl Drop for Draft<'_> {
    fn drop(&mut self) {
        // The disk may be full: what is of no use goes, if it can.
        let _ = remove(&self.folder);
    }
}

/// Removes the checkpoint of `step`, if there is one, under another name first: half a checkpoint must not
/// look like one.
fn retire(run: &RunDirectory, step: u64) -> Result<()> {
    let folder = run.checkpoint(step);
    let old = run
        .checkpoints()
        .join(format!(".step-{step:08}.old{TEMPORARY_SUFFIX}"));
    remove(&old)?;
    match fs::rename(&folder, &old) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        renamed => {
            renamed.map_err(Error::io("remove", &folder))?;
            remove(&old)
        }
    }
}

/// A new file, forced to disk. Nobody looks for it before its folder has its name.
fn write_file(path: &Path, content: &[u8]) -> Result<()> {
    let mut file = File::create_new(path).map_err(Error::io("create", path))?;
    let written = file.write_all(content).and_then(|()| file.sync_all());
    written.map_err(Error::io("write", path))
}

fn make_folder(folder: &Path) -> Result<()> {
    match fs::create_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => match fs::metadata(folder) {
            Ok(there) if there.is_dir() => Ok(()),
            Ok(_) => Err(error),
            Err(error) => Err(error),
        },
        made => made,
    }
    .map_err(Error::io("create the folder", folder))
}

/// The steps of the checkpoints that are there, the newest first, sound or not.
///
/// # Errors
/// [`Error::Io`] if the folder cannot be listed. No folder, no checkpoints; but a link to nowhere is an
/// error, for they may be behind it.
pub fn steps(run: &RunDirectory) -> Result<Vec<u64>> {
    let folder = run.checkpoints();
    let entries = match fs::read_dir(&folder) {
        Err(error)
            if error.kind() == io::ErrorKind::NotFound
                && fs::symlink_metadata(&folder).is_err() =>
        {
            return Ok(Vec::new());
        }
        result => result.map_err(Error::io("list", &folder))?,
    };
    let mut steps = Vec::new();
    for entry in entries {
        let name = entry.map_err(Error::io("list", &folder))?.file_name();
        steps.extend(name.to_str().and_then(names::step_of));
    }
    steps.sort_unstable_by(|a, b| b.cmp(a));
    Ok(steps)
}

/// Reads the files `names` of the checkpoint of `step`, every byte of them checked.
///
/// # Errors
/// [`Error::Checkpoint`] if it is damaged, incomplete, of another run or of another version;
/// [`Error::Io`] if a file is there and cannot be read, which may pass.
pub fn read(run: &RunDirectory, step: u64, identity: &str, names: &[&str]) -> Result<Files> {
    let folder = run.checkpoint(step);
    let problem = |reason: String| Error::Checkpoint {
        path: folder.clone(),
        reason,
    };
    let content = |name: &str, most: u64| {
        let path = folder.join(name);
        match files::read(&path, most) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                Err(problem(format!("{name} is missing")))
            }
            // Of another size, or no file: nothing that may pass.
            Err(error)
                if matches!(
                    error.kind(),
                    io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput
                ) =>
            {
                Err(problem(format!("{name} is damaged: {error}")))
            }
            read => read.map_err(Error::io("read", &path)),
        }
    };
    let manifest = content(MANIFEST, LARGEST_RECORD)?;
    let manifest: CheckpointManifest = serde_json::from_slice(&manifest)
        .map_err(|error| problem(format!("{MANIFEST} is damaged: {error}")))?;
    if manifest.format != FORMAT {
        let format = manifest.format;
        return Err(problem(format!(
            "its format is {format}, and this kolmo reads {FORMAT}"
        )));
    }
    if manifest.step != step {
        let found = manifest.step;
        return Err(problem(format!("it says that it is of step {found}")));
    }
    if manifest.run != identity {
        let other = "it is of another run, or of a kolmo with other settings";
        return Err(problem(other.to_owned()));
    }
    let mut files = Files::new();
    for name in names {
        let damaged = || problem(format!("{name} is damaged"));
        let record = manifest.files.get(*name).ok_or_else(damaged)?;
        let content = content(name, record.bytes)?;
        if *record != FileRecord::of(&content) {
            return Err(damaged());
        }
        files.insert((*name).to_owned(), content);
    }
    Ok(files)
}

/// Removes the checkpoints that need not stay once that of `step` is written. Those of later steps are of a
/// way that is not gone any more: the run went on from before them because they are damaged.
///
/// # Errors
/// [`Error::Io`] if one cannot be removed.
pub fn prune(run: &RunDirectory, retention: Retention<'_>, step: u64) -> Result<()> {
    // Of a removal that failed half-way.
    atomic::remove_remains(run.checkpoints())?;
    let (later, steps): (Vec<u64>, Vec<u64>) = steps(run)?.into_iter().partition(|s| *s > step);
    let old = steps.into_iter().skip(retention.keep_last.max(1));
    let old = old.filter(|step| !retention.keeps(*step));
    for step in later.into_iter().chain(old) {
        retire(run, step)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(names: &[(&str, &str)]) -> Files {
        let files = names.iter();
        files
            .map(|(name, content)| ((*name).to_owned(), content.as_bytes().to_vec()))
            .collect()
    }

    fn open(folder: &tempfile::TempDir) -> RunDirectory {
        RunDirectory::open_or_create(folder.path().join("run")).unwrap()
    }

    fn write(run: &RunDirectory, step: u64, identity: &str, files: &Files) -> Result<PathBuf> {
        let mut draft = Draft::begin(run, step)?;
        for (name, content) in files {
            draft.add(name, content)?;
        }
        draft.finish(identity)?;
        Ok(run.checkpoint(step))
    }

    #[test]
    fn it_reads_back_what_it_wrote() {
        let folder = tempfile::tempdir().unwrap();
        let run = open(&folder);
        assert!(steps(&run).unwrap().is_empty());
        let written = files(&[("model", "weights"), ("state", "")]);
        for step in [7, 100_000_000, 12] {
            write(&run, step, "run", &written).unwrap();
        }
        fs::create_dir(run.checkpoints().join("step-12-copy")).unwrap();
        assert_eq!(steps(&run).unwrap(), [100_000_000, 12, 7]);
        assert_eq!(read(&run, 12, "run", &["model", "state"]).unwrap(), written);
        assert_eq!(read(&run, 12, "run", &["model"]).unwrap().len(), 1);
        assert!(read(&run, 12, "run", &["moments"]).is_err());
        let error = read(&run, 12, "other", &["model"]).unwrap_err().to_string();
        assert!(error.contains("another run"), "{error}");
        assert!(read(&run, 13, "run", &[]).is_err());
    }

    #[test]
    fn a_checkpoint_replaces_the_one_of_the_same_step_and_leaves_no_remains() {
        let folder = tempfile::tempdir().unwrap();
        let run = open(&folder);
        // Remains of a process that was killed while it wrote.
        let remains = run.checkpoints().join(".step-00000007.kolmo-tmp");
        fs::create_dir_all(&remains).unwrap();
        fs::write(remains.join("half"), "half").unwrap();

        write(&run, 7, "run", &files(&[("old", "old"), ("model", "old")])).unwrap();
        let written = write(&run, 7, "run", &files(&[("model", "new")])).unwrap();
        assert_eq!(written, run.checkpoint(7));
        assert_eq!(fs::read(written.join("model")).unwrap(), b"new");
        assert!(!written.join("old").exists() && !written.join("half").exists());
        assert_eq!(fs::read_dir(run.checkpoints()).unwrap().count(), 1);
    }

    #[test]
    fn a_failure_leaves_no_checkpoint_and_no_remains() {
        let folder = tempfile::tempdir().unwrap();
        let run = open(&folder);
        // A file in a folder that is not there.
        let wrong = files(&[("model", "new"), ("no/such", "new")]);
        assert!(write(&run, 7, "run", &wrong).is_err());
        assert_eq!(fs::read_dir(run.checkpoints()).unwrap().count(), 0);
        // A run directory that has vanished is not made again.
        fs::remove_dir_all(run.root()).unwrap();
        assert!(write(&run, 7, "run", &files(&[])).is_err());
        assert!(!run.root().exists());
    }

    #[test]
    fn the_newest_the_round_ones_and_those_asked_for_stay() {
        let folder = tempfile::tempdir().unwrap();
        let run = open(&folder);
        let left = |keep_last, keep_every, keep_at: &[u64]| {
            for step in (10..=100).step_by(10) {
                write(&run, step, "run", &files(&[("model", "m")])).unwrap();
            }
            let retention = Retention {
                keep_last,
                keep_every,
                keep_at,
            };
            prune(&run, retention, 100).unwrap();
            steps(&run).unwrap()
        };
        assert_eq!(left(2, 0, &[]), [100, 90]);
        assert_eq!(left(1, 40, &[]), [100, 80, 40]);
        assert_eq!(left(1, 40, &[30, 35, 80]), [100, 80, 40, 30]);
        assert_eq!(left(0, 0, &[]), [100]);
        assert_eq!(left(20, 0, &[]).len(), 10);
        // The run went back to 50: what is later must not make the newest sound one go.
        let retention = Retention {
            keep_last: 1,
            keep_every: 20,
            keep_at: &[],
        };
        prune(&run, retention, 50).unwrap();
        assert_eq!(steps(&run).unwrap(), [50, 40, 20]);
    }

    #[cfg(unix)]
    #[test]
    fn a_link_to_nowhere_is_not_taken_for_no_checkpoints() {
        let folder = tempfile::tempdir().unwrap();
        let run = open(&folder);
        std::os::unix::fs::symlink(folder.path().join("gone"), run.checkpoints()).unwrap();
        assert!(steps(&run).is_err());
    }

    #[test]
    fn every_damaged_byte_and_every_truncation_is_noticed_or_harmless() {
        let folder = tempfile::tempdir().unwrap();
        let run = open(&folder);
        let whole = files(&[("model", "some weights"), ("state", "{\"step\":7}")]);
        let written = write(&run, 7, "run", &whole).unwrap();
        for name in ["model", "state", MANIFEST] {
            let path = written.join(name);
            let sound = fs::read(&path).unwrap();
            let damaged = |bytes: &[u8]| {
                fs::write(&path, bytes).unwrap();
                match read(&run, 7, "run", &["model", "state"]) {
                    Ok(files) => assert_eq!(files, whole, "{name}: {bytes:?}"),
                    Err(error) => assert!(!error.to_string().is_empty()),
                }
            };
            for place in 0..sound.len() {
                for bit in 0..8 {
                    let mut bytes = sound.clone();
                    bytes[place] ^= 1 << bit;
                    damaged(&bytes);
                }
                damaged(&sound[..place]);
            }
            fs::remove_file(&path).unwrap();
            let error = read(&run, 7, "run", &["model", "state"]).unwrap_err();
            assert!(matches!(error, Error::Checkpoint { .. }), "{error}");
            fs::write(&path, &sound).unwrap();
        }
        assert_eq!(read(&run, 7, "run", &["model", "state"]).unwrap(), whole);
    }
}
