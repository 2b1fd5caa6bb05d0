//! Exports of every format, whole, cut at every commit, torn, extended and refused.

mod again;

use std::fs::File;
use std::{collections::BTreeMap, fs, path::Path};

use kolmo_world::{Document, Token, WorldConfig, config::Family, config::RelationConfig};
use parquet::{
    data_type::{ByteArrayType, DataType, Int32Type, Int64Type},
    file::reader::{FileReader, RowGroupReader, SerializedFileReader},
    record::RowAccessor,
};
use proptest::prelude::*;
use tempfile::TempDir;

use super::*;
use kolmo_world::stream::VALIDATION_FIRST;

const FORMATS: [Format; 3] = [Format::Jsonl, Format::Parquet, Format::Bin];

/// Documents from one commit to the next, in these tests.
const PART: u64 = 10;

fn world() -> World {
    World::new(&WorldConfig::default(), 1).unwrap()
}

fn request(format: Format, documents: u64, validation: u64) -> Request {
    Request {
        format,
        identity: "default, seed 1".to_owned(),
        documents,
        validation,
    }
}

fn open<'w>(world: &'w World, folder: &TempDir, request: &Request) -> Result<Export<'w>> {
    Export::open_in_parts(world, folder.path().to_path_buf(), request, PART)
}

fn is_in_the_way(error: &ExportError) -> bool {
    matches!(error, ExportError::Run(error) if error.is_in_the_way())
}

/// An export that nothing disturbs.
fn whole(world: &World, request: &Request) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let record = open(world, &folder, request).unwrap().run(|_| ()).unwrap();
    assert!(record.complete);
    folder
}

/// Every file of a folder with its content.
fn content(folder: &TempDir) -> BTreeMap<String, Vec<u8>> {
    fs::read_dir(folder.path())
        .unwrap()
        .map(|entry| {
            let entry = entry.unwrap();
            let name = entry.file_name().into_string().unwrap();
            (name, fs::read(entry.path()).unwrap())
        })
        .collect()
}

fn names(folder: &TempDir) -> String {
    content(folder).into_keys().collect::<Vec<_>>().join(" ")
}

/// What a process leaves that is killed after its last commit: bytes at the ends of files, the part that would have been
/// committed next, half a temporary file.
fn tear(folder: &Path, format: Format) {
    let record = ExportRecord::of(folder).unwrap().unwrap();
    for split in Split::ALL {
        match format {
            Format::Jsonl | Format::Bin => {
                let path = folder.join(split.file(format));
                // A split without documents has no file.
                if record.split(split).documents == 0 {
                    continue;
                }
                let mut bytes = fs::read(&path).unwrap();
                bytes.extend(b"{\"document\":3,\"te");
                fs::write(&path, bytes).unwrap();
            }
            Format::Parquet => {
                let record = record.split(split);
                let name = split.part(format, record.done / PART);
                // The last part may have room, and be committed all the same.
                if record.files.iter().all(|file| file.name != name) {
                    fs::write(folder.join(name), "PAR1 and no more").unwrap();
                }
            }
        }
    }
    fs::write(folder.join(".export.json.x1.kolmo-tmp"), "{").unwrap();
}

#[test]
fn an_export_has_the_files_of_its_format() {
    let world = world();
    for (format, expected) in [
        (
            Format::Jsonl,
            "export.json train.jsonl val.jsonl vocabulary.json",
        ),
        (Format::Bin, "export.json meta.pkl train.bin val.bin"),
        (
            Format::Parquet,
            "export.json train-00000.parquet train-00001.parquet train-00002.parquet \
             val-00000.parquet vocabulary.json",
        ),
    ] {
        let folder = whole(&world, &request(format, 25, 3));
        assert_eq!(names(&folder), expected);
        let record = ExportRecord::read(&folder.path().join("export.json")).unwrap();
        let record = record.unwrap();
        assert_eq!((record.done(), record.documents()), (28, 28));
        assert_eq!(record.val.first_index, VALIDATION_FIRST);
        assert_eq!(record.vocabulary, world.vocabulary().len());
        for split in Split::ALL {
            let record = record.split(split);
            let documents = (0..record.done).map(|n| world.document(split.first() + n));
            let tokens: usize = documents.map(|d| d.tokens.len()).sum();
            assert_eq!(record.tokens, tokens as u64);
            for file in &record.files {
                let length = fs::metadata(folder.path().join(&file.name)).unwrap().len();
                assert_eq!(file.bytes, length, "{}", file.name);
            }
        }
    }
}

#[test]
fn a_split_without_documents_has_no_file() {
    let world = world();
    for format in FORMATS {
        let folder = whole(&world, &request(format, 25, 0));
        assert!(!names(&folder).contains("val"), "{}", names(&folder));
        for file in fs::read_dir(folder.path()).unwrap() {
            assert!(file.unwrap().metadata().unwrap().len() > 0);
        }
        let record = ExportRecord::of(folder.path()).unwrap().unwrap();
        assert!(record.val.files.is_empty() && record.complete);
        // A file of that name is somebody's, and stays.
        let name = Split::Val.file(Format::Bin);
        if format == Format::Bin {
            fs::write(folder.path().join(&name), "mine").unwrap();
            let error = open(&world, &folder, &request(format, 25, 3)).unwrap_err();
            assert!(is_in_the_way(&error), "{error}");
            fs::remove_file(folder.path().join(&name)).unwrap();
        }
        // What is asked for later is added; before anything of it is there, it can be given up again.
        let asked = request(format, 25, 3);
        drop(open(&world, &folder, &asked).unwrap());
        drop(open(&world, &folder, &request(format, 25, 0)).unwrap());
        assert!(!names(&folder).contains("val"), "{}", names(&folder));
        open(&world, &folder, &asked).unwrap().run(|_| ()).unwrap();
        assert!(content(&folder) == content(&whole(&world, &asked)));
    }
}

#[test]
fn a_token_file_is_the_documents_and_nothing_else() {
    let world = world();
    let folder = whole(&world, &request(Format::Bin, 25, 3));
    for split in Split::ALL {
        let bytes = fs::read(folder.path().join(split.file(Format::Bin))).unwrap();
        let read = bytes.chunks(2);
        let read: Vec<Token> = read
            .map(|b| u16::from_le_bytes(b.try_into().unwrap()).into())
            .collect();
        let count = if split == Split::Train { 25 } else { 3 };
        let written = (0..count).flat_map(|n| world.document(split.first() + n).tokens);
        assert_eq!(read, written.collect::<Vec<_>>());
    }
}

#[test]
fn a_large_vocabulary_has_wider_tokens() {
    let config = WorldConfig {
        relations: vec![RelationConfig {
            name: "home".to_owned(),
            values: Some(100_000),
            weight: 1.0,
        }],
        ..WorldConfig::default()
    };
    let world = World::new(&config, 1).unwrap();
    let folder = whole(&world, &request(Format::Bin, 200, 0));
    let bytes = fs::read(folder.path().join("train.bin")).unwrap();
    let read: Vec<Token> = bytes
        .chunks(4)
        .map(|b| u32::from_le_bytes(b.try_into().unwrap()))
        .collect();
    let written: Vec<Token> = (0..200).flat_map(|n| world.document(n).tokens).collect();
    assert_eq!(read, written);
    assert!(read.iter().any(|token| *token > u16::MAX.into()));
    let json = fs::read_to_string(folder.path().join("export.json")).unwrap();
    assert!(json.contains("\"dtype\": \"uint32\""), "{json}");
}

#[test]
fn json_lines_hold_the_records_in_order() {
    let world = world();
    let folder = whole(&world, &request(Format::Jsonl, 25, 3));
    for (split, count) in Split::ALL.into_iter().zip([25, 3]) {
        let text = fs::read_to_string(folder.path().join(split.file(Format::Jsonl))).unwrap();
        assert_eq!(text.lines().count(), count);
        for (index, line) in (0..).zip(text.lines()) {
            let document = world.document(split.first() + index);
            let record = crate::Record {
                world: &world,
                index,
                document: &document,
            };
            assert_eq!(line, serde_json::to_string(&record).unwrap());
        }
    }
}

/// The lists of a column of a row group.
fn lists<D: DataType>(group: &dyn RowGroupReader, column: usize) -> Vec<Vec<D::T>> {
    let reader = group.get_column_reader(column).unwrap();
    let mut reader = parquet::column::reader::get_typed_column_reader::<D>(reader);
    let (mut values, mut definition, mut repetition) = (Vec::new(), Vec::new(), Vec::new());
    let levels = (Some(&mut definition), Some(&mut repetition));
    reader
        .read_records(usize::MAX, levels.0, levels.1, &mut values)
        .unwrap();
    assert!(definition.iter().all(|level| *level == 1));
    let mut lists: Vec<Vec<D::T>> = Vec::new();
    for (value, level) in values.into_iter().zip(repetition) {
        match (level, lists.last_mut()) {
            (1, Some(list)) => list.push(value),
            _ => lists.push(vec![value]),
        }
    }
    lists
}

#[test]
fn parquet_parts_hold_the_same_as_columns() {
    let config = WorldConfig {
        family: Family::Biography,
        relations_per_document: kolmo_world::config::RelationCount::Exactly(2),
        ..WorldConfig::default()
    };
    let world = World::new(&config, 2).unwrap();
    let folder = whole(&world, &request(Format::Parquet, 25, 3));
    let mut next = 0;
    for part in 0..3 {
        let path = folder.path().join(Split::Train.part(Format::Parquet, part));
        let reader = SerializedFileReader::new(File::open(path).unwrap()).unwrap();
        let group = reader.get_row_group(0).unwrap();
        let tokens = lists::<Int32Type>(&*group, 2);
        let roles = lists::<ByteArrayType>(&*group, 3);
        let subjects = lists::<Int64Type>(&*group, 4);
        let relations = lists::<ByteArrayType>(&*group, 5);
        let values = lists::<ByteArrayType>(&*group, 6);
        for (row, n) in reader.get_row_iter(None).unwrap().zip(0..) {
            let row = row.unwrap();
            let document = world.document(next);
            let json = serde_json::to_value(crate::Record {
                world: &world,
                index: next,
                document: &document,
            });
            let json = json.unwrap();
            assert_eq!(row.get_ulong(0).unwrap(), next);
            assert_eq!(row.get_string(1).unwrap(), json["text"].as_str().unwrap());
            assert_eq!(serde_json::json!(tokens[n]), json["tokens"]);
            let words = |list: &[parquet::data_type::ByteArray]| -> Vec<String> {
                list.iter()
                    .map(|w| w.as_utf8().unwrap().to_owned())
                    .collect()
            };
            assert_eq!(serde_json::json!(words(&roles[n])), json["roles"]);
            let facts: Vec<_> = subjects[n]
                .iter()
                .zip(words(&relations[n]))
                .zip(words(&values[n]))
                .map(|((subject, relation), value)| {
                    serde_json::json!({"subject": subject, "relation": relation, "value": value})
                })
                .collect();
            assert_eq!(serde_json::json!(facts), json["facts"]);
            next += 1;
        }
    }
    assert_eq!(next, 25);
    let path = folder.path().join("val-00000.parquet");
    let reader = SerializedFileReader::new(File::open(path).unwrap()).unwrap();
    let first = reader.get_row_iter(None).unwrap().next().unwrap().unwrap();
    assert_eq!(first.get_ulong(0).unwrap(), 0);
    let text = world.document(VALIDATION_FIRST);
    let record = crate::Record {
        world: &world,
        index: 0,
        document: &text,
    };
    assert_eq!(first.get_string(1).unwrap(), &record.text().to_string());
}
