//! Whose a folder is: what of it may be replaced, and what removed.
//!
//! A name proves nothing, for others have a `config.toml` and `figures/` as well. A folder is a run's if its
//! `manifest.json` is one of kolmo's. That is written before everything else, and stays until that of the next run
//! takes its place, so that a process may be killed at any moment. In a folder without it nothing is replaced
//! or removed, and no run begins where something has a name that a run takes.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::directory::{RunDirectory, remove_entries};
use crate::error::{Error, Result};
use crate::files::{self, LARGEST_RECORD};
use crate::lock::Lock;
use crate::manifest::check_format;
use crate::names::{self, EVAL, FILES};
use crate::outputs;
use crate::tensorboard::{is_event_file, may_be_event_file};
use crate::there::is_missing;

/// That a folder is a run's, as its manifest says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark {
    /// BLAKE3 hash of the run's configuration, but for `[checkpoint]`; earlier builds did not write it.
    pub config_blake3: Option<String>,
}

impl Mark {
    /// That of a manifest, whichever build wrote it; none if no kolmo did.
    fn of(manifest: &Value) -> Option<Self> {
        let is_text = |key: &str| manifest[key].is_string();
        let is_count = |key: &str| manifest[key].is_u64();
        let is_ours = ["kolmo_version", "device", "started"]
            .into_iter()
            .all(is_text)
            && is_count("parameters")
            // Text where no number of JSON is exact.
            && (is_count("seed") || is_text("seed"))
            && manifest["command_line"].is_array();
        let hash = manifest["config_blake3"].as_str();
        is_ours.then(|| Self {
            config_blake3: hash.map(str::to_owned),
        })
    }

    /// Makes sure that `run` was made with the configuration whose hash is `identity`, or begins so, as far as is known.
    ///
    /// # Errors
    /// [`Error::OtherConfig`] if it was not.
    pub fn check_config(&self, run: &RunDirectory, identity: &str) -> Result<()> {
        let hash = self.config_blake3.as_deref();
        if hash.is_none_or(|hash| hash.starts_with(identity)) {
            return Ok(());
        }
        let config = run.config();
        Err(Error::OtherConfig { config })
    }
}

impl RunDirectory {
    /// What says that the folder is a run's; none if nothing does.
    ///
    /// # Errors
    /// [`Error::Io`] if the manifest is there and cannot be read, [`Error::NewerFormat`] if a newer kolmo wrote it.
    pub fn mark(&self) -> Result<Option<Mark>> {
        let path = self.manifest();
        match files::read(&path, LARGEST_RECORD) {
            Ok(bytes) => {
                let manifest = serde_json::from_slice(&bytes).unwrap_or_default();
                check_format(&path, &manifest)?;
                Ok(Mark::of(&manifest))
            }
            Err(error) if is_missing(&error) || error.kind() == io::ErrorKind::IsADirectory => {
                Ok(None)
            }
            Err(error) => Err(Error::io("read", &path)(error)),
        }
    }

    /// What says that the folder is a run's; none if one may begin in it. Nothing is changed.
    ///
    /// # Errors
    /// [`Error::InTheWay`] if the folder is no run's and something in it has a name that a run takes;
    /// [`Error::Io`] if it cannot be looked at.
    pub fn owner(&self) -> Result<Option<Mark>> {
        let mark = self.mark()?;
        if mark.is_some() {
            return Ok(mark);
        }
        let manifest = self.manifest();
        if has_entry(&manifest)? {
            return Err(Error::InTheWay {
                path: manifest,
                reason: "is no manifest of a run of kolmo, or is damaged",
            });
        }
        Lock::check_free(self.root())?;
        match self.first_taken()? {
            None => Ok(None),
            Some(path) => Err(Error::InTheWay {
                path,
                reason: "no manifest.json of kolmo says that it is a run's",
            }),
        }
    }

    /// Something that has a name that a run takes, the manifest aside.
    fn first_taken(&self) -> Result<Option<PathBuf>> {
        for file in FILES {
            let path = self.root().join(file);
            if has_entry(&path)? {
                return Ok(Some(path));
            }
        }
        let checkpoints = self.checkpoints();
        if has_entry(&checkpoints)? && !is_folder(&checkpoints)? {
            return Ok(Some(checkpoints));
        }
        fn is_step(name: &str) -> bool {
            let rest = name.strip_prefix("step-");
            rest.is_some_and(|rest| rest.starts_with(|first: char| first.is_ascii_digit()))
        }
        type IsTaken = fn(&str) -> bool;
        let folders: [(PathBuf, IsTaken); 5] = [
            (checkpoints, is_step),
            (self.root().join(EVAL), is_step),
            (self.figures(), |name| name.ends_with(".svg")),
            (self.tensorboard(), may_be_event_file),
            (self.curves(), may_be_event_file),
        ];
        for (folder, is_taken) in folders {
            if let Some(name) = names_in(&folder)?.iter().find(|name| is_taken(name)) {
                return Ok(Some(folder.join(name)));
            }
        }
        Ok(None)
    }

    /// Removes what a run wrote, so that one may start over, and nothing else: the files at the top, event
    /// files, checkpoints, evaluations, the figures that kolmo draws, and the remains of interrupted
    /// writes. A folder goes when that has emptied it; the run directory stays, and its manifest, so that the
    /// folder is known for a run's until there is that of the next one.
    ///
    /// # Errors
    /// Those of [`owner`](Self::owner), before anything is removed; [`Error::Io`] at the first file that cannot be
    /// removed, event files and figures excepted. A second call continues.
    pub fn clear(&self) -> Result<()> {
        if self.owner()?.is_some() {
            let [done, files @ ..] = FILES;
            remove_file(&self.root().join(done))?;
            // Views of the other files: what is left of them stops nothing, and their writers tell of it.
            let _ = remove_entries(&self.curves(), is_event_file);
            let _ = clear_folder(&self.tensorboard(), is_event_file);
            let _ = clear_folder(&self.figures(), |name| names::figure::ALL.contains(&name));
            clear_folder(&self.checkpoints(), |name| names::step_of(name).is_some())?;
            self.clear_evaluations()?;
            for file in files {
                remove_file(&self.root().join(file))?;
            }
        }
        self.remove_remains()
    }

    /// Removes what `kolmo eval` wrote inside of the run.
    fn clear_evaluations(&self) -> Result<()> {
        let all = self.root().join(EVAL);
        let is_ours =
            |name: &str| names::evaluation::ALL.contains(&name) || name == outputs::RECORD;
        for name in names_in(&all)? {
            let folder = all.join(&name);
            // kolmo makes no links.
            if names::step_of(&name).is_some() && !folder.is_symlink() {
                clear_folder(&folder, is_ours)?;
            }
        }
        clear_folder(&all, |_| false)
    }
}

/// Whether anything has this path, a link to nowhere included.
pub(crate) fn has_entry(path: &Path) -> Result<bool> {
    match fs::symlink_metadata(path) {
        Ok(_) => Ok(true),
        Err(error) if is_missing(&error) => Ok(false),
        Err(error) => Err(Error::io("look at", path)(error)),
    }
}

/// Whether a folder has this path, or a link to one.
pub(crate) fn is_folder(path: &Path) -> Result<bool> {
    match fs::metadata(path) {
        Ok(there) => Ok(there.is_dir()),
        Err(error) if is_missing(&error) => Ok(false),
        Err(error) => Err(Error::io("look at", path)(error)),
    }
}

/// Removes a file or a link, if it is there; a folder of its name is an error.
pub(crate) fn remove_file(path: &Path) -> Result<()> {
    match fs::remove_file(path) {
        Err(error) if is_missing(&error) => Ok(()),
        result => result.map_err(Error::io("remove", path)),
    }
}

/// The names in `folder`, in order; none if it is no folder. kolmo writes no name that is not UTF-8.
fn names_in(folder: &Path) -> Result<Vec<String>> {
    let entries = match fs::read_dir(folder) {
        Err(error) if is_missing(&error) => return Ok(Vec::new()),
        result => result.map_err(Error::io("list", folder))?,
    };
    let mut names = Vec::new();
    for entry in entries {
        let name = entry.map_err(Error::io("list", folder))?.file_name();
        names.extend(name.into_string().ok());
    }
    names.sort_unstable();
    Ok(names)
}

/// Removes the entries of `folder` that are `ours`, then the folder if it is empty.
fn clear_folder(folder: &Path, ours: impl Fn(&str) -> bool) -> Result<()> {
    remove_entries(folder, ours)?;
    match fs::remove_dir(folder) {
        // The user's own files are in it, or the folder is the user's link to another disk.
        Err(error) if is_missing(&error) || error.kind() == io::ErrorKind::DirectoryNotEmpty => {
            Ok(())
        }
        result => result.map_err(Error::io("remove", folder)),
    }
}

#[cfg(test)]
mod tests;
