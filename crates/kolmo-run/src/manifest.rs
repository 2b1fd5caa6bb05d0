//! `manifest.json`: where the figures of a run come from.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::directory::{RunDirectory, write_json};
use crate::error::{Error, Result};
use crate::files::{self, LARGEST_RECORD};
use crate::ownership::Mark;

/// The format of a run directory that this build writes. It reads all up to that; 0 are runs of builds that noted none.
///
/// It rises with whatever an older build would read as something else than it is.
pub const FORMAT: u64 = 1;

/// How a run stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunState {
    /// At work, or killed.
    Running,
    /// Stopped on request, to be resumed.
    Stopped,
    /// Ended as planned.
    Done,
    /// Ended because the loss exploded or was no number.
    Diverged,
    /// Ended by an error.
    Failed,
}

/// Where the figures of a run come from. Written when a process takes the run up and again when it lets it
/// go.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// The [`FORMAT`] of the build that worked on the run last; 0 if it noted none.
    #[serde(default)]
    pub format: u64,
    /// What is at work on the run, or was last.
    #[serde(flatten)]
    pub provenance: Provenance,
    /// The seed of the run.
    #[serde(with = "crate::exact")]
    pub seed: u64,
    /// How many parameters the model has.
    pub parameters: u64,
    /// BLAKE3 hash of the configuration, but for `[checkpoint]`: what makes the run that run.
    pub config_blake3: String,
    /// When the run started: RFC 3339, UTC.
    pub started: String,
    /// When it ended: RFC 3339, UTC. `None` while it runs or is stopped.
    pub ended: Option<String>,
    /// How it stands.
    pub state: RunState,
    /// The run that its first steps are of, if it did not make them itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trunk: Option<Origin>,
    /// The processes that worked on it, one after another; the last one is that of the fields above.
    pub sessions: Vec<Session>,
}

/// Where the first steps of a run are from: a checkpoint of another one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Origin {
    /// The directory of the other run, as it was given.
    pub dir: PathBuf,
    /// The step of the checkpoint.
    pub step: u64,
    /// BLAKE3 hash of the other run's configuration, but for `[checkpoint]`.
    pub config_blake3: String,
}

/// What a process is and what it computes with.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Provenance {
    /// The version of kolmo.
    pub kolmo_version: String,
    /// The revision of the source, with `-dirty` behind it if files differed from it; none if it was not
    /// built from a checkout.
    pub git_revision: Option<String>,
    /// The compiler, the target and the profile it was built with.
    pub build: Build,
    /// The device that trained, as `--device` names it.
    pub device: String,
    /// The graphics adapter as its driver names itself, where there is one.
    pub adapter: Option<String>,
    /// The cargo features of the backend that were compiled in.
    pub backend_features: Vec<String>,
    /// Settings of the backend in force: fusion, autotune, streams, memory; null where it has none.
    pub backend_settings: Value,
    /// Threads of the CPU backends: `RAYON_NUM_THREADS`, or as many as the machine runs at once.
    pub threads: usize,
    /// Where it ran.
    pub machine: Machine,
    /// The variables of the environment that can change what is computed.
    pub environment: BTreeMap<String, String>,
    /// The command as it was typed, the program first.
    pub command_line: Vec<String>,
}

/// How a binary was built.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Build {
    /// Version of the compiler.
    pub rustc: String,
    /// Target triple.
    pub target: String,
    /// `opt-level` of the profile.
    pub opt_level: String,
    /// Extra flags of the compiler, such as `-C target-cpu=native`.
    pub rustflags: String,
}

/// A machine.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Machine {
    /// Its name.
    pub host: String,
    /// Operating system and architecture.
    pub system: String,
    /// What its processor calls itself, where the system says so.
    pub processor: Option<String>,
    /// What it can run at once, as far as this process is let.
    pub parallelism: usize,
}

impl Machine {
    /// This machine.
    pub fn this() -> Self {
        let processors = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        let named = |line: &str| {
            let (key, name) = line.split_once(':')?;
            (key.trim() == "model name").then(|| name.trim().to_owned())
        };
        Self {
            host: crate::lock::host(),
            system: format!("{} {}", std::env::consts::OS, std::env::consts::ARCH),
            processor: processors.lines().find_map(named),
            parallelism: std::thread::available_parallelism().map_or(1, usize::from),
        }
    }
}

/// One process that worked on a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    /// When it took the run up: RFC 3339, UTC.
    pub started: String,
    /// When it let it go. `None` while it is at work, and if it was killed.
    pub ended: Option<String>,
    /// How it left the run.
    pub state: RunState,
    /// Steps that were done when it came.
    pub from_step: u64,
    /// Steps that were done when it went; `None` if it was killed.
    pub to_step: Option<u64>,
    /// The device it trained on.
    pub device: String,
    /// The machine's name.
    pub host: String,
    /// Its number on that machine.
    pub process: u32,
    /// The version of kolmo.
    pub kolmo_version: String,
    /// The revision of the source.
    pub git_revision: Option<String>,
}

/// The time now: RFC 3339, UTC, whole seconds.
pub(crate) fn now() -> String {
    format!("{:.0}", Timestamp::now())
}

impl Manifest {
    /// The manifest of a run that starts now.
    pub fn new(seed: u64, parameters: u64, config_blake3: String, provenance: Provenance) -> Self {
        let mut manifest = Self {
            format: FORMAT,
            provenance: Provenance::default(),
            seed,
            parameters,
            config_blake3,
            started: now(),
            ended: None,
            state: RunState::Running,
            trunk: None,
            sessions: Vec::new(),
        };
        manifest.take_up(provenance, 0);
        manifest
    }

    /// The manifest of a run whose first steps are those of `trunk`, before a process takes it up; `provenance`
    /// is what made those steps.
    pub fn branch(
        seed: u64,
        parameters: u64,
        config_blake3: String,
        provenance: Provenance,
        trunk: Origin,
    ) -> Self {
        Self {
            trunk: Some(trunk),
            sessions: Vec::new(),
            ..Self::new(seed, parameters, config_blake3, provenance)
        }
    }

    /// In which way `provenance` computes with something else than the process before it, if it does: other
    /// bits may come of it.
    pub fn change(&self, provenance: &Provenance) -> Option<String> {
        let before = &self.provenance;
        let kolmo = |of: &Provenance| {
            let revision = of.git_revision.as_deref().unwrap_or("unknown revision");
            format!("by kolmo {} ({revision})", of.kolmo_version)
        };
        let pairs = [
            (
                format!("on {}", before.device),
                format!("on {}", provenance.device),
            ),
            (kolmo(before), kolmo(provenance)),
        ];
        let changed = pairs.into_iter().filter(|(before, now)| before != now);
        let changes: Vec<_> = changed
            .map(|(before, now)| format!("{before}, and now {now}"))
            .collect();
        (!changes.is_empty()).then(|| changes.join("; "))
    }

    /// A process that is `provenance` takes the run up, `step` of its steps being done.
    pub fn take_up(&mut self, provenance: Provenance, step: u64) {
        self.sessions.push(Session {
            started: now(),
            ended: None,
            state: RunState::Running,
            from_step: step,
            to_step: None,
            device: provenance.device.clone(),
            host: provenance.machine.host.clone(),
            process: std::process::id(),
            kolmo_version: provenance.kolmo_version.clone(),
            git_revision: provenance.git_revision.clone(),
        });
        self.format = FORMAT;
        self.provenance = provenance;
        self.state = RunState::Running;
        self.ended = None;
    }

    /// The process lets the run go, `step` of its steps being done. Writes nothing: call
    /// [`write`](Self::write) after it.
    pub fn let_go(&mut self, state: RunState, step: u64) {
        self.state = state;
        self.ended = match state {
            RunState::Running | RunState::Stopped => None,
            RunState::Done | RunState::Diverged | RunState::Failed => Some(now()),
        };
        if let Some(session) = self.sessions.last_mut() {
            session.state = state;
            session.ended = Some(now());
            session.to_step = Some(step);
        }
    }

    /// Makes sure that `run` was made with the configuration that it is to have, whose hash is `identity`, or begins so.
    ///
    /// # Errors
    /// [`Error::OtherConfig`] if it was not.
    pub fn check_config(&self, run: &RunDirectory, identity: &str) -> Result<()> {
        let mark = Mark {
            config_blake3: Some(self.config_blake3.clone()),
        };
        mark.check_config(run, identity)
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
    /// [`Error::Io`] if it is missing or unreadable, [`Error::NewerFormat`] if a newer kolmo wrote it, [`Error::Json`] if it is no manifest.
    pub fn read(run: &RunDirectory) -> Result<Self> {
        let path = run.manifest();
        let bytes = files::read(&path, LARGEST_RECORD).map_err(Error::io("read", &path))?;
        check_format(&path, &serde_json::from_slice(&bytes).unwrap_or_default())?;
        serde_json::from_slice(&bytes).map_err(|source| Error::Json { path, source })
    }
}

/// That `manifest`, which is from `path`, is of no newer format than this build knows. What else it says may have other names there, so
/// nothing else is asked of it; and what is no manifest of kolmo has no format.
///
/// # Errors
/// [`Error::NewerFormat`] if it is.
pub(crate) fn check_format(path: &Path, manifest: &Value) -> Result<()> {
    let is_ours = manifest["kolmo_version"].is_string();
    let newer = manifest["format"]
        .as_u64()
        .filter(|format| *format > FORMAT);
    match newer.filter(|_| is_ours) {
        Some(format) => Err(Error::NewerFormat {
            path: path.to_path_buf(),
            format,
            known: FORMAT,
        }),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest() -> Manifest {
        let provenance = Provenance {
            kolmo_version: "0.1.0".into(),
            device: "flex".into(),
            backend_features: vec!["wgpu".into()],
            backend_settings: serde_json::json!({ "autotune": { "level": "full" } }),
            threads: 2,
            machine: Machine::this(),
            command_line: vec!["kolmo".into(), "train".into(), "a.toml".into()],
            ..Provenance::default()
        };
        Manifest::new(1, 229_376, "af13".into(), provenance)
    }

    #[test]
    fn it_reads_back_what_it_wrote() {
        let folder = tempfile::tempdir().unwrap();
        let run = RunDirectory::open_or_create(folder.path()).unwrap();
        let mut written = manifest();
        written.write(&run).unwrap();
        assert_eq!(Manifest::read(&run).unwrap(), written);

        written.let_go(RunState::Diverged, 17);
        written.write(&run).unwrap();
        let read = Manifest::read(&run).unwrap();
        assert_eq!(read, written);
        let text = fs::read_to_string(run.manifest()).unwrap();
        assert!(text.contains("\"diverged\""));
        // The fields of the process are those of the run, as readers expect them.
        let json: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(json["device"], "flex");
        assert_eq!(json["threads"], 2);
    }

    #[test]
    fn every_process_that_worked_on_a_run_is_told() {
        let mut manifest = manifest();
        manifest.let_go(RunState::Stopped, 40);
        assert_eq!(
            (manifest.state, &manifest.ended),
            (RunState::Stopped, &None)
        );
        let other = Provenance {
            device: "vulkan".into(),
            ..manifest.provenance.clone()
        };
        assert_eq!(manifest.change(&manifest.provenance.clone()), None);
        let change = manifest.change(&other).unwrap();
        assert_eq!(change, "on flex, and now on vulkan");
        manifest.take_up(other, 40);
        assert_eq!(manifest.provenance.device, "vulkan");
        assert_eq!(
            (manifest.state, &manifest.ended),
            (RunState::Running, &None)
        );
        manifest.let_go(RunState::Done, 100);
        let told: Vec<_> = manifest
            .sessions
            .iter()
            .map(|s| (&s.device[..], s.from_step, s.to_step))
            .collect();
        assert_eq!(told, [("flex", 0, Some(40)), ("vulkan", 40, Some(100))]);
        assert_eq!(manifest.sessions[1].state, RunState::Done);
    }

    #[test]
    fn a_branch_tells_where_it_is_from_and_what_made_its_first_steps() {
        let origin = Origin {
            dir: "runs/long".into(),
            step: 40,
            config_blake3: "af13".into(),
        };
        let Manifest { provenance, .. } = manifest();
        let mut branch = Manifest::branch(1, 2, "e4".into(), provenance.clone(), origin.clone());
        assert!(branch.sessions.is_empty());
        let other = Provenance {
            device: "vulkan".into(),
            ..provenance
        };
        assert!(branch.change(&other).is_some());
        branch.take_up(other, 40);
        let folder = tempfile::tempdir().unwrap();
        let run = RunDirectory::open_or_create(folder.path()).unwrap();
        branch.write(&run).unwrap();
        let read = Manifest::read(&run).unwrap();
        assert_eq!(read.trunk, Some(origin));
        assert_eq!(read.sessions[0].from_step, 40);
        // Of a run of its own it says nothing.
        manifest().write(&run).unwrap();
        assert!(
            !fs::read_to_string(run.manifest())
                .unwrap()
                .contains("trunk")
        );
    }

    #[test]
    fn a_configuration_that_was_changed_since_is_told_by_its_hash() {
        let run = RunDirectory::at("there");
        manifest().check_config(&run, "af13").unwrap();
        manifest().check_config(&run, "af").unwrap();
        let error = manifest().check_config(&run, "af14").unwrap_err();
        assert!(error.to_string().contains("config.toml"), "{error}");
    }

    #[test]
    fn the_times_are_rfc_3339_in_utc_and_in_order() {
        let mut manifest = manifest();
        manifest.let_go(RunState::Done, 1);
        let ended = manifest.ended.clone().unwrap();
        assert!(
            ended.ends_with('Z') && ended.len() == "2026-01-01T00:00:00Z".len(),
            "{ended}"
        );
        let started: Timestamp = manifest.started.parse().unwrap();
        assert!(started <= ended.parse().unwrap());
    }

    #[test]
    fn a_manifest_without_a_format_is_of_the_first_one_until_it_is_taken_up() {
        let folder = tempfile::tempdir().unwrap();
        let run = RunDirectory::open_or_create(folder.path()).unwrap();
        let mut json = serde_json::to_value(manifest()).unwrap();
        assert_eq!(json["format"], FORMAT);
        json.as_object_mut().unwrap().remove("format");
        fs::write(run.manifest(), json.to_string()).unwrap();
        let mut read = Manifest::read(&run).unwrap();
        assert_eq!(read.format, 0);
        read.take_up(read.provenance.clone(), 1);
        assert_eq!(read.format, FORMAT);
    }

    #[test]
    fn a_newer_format_is_refused_whatever_else_the_manifest_says() {
        let folder = tempfile::tempdir().unwrap();
        let run = RunDirectory::open_or_create(folder.path()).unwrap();
        let newer = r#"{ "format": 7, "kolmo_version": "9.0.0", "parameters": "many" }"#;
        fs::write(run.manifest(), newer).unwrap();
        for error in [
            Manifest::read(&run).unwrap_err(),
            run.mark().unwrap_err(),
            run.owner().unwrap_err(),
        ] {
            let said = error.to_string();
            assert!(said.contains("manifest.json has the format 7"), "{said}");
            assert!(said.contains("up to 1"), "{said}");
        }
        // Others have a format, too.
        fs::write(run.manifest(), r#"{ "format": 7, "name": "an app" }"#).unwrap();
        assert_eq!(run.mark().unwrap(), None);
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
