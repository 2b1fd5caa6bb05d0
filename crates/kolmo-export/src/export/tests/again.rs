//! Exports that were interrupted, are asked for again, or find something in their way.

use super::*;

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
