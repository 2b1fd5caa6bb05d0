use super::*;
use crate::{Manifest, Provenance, TensorBoard};

fn touch(path: &Path) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, "x").unwrap();
}

/// A folder of nobody, and the temporary one that it is in.
fn free() -> (tempfile::TempDir, RunDirectory) {
    let folder = tempfile::tempdir().unwrap();
    let run = RunDirectory::open_or_create(folder.path().join("runs/a")).unwrap();
    (folder, run)
}

/// The folder of a run.
fn of_a_run() -> (tempfile::TempDir, RunDirectory) {
    let (folder, run) = free();
    let manifest = Manifest::new(1, 2, "af13".into(), Provenance::default());
    manifest.write(&run).unwrap();
    (folder, run)
}

/// What is in the way of a run in a folder that is no run's.
fn in_the_way(run: &RunDirectory) -> Option<PathBuf> {
    match run.owner() {
        Ok(mark) => {
            assert_eq!(mark, None);
            None
        }
        Err(Error::InTheWay { path, .. }) => Some(path),
        Err(error) => panic!("{error}"),
    }
}

#[test]
fn a_folder_is_a_runs_from_its_manifest_on() {
    let (_folder, run) = free();
    assert_eq!(in_the_way(&RunDirectory::at("no/such/folder")), None);
    touch(&run.root().join("notes.md"));
    touch(&run.root().join(".manifest.json.x1.kolmo-tmp"));
    assert_eq!(in_the_way(&run), None);
    let (_folder, run) = of_a_run();
    let mark = run.owner().unwrap().unwrap();
    assert_eq!(mark.config_blake3.as_deref(), Some("af13"));
    // Whatever else there is.
    touch(&run.config());
    touch(&run.figures().join("mine.svg"));
    assert_eq!(run.owner().unwrap(), Some(mark));
}

#[test]
fn the_manifest_of_an_earlier_build_is_known_and_that_of_something_else_is_not() {
    let (_folder, run) = free();
    let first = r#"{"kolmo_version": "0.1.0", "git_revision": null, "device": "flex", "adapter": null,
        "backend_features": [], "threads": 2, "seed": 1, "command_line": ["kolmo", "train"],
        "parameters": 5504, "started": "2026-01-01T00:00:00Z", "ended": null, "state": "done"}"#;
    fs::write(run.manifest(), first).unwrap();
    assert!(Manifest::read(&run).is_err(), "it has other fields by now");
    let mark = run.owner().unwrap().unwrap();
    assert_eq!(mark.config_blake3, None);

    for other in [
        "",
        "[]",
        "null",
        r#"{"name": "app", "version": "1.0", "icons": []}"#,
        r#"{"format": 1, "step": 10, "run": "af13", "files": {}}"#,
        &first[..first.len() / 2],
        &first.replace("\"seed\": 1,", ""),
        &first.replace("\"0.1.0\"", "1"),
    ] {
        fs::write(run.manifest(), other).unwrap();
        assert_eq!(run.mark().unwrap(), None, "{other}");
        assert_eq!(in_the_way(&run), Some(run.manifest()), "{other}");
    }
    fs::remove_file(run.manifest()).unwrap();
    fs::create_dir(run.manifest()).unwrap();
    assert_eq!(in_the_way(&run), Some(run.manifest()));
}

#[test]
fn no_run_begins_where_a_name_that_it_takes_is_taken() {
    for name in [
        "config.toml",
        "metrics.jsonl",
        "evaluations.jsonl",
        "facts.parquet",
        "answers.parquet",
        "compression.json",
        "DONE",
        ".lock",
        "checkpoints/step-00000010/model.bin",
        "checkpoints/step-10-mine/model.bin",
        "checkpoints",
        "eval/step-00000010/facts.parquet",
        "figures/a.svg",
        "tensorboard/events.out.tfevents.1700000000.host.17.0",
    ] {
        let (_folder, run) = free();
        let path = run.root().join(name);
        touch(&path);
        let found = in_the_way(&run).unwrap_or_else(|| panic!("{name} is not seen"));
        assert!(path.starts_with(&found), "{name}: {}", found.display());
        let error = run.clear().unwrap_err();
        assert!(error.is_in_the_way(), "{error}");
        assert!(path.exists(), "{name} is gone");
    }
    for name in [
        "checkpoints/best/model.bin",
        "checkpoints/step-by-step.md",
        "eval/notes.md",
        "figures/a.png",
        "figures",
        "tensorboard/notes.md",
        "tensorboard",
        "facts.parquet.bak",
    ] {
        let (_folder, run) = free();
        touch(&run.root().join(name));
        assert_eq!(in_the_way(&run), None, "{name}");
        run.clear().unwrap();
        assert!(run.root().join(name).exists(), "{name} is gone");
    }
}

#[cfg(unix)]
#[test]
fn a_link_to_nowhere_is_in_the_way_as_well() {
    let (_folder, run) = free();
    for path in [run.done(), run.checkpoints()] {
        std::os::unix::fs::symlink("nowhere", &path).unwrap();
        assert_eq!(in_the_way(&run), Some(path.clone()));
        fs::remove_file(path).unwrap();
    }
}

#[test]
fn clear_removes_what_a_run_wrote_and_nothing_else() {
    let (_folder, run) = of_a_run();
    let root = run.root();
    let ours = [
        run.config(),
        run.metrics(),
        run.evaluations(),
        run.facts(),
        run.done(),
        root.join(".facts.parquet.17-0.kolmo-tmp"),
        run.checkpoint(10).join("model.bin"),
        run.evaluation(10).join("facts.parquet"),
        run.evaluation(10).join(".kolmo.json"),
        run.evaluation(20).join("answers.parquet"),
        run.checkpoints().join(".step-00000020.kolmo-tmp/model.bin"),
        run.figures().join("value_loss.svg"),
        run.figures().join("interviews.svg"),
    ];
    let theirs = [
        root.join("notes.md"),
        root.join("mine.kolmo-tmp"),
        root.join("step-00000010"),
        run.tensorboard().join("notes.md"),
        run.tensorboard().join("events.out.tfevents.17.host"),
        run.checkpoints().join("best/model.bin"),
        run.checkpoints().join("step-by-step.md"),
        run.checkpoints().join("step-00000010-best/model.bin"),
        run.evaluation(20).join("mine.csv"),
        run.figures().join("a.svg"),
    ];
    ours.iter().chain(&theirs).for_each(|path| touch(path));
    TensorBoard::open(run.tensorboard()).finish().unwrap();
    assert_eq!(fs::read_dir(run.tensorboard()).unwrap().count(), 3);

    run.clear().unwrap();
    for path in &ours {
        assert!(!path.exists(), "{} is left", path.display());
    }
    for path in &theirs {
        assert!(path.exists(), "{} is gone", path.display());
    }
    assert_eq!(fs::read_dir(run.tensorboard()).unwrap().count(), 2);
    assert!(!run.checkpoint(10).exists());
    assert!(!run.evaluation(10).exists(), "the emptied folder is left");
    assert!(run.owner().unwrap().is_some(), "it is nobody's");
    run.clear().unwrap();
}

#[test]
fn files_where_views_should_be_stop_nothing() {
    let (_folder, run) = of_a_run();
    touch(&run.tensorboard());
    touch(&run.figures());
    run.remove_remains().unwrap();
    run.clear().unwrap();
    assert!(run.tensorboard().is_file() && run.figures().is_file());
}

#[test]
fn a_folder_in_place_of_a_file_of_the_run_is_named_and_left() {
    let (_folder, run) = of_a_run();
    touch(&run.metrics().join("mine"));
    let error = run.clear().unwrap_err();
    assert!(error.to_string().contains("metrics.jsonl"), "{error}");
    assert!(run.metrics().join("mine").exists());
}

#[cfg(unix)]
#[test]
fn clear_follows_no_link_out_of_the_run() {
    let (folder, run) = of_a_run();
    let outside = folder.path().join("elsewhere/model.bin");
    let asked = folder.path().join("elsewhere/facts.parquet");
    touch(&outside);
    touch(&asked);
    for link in [run.checkpoint(10), run.evaluation(10)] {
        fs::create_dir_all(link.parent().unwrap()).unwrap();
        std::os::unix::fs::symlink(outside.parent().unwrap(), &link).unwrap();
    }
    run.clear().unwrap();
    assert!(outside.exists() && asked.exists());
    assert!(fs::symlink_metadata(run.checkpoint(10)).is_err());
}
