//! Configurations that cannot be: exit code 2, a message that names the key, and nothing else.

use std::{fs, path::Path, sync::Mutex, thread};

use kolmo_config::RunConfig;

use crate::util::Place;

/// Values that none of them can have.
const IMPOSSIBLE: &[&str] = &[
    "-1",
    "nan",
    "1979-05-27",
    "[[1], 'x']",
    "{ a = { b = 1 } }",
    "99999999999999999999",
];

/// What makes any text no TOML.
const NO_TOML: &[&str] = &[
    "\n[unclosed",
    "\nx = ",
    "\n= 1\n",
    "\nx = 'a",
    "\n\u{0}\n",
    "\nseed = 1\nseed = 1",
];

/// One call of `kolmo train`, and what it must say.
struct Case {
    text: String,
    overrides: Vec<String>,
    says: String,
}

fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    let mut add = |text: String, overrides: &[String], says: &str| {
        cases.push(Case {
            text,
            overrides: overrides.to_vec(),
            says: says.to_owned(),
        });
    };
    let absent = [
        "train.warmup_documents",
        "model.mup_base_width",
        "world.names.pools",
        "world.syntax.classes",
        "world.syntax.templates",
    ];
    let absent = absent.map(str::to_owned);
    let config = RunConfig::default().flatten().unwrap();
    let keys = config.into_iter().map(|(key, _)| key);
    for key in keys.chain(absent) {
        for value in IMPOSSIBLE {
            add(
                format!("# {key}\n{key} = {value}\n"),
                &[],
                &format!("line 2: {key}"),
            );
            let given = format!("{key}={value}");
            add(
                String::new(),
                std::slice::from_ref(&given),
                &format!("--set {given}: {key}"),
            );
        }
        let slip = format!("{key}x");
        add(
            format!("{slip} = 1\n"),
            &[],
            &format!("line 1: there is no key {slip}"),
        );
        add(
            String::new(),
            &[format!("{slip}=1")],
            &format!("did you mean {key}?"),
        );
    }
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/configs");
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        // Sweeps are no configurations.
        if path.is_dir() {
            continue;
        }
        let text = fs::read_to_string(path).unwrap();
        for end in NO_TOML {
            add(format!("{text}{end}"), &[], "line ");
        }
        add(text.replace("[train]", "[trian]"), &[], "train");
        add(
            text,
            &["world.frequency.law=zip".to_owned()],
            "did you mean \"zipf\"?",
        );
    }
    add(
        "x = ".to_owned() + &"[".repeat(100_000),
        &[],
        "line 1: tables or arrays are nested too deeply",
    );
    add("a.".repeat(100_000) + "b = 1", &[], "nested too deeply");
    add(
        String::new(),
        &["a.".repeat(60_000) + "b=1"],
        "there is no key a.a.a",
    );
    cases
}

#[test]
fn a_mutated_configuration_is_refused_and_leaves_nothing_behind() {
    let cases = cases();
    assert!(cases.len() > 500);
    let left = Mutex::new(cases.iter());
    let next = || left.lock().unwrap().next();
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                let place = Place::new();
                while let Some(case) = next() {
                    refuse(&place, case);
                }
            });
        }
    });
}

fn refuse(place: &Place, case: &Case) {
    place.file("mutant.toml", &case.text);
    let mut arguments = vec!["train", "mutant.toml", "--device", "flex"];
    for given in &case.overrides {
        arguments.extend(["--set", given]);
    }
    let ran = place.kolmo(&arguments).exits(2).says(&case.says);
    assert!(!ran.stderr().contains("panicked"), "{}", ran.stderr());
    assert!(ran.stderr().len() < 2000, "{}", ran.stderr());
    assert_eq!(ran.stdout(), "");
    assert_eq!(names(place.path()), ["mutant.toml"]);
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.collect()
}

#[test]
fn a_configuration_that_cannot_be_read_is_a_usage_error() {
    let place = Place::new();
    let train = |path: &str| place.kolmo(&["train", path, "--device", "flex"]).exits(2);
    train("missing.toml").says("could not read the configuration missing.toml: No such file");
    train("").says("a value is required for '<CONFIG>'");
    fs::create_dir(place.path().join("folder")).unwrap();
    train("folder").says("could not read the configuration folder: it is a directory");
    fs::write(place.path().join("latin.toml"), b"seed = 1\n# caf\xe9\n").unwrap();
    train("latin.toml").says("line 2 is not UTF-8");
    place.file("large.toml", &"#\n".repeat(1 << 20));
    train("large.toml").says("it has more than 1048576 bytes");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;

        train("/dev/zero").says("it has more than 1048576 bytes");
        let path = place.file("locked.toml", "seed = -1");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o000)).unwrap();
        // Who may read everything is told what is wrong inside.
        let says = match fs::read(&path) {
            Ok(_) => "seed = -1 is not possible",
            Err(_) => "could not read the configuration locked.toml: Permission denied",
        };
        train("locked.toml").says(says);
    }
    assert!(!place.path().join("runs").exists());
}
