//! What other commands than training write into a folder that is somebody else's.

use super::*;

#[test]
fn an_evaluation_takes_the_place_of_none_but_its_own() {
    let place = place();
    train(&place, "run", &[]).exits(0);
    let eval = |out: &str| {
        let arguments = ["eval", "run", "--device", "flex", "-q", "--out", out];
        place.kolmo(&arguments)
    };
    // The tables of a run, done or just begun, its own or another.
    refuses(&place, "run/facts.parquet", || eval("run"));
    refuses(&place, "./run/facts.parquet", || eval("./run"));
    fs::create_dir(place.path().join("begun")).unwrap();
    let manifest = place.path().join("run/manifest.json");
    fs::copy(manifest, place.path().join("begun/manifest.json")).unwrap();
    refuses(&place, "begun/facts.parquet", || eval("begun"));
    for name in ["evaluation.json", "facts.parquet", "answers.parquet"] {
        let theirs = mine(&place, &format!("p/{name}"));
        refuses(&place, &format!("p/{name}"), || eval("p"));
        fs::remove_file(theirs).unwrap();
    }
    let notes = mine(&place, "p/notes.md");
    for _ in 0..2 {
        eval("p").exits(0);
    }
    assert!(is_mine(&notes));
    // And no run takes that of an evaluation.
    refuses(&place, "p/facts.parquet", || {
        train(&place, "p", &["--resume", "never"])
    });
}

#[test]
fn theory_and_counts_take_the_place_of_none_but_their_own() {
    for (command, names) in [
        (
            &["theory", "t.toml", "--to", "1e4"][..],
            &[
                "theory.json",
                "capacity.csv",
                "data.svg",
                "hallucination.svg",
            ][..],
        ),
        (
            &["world", "stats", "t.toml", "--documents", "100"],
            &[
                "stats.json",
                "zipf.csv",
                "heaps.csv",
                "zipf.svg",
                "heaps.svg",
            ],
        ),
    ] {
        for name in names {
            let place = place();
            let write = || place.kolmo(&[command, &["--out", "p"]].concat());
            let path = mine(&place, &format!("p/{name}"));
            refuses(&place, &format!("p/{name}"), write);
            // A link to nowhere is somebody's as well.
            fs::remove_file(&path).unwrap();
            symlink("nowhere", &path).unwrap();
            write().exits(2).says(name);
            assert_eq!(fs::read_link(&path).unwrap(), Path::new("nowhere"));
            fs::remove_file(&path).unwrap();

            let other = mine(&place, "p/mine.svg");
            write().exits(0);
            let first = fs::read(&path).unwrap();
            fs::write(&path, "torn").unwrap();
            write().exits(0);
            assert!(fs::read(&path).unwrap() == first, "{name} is not replaced");
            assert!(is_mine(&other));
        }
        // What the user keeps of the output is the user's.
        let place = place();
        let json = place.kolmo(&[command, &["--json"]].concat()).exits(0);
        fs::create_dir(place.path().join("p")).unwrap();
        let path = place.file(&format!("p/{}", names[0]), &json.stdout());
        let write = || place.kolmo(&[command, &["--out", "p"]].concat());
        refuses(&place, &format!("p/{}", names[0]), write);
        assert_eq!(fs::read_to_string(path).unwrap(), json.stdout());
    }
}

#[test]
fn a_report_takes_the_place_of_none_but_its_own() {
    let place = place();
    train(&place, "run", &[]).exits(0);
    let report = |out: &str| place.kolmo(&["report", "run", "-q", "-o", out]);
    report("whole/r.html").exits(0);
    let names: Vec<String> = files(&place.path().join("whole"))
        .into_keys()
        .map(|path| {
            let name = path.strip_prefix(place.path().join("whole")).unwrap();
            name.to_str().unwrap().to_owned()
        })
        .filter(|name| !name.starts_with('.'))
        .collect();
    assert!(names.iter().any(|name| name.starts_with("figures/")));
    for name in &names {
        let theirs = mine(&place, &format!("p/{name}"));
        let named = match name.starts_with("tensorboard") {
            true => "tensorboard/report",
            false => name,
        };
        refuses(&place, &format!("p/{named}"), || report("p/r.html"));
        fs::remove_file(theirs).unwrap();
        fs::remove_dir_all(place.path().join("p")).unwrap();
    }
    // A page that is called like a file of the run beside it has JSON of the same name.
    for stem in ["manifest", "compression", "export", ".kolmo"] {
        if stem == "export" {
            mine(&place, "run/export.json");
        }
        let named = format!("run/{stem}.json");
        refuses(&place, &named, || report(&format!("run/{stem}.html")));
    }
    // Of what it wrote it removes what is stale, and nothing else.
    report("p/r.html").exits(0);
    let others = ["p/figures/a.svg", "p/tensorboard/mine", "p/figures/b.csv"];
    let others = others.map(|name| mine(&place, name));
    let stale = place.path().join("p/figures/stale.svg");
    let list = place.path().join("p/.kolmo.json");
    let text = fs::read_to_string(&list).unwrap();
    let text = text.replacen("\"figures/", "\"figures/stale.svg\", \"figures/", 1);
    fs::write(&list, text).unwrap();
    fs::write(&stale, "of an earlier report").unwrap();
    report("p/r.html").exits(0);
    assert!(!stale.exists());
    assert!(others.iter().all(|path| is_mine(path)));
    // Inside of the run is no other place than that.
    let theirs = mine(&place, "run/report/report.html");
    let unasked = || place.kolmo(&["report", "run", "-q"]);
    refuses(&place, "run/report/report.html", unasked);
    fs::remove_file(theirs).unwrap();
    unasked().exits(0);
    // In the run itself it stands beside what the run has drawn, and goes neither with it nor before it.
    report("run/r.html").exits(0);
    train(&place, "run", &["--resume", "never"]).exits(0);
    let of_report = |name: &&String| name.starts_with("figures/") || name.starts_with("r.");
    for name in names.iter().filter(of_report) {
        assert!(place.path().join("run").join(name).is_file(), "{name}");
    }
    assert!(place.path().join("run/figures/value_loss.svg").is_file());
}

#[test]
fn a_sweep_takes_the_place_of_none_but_its_own() {
    let place = place();
    let many = "base = 't.toml'\nseeds = [1, 2]";
    place.file("many.toml", many);
    let sweep = |verb: &[&str], dir: &str| {
        let arguments = [&["sweep"], verb, &["many.toml", "--dir", dir]].concat();
        place.kolmo(&arguments)
    };
    let run: &[&str] = &["run", "--devices", "flex", "--jobs", "1", "-q"];
    let submit: &[&str] = &["submit", "--engine", "slurm", "--dry-run", "-q"];
    for name in ["sweep.toml", "summary/runs.csv", ".lock"] {
        let theirs = mine(&place, &format!("p/{name}"));
        for verb in [run, &["commands", "-q"], submit] {
            refuses(&place, &format!("p/{name}"), || sweep(verb, "p"));
        }
        fs::remove_file(theirs).unwrap();
    }
    mine(&place, "p/summary/runs.csv");
    refuses(&place, "p/summary/runs.csv", || sweep(&["summary"], "p"));
    // It may be the sweep file itself.
    fs::create_dir(place.path().join("q")).unwrap();
    place.file("q/sweep.toml", many);
    sweep(run, "q").exits(0);

    // That of an earlier build has no list, and is known by its configurations.
    let list = place.path().join("q/summary/.kolmo.json");
    fs::remove_file(list).unwrap();
    let more = "base = 't.toml'\nseeds = [1, 2, 3]";
    place.file("many.toml", more);
    sweep(run, "q").exits(0);
    let planned = fs::read_to_string(place.path().join("q/sweep.toml")).unwrap();
    assert_eq!(planned, more);
    let summary = fs::read_to_string(place.path().join("q/summary/runs.csv")).unwrap();
    assert_eq!(summary.lines().count(), 4);
    place.kolmo(&["report", "q", "-q"]).exits(0);
    fs::remove_file(place.path().join("q/report/.kolmo.json")).unwrap();
    place.kolmo(&["report", "q", "-q"]).exits(0);
}

#[test]
fn event_files_are_made_anew_in_a_run_alone() {
    let place = place();
    train(&place, "run", &[]).exits(0);
    let run = place.path().join("run");
    let copy = place.path().join("p");
    fs::create_dir(&copy).unwrap();
    for name in ["config.toml", "metrics.jsonl", "evaluations.jsonl"] {
        fs::copy(run.join(name), copy.join(name)).unwrap();
    }
    let events = mine(&place, "p/tensorboard/events.out.tfevents.1.1.1.0.kolmo");
    let before = files(&copy);
    place
        .kolmo(&["tensorboard", "p"])
        .exits(2)
        .says("is no run of kolmo");
    assert!(files(&copy) == before && is_mine(&events));
}

#[test]
fn an_export_takes_the_place_of_none_but_its_own() {
    let place = place();
    let export = |format: &str, documents: &str| {
        let arguments = [
            "world", "export", "t.toml", "--format", format, "--out", "p",
        ];
        place.kolmo(&[&arguments[..], &["-q", "--documents", documents]].concat())
    };
    for (format, name) in [
        ("jsonl", "vocabulary.json"),
        ("bin", "val.bin"),
        ("parquet", "train-00004.parquet"),
        ("bin", ".lock"),
    ] {
        let theirs = mine(&place, &format!("p/{name}"));
        refuses(&place, &format!("p/{name}"), || export(format, "100"));
        fs::remove_file(theirs).unwrap();
    }
    let theirs = mine(&place, "p/export.json");
    export("jsonl", "100").exits(2).says("p/export.json");
    assert!(is_mine(&theirs));
    fs::remove_file(theirs).unwrap();
    // One that was interrupted removes what it may have left, and no more.
    export("parquet", "100").exits(0);
    let path = place.path().join("p/export.json");
    let record = fs::read_to_string(&path).unwrap();
    fs::write(
        &path,
        record.replace("\"complete\": true", "\"complete\": false"),
    )
    .unwrap();
    let theirs = mine(&place, "p/train-00004.parquet");
    refuses(&place, "p/train-00004.parquet", || export("parquet", "200"));
    fs::remove_file(theirs).unwrap();
    export("parquet", "200").exits(0);
}

#[test]
fn a_compressed_file_takes_the_place_of_none() {
    let place = place();
    train(&place, "run", &[]).exits(0);
    place.file("text", "no words of that world\n");
    let link = place.path().join("text.kolmo");
    symlink("nowhere", &link).unwrap();
    let compress = ["compress", "run", "text", "--device", "flex", "-q"];
    place.kolmo(&compress).exits(2).says("is there already");
    assert_eq!(fs::read_link(&link).unwrap(), Path::new("nowhere"));
    fs::remove_file(link).unwrap();
    place.kolmo(&compress).exits(0);
}
