//! What this machine has left, and whether a sweep fits.

use std::{fs, path::Path, thread};

use crate::{error::SweepError, plan::PlannedRun};

/// What there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Machine {
    /// Threads that run at once.
    pub cores: usize,
    /// Memory that processes can still have, bytes; none where the system does not say.
    pub memory: Option<u64>,
    /// Free bytes of the disk; none where the system does not say.
    pub disk: Option<u64>,
}

impl Machine {
    /// This machine, with the disk that `folder` is or will be on.
    pub fn this(folder: &Path) -> Self {
        let text = fs::read_to_string("/proc/meminfo").unwrap_or_default();
        let free = text.lines().find_map(|line| {
            let size = line.strip_prefix("MemAvailable:")?.trim();
            let kibibytes: u64 = size.strip_suffix("kB")?.trim().parse().ok()?;
            Some(kibibytes << 10)
        });
        Self {
            cores: thread::available_parallelism().map_or(1, usize::from),
            memory: free.into_iter().chain(left_to_group()).min(),
            disk: free_disk(folder),
        }
    }

    /// How many of `runs` can be at work at the same time on CPUs, at most `most`.
    ///
    /// # Errors
    /// A run that needs more memory than there is, or runs that together fill the disk.
    pub fn fit(&self, runs: &[&PlannedRun], most: usize) -> Result<usize, SweepError> {
        let disk: u64 = runs.iter().map(|run| run.cost.disk_bytes).sum();
        if let Some(free) = self.disk.filter(|free| disk > *free) {
            let problem = format!(
                "the runs would take {} on a disk with {} left: lower checkpoint.keep_last, or choose another --dir",
                bytes(disk),
                bytes(free)
            );
            return Err(SweepError::Refused(problem));
        }
        let Some(memory) = self.memory else {
            return Ok(most);
        };
        // Those of the cores that fall to one of so many runs.
        let threads = (self.cores / most.max(1)).max(1) as u64;
        let need = |run: &PlannedRun| run.cost.memory_bytes + (threads - 1) * run.cost.thread_bytes;
        let mut sizes: Vec<&PlannedRun> = runs.to_vec();
        sizes.sort_by_key(|run| std::cmp::Reverse(need(run)));
        if let Some(run) = sizes.first().filter(|run| run.cost.memory_bytes > memory) {
            let problem = format!(
                "run {} needs about {} of memory and there are {}: smaller train.batch_documents, or more train.shards, need less",
                run.label,
                bytes(run.cost.memory_bytes),
                bytes(memory)
            );
            return Err(SweepError::Refused(problem));
        }
        let mut needed = 0;
        let fits = sizes.iter().take_while(|run| {
            needed += need(run);
            needed <= memory
        });
        Ok(match fits.count() {
            all if all == runs.len() => most,
            some => some.clamp(1, most.max(1)),
        })
    }
}

/// Memory that the control group of this process, such as a container, can still have, if it is limited.
fn left_to_group() -> Option<u64> {
    let read = |name: &str| -> Option<u64> {
        let text = fs::read_to_string(Path::new("/sys/fs/cgroup").join(name)).ok()?;
        text.trim().parse().ok()
    };
    Some(read("memory.max")?.saturating_sub(read("memory.current")?))
}

/// 3.2 GB.
pub fn bytes(count: u64) -> String {
    let mut value = count as f64;
    for unit in ["B", "kB", "MB", "GB", "TB"] {
        if value < 1000.0 {
            let digits = usize::from(value < 10.0 && unit != "B");
            return format!("{value:.digits$} {unit}");
        }
        value /= 1000.0;
    }
    format!("{value:.0} PB")
}

#[cfg(unix)]
fn free_disk(folder: &Path) -> Option<u64> {
    let there = std::path::absolute(folder).ok()?;
    let there = there.ancestors().find(|folder| folder.is_dir())?;
    let disk = rustix::fs::statvfs(there).ok()?;
    Some(disk.f_bavail.saturating_mul(disk.f_frsize))
}

#[cfg(not(unix))]
fn free_disk(_folder: &Path) -> Option<u64> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::tests::plan;

    #[test]
    fn runs_at_once_are_as_many_as_memory_holds() {
        let plan = plan("seeds = [1, 2, 3]").unwrap();
        let runs: Vec<&PlannedRun> = plan.runs.iter().collect();
        let one = plan.runs[0].cost.memory_bytes;
        let machine = |memory| Machine {
            cores: 8,
            memory: Some(memory),
            disk: None,
        };
        assert_eq!(machine(2 * one).fit(&runs, 8).unwrap(), 2);
        // With few at once each has more threads.
        assert_eq!(machine(2 * one).fit(&runs, 2).unwrap(), 1);
        assert_eq!(machine(20 * one).fit(&runs, 2).unwrap(), 2);
        assert_eq!(machine(20 * one).fit(&runs[..1], 2).unwrap(), 2);
        let error = machine(one - 1).fit(&runs, 8).unwrap_err().to_string();
        assert!(error.contains("run seed=1 needs about"), "{error}");
        let mut full = machine(20 * one);
        full.disk = Some(3 * plan.runs[0].cost.disk_bytes - 1);
        assert!(full.fit(&runs, 2).unwrap_err().to_string().contains("disk"));
    }

    #[test]
    fn this_machine_has_something() {
        let machine = Machine::this(Path::new("no/such/folder"));
        assert!(machine.cores >= 1);
        if cfg!(target_os = "linux") {
            assert!(machine.memory > Some(0) && machine.disk > Some(0));
        }
    }

    #[test]
    fn sizes_have_units() {
        for (count, text) in [
            (0, "0 B"),
            (999, "999 B"),
            (1500, "1.5 kB"),
            (32_000_000, "32 MB"),
        ] {
            assert_eq!(bytes(count), text);
        }
    }
}
