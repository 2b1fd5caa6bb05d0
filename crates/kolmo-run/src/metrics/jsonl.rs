//! Files of one JSON object a line, which grow while a run goes on.

use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::marker::PhantomData;
use std::path::{Path, PathBuf};

use blake3::Hasher;
use kolmo_config::content_hash;
use serde::Serialize;
use serde::de::{DeserializeOwned, Error as _};

use crate::atomic;
use crate::error::{Error, Result};
use crate::files;
use crate::tail::read_end;

/// Bytes of the longest line: no record has as many, and what has no line feed for as long is no JSONL.
const LONGEST: u64 = 16 << 20;

/// Appends records to a JSONL file, each a line that is handed to the system at once: a reader, or
/// the run after a crash, finds every record but at most a torn last one.
#[derive(Debug)]
pub struct JsonlWriter<T> {
    path: PathBuf,
    file: File,
    /// Bytes of whole lines.
    length: u64,
    /// Whole lines.
    lines: u64,
    /// Of the whole lines.
    hash: Hasher,
    record: PhantomData<fn(&T)>,
}

impl<T> JsonlWriter<T> {
    /// Starts an empty file at `path`; an older one is emptied.
    ///
    /// # Errors
    /// [`Error::Io`] if the file cannot be created.
    pub fn create(path: impl Into<PathBuf>) -> Result<Self> {
        let path = path.into();
        files::create(&path).map_err(Error::io("create", &path))?;
        Self::open(path, 0, &[])
    }

    /// Continues the file at `path`, which consists of so many lines, these `bytes`.
    fn open(path: PathBuf, lines: u64, bytes: &[u8]) -> Result<Self> {
        let file = files::open_own(&path, OpenOptions::new().append(true))
            .map_err(Error::io("open", &path))?;
        let length = file.metadata().map_err(Error::io("open", &path))?.len();
        Ok(Self {
            path,
            file,
            length,
            lines,
            hash: Hasher::new().update(bytes).clone(),
            record: PhantomData,
        })
    }

    /// The BLAKE3 hash of the lines there are, in hexadecimal digits.
    pub fn hash(&self) -> String {
        self.hash.finalize().to_hex().to_string()
    }

    /// Lines there are.
    pub fn lines(&self) -> u64 {
        self.lines
    }

    /// Forces all lines to disk, so that a power cut cannot take them any more.
    ///
    /// # Errors
    /// [`Error::Io`] if the disk refuses.
    pub fn sync(&self) -> Result<()> {
        let synced = self.file.sync_data();
        synced.map_err(Error::io("force to disk", &self.path))
    }

    /// Appends one record.
    ///
    /// # Errors
    /// [`Error::Io`] if the line cannot be written, [`Error::Serialize`] if the record has no JSON
    /// form. The records before it are unharmed, and later ones may be tried.
    pub fn append(&mut self, record: &T) -> Result<()>
    where
        T: Serialize,
    {
        let mut line = serde_json::to_vec(record).map_err(|source| Error::Serialize {
            path: self.path.clone(),
            source,
        })?;
        line.push(b'\n');
        if let Err(error) = self.file.write_all(&line) {
            // Half a line may have been written, and the next record would be glued to it. If this
            // fails too, the file ends in a torn line, which readers tolerate.
            let _ = self.file.set_len(self.length);
            return Err(Error::io("write", &self.path)(error));
        }
        self.length += line.len() as u64;
        self.lines += 1;
        self.hash.update(&line);
        Ok(())
    }
}

/// What of a JSONL file stays when a run goes on from a checkpoint. Nothing is changed before
/// [`resume`](Self::resume).
#[derive(Debug)]
pub struct KeptLines<T> {
    path: PathBuf,
    /// The lines, as they are in the file.
    bytes: Vec<u8>,
    records: Vec<T>,
}

impl<T: DeserializeOwned> KeptLines<T> {
    /// The first `count` lines of the file at `path`, or all if it has fewer; a missing file has none. What
    /// comes after them is not looked at: it may be anything where a machine was lost.
    ///
    /// # Errors
    /// [`Error::Io`] if the file is there and cannot be read, [`Error::Jsonl`] if a line is damaged.
    pub fn read(path: impl Into<PathBuf>, count: u64) -> Result<Self> {
        let path = path.into();
        let (mut bytes, mut records) = (Vec::new(), Vec::new());
        let count = usize::try_from(count).unwrap_or(usize::MAX);
        match files::open(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            file => {
                let file = BufReader::new(file.map_err(Error::io("read", &path))?);
                for line in Lines::of(&path, file).take(count) {
                    let (text, record) = line?;
                    bytes.extend_from_slice(&text);
                    bytes.push(b'\n');
                    records.push(record);
                }
            }
        }
        Ok(Self {
            path,
            bytes,
            records,
        })
    }

    /// Their records.
    pub fn records(&self) -> &[T] {
        &self.records
    }

    /// The BLAKE3 hash of the lines, in hexadecimal digits: [`JsonlWriter::hash`] when it had written them.
    pub fn hash(&self) -> String {
        content_hash(&self.bytes)
    }

    /// Writes them to `path`, byte for byte, as the beginning of another run.
    ///
    /// # Errors
    /// [`Error::Io`] if the file cannot be written; it is then unchanged.
    pub fn copy(&self, path: impl AsRef<Path>) -> Result<()> {
        atomic::write_bytes(path, &self.bytes)
    }

    /// Continues the file after them, byte for byte; the others are removed.
    ///
    /// # Errors
    /// [`Error::Io`] if the file cannot be written; it is then unchanged.
    pub fn resume(self) -> Result<JsonlWriter<T>> {
        atomic::write_bytes(&self.path, &self.bytes)?;
        JsonlWriter::open(self.path, self.records.len() as u64, &self.bytes)
    }
}

/// Reads all records of a JSONL file. A torn last line, as a crash leaves it, is skipped.
///
/// # Errors
/// [`Error::Io`] if the file is missing or unreadable, [`Error::Jsonl`] if any other line is no
/// record.
pub fn read_jsonl<T: DeserializeOwned>(path: impl AsRef<Path>) -> Result<Vec<T>> {
    let path = path.as_ref();
    let file = files::open(path).map_err(Error::io("read", path))?;
    let lines = Lines::of(path, BufReader::new(file));
    lines.map(|line| line.map(|(_, record)| record)).collect()
}

/// The last record of a JSONL file, of which only the end is read; none in an empty file, or if there is no file.
///
/// # Errors
/// [`Error::Io`] if the file is unreadable, [`Error::Jsonl`] if its last line is no record; the line is counted from
/// where reading began.
pub fn read_last<T: DeserializeOwned>(path: impl AsRef<Path>) -> Result<Option<T>> {
    /// Longer than a line is.
    const END: u64 = 1 << 16;
    let path = path.as_ref();
    let bytes = match read_end(path, END) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(Error::io("read", path)(error)),
    };
    // The line before the last: a torn last one does not count.
    let ends: Vec<usize> = (0..bytes.len()).filter(|k| bytes[*k] == b'\n').collect();
    let Some(end) = ends.last() else {
        return Ok(None);
    };
    let start = ends.len().checked_sub(2).map_or(0, |k| ends[k] + 1);
    let mut last = Lines::of(path, &bytes[start..=*end]);
    Ok(last.next().transpose()?.map(|(_, record)| record))
}

/// The lines of a file and the records in them. A last line without its line feed is torn unless it
/// is a whole record all the same; blank lines, which only an editor makes, are skipped.
struct Lines<'a, T, R> {
    path: &'a Path,
    file: R,
    /// Lines read.
    count: usize,
    record: PhantomData<fn() -> T>,
}

impl<'a, T, R> Lines<'a, T, R> {
    /// Those of `file`, which is the one at `path`.
    fn of(path: &'a Path, file: R) -> Self {
        Self {
            path,
            file,
            count: 0,
            record: PhantomData,
        }
    }

    fn damaged(&self, source: serde_json::Error) -> Error {
        Error::Jsonl {
            path: self.path.to_path_buf(),
            line: self.count,
            source,
        }
    }
}

impl<T: DeserializeOwned, R: BufRead> Iterator for Lines<'_, T, R> {
    type Item = Result<(Vec<u8>, T)>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let mut line = Vec::new();
            let mut rest = self.file.by_ref().take(LONGEST + 1);
            match rest.read_until(b'\n', &mut line) {
                Err(error) => return Some(Err(Error::io("read", self.path)(error))),
                Ok(0) => return None,
                Ok(_) => self.count += 1,
            }
            if line.len() as u64 > LONGEST {
                let problem = format!("it has more than {LONGEST} bytes");
                return Some(Err(self.damaged(serde_json::Error::custom(problem))));
            }
            let text = line.trim_ascii();
            if text.is_empty() {
                continue;
            }
            match serde_json::from_slice(text) {
                Ok(record) => return Some(Ok((text.to_vec(), record))),
                Err(source) if line.ends_with(b"\n") => return Some(Err(self.damaged(source))),
                Err(_) => {}
            }
        }
    }
}

#[cfg(test)]
mod tests;
