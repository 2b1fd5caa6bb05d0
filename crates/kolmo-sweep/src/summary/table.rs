//! Rows of JSON values as Parquet and CSV.

use std::{path::Path, sync::Arc};

use kolmo_run::{Error, atomic};
use parquet::{
    basic::{Compression, LogicalType, Repetition, Type as Physical, ZstdLevel},
    data_type::{ByteArray, ByteArrayType, DataType, DoubleType, Int64Type},
    errors::{ParquetError, Result},
    file::{
        properties::WriterProperties,
        writer::{SerializedFileWriter, SerializedRowGroupWriter},
    },
    schema::types::Type,
};
use serde_json::Value;

use super::Row;
use crate::error::SweepError;

/// Writes `rows` to `path` with the endings `.parquet` and `.csv`. Columns are in the order in which they come up.
pub(super) fn write(path: &Path, rows: &[Row]) -> std::result::Result<(), SweepError> {
    let columns = columns(rows);
    let file = path.with_extension("parquet");
    let bytes = parquet(&columns, rows.len()).map_err(|source| Error::Parquet {
        action: "encode",
        path: file.clone(),
        source,
    })?;
    atomic::write_bytes(&file, &bytes)?;
    let file = path.with_extension("csv");
    Ok(atomic::write_bytes(
        &file,
        csv(&columns, rows.len()).as_bytes(),
    )?)
}

/// A column: its name, and a value of each row, null where a row has none.
struct Column<'a> {
    name: &'a str,
    values: Vec<&'a Value>,
}

impl Column<'_> {
    /// Its type: whole numbers, numbers, or text for everything else.
    fn kind(&self) -> Physical {
        let all =
            |is: fn(&Value) -> bool| self.values.iter().all(|value| value.is_null() || is(value));
        if all(|value| value.is_i64() || value.is_u64()) {
            Physical::INT64
        } else if all(Value::is_number) {
            Physical::DOUBLE
        } else {
            Physical::BYTE_ARRAY
        }
    }
}

fn columns(rows: &[Row]) -> Vec<Column<'_>> {
    let mut names: Vec<&str> = Vec::new();
    let mut known = std::collections::HashSet::new();
    for name in rows.iter().flat_map(|row| row.keys()) {
        if known.insert(name.as_str()) {
            names.push(name);
        }
    }
    let column = |name| Column {
        name,
        values: rows
            .iter()
            .map(|row| row.get(name).unwrap_or(&Value::Null))
            .collect(),
    };
    names.into_iter().map(column).collect()
}

fn text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// RFC 4180: cells with a comma, a quote or a line break are quoted. No crate for it: the usual one turns on features
/// of serde, and Burn would be built a second time.
fn csv(columns: &[Column<'_>], rows: usize) -> String {
    let cell = |text: &str| match text.contains([',', '"', '\n', '\r']) {
        true => format!("\"{}\"", text.replace('"', "\"\"")),
        false => text.to_owned(),
    };
    let line = |cells: Vec<String>| cells.join(",") + "\n";
    let mut all = String::new();
    if !columns.is_empty() {
        all = line(columns.iter().map(|column| cell(column.name)).collect());
    }
    for k in 0..rows {
        let cells = columns.iter().map(|column| cell(&text(column.values[k])));
        all += &line(cells.collect());
    }
    all
}

fn parquet(columns: &[Column<'_>], rows: usize) -> Result<Vec<u8>> {
    let field = |column: &Column<'_>| {
        let kind = column.kind();
        let logical = (kind == Physical::BYTE_ARRAY).then_some(LogicalType::String);
        let field = Type::primitive_type_builder(column.name, kind)
            .with_repetition(Repetition::OPTIONAL)
            .with_logical_type(logical);
        field.build().map(Arc::new)
    };
    let fields = columns.iter().map(field).collect::<Result<_>>()?;
    let schema = Type::group_type_builder("summary")
        .with_fields(fields)
        .build()?;
    let properties = WriterProperties::builder()
        .set_created_by(concat!("kolmo ", env!("CARGO_PKG_VERSION")).to_owned())
        .set_compression(Compression::ZSTD(ZstdLevel::default()));
    let mut bytes = Vec::new();
    let mut file =
        SerializedFileWriter::new(&mut bytes, Arc::new(schema), Arc::new(properties.build()))?;
    if rows > 0 {
        let mut group = file.next_row_group()?;
        for column in columns {
            match column.kind() {
                Physical::INT64 => {
                    let whole = |value: &Value| {
                        value
                            .as_i64()
                            .or_else(|| value.as_u64().map(u64::cast_signed))
                    };
                    write_column::<Int64Type>(&mut group, column, whole)?;
                }
                Physical::DOUBLE => write_column::<DoubleType>(&mut group, column, Value::as_f64)?,
                _ => write_column::<ByteArrayType>(&mut group, column, |value| {
                    (!value.is_null()).then(|| ByteArray::from(text(value).into_bytes()))
                })?,
            }
        }
        group.close()?;
    }
    file.close()?;
    Ok(bytes)
}

/// The values that there are, and for each row whether there is one.
fn write_column<T: DataType>(
    group: &mut SerializedRowGroupWriter<'_, &mut Vec<u8>>,
    column: &Column<'_>,
    read: impl Fn(&Value) -> Option<T::T>,
) -> Result<()> {
    let Some(mut writer) = group.next_column()? else {
        return Err(ParquetError::General(
            "more columns than the schema has".to_owned(),
        ));
    };
    let read: Vec<Option<T::T>> = column.values.iter().map(|value| read(value)).collect();
    let is_there: Vec<i16> = read
        .iter()
        .map(|value| i16::from(value.is_some()))
        .collect();
    let values: Vec<T::T> = read.into_iter().flatten().collect();
    writer
        .typed::<T>()
        .write_batch(&values, Some(&is_there), None)?;
    writer.close()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use parquet::{
        file::reader::{FileReader, SerializedFileReader},
        record::RowAccessor,
    };
    use serde_json::json;

    use super::*;

    fn row(value: Value) -> Row {
        match value {
            Value::Object(row) => row,
            _ => Row::new(),
        }
    }

    #[test]
    fn rows_with_gaps_are_read_back() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("runs");
        let rows = [
            row(json!({ "id": "a", "model.arch": "gpt", "steps": 3, "loss": 1 })),
            row(json!({ "id": "b,\"c\"", "steps": null, "loss": 0.5, "more": [1, 2] })),
        ];
        write(&path, &rows).unwrap();
        let text = fs::read_to_string(path.with_extension("csv")).unwrap();
        assert_eq!(
            text,
            "id,model.arch,steps,loss,more\na,gpt,3,1,\n\"b,\"\"c\"\"\",,,0.5,\"[1,2]\"\n"
        );
        let file = fs::File::open(path.with_extension("parquet")).unwrap();
        let reader = SerializedFileReader::new(file).unwrap();
        let rows: Vec<_> = reader
            .get_row_iter(None)
            .unwrap()
            .map(|row| row.unwrap())
            .collect();
        assert_eq!(rows[0].get_string(0).unwrap(), "a");
        assert_eq!(rows[0].get_long(2).unwrap(), 3);
        assert_eq!(rows[1].get_double(3).unwrap(), 0.5);
        assert!(rows[1].get_long(2).is_err(), "it is null");
        write(&path, &[]).unwrap();
        assert_eq!(fs::read(path.with_extension("csv")).unwrap(), b"");
    }
}
