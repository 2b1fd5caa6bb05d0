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
mod tests {
    use std::fs;

    use proptest::prelude::*;

    use super::*;
    use crate::metrics::{ExactLosses, StepRecord, examples};

    fn write(path: &Path, steps: std::ops::RangeInclusive<u64>) {
        let mut writer = JsonlWriter::create(path).unwrap();
        for step in steps {
            writer.append(&examples::step(step)).unwrap();
        }
    }

    #[test]
    fn the_last_record_is_that_of_the_last_whole_line() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("metrics.jsonl");
        let last = || {
            read_last::<StepRecord>(&path)
                .unwrap()
                .map(|last| last.step)
        };
        assert_eq!(last(), None);
        write(&path, 1..=1);
        assert_eq!(last(), Some(1));
        write(&path, 1..=500);
        assert_eq!(last(), Some(500));
        let mut bytes = fs::read(&path).unwrap();
        bytes.truncate(bytes.len() - 5);
        fs::write(&path, &bytes).unwrap();
        assert_eq!(last(), Some(499));
        fs::write(&path, "").unwrap();
        assert_eq!(last(), None);
    }

    #[test]
    fn a_record_can_be_read_as_soon_as_it_is_appended() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("metrics.jsonl");
        let mut writer = JsonlWriter::create(&path).unwrap();
        assert!(read_jsonl::<StepRecord>(&path).unwrap().is_empty());
        writer.append(&examples::step(1)).unwrap();
        assert_eq!(
            read_jsonl::<StepRecord>(&path).unwrap(),
            [examples::step(1)]
        );
    }

    #[test]
    fn a_torn_last_line_is_skipped_wherever_it_is_torn() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("metrics.jsonl");
        write(&path, 1..=2);
        let whole = fs::read(&path).unwrap();
        let second = whole.iter().position(|&byte| byte == b'\n').unwrap() + 1;
        for end in second..=whole.len() {
            fs::write(&path, &whole[..end]).unwrap();
            let records: Vec<StepRecord> = read_jsonl(&path).unwrap();
            // Without the line feed alone, the record is whole.
            let expected = if end + 1 >= whole.len() { 2 } else { 1 };
            assert_eq!(records.len(), expected, "torn after {end} bytes");
        }
        // What a crash can leave need not be text.
        fs::write(&path, [&whole[..second], b"\0\xff"].concat()).unwrap();
        assert_eq!(read_jsonl::<StepRecord>(&path).unwrap().len(), 1);
    }

    #[test]
    fn a_damaged_line_is_an_error_with_its_number() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("metrics.jsonl");
        write(&path, 1..=3);
        let damaged = fs::read_to_string(&path)
            .unwrap()
            .replace("\"step\":2", "\"step\":");
        fs::write(&path, &damaged).unwrap();
        let error = read_jsonl::<StepRecord>(&path).unwrap_err();
        assert!(matches!(error, Error::Jsonl { line: 2, .. }), "{error}");
        assert!(
            error.to_string().contains("metrics.jsonl, line 2"),
            "{error}"
        );
        assert!(KeptLines::<StepRecord>::read(&path, 3).is_err());
        assert_eq!(fs::read_to_string(&path).unwrap(), damaged);
    }

    #[test]
    fn what_has_no_line_feed_for_ever_is_not_read_to_its_end() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("metrics.jsonl");
        write(&path, 1..=2);
        let file = OpenOptions::new().write(true).open(&path).unwrap();
        file.set_len(100 << 30).unwrap();
        let error = read_jsonl::<StepRecord>(&path).unwrap_err();
        assert!(matches!(error, Error::Jsonl { line: 3, .. }), "{error}");
        // What comes after the lines that count is not looked at.
        let kept = KeptLines::<StepRecord>::read(&path, 2).unwrap();
        assert_eq!(kept.records().len(), 2);
        assert_eq!(read_last::<StepRecord>(&path).unwrap(), None);
    }

    #[test]
    fn a_missing_file_is_an_error_to_read_and_a_start_to_resume() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("metrics.jsonl");
        assert!(matches!(
            read_jsonl::<StepRecord>(&path),
            Err(Error::Io { .. })
        ));
        let none = KeptLines::<StepRecord>::read(&path, 5).unwrap();
        assert!(none.records().is_empty());
        let mut writer = none.resume().unwrap();
        writer.append(&examples::step(1)).unwrap();
        assert_eq!(read_jsonl::<StepRecord>(&path).unwrap().len(), 1);
        // What is there and cannot be read is not taken for missing: it would be written over.
        let folder = tempfile::tempdir().unwrap();
        let error = KeptLines::<StepRecord>::read(folder.path(), 1).unwrap_err();
        assert!(matches!(error, Error::Io { .. }), "{error}");
    }

    #[test]
    fn a_resumed_file_is_that_of_an_uninterrupted_run() {
        let folder = tempfile::tempdir().unwrap();
        let uninterrupted = folder.path().join("a.jsonl");
        let resumed = folder.path().join("b.jsonl");
        write(&uninterrupted, 1..=6);
        write(&resumed, 1..=4);
        let mut bytes = fs::read(&resumed).unwrap();
        // What a lost machine can leave behind what was forced to disk.
        bytes.extend_from_slice(b"\0\0\0\n{\"step\":5,\"docu");
        fs::write(&resumed, bytes).unwrap();

        let torn = fs::read(&resumed).unwrap();
        let kept = KeptLines::<StepRecord>::read(&resumed, 3).unwrap();
        assert_eq!(kept.records().len(), 3);
        let copy = folder.path().join("c.jsonl");
        kept.copy(&copy).unwrap();
        let records: Vec<StepRecord> = read_jsonl(&copy).unwrap();
        assert_eq!(records, kept.records());
        assert_eq!(fs::read(&resumed).unwrap(), torn, "only read so far");
        let hash = kept.hash();
        let mut writer = kept.resume().unwrap();
        assert_eq!(writer.lines(), 3);
        assert_eq!(writer.hash(), hash);
        for step in 4..=6 {
            writer.append(&examples::step(step)).unwrap();
        }
        writer.sync().unwrap();
        assert_eq!(writer.lines(), 6);
        assert_eq!(writer.hash(), content_hash(&fs::read(&resumed).unwrap()));
        assert_eq!(
            fs::read(&resumed).unwrap(),
            fs::read(&uninterrupted).unwrap()
        );
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_full_disk_is_an_error_not_a_panic() {
        let mut writer = JsonlWriter {
            path: "/dev/full".into(),
            file: OpenOptions::new().write(true).open("/dev/full").unwrap(),
            length: 0,
            lines: 0,
            hash: Hasher::new(),
            record: PhantomData,
        };
        let error = writer.append(&examples::step(1)).unwrap_err();
        assert!(
            matches!(
                error,
                Error::Io {
                    action: "write",
                    ..
                }
            ),
            "{error}"
        );
    }

    /// To the bit; NaN stands for all that is not finite.
    fn same(written: f64, read: f64) -> bool {
        if written.is_finite() {
            written.to_bits() == read.to_bits()
        } else {
            read.is_nan()
        }
    }

    fn number() -> impl Strategy<Value = f64> {
        use proptest::num::f64::{INFINITE, NEGATIVE, NORMAL, POSITIVE, QUIET_NAN, ZERO};
        POSITIVE | NEGATIVE | NORMAL | ZERO | INFINITE | QUIET_NAN
    }

    prop_compose! {
        fn record()(
            counts in any::<[u64; 3]>(),
            numbers in prop::array::uniform5(number()),
            roles in prop::array::uniform4(prop::option::of(-1e9..1e9)),
        ) -> StepRecord {
            let [step, documents, tokens] = counts;
            let [loss, lr, grad_norm, tokens_per_s, elapsed_s] = numbers;
            let [loss_syntax, loss_subject, loss_value, loss_eos] = roles;
            StepRecord {
                step, documents, tokens, loss, loss_syntax, loss_subject, loss_value, loss_eos,
                exact: ExactLosses { floor: loss_syntax, bayes_eos: loss_value, ..ExactLosses::default() },
                lr, grad_norm, tokens_per_s, elapsed_s,
            }
        }
    }

    proptest! {
        #[test]
        fn records_survive_the_round_trip(records in prop::collection::vec(record(), 0..5)) {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("metrics.jsonl");
            let mut writer = JsonlWriter::create(&path).unwrap();
            for record in &records {
                writer.append(record).unwrap();
            }
            let read: Vec<StepRecord> = read_jsonl(&path).unwrap();
            prop_assert_eq!(read.len(), records.len());
            for (written, read) in records.iter().zip(&read) {
                prop_assert_eq!(
                    [written.step, written.documents, written.tokens],
                    [read.step, read.documents, read.tokens]
                );
                for (written, read) in [
                    (written.loss, read.loss),
                    (written.lr, read.lr),
                    (written.grad_norm, read.grad_norm),
                    (written.tokens_per_s, read.tokens_per_s),
                    (written.elapsed_s, read.elapsed_s),
                ] {
                    prop_assert!(same(written, read), "{written} came back as {read}");
                }
                for (written, read) in [
                    (written.loss_syntax, read.loss_syntax),
                    (written.loss_subject, read.loss_subject),
                    (written.loss_value, read.loss_value),
                    (written.loss_eos, read.loss_eos),
                    (written.exact.floor, read.exact.floor),
                    (written.exact.bayes_eos, read.exact.bayes_eos),
                    (written.exact.redundancy, read.exact.redundancy),
                ] {
                    prop_assert_eq!(written.is_some(), read.is_some());
                    prop_assert!(same(written.unwrap_or(0.0), read.unwrap_or(0.0)));
                }
            }
        }
    }
}
