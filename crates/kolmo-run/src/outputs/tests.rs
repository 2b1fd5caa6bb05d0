use super::*;
use crate::{Manifest, Provenance};

fn content(folder: &Path, name: &str) -> Option<String> {
    fs::read_to_string(folder.join(name)).ok()
}

fn theory(folder: &tempfile::TempDir) -> Outputs {
    Outputs::new(folder.path().join("out"), "kolmo theory")
}

#[test]
fn files_are_written_replaced_and_removed_once_they_are_stale() {
    let folder = tempfile::tempdir().unwrap();
    let outputs = theory(&folder);
    let written = outputs
        .write(&[("a.json", "1"), ("figures/a.svg", "1")])
        .unwrap();
    let out = outputs.folder();
    assert_eq!(written, [out.join("a.json"), out.join("figures/a.svg")]);
    fs::write(out.join("figures/mine.svg"), "mine").unwrap();
    outputs
        .write(&[("a.json", "2"), ("figures/b.svg", "2")])
        .unwrap();
    assert_eq!(content(out, "a.json").unwrap(), "2");
    assert_eq!(content(out, "figures/b.svg").unwrap(), "2");
    assert_eq!(content(out, "figures/a.svg"), None);
    assert_eq!(content(out, "figures/mine.svg").unwrap(), "mine");
    // It is forgotten: one that comes now is somebody else's.
    fs::write(out.join("figures/a.svg"), "mine").unwrap();
    let error = outputs.check(&["figures/a.svg"]).unwrap_err();
    assert!(error.is_in_the_way(), "{error}");
}

#[test]
fn what_kolmo_did_not_write_is_named_before_anything_is_changed() {
    let folder = tempfile::tempdir().unwrap();
    let outputs = theory(&folder);
    let out = outputs.folder();
    fs::create_dir_all(out.join("figures")).unwrap();
    fs::write(out.join("figures/b.svg"), "mine").unwrap();
    let error = outputs
        .write(&[("a.json", "1"), ("figures/b.svg", "1")])
        .unwrap_err();
    assert!(error.is_in_the_way(), "{error}");
    assert!(error.to_string().contains("figures/b.svg"), "{error}");
    assert_eq!(fs::read_dir(out).unwrap().count(), 1);
    assert_eq!(content(out, "figures/b.svg").unwrap(), "mine");
    // Nor is a file taken for a folder.
    fs::write(out.join("file"), "mine").unwrap();
    let error = outputs.write(&[("file/a.svg", "1")]).unwrap_err();
    assert!(error.is_in_the_way(), "{error}");
    // A place that kolmo has chosen is another matter.
    outputs
        .clone()
        .known(true)
        .write(&[("figures/b.svg", "1")])
        .unwrap();
    assert_eq!(content(out, "figures/b.svg").unwrap(), "1");
}

#[test]
fn a_process_killed_at_any_moment_leaves_nothing_that_is_in_the_way() {
    let folder = tempfile::tempdir().unwrap();
    let outputs = theory(&folder);
    outputs.write(&[("a", "1"), ("b", "1")]).unwrap();
    // Killed when some of the files were there, and before the others and the stale one were seen to.
    let claim = outputs.claim(&["a", "c", "d"]).unwrap();
    claim.write("c", b"2").unwrap();
    drop(claim);
    outputs.write(&[("c", "3"), ("d", "3")]).unwrap();
    let out = outputs.folder();
    assert_eq!(content(out, "c").unwrap(), "3");
    assert_eq!((content(out, "a"), content(out, "b")), (None, None));
}

#[test]
fn commands_in_one_folder_leave_each_others_files_alone() {
    let folder = tempfile::tempdir().unwrap();
    let theory = theory(&folder);
    let stats = Outputs::new(theory.folder(), "kolmo world stats");
    theory
        .write(&[("theory.json", "1"), ("both", "1")])
        .unwrap();
    stats.write(&[("stats.json", "1"), ("both", "2")]).unwrap();
    theory.write(&[("theory.json", "2")]).unwrap();
    let out = theory.folder();
    assert_eq!(content(out, "both").unwrap(), "2");
    assert_eq!(content(out, "stats.json").unwrap(), "1");
    stats.write(&[("stats.json", "3")]).unwrap();
    assert_eq!(content(out, "both"), None);
    assert_eq!(content(out, "theory.json").unwrap(), "2");
}

#[test]
fn the_files_of_a_run_belong_to_it_even_before_they_are_there() {
    let folder = tempfile::tempdir().unwrap();
    let outputs = theory(&folder);
    let run = RunDirectory::open_or_create(outputs.folder()).unwrap();
    let manifest = Manifest::new(1, 2, "af13".into(), Provenance::default());
    manifest.write(&run).unwrap();
    for name in ["facts.parquet", "manifest.json", "figures/classes.svg"] {
        for is_known in [false, true] {
            let outputs = outputs.clone().known(is_known);
            let error = outputs.check(&[name]).unwrap_err();
            assert!(error.is_in_the_way(), "{error}");
        }
    }
    outputs.write(&[("theory.json", "1")]).unwrap();
    assert_eq!(Manifest::read(&run).unwrap(), manifest);
}

#[test]
fn a_list_that_is_none_or_leads_out_of_the_folder_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let outputs = theory(&folder);
    let out = outputs.folder();
    fs::create_dir(out).unwrap();
    fs::write(folder.path().join("mine"), "mine").unwrap();
    for list in [
        "",
        "mine",
        "{}",
        r#"{"about": "", "written": {"kolmo theory": ["../mine"]}}"#,
        r#"{"about": "", "written": {"kolmo theory": ["/mine"]}}"#,
        r#"{"about": "", "written": {"kolmo theory": [""]}}"#,
    ] {
        fs::write(out.join(RECORD), list).unwrap();
        let error = outputs.write(&[("a", "1")]).unwrap_err();
        assert!(error.to_string().contains(RECORD), "{error}");
        assert!(error.is_in_the_way(), "{error}");
        assert_eq!(content(out, RECORD).unwrap(), list);
    }
    fs::remove_file(out.join(RECORD)).unwrap();
    assert!(outputs.check(&[RECORD]).unwrap_err().is_in_the_way());
    assert!(folder.path().join("mine").exists());
}
