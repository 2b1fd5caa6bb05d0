//! What this machine has left, and whether a sweep fits.

use std::path::Path;

use kolmo_run::threads;

use crate::{cost::Cost, error::SweepError, memory, plan::PlannedRun};

/// What there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Machine {
    /// Threads that compute at once: one a core, or as many as `RAYON_NUM_THREADS` says.
    pub cores: usize,
    /// Memory that processes can still have, bytes; none where the system does not say.
    pub memory: Option<u64>,
    /// Memory that a single process may have, whatever there is, bytes; none for no limit.
    pub process_memory: Option<u64>,
    /// Free bytes of the disk; none where the system does not say.
    pub disk: Option<u64>,
}

impl Machine {
    /// This machine, with the disk that `folder` is or will be on.
    pub fn this(folder: &Path) -> Self {
        Self {
            cores: threads(),
            memory: memory::left(Path::new("/")),
            process_memory: memory::limit_of_process(),
            disk: free_disk(folder),
        }
    }

    /// Whether a run that costs `cost` finds memory on a CPU, by itself, with the threads that it has.
    ///
    /// # Errors
    /// A run that needs more memory than there is.
    pub fn holds(&self, cost: &Cost, shards: usize) -> Result<(), SweepError> {
        let threads = self.cores.min(shards).max(1);
        let need = cost.memory_bytes + (threads as u64 - 1) * cost.thread_bytes;
        let name = match threads {
            1 => "the run".to_owned(),
            _ => format!("the run, with {threads} threads,"),
        };
        self.check(&name, need)
    }

    /// Whether `need` bytes are there for what is called `name`.
    fn check(&self, name: &str, need: u64) -> Result<(), SweepError> {
        let most = self.memory.into_iter().chain(self.process_memory).min();
        let Some(most) = most.filter(|most| need > *most) else {
            return Ok(());
        };
        Err(SweepError::Refused(format!(
            "{name} needs about {} of memory and there are {}: smaller train.batch_documents, or more train.shards, or fewer \
             threads (RAYON_NUM_THREADS), need less",
            bytes(need),
            bytes(most)
        )))
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
        // Those of the cores that fall to one of so many runs.
        let threads = (self.cores / most.max(1)).max(1) as u64;
        let need = |run: &PlannedRun| run.cost.memory_bytes + (threads - 1) * run.cost.thread_bytes;
        let mut sizes: Vec<&PlannedRun> = runs.to_vec();
        sizes.sort_by_key(|run| std::cmp::Reverse(need(run)));
        if let Some(run) = sizes.first() {
            self.check(&format!("run {}", run.label), run.cost.memory_bytes)?;
        }
        let Some(memory) = self.memory else {
            return Ok(most);
        };
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
            process_memory: None,
            disk: None,
        };
        assert_eq!(machine(2 * one).fit(&runs, 8).unwrap(), 2);
        // With few at once each has more threads.
        assert_eq!(machine(2 * one).fit(&runs, 2).unwrap(), 1);
        assert_eq!(machine(20 * one).fit(&runs, 2).unwrap(), 2);
        assert_eq!(machine(20 * one).fit(&runs[..1], 2).unwrap(), 2);
        let error = machine(one - 1).fit(&runs, 8).unwrap_err().to_string();
        assert!(error.contains("run seed=1 needs about"), "{error}");
        // One process may have less than there is.
        let limited = Machine {
            process_memory: Some(one - 1),
            ..machine(20 * one)
        };
        assert!(limited.fit(&runs, 2).is_err());
        let mut full = machine(20 * one);
        full.disk = Some(3 * plan.runs[0].cost.disk_bytes - 1);
        assert!(full.fit(&runs, 2).unwrap_err().to_string().contains("disk"));
    }

    #[test]
    fn a_run_by_itself_has_a_thread_for_each_shard_at_most() {
        let plan = plan("seeds = [1]").unwrap();
        let cost = &plan.runs[0].cost;
        let machine = |memory| Machine {
            cores: 8,
            memory: Some(memory),
            process_memory: None,
            disk: None,
        };
        let of_three = cost.memory_bytes + 2 * cost.thread_bytes;
        machine(of_three).holds(cost, 3).unwrap();
        let error = machine(of_three - 1).holds(cost, 3).unwrap_err();
        assert!(error.is_usage() && error.to_string().contains("with 3 threads"));
        assert!(machine(of_three).holds(cost, 20).is_err());
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
