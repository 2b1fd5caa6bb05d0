//! The layout of a run directory.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::atomic::{self, TEMPORARY_SUFFIX};
use crate::error::{Error, Result};
use crate::tensorboard::is_event_file;
use crate::there::is_there;

/// The files kolmo writes at the top of a run directory, in the order in which [`clear`] removes
/// them: `DONE` first, so that a half-cleared run never looks finished, and what makes the folder
/// recognisable as a run last.
///
/// [`clear`]: RunDirectory::clear
const FILES: [&str; 8] = [
    "DONE",
    "metrics.jsonl",
    "evaluations.jsonl",
    "facts.parquet",
    "answers.parquet",
    "compression.json",
    "manifest.json",
    "config.toml",
];

const EVAL: &str = "eval";

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
    /// left alone: see [`holds_a_run`](Self::holds_a_run).
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
        self.root.join("manifest.json")
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

    /// `tensorboard/`: the event files.
    pub fn tensorboard(&self) -> PathBuf {
        self.root.join("tensorboard")
    }

    /// `figures/`: the plots, as SVG.
    pub fn figures(&self) -> PathBuf {
        self.root.join("figures")
    }

    /// `checkpoints/`: one folder a checkpoint.
    pub fn checkpoints(&self) -> PathBuf {
        self.root.join("checkpoints")
    }

    /// `checkpoints/step-00001000/`: the checkpoint after `step` steps.
    pub fn checkpoint(&self, step: u64) -> PathBuf {
        self.checkpoints().join(format!("step-{step:08}"))
    }

    /// `eval/step-00001000/`: what `kolmo eval` found of the checkpoint after `step` steps.
    pub fn evaluation(&self, step: u64) -> PathBuf {
        self.root.join(EVAL).join(format!("step-{step:08}"))
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

    /// Whether a run was begun here: its configuration or its manifest is there.
    ///
    /// # Errors
    /// [`Error::Io`] if that cannot be told.
    pub fn holds_a_run(&self) -> Result<bool> {
        Ok(is_there(self.config())? || is_there(self.manifest())?)
    }

    /// Removes what kolmo wrote, so that a run may start over, and nothing else: the files named
    /// above, event files, `checkpoints/step-*`, `eval/step-*`, the SVG files of `figures/`, and the remains of
    /// interrupted writes. A folder goes when that has emptied it; the run directory stays.
    ///
    /// # Errors
    /// [`Error::Io`] at the first file that cannot be removed, event files and figures excepted. What is
    /// left still counts as a run, and a second call continues.
    pub fn clear(&self) -> Result<()> {
        let [done, files @ ..] = FILES;
        remove(&self.root.join(done))?;
        // Views of the other files: what is left of them stops nothing, and their writers tell of it.
        let _ = clear_folder(&self.tensorboard(), is_event_file);
        let _ = clear_folder(&self.figures(), |name| name.ends_with(".svg"));
        clear_folder(&self.checkpoints(), is_checkpoint)?;
        clear_folder(&self.root.join(EVAL), is_checkpoint)?;
        remove_entries(&self.root, |_| false)?;
        for file in files {
            remove(&self.root.join(file))?;
        }
        Ok(())
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

/// `step-` and digits, with or without a suffix: half-written checkpoints are kolmo's too.
fn is_checkpoint(name: &str) -> bool {
    name.trim_start_matches('.')
        .strip_prefix("step-")
        .is_some_and(|rest| rest.starts_with(|first: char| first.is_ascii_digit()))
}

/// Removes the entries of `folder` that are `ours`, then the folder if it is empty.
fn clear_folder(folder: &Path, ours: impl Fn(&str) -> bool) -> Result<()> {
    remove_entries(folder, ours)?;
    match fs::remove_dir(folder) {
        // The user's own files are in it, or the folder is the user's link to another disk.
        Err(error)
            if matches!(
                error.kind(),
                io::ErrorKind::DirectoryNotEmpty
                    | io::ErrorKind::NotADirectory
                    | io::ErrorKind::NotFound
            ) =>
        {
            Ok(())
        }
        result => result.map_err(Error::io("remove", folder)),
    }
}

/// Removes the entries of `folder` that are `ours`, and temporary files. No folder, no entries.
pub(crate) fn remove_entries(folder: &Path, ours: impl Fn(&str) -> bool) -> Result<()> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        result => result.map_err(Error::io("list", folder))?,
    };
    for entry in entries {
        let entry = entry.map_err(Error::io("list", folder))?;
        let name = entry.file_name();
        // kolmo writes no name that is not UTF-8.
        let Some(name) = name.to_str() else { continue };
        if ours(name) || name.ends_with(TEMPORARY_SUFFIX) {
            remove(&entry.path())?;
        }
    }
    Ok(())
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
    fn a_file_in_the_way_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        touch(&file);
        let error = RunDirectory::open_or_create(&file).unwrap_err();
        assert!(error.to_string().contains("file"), "{error}");
    }

    #[test]
    fn a_run_is_held_from_its_configuration_on_and_done_at_the_end() {
        let folder = tempfile::tempdir().unwrap();
        let run = open(&folder);
        touch(&run.root().join("notes.md"));
        assert!(!run.holds_a_run().unwrap());
        touch(&run.config());
        assert!(run.holds_a_run().unwrap());
        fs::rename(run.config(), run.manifest()).unwrap();
        assert!(run.holds_a_run().unwrap());

        assert!(!run.is_done().unwrap());
        touch(&run.done());
        assert!(run.is_done().unwrap());
    }

    #[test]
    fn files_where_views_should_be_stop_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let run = open(&folder);
        touch(&run.tensorboard());
        touch(&run.figures());
        run.remove_remains().unwrap();
        run.clear().unwrap();
        assert!(run.tensorboard().is_file());
    }

    #[test]
    fn clear_removes_what_is_kolmos_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let run = open(&folder);
        let root = run.root();
        let ours = [
            run.config(),
            run.manifest(),
            run.metrics(),
            run.evaluations(),
            run.facts(),
            run.done(),
            root.join(".facts.parquet.17-0.kolmo-tmp"),
            run.checkpoint(10).join("model.bin"),
            run.evaluation(10).join("facts.parquet"),
            run.checkpoints().join(".step-00000020.partial/model.bin"),
            run.figures().join("loss.svg"),
        ];
        let theirs = [
            root.join("notes.md"),
            root.join("step-00000010"),
            run.tensorboard().join("notes.md"),
            run.checkpoints().join("best/model.bin"),
            run.checkpoints().join("step-by-step.md"),
        ];
        ours.iter().chain(&theirs).for_each(|path| touch(path));
        crate::TensorBoard::open(run.tensorboard())
            .finish()
            .unwrap();
        assert_eq!(fs::read_dir(run.tensorboard()).unwrap().count(), 2);

        run.clear().unwrap();
        for path in &ours {
            assert!(!path.exists(), "{} is left", path.display());
        }
        for path in &theirs {
            assert!(path.exists(), "{} is gone", path.display());
        }
        assert_eq!(fs::read_dir(run.tensorboard()).unwrap().count(), 1);
        assert!(!run.figures().exists(), "the emptied folder is left");
        assert!(!run.checkpoint(10).exists());
        assert!(!run.holds_a_run().unwrap());
        run.clear().unwrap();
    }

    #[cfg(unix)]
    #[test]
    fn clear_follows_no_link_out_of_the_run() {
        let folder = tempfile::tempdir().unwrap();
        let run = open(&folder);
        let outside = folder.path().join("elsewhere/model.bin");
        touch(&outside);
        fs::create_dir(run.checkpoints()).unwrap();
        let link = run.checkpoint(10);
        std::os::unix::fs::symlink(outside.parent().unwrap(), &link).unwrap();
        run.clear().unwrap();
        assert!(outside.exists());
        assert!(fs::symlink_metadata(&link).is_err());
    }

    #[test]
    fn the_short_hash_is_blake3() {
        // The published hash of the empty input begins so.
        assert_eq!(short_hash(""), "af1349b9");
        assert_ne!(short_hash("seed = 1"), short_hash("seed = 2"));
        assert_eq!(short_hash("seed = 1").len(), 8);
    }
}
