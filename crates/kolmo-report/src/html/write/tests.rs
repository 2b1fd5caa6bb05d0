use std::fs;

use resvg::tiny_skia::Pixmap;

use super::*;
use crate::html::examples::report;
use crate::html::page;

#[test]
fn every_figure_is_there_in_all_its_forms() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().join("not there yet");
    let report = report("\"><script>/../");
    let written = write(&folder.join("all.html"), &report).unwrap();
    assert_eq!(
        fs::read_to_string(&written[0]).unwrap(),
        page(&report).unwrap()
    );
    assert_eq!(
        fs::read_to_string(&written[1]).unwrap(),
        report.json().unwrap()
    );
    assert_eq!(written.len(), 2 + 3 * 3);
    let names = ["loss---script", "recall---script", "loss---script-2"];
    let figures = report.sections.iter().flat_map(|section| &section.figures);
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
    let name = folder.path().join("report.html");
    let runs = folder
        .path()
        .join("tensorboard/events.out.tfevents.1.1.1.0.kolmo");
    write(&name, &report("first")).unwrap();
    fs::write(&runs, "of a run").unwrap();
    write(&name, &report("second")).unwrap();
    assert!(fs::read_to_string(&name).unwrap().contains("second"));
    let events = fs::read_dir(folder.path().join("tensorboard/report")).unwrap();
    assert_eq!(events.count(), 1);
    assert!(runs.exists());
}

#[test]
fn what_the_disk_refuses_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let error = write(&folder.path().join("report.json"), &report("x")).unwrap_err();
    assert!(matches!(error, Error::Page { .. }), "{error}");
    let file = folder.path().join("file");
    fs::write(&file, "in the way").unwrap();
    let error = write(&file.join("report.html"), &report("x")).unwrap_err();
    assert!(matches!(error, Error::Folder { .. }), "{error}");

    fs::write(folder.path().join("tensorboard"), "in the way").unwrap();
    let error = write(&folder.path().join("report.html"), &report("x")).unwrap_err();
    assert!(matches!(error, Error::TensorBoard { .. }), "{error}");
    assert!(folder.path().join("figures/recallx.csv").exists());
}
