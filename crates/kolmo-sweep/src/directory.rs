//! The folder of a sweep.
//!
//! | path | what it is |
//! | --- | --- |
//! | `sweep.toml` | the sweep file as it was planned last |
//! | `plan.json` | where that is, and which runs it plans, see [`Planned`] |
//! | `configs/ID.toml` | the configuration of a run |
//! | `runs/ID/` | its run directory |
//! | `logs/ID.log` | what it said |
//! | `logs/ID.exit` | the exit code of its last attempt, if that failed |
//! | `tensorboard/LABEL` | links to the event files of the runs, by what sets them apart |
//! | `slurm/` | job scripts |
//! | `summary/` | the figures of all runs, side by side |

use std::{
    collections::HashMap,
    fs, io,
    path::{self, Path, PathBuf},
};

use kolmo_config::RunConfig;
use kolmo_run::{Error, RunDirectory, atomic};

use crate::{
    error::SweepError,
    plan::{Plan, PlannedRun},
    planned::Planned,
};

/// The folder of one sweep. It names the places.
#[derive(Debug, Clone)]
pub struct SweepDirectory {
    root: PathBuf,
}

impl SweepDirectory {
    /// The folder `root`, whether it is there or not.
    pub fn at(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    /// The same folder from wherever a command is run.
    ///
    /// # Errors
    /// A current folder that is not there any more.
    pub fn absolute(&self) -> Result<Self, SweepError> {
        let root = path::absolute(&self.root).map_err(Error::io("find", &self.root))?;
        Ok(Self { root })
    }

    /// The folder itself.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The folder of the sweep called `name` that is beside this one.
    pub fn beside(&self, name: &str) -> Self {
        let parent = self.root.parent().unwrap_or(Path::new(""));
        Self::at(parent.join(name))
    }

    /// The sweep file as it was planned last.
    pub fn sweep(&self) -> PathBuf {
        self.root.join("sweep.toml")
    }

    /// What was planned last.
    pub fn plan(&self) -> PathBuf {
        self.root.join("plan.json")
    }

    /// The run directories, those that are not planned any more among them.
    pub fn runs(&self) -> PathBuf {
        self.root.join("runs")
    }

    /// The configuration of the run called `id`.
    pub fn config(&self, id: &str) -> PathBuf {
        self.root.join("configs").join(format!("{id}.toml"))
    }

    /// The run directory of the run called `id`.
    pub fn run(&self, id: &str) -> RunDirectory {
        RunDirectory::at(self.runs().join(id))
    }

    /// What the run called `id` said.
    pub fn log(&self, id: &str) -> PathBuf {
        self.root.join("logs").join(format!("{id}.log"))
    }

    /// The exit code of its last attempt.
    pub fn exit(&self, id: &str) -> PathBuf {
        self.root.join("logs").join(format!("{id}.exit"))
    }

    /// Job scripts.
    pub fn slurm(&self) -> PathBuf {
        self.root.join("slurm")
    }

    /// Figures of all runs.
    pub fn summary(&self) -> PathBuf {
        self.root.join("summary")
    }

    /// Makes the folder.
    ///
    /// # Errors
    /// A folder that cannot be made.
    pub fn create(&self) -> Result<(), SweepError> {
        for folder in ["configs", "runs", "logs", TENSORBOARD] {
            let folder = self.root.join(folder);
            fs::create_dir_all(&folder).map_err(Error::io("create the folder", &folder))?;
        }
        Ok(())
    }

    /// Makes the folder and writes what the runs of `plan` need, which are what it is for from now on. Runs that are there stay.
    ///
    /// # Errors
    /// A folder or a file that cannot be made.
    pub fn prepare(&self, plan: &Plan) -> Result<(), SweepError> {
        self.create()?;
        for run in &plan.runs {
            let path = self.config(&run.id);
            let text = run.config.to_toml()?;
            match fs::read_to_string(&path) {
                Ok(there) if there == text => {}
                Ok(there) => write_if_new(&path, &with_kept(run, &there)?)?,
                Err(_) => write_if_new(&path, &text)?,
            }
        }
        self.link(plan);
        write_if_new(&self.sweep(), &plan.text)?;
        Planned::of(plan).write(self)
    }

    /// A name that a reader knows for the event files of each run of `plan`, in place of those that were there for runs. A view of
    /// other files: if the file system has no links, there is none.
    fn link(&self, plan: &Plan) {
        let folder = self.root.join(TENSORBOARD);
        let wanted = plan
            .runs
            .iter()
            .map(|run| (folder.join(link_name(run)), events(&run.id)));
        let mut wanted: HashMap<PathBuf, PathBuf> = wanted.collect();
        for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
            let link = entry.path();
            let Ok(target) = fs::read_link(&link) else {
                continue;
            };
            if wanted.get(&link) == Some(&target) {
                wanted.remove(&link);
            } else if is_of_a_run(&target) {
                let _ = fs::remove_file(&link);
            }
        }
        #[cfg(unix)]
        for (link, target) in wanted {
            let _ = std::os::unix::fs::symlink(target, link);
        }
    }
}

/// What the link to the event files of `run` is called.
fn link_name(run: &PlannedRun) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "=._-".contains(c);
    let label = run.label.chars().map(|c| if plain(c) { c } else { ',' });
    let label: String = label.take(100).collect();
    format!("{label},{}", run.id)
}

/// Where a link to the event files of the run called `id` leads.
fn events(id: &str) -> PathBuf {
    Path::new("../runs").join(id).join("tensorboard")
}

/// Whether a link leads to the event files of a run, planned or not.
fn is_of_a_run(target: &Path) -> bool {
    let name = target.parent().and_then(Path::file_name);
    name.and_then(|name| name.to_str())
        .is_some_and(|id| target == events(id))
}

const TENSORBOARD: &str = "tensorboard";

/// The configuration of `run`, which keeps its checkpoints also where that in the text `there` does: other runs, of
/// another sweep file, may leave it there.
fn with_kept(run: &PlannedRun, there: &str) -> Result<String, SweepError> {
    let mut config = run.config.clone();
    if let Ok(there) = RunConfig::parse(there, &[]) {
        let kept = &mut config.checkpoint.keep_at;
        kept.extend(there.checkpoint.keep_at);
        kept.sort_unstable();
        kept.dedup();
    }
    Ok(config.to_toml()?)
}

/// Writes `text` to `path` if that holds anything else.
pub(crate) fn write_if_new(path: &Path, text: &str) -> Result<(), SweepError> {
    match fs::read(path) {
        Ok(there) if there == text.as_bytes() => Ok(()),
        Ok(_) => Ok(atomic::write_bytes(path, text.as_bytes())?),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            // Nobody relies on it yet, so it need not be forced to the disk; half of it is replaced by the next plan.
            Ok(fs::write(path, text).map_err(Error::io("write", path))?)
        }
        Err(error) => Err(Error::io("read", path)(error).into()),
    }
}
