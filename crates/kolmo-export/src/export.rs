//! An export: from what is there to what was asked for, one commit after another.

use std::{fs, io, path::PathBuf};

use kolmo_run::{Lock, atomic};
use kolmo_world::World;

use crate::{
    append::{append, check_length, truncate},
    bin::TokenType,
    error::{ExportError, Result},
    format::{Format, Split},
    manifest::{self, ExportRecord, FileRecord},
    parts,
    record::Stretch,
    vocabulary,
};

/// The most documents of a split, 2^40.
pub const MAX_DOCUMENTS: u64 = 1 << 40;

/// Documents from one commit to the next, and of a Parquet file.
const PART: u64 = 1 << 17;

/// What is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// How documents are written.
    pub format: Format,
    /// A text that only this world with this seed has, such as a hash of both: it goes into
    /// `export.json`, and tells whether an export that is there is of the same world.
    pub identity: String,
    /// Training documents, at most [`MAX_DOCUMENTS`].
    pub documents: u64,
    /// Validation documents, at most [`MAX_DOCUMENTS`]; without any there is no file of them.
    pub validation: u64,
}

/// An export in a directory, new or to be continued.
#[derive(Debug)]
pub struct Export<'w> {
    world: &'w World,
    directory: PathBuf,
    record: ExportRecord,
    /// Documents from one commit to the next.
    part: u64,
    /// Keeps other processes out for as long as it is open.
    _lock: Lock,
}

impl<'w> Export<'w> {
    /// Opens the export of `world` in `directory`, which is made if it is missing. What an earlier
    /// process wrote after its last commit is removed; documents beyond those asked of it are added
    /// by [`run`](Self::run).
    ///
    /// # Errors
    /// [`ExportError::TooMany`] before anything is made; [`ExportError::Another`],
    /// [`ExportError::Fewer`], [`kolmo_run::Error::InTheWay`], [`ExportError::Manifest`] if the directory
    /// holds something else, which is left as it is; [`kolmo_run::Error::Busy`] if another process is
    /// writing there; [`ExportError::Damaged`] if a file is not what `export.json` says;
    /// [`ExportError::Folder`], [`ExportError::Io`] and [`ExportError::Run`] from the file system.
    pub fn open(
        world: &'w World,
        directory: impl Into<PathBuf>,
        request: &Request,
    ) -> Result<Self> {
        Self::open_in_parts(world, directory.into(), request, PART)
    }

    /// [`open`](Self::open) with another distance between commits.
    fn open_in_parts(
        world: &'w World,
        directory: PathBuf,
        request: &Request,
        part: u64,
    ) -> Result<Self> {
        for (split, documents) in Split::ALL
            .iter()
            .zip([request.documents, request.validation])
        {
            if documents > MAX_DOCUMENTS {
                return Err(ExportError::TooMany {
                    split: split.name(),
                    documents,
                    most: MAX_DOCUMENTS,
                });
            }
        }
        fs::create_dir_all(&directory).map_err(|source| ExportError::Folder {
            path: directory.clone(),
            source,
        })?;
        if ExportRecord::of(&directory)?.is_none() {
            Lock::check_free(&directory)?;
        }
        let mut export = Self {
            _lock: Lock::take(&directory)?,
            world,
            directory,
            record: ExportRecord::new(request, world.vocabulary().len()),
            part,
        };
        match ExportRecord::of(&export.directory)? {
            Some(there) => export.continue_from(there)?,
            None => export.start()?,
        }
        export.repair()?;
        Ok(export)
    }

    /// What is there, and what is to be there.
    pub fn record(&self) -> &ExportRecord {
        &self.record
    }

    /// Writes what is missing, and says what is there. `progress` is told now and then how many
    /// documents there are, of both splits.
    ///
    /// # Errors
    /// [`ExportError::Io`], [`ExportError::Run`] for a full disk and the like. What was committed is
    /// kept, and opening the export again continues it.
    pub fn run(mut self, mut progress: impl FnMut(u64)) -> Result<ExportRecord> {
        while self.step(&mut progress)? {}
        if !self.record.complete {
            self.record.complete = true;
            self.commit()?;
        }
        Ok(self.record)
    }

    /// A new export: the record comes first, so that every file that comes after it is known to be
    /// kolmo's.
    fn start(&self) -> Result<()> {
        if let Some(name) = self.own_files()?.first() {
            return Err(self.in_the_way(name));
        }
        self.commit()
    }

    /// Takes over an export that is there, if it is of the same kind.
    fn continue_from(&mut self, there: ExportRecord) -> Result<()> {
        let asked = &self.record;
        for (what, found, wanted) in [
            ("format", there.format.name(), asked.format.name()),
            (
                "version of kolmo",
                &there.kolmo_version,
                &asked.kolmo_version,
            ),
            ("world", &there.world, &asked.world),
        ] {
            if found != wanted {
                return Err(ExportError::Another {
                    directory: self.directory.clone(),
                    what,
                    there: found.to_owned(),
                    asked: wanted.to_owned(),
                });
            }
        }
        let mut record = there.clone();
        for split in Split::ALL {
            let asked = asked.split(split).documents;
            let record = record.split_mut(split);
            if asked < record.done {
                return Err(ExportError::Fewer {
                    directory: self.directory.clone(),
                    split: split.name(),
                    there: record.done,
                    asked,
                });
            }
            record.documents = asked;
            // A Parquet file cannot grow: a last one that has room is written again. The record lets
            // go of it before the file is touched.
            if self.record.format == Format::Parquet
                && asked > record.done
                && !record.done.is_multiple_of(self.part)
            {
                record.pop();
            }
        }
        for split in Split::ALL {
            record.name_file(split);
        }
        self.check_strays(&there)?;
        let changed = record != there;
        self.record = record;
        if changed {
            self.record.complete = false;
            self.commit()?;
        }
        Ok(())
    }

    /// Makes the directory what the record says it is.
    fn repair(&self) -> Result<()> {
        atomic::remove_remains(&self.directory)?;
        let words = self.directory.join(vocabulary::file(self.record.format));
        if !words.exists() {
            vocabulary::write(&words, self.record.format, self.world.vocabulary())?;
        }
        let files = || Split::ALL.iter().flat_map(|s| &self.record.split(*s).files);
        for file in files() {
            let path = self.directory.join(&file.name);
            match self.record.format {
                // Only what a killed process left is cut.
                Format::Jsonl | Format::Bin if !self.record.complete => {
                    truncate(&path, file.bytes)?;
                }
                _ => check_length(&path, file.bytes)?,
            }
        }
        for name in self.strays(&self.record)? {
            let path = self.directory.join(name);
            fs::remove_file(&path).map_err(ExportError::io("remove", &path))?;
        }
        Ok(())
    }

    /// That what is there beside the files of the record `there` is no more than a process can have left that was killed
    /// before a commit: the parts that come next.
    fn check_strays(&self, there: &ExportRecord) -> Result<()> {
        let next = Split::ALL.map(|split| {
            let number = there.split(split).done / self.part;
            split.part(there.format, number)
        });
        let mut strays = self.strays(there)?.into_iter();
        match strays.find(|name| there.complete || !next.contains(name)) {
            Some(name) => Err(self.in_the_way(&name)),
            None => Ok(()),
        }
    }

    /// The files of the directory that bear the name of one this export writes, and that `record` does not have.
    fn strays(&self, record: &ExportRecord) -> Result<Vec<String>> {
        let words = vocabulary::file(record.format);
        let mut names = self.own_files()?;
        names.retain(|name| {
            let files = || Split::ALL.iter().flat_map(|s| &record.split(*s).files);
            name != words && files().all(|file| file.name != *name)
        });
        Ok(names)
    }

    /// That a file of the directory is none of the export's.
    fn in_the_way(&self, name: &str) -> ExportError {
        let error = kolmo_run::Error::InTheWay {
            path: self.directory.join(name),
            reason: "no export wrote it",
        };
        error.into()
    }

    /// The files of the directory that bear the name of one this export writes, in order.
    fn own_files(&self) -> Result<Vec<String>> {
        let format = self.record.format;
        let is_own = |name: &String| {
            name == vocabulary::file(format)
                || Split::ALL.iter().any(|split| match format {
                    Format::Jsonl | Format::Bin => *name == split.file(format),
                    Format::Parquet => split.is_part(format, name),
                })
        };
        let entries = fs::read_dir(&self.directory).and_then(|entries| {
            entries
                .map(|entry| entry.map(|entry| entry.file_name()))
                .collect::<io::Result<Vec<_>>>()
        });
        let entries = entries.map_err(ExportError::io("list", &self.directory))?;
        // kolmo writes no name that is not UTF-8.
        let names = entries
            .into_iter()
            .filter_map(|name| name.into_string().ok());
        let mut own: Vec<String> = names.filter(is_own).collect();
        own.sort_unstable();
        Ok(own)
    }

    /// Writes documents up to the next commit, and commits. False if nothing was left to write.
    fn step(&mut self, progress: &mut dyn FnMut(u64)) -> Result<bool> {
        let before = self.record.done();
        let unfinished = |split: &Split| {
            let split = self.record.split(*split);
            split.done < split.documents
        };
        let Some(split) = Split::ALL.into_iter().find(unfinished) else {
            return Ok(false);
        };
        let file = self.write_part(split, &mut |written| progress(before + written))?;
        self.record.split_mut(split).put(file);
        self.commit()?;
        Ok(true)
    }

    /// Writes the next documents of `split`, to the end of a part or of the split, and gives the
    /// record of the file they went to.
    fn write_part(&self, split: Split, progress: &mut dyn FnMut(u64)) -> Result<FileRecord> {
        let format = self.record.format;
        let there = self.record.split(split);
        let number = there.done / self.part;
        let end = there.documents.min((number + 1) * self.part);
        let stretch = Stretch {
            world: self.world,
            split,
            indices: there.done..end,
        };
        let (name, documents, tokens) = match format {
            Format::Jsonl | Format::Bin => (split.file(format), there.done, there.tokens),
            Format::Parquet => (split.part(format, number), 0, 0),
        };
        let path = self.directory.join(&name);
        let written = match format {
            Format::Jsonl => append(&path, &stretch, progress, |record, out| {
                record.write_line(out)
            }),
            Format::Bin => {
                let kind = TokenType::of(self.record.vocabulary);
                append(&path, &stretch, progress, |record, out| {
                    kind.write(&record.document.tokens, out)
                })
            }
            Format::Parquet => parts::write(&path, &stretch, progress),
        }?;
        Ok(FileRecord {
            name,
            documents: documents + end - there.done,
            tokens: tokens + written.tokens,
            bytes: written.bytes,
        })
    }

    /// Makes what is on disk count.
    fn commit(&self) -> Result<()> {
        self.record.write(&self.directory.join(manifest::NAME))
    }
}

#[cfg(test)]
mod tests;
