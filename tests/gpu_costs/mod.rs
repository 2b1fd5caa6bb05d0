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

/// Kernels that fewer workgroups run keep most of a card idle, even at an eighth of a batch.
const FEW: usize = 4;

/// What does the work of an operation or of a kernel: those that can leave it to few workgroups, whatever they read, and others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Sort {
    Product,
    Sum,
    Other,
}

impl Sort {
    const ALL: [Self; 3] = [Self::Product, Self::Sum, Self::Other];

    fn of_operation(name: &str) -> Self {
        match name.rsplit("::").next().unwrap() {
            "Matmul" => Self::Product,
            "Sum" | "SumDim" | "MeanDim" | "MaxDim" => Self::Sum,
            _ => Self::Other,
        }
    }

    fn of_kernel(name: &str) -> Self {
        match name {
            name if name.contains("matmul") => Self::Product,
            name if name.contains("reduce") => Self::Sum,
            _ => Self::Other,
        }
    }
}

/// Bytes of the tensors in a cell of a table, such as `t7:f32[256,16], t9:i32[4]`.
fn bytes(cell: &str) -> usize {
    let shapes = cell.split('[').skip(1);
    let sizes = shapes.map(|rest| {
        let shape = rest.split(']').next().unwrap().split(',');
        shape
            .map(|size| size.trim().parse::<usize>().unwrap_or(1))
            .product::<usize>()
    });
    4 * sizes.sum::<usize>()
}

/// The operations of each step of a log of fusion, with the bytes that they read.
fn reads(log: &str) -> Vec<Vec<(Sort, usize)>> {
    let mut steps = vec![Vec::new()];
    for line in log.lines() {
        let is_row = line
            .split(' ')
            .next()
            .is_some_and(|word| word.parse::<u32>().is_ok());
        let Some((before, tensors)) = line.split_once('[').filter(|_| is_row) else {
            continue;
        };
        if before.contains("Init") && line.contains(":i32[3,") {
            steps.push(Vec::new());
        }
        let name = before.split_whitespace().find(|word| word.contains("::"));
        let name = name.unwrap_or("Drop");
        let kind = name.rsplit("::").next().unwrap();
        if !NO_KERNEL.contains(&kind) && !name.starts_with("Init") {
            // Results are in the next column.
            let inputs = tensors.split("  ").next().unwrap();
            let step = steps.last_mut().unwrap();
            step.push((Sort::of_operation(name), bytes(&format!("[{inputs}"))));
        }
    }
    steps
}

/// The kernels of each step of a profile at level `full`, with the workgroups that ran them.
fn cubes(log: &str) -> Vec<Vec<(String, usize)>> {
    let mut steps = Vec::new();
    let mut step = Vec::new();
    let mut name = String::new();
    for line in log.lines() {
        if let Some(kernel) = line
            .strip_prefix("| ")
            .and_then(|rest| rest.split_once("| "))
        {
            name = kernel.1.split(' ').next().unwrap().to_owned();
        } else if line.starts_with("[Staging CPU Memory] Reserved") {
            steps.push(std::mem::take(&mut step));
        }
        if let Some((_, count)) = line.split_once("CubeCount ") {
            let count = count.split(|c: char| !c.is_ascii_digit());
            let count = count
                .filter_map(|digits| digits.parse::<usize>().ok())
                .product();
            step.push((name.clone(), count));
        }
    }
    steps
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

/// The logs of operations and of the device of a few steps of a model of width 64.
fn logs(shape: &[&str], cubecl: &str) -> [String; 2] {
    let place = Place::new();
    place.file("burn.toml", BURN);
    place.file("cubecl.toml", cubecl);
    let rest = ["--d-model", "64", "--steps", "1", "--device", "software"];
    place
        .kolmo(&[&["bench", "train"], shape, &rest].concat())
        .exits(0);
    ["operations.log", "device.log"]
        .map(|name| String::from_utf8_lossy(&fs::read(place.path().join(name)).unwrap()).into())
}

fn has_software_gpu() -> bool {
    env::var_os("VK_DRIVER_FILES").is_some() && cfg!(all(feature = "wgpu", feature = "fusion"))
}

/// Where `VK_DRIVER_FILES` names a software driver. Kernels come with the layers of a model, not with the sizes of
/// a batch; `docs/gpu_costs.md` has the numbers of larger models.
#[test]
fn a_step_asks_little_of_a_gpu() {
    const LAYERS: usize = 2;
    const KERNELS: usize = 36;
    const KERNELS_A_LAYER: usize = 61;
    if !has_software_gpu() {
        return;
    }
    let layers = LAYERS.to_string();
    // As many positions as are summed in parts.
    let shape = [
        "--layers", &layers, "--batch", "16", "--seq", "16", "--vocab", "64",
    ];
    let [operations, device] = logs(&shape, CUBECL);
    let asked = asked(&operations);
    let done = done(&device);
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

/// No launch that reads much is left to few workgroups. A log of kernels does not have the sizes of tensors, so there may be as many
/// such launches as there are operations that read little. The batch is an eighth of 4096 positions, and so is what counts as much, a
/// megabyte; workgroups grow with the positions, so that four here are over eight there.
#[test]
fn what_reads_much_has_many_workgroups() {
    const MUCH: usize = (1 << 20) / 8;
    if !has_software_gpu() {
        return;
    }
    let shape = [
        "--layers", "1", "--batch", "64", "--seq", "8", "--vocab", "256",
    ];
    let profile = CUBECL.replace(
        "[profiling.logger]\nlevel = \"minimal\"",
        "[profiling.logger]\nlevel = \"full\"",
    );
    let [operations, device] = logs(&shape, &profile);
    let (reads, cubes) = (reads(&operations), cubes(&device));
    let (reads, cubes) = (&reads[5], &cubes[4]);
    assert!(cubes.len() > 80, "{cubes:#?}");
    for sort in Sort::ALL {
        let little = reads
            .iter()
            .filter(|(of, bytes)| *of == sort && *bytes < MUCH);
        let few = cubes
            .iter()
            .filter(|(name, count)| Sort::of_kernel(name) == sort && *count < FEW);
        let (little, few): (Vec<_>, Vec<_>) = (little.collect(), few.collect());
        assert!(
            few.len() <= little.len(),
            "{sort:?}: {few:#?} for {little:#?}"
        );
    }
    let is_one_thread_a_column = |name: &str| name.contains("select_assign");
    assert!(!cubes.iter().any(|(name, _)| is_one_thread_a_column(name)));
}
