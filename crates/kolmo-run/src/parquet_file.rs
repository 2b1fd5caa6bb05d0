//! A Parquet file that says whether it is as it was written, and whose footer is held against it before memory is taken on its word.
//!
//! Between its last column and its footer, where readers of Parquet do not look, a file of ours has a mark and the BLAKE3 hash of
//! everything else in it. The library has neither: it believes the footer and the heads of the pages, panics at an offset below zero or
//! at an encoding that does not fit, makes as many rows as a count says, and takes most turned bits of a number for another number.
//! Files of earlier builds have no hash; for them what can be checked of the footer is.

use std::{
    fs::File,
    io::{self, Read, Seek, SeekFrom},
    panic::{AssertUnwindSafe, catch_unwind},
};

use bytes::Bytes;
use parquet::{
    column::reader::get_typed_column_reader,
    data_type::{ByteArrayType, DataType},
    errors::{ParquetError, Result},
    file::{
        metadata::{ColumnChunkMetaData, RowGroupMetaData},
        reader::{ChunkReader, FileReader, Length, RowGroupReader, SerializedFileReader},
    },
};

/// Rows that a byte of a file may stand for at most. A row of ours has numbers of its own, which take some bytes however well
/// they are compressed.
const ROWS_PER_BYTE: u64 = 64;

/// What comes before the hash.
const MARK: [u8; 8] = *b"kolmo-b3";
/// Bytes of the mark and the hash.
const SEAL: usize = MARK.len() + blake3::OUT_LEN;
/// Bytes of the length of the footer and what comes behind it.
const TAIL: usize = 8;

/// `file`, a whole Parquet file, with its hash in it.
pub(crate) fn sealed(mut file: Vec<u8>) -> Vec<u8> {
    let Some(place) = footer(&file).and_then(|footer| file.len().checked_sub(TAIL + footer)) else {
        return file;
    };
    let mut seal = MARK.to_vec();
    seal.extend_from_slice(blake3::hash(&file).as_bytes());
    file.splice(place..place, seal);
    file
}

/// Bytes of the footer of a file that ends so.
fn footer(end: &[u8]) -> Option<usize> {
    let (rest, magic) = end.split_last_chunk::<4>()?;
    let (_, length) = rest.split_last_chunk::<4>()?;
    let is_parquet = magic == b"PAR1";
    is_parquet.then_some(u32::from_le_bytes(*length) as usize)
}

/// A file with its size, which the library would take for 0 if the system did not tell it.
pub(crate) struct SizedFile {
    file: File,
    size: u64,
}

impl Length for SizedFile {
    fn len(&self) -> u64 {
        self.size
    }
}

impl ChunkReader for SizedFile {
    type T = <File as ChunkReader>::T;

    fn get_read(&self, start: u64) -> Result<Self::T> {
        self.file.get_read(start)
    }

    fn get_bytes(&self, start: u64, length: usize) -> Result<Bytes> {
        self.file.get_bytes(start, length)
    }
}

/// What `read` makes of the Parquet file `file`.
///
/// # Errors
/// A file that is no Parquet file, is not as it was written, or whose footer says what cannot be true of it; those of `read`.
pub(crate) fn read_with<T>(
    mut file: File,
    read: impl FnOnce(&SerializedFileReader<SizedFile>) -> Result<T>,
) -> Result<T> {
    check_seal(&mut file)?;
    let read = || read(&open(file)?);
    // Of a file without a hash: the library is not written for files that lie.
    let caught = catch_unwind(AssertUnwindSafe(read));
    caught.unwrap_or_else(|_| Err(ParquetError::General("it is damaged".to_owned())))
}

/// That `file` is as it was written, if it says so.
fn check_seal(file: &mut File) -> Result<()> {
    let size = file.metadata()?.len();
    let mut tail = [0; TAIL];
    if size < TAIL as u64 {
        return Ok(());
    }
    file.seek(SeekFrom::Start(size - TAIL as u64))?;
    file.read_exact(&mut tail)?;
    let behind = footer(&tail).map(|footer| (footer + TAIL + SEAL) as u64);
    let Some(place) = behind.and_then(|behind| size.checked_sub(behind)) else {
        return Ok(());
    };
    let mut seal = [0; SEAL];
    file.seek(SeekFrom::Start(place))?;
    file.read_exact(&mut seal)?;
    if seal[..MARK.len()] != MARK {
        return Ok(());
    }
    let mut hash = blake3::Hasher::new();
    file.rewind()?;
    io::copy(&mut file.take(place), &mut hash)?;
    file.seek(SeekFrom::Current(SEAL as i64))?;
    io::copy(file, &mut hash)?;
    if hash.finalize().as_bytes()[..] == seal[MARK.len()..] {
        return Ok(());
    }
    Err(ParquetError::General(
        "it is not as it was written: its hash is another one".to_owned(),
    ))
}

/// Opens `file`, whose footer is looked at.
fn open(file: File) -> Result<SerializedFileReader<SizedFile>> {
    let size = file.metadata()?.len();
    let reader = SerializedFileReader::new(SizedFile { file, size })?;
    let metadata = reader.metadata();
    let mut rows = 0_i64;
    for group in metadata.row_groups() {
        check_group(group, size)?;
        rows = rows.saturating_add(group.num_rows());
    }
    let said = metadata.file_metadata().num_rows();
    if said != rows {
        return Err(false_footer(&format!(
            "it counts {said} rows, and its groups {rows}"
        )));
    }
    Ok(reader)
}

fn check_group(group: &RowGroupMetaData, size: u64) -> Result<()> {
    let rows = group.num_rows();
    let most = size.saturating_mul(ROWS_PER_BYTE);
    if !u64::try_from(rows).is_ok_and(|rows| rows <= most) {
        return Err(false_footer(&format!(
            "a group of {rows} rows in {size} bytes"
        )));
    }
    for column in group.columns() {
        let name = column.column_path().string();
        if column.num_values() != rows {
            let values = column.num_values();
            return Err(false_footer(&format!(
                "{values} values of {name} in a group of {rows} rows"
            )));
        }
        if !lies_in(column, size) {
            return Err(false_footer(&format!(
                "the values of {name} lie outside of it"
            )));
        }
    }
    Ok(())
}

/// Whether the bytes of `column` are among the `size` of the file.
fn lies_in(column: &ColumnChunkMetaData, size: u64) -> bool {
    let begin = column
        .dictionary_page_offset()
        .unwrap_or(column.data_page_offset());
    let end = begin.checked_add(column.compressed_size());
    let places = [begin, column.data_page_offset(), column.compressed_size()];
    places.iter().all(|place| *place >= 0)
        && end.is_some_and(|end| u64::try_from(end).is_ok_and(|end| end <= size))
}

fn false_footer(problem: &str) -> ParquetError {
    ParquetError::General(format!("what its footer says cannot be: {problem}"))
}

/// All values of a column; as many as the group has rows, or an error.
///
/// # Errors
/// A column that is damaged, or ends before.
pub(crate) fn read_column<T: DataType>(
    group: &dyn RowGroupReader,
    column: usize,
) -> Result<Vec<T::T>> {
    let expected = usize::try_from(group.metadata().num_rows())
        .map_err(|error| ParquetError::External(Box::new(error)))?;
    let mut reader = get_typed_column_reader::<T>(group.get_column_reader(column)?);
    let mut values = Vec::new();
    while values.len() < expected {
        let (records, ..) =
            reader.read_records(expected - values.len(), None, None, &mut values)?;
        if records == 0 {
            let found = values.len();
            return Err(ParquetError::EOF(format!(
                "column {column} ends after {found} of {expected} values"
            )));
        }
    }
    Ok(values)
}

/// The same of a column of texts.
///
/// # Errors
/// As for [`read_column`]; a value that is no text.
pub(crate) fn read_texts(group: &dyn RowGroupReader, column: usize) -> Result<Vec<String>> {
    let values = read_column::<ByteArrayType>(group, column)?;
    let text = |bytes: &[u8]| {
        let text = std::str::from_utf8(bytes).map(str::to_owned);
        text.map_err(|error| ParquetError::External(Box::new(error)))
    };
    values.iter().map(|value| text(value.data())).collect()
}

/// Puts `values`, one of each row, into `rows`, which are made by the first column that is read.
pub(crate) fn fill<R: Clone + Default, T>(
    rows: &mut Vec<R>,
    values: Vec<T>,
    mut put: impl FnMut(&mut R, T),
) {
    rows.resize(values.len(), R::default());
    for (row, value) in rows.iter_mut().zip(values) {
        put(row, value);
    }
}

#[cfg(test)]
mod tests;
