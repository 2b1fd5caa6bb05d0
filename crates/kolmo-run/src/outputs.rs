//! What commands write into folders that a user names, and that are no run's: tables, figures, reports.
//!
//! `.kolmo.json` lists it. It is written before the files, so that a process may be killed at any moment, and
//! only what it lists is replaced or removed.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::atomic;
use crate::directory::{RunDirectory, write_json};
use crate::error::{Error, Result};
use crate::files::{self, LARGEST_RECORD};
use crate::names;
use crate::ownership::{has_entry, is_folder, remove_file};
use crate::there::is_missing;

/// The name of the list.
pub(crate) const RECORD: &str = ".kolmo.json";

/// What the list says of itself.
const ABOUT: &str =
    "What kolmo wrote here, by the command that wrote it. No other file is replaced or removed.";

/// The content of the list.
#[derive(Debug, Serialize, Deserialize)]
struct Record {
    about: String,
    /// Paths in the folder, with `/` between their parts, by the command that wrote them.
    written: BTreeMap<String, BTreeSet<String>>,
}

impl Record {
    /// That of `folder`; an empty one if there is none.
    fn read(folder: &Path) -> Result<Self> {
        let path = folder.join(RECORD);
        let bytes = match files::read(&path, LARGEST_RECORD) {
            Ok(bytes) => bytes,
            Err(error) if is_missing(&error) => {
                return Ok(Self {
                    about: ABOUT.to_owned(),
                    written: BTreeMap::new(),
                });
            }
            Err(error) if error.kind() == io::ErrorKind::IsADirectory => Vec::new(),
            Err(error) => return Err(Error::io("read", &path)(error)),
        };
        let record: Option<Self> = serde_json::from_slice(&bytes).ok();
        let sound = record.filter(|record| record.written.values().flatten().all(|n| is_inside(n)));
        sound.ok_or(Error::InTheWay {
            path,
            reason: "is no list of what kolmo wrote, or is damaged",
        })
    }

    fn has(&self, name: &str) -> bool {
        self.written.values().any(|names| names.contains(name))
    }

    fn write(&self, folder: &Path) -> Result<()> {
        write_json(&folder.join(RECORD), self)
    }
}

/// Whether `name` leads to a place inside of the folder.
fn is_inside(name: &str) -> bool {
    let is_plain = |part| matches!(part, Component::Normal(_));
    !name.is_empty() && Path::new(name).components().all(is_plain)
}

/// The files that one command writes into a folder.
#[derive(Debug, Clone)]
pub struct Outputs {
    folder: PathBuf,
    command: String,
    is_known: bool,
}

impl Outputs {
    /// Those of `command`, such as `kolmo theory`, in `folder`, whether that is there or not.
    pub fn new(folder: impl Into<PathBuf>, command: impl Into<String>) -> Self {
        Self {
            folder: folder.into(),
            command: command.into(),
            is_known: false,
        }
    }

    /// Whether something else says that files of their names are kolmo's, list or no list: the folder is one that kolmo
    /// has chosen inside of a run or a sweep, which an earlier build may have filled.
    pub fn known(self, is_known: bool) -> Self {
        Self { is_known, ..self }
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// That files called `names`, paths in the folder with `/` between their parts, may be written. Nothing is
    /// changed.
    ///
    /// # Errors
    /// [`Error::InTheWay`] if one is there that kolmo is not known to have written, or belongs to the run in the
    /// folder; [`Error::Io`] if the folder cannot be looked at.
    pub fn check<N: AsRef<str>>(&self, names: &[N]) -> Result<()> {
        self.free(names).map(drop)
    }

    /// Makes the folder, and notes that files called `names` are kolmo's, before they are.
    ///
    /// # Errors
    /// Those of [`check`](Self::check), before anything is changed; [`Error::Io`] if a folder or the list cannot be
    /// written.
    pub fn claim<N: AsRef<str>>(&self, names: &[N]) -> Result<Claim> {
        let mut record = self.free(names)?;
        let names: BTreeSet<String> = names.iter().map(|name| name.as_ref().to_owned()).collect();
        let before = record.written.remove(&self.command).unwrap_or_default();
        // What another command wrote is this one's from here on.
        for others in record.written.values_mut() {
            others.retain(|name| !names.contains(name));
        }
        record.written.retain(|_, names| !names.is_empty());
        let all = before.union(&names).cloned().collect();
        record.written.insert(self.command.clone(), all);

        make_folder(&self.folder)?;
        record.write(&self.folder)?;
        for folder in names.iter().filter_map(|name| Path::new(name).parent()) {
            make_folder(&self.folder.join(folder))?;
        }
        Ok(Claim {
            folder: self.folder.clone(),
            command: self.command.clone(),
            stale: before.difference(&names).cloned().collect(),
            names,
            record,
        })
    }

    /// Writes `files`, names with their contents, and removes what the command wrote here before beside
    /// them. Gives their paths.
    ///
    /// # Errors
    /// Those of [`claim`](Self::claim); [`Error::Io`] if a file cannot be written or removed.
    pub fn write<N: AsRef<str>>(&self, files: &[(N, impl AsRef<[u8]>)]) -> Result<Vec<PathBuf>> {
        let names: Vec<&str> = files.iter().map(|(name, _)| name.as_ref()).collect();
        let claim = self.claim(&names)?;
        let files = files.iter();
        let written = files.map(|(name, content)| claim.write(name.as_ref(), content.as_ref()));
        let written = written.collect::<Result<_>>()?;
        claim.finish()?;
        Ok(written)
    }

    /// The list as it is, if `names` may be written.
    fn free<N: AsRef<str>>(&self, names: &[N]) -> Result<Record> {
        let record = Record::read(&self.folder)?;
        let is_run = RunDirectory::at(&self.folder).mark()?.is_some();
        for name in names {
            let name = name.as_ref();
            self.check_folders(name)?;
            let path = self.folder.join(name);
            let is_ours = self.is_known || record.has(name);
            let reason = if name == RECORD {
                "is where kolmo lists what it wrote"
            } else if is_run && names::is_of_run(name) {
                "belongs to the run in this directory"
            } else if !is_ours && has_entry(&path)? {
                "no .kolmo.json says that kolmo wrote it"
            } else {
                continue;
            };
            return Err(Error::InTheWay { path, reason });
        }
        Ok(record)
    }

    /// That the folders in which `name` is to be are folders, or not there.
    fn check_folders(&self, name: &str) -> Result<()> {
        let folders = Path::new(name).ancestors().skip(1);
        for folder in folders.filter(|folder| !folder.as_os_str().is_empty()) {
            let path = self.folder.join(folder);
            if has_entry(&path)? && !is_folder(&path)? {
                return Err(Error::InTheWay {
                    path,
                    reason: "is no folder",
                });
            }
        }
        Ok(())
    }
}

/// Files that may be written.
#[derive(Debug)]
pub struct Claim {
    folder: PathBuf,
    command: String,
    names: BTreeSet<String>,
    /// What the command wrote before, and does not now.
    stale: Vec<String>,
    record: Record,
}

impl Claim {
    /// Where the file `name`, one of those claimed, goes.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// Writes the file `name`, one of those claimed, atomically, and gives its path.
    ///
    /// # Errors
    /// [`Error::Io`] if it cannot be written; it is then as it was.
    pub fn write(&self, name: &str, content: &[u8]) -> Result<PathBuf> {
        let path = self.path(name);
        atomic::write_bytes(&path, content)?;
        Ok(path)
    }

    /// Removes what the command wrote here before and did not claim again. Call it when all is written.
    ///
    /// # Errors
    /// [`Error::Io`] if a file cannot be removed.
    pub fn finish(mut self) -> Result<()> {
        if self.stale.is_empty() {
            return Ok(());
        }
        for name in &self.stale {
            let path = self.path(name);
            if !is_folder(&path)? {
                remove_file(&path)?;
            }
        }
        self.record.written.insert(self.command, self.names);
        self.record.write(&self.folder)
    }
}

fn make_folder(folder: &Path) -> Result<()> {
    fs::create_dir_all(folder).map_err(Error::io("create the folder", folder))
}

#[cfg(test)]
mod tests;
