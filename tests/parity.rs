//! The same run gives the same curve on every device of this machine.

use serde_json::Value;

use crate::util::Place;

/// What `kolmo devices --check` says of the one device `name`.
fn check(place: &Place, name: &str) -> Value {
    let arguments = ["devices", "--check", "--device", name, "--json"];
    let ran = place.kolmo(&arguments).exits(0);
    let mut checked: Value = serde_json::from_str(&ran.stdout()).unwrap();
    assert_eq!(checked["reference"], "flex");
    assert_eq!(checked["devices"].as_array().unwrap().len(), 1);
    let device = checked["devices"][0].take();
    assert_eq!(device["name"], name);
    assert_eq!(device["trusted"], true, "{device}");
    device
}

fn difference(device: &Value) -> f64 {
    let difference = &device["trials"][0]["difference"]["relative"];
    difference.as_f64().unwrap()
}

#[test]
fn flex_repeats_itself_to_the_last_bit() {
    let device = check(&Place::new(), "flex");
    assert_eq!(difference(&device), 0.0);
    assert_eq!(device["trials"][0]["settings"], Value::Null);
}

#[cfg(feature = "ndarray")]
#[test]
fn ndarray_agrees_with_flex() {
    let device = check(&Place::new(), "ndarray");
    // Another implementation, so it rounds elsewhere; if it did not, one would be compared with itself.
    assert!(difference(&device) > 0.0);
}

/// Where `VK_DRIVER_FILES` names a software driver: WGSL, or SPIR-V in a build with `vulkan`.
#[cfg(feature = "wgpu")]
#[test]
fn a_software_adapter_agrees_with_flex() {
    if std::env::var_os("VK_DRIVER_FILES").is_none() {
        return;
    }
    let place = Place::new();
    place.file("cubecl.toml", "[streaming]\nmax_streams = 7\n");
    let device = check(&place, "software");
    assert!(difference(&device) > 0.0);

    let settings = &device["trials"][0]["settings"];
    let runtime = match cfg!(feature = "vulkan") {
        true => "wgpu<spirv>",
        false => "wgpu<wgsl>",
    };
    assert_eq!(settings["adapter"]["runtime"], runtime);
    assert_eq!(settings["adapter"]["api"], "vulkan");
    assert!(settings["adapter"]["driver"].is_string(), "{settings}");
    assert_eq!(settings["fusion_built_in"], cfg!(feature = "fusion"));
    assert_eq!(settings["cubecl"]["streaming"]["max_streams"], 7);
    let beam_search = &settings["burn"]["fusion"]["beam_search"];
    assert_eq!(beam_search["max_explorations"], Value::Null);
}

#[test]
fn a_check_of_nothing_or_with_loose_flags_is_a_mistake() {
    let place = Place::new();
    let devices = |extra: &[&str]| place.kolmo(&[&["devices"], extra].concat());
    devices(&["--check", "--device", "gpu"])
        .exits(2)
        .says("there is no device \"gpu\"");
    devices(&["--check", "--device", "cuda:99"])
        .exits(2)
        .says("cuda:99 is not available");
    devices(&["--device", "flex"]).exits(2).says("--check");
    devices(&["--no-fusion"]).exits(2).says("add --check");
}
