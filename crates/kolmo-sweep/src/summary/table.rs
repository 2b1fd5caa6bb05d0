//! Rows as Parquet and CSV.

use std::{path::Path, sync::Arc};

use super::{Row, cell::Cell};
use crate::error::SweepError;
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

/// A column: its name, and a cell of each row.
struct Column<'a> {
    name: &'a str,
    cells: Vec<&'a Cell>,
}

impl Column<'_> {
    /// Its type: whole numbers, numbers, or text for everything else.
    fn kind(&self) -> Physical {
        let mut kind = Physical::INT64;
        for cell in &self.cells {
            match cell {
                Cell::Empty | Cell::Whole(_) => {}
                Cell::Number(_) => kind = Physical::DOUBLE,
                Cell::Text(_) => return Physical::BYTE_ARRAY,
            }
        }
        kind
    }
}

fn columns(rows: &[Row]) -> Vec<Column<'_>> {
    let mut names: Vec<&str> = Vec::new();
    let mut known = std::collections::HashSet::new();
    for (name, _) in rows.iter().flatten() {
        if known.insert(name.as_str()) {
            names.push(name);
        }
    }
    let column = |name| Column {
        name,
        cells: rows
            .iter()
            .map(|row| {
                let cell = row.iter().find(|(of, _)| of == name);
                cell.map_or(&Cell::Empty, |(_, cell)| cell)
            })
            .collect(),
    };
    names.into_iter().map(column).collect()
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
        let cells = columns.iter().map(|column| cell(&column.cells[k].text()));
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
                    write_column::<Int64Type>(&mut group, column, |cell| match cell {
                        Cell::Whole(number) => Some(*number),
                        Cell::Empty | Cell::Number(_) | Cell::Text(_) => None,
                    })?;
                }
                Physical::DOUBLE => {
                    write_column::<DoubleType>(&mut group, column, |cell| match cell {
                        Cell::Whole(number) => Some(*number as f64),
                        Cell::Number(number) => Some(*number),
                        Cell::Empty | Cell::Text(_) => None,
                    })?;
                }
                _ => write_column::<ByteArrayType>(&mut group, column, |cell| match cell {
                    Cell::Empty => None,
                    Cell::Whole(_) | Cell::Number(_) | Cell::Text(_) => {
                        Some(ByteArray::from(cell.text().into_bytes()))
                    }
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
    read: impl Fn(&Cell) -> Option<T::T>,
) -> Result<()> {
    let Some(mut writer) = group.next_column()? else {
        return Err(ParquetError::General(
            "more columns than the schema has".to_owned(),
        ));
    };
    let read: Vec<Option<T::T>> = column.cells.iter().map(|cell| read(cell)).collect();
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
    use serde_json::{Value, json};

    use super::*;

    fn row(value: Value) -> Row {
        let fields = value.as_object().unwrap().iter();
        fields
            .map(|(name, value)| (name.clone(), Cell::from(value)))
            .collect()
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

    #[test]
    fn numbers_that_are_not_finite_or_very_large_stay_numbers() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("runs");
        let rows = ["inf", "-inf", "nan", "1", "0.5", "1e300"].map(|number| {
            let table: toml::Table = format!("clip = {number}\nseed = {}", i64::MAX)
                .parse()
                .unwrap();
            let cells = table.iter();
            cells
                .map(|(key, value)| (key.clone(), Cell::from(value)))
                .collect::<Row>()
        });
        write(&path, &rows).unwrap();
        let text = fs::read_to_string(path.with_extension("csv")).unwrap();
        let seed = i64::MAX;
        assert_eq!(
            text,
            format!(
                "clip,seed\ninf,{seed}\n-inf,{seed}\nNaN,{seed}\n1,{seed}\n0.5,{seed}\n1e+300,{seed}\n"
            )
        );
        let file = fs::File::open(path.with_extension("parquet")).unwrap();
        let reader = SerializedFileReader::new(file).unwrap();
        let read = |row: parquet::record::Row| {
            assert_eq!(row.get_long(1).unwrap(), seed);
            row.get_double(0).unwrap()
        };
        let rows = reader.get_row_iter(None).unwrap();
        let clips: Vec<f64> = rows.map(|row| read(row.unwrap())).collect();
        assert_eq!(clips[..2], [f64::INFINITY, f64::NEG_INFINITY]);
        assert!(clips[2].is_nan());
        assert_eq!(clips[3..], [1.0, 0.5, 1e300]);
    }
}
