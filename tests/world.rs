//! `kolmo world`, as a user runs it.

use std::{collections::BTreeMap, fs, path::Path};

use crate::util::{Place, Ran, files, jsonl, tiny_with};

/// A world of some dozens of words.
fn small() -> String {
    tiny_with("train = { documents = 650, batch_documents = 32 }")
}

/// `kolmo world export small.toml --format FORMAT`, with `extra` behind it.
fn export(place: &Place, format: &str, extra: &[&str]) -> Ran {
    place.file("small.toml", &small());
    let arguments = ["world", "export", "small.toml", "--format", format];
    place.kolmo(&[&arguments, extra].concat())
}

/// Every file of a folder with its content, by name.
fn content(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let name = |path: &Path| path.file_name().unwrap().to_str().unwrap().to_owned();
    let files = files(folder).into_iter();
    files.map(|(path, bytes)| (name(&path), bytes)).collect()
}

fn append(path: &Path, bytes: &[u8]) {
    let there = fs::read(path).unwrap();
    fs::write(path, [&there, bytes].concat()).unwrap();
}

#[test]
fn documents_can_be_read() {
    let place = Place::new();
    place.file("small.toml", &small());
    let sample = |extra: &[&str]| {
        let ran = place.kolmo(&[&["world", "sample", "small.toml"], extra].concat());
        let ran = ran.exits(0);
        assert_eq!(ran.stderr(), "", "no legend where there is no terminal");
        ran.stdout()
    };
    let text = sample(&[]);
    assert_eq!(text.lines().count(), 10);
    assert!(text.lines().all(|line| line.ends_with(" .")), "{text}");
    assert!(
        !text.contains('\x1b'),
        "no colours where there is no terminal"
    );
    let from_third = sample(&["--first", "3", "-n", "2"]);
    let expected: Vec<&str> = text.lines().skip(3).take(2).collect();
    assert_eq!(from_third.lines().collect::<Vec<_>>(), expected);
    assert_ne!(sample(&["--set", "seed=2"]), text);
    // The last index there is: no more documents than indices.
    let last = sample(&["--first", &u64::MAX.to_string(), "-n", "5"]);
    assert_eq!(last.lines().count(), 1);
    let last = sample(&["--first", &u64::MAX.to_string(), "--json"]);
    assert!(
        last.starts_with(r#"{"document":"18446744073709551615","#),
        "{last}"
    );

    let json = sample(&["--json"]);
    for ((n, line), text) in (0..).zip(json.lines()).zip(text.lines()) {
        let document: serde_json::Value = serde_json::from_str(line).unwrap();
        assert_eq!(document["document"], n);
        assert_eq!(document["text"], text);
        let value = document["facts"][0]["value"].as_str().unwrap();
        assert!(text.contains(value), "{line}");
    }
}

#[test]
fn an_export_of_each_format_holds_what_is_trained_on() {
    let place = Place::new();
    place.file("small.toml", &small());
    let count = ["world", "sample", "small.toml", "--json", "-n", "640"];
    let trained_on = place.kolmo(&count).exits(0).stdout();
    for (format, files) in [
        ("jsonl", "export.json train.jsonl val.jsonl vocabulary.json"),
        ("bin", "export.json meta.pkl train.bin val.bin"),
        (
            "parquet",
            "export.json train-00000.parquet val-00000.parquet vocabulary.json",
        ),
    ] {
        let ran = export(&place, format, &["--json"])
            .exits(0)
            .says("640 training and 6 validation documents");
        let runs = fs::read_dir(place.path().join("runs")).unwrap();
        let folders = runs.map(|entry| entry.unwrap().path());
        let name = |path: &Path| path.file_name().unwrap().to_str().unwrap().to_owned();
        let mut folders = folders.filter(|path| name(path).ends_with(&format!("-{format}")));
        let folder = folders.next().unwrap();
        assert!(name(&folder).starts_with("small-"), "{}", folder.display());
        let content = content(&folder);
        let names: Vec<&str> = content.keys().map(String::as_str).collect();
        assert_eq!(names.join(" "), files);

        let printed: serde_json::Value = serde_json::from_str(&ran.stdout()).unwrap();
        let record: serde_json::Value = serde_json::from_slice(&content["export.json"]).unwrap();
        assert_eq!(printed, record);
        assert_eq!(record["complete"], true);
        assert_eq!(record["train"]["done"], 640);
        assert_eq!(record["val"]["first_index"], "9223372036854775808");
        if format == "jsonl" {
            let train = String::from_utf8(content["train.jsonl"].clone()).unwrap();
            assert_eq!(train, trained_on);
            // From 0 on, and not from 2^63: a reader whose numbers are doubles would take them all for one.
            let numbers = jsonl(&folder.join("val.jsonl"));
            let numbers = numbers
                .iter()
                .map(|line| line["document"].as_u64().unwrap());
            assert_eq!(numbers.collect::<Vec<_>>(), [0, 1, 2, 3, 4, 5]);
            let first = record["val"]["first_index"].as_str().unwrap();
            let first = ["world", "sample", "small.toml", "-n", "6", "--first", first];
            let texts = place.kolmo(&first).exits(0).stdout();
            let exported = jsonl(&folder.join("val.jsonl"));
            let exported = exported.iter().map(|line| line["text"].as_str().unwrap());
            assert_eq!(
                exported.collect::<Vec<_>>(),
                texts.lines().collect::<Vec<_>>()
            );
        }
        export(&place, format, &[])
            .exits(0)
            .says("complete already");
    }
}

#[test]
fn an_interrupted_export_ends_as_if_nothing_had_happened() {
    let place = Place::new();
    for format in ["jsonl", "bin", "parquet"] {
        // More documents than are written between two commits, of which the first is kept.
        let arguments = ["--documents", "140000", "--out", format];
        export(&place, format, &arguments).exits(0);
        let folder = place.path().join(format);
        let whole = content(&folder);
        let path = folder.join("export.json");
        let mut record: serde_json::Value = serde_json::from_slice(&whole["export.json"]).unwrap();
        record["complete"] = false.into();
        if format == "parquet" {
            record["train"]["files"].as_array_mut().unwrap().pop();
            record["train"]["done"] = 131_072.into();
            fs::write(folder.join("train-00001.parquet"), "PAR1 torn").unwrap();
        } else {
            record["val"]["done"] = 0.into();
            record["val"]["tokens"] = 0.into();
            let file = &mut record["val"]["files"][0];
            for key in ["documents", "tokens", "bytes"] {
                file[key] = 0.into();
            }
            append(&folder.join(format!("train.{format}")), b"torn");
        }
        fs::write(&path, record.to_string()).unwrap();
        export(&place, format, &arguments)
            .exits(0)
            .says("continued after");
        assert!(content(&folder) == whole, "{format}");
    }
}

#[test]
fn an_export_that_asks_for_more_is_extended() {
    let place = Place::new();
    for format in ["jsonl", "bin", "parquet"] {
        let few = ["--documents", "100", "--validation", "5", "--out", "grown"];
        let more = ["--documents", "300", "--validation", "9", "--out"];
        export(&place, format, &few).exits(0);
        export(&place, format, &[&more[..], &["grown"]].concat())
            .exits(0)
            .says("300 training and 9 validation documents");
        export(&place, format, &[&more[..], &["once"]].concat()).exits(0);
        let [grown, once] = ["grown", "once"].map(|name| place.path().join(name));
        assert!(content(&grown) == content(&once), "{format}");
        export(&place, format, &few)
            .exits(2)
            .says("holds 300 train documents, more than the 100 asked for");
        // Who says nothing of validation keeps what there is.
        let silent = ["--documents", "301", "--out", "grown"];
        export(&place, format, &silent)
            .exits(0)
            .says("301 training and 9 validation documents");
        fs::remove_dir_all(grown).unwrap();
        fs::remove_dir_all(once).unwrap();
    }
}

#[test]
fn mistakes_are_usage_errors_and_change_nothing() {
    let place = Place::new();
    let out = ["--out", "out"];
    export(&place, "bin", &out).exits(0);
    let before = content(&place.path().join("out"));
    for (format, extra, expected) in [
        (
            "bin",
            &["--set", "seed=2"][..],
            "an export of another world",
        ),
        ("jsonl", &[], "an export of another format (bin, not jsonl)"),
        ("csv", &[], "possible values: jsonl, parquet, bin"),
        ("bin", &["--documents", "0"], "at least 1 is wanted"),
        ("bin", &["--documents", "1e-3"], "a whole number is wanted"),
        ("bin", &["--documents", "2000000000000"], "are too many"),
        (
            "bin",
            &["--set", "world.frequency.elements=0"],
            "world.frequency",
        ),
    ] {
        export(&place, format, &[&out[..], extra].concat())
            .exits(2)
            .says(expected);
    }
    assert!(content(&place.path().join("out")) == before);
    // The same world under another model is the same world.
    let other_model = ["--set", "model.layers=3"];
    export(&place, "bin", &[&out[..], &other_model].concat())
        .exits(0)
        .says("complete already");

    fs::create_dir(place.path().join("mine")).unwrap();
    place.file("mine/train.bin", "mine");
    export(&place, "bin", &["--out", "mine"])
        .exits(2)
        .says("mine/train.bin is in the way");
    place.file("file", "");
    export(&place, "bin", &["--out", "file/out"])
        .exits(1)
        .says("could not create the folder file/out");
}
