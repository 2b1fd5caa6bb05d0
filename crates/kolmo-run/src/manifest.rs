//! `manifest.json`: where the figures of a run come from.

use std::fs;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::directory::{RunDirectory, write_json};
use crate::error::{Error, Result};

/// How a run stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunState {
    /// Begun, and not ended: at work, or stopped and to be resumed.
    Running,
    /// Ended as planned.
    Done,
    /// Ended because the loss exploded or was no number.
    Diverged,
    /// Ended by an error.
    Failed,
}

/// What a run was made with. Written when it starts and again when it ends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// The version of kolmo.
    pub kolmo_version: String,
    /// The revision of the source, if it was built from a checkout.
    pub git_revision: Option<String>,
    /// The device that trained, as `--device` names it.
    pub device: String,
    /// The graphics adapter as its driver names itself, where there is one.
    pub adapter: Option<String>,
    /// The cargo features of the backend that were compiled in.
    pub backend_features: Vec<String>,
    /// Threads of the CPU backends: `RAYON_NUM_THREADS`, or as many as the machine runs at once.
    pub threads: usize,
    /// The seed of the run.
    pub seed: u64,
    /// The command as it was typed, the program first.
    pub command_line: Vec<String>,
    /// How many parameters the model has.
    pub parameters: u64,
    /// When the run started: RFC 3339, UTC.
    pub started: String,
    /// When it ended: RFC 3339, UTC. `None` while it runs.
    pub ended: Option<String>,
    /// How it stands.
    pub state: RunState,
}

impl Manifest {
    /// The time now, as [`started`](Self::started) and [`ended`](Self::ended) have it: RFC 3339,
    /// UTC, whole seconds.
    pub fn now() -> String {
        format!("{:.0}", Timestamp::now())
    }

    /// Writes `manifest.json`, atomically.
    ///
    /// # Errors
    /// [`Error::Io`] if the file cannot be written.
    pub fn write(&self, run: &RunDirectory) -> Result<()> {
        write_json(&run.manifest(), self)
    }

    /// Reads `manifest.json`.
    ///
    /// # Errors
    /// [`Error::Io`] if it is missing or unreadable, [`Error::Json`] if it is no manifest.
    pub fn read(run: &RunDirectory) -> Result<Self> {
        let path = run.manifest();
        let bytes = fs::read(&path).map_err(Error::io("read", &path))?;
        serde_json::from_slice(&bytes).map_err(|source| Error::Json { path, source })
    }

    /// Sets the state, and the end to now; [`RunState::Running`] takes the end back. Writes
    /// nothing: call [`write`](Self::write) after it.
    pub fn finish(&mut self, state: RunState) {
        self.state = state;
        self.ended = match state {
            RunState::Running => None,
            RunState::Done | RunState::Diverged | RunState::Failed => Some(Self::now()),
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest() -> Manifest {
        Manifest {
            kolmo_version: "0.1.0".into(),
            git_revision: None,
            device: "flex".into(),
            adapter: None,
            backend_features: vec!["wgpu".into()],
            threads: 2,
            seed: 1,
            command_line: vec!["kolmo".into(), "train".into(), "a.toml".into()],
            parameters: 229_376,
            started: Manifest::now(),
            ended: None,
            state: RunState::Running,
        }
    }

    #[test]
    fn it_reads_back_what_it_wrote() {
        let folder = tempfile::tempdir().unwrap();
        let run = RunDirectory::open_or_create(folder.path()).unwrap();
        let mut written = manifest();
        written.write(&run).unwrap();
        assert_eq!(Manifest::read(&run).unwrap(), written);

        written.finish(RunState::Diverged);
        written.write(&run).unwrap();
        let read = Manifest::read(&run).unwrap();
        assert_eq!(read, written);
        assert!(
            fs::read_to_string(run.manifest())
                .unwrap()
                .contains("\"diverged\"")
        );
    }

    #[test]
    fn the_times_are_rfc_3339_in_utc_and_in_order() {
        let mut manifest = manifest();
        manifest.finish(RunState::Done);
        let ended = manifest.ended.clone().unwrap();
        assert!(
            ended.ends_with('Z') && ended.len() == "2026-01-01T00:00:00Z".len(),
            "{ended}"
        );
        let started: Timestamp = manifest.started.parse().unwrap();
        assert!(started <= ended.parse().unwrap());
        manifest.finish(RunState::Running);
        assert_eq!(manifest.ended, None);
    }

    #[test]
    fn a_damaged_manifest_is_an_error_with_its_path() {
        let folder = tempfile::tempdir().unwrap();
        let run = RunDirectory::open_or_create(folder.path()).unwrap();
        assert!(matches!(
            Manifest::read(&run),
            Err(Error::Io { action: "read", .. })
        ));
        fs::write(run.manifest(), "{\"seed\": 1").unwrap();
        let error = Manifest::read(&run).unwrap_err();
        assert!(error.to_string().contains("manifest.json"), "{error}");
    }
}
