//! What a training step asks of a GPU: kernels, copies, waits.

use std::{env, fs};

use crate::util::Place;

/// Logs of Burn and CubeCL, and the least of autotune.
const BURN: &str = r#"
[fusion.logger]
level = "full"
file = "operations.log"
"#;
const CUBECL: &str = r#"
[autotune]
level = "minimal"
[autotune.bench]
min_samples = 1
max_samples = 1
[profiling.logger]
level = "minimal"
file = "device.log"
[memory.logger]
level = "full"
file = "device.log"
"#;

/// Operations that do nothing on the device, or only say how memory that is there is to be read.
const NO_KERNEL: [&str; 8] = [
    "Drop", "Init", "Reshape", "SwapDims", "Permute", "Expand", "Slice", "Empty",
];

/// What one step asked for, by the names of operations: a merged one is one kernel.
#[derive(Default, Debug, Clone)]
struct Asked {
    kernels: Vec<String>,
    uploads: usize,
}

/// The steps of a log of fusion: tables of operations, each step beginning with the upload of its batch.
fn asked(log: &str) -> Vec<Asked> {
    let mut steps = vec![Asked::default()];
    let mut is_merged = false;
    for line in log.lines() {
        let mut words = line.split_whitespace();
        // A row of a table begins with its number; the first of a block has the block's name.
        if words.next().is_none_or(|word| word.parse::<u32>().is_err()) {
            continue;
        }
        let rest = line.split_once('▸').map(|(_, block)| block.trim());
        let is_first = rest.is_some();
        if let Some(block) = rest {
            is_merged = block.starts_with("fused");
        }
        let mut names = line.split_whitespace().filter(|word| word.contains("::"));
        let name = names.next().unwrap_or("Drop");
        let kind = name.rsplit("::").next().unwrap();
        if name.starts_with("Init") {
            // [3, positions]: inputs, targets and roles.
            if line.contains(":i32[3,") {
                steps.push(Asked::default());
            }
            steps.last_mut().unwrap().uploads += 1;
        }
        let is_kernel = match is_merged {
            true => is_first,
            false => !NO_KERNEL.contains(&kind) && !name.starts_with("Init"),
        };
        if is_kernel {
            steps.last_mut().unwrap().kernels.push(name.to_owned());
        }
    }
    steps
}

/// What the device did in one step.
#[derive(Default, Debug, Clone)]
struct Done {
    /// Kernels, but for copies of operands, which autotune may or may not choose to make.
    launches: usize,
    /// Numbers that kernels need and that were not there yet.
    numbers: usize,
}

/// The steps of a log of CubeCL, each ending with a read of its loss.
fn done(log: &str) -> Vec<Done> {
    let mut steps = Vec::new();
    let mut step = Done::default();
    for line in log.lines() {
        if let Some(kernel) = line.strip_prefix("Executing ") {
            step.launches += usize::from(!kernel.starts_with("Copy"));
        } else if line.starts_with("[Uniform GPU Memory] Reserved") {
            step.numbers += 1;
        } else if line.starts_with("[Staging CPU Memory] Reserved") {
            steps.push(std::mem::take(&mut step));
        }
    }
    steps
}

/// Where `VK_DRIVER_FILES` names a software driver. Kernels come with the layers of a model, not with the sizes of
/// a batch; `docs/gpu_costs.md` has the numbers of larger models.
#[test]
fn a_step_asks_little_of_a_gpu() {
    const LAYERS: usize = 2;
    const KERNELS: usize = 36;
    const KERNELS_A_LAYER: usize = 53;
    if env::var_os("VK_DRIVER_FILES").is_none() || !cfg!(all(feature = "wgpu", feature = "fusion"))
    {
        return;
    }
    let place = Place::new();
    place.file("burn.toml", BURN);
    place.file("cubecl.toml", CUBECL);
    let layers = LAYERS.to_string();
    let shape = ["--d-model", "64", "--layers", &layers, "--batch", "4"];
    let rest = [
        "--seq", "16", "--vocab", "64", "--steps", "1", "--device", "software",
    ];
    place
        .kolmo(&[&["bench", "train"], &shape[..], &rest].concat())
        .exits(0);

    let log = |name: &str| fs::read_to_string(place.path().join(name)).unwrap();
    let asked = asked(&log("operations.log"));
    let done = done(&log("device.log"));
    // Seven steps, each read once; before the first, the tables of the model.
    assert_eq!(asked.len(), 1 + 7);
    assert!(done.len() >= 5, "{}", done.len());
    // Once everything is tuned, each step is like the one before. The last may not be in the logs to its end.
    let (asked, done) = (&asked[5], &done[4]);
    assert_eq!(asked.uploads, 1);
    let most = KERNELS + LAYERS * KERNELS_A_LAYER;
    assert!(
        asked.kernels.len() <= most,
        "{} kernels, not {most}: {:#?}",
        asked.kernels.len(),
        asked.kernels
    );
    // A kernel that is merged where that is fast is two or three where it is not.
    assert!(done.launches <= most * 5 / 4, "{done:?}");
    assert!(done.numbers <= 1, "{done:?}");
}
