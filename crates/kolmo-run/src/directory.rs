//! The layout of a run directory.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::atomic::{self, TEMPORARY_SUFFIX};
use crate::error::{Error, Result};
use crate::names::{self, EVAL, FIGURES, MANIFEST};
use crate::tensorboard::is_event_file;
use crate::there::{is_missing, is_there};

/// The folder of one run. It names the places; their content is the other modules' matter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunDirectory {
    root: PathBuf,
}

impl RunDirectory {
    /// The folder `root`, whether it is there or not.
    pub fn at(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    /// Opens the folder `root`, and makes it, with its parents, if it is missing. What it holds is
    /// left alone: see [`owner`](Self::owner).
    ///
    /// # Errors
    /// [`Error::Io`] if the folder cannot be made, or if `root` is a file.
    pub fn open_or_create(root: impl Into<PathBuf>) -> Result<Self> {
        let root = root.into();
        fs::create_dir_all(&root).map_err(Error::io("create the folder", &root))?;
        Ok(Self { root })
    }

    /// The folder itself.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// `config.toml`: the resolved configuration, written before the first step.
    pub fn config(&self) -> PathBuf {
        self.root.join("config.toml")
    }

    /// `manifest.json`: see [`Manifest`](crate::Manifest).
    pub fn manifest(&self) -> PathBuf {
        self.root.join(MANIFEST)
    }

    /// `metrics.jsonl`: one [`StepRecord`](crate::StepRecord) a line.
    pub fn metrics(&self) -> PathBuf {
        self.root.join("metrics.jsonl")
    }

    /// `evaluations.jsonl`: one [`EvaluationRecord`](crate::EvaluationRecord) a line.
    pub fn evaluations(&self) -> PathBuf {
        self.root.join("evaluations.jsonl")
    }

    /// `facts.parquet`: see [`FactsTable`](crate::FactsTable).
    pub fn facts(&self) -> PathBuf {
        self.root.join("facts.parquet")
    }

    /// `answers.parquet`: see [`AnswerRow`](crate::AnswerRow).
    pub fn answers(&self) -> PathBuf {
        self.root.join("answers.parquet")
    }

    /// `compression.json`: see [`CompressionRecord`](crate::CompressionRecord).
    pub fn compression(&self) -> PathBuf {
        self.root.join("compression.json")
    }

    /// `tensorboard/`: the event files, or the folder [`curves`](Self::curves) with them.
    pub fn tensorboard(&self) -> PathBuf {
        self.root.join("tensorboard")
    }

    /// Where event files are written: `tensorboard/`, or the folder in it whose name ends in a comma and the name of the run.
    /// TensorBoard calls a run by its folders, and to readers a hash says nothing: a sweep makes that folder, and names it after
    /// what sets the run apart.
    pub fn curves(&self) -> PathBuf {
        let folder = self.tensorboard();
        let name = self.root.file_name().unwrap_or_default().to_string_lossy();
        let ending = format!(",{name}");
        let entries = fs::read_dir(&folder).into_iter().flatten().flatten();
        let mut names = entries.filter_map(|entry| entry.file_name().into_string().ok());
        let named = names.find(|entry| !name.is_empty() && entry.ends_with(&ending));
        named.map_or(folder.clone(), |named| folder.join(named))
    }

    /// Lets the event files be in `tensorboard/NAME,RUN/`, wherever they are now, so that TensorBoard shows the run under that
    /// name, and no other.
    ///
    /// # Errors
    /// [`Error::Io`] from the file system. A view of other files: nothing depends on it.
    pub fn name_curves(&self, name: &str) -> Result<()> {
        let root = self.root.file_name().unwrap_or_default().to_string_lossy();
        let (folder, there) = (self.tensorboard(), self.curves());
        let wanted = folder.join(format!("{name},{root}"));
        if there == wanted {
            return Ok(());
        }
        // A process that writes there keeps its file, whatever that is called.
        let moved =
            |from: &Path, to: &Path| fs::rename(from, to).map_err(Error::io("rename", from));
        if there != folder {
            return moved(&there, &wanted);
        }
        fs::create_dir_all(&wanted).map_err(Error::io("create the folder", &wanted))?;
        for entry in fs::read_dir(&folder).map_err(Error::io("list", &folder))? {
            let name = entry.map_err(Error::io("list", &folder))?.file_name();
            if name.to_str().is_some_and(is_event_file) {
                moved(&folder.join(&name), &wanted.join(&name))?;
            }
        }
        Ok(())
    }

    /// `figures/`: the plots, as SVG.
    pub fn figures(&self) -> PathBuf {
        self.root.join(FIGURES)
    }

    /// `checkpoints/`: one folder a checkpoint.
    pub fn checkpoints(&self) -> PathBuf {
        self.root.join("checkpoints")
    }

    /// `checkpoints/step-00001000/`: the checkpoint after `step` steps.
    pub fn checkpoint(&self, step: u64) -> PathBuf {
        self.checkpoints().join(names::step(step))
    }

    /// `eval/step-00001000/`: what `kolmo eval` found of the checkpoint after `step` steps.
    pub fn evaluation(&self, step: u64) -> PathBuf {
        self.root.join(EVAL).join(names::step(step))
    }

    /// `DONE`: written last, with the final figures as JSON.
    pub fn done(&self) -> PathBuf {
        self.root.join("DONE")
    }

    /// Whether the run ended as planned.
    ///
    /// # Errors
    /// [`Error::Io`] if that cannot be told.
    pub fn is_done(&self) -> Result<bool> {
        is_there(self.done())
    }

    /// Removes what killed processes left of half-written files, and nothing else.
    ///
    /// # Errors
    /// [`Error::Io`] if a folder cannot be listed or a file not removed.
    pub fn remove_remains(&self) -> Result<()> {
        let _ = atomic::remove_remains(self.figures());
        atomic::remove_remains(&self.root)?;
        atomic::remove_remains(self.checkpoints())
    }
}

/// The first 8 hex digits of the BLAKE3 hash of `text`. A resolved configuration goes in, and
/// `runs/<config name>-<short hash>/` comes of it: another configuration, another folder.
pub fn short_hash(text: &str) -> String {
    let mut hash = blake3::hash(text.as_bytes()).to_hex().to_string();
    hash.truncate(8);
    hash
}

/// Writes `value` as indented JSON, atomically. Numbers that are not finite become `null`.
pub(crate) fn write_json(path: &Path, value: &impl Serialize) -> Result<()> {
    let mut json = serde_json::to_vec_pretty(value).map_err(|source| Error::Serialize {
        path: path.to_path_buf(),
        source,
    })?;
    json.push(b'\n');
    atomic::write_bytes(path, &json)
}

/// Removes the entries of `folder` that are `ours`, and temporary files. No folder, no entries.
pub(crate) fn remove_entries(folder: &Path, ours: impl Fn(&str) -> bool) -> Result<()> {
    let entries = match fs::read_dir(folder) {
        Err(error) if is_missing(&error) => return Ok(()),
        result => result.map_err(Error::io("list", folder))?,
    };
    for entry in entries {
        let entry = entry.map_err(Error::io("list", folder))?;
        let name = entry.file_name();
        // kolmo writes no name that is not UTF-8.
        let Some(name) = name.to_str() else { continue };
        if ours(name) || is_temporary(name) {
            remove(&entry.path())?;
        }
    }
    Ok(())
}

/// Whether `name` is one of half-written files and folders.
fn is_temporary(name: &str) -> bool {
    name.starts_with('.') && name.ends_with(TEMPORARY_SUFFIX)
}

/// Removes a file, a link (not what it points to) or a folder with all it holds, if it is there.
pub(crate) fn remove(path: &Path) -> Result<()> {
    let result = fs::symlink_metadata(path).and_then(|found| {
        if found.is_dir() {
            fs::remove_dir_all(path)
        } else {
            fs::remove_file(path)
        }
    });
    match result {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        result => result.map_err(Error::io("remove", path)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn touch(path: &Path) {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, "x").unwrap();
    }

    fn open(folder: &tempfile::TempDir) -> RunDirectory {
        RunDirectory::open_or_create(folder.path().join("runs/a")).unwrap()
    }

    #[test]
    fn the_names_are_those_of_the_contract() {
        let folder = tempfile::tempdir().unwrap();
        let run = open(&folder);
        let root = folder.path().join("runs/a");
        assert_eq!(run.root(), root);
        for (path, name) in [
            (run.config(), "config.toml"),
            (run.manifest(), "manifest.json"),
            (run.metrics(), "metrics.jsonl"),
            (run.evaluations(), "evaluations.jsonl"),
            (run.facts(), "facts.parquet"),
            (run.tensorboard(), "tensorboard"),
            (run.figures(), "figures"),
            (run.checkpoint(1000), "checkpoints/step-00001000"),
            (run.evaluation(1000), "eval/step-00001000"),
            (run.done(), "DONE"),
        ] {
            assert_eq!(path, root.join(name));
        }
    }

    #[test]
    fn curves_are_in_the_folder_that_is_named_for_them() {
        let folder = tempfile::tempdir().unwrap();
        let run = open(&folder);
        assert_eq!(run.curves(), run.tensorboard());
        let file = "events.out.tfevents.17.1.1.0.kolmo";
        fs::create_dir_all(run.tensorboard().join("mine")).unwrap();
        touch(&run.tensorboard().join(file));
        for name in ["seed=1", "layers=2,seed=1", "layers=2,seed=1"] {
            run.name_curves(name).unwrap();
            let curves = run.tensorboard().join(format!("{name},a"));
            assert_eq!(run.curves(), curves);
            assert!(curves.join(file).is_file());
            // Beside somebody's folder, there is none but that.
            assert_eq!(fs::read_dir(run.tensorboard()).unwrap().count(), 2);
        }
    }

    #[test]
    fn a_file_in_the_way_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        touch(&file);
        let error = RunDirectory::open_or_create(&file).unwrap_err();
        assert!(error.to_string().contains("file"), "{error}");
    }

    #[test]
    fn a_run_is_done_once_that_is_marked() {
        let folder = tempfile::tempdir().unwrap();
        let run = open(&folder);
        assert!(!run.is_done().unwrap());
        touch(&run.done());
        assert!(run.is_done().unwrap());
    }

    #[test]
    fn the_short_hash_is_blake3() {
        // The published hash of the empty input begins so.
        assert_eq!(short_hash(""), "af1349b9");
        assert_ne!(short_hash("seed = 1"), short_hash("seed = 2"));
        assert_eq!(short_hash("seed = 1").len(), 8);
    }
}
