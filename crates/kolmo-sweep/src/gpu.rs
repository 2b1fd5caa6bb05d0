//! What a run needs on a GPU, and whether a GPU has it.

use std::process::Command;

use kolmo_config::RunConfig;
use serde::Serialize;

use crate::{
    cost::{FLOAT, WorldSize},
    error::SweepError,
    machine::bytes,
    plan::PlannedRun,
};

/// What a run needs on a GPU, bytes. Counted from the tensors that a step makes; no card has been asked yet how well that meets it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct OnGpu {
    /// Memory of the GPU at its most, estimated.
    pub gpu_bytes: u64,
    /// The largest single tensor.
    pub largest_tensor_bytes: u64,
}

impl OnGpu {
    /// Of `config`, with `parameters` and as many floats of `state` in the optimiser.
    pub(crate) fn of(config: &RunConfig, parameters: u64, state: u64, size: WorldSize) -> Self {
        /// What a driver keeps for a process, and the pools of CubeCL.
        const BASE: u64 = 500 << 20;
        // A GPU has the whole batch as one shard, without the last token of a row.
        let time = size.row.saturating_sub(1).max(1);
        let positions = (config.train.batch_documents * time) as u64;
        let vocabulary = size.vocabulary as u64;
        // Logits, their exponentials and their gradient, or the one-hot rows of the embedding's gradient.
        let of_position = config.model.kept_floats() + 3 * vocabulary;
        // Values and state, before and after an update, and the gradient in parts and joined.
        let of_model = 4 * parameters + 2 * state;
        let widest = config.model.widest_floats(time).max(vocabulary);
        Self {
            gpu_bytes: BASE + FLOAT * (of_model + positions * of_position),
            largest_tensor_bytes: FLOAT * parameters.max(positions * widest),
        }
    }

    /// Whether its tensors can be, if one has at most `most` bytes.
    ///
    /// # Errors
    /// [`SweepError::Tensor`] for one that cannot.
    pub fn check(&self, name: &str, most: Option<u64>) -> Result<(), SweepError> {
        match most {
            Some(most) if self.largest_tensor_bytes > most => Err(SweepError::Tensor {
                run: name.to_owned(),
                needed: bytes(self.largest_tensor_bytes),
                most: bytes(most),
            }),
            _ => Ok(()),
        }
    }
}

/// Whether `at_once` of `runs` find memory on one GPU at the same time; any do where nobody says how much is free.
///
/// # Errors
/// [`SweepError::Refused`] if they do not.
pub fn check_jobs(
    runs: &[&PlannedRun],
    at_once: usize,
    free: Option<u64>,
) -> Result<(), SweepError> {
    let mut needs: Vec<u64> = runs.iter().map(|run| run.cost.on_gpu.gpu_bytes).collect();
    needs.sort_unstable_by(|a, b| b.cmp(a));
    let needed: u64 = needs.iter().take(at_once).sum();
    match free {
        Some(free) if needed > free => Err(SweepError::Refused(format!(
            "{at_once} runs at the same time need about {} of a GPU, by an estimate, and it has {} left: fewer --jobs, or smaller \
             train.batch_documents",
            bytes(needed),
            bytes(free)
        ))),
        _ => Ok(()),
    }
}

/// Free memory of the fullest of NVIDIA's GPUs, bytes; none where `nvidia-smi` does not say. Other drivers are not asked.
pub fn free() -> Option<u64> {
    let asked = Command::new("nvidia-smi")
        .args(["--query-gpu=memory.free", "--format=csv,noheader,nounits"])
        .output();
    let output = asked.ok().filter(|output| output.status.success())?;
    least(&String::from_utf8_lossy(&output.stdout))
}

/// The least of lines of mebibytes, bytes.
fn least(lines: &str) -> Option<u64> {
    let free = lines.lines().map(|line| line.trim().parse::<u64>().ok());
    let free: Option<Vec<u64>> = free.collect();
    free?.into_iter().min().map(|mebibytes| mebibytes << 20)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{cost::Cost, plan::tests::plan};

    fn cost(changes: &[String]) -> Cost {
        let (config, world) = RunConfig::load("", changes).unwrap();
        Cost::of(&config, WorldSize::of(&world))
    }

    #[test]
    fn a_tensor_that_no_buffer_holds_is_refused_before_anything_starts() {
        let cost_of_all = |documents: usize| cost(&[format!("train.batch_documents={documents}")]);
        let usual = cost_of_all(256).on_gpu;
        usual.check("the run", Some(2 << 30)).unwrap();
        // A batch that is so many times larger has logits that are, too.
        let large = cost_of_all(1 << 18).on_gpu;
        assert_eq!(large.largest_tensor_bytes, usual.largest_tensor_bytes << 10);
        let error = large.check("the run", Some(2 << 30)).unwrap_err();
        assert!(matches!(error, SweepError::Tensor { .. }), "{error}");
        assert!(error.is_usage());
        large.check("the run", None).unwrap();
    }

    #[test]
    fn runs_at_once_are_refused_where_a_gpu_does_not_hold_them() {
        let plan = plan("seeds = [1, 2, 3]").unwrap();
        let runs: Vec<&PlannedRun> = plan.runs.iter().collect();
        let mut needs: Vec<u64> = runs.iter().map(|run| run.cost.on_gpu.gpu_bytes).collect();
        needs.sort_unstable();
        let two: u64 = needs.iter().rev().take(2).sum();
        check_jobs(&runs, 2, Some(two)).unwrap();
        check_jobs(&runs, 2, None).unwrap();
        let error = check_jobs(&runs, 2, Some(two - 1)).unwrap_err().to_string();
        assert!(error.contains("--jobs"), "{error}");
    }

    #[test]
    fn what_a_driver_says_is_read_as_mebibytes() {
        assert_eq!(least("80000\n 512 \n"), Some(512 << 20));
        assert_eq!(least(""), None);
        assert_eq!(least("[Not Supported]\n80000\n"), None);
    }
}
