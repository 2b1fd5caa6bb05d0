//! `export.json`: what an export is of, and how far it has come.

use std::{io, path::Path};

use kolmo_run::{
    atomic,
    files::{self, LARGEST_RECORD},
};
use serde::{Deserialize, Serialize};

use crate::{
    bin::TokenType,
    error::{ExportError, Result},
    export::Request,
    format::{Format, Split},
};

/// The name of the file.
pub(crate) const NAME: &str = "export.json";

/// The content of `export.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExportRecord {
    /// How documents are written.
    pub format: Format,
    /// The version of kolmo that drew them.
    pub kolmo_version: String,
    /// The world they are of: [`Request::identity`].
    pub world: String,
    /// Tokens of the vocabulary.
    pub vocabulary: usize,
    /// The type of a token id on disk, where ids are all there is: `uint16` or `uint32`.
    pub dtype: Option<TokenType>,
    /// Whether all documents asked for are there.
    pub complete: bool,
    /// The training split.
    pub train: SplitRecord,
    /// The validation split.
    pub val: SplitRecord,
}

/// A split of an export.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SplitRecord {
    /// What document 0 of the split is called in the world, as `kolmo world sample --first` takes it.
    #[serde(with = "kolmo_run::exact")]
    pub first_index: u64,
    /// Documents asked for.
    pub documents: u64,
    /// Documents on disk.
    pub done: u64,
    /// Tokens on disk, ends of documents included.
    pub tokens: u64,
    /// The files, in the order of their documents.
    pub files: Vec<FileRecord>,
}

/// A file of an export. What it has beyond these is no part of the export.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileRecord {
    /// Its name in the directory.
    pub name: String,
    /// Documents in it.
    pub documents: u64,
    /// Tokens in it, ends of documents included.
    pub tokens: u64,
    /// Its length.
    pub bytes: u64,
}

impl ExportRecord {
    /// An export of which nothing is there yet.
    pub(crate) fn new(request: &Request, vocabulary: usize) -> Self {
        let split = |split: Split, documents| SplitRecord {
            first_index: split.first(),
            documents,
            done: 0,
            tokens: 0,
            files: Vec::new(),
        };
        let mut record = Self {
            format: request.format,
            kolmo_version: env!("CARGO_PKG_VERSION").to_owned(),
            world: request.identity.clone(),
            vocabulary,
            dtype: (request.format == Format::Bin).then(|| TokenType::of(vocabulary)),
            complete: false,
            train: split(Split::Train, request.documents),
            val: split(Split::Val, request.validation),
        };
        for split in Split::ALL {
            record.name_file(split);
        }
        record
    }

    /// Gives a split its one file where the format has one a split; a split without documents has no file, since others'
    /// tools do not read an empty one: `numpy.memmap` refuses it.
    pub(crate) fn name_file(&mut self, split: Split) {
        let format = self.format;
        let record = self.split_mut(split);
        if record.documents == 0 {
            record.files.clear();
            return;
        }
        match format {
            Format::Jsonl | Format::Bin if record.files.is_empty() => {
                record.files.push(FileRecord::empty(split.file(format)));
            }
            Format::Jsonl | Format::Bin | Format::Parquet => {}
        }
    }

    /// The record of a split.
    pub fn split(&self, split: Split) -> &SplitRecord {
        match split {
            Split::Train => &self.train,
            Split::Val => &self.val,
        }
    }

    pub(crate) fn split_mut(&mut self, split: Split) -> &mut SplitRecord {
        match split {
            Split::Train => &mut self.train,
            Split::Val => &mut self.val,
        }
    }

    /// Documents on disk, of both splits.
    pub fn done(&self) -> u64 {
        self.train.done + self.val.done
    }

    /// Documents asked for, of both splits.
    pub fn documents(&self) -> u64 {
        self.train.documents + self.val.documents
    }

    /// The record of the export in `directory`, if there is one.
    ///
    /// # Errors
    /// [`ExportError::Manifest`] if it is none of this version's; [`ExportError::Io`].
    pub fn of(directory: &Path) -> Result<Option<Self>> {
        Self::read(&directory.join(NAME))
    }

    /// Reads the record in `path`, if there is one.
    pub(crate) fn read(path: &Path) -> Result<Option<Self>> {
        let text = match files::read(path, LARGEST_RECORD) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            result => result.map_err(ExportError::io("read", path))?,
        };
        serde_json::from_slice(&text)
            .map(Some)
            .map_err(ExportError::manifest(path))
    }

    /// Writes the record to `path`, atomically.
    pub(crate) fn write(&self, path: &Path) -> Result<()> {
        let mut json = serde_json::to_vec_pretty(self).map_err(ExportError::manifest(path))?;
        json.push(b'\n');
        Ok(atomic::write_bytes(path, &json)?)
    }
}

impl SplitRecord {
    /// Takes `file` in, in place of one of the same name.
    pub(crate) fn put(&mut self, file: FileRecord) {
        match self.files.iter_mut().find(|there| there.name == file.name) {
            Some(there) => *there = file,
            None => self.files.push(file),
        }
        self.sum();
    }

    /// Gives up the last file.
    pub(crate) fn pop(&mut self) {
        self.files.pop();
        self.sum();
    }

    fn sum(&mut self) {
        self.done = self.files.iter().map(|file| file.documents).sum();
        self.tokens = self.files.iter().map(|file| file.tokens).sum();
    }
}

impl FileRecord {
    /// A file with nothing in it.
    pub(crate) fn empty(name: String) -> Self {
        Self {
            name,
            documents: 0,
            tokens: 0,
            bytes: 0,
        }
    }
}
