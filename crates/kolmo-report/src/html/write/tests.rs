use std::fs;

use resvg::tiny_skia::Pixmap;

use super::*;
use crate::html::examples::report;
use crate::html::page;

fn place(page: &Path) -> Place {
    Place::at(page).unwrap()
}

#[test]
fn every_figure_is_there_in_all_its_forms() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().join("not there yet");
    let report = report("\"><script>/../");
    let written = write(&place(&folder.join("all.html")), &report).unwrap();
    assert_eq!(
        fs::read_to_string(&written[0]).unwrap(),
        page(&report).unwrap()
    );
    assert_eq!(
        fs::read_to_string(&written[1]).unwrap(),
        report.json().unwrap()
    );
    assert_eq!(written.len(), 2 + 5 * 3);
    let names = [
        "headline---script",
        "headline---script-2",
        "loss---script",
        "recall---script",
        "loss---script-2",
    ];
    let of_sections = report.sections.iter().flat_map(|section| &section.figures);
    let headlines = report.headlines.iter();
    let figures = headlines
        .filter_map(|one| one.figure.as_ref())
        .chain(of_sections);
    for ((name, figure), files) in names.iter().zip(figures).zip(written[2..].chunks(3)) {
        let path = |ending: &str| folder.join(format!("figures/{name}.{ending}"));
        assert_eq!(files, ["svg", "png", "csv"].map(path));
        let svg = fs::read_to_string(&files[0]).unwrap();
        assert_eq!(svg, figure.drawing.svg().unwrap());
        assert_eq!(fs::read_to_string(&files[2]).unwrap(), figure.drawing.csv());
        let picture = Pixmap::decode_png(&fs::read(&files[1]).unwrap()).unwrap();
        assert_eq!(picture.width(), 1280);
        assert!((860..1400).contains(&picture.height()));
        let is_dark = |x: u32, y: u32| picture.pixel(x, y).is_some_and(|pixel| pixel.red() < 80);
        let dark = (0..1280).flat_map(|x| (24..70).map(move |y| (x, y)));
        let dark = dark.filter(|(x, y)| is_dark(*x, *y)).count();
        assert!(dark > 200, "the title is written: {dark}");
    }

    let events = folder.join("tensorboard/report");
    let [events] = &fs::read_dir(events).unwrap().collect::<Vec<_>>()[..] else {
        panic!("one event file");
    };
    let events = fs::read(events.as_ref().unwrap().path()).unwrap();
    let contains = |part: &[u8]| events.windows(part.len()).any(|window| window == part);
    for (name, files) in names.iter().zip(written[2..].chunks(3)) {
        assert!(contains(format!("report/{name}").as_bytes()));
        assert!(contains(&fs::read(&files[1]).unwrap()));
    }
}

#[test]
fn a_report_written_again_replaces_the_first() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("report.html");
    let name = place(&path);
    let runs = folder
        .path()
        .join("tensorboard/events.out.tfevents.1.1.1.0.kolmo");
    let first = write(&name, &report("first")).unwrap();
    fs::write(&runs, "of a run").unwrap();
    let mine = folder.path().join("figures/mine.svg");
    fs::write(&mine, "mine").unwrap();
    name.check().unwrap();
    let second = write(&name, &report("second")).unwrap();
    assert!(fs::read_to_string(&path).unwrap().contains("second"));
    let events = fs::read_dir(folder.path().join("tensorboard/report")).unwrap();
    assert_eq!(events.count(), 1);
    assert!(runs.exists() && mine.exists());
    // Figures of the first that the second has not would be taken for its own.
    let stale = first.iter().filter(|path| !second.contains(path));
    assert!(stale.clone().count() > 0);
    for path in stale {
        assert!(!path.exists(), "{} is left", path.display());
    }
    assert!(second.iter().all(|path| path.is_file()));
}

#[test]
fn what_no_report_wrote_is_named_before_anything_is_changed() {
    let report = report("x");
    let whole = tempfile::tempdir().unwrap();
    let written = write(&place(&whole.path().join("report.html")), &report).unwrap();
    let names = written.iter().map(|path| path.strip_prefix(whole.path()));
    let names = names.map(|name| name.unwrap().to_str().unwrap());
    for name in names.chain(["tensorboard/report/mine", "tensorboard", "figures"]) {
        let folder = tempfile::tempdir().unwrap();
        let mine = folder.path().join(name);
        fs::create_dir_all(mine.parent().unwrap()).unwrap();
        fs::write(&mine, "mine").unwrap();
        let place = place(&folder.path().join("report.html"));
        let error = write(&place, &report).unwrap_err();
        let is_named = matches!(&error, Error::Outputs(error) if error.is_in_the_way());
        assert!(is_named, "{name}: {error}");
        assert_eq!(fs::read_to_string(&mine).unwrap(), "mine");
        let left = fs::read_dir(folder.path()).unwrap().count();
        assert_eq!(left, 1, "{name}");
        // Before there are figures, all but they are looked at.
        let is_seen = place.check().is_err();
        assert_eq!(is_seen, !name.starts_with("figures"), "{name}");
    }
}

#[test]
fn what_the_disk_refuses_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let error = Place::at(folder.path().join("report.json")).unwrap_err();
    assert!(matches!(error, Error::Page { .. }), "{error}");
    let file = folder.path().join("file");
    fs::write(&file, "in the way").unwrap();
    let error = write(&place(&file.join("report.html")), &report("x")).unwrap_err();
    assert!(error.to_string().contains("create the folder"), "{error}");

    let name = place(&folder.path().join("report.html"));
    write(&name, &report("x")).unwrap();
    let events = folder.path().join("tensorboard/report");
    fs::remove_dir_all(&events).unwrap();
    fs::write(&events, "in the way").unwrap();
    let error = write(&name, &report("x")).unwrap_err();
    assert!(matches!(error, Error::TensorBoard { .. }), "{error}");
    assert!(folder.path().join("figures/recallx.csv").exists());
}
