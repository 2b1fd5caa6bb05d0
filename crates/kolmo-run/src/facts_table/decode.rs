//! From a Parquet file to rows.

use std::collections::HashMap;
use std::fs::File;
use std::path::Path;

use parquet::data_type::{BoolType, ByteArray, ByteArrayType, DoubleType, Int64Type};
use parquet::errors::ParquetError;
use parquet::file::metadata::FileMetaData;
use parquet::file::reader::{FileReader, RowGroupReader};

use super::columns::{COLUMNS, Column, Field, RELATIONS_KEY};
use super::{FactRow, FactsTable};
use crate::error::{Error, Result};
use crate::parquet_file::{fill, read_column, read_with};

/// Reads the table in `file`; `path` is for the messages.
pub(super) fn decode(path: &Path, file: File) -> Result<FactsTable> {
    let misfit = |reason| Error::FactsLayout {
        path: path.to_path_buf(),
        reason,
    };
    let table = read_with(file, |reader| {
        let metadata = reader.metadata().file_metadata();
        let relation_names = check_columns(metadata).and_then(|()| relation_names(metadata));
        let relation_names = match relation_names {
            Ok(names) => names,
            Err(reason) => return Ok(Err(misfit(reason))),
        };
        let mut evaluations = Vec::new();
        for index in 0..reader.num_row_groups() {
            match rows(&*reader.get_row_group(index)?, &relation_names)? {
                Ok(rows) => evaluations.push(rows),
                Err(reason) => return Ok(Err(misfit(reason))),
            }
        }
        Ok(Ok(FactsTable {
            relation_names,
            evaluations,
        }))
    });
    table.map_err(|source| damaged(path, source))?
}

/// How many evaluations are in `file`, by its footer; `path` is for the messages.
pub(super) fn count(path: &Path, file: File) -> Result<usize> {
    let count = read_with(file, |reader| Ok(reader.num_row_groups()));
    count.map_err(|source| damaged(path, source))
}

fn damaged(path: &Path, source: ParquetError) -> Error {
    Error::Parquet {
        action: "decode",
        path: path.to_path_buf(),
        source,
    }
}

/// The typed readers panic at another type than they expect, so it is looked at first.
fn check_columns(metadata: &FileMetaData) -> std::result::Result<(), String> {
    let found = metadata.schema_descr().columns();
    if found.len() != COLUMNS.len() {
        return Err(format!(
            "it has {} columns, not {}",
            found.len(),
            COLUMNS.len()
        ));
    }
    for (column, Column { name, field, .. }) in found.iter().zip(&COLUMNS) {
        let required = column.max_def_level() == 0 && column.max_rep_level() == 0;
        if column.name() != *name || column.physical_type() != field.physical() || !required {
            return Err(format!(
                "where a required column {name} of type {} should be, {} of type {} is",
                field.physical(),
                column.name(),
                column.physical_type()
            ));
        }
    }
    Ok(())
}

fn relation_names(metadata: &FileMetaData) -> std::result::Result<Vec<String>, String> {
    let text = metadata
        .key_value_metadata()
        .into_iter()
        .flatten()
        .find(|entry| entry.key == RELATIONS_KEY)
        .and_then(|entry| entry.value.as_deref())
        .ok_or_else(|| format!("its metadata has no key {RELATIONS_KEY}"))?;
    serde_json::from_str(text).map_err(|error| format!("its key {RELATIONS_KEY}: {error}"))
}

/// The rows of a row group, or why they are none of this table.
fn rows(
    group: &dyn RowGroupReader,
    relation_names: &[String],
) -> std::result::Result<std::result::Result<Vec<FactRow>, String>, ParquetError> {
    let names = relation_names.iter().map(String::as_bytes);
    let relations: HashMap<&[u8], u32> = names.zip(0..).collect();
    let mut unknown: Option<ByteArray> = None;
    let mut rows: Vec<FactRow> = Vec::new();
    for (k, column) in COLUMNS.iter().enumerate() {
        match column.field {
            Field::Count(of) => {
                let bits = read_column::<Int64Type>(group, k)?;
                fill(&mut rows, bits, |row, bits| *of(row) = bits.cast_unsigned());
            }
            Field::Name(of) => {
                let names = read_column::<ByteArrayType>(group, k)?;
                fill(&mut rows, names, |row, name| {
                    match relations.get(name.data()) {
                        Some(relation) => *of(row) = *relation,
                        None => unknown = unknown.take().or(Some(name)),
                    }
                });
            }
            Field::Number(of) => {
                let numbers = read_column::<DoubleType>(group, k)?;
                fill(&mut rows, numbers, |row, number| *of(row) = number);
            }
            Field::Flag(of) => {
                let flags = read_column::<BoolType>(group, k)?;
                fill(&mut rows, flags, |row, flag| *of(row) = flag);
            }
        }
    }
    Ok(match unknown {
        Some(name) => {
            let name = String::from_utf8_lossy(name.data());
            Err(format!("its metadata does not name the relation {name}"))
        }
        None => Ok(rows),
    })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use parquet::file::properties::WriterProperties;
    use parquet::file::writer::SerializedFileWriter;
    use parquet::schema::parser::parse_message_type;

    use super::*;

    #[test]
    fn another_programs_table_is_refused_not_misread() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("facts.parquet");
        for (schema, reason) in [
            ("message m { required int64 step; }", "1 columns"),
            (
                "message m { required int64 step; required int64 documents; required int64 subject;
                 required int64 relation; required double probability; required int64 exposures;
                 required double loss_nats; required boolean correct; required boolean answer_valid;
                 required double confidence; required int64 stands_for; required double share;
                 required double name_loss_nats; }",
                "relation",
            ),
        ] {
            let schema = Arc::new(parse_message_type(schema).unwrap());
            let file = File::create(&path).unwrap();
            let writer =
                SerializedFileWriter::new(file, schema, Arc::new(WriterProperties::new())).unwrap();
            writer.close().unwrap();
            let error = FactsTable::read(&path).unwrap_err();
            assert!(matches!(error, Error::FactsLayout { .. }), "{error}");
            assert!(error.to_string().contains(reason), "{error}");
        }
    }
}
