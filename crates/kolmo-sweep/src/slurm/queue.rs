//! What is asked of a Slurm that is there.

use std::{
    collections::HashMap,
    process::{Command, Stdio},
};

use super::Array;
use crate::error::SweepError;

/// The largest array of a Slurm whose configuration does not say another.
pub(super) const MAX_ARRAY_SIZE: usize = 1001;

/// The Slurm of this machine: `sbatch`, `squeue` and `scontrol` on the path.
#[derive(Debug, Clone, Copy, Default)]
pub struct Queue;

impl Queue {
    /// The largest number of elements of an array.
    pub(super) fn max_array_size(&self) -> Result<usize, SweepError> {
        let said = ask("scontrol", &["show", "config"])?;
        let mut sizes = said.lines().filter_map(|line| {
            let (key, value) = line.split_once('=')?;
            (key.trim() == "MaxArraySize").then(|| value.trim().parse().ok())?
        });
        // An array of no elements is what a Slurm without arrays says.
        Ok(sizes.next().unwrap_or(MAX_ARRAY_SIZE).max(1))
    }

    /// The runs of `arrays` that wait or run, with their jobs.
    pub(super) fn queued(&self, arrays: &[Array]) -> Result<HashMap<String, u64>, SweepError> {
        let numbers: Vec<String> = arrays
            .iter()
            .filter_map(|array| Some(array.job?.to_string()))
            .collect();
        if numbers.is_empty() {
            return Ok(HashMap::new());
        }
        let numbers = numbers.join(",");
        // One line an element, `JOB_INDEX`.
        let arguments = ["--noheader", "--array", "--format=%i", "--jobs", &numbers];
        let said = match ask("squeue", &arguments) {
            Err(SweepError::Program { reason, .. }) if reason.contains("Invalid job id") => {
                return Ok(HashMap::new());
            }
            said => said?,
        };
        let elements = said.lines().filter_map(|line| {
            let (job, index) = line.trim().split_once('_')?;
            let (job, index): (u64, usize) = (job.parse().ok()?, index.parse().ok()?);
            let array = arrays.iter().find(|array| array.job == Some(job))?;
            Some((array.runs.get(index)?.clone(), job))
        });
        Ok(elements.collect())
    }

    /// Submits a job, and gives its number.
    pub(super) fn submit(&self, arguments: &[String]) -> Result<u64, SweepError> {
        let mut all = vec!["--parsable"];
        all.extend(arguments.iter().map(String::as_str));
        let said = ask("sbatch", &all)?;
        // On a cluster of clusters `NUMBER;CLUSTER`.
        let number = said.trim().split(';').next().unwrap_or_default();
        number.parse().map_err(|_| SweepError::Program {
            program: "sbatch".to_owned(),
            reason: format!(
                "it should give the number of a job, and said {:?}",
                said.trim()
            ),
        })
    }
}

fn ask(program: &str, arguments: &[&str]) -> Result<String, SweepError> {
    let mut command = Command::new(program);
    let output = command.args(arguments).stdin(Stdio::null()).output();
    let output = output.map_err(|error| SweepError::Start {
        program: program.to_owned(),
        reason: format!("{error}; it belongs to Slurm, which is to be on the path"),
    })?;
    if !output.status.success() {
        return Err(SweepError::Program {
            program: program.to_owned(),
            reason: String::from_utf8_lossy(&output.stderr).trim().to_owned(),
        });
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}
