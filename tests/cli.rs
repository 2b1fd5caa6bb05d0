//! What `kolmo` says of itself, of devices and of mistakes.

use std::fs;

use crate::util::Place;

#[test]
fn every_command_has_help_with_an_example() {
    let place = Place::new();
    assert!(
        place
            .kolmo(&["--help"])
            .exits(0)
            .stdout()
            .contains("Exit codes:")
    );
    for command in [
        "train",
        "eval",
        "tensorboard",
        "devices",
        "theory",
        "world",
        "world sample",
        "world stats",
        "world export",
        "bench",
        "bench train",
        "bench eval",
        "bench world",
    ] {
        let arguments: Vec<&str> = command.split(' ').chain(["--help"]).collect();
        let help = place.kolmo(&arguments).exits(0).stdout();
        assert!(
            help.contains(&format!("Example:\n  kolmo {command}")),
            "{help}"
        );
    }
    place.kolmo(&["trian"]).exits(2).says("train");
    place.kolmo(&[]).exits(2);
}

#[test]
fn the_cpu_can_always_train() {
    let place = Place::new();
    let listing = place.kolmo(&["devices", "--json"]).exits(0).stdout();
    let listing: serde_json::Value = serde_json::from_str(&listing).unwrap();
    let devices = listing["devices"].as_array().unwrap();
    assert!(devices.iter().any(|device| device["name"] == "flex"));
    // `auto` is one of those listed, and never a software adapter.
    assert!(
        devices
            .iter()
            .any(|device| device["name"] == listing["auto"])
    );
    assert_ne!(listing["auto"], "software");
    let text = place.kolmo(&["devices"]).exits(0).stdout();
    assert_eq!(text.matches("<- auto").count(), 1);
    // Only a build that cannot use a GPU leaves one unused, and it says so wherever `auto` does.
    let unused = listing["unused_gpu"].as_str();
    assert_eq!(
        text.contains("note: this machine has a GPU"),
        unused.is_some()
    );
    assert!(unused.is_none() || listing["auto"] == "flex", "{listing}");
}

/// The feature of the message is one that the manifest has.
#[cfg(not(feature = "wgpu"))]
#[test]
fn a_build_for_the_cpu_names_the_one_that_has_the_device() {
    let place = Place::new();
    let good = place.file("good.toml", "");
    let good = good.to_str().unwrap();
    let manifest = include_str!("../Cargo.toml");
    for (device, feature) in [
        ("wgpu", "gpu"),
        ("software", "gpu"),
        ("vulkan:1", "vulkan"),
        ("metal", "metal"),
    ] {
        let ran = place.kolmo(&["train", good, "-q", "--device", device]);
        ran.exits(2)
            .says(&format!("rebuild with `--features {feature}`"));
        assert!(manifest.contains(&format!("\n{feature} = [")), "{feature}");
    }
}

#[test]
fn mistakes_are_usage_errors_that_name_what_is_wrong() {
    let place = Place::new();
    let good = place.file("good.toml", "");
    let good = good.to_str().unwrap();
    let train = |extra: &[&str]| place.kolmo(&[&["train", good, "-q"], extra].concat());
    for (extra, expected) in [
        (&["--device", "gpu"][..], "there is no device \"gpu\""),
        (&["--device", "cuda:99"], "device cuda:99 is not available"),
        (
            &["--set", "train.lerning_rate=1"],
            "did you mean train.learning_rate?",
        ),
        (
            &["--set", "model.layers=0"],
            "model.layers = 0 is not possible",
        ),
        (
            &["--set", "model.layers=two"],
            "--set model.layers=two: model.layers = \"two\" is not possible: valid is a whole number",
        ),
        (&["--set", "world.frequency.elements=0"], "world.frequency"),
        (
            &["--set", "world.names.pools=[3, 3]"],
            "world.names.pools = [3, 3] is not possible",
        ),
        (
            &["--set", "train.documents=1"],
            "train.documents = 1 is not possible",
        ),
    ] {
        train(extra).exits(2).says(expected);
    }
    let bad = place.file("bad.toml", "[world.frequncy]\n");
    place
        .kolmo(&["train", bad.to_str().unwrap()])
        .exits(2)
        .says("bad.toml: line 1: there is no key world.frequncy; did you mean world.frequency?");
    assert!(
        !place.path().join("runs").exists(),
        "a mistake leaves nothing behind"
    );
}

#[test]
fn a_run_directory_that_cannot_be_made_is_a_failure() {
    let place = Place::new();
    let config = place.file("good.toml", "");
    let file = place.file("file", "");
    let inside = file.join("run");
    let arguments = [
        "train",
        config.to_str().unwrap(),
        "-q",
        "--run-dir",
        inside.to_str().unwrap(),
    ];
    place.kolmo(&arguments).exits(1).says("could not create");
}

#[test]
fn every_shipped_configuration_can_be_run() {
    let place = Place::new();
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/configs");
    let mut count = 0;
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "toml") {
            continue;
        }
        count += 1;
        let text = fs::read_to_string(&path).unwrap();
        let config = kolmo_config::RunConfig::parse(&text, &[]);
        let config = config.unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let settled = config.settle();
        settled.unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let name = path.file_stem().unwrap().to_str().unwrap();
        assert!(
            text.contains(&format!("configs/{name}.toml")),
            "{name} shows how to run it"
        );
    }
    assert!(count >= 5, "{count} configurations");
    drop(place);
}
