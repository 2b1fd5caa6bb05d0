//! Many runs from one file.

#![cfg(unix)]

mod engines;
mod numbers;
mod planned;
mod program;
mod running;

use std::{
    fs,
    path::{Path, PathBuf},
};

use serde_json::Value;

use crate::util::{EVERY_STEP, Place, tiny, train};

/// 60 steps of a few milliseconds each, and a checkpoint after every one of them.
fn base() -> String {
    tiny(60, 1, 4) + EVERY_STEP
}

/// A place with [`base`] and a sweep over it.
fn place(sweep: &str) -> Place {
    let place = Place::new();
    place.file("base.toml", &base());
    place.file("many.toml", &format!("base = 'base.toml'\n{sweep}"));
    place
}

/// What a command that prints JSON says.
fn json(place: &Place, arguments: &[&str]) -> Value {
    serde_json::from_str(&place.kolmo(arguments).exits(0).stdout()).unwrap()
}

/// State of every run, in the order of the plan.
fn states(place: &Place) -> Vec<String> {
    let status = json(place, &["sweep", "status", "many.toml", "--json"]);
    let runs = status["runs"].as_array().unwrap();
    runs.iter()
        .map(|run| run["state"].as_str().unwrap().to_owned())
        .collect()
}

/// The run directories, in the order of the plan.
fn directories(place: &Place) -> Vec<PathBuf> {
    let status = json(place, &["sweep", "status", "many.toml", "--json"]);
    let runs = status["runs"].as_array().unwrap();
    runs.iter()
        .map(|run| place.path().join(run["dir"].as_str().unwrap()))
        .collect()
}

/// What TensorBoard calls the runs that it finds in `logdir`: the folders with event files, links followed.
fn curves(logdir: &Path) -> Vec<String> {
    let mut names = Vec::new();
    let mut left = vec![logdir.to_path_buf()];
    while let Some(folder) = left.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap();
            if path.is_dir() {
                left.push(path);
            } else if name.contains("tfevents") {
                let run = folder.strip_prefix(logdir).unwrap();
                names.push(run.to_str().unwrap().to_owned());
            }
        }
    }
    names.sort();
    names
}

/// What a run has computed: its last weights, what it knew of every fact, its evaluations.
fn results(run: &Path) -> Vec<Vec<u8>> {
    let mut saved: Vec<PathBuf> = fs::read_dir(run.join("checkpoints"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    saved.sort();
    let weights = saved.last().unwrap().join("model.safetensors");
    let others = ["facts.parquet", "evaluations.jsonl"].map(|name| run.join(name));
    let files = [weights].into_iter().chain(others);
    files.map(|file| fs::read(file).unwrap()).collect()
}

/// What a run of the sweep, which is done, computes by itself.
fn results_alone(place: &Place, run: &Path) -> Vec<Vec<u8>> {
    let name = run.file_name().unwrap().to_str().unwrap();
    let config = format!("runs/many/configs/{name}.toml");
    place.kolmo(&train(&config, "alone")).exits(0);
    results(&place.path().join("alone"))
}

#[test]
fn a_plan_says_what_there_is_to_do_and_starts_nothing() {
    let place = place(
        "seeds = [1, 2]\n[ladder]\nwidth = [16, 32]\nreference = 16\nhead_width = 8\n\
         learning_rate = { at_reference = 1e-3, power = -1.0 }",
    );
    let plan = json(
        &place,
        &["sweep", "plan", "many.toml", "--device", "flex", "--json"],
    );
    let runs = plan["runs"].as_array().unwrap();
    assert_eq!(runs.len(), 4);
    assert_eq!(runs[0]["label"], "d_model=16 seed=1");
    assert_eq!(runs[2]["overrides"]["train.learning_rate"], 5e-4);
    assert_eq!(runs[2]["overrides"]["model.heads"], 4);
    assert!(runs[2]["parameters"].as_u64() > runs[1]["parameters"].as_u64());
    for run in runs {
        assert_eq!(run["steps"], 60);
        assert_eq!(run["state"], "pending");
        for figure in ["tokens", "flops", "memory_bytes", "disk_bytes", "seconds"] {
            assert!(run[figure].as_f64().unwrap() > 0.0, "{figure}");
        }
    }
    assert!(!place.path().join("runs").exists());
    // The table is for readers.
    let table = place.kolmo(&[
        "sweep",
        "run",
        "many.toml",
        "--dry-run",
        "--devices",
        "flex",
    ]);
    let table = table.exits(0).stdout();
    assert!(table.contains("4 of 4 runs unfinished") && table.contains("d_model=32 seed=2"));
    assert!(!place.path().join("runs").exists());
}

#[test]
fn nonsense_is_refused_before_anything_starts() {
    for (sweep, expected) in [
        ("seeds = [1, 1]", "are the same run"),
        (
            "seeds = []\n[[axes]]\nproduct = { model.layers = [1, 0] }",
            "model.layers = 0 is not possible",
        ),
        ("seed = [1]", "did you mean seeds?"),
        (
            "[[axes]]\nzip = { seed = [1, 2], model.layers = [1] }",
            "unequally many values",
        ),
        ("[set]\nmodel.d_modle = 3", "did you mean model.d_model?"),
        ("[slurm]\ndevice = 'flex; rm -r /'", "slurm.device"),
        ("[slurm]\ntime = \"1\\n#SBATCH --x\"", "slurm.time"),
        ("[slurm]\noptions = [\"--a\\nrm\"]", "slurm.options"),
    ] {
        let place = place(sweep);
        for verb in [&["plan"][..], &["run"], &["status"], &["commands"]] {
            let arguments = [&["sweep"], verb, &["many.toml"]].concat();
            place.kolmo(&arguments).exits(2).says(expected);
        }
        assert!(!place.path().join("runs").exists());
    }
    let place = place("seeds = [1]");
    place
        .kolmo(&["sweep", "plan", "base.toml"])
        .exits(2)
        .says("this is the configuration of one run, which kolmo train takes");
    place
        .kolmo(&["sweep", "run", "many.toml", "--devices", "flux"])
        .exits(2)
        .says("flux");
    place
        .kolmo(&["sweep", "run", "many.toml", "--jobs", "0"])
        .exits(2);
}

#[test]
fn the_shipped_sweeps_can_be_planned() {
    let place = Place::new();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("configs/sweeps");
    let mut count = 0;
    for file in fs::read_dir(folder).unwrap() {
        let file = file.unwrap().path();
        let file = file.to_str().unwrap();
        let plan = json(&place, &["sweep", "plan", file, "--no-benchmark", "--json"]);
        assert!(plan["runs"].as_array().unwrap().len() > 1, "{file}");
        count += 1;
    }
    assert!(count >= 2);
}
