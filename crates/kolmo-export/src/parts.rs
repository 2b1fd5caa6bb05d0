//! Parquet files of a fixed number of documents each, written whole or not at all.

mod columns;
mod schema;

use std::{path::Path, sync::Arc};

use kolmo_run::atomic;
use parquet::{errors::ParquetError, file::writer::SerializedFileWriter};

use crate::{
    error::{ExportError, Result},
    record::{Stretch, Written},
};
use columns::Columns;

/// Documents of a row group: what is in memory before it is encoded.
const GROUP: usize = 1 << 14;

/// Writes the documents of `stretch` to `path`, atomically.
pub(crate) fn write(
    path: &Path,
    stretch: &Stretch<'_>,
    progress: &mut dyn FnMut(u64),
) -> Result<Written> {
    let encoded = encode(stretch, progress);
    let (bytes, tokens) = encoded.map_err(|source| ExportError::Parquet {
        path: path.to_path_buf(),
        source,
    })?;
    atomic::write_bytes(path, &bytes)?;
    Ok(Written {
        tokens,
        bytes: bytes.len() as u64,
    })
}

/// The bytes of a file and the tokens in it.
fn encode(
    stretch: &Stretch<'_>,
    progress: &mut dyn FnMut(u64),
) -> std::result::Result<(Vec<u8>, u64), ParquetError> {
    let mut bytes = Vec::new();
    let properties = Arc::new(schema::properties());
    let mut file = SerializedFileWriter::new(&mut bytes, schema::schema()?, properties)?;
    let mut columns = Columns::default();
    let mut tokens = 0;
    stretch.walk(progress, |record| {
        tokens += record.document.tokens.len() as u64;
        columns.push(record);
        if columns.documents() == GROUP {
            columns.write(&mut file)?;
        }
        Ok::<(), ParquetError>(())
    })?;
    if columns.documents() > 0 {
        columns.write(&mut file)?;
    }
    file.close()?;
    Ok((bytes, tokens))
}
