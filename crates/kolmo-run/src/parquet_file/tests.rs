//! Both tables with bits turned and ends cut off: an error or the very same rows, and of a file without a hash no panic and no
//! more rows than it had. With `KOLMO_EVERY_BIT` in the environment it is every bit of every byte, and else a sample of each.

use std::{fs, path::Path, sync::Arc};

use parquet::{
    data_type::Int64Type,
    file::{properties::WriterProperties, writer::SerializedFileWriter},
    schema::parser::parse_message_type,
};

use super::*;
use crate::{
    AnswerRow, Error, FactRow, FactsTable, facts_table::examples::row, read_answers, write_answers,
};

fn facts(path: &Path) {
    let row = |subject: u64| FactRow {
        exposures: 3 * subject,
        loss_nats: 1.0 / subject as f64,
        ..row(10, subject, subject as u32 % 2)
    };
    let mut table = FactsTable::new(vec!["home".into(), "born".into()]);
    table.push((1..=5).map(row).collect()).unwrap();
    table.push((1..=5).map(row).collect()).unwrap();
    table.write(path).unwrap();
}

fn answers(path: &Path) {
    let row = |subject: u64| AnswerRow {
        subject,
        cohort: "stated".to_owned(),
        prompt: format!("{subject} lives in"),
        loss_nats: 1.0 / subject as f64,
        ..AnswerRow::default()
    };
    let rows: Vec<AnswerRow> = (1..=5).map(row).collect();
    write_answers(path, &rows).unwrap();
}

/// What is in the table at `path`: how many rows, and all of them in words.
type Read = fn(&Path) -> crate::Result<(usize, String)>;

fn read_facts(path: &Path) -> crate::Result<(usize, String)> {
    let counted = FactsTable::count(path);
    let table = FactsTable::read(path)?;
    assert_eq!(counted.unwrap(), table.evaluations());
    Ok((table.rows().count(), format!("{table:?}")))
}

type Write = fn(&Path);

fn both() -> [(Write, Read); 2] {
    [
        (facts, read_facts),
        (answers, |path| {
            read_answers(path).map(|rows| (rows.len(), format!("{rows:?}")))
        }),
    ]
}

/// That an error names the file and says something of it.
fn is_told(error: &Error) {
    assert!(error.to_string().contains("table.parquet"), "{error}");
    if let Error::Parquet { source, .. } = error {
        assert!(!source.to_string().is_empty());
    }
}

/// The places of a file of so many bytes that a test tries: all, or one of `few`, and the end, where the footer is.
fn places(bytes: usize, few: usize) -> impl Iterator<Item = usize> {
    const FOOTER: usize = 64;
    let step = if is_whole() { 1 } else { few };
    (0..bytes).filter(move |at| at % step == 0 || at + FOOTER >= bytes)
}

/// Whether a test is to leave nothing out.
fn is_whole() -> bool {
    std::env::var_os("KOLMO_EVERY_BIT").is_some()
}

#[test]
fn any_bit_that_turns_is_an_error_or_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("table.parquet");
    for (write, read) in both() {
        write(&path);
        let sound = fs::read(&path).unwrap();
        let expected = read(&path).unwrap();
        let mut changed_nothing = 0;
        for at in places(sound.len(), 3) {
            for bit in (0..8).filter(|bit| is_whole() || *bit == at % 8) {
                let mut bytes = sound.clone();
                bytes[at] ^= 1 << bit;
                fs::write(&path, &bytes).unwrap();
                match read(&path) {
                    Ok(found) => {
                        assert!(found == expected, "bit {bit} of byte {at}");
                        changed_nothing += 1;
                    }
                    Err(error) => is_told(&error),
                }
            }
        }
        // Those of the mark, without which a file is one of an earlier build.
        assert!(changed_nothing <= 8 * MARK.len(), "{changed_nothing}");
    }
}

#[test]
fn any_byte_that_turns_in_a_file_without_a_hash_is_no_panic_and_no_more_rows() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("table.parquet");
    for (write, read) in both() {
        write(&path);
        let (rows, _) = read(&path).unwrap();
        let mut sound = fs::read(&path).unwrap();
        let place = sound.len() - TAIL - footer(&sound).unwrap() - SEAL;
        sound.drain(place..place + SEAL);
        fs::write(&path, &sound).unwrap();
        assert_eq!(read(&path).unwrap().0, rows);
        for at in places(sound.len(), 3) {
            let mut bytes = sound.clone();
            bytes[at] ^= 1 << (at % 8);
            fs::write(&path, &bytes).unwrap();
            // That the two readings agree is for sound files.
            let read = || FactsTable::read(&path).map(|table| table.rows().count());
            let found = match read() {
                Err(Error::FactsLayout { .. }) => read_answers(&path).map(|rows| rows.len()),
                found => found,
            };
            match found {
                Ok(found) => assert!(found <= rows, "byte {at}: {found} rows"),
                Err(error) => is_told(&error),
            }
        }
    }
}

#[test]
fn any_end_that_is_missing_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("table.parquet");
    for (write, read) in both() {
        write(&path);
        let sound = fs::read(&path).unwrap();
        for length in places(sound.len(), 3) {
            fs::write(&path, &sound[..length]).unwrap();
            assert!(read(&path).is_err(), "{length} of {} bytes", sound.len());
        }
    }
}

#[test]
fn a_count_of_rows_that_cannot_be_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("table.parquet");
    let schema = Arc::new(parse_message_type("message m { required int64 step; }").unwrap());
    let file = File::create(&path).unwrap();
    let mut writer =
        SerializedFileWriter::new(file, schema, Arc::new(WriterProperties::new())).unwrap();
    let mut group = writer.next_row_group().unwrap();
    let mut column = group.next_column().unwrap().unwrap();
    column
        .typed::<Int64Type>()
        .write_batch(&vec![7; 100_000], None, None)
        .unwrap();
    column.close().unwrap();
    group.close().unwrap();
    writer.close().unwrap();
    // A hundred thousand rows in some hundred bytes.
    let read = read_with(File::open(&path).unwrap(), |_| Ok(()));
    let message = read.unwrap_err().to_string();
    assert!(message.contains("100000 rows in"), "{message}");
}
