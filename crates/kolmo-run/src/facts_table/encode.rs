//! From rows to the bytes of a Parquet file.

use std::io::Write;
use std::sync::Arc;

use parquet::basic::{Compression, ZstdLevel};
use parquet::data_type::{BoolType, ByteArray, ByteArrayType, DataType, DoubleType, Int64Type};
use parquet::errors::{ParquetError, Result};
use parquet::file::metadata::KeyValue;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use parquet::schema::types::ColumnPath;

use super::columns::{COLUMNS, Field, RELATIONS_KEY, schema, value};
use super::{FactRow, FactsTable};
use crate::parquet_file::sealed;

/// The whole file.
pub(super) fn encode(table: &FactsTable) -> Result<Vec<u8>> {
    let properties = Arc::new(properties(&table.relation_names)?);
    let mut bytes = Vec::new();
    let mut file = SerializedFileWriter::new(&mut bytes, schema()?, properties)?;
    let names: Vec<ByteArray> = table
        .relation_names
        .iter()
        .map(|name| ByteArray::from(name.as_str()))
        .collect();
    for rows in &table.evaluations {
        let mut group = file.next_row_group()?;
        write_rows(&mut group, &names, rows)?;
        group.close()?;
    }
    file.close()?;
    Ok(sealed(bytes))
}

fn properties(relation_names: &[String]) -> Result<WriterProperties> {
    let relations = serde_json::to_string(relation_names)
        .map_err(|error| ParquetError::External(Box::new(error)))?;
    let mut metadata: Vec<KeyValue> = COLUMNS
        .iter()
        .map(|column| KeyValue::new(column.name.to_owned(), column.meaning.to_owned()))
        .collect();
    metadata.push(KeyValue::new(RELATIONS_KEY.to_owned(), relations));

    let properties = WriterProperties::builder()
        .set_created_by(concat!("kolmo ", env!("CARGO_PKG_VERSION")).to_owned())
        .set_compression(Compression::ZSTD(ZstdLevel::default()))
        .set_dictionary_enabled(false)
        .set_key_value_metadata(Some(metadata));
    let repeating = COLUMNS.iter().filter(|column| column.repeats);
    let properties = repeating.fold(properties, |properties, column| {
        properties.set_column_dictionary_enabled(ColumnPath::from(column.name), true)
    });
    Ok(properties.build())
}

/// One row group.
fn write_rows<W: Write + Send>(
    group: &mut SerializedRowGroupWriter<'_, W>,
    names: &[ByteArray],
    rows: &[FactRow],
) -> Result<()> {
    let rows = rows.iter().copied();
    for column in &COLUMNS {
        let rows = rows.clone();
        match column.field {
            // Parquet has no unsigned physical type: the bits are kept, the logical type says how to read them.
            Field::Count(of) => {
                write_column::<Int64Type, _>(group, rows.map(|row| value(row, of).cast_signed()))
            }
            // push() has checked the indices.
            Field::Name(of) => write_column::<ByteArrayType, _>(
                group,
                rows.filter_map(|row| names.get(value(row, of) as usize).cloned()),
            ),
            Field::Number(of) => {
                write_column::<DoubleType, _>(group, rows.map(|row| value(row, of)))
            }
            Field::Flag(of) => write_column::<BoolType, _>(group, rows.map(|row| value(row, of))),
        }?;
    }
    Ok(())
}

fn write_column<T: DataType, W: Write + Send>(
    group: &mut SerializedRowGroupWriter<'_, W>,
    values: impl Iterator<Item = T::T>,
) -> Result<()> {
    let Some(mut column) = group.next_column()? else {
        return Err(ParquetError::General(
            "more columns than the schema has".to_owned(),
        ));
    };
    let values: Vec<T::T> = values.collect();
    column.typed::<T>().write_batch(&values, None, None)?;
    column.close()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use parquet::basic::Compression;
    use parquet::file::reader::{FileReader, SerializedFileReader};

    use super::*;

    #[test]
    fn the_file_is_as_the_contract_says() {
        let row = FactRow {
            step: 1,
            documents: 256,
            subject: 1,
            relation: 0,
            probability: 0.5,
            exposures: 128,
            loss_nats: 1.0,
            correct: true,
            answer_valid: true,
            confidence: 0.5,
            stands_for: 1,
            share: 0.5,
            name_loss_nats: 2.0,
        };
        let mut table = FactsTable::new(vec!["employer".into()]);
        table.push(vec![row; 3]).unwrap();
        table.push(vec![FactRow { step: 2, ..row }; 2]).unwrap();
        let file = tempfile::NamedTempFile::new().unwrap();
        table.write(file.path()).unwrap();

        let reader = SerializedFileReader::new(fs::File::open(file.path()).unwrap()).unwrap();
        let metadata = reader.metadata();
        let names: Vec<&str> = metadata
            .file_metadata()
            .schema_descr()
            .columns()
            .iter()
            .map(|column| column.name())
            .collect();
        assert_eq!(
            names.join(" "),
            "step documents subject relation probability exposures loss_nats correct answer_valid confidence \
             stands_for share name_loss_nats"
        );
        let rows: Vec<i64> = metadata
            .row_groups()
            .iter()
            .map(|group| group.num_rows())
            .collect();
        assert_eq!(rows, [3, 2], "one row group an evaluation");
        for column in metadata.row_group(0).columns() {
            assert!(matches!(column.compression(), Compression::ZSTD(_)));
        }
        let relation = metadata.row_group(0).column(3);
        assert!(relation.dictionary_page_offset().is_some());
        let units = metadata.file_metadata().key_value_metadata().unwrap();
        let loss = units.iter().find(|unit| unit.key == "loss_nats").unwrap();
        assert_eq!(
            loss.value.as_deref(),
            Some("nats, summed over the value's tokens")
        );
    }
}
