//! Exports of every format, whole, cut at every commit, torn, extended and refused.

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

#[test]
fn an_export_cut_at_any_commit_and_torn_after_it_ends_as_if_undisturbed() {
    let world = world();
    for format in FORMATS {
        let request = request(format, 35, 12);
        let expected = content(&whole(&world, &request));
        // 4 commits of the training split, 2 of the other; after the last, only `complete` is missing.
        for commits in 0..=6 {
            let folder = tempfile::tempdir().unwrap();
            let mut export = open(&world, &folder, &request).unwrap();
            for _ in 0..commits {
                assert!(export.step(&mut |_| ()).unwrap());
            }
            drop(export);
            tear(folder.path(), format);
            let mut told = Vec::new();
            let export = open(&world, &folder, &request).unwrap();
            assert_eq!(export.record().done(), [0, 10, 20, 30, 35, 45, 47][commits]);
            export.run(|done| told.push(done)).unwrap();
            assert!(
                content(&folder) == expected,
                "{format:?} cut after {commits} commits"
            );
            assert!(told.is_sorted() && told.iter().all(|done| *done <= 47));
            assert_eq!(told.last(), (commits < 6).then_some(&47));
        }
    }
}

#[test]
fn a_complete_export_asked_again_stays_as_it_is() {
    let world = world();
    for format in FORMATS {
        let request = request(format, 35, 12);
        let folder = whole(&world, &request);
        let times = || -> Vec<_> {
            let entries = fs::read_dir(folder.path()).unwrap();
            entries
                .map(|entry| entry.unwrap().metadata().unwrap().modified().unwrap())
                .collect()
        };
        let (before, then) = (content(&folder), times());
        let export = open(&world, &folder, &request).unwrap();
        assert!(export.record().complete);
        export.run(|_| panic!("nothing is left to write")).unwrap();
        assert!(content(&folder) == before && times() == then);
        // What somebody added since is no remains of ours: it is named and left.
        tear(folder.path(), format);
        if format == Format::Parquet {
            fs::write(folder.path().join("train-00077.parquet"), "mine").unwrap();
        }
        let theirs = |folder: &TempDir| {
            let mut files = content(folder);
            files.retain(|name, _| !name.ends_with(".kolmo-tmp"));
            files
        };
        let torn = theirs(&folder);
        let error = open(&world, &folder, &request).unwrap_err();
        let named = matches!(error, ExportError::Damaged { .. }) || is_in_the_way(&error);
        assert!(named, "{error}");
        assert!(theirs(&folder) == torn);
    }
}

#[test]
fn two_at_once_are_one_too_many() {
    let world = world();
    let request = request(Format::Jsonl, 35, 12);
    let folder = tempfile::tempdir().unwrap();
    let first = open(&world, &folder, &request).unwrap();
    let error = open(&world, &folder, &request).unwrap_err();
    assert!(
        matches!(error, ExportError::Run(kolmo_run::Error::Busy { .. })),
        "{error}"
    );
    drop(first);
    open(&world, &folder, &request).unwrap();
}

#[test]
fn a_file_that_is_shorter_than_recorded_or_gone_is_named() {
    let world = world();
    for format in FORMATS {
        let request = request(format, 35, 12);
        let folder = whole(&world, &request);
        let name = match format {
            Format::Parquet => "train-00001.parquet".to_owned(),
            _ => Split::Train.file(format),
        };
        let path = folder.path().join(&name);
        let bytes = fs::read(&path).unwrap();
        fs::write(&path, &bytes[1..]).unwrap();
        let error = open(&world, &folder, &request).unwrap_err();
        assert!(matches!(error, ExportError::Damaged { .. }), "{error}");
        assert!(error.to_string().contains(&name), "{error}");
        fs::remove_file(&path).unwrap();
        let error = open(&world, &folder, &request).unwrap_err();
        assert!(
            matches!(error, ExportError::Damaged { found: 0, .. }),
            "{error}"
        );
    }
}

#[test]
fn what_is_in_the_directory_is_not_overwritten() {
    let world = world();
    let wanted = request(Format::Bin, 20, 2);
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("train.bin"), "mine").unwrap();
    let error = open(&world, &folder, &wanted).unwrap_err();
    assert!(is_in_the_way(&error), "{error}");
    assert_eq!(names(&folder), "train.bin");
    // Nor is one of an export that is under way, if it cannot be of this.
    let parts = request(Format::Parquet, 35, 2);
    let folder = tempfile::tempdir().unwrap();
    open(&world, &folder, &parts)
        .unwrap()
        .step(&mut |_| ())
        .unwrap();
    let mine = folder.path().join("train-00003.parquet");
    fs::write(&mine, "mine").unwrap();
    let error = open(&world, &folder, &parts).unwrap_err();
    assert!(is_in_the_way(&error), "{error}");
    assert_eq!(fs::read_to_string(mine).unwrap(), "mine");
    // Nor a lock that is something else's.
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join(".lock"), "mine").unwrap();
    let error = open(&world, &folder, &parts).unwrap_err();
    assert!(is_in_the_way(&error), "{error}");
    assert_eq!(names(&folder), ".lock");

    let folder = whole(&world, &wanted);
    let before = content(&folder);
    for (other, what) in [
        (
            request(Format::Jsonl, 20, 2),
            "another format (bin, not jsonl)",
        ),
        (
            Request {
                identity: "default, seed 2".to_owned(),
                ..wanted.clone()
            },
            "another world (default, seed 1, not default, seed 2)",
        ),
        (
            request(Format::Bin, 19, 2),
            "20 train documents, more than the 19",
        ),
        (
            request(Format::Bin, 20, 1),
            "2 val documents, more than the 1",
        ),
    ] {
        let error = open(&world, &folder, &other).unwrap_err().to_string();
        assert!(error.contains(what), "{error}");
        assert!(content(&folder) == before);
    }

    let path = folder.path().join("export.json");
    let json = String::from_utf8(before["export.json"].clone()).unwrap();
    let version = format!("\"{}\"", env!("CARGO_PKG_VERSION"));
    fs::write(&path, json.replace(&version, "\"0.0.1\"")).unwrap();
    let error = open(&world, &folder, &wanted).unwrap_err().to_string();
    assert!(error.contains("another version of kolmo (0.0.1"), "{error}");
    fs::write(&path, &json[..json.len() / 2]).unwrap();
    let error = open(&world, &folder, &wanted).unwrap_err();
    assert!(matches!(error, ExportError::Manifest { .. }), "{error}");

    let most = request(Format::Bin, MAX_DOCUMENTS + 1, 0);
    let error = Export::open(&world, folder.path().join("new"), &most).unwrap_err();
    assert!(matches!(error, ExportError::TooMany { .. }), "{error}");
    assert!(!folder.path().join("new").exists());
}

#[cfg(unix)]
#[test]
fn nothing_is_written_through_a_link() {
    let world = world();
    let request = request(Format::Jsonl, 20, 2);
    let folder = tempfile::tempdir().unwrap();
    drop(open(&world, &folder, &request).unwrap());
    let path = folder.path().join("train.jsonl");
    fs::remove_file(&path).unwrap();
    let theirs = folder.path().join("theirs");
    fs::write(&theirs, "theirs").unwrap();
    std::os::unix::fs::symlink(&theirs, &path).unwrap();
    let error = open(&world, &folder, &request).err().unwrap();
    assert!(error.to_string().contains("train.jsonl"), "{error}");
    assert_eq!(fs::read_to_string(&theirs).unwrap(), "theirs");
    // When it has gone, the export goes on.
    fs::remove_file(&path).unwrap();
    open(&world, &folder, &request)
        .unwrap()
        .run(|_| ())
        .unwrap();
    fs::remove_file(&theirs).unwrap();
    assert!(content(&folder) == content(&whole(&world, &request)));
}

#[test]
fn a_directory_that_cannot_be_made_is_an_error() {
    let world = world();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, "").unwrap();
    let error = Export::open(&world, file.join("out"), &request(Format::Bin, 1, 1)).unwrap_err();
    assert!(error.to_string().contains("could not create"), "{error}");
}

#[test]
fn documents_beyond_the_reach_of_training_are_documents_like_others() {
    let world = world();
    let mut document = Document::default();
    world.write_document(VALIDATION_FIRST, &mut document);
    assert_ne!(document, world.document(0));
    assert_eq!(document, world.document(VALIDATION_FIRST));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    /// However an export grows, in whatever steps and with whatever accidents, it ends as if all
    /// had been asked for at once.
    #[test]
    fn an_extended_export_is_the_one_asked_for_at_once(
        format in prop::sample::select(FORMATS.to_vec()),
        mut documents in prop::collection::vec(1_u64..45, 1..4),
        mut validation in prop::collection::vec(0_u64..25, 1..4),
        steps in prop::collection::vec(0_usize..4, 1..4),
    ) {
        documents.sort_unstable();
        validation.sort_unstable();
        let world = world();
        let folder = tempfile::tempdir().unwrap();
        let mut last = request(format, 0, 0);
        open(&world, &folder, &last).unwrap().run(|_| ()).unwrap();
        for ((documents, validation), steps) in documents.iter().zip(&validation).zip(&steps) {
            last = request(format, *documents, *validation);
            let mut export = open(&world, &folder, &last).unwrap();
            for _ in 0..*steps {
                export.step(&mut |_| ()).unwrap();
            }
            drop(export);
            let read = ExportRecord::read(&folder.path().join("export.json")).unwrap().unwrap();
            prop_assert!(!read.complete, "only `run` completes an export, and none was run");
            tear(folder.path(), format);
        }
        open(&world, &folder, &last).unwrap().run(|_| ()).unwrap();
        prop_assert!(content(&folder) == content(&whole(&world, &last)));
    }
}
