//! From a Parquet file to rows.

use std::collections::HashMap;
use std::fs::File;
use std::path::Path;

use parquet::data_type::{BoolType, ByteArrayType, DoubleType, Int64Type};
use parquet::errors::ParquetError;
use parquet::file::metadata::FileMetaData;
use parquet::file::reader::{FileReader, RowGroupReader};

use super::schema::{COLUMNS, RELATIONS_KEY};
use super::{FactRow, FactsTable};
use crate::error::{Error, Result};
use crate::parquet_file::{read_column, read_with};

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
            let columns = Columns::read(&*reader.get_row_group(index)?)?;
            match columns.rows(&relation_names) {
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
    for (column, (name, kind, _)) in found.iter().zip(COLUMNS) {
        let required = column.max_def_level() == 0 && column.max_rep_level() == 0;
        if column.name() != name || column.physical_type() != kind.physical() || !required {
            return Err(format!(
                "where a required column {name} of type {} should be, {} of type {} is",
                kind.physical(),
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

/// A row group, column by column.
struct Columns {
    step: Vec<i64>,
    documents: Vec<i64>,
    subject: Vec<i64>,
    relation: Vec<parquet::data_type::ByteArray>,
    probability: Vec<f64>,
    exposures: Vec<i64>,
    loss_nats: Vec<f64>,
    correct: Vec<bool>,
    answer_valid: Vec<bool>,
    confidence: Vec<f64>,
    stands_for: Vec<i64>,
    share: Vec<f64>,
    name_loss_nats: Vec<f64>,
}

impl Columns {
    fn read(group: &dyn RowGroupReader) -> std::result::Result<Self, ParquetError> {
        Ok(Self {
            step: read_column::<Int64Type>(group, 0)?,
            documents: read_column::<Int64Type>(group, 1)?,
            subject: read_column::<Int64Type>(group, 2)?,
            relation: read_column::<ByteArrayType>(group, 3)?,
            probability: read_column::<DoubleType>(group, 4)?,
            exposures: read_column::<Int64Type>(group, 5)?,
            loss_nats: read_column::<DoubleType>(group, 6)?,
            correct: read_column::<BoolType>(group, 7)?,
            answer_valid: read_column::<BoolType>(group, 8)?,
            confidence: read_column::<DoubleType>(group, 9)?,
            stands_for: read_column::<Int64Type>(group, 10)?,
            share: read_column::<DoubleType>(group, 11)?,
            name_loss_nats: read_column::<DoubleType>(group, 12)?,
        })
    }

    fn rows(&self, relation_names: &[String]) -> std::result::Result<Vec<FactRow>, String> {
        let index: HashMap<&[u8], u32> = relation_names
            .iter()
            .map(String::as_bytes)
            .zip(0..)
            .collect();
        (0..self.step.len())
            .map(|i| {
                let name = self.relation[i].data();
                let relation = *index.get(name).ok_or_else(|| {
                    let name = String::from_utf8_lossy(name);
                    format!("its metadata does not name the relation {name}")
                })?;
                Ok(FactRow {
                    step: self.step[i].cast_unsigned(),
                    documents: self.documents[i].cast_unsigned(),
                    subject: self.subject[i].cast_unsigned(),
                    relation,
                    probability: self.probability[i],
                    exposures: self.exposures[i].cast_unsigned(),
                    loss_nats: self.loss_nats[i],
                    correct: self.correct[i],
                    answer_valid: self.answer_valid[i],
                    confidence: self.confidence[i],
                    stands_for: self.stands_for[i].cast_unsigned(),
                    share: self.share[i],
                    name_loss_nats: self.name_loss_nats[i],
                })
            })
            .collect()
    }
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
