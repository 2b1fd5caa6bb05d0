//! How runs are packed onto a machine: so many at once, each with so many threads on a device.

use std::{panic::resume_unwind, process::Stdio, thread};

use kolmo_config::RunConfig;
use serde::{Deserialize, Serialize};

use crate::{commands::Trainer, cost::Cost, error::SweepError};

/// Places for runs at the same time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Packing {
    /// The device of each place.
    pub slots: Vec<String>,
    /// Threads of the machine, which the places share.
    pub cores: usize,
}

impl Packing {
    /// `jobs` places on `devices`, in turn.
    pub fn new(devices: &[String], jobs: usize, cores: usize) -> Self {
        let devices = devices.iter().cycle().take(jobs.max(1));
        Self {
            slots: devices.cloned().collect(),
            cores: cores.max(1),
        }
    }

    /// Threads for a run that begins when so many are at work or wait, itself counted: all cores are busy to the end.
    pub fn threads(&self, unfinished: usize) -> usize {
        (self.cores / self.slots.len().min(unfinished.max(1))).max(1)
    }
}

/// What `kolmo bench train --json` says.
#[derive(Debug, Deserialize)]
struct Benchmark {
    tokens_per_s: f64,
}

/// How fast `jobs` runs like `config` train at the same time, each with `threads` threads: tokens/s of all together,
/// measured in about `seconds`.
///
/// # Errors
/// A benchmark that does not start or fails.
pub fn measure(
    trainer: &Trainer,
    config: &RunConfig,
    cost: &Cost,
    device: &str,
    (jobs, threads): (usize, usize),
    seconds: f64,
) -> Result<f64, SweepError> {
    let model = toml::Value::try_from(&config.model);
    let model = model.map_err(|error| SweepError::Refused(error.to_string()))?;
    let seq = (cost.document_tokens.round() as usize).max(1);
    let flags = [
        ("--model", model.to_string()),
        ("--batch", config.train.batch_documents.to_string()),
        ("--seq", seq.to_string()),
        ("--vocab", cost.vocabulary.to_string()),
        ("--shards", config.train.shards.to_string()),
        ("--threads", threads.to_string()),
        ("--device", device.to_owned()),
        ("--steps", "1000000".to_owned()),
        ("--seconds", seconds.to_string()),
    ];
    let one = || -> Result<f64, SweepError> {
        let mut command = trainer.command();
        command.args(["bench", "train", "--json"]);
        for (flag, value) in &flags {
            command.args([flag, value.as_str()]);
        }
        command.args(&trainer.arguments).stdin(Stdio::null());
        let program = "kolmo bench train";
        let output = command.output().map_err(|error| SweepError::Start {
            program: program.to_owned(),
            reason: error.to_string(),
        })?;
        let said: Option<Benchmark> = serde_json::from_slice(&output.stdout).ok();
        said.map(|said| said.tokens_per_s)
            .ok_or_else(|| SweepError::Program {
                program: program.to_owned(),
                reason: String::from_utf8_lossy(&output.stderr).trim().to_owned(),
            })
    };
    thread::scope(|scope| {
        let begin = |_| thread::Builder::new().spawn_scoped(scope, one);
        let all: Vec<_> = (0..jobs).map(begin).collect();
        let rates = all.into_iter().map(|one| match one {
            Ok(one) => one.join().unwrap_or_else(|panic| resume_unwind(panic)),
            Err(error) => Err(SweepError::Start {
                program: "a thread".to_owned(),
                reason: error.to_string(),
            }),
        });
        rates.sum()
    })
}

/// Ways to share `cores` cores among at most `most` runs: (runs, threads of each).
pub fn candidates(cores: usize, most: usize) -> Vec<(usize, usize)> {
    let mut jobs = cores.min(most).max(1);
    let mut all = vec![(jobs, cores / jobs)];
    while jobs > 1 {
        jobs /= 2;
        all.push((jobs, cores / jobs));
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_take_devices_in_turn_and_share_the_cores() {
        let devices = ["vulkan:0".to_owned(), "vulkan:1".to_owned()];
        let packing = Packing::new(&devices, 3, 8);
        assert_eq!(packing.slots, ["vulkan:0", "vulkan:1", "vulkan:0"]);
        let threads: Vec<usize> = [10, 3, 2, 1].map(|n| packing.threads(n)).into();
        assert_eq!(threads, [2, 2, 4, 8]);
        assert_eq!(Packing::new(&devices, 4, 2).threads(9), 1);
    }

    #[test]
    fn every_way_to_share_uses_the_cores_that_it_can() {
        assert_eq!(candidates(2, 8), [(2, 1), (1, 2)]);
        assert_eq!(candidates(2, 1), [(1, 2)]);
        assert_eq!(candidates(16, 5), [(5, 3), (2, 8), (1, 16)]);
        assert_eq!(candidates(1, 3), [(1, 1)]);
    }
}
