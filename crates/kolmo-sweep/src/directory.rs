//! The folder of a sweep.
//!
//! | path | what it is |
//! | --- | --- |
//! | `sweep.toml` | the sweep file as it was planned last |
//! | `plan.json` | where that is, and which runs it plans, see [`Planned`] |
//! | `configs/ID.toml` | the configuration of a run |
//! | `runs/ID/` | its run directory, with the event files in `tensorboard/LABEL,ID`: by what sets the run apart |
//! | `logs/ID.log` | what it said |
//! | `logs/ID.exit` | the exit code of its last attempt, if that failed |
//! | `slurm/` | job scripts |
//! | `summary/` | the figures of all runs, side by side |

use std::{
    collections::HashSet,
    fs,
    io::{self, Write},
    path::{self, Path, PathBuf},
};

use kolmo_config::RunConfig;
use kolmo_run::{
    Error, Lock, RunDirectory, atomic,
    files::{self, LARGEST_RECORD},
    is_missing, is_there,
};

use crate::{
    error::SweepError,
    plan::{DIGITS, Plan, PlannedRun},
    planned::Planned,
    summary,
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
        self.root.join(CONFIGS).join(format!("{id}.toml"))
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

    /// Whether a sweep was planned here: `configs/` has a configuration called by its own hash, as
    /// [`prepare`](Self::prepare) writes them before all else.
    ///
    /// # Errors
    /// A folder that cannot be read.
    pub fn is_ours(&self) -> Result<bool, SweepError> {
        let folder = self.root.join(CONFIGS);
        let entries = match fs::read_dir(&folder) {
            Err(error) if is_missing(&error) => return Ok(false),
            listed => listed.map_err(Error::io("list", &folder))?,
        };
        for entry in entries {
            if is_called_by_its_hash(&entry.map_err(Error::io("list", &folder))?.path()) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// That nothing is replaced of a folder that is no sweep's.
    fn check(&self, plan: &Plan) -> Result<(), SweepError> {
        if self.is_ours()? {
            return Ok(());
        }
        Lock::check_free(&self.root)?;
        let path = self.plan();
        if is_there(&path)? {
            let reason = NOT_OURS;
            return Err(Error::InTheWay { path, reason }.into());
        }
        let path = self.sweep();
        match files::read(&path, LARGEST_RECORD) {
            // It may be the very file that was planned.
            Ok(there) if there == plan.text.as_bytes() => {}
            Err(error) if is_missing(&error) => {}
            Err(error) if error.kind() != io::ErrorKind::IsADirectory => {
                return Err(Error::io("read", &path)(error).into());
            }
            Ok(_) | Err(_) => {
                let reason = NOT_OURS;
                return Err(Error::InTheWay { path, reason }.into());
            }
        }
        summary::check(self)
    }

    /// Makes the folder for the runs of `plan`.
    ///
    /// # Errors
    /// A file of somebody else that is in the way, before anything is made; a folder that cannot be made.
    pub fn create(&self, plan: &Plan) -> Result<(), SweepError> {
        self.check(plan)?;
        for folder in [CONFIGS, "runs", "logs"] {
            let folder = self.root.join(folder);
            fs::create_dir_all(&folder).map_err(Error::io("create the folder", &folder))?;
        }
        Ok(())
    }

    /// Makes the folder and writes what the runs of `plan` need, which are what it is for from now on. Runs that are there stay.
    ///
    /// # Errors
    /// Those of [`create`](Self::create); a file that cannot be made.
    pub fn prepare(&self, plan: &Plan) -> Result<(), SweepError> {
        self.create(plan)?;
        for run in &plan.runs {
            let path = self.config(&run.id);
            let text = run.config.to_toml()?;
            match files::read_text(&path) {
                Ok(there) if there == text => {}
                Ok(there) => write_if_new(&path, &with_kept(run, &there)?)?,
                Err(_) => write_if_new(&path, &text)?,
            }
        }
        self.name_curves(plan);
        write_if_new(&self.sweep(), &plan.text)?;
        Planned::of(plan).write(self)
    }

    /// Gives the curves of each run of `plan` the name of what sets it apart, and those of runs that are not planned one that
    /// says so. A view of other files: where that does not work, TensorBoard shows hashes.
    fn name_curves(&self, plan: &Plan) {
        for run in &plan.runs {
            let _ = self.run(&run.id).name_curves(&curves_name(run));
        }
        let planned: HashSet<&str> = plan.runs.iter().map(|run| run.id.as_str()).collect();
        for entry in fs::read_dir(self.runs()).into_iter().flatten().flatten() {
            let name = entry.file_name();
            let others = name.to_str().filter(|name| !planned.contains(name));
            if let Some(run) = others.map(|name| self.run(name))
                && run.curves() != run.tensorboard()
            {
                let _ = run.name_curves(NOT_PLANNED);
            }
        }
        self.remove_links();
    }

    /// Removes what showed each run a second time: earlier builds made links to the event files, and TensorBoard follows them.
    fn remove_links(&self) {
        let folder = self.root.join(TENSORBOARD);
        for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
            let link = entry.path();
            if fs::read_link(&link).is_ok_and(|target| is_of_a_run(&target)) {
                let _ = fs::remove_file(&link);
            }
        }
        // What somebody else has in it stays.
        let _ = fs::remove_dir(&folder);
    }
}

const CONFIGS: &str = "configs";

/// What the curves of a run are called that is not planned any more.
const NOT_PLANNED: &str = "not_planned";

/// What the curves of `run` are called.
fn curves_name(run: &PlannedRun) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "=._-".contains(c);
    let label = run.label.chars().map(|c| if plain(c) { c } else { ',' });
    label.take(100).collect()
}

/// Whether a link leads to the event files of a run, planned or not.
fn is_of_a_run(target: &Path) -> bool {
    let name = target.parent().and_then(Path::file_name);
    name.is_some_and(|id| target == Path::new("../runs").join(id).join(TENSORBOARD))
}

const TENSORBOARD: &str = "tensorboard";

const NOT_OURS: &str = "no sweep of kolmo wrote it";

/// Whether `path` is a configuration that has the name of its run.
fn is_called_by_its_hash(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str());
    let Some(id) = name.and_then(|name| name.strip_suffix(".toml")) else {
        return false;
    };
    // Only such files are opened.
    if id.len() != DIGITS || !id.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        return false;
    }
    let config = files::read_text(path).ok();
    let config = config.and_then(|text| RunConfig::parse(&text, &[]).ok());
    let identity = config.and_then(|config| config.identity().ok());
    identity.is_some_and(|identity| identity.starts_with(id))
}

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
    match files::read(path, LARGEST_RECORD) {
        Ok(there) if there == text.as_bytes() => Ok(()),
        Ok(_) => Ok(atomic::write_bytes(path, text.as_bytes())?),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            // Nobody relies on it yet, so it need not be forced to the disk; half of it is replaced by the next plan.
            let written = files::create(path).and_then(|mut file| file.write_all(text.as_bytes()));
            Ok(written.map_err(Error::io("write", path))?)
        }
        Err(error) => Err(Error::io("read", path)(error).into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A folder with the plan of a sweep of two runs in it, and the folder of that sweep.
    fn planned() -> (tempfile::TempDir, Plan, SweepDirectory) {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("base.toml"), "").unwrap();
        let path = folder.path().join("many.toml");
        fs::write(&path, "base = 'base.toml'\nseeds = [1, 2]").unwrap();
        let plan = Plan::read(&path, &[]).unwrap();
        let directory = SweepDirectory::at(folder.path().join("many"));
        (folder, plan, directory)
    }

    #[test]
    fn a_folder_is_a_sweeps_once_it_has_a_configuration_called_by_its_hash() {
        let (_folder, plan, directory) = planned();
        assert!(!directory.is_ours().unwrap());
        directory.create(&plan).unwrap();
        assert!(!directory.is_ours().unwrap(), "empty folders are anybody's");
        directory.prepare(&plan).unwrap();
        assert!(directory.is_ours().unwrap());
        // Another one of that length is no hash, nor is a file that is no configuration.
        fs::remove_file(directory.config(&plan.runs[1].id)).unwrap();
        fs::rename(
            directory.config(&plan.runs[0].id),
            directory.config("0123456789ab"),
        )
        .unwrap();
        fs::write(directory.config(&plan.runs[1].id), "mine").unwrap();
        assert!(!directory.is_ours().unwrap());
    }

    #[test]
    fn a_sweep_file_is_replaced_in_the_folder_of_a_sweep_alone() {
        let (_folder, mut plan, directory) = planned();
        let path = directory.sweep();
        fs::create_dir(directory.root()).unwrap();
        fs::write(&path, "base = 'mine.toml'").unwrap();
        let error = directory.prepare(&plan).unwrap_err();
        assert!(error.is_usage(), "{error}");
        assert!(error.to_string().contains("sweep.toml"), "{error}");
        assert_eq!(fs::read_dir(directory.root()).unwrap().count(), 1);
        // The file that is planned may be there already.
        fs::write(&path, &plan.text).unwrap();
        directory.prepare(&plan).unwrap();
        plan.text.push('\n');
        directory.prepare(&plan).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), plan.text);
    }
}
