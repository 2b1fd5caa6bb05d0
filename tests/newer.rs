//! A run of a kolmo whose format this one does not know: nothing reads it, and nothing is changed.

#![cfg(unix)]

use std::fs;

use serde_json::Value;

use crate::{
    earlier::{RUN, place},
    util::{Place, files, json, words},
};

/// Gives the manifest of `run` a format of a kolmo to come.
fn make_newer(place: &Place, run: &str) {
    let path = place.path().join(run).join("manifest.json");
    let mut manifest = json(&path);
    manifest["format"] = Value::from(73);
    fs::write(&path, manifest.to_string()).unwrap();
}

#[test]
fn every_command_refuses_a_run_of_a_newer_format_and_changes_nothing() {
    let place = place();
    place.file(
        "tune.toml",
        "[train]\ndocuments = 640\nbatch_documents = 32\n[finetune.lesson]\ntask = \"injection\"\nsubjects = \"old\"\n",
    );
    let plan = words("sweep commands two.toml --dir two");
    place.kolmo(&plan).exits(0);
    make_newer(&place, RUN);
    make_newer(&place, "killed");
    let before = files(place.path());
    for command in [
        "train killed/config.toml --run-dir killed --device flex",
        "train killed/config.toml --run-dir killed --device flex --resume never",
        &format!("train {RUN}/config.toml --run-dir {RUN} --device flex"),
        &format!("train {RUN}/config.toml --run-dir branch --device flex --trunk {RUN}"),
        &format!("eval {RUN} --device flex"),
        &format!("eval {RUN} --device flex --out elsewhere"),
        &format!("report {RUN}"),
        &format!("report {RUN} -o elsewhere.html"),
        "report two -o elsewhere.html",
        &format!("finetune tune.toml --from {RUN} --run-dir tuned --device flex"),
        &format!("finetune tune.toml --from {RUN} --step 40 --run-dir tuned --device flex"),
        &format!("compress {RUN} text --out now.kolmo --device flex"),
        &format!("decompress {RUN} text.kolmo --out again --device flex"),
        &format!("tensorboard {RUN}"),
        "sweep status two.toml --dir two --json",
        "sweep commands two.toml --dir two --pending",
        "sweep run two.toml --dir two --devices flex --jobs 1",
        "sweep summary two.toml --dir two",
    ] {
        let ran = place.kolmo(&words(command));
        let said = format!("{}{}", ran.stdout(), ran.stderr());
        assert_eq!(ran.code(), Some(1), "{command:?}: {said}");
        for part in [
            "manifest.json",
            "the format 73",
            "up to 1",
            "use a newer kolmo",
        ] {
            assert!(said.contains(part), "{command:?}: no {part:?} in: {said}");
        }
        let after = files(place.path());
        let changed: Vec<_> = after
            .keys()
            .filter(|name| before.get(*name) != after.get(*name))
            .collect();
        assert!(changed.is_empty(), "{command:?} wrote {changed:?}");
        assert_eq!(after.len(), before.len(), "{command:?} removed something");
    }
}

#[test]
fn a_run_that_goes_on_has_the_format_of_the_build_that_it_goes_on_with() {
    let place = place();
    let format = |run: &str| json(&place.path().join(run).join("manifest.json"))["format"].clone();
    assert_eq!(format("killed"), Value::Null);
    let resume = "train killed/config.toml --run-dir killed --device flex -q";
    place.kolmo(&words(resume)).exits(0);
    assert_eq!(format("killed"), 1);
    // A finished run is only read.
    let again = format!("train killed/config.toml --run-dir {RUN} --device flex -q");
    place.kolmo(&words(&again)).exits(0);
    assert_eq!(format(RUN), Value::Null);
}
