//! The runs of a sweep, each with its name, its configuration and what it costs.

use std::{
    collections::{BTreeMap, HashMap},
    fs,
    path::{Path, PathBuf},
};

use kolmo_config::{
    ConfigError, RunConfig,
    agreement::agreement,
    file::{self, Choice},
};
use kolmo_run::{checkpoint, files};
use kolmo_world::{World, WorldConfig};
use serde::Serialize;
use toml::Value;

use crate::{
    cost::{Cost, WorldSize},
    directory::SweepDirectory,
    error::SweepError,
    expand::{Point, points},
    file::SweepFile,
};

/// All runs of a sweep.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The name of the sweep: that of its file.
    pub name: String,
    /// Where the sweep file is, by whatever way it was reached.
    pub path: PathBuf,
    /// The sweep file.
    pub file: SweepFile,
    /// The text of the sweep file.
    pub text: String,
    /// The runs, in the order of the file.
    pub runs: Vec<PlannedRun>,
    /// The name of the sweep whose runs are fine-tuned, if these fine-tune any; it is in the folder beside that of this one.
    pub from: Option<String>,
    /// What there is to say of the files.
    pub notes: Vec<String>,
}

/// One run.
#[derive(Debug, Clone)]
pub struct PlannedRun {
    /// Its name: the beginning of the hash of its configuration.
    pub id: String,
    /// What sets it apart, for readers.
    pub label: String,
    /// The keys that set it apart, with their values.
    pub overrides: Vec<(String, Value)>,
    /// Its configuration, settled.
    pub config: RunConfig,
    /// What it costs.
    pub cost: Cost,
    /// The run that makes its first steps, if there is one.
    pub trunk: Option<Trunk>,
    /// The name of the run that it fine-tunes, if it does.
    pub base: Option<String>,
}

/// A run that another one leaves.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Trunk {
    /// Its name.
    pub id: String,
    /// Steps that both make.
    pub step: u64,
}

/// The text of a path, or the reason why there is none.
pub type Text<'a> = &'a dyn Fn(&Path) -> Result<String, String>;

/// What data sizes are sizes of.
const DOCUMENTS: &str = "train.documents";
/// Digits of a run's name.
pub(crate) const DIGITS: usize = 12;

impl Plan {
    /// Plans the sweep file at `path`. `choices` say which claims and headlines a sweep can be for.
    ///
    /// # Errors
    /// A file that cannot be read or that says nothing that can be, a run that is not possible, or two that are the same.
    pub fn read(path: &Path, choices: &[Choice<'_>]) -> Result<Self, SweepError> {
        Self::read_by(path, choices, &read)
    }

    /// The same with `text` in place of the file system: it gives the text of a path, or the reason why there is none. The
    /// paths it is asked for are `path` and those that the files name, joined to the folder of the file that names them.
    ///
    /// # Errors
    /// As for [`read`](Self::read).
    pub fn read_by(
        path: &Path,
        choices: &[Choice<'_>],
        text: Text<'_>,
    ) -> Result<Self, SweepError> {
        Self::read_below(path, choices, text, 0)
    }

    /// The same, so many fine-tunings below the one that is asked for.
    fn read_below(
        path: &Path,
        choices: &[Choice<'_>],
        read: Text<'_>,
        depth: usize,
    ) -> Result<Self, SweepError> {
        const DEEPEST: usize = 8;
        if depth > DEEPEST {
            let problem = format!("it is fine-tuned from itself, or in more than {DEEPEST} stages");
            return Err(SweepError::invalid("from", problem));
        }
        let text = read(path).map_err(|reason| {
            let problem = format!("could not be read: {reason}");
            SweepError::invalid(path.display().to_string(), problem)
        })?;
        let file = SweepFile::parse(&text, choices)?;
        let folder = path.parent().unwrap_or(Path::new(""));
        let base_path = folder.join(&file.base);
        let base = read(&base_path).map_err(|reason| SweepError::Base {
            path: base_path.clone(),
            reason,
        })?;
        let name = path.file_stem().unwrap_or_default();
        let from = file.from.as_ref();
        let from = from.map(|from| {
            let path = folder.join(from);
            Self::read_below(&path, choices, read, depth + 1).map_err(|source| match source {
                // Of a chain of files the one with the mistake.
                source @ SweepError::From { .. } => source,
                source => SweepError::From {
                    path,
                    source: Box::new(source),
                },
            })
        });
        let from = from.transpose()?;
        let runs = runs(&file, &base, &base_path, from.as_ref())?;
        let here = |path: &Path, notes: Vec<String>| {
            let path = path.display().to_string();
            notes
                .into_iter()
                .map(move |note| format!("in {path}: {note}"))
        };
        let of_base = here(&base_path, file::old_keys(&base, &[]));
        let notes = here(path, file.notes()).chain(of_base);
        Ok(Self {
            name: name.to_string_lossy().into_owned(),
            path: fs::canonicalize(path).unwrap_or_else(|_| path.to_path_buf()),
            file,
            text,
            runs,
            from: from.map(|from| from.name),
            notes: notes.collect(),
        })
    }

    /// Takes `directory` for that of the sweep: the runs that are fine-tuned are beside it, and what branches cost is corrected by
    /// what is there, for a trunk that is done has the checkpoints that it has.
    pub fn look_at(&mut self, directory: &SweepDirectory) {
        if let Some(from) = &self.from {
            // The same folder from wherever a run is started.
            let here = directory.absolute().unwrap_or_else(|_| directory.clone());
            let beside = here.beside(from);
            for run in &mut self.runs {
                if let (Some(finetune), Some(base)) = (&mut run.config.finetune, &run.base) {
                    let path = beside.run(base).root().to_string_lossy().into_owned();
                    finetune.from = Some(path);
                }
            }
        }
        for k in 0..self.runs.len() {
            let Some(trunk) = self.runs[k].trunk.clone() else {
                continue;
            };
            let there = directory.run(&trunk.id);
            // Of one that cannot be read now, the checkpoints may be there when the branch begins.
            let (Ok(true), Ok(steps)) = (there.is_done(), checkpoint::steps(&there)) else {
                continue;
            };
            let step = steps.into_iter().filter(|step| *step <= trunk.step).max();
            let run = &mut self.runs[k];
            run.cost.begin_at(step.unwrap_or(0));
            run.trunk = step.map(|step| Trunk { step, ..trunk });
        }
    }

    /// The runs of which `is_wanted` says so, those that leave no other first.
    pub fn in_order(&self, is_wanted: impl Fn(&PlannedRun) -> bool) -> [Vec<&PlannedRun>; 2] {
        let wanted = self.runs.iter().filter(|run| is_wanted(run));
        let (first, then) = wanted.partition(|run| run.trunk.is_none());
        [first, then]
    }
}

/// Bytes of the largest file that is read: none that a person or a script writes has as many.
const LARGEST: u64 = 4 << 20;

fn read(path: &Path) -> Result<String, String> {
    let bytes = fs::File::open(path).and_then(|file| files::read_stream(file, LARGEST));
    let bytes = bytes.map_err(|error| error.to_string())?;
    String::from_utf8(bytes).map_err(|error| error.to_string())
}

fn runs(
    file: &SweepFile,
    base: &str,
    base_path: &Path,
    from: Option<&Plan>,
) -> Result<Vec<PlannedRun>, SweepError> {
    let mut planning = Planning {
        common: file.set.flat(),
        base,
        base_path,
        worlds: Worlds::default(),
        labels: HashMap::new(),
        runs: Vec::new(),
        sizes: Vec::new(),
    };
    let points = points(file)?;
    match from {
        None => {
            for point in points {
                planning.add(point, None)?;
            }
        }
        Some(from) => {
            let branches = file.data.as_ref().is_some_and(|data| data.branches);
            if branches || !file.seeds.is_empty() {
                let problem = "seeds and branches are for runs that begin anew: these begin with the runs of from";
                return Err(SweepError::invalid("from", problem));
            }
            for tuned in &from.runs {
                for point in &points {
                    planning.add(point.clone(), Some(tuned))?;
                }
            }
        }
    }
    let Planning {
        mut runs, sizes, ..
    } = planning;
    if file.data.as_ref().is_some_and(|data| data.branches) {
        branch(&mut runs, &sizes)?;
    }
    Ok(runs)
}

/// A plan that is being made.
struct Planning<'a> {
    /// What all runs have.
    common: Vec<(String, Value)>,
    base: &'a str,
    base_path: &'a Path,
    worlds: Worlds,
    /// By the names of the runs.
    labels: HashMap<String, String>,
    runs: Vec<PlannedRun>,
    sizes: Vec<WorldSize>,
}

impl Planning<'_> {
    /// Adds the run of `point`, which fine-tunes `tuned` if that is one.
    fn add(&mut self, point: Point, tuned: Option<&PlannedRun>) -> Result<(), SweepError> {
        let settings = self.common.iter().chain(&point.settings);
        let overrides: Vec<String> = settings
            .map(|(key, value)| format!("{key}={value}"))
            .collect();
        let label = match tuned {
            Some(tuned) if point.label.is_empty() => tuned.label.clone(),
            Some(tuned) => format!("{} {}", tuned.label, point.label.join(" ")),
            None => label(&point),
        };
        let failed = |source| explain(&point, &label, self.base_path, source);
        let config = match tuned {
            None => RunConfig::parse(self.base, &overrides),
            Some(tuned) => {
                let step = tuned.config.train.steps();
                RunConfig::finetune(self.base, &overrides, &tuned.config, String::new(), step)
            }
        };
        let (config, size) = self
            .worlds
            .settle(config.map_err(failed)?)
            .map_err(failed)?;
        let mut id = config.identity().map_err(failed)?;
        id.truncate(DIGITS);
        if let Some(first) = self.labels.insert(id.clone(), label.clone()) {
            return Err(SweepError::Twice {
                first,
                second: label,
            });
        }
        let before = tuned.map(|tuned| tuned.overrides.clone());
        self.runs.push(PlannedRun {
            id,
            label,
            overrides: before.into_iter().flatten().chain(point.settings).collect(),
            cost: Cost::of(&config, size),
            config,
            trunk: None,
            base: tuned.map(|tuned| tuned.id.clone()),
        });
        self.sizes.push(size);
        Ok(())
    }
}

/// Lets runs that differ in their data size alone leave the largest of them, which keeps its checkpoints there.
fn branch(runs: &mut [PlannedRun], sizes: &[WorldSize]) -> Result<(), SweepError> {
    let mut alike: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for (k, run) in runs.iter().enumerate() {
        let others = run.overrides.iter().filter(|(key, _)| key != DOCUMENTS);
        let others: Vec<String> = others
            .map(|(key, value)| format!("{key}={value}"))
            .collect();
        alike.entry(others.join("\n")).or_default().push(k);
    }
    for group in alike.values() {
        let longest = group.iter().max_by_key(|k| runs[**k].cost.steps);
        let Some(&trunk) = longest else { continue };
        for &k in group.iter().filter(|k| **k != trunk) {
            let step = agreement(&runs[k].config, &runs[trunk].config)?;
            if step == 0 || step >= runs[k].cost.steps {
                let problem = format!(
                    "run {} makes no step that the one of {} documents makes, or no other: set \
                     train.schedule = \"wsd\" and train.warmup_documents",
                    runs[k].label, runs[trunk].config.train.documents
                );
                return Err(SweepError::invalid("data.branches", problem));
            }
            let kept = &mut runs[trunk].config.checkpoint.keep_at;
            if !kept.contains(&step) {
                kept.push(step);
                kept.sort_unstable();
            }
            runs[k].cost.begin_at(step);
            let id = runs[trunk].id.clone();
            runs[k].trunk = Some(Trunk { id, step });
        }
        runs[trunk].cost = Cost::of(&runs[trunk].config, sizes[trunk]);
    }
    Ok(())
}

/// One world for each `[world]`: to build one takes longer than everything else of a plan. Worlds that differ in
/// their seeds alone cost the same to learn.
#[derive(Default)]
struct Worlds {
    there: Vec<(WorldConfig, World, WorldSize)>,
}

impl Worlds {
    fn settle(&mut self, config: RunConfig) -> Result<(RunConfig, WorldSize), ConfigError> {
        let known = self.there.iter().find(|(known, ..)| *known == config.world);
        if let Some((_, world, size)) = known {
            return Ok((config.settle_in(world)?, *size));
        }
        let given = config.world.clone();
        let (config, world) = config.settle()?;
        let size = WorldSize::of(&world);
        self.there.push((given, world, size));
        Ok((config, size))
    }
}

fn label(point: &Point) -> String {
    match point.label.is_empty() {
        true => "base".to_owned(),
        false => point.label.join(" "),
    }
}

/// A mistake that is the same in every run is one of the base, and said of it.
fn explain(point: &Point, label: &str, base: &Path, error: ConfigError) -> SweepError {
    let varies = |key: &str| {
        let keys = key.split(" + ");
        keys.into_iter()
            .any(|key| point.settings.iter().any(|(known, _)| known == key))
    };
    let is_of_base = match error.key() {
        Some(key) => !varies(key),
        None => !error.is_override(),
    };
    let label = match is_of_base {
        true => format!("{label} (from {})", base.display()),
        false => label.to_owned(),
    };
    SweepError::Run {
        label,
        source: error,
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// The sweep `text` over a base of 2560 documents.
    pub(crate) fn plan(text: &str) -> Result<Plan, SweepError> {
        let folder = tempfile::tempdir().unwrap();
        fs::write(
            folder.path().join("base.toml"),
            "[train]\ndocuments = 2560\n",
        )
        .unwrap();
        let path = folder.path().join("many.toml");
        fs::write(&path, format!("base = 'base.toml'\n{text}")).unwrap();
        Plan::read(&path, &[])
    }

    #[test]
    fn a_run_is_named_by_its_configuration() {
        let one = plan("seeds = [1, 2]").unwrap();
        assert_eq!(one.name, "many");
        let more = plan("seeds = [3, 2, 1]\n[set]\n'checkpoint.every_s' = 1.0").unwrap();
        let ids =
            |plan: &Plan| -> Vec<String> { plan.runs.iter().map(|run| run.id.clone()).collect() };
        let (one, more) = (ids(&one), ids(&more));
        // What is planned already keeps its name, and what does not change a run does not rename it.
        assert_eq!(one, [more[2].clone(), more[1].clone()]);
        assert_ne!(more[0], more[1]);
        assert!(one[0].len() == DIGITS && one[0] != one[1]);
    }

    #[test]
    fn what_is_set_for_all_is_set_and_what_varies_wins() {
        let text = "[set]\ntrain.documents = 512\n[[axes]]\nproduct = { 'train.learning_rate' = [0.5, 1e-4] }";
        let plan = plan(text).unwrap();
        let rates: Vec<f64> = plan
            .runs
            .iter()
            .map(|run| run.config.train.learning_rate)
            .collect();
        assert_eq!(rates, [0.5, 1e-4]);
        assert!(plan.runs.iter().all(|run| run.cost.steps == 2));
        assert_eq!(plan.runs[1].label, "learning_rate=1e-4");
    }

    #[test]
    fn smaller_data_sizes_leave_the_largest() {
        let text = "seeds = [1, 2]\n[set]\ntrain.warmup_documents = 2560\n\
                    [data]\ndocuments = [25600, 256000, 128000]\nbranches = true";
        let sweep = plan(text).unwrap();
        let trunk = &sweep.runs[2];
        assert_eq!(trunk.trunk, None);
        // A fifth of each is its cool-down.
        assert_eq!(trunk.config.checkpoint.keep_at, [80, 400]);
        for (k, step, steps) in [(0, 80, 100), (4, 400, 500)] {
            let run = &sweep.runs[k];
            let expected = Trunk {
                id: trunk.id.clone(),
                step,
            };
            assert_eq!(run.trunk.as_ref(), Some(&expected));
            assert_eq!((run.cost.steps, run.cost.own_steps), (steps, steps - step));
        }
        assert_eq!(sweep.runs[1].trunk.as_ref().unwrap().id, sweep.runs[3].id);
        // Where a checkpoint is kept does not rename a run.
        let alone =
            plan("seeds = [1]\n[set]\ntrain.warmup_documents = 2560\n[data]\ndocuments = [256000]");
        assert_eq!(alone.unwrap().runs[0].id, trunk.id);
    }

    #[test]
    fn nonsense_is_refused_with_the_run_that_it_is_in() {
        for (text, expected) in [
            ("seeds = [1, 1]", "runs seed=1 and seed=1 are the same run"),
            (
                "[[axes]]\nproduct = { 'model.d_modle' = [1] }",
                "run d_modle=1 is not possible",
            ),
            (
                "[[axes]]\nproduct = { 'model.d_model' = [64, 63] }",
                "run d_model=63 is not possible",
            ),
            ("seeds = [1]\n[set]\nmodel.layers = 0", "seed=1 (from"),
            (
                "[data]\ndocuments = [25600, 256000]\nbranches = true",
                "set train.schedule = \"wsd\"",
            ),
        ] {
            let error = plan(text).unwrap_err();
            assert!(error.to_string().contains(expected), "{text}: {error}");
            assert!(error.is_usage());
        }
        assert!(matches!(
            Plan::read(Path::new("/nowhere/at/all.toml"), &[]),
            Err(SweepError::Invalid { .. })
        ));
    }
}
