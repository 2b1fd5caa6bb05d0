//! The sweep file: a base configuration, and what varies.

use std::iter;

use kolmo_config::{
    ConfigError, ReportConfig,
    file::{self, Choice, FileKind},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use toml::{Table, Value};

use crate::{error::SweepError, ladder::Ladder};

/// A sweep: every combination of its sizes, axes, data sizes and seeds is a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SweepFile {
    /// The configuration that all runs have in common, relative to this file.
    pub base: String,
    /// A sweep file, relative to this one, whose runs are fine-tuned, each with everything that varies here.
    #[serde(default)]
    pub from: Option<String>,
    /// What all runs have instead of what is there.
    #[serde(default)]
    pub set: Settings,
    /// Model sizes.
    #[serde(default)]
    pub ladder: Option<Ladder>,
    /// What else varies; each entry is multiplied with all others.
    #[serde(default)]
    pub axes: Vec<Axis>,
    /// Data sizes.
    #[serde(default)]
    pub data: Option<Data>,
    /// Seeds; that of the base configuration if there are none.
    #[serde(default)]
    pub seeds: Vec<u64>,
    /// What is asked of Slurm.
    #[serde(default)]
    pub slurm: Slurm,
    /// What the runs are laid over theory for.
    #[serde(default)]
    pub report: ReportConfig,
}

/// `[[axes]]`: exactly one of the three.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[derive(Default)]
pub struct Axis {
    /// Keys with the values of each; every combination is a point.
    pub product: Option<Settings>,
    /// Keys with equally many values each; the first ones are a point, the second ones, ...
    pub zip: Option<Settings>,
    /// Points written out.
    pub list: Option<Vec<Settings>>,
}

/// `[data]`: how much each model is trained on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Data {
    /// Values of `train.documents`.
    pub documents: Vec<u64>,
    /// Whether smaller sizes leave the run of the largest where their cool-down begins, instead of repeating what it
    /// has done.
    #[serde(default)]
    pub branches: bool,
}

/// `[slurm]`: what each element of the array asks for. What is not given is left to the cluster.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Slurm {
    /// Time limit, as sbatch takes it.
    pub time: String,
    /// Seconds before the limit at which a run is warned, saves and is put back into the queue.
    pub warning_s: u64,
    /// Generic resources, such as `gpu:1`; empty for none.
    pub gres: String,
    /// CPUs.
    pub cpus: usize,
    /// Memory, as sbatch takes it.
    pub memory: Option<String>,
    /// Elements that run at the same time; 0 for no limit.
    pub at_once: usize,
    /// The device of `kolmo train`. The shell of the job expands it: `vulkan:$SLURM_JOB_GPUS`.
    pub device: String,
    /// Further options of sbatch, such as `--partition=gpu`.
    pub options: Vec<String>,
    /// Shell commands before a run, such as `module load ...`.
    pub setup: Vec<String>,
}

impl Default for Slurm {
    fn default() -> Self {
        Self {
            time: "24:00:00".to_owned(),
            warning_s: 120,
            gres: "gpu:1".to_owned(),
            cpus: 2,
            memory: None,
            at_once: 0,
            device: "auto".to_owned(),
            options: Vec::new(),
            setup: Vec::new(),
        }
    }
}

/// Keys of the configuration with their values: `"train.documents" = 1000`, or as tables.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Settings(pub Table);

/// Any keys: which there are, [`kolmo_config`] knows.
impl JsonSchema for Settings {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Settings".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        true.into()
    }
}

impl Settings {
    /// What is said of those keys that are given by an old name.
    pub fn notes(&self) -> impl Iterator<Item = String> {
        file::flat(&self.0)
            .into_iter()
            .filter_map(|(key, _)| file::renamed(&key))
    }

    /// Every key, dotted and by the name that it has now, with its value, in the order of the file.
    pub fn flat(&self) -> Vec<(String, Value)> {
        let given = file::flat(&self.0).into_iter();
        let current = given.map(|(key, value)| (file::current_name(&key).to_owned(), value));
        current.collect()
    }
}

impl SweepFile {
    /// Reads the text of a sweep file. `choices` say which claims, headlines and statistics there are.
    ///
    /// # Errors
    /// A configuration of a run or a fine-tuning, TOML that does not parse, an unknown key or a value of another type, with its line; a claim that there is not; an entry of `axes` that is
    /// not exactly one of `product`, `zip` and `list`; an option of Slurm that is not one.
    pub fn parse(text: &str, choices: &[Choice<'_>]) -> Result<Self, SweepError> {
        match FileKind::of(text) {
            Some(kind @ (FileKind::Run | FileKind::FineTuning)) => {
                return Err(ConfigError::Kind(kind).into());
            }
            Some(FileKind::Sweep) | None => {}
        }
        let sweep: Self = file::read(text, &[], choices, |_| {})?;
        for (k, axis) in sweep.axes.iter().enumerate() {
            let given = [
                axis.product.is_some(),
                axis.zip.is_some(),
                axis.list.is_some(),
            ];
            if given.iter().filter(|is_given| **is_given).count() != 1 {
                return Err(SweepError::invalid(
                    format!("axes[{k}]"),
                    "give exactly one of product, zip and list",
                ));
            }
        }
        sweep.slurm.check()?;
        sweep.report.check()?;
        Ok(sweep)
    }

    /// What is said of those keys, of all that is set and all that varies, that are given by an old name.
    pub fn notes(&self) -> Vec<String> {
        let axes = self.axes.iter().flat_map(|axis| {
            let list = axis.list.iter().flatten();
            axis.product.iter().chain(&axis.zip).chain(list)
        });
        let mut notes = Vec::new();
        for note in iter::once(&self.set).chain(axes).flat_map(Settings::notes) {
            if !notes.contains(&note) {
                notes.push(note);
            }
        }
        notes
    }
}

impl Slurm {
    /// Refuses what would not be one option, or a command where none is meant.
    fn check(&self) -> Result<(), SweepError> {
        let options = self.options.iter().map(|option| ("slurm.options", option));
        let others = [("slurm.time", &self.time), ("slurm.gres", &self.gres)];
        let memory = self.memory.iter().map(|memory| ("slurm.memory", memory));
        for (key, text) in options.chain(others).chain(memory) {
            if text.contains(char::is_control) {
                let problem = "it takes one line, without control characters";
                return Err(SweepError::invalid(key, problem));
            }
        }
        let is_plain = |c: char| c.is_ascii_alphanumeric() || ":_${}".contains(c);
        if !self.device.chars().all(is_plain) {
            let problem = format!(
                "{:?} is no device: valid are names such as vulkan:0, and variables of the job, vulkan:$SLURM_JOB_GPUS",
                self.device
            );
            return Err(SweepError::invalid("slurm.device", problem));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mistakes_are_explained() {
        for (text, expected) in [
            ("seeds = [1]", "base is missing"),
            (
                "seed = 1\n[train]",
                "this is the configuration of one run, which kolmo train takes",
            ),
            (
                "[finetune.lesson]",
                "this is the configuration of a fine-tuning, which kolmo finetune takes",
            ),
            (
                "base = 'a'\nseed = [1]",
                "line 2: there is no key seed; did you mean seeds?",
            ),
            (
                "base = 'a'\n[ladder]\nwidth = 3",
                "line 3: ladder.width = 3 is not possible: valid is an array",
            ),
            ("base = 'a'\n[[axes]]\n", "axes[0]: give exactly one"),
            (
                "base = 'a'\n[[axes]]\nzip = {}\nlist = []",
                "axes[0]: give exactly one",
            ),
            (
                "base = 'a'\n[slurm]\noptions = [\"-p a\\nrm\"]",
                "slurm.options: it takes one line",
            ),
            (
                "base = 'a'\n[slurm]\ngres = \"gpu\\u0000\"",
                "slurm.gres: it takes one line",
            ),
            (
                "base = 'a'\n[report]\nclaims = ['order', 'surfaces']",
                "line 3: report.claims[1] = \"surfaces\" is not possible: valid is \"order\" or \"surface\"; did you mean \"surface\"?",
            ),
            (
                "base = 'a'\n[report]\nclaims = ['A b']",
                "line 3: report.claims[0] = \"A b\" is not possible: valid is \"order\" or \"surface\"",
            ),
            (
                "base = 'a'\n[slurm]\ntimes = '1'",
                "did you mean slurm.time?",
            ),
        ] {
            let claims = Choice {
                key: "report.claims[0]",
                names: &["order", "surface"],
            };
            let error = SweepFile::parse(text, &[claims]).unwrap_err();
            assert!(error.to_string().contains(expected), "{text}: {error}");
            assert!(error.is_usage());
        }
    }

    #[test]
    fn keys_are_dotted_or_in_tables() {
        let text = "base = 'a'\n[set]\n'train.documents' = 3\nmodel = { arch = 'llama' }\n\
                    train.warmup = 0.1";
        let set = SweepFile::parse(text, &[]).unwrap().set.flat();
        let keys: Vec<&str> = set.iter().map(|(key, _)| key.as_str()).collect();
        assert_eq!(keys, ["train.documents", "model.arch", "train.warmup"]);
    }
}
