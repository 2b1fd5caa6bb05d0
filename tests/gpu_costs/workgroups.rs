//! No launch that reads much is left to few workgroups.

use std::{fs, path::Path, process::Command};

use super::{AUTOTUNE, bench, has_software_gpu};
use crate::util::Place;

/// The Vulkan layer that writes down launches.
const LAYER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/scripts/vulkan_counts.c");

/// What a kernel was asked for, once.
#[derive(Debug)]
struct Launch {
    workgroups: u64,
    /// Of all storage that it binds, so at least what it reads.
    bytes: u64,
    kernel: String,
}

impl Launch {
    /// Of a line of the layer, `WORKGROUPS BYTES KERNEL`.
    fn of(line: &str) -> Self {
        let words: Vec<&str> = line.split(' ').collect();
        Self {
            workgroups: words[0].parse().unwrap(),
            bytes: words[1].parse().unwrap(),
            kernel: words[2].to_owned(),
        }
    }

    /// Whether it only copies its input into a part of what it binds.
    fn is_copy_into_a_part(&self) -> bool {
        self.kernel.starts_with("slice_assign")
    }
}

/// Builds the layer into `folder`, for programs with [`variables`].
fn build(folder: &Path) {
    let library = folder.join("libvulkan_counts.so");
    let mut compiler = Command::new("cc");
    compiler.args(["-O1", "-shared", "-fPIC", "-fvisibility=hidden", "-o"]);
    let built = compiler.arg(&library).arg(LAYER).status().unwrap();
    assert!(built.success(), "it needs Debian's libvulkan-dev");
    let about = serde_json::json!({
        "file_format_version": "1.1.0",
        "layer": {
            "name": "VK_LAYER_KOLMO_counts",
            "type": "GLOBAL",
            "library_path": library,
            "api_version": "1.3.0",
            "implementation_version": "1",
            "description": "counts",
        },
    });
    fs::write(folder.join("counts.json"), about.to_string()).unwrap();
}

/// The launches of one step, after all that is tuned.
fn launches(shape: &[&str]) -> Vec<Launch> {
    let place = Place::new();
    build(place.path());
    place.file("cubecl.toml", AUTOTUNE);
    let variables = [
        ("VK_LAYER_PATH", "."),
        ("VK_INSTANCE_LAYERS", "VK_LAYER_KOLMO_counts"),
        ("VULKAN_LAUNCHES", "launches"),
    ];
    bench(&place, shape, &variables);
    let log = fs::read_to_string(place.path().join("launches")).unwrap();
    // Each step ends with a read of its loss; what comes after the last is none.
    let steps: Vec<&str> = log.split("read\n").collect();
    steps[steps.len() - 2].lines().map(Launch::of).collect()
}

/// Asked is: no launch of a step of 4096 positions that reads over a megabyte has fewer than 8 workgroups. That takes minutes in
/// software (`scripts/gpu_costs.py --cubes` does it), so this is an eighth of the batch, and an eighth of a megabyte is much. Workgroups
/// grow with the positions: measured, a mean of a norm has 4 here and 32 there, the narrowest product 8 here. A launch that has fewer than
/// 4 here does not grow, or too little.
#[test]
fn what_reads_much_has_many_workgroups() {
    const MUCH: u64 = 1_000_000 / 8;
    const FEW: u64 = 4;
    if !has_software_gpu() {
        return;
    }
    // Few documents with long rows: sums over time alone would be few.
    let shape = [
        "--layers", "1", "--batch", "4", "--seq", "128", "--vocab", "256",
    ];
    let launches = launches(&shape);
    let large: Vec<&Launch> = launches
        .iter()
        .filter(|launch| launch.bytes > MUCH)
        .collect();
    assert!(large.len() > 40, "{} of {launches:#?}", large.len());
    let few: Vec<&&Launch> = large
        .iter()
        .filter(|launch| launch.workgroups < FEW && !launch.is_copy_into_a_part())
        .collect();
    assert!(few.is_empty(), "{few:#?}");
}
