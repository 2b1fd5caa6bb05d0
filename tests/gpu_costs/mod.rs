//! What a training step asks of a GPU: kernels, copies, waits.

mod workgroups;

use std::{env, fs};

use crate::util::{Place, tiny_with};

/// The least of autotune.
const AUTOTUNE: &str = r#"
[autotune]
level = "minimal"
[autotune.bench]
min_samples = 1
max_samples = 1
"#;

/// Logs of Burn and CubeCL.
const BURN: &str = r#"
[fusion.logger]
level = "full"
file = "operations.log"
"#;
const LOGS: &str = r#"
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

/// Kernels asked for by a layer of a `gpt`, but for joining tensors, read from the operations of models of two and three layers.
/// Forward 18: a norm 2, query, key and value 1, mask and attention 8, output 1, residual and the other norm 2, two products with GELU between 3,
/// residual 1. Backward 39: four products with weights 3 each (of values, of weights in parts, the sum of the parts), GELU 1, mask
/// and attention 8, two norms 8 each (four of which are gain and bias, in parts and the sum of these), residuals 2.
const A_LAYER: usize = 57;

/// Kernels beside the layers: looking up 1, the last norm 2, logits and loss 9 and their gradient 7, the gradient of the last norm 8 and of
/// the embedding 4, the norm of the gradient 3, clipping and AdamW 3.
const BESIDE: usize = 37;

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

/// Benchmarks a few steps of a model of width 64 and the `shape`.
fn bench(place: &Place, shape: &[&str], variables: &[(&str, &str)]) {
    let rest = ["--d-model", "64", "--steps", "1", "--device", "software"];
    let arguments = [&["bench", "train"], shape, &rest].concat();
    place.start(&arguments, variables).wait().exits(0);
}

/// What a step of a model of so many layers asks for, and what is then done, once everything is tuned.
fn step(layers: &str) -> (Asked, Done) {
    let place = Place::new();
    place.file("burn.toml", BURN);
    place.file("cubecl.toml", &format!("{AUTOTUNE}{LOGS}"));
    // As many positions as are summed in parts; the squares of the gradient come apart for two layers and for three.
    let shape = [
        "--layers", layers, "--batch", "16", "--seq", "16", "--vocab", "62",
    ];
    bench(&place, &shape, &[]);
    let log = |name: &str| fs::read(place.path().join(name)).unwrap();
    let asked = asked(&String::from_utf8_lossy(&log("operations.log")));
    let done = done(&String::from_utf8_lossy(&log("device.log")));
    // Seven steps, each read once; before the first, the tables of the model.
    assert_eq!(asked.len(), 1 + 7);
    assert!(done.len() >= 5, "{}", done.len());
    // Each step is like the one before. The last may not be in the logs to its end.
    (asked[5].clone(), done[4].clone())
}

fn has_software_gpu() -> bool {
    env::var_os("VK_DRIVER_FILES").is_some() && cfg!(all(feature = "wgpu", feature = "fusion"))
}

/// Where `VK_DRIVER_FILES` names a software driver. Kernels come with the layers of a model, not with the sizes of
/// a batch; `docs/gpu_costs.md` has the numbers of larger models.
#[test]
fn a_step_asks_little_of_a_gpu() {
    if !has_software_gpu() {
        return;
    }
    let ((two, done), (three, _)) = (step("2"), step("3"));
    assert_eq!([two.uploads, three.uploads], [1, 1]);
    // How many kernels join all gradients depends on how many tensors one may bind.
    let others = |asked: &Asked| {
        let others = asked.kernels.iter().filter(|name| !name.ends_with("Cat"));
        others.count()
    };
    // Fusion may clip in two kernels or in three, whatever the layers.
    for (layers, asked) in [(2, &two), (3, &three)] {
        let (count, most) = (others(asked), BESIDE + layers * A_LAYER);
        assert!(
            (most - 1..=most).contains(&count),
            "{count}, not {most}: {asked:#?}"
        );
    }
    // A layer's own, and as many as join seven tensors at once: 8 of a layer, its share of zeros and those beside.
    let joined = three.kernels.len() - others(&three);
    assert!(joined <= 3 + 7, "{joined}");
    // A kernel that is merged where that is fast is two or three where it is not.
    assert!(done.launches <= two.kernels.len() * 5 / 4, "{done:?}");
    assert!(done.numbers <= 1, "{done:?}");
}

/// A tensor that no graphics API binds is refused from its size, before a driver starts: where there is no GPU, too.
#[test]
fn a_tensor_that_no_gpu_holds_is_refused_before_anything_starts() {
    let place = Place::new();
    let config = tiny_with(
        "world.frequency.elements = 5000\n\
         train = { documents = 1048576, batch_documents = 1048576 }",
    );
    place.file("large.toml", &config);
    place
        .kolmo(&[
            "train",
            "large.toml",
            "--run-dir",
            "run",
            "--device",
            "wgpu",
        ])
        .exits(2)
        .says("at most 2.1 GB")
        .says("train.batch_documents");
    assert!(!place.path().join("run").exists());
}
