//! Runs that are looked at together, as their directories have them.

mod base;
mod once;

use std::{
    cell::OnceCell,
    collections::{BTreeMap, BTreeSet},
    path::Path,
    sync::Arc,
};

use kolmo_config::{ConfigError, ModelConfig, ReportConfig, RunConfig, TrainConfig};
use kolmo_run::{
    AnswerRow, CompressionRecord, EvaluationRecord, FactRow, FinishedRun, Manifest, ReadError,
    RunDirectory, StepRecord, finished, read_jsonl,
};
use kolmo_world::{Fact, World, WorldConfig};

#[cfg(test)]
use crate::examples;
use crate::{
    error::{Error, Result},
    number::significant,
    report::{LeftOut, Reason},
};

use base::Base;
pub(crate) use base::base_of;

/// Runs with a question: a sweep, or runs that somebody put together.
#[derive(Debug)]
pub struct Study {
    /// Its name in addresses and file names.
    pub name: String,
    /// What its runs are for.
    pub settings: ReportConfig,
    /// What made the runs, TOML, with a name each: the sweep file, or a configuration.
    pub sources: Vec<(String, String)>,
    /// The runs that are done and began with fresh weights.
    pub runs: Vec<StudyRun>,
    /// Those that are done and began with the weights of another run: claims about pre-training do not look at them.
    pub tuned: Vec<StudyRun>,
    /// Those that no claim looks at.
    pub left_out: Vec<LeftOut>,
}

/// A run that is to be looked at, if it is done.
#[derive(Debug, Clone)]
pub struct Given {
    /// Its directory.
    pub directory: RunDirectory,
    /// What the hash of its configuration begins with, if it is to be that run and no other.
    pub identity: Option<String>,
}

/// A run that is done.
#[derive(Debug, Clone)]
pub struct StudyRun {
    /// Its directory.
    pub directory: RunDirectory,
    /// What it was, in words that are the same for runs that were alike: see [`Study::read`].
    pub config: RunConfig,
    /// Its world.
    pub world: Arc<World>,
    /// Its parameters.
    pub parameters: u64,
    /// What was measured, in the order of its documents; never empty.
    pub evaluations: Vec<EvaluationRecord>,
    /// What it is as a compressor; none of one that was not measured so.
    pub compression: Option<CompressionRecord>,
    /// What made it: version, device and processor.
    made_by: String,
    /// Its last logged step.
    last_step: StepRecord,
    /// What makes it that training: see [`RunConfig::training`].
    training: String,
    /// The run that it fine-tunes; none if it does not, or that is not there any more.
    base: Option<Base>,
    /// What several claims ask for, once one of them has.
    last_facts: OnceCell<Vec<FactRow>>,
    answers: OnceCell<Vec<AnswerRow>>,
}

impl Study {
    /// Reads the runs of `given`. A training counts once, whatever it is called. So that seeds of one training are alike
    /// however it was written, runs that read as many documents are all taken to have been given as many, without what was
    /// left over of the last batch, and what they fine-tune is named by its training.
    ///
    /// # Errors
    /// [`Error::Config`] for a configuration that cannot be read or is none, [`Error::Records`] for records that cannot
    /// be read, or that are of another configuration.
    pub fn read(
        name: &str,
        settings: ReportConfig,
        sources: Vec<(String, String)>,
        given: Vec<Given>,
    ) -> Result<Self> {
        let mut worlds = Worlds::default();
        let (mut done, mut left_out) = (Vec::new(), Vec::new());
        let left = |run: &Path, reason| LeftOut {
            study: name.to_owned(),
            run: run.display().to_string(),
            reason,
        };
        for one in given {
            match StudyRun::read(&one, &mut worlds)? {
                Some(run) => done.push(run),
                None => left_out.push(left(one.directory.root(), Reason::NotDone)),
            }
        }
        once::give_like_lengths(&mut done);
        let (mut done, repeated) = once::once_each(done)?;
        left_out.extend(repeated.into_iter().map(|(run, counted)| {
            let counted = counted.display().to_string();
            left(&run, Reason::SameTraining { counted })
        }));
        // An order that does not depend on how runs are called.
        done.sort_by(|a, b| {
            let key =
                |run: &StudyRun| (run.parameters, run.config.train.documents, run.config.seed);
            key(a).cmp(&key(b))
        });
        let (tuned, runs) = done
            .into_iter()
            .partition(|run| run.config.finetune.is_some());
        Ok(Self {
            name: name.to_owned(),
            settings,
            sources,
            runs,
            tuned,
            left_out,
        })
    }

    /// What made its runs: version, device and processor, each once.
    pub fn made_by(&self) -> Vec<String> {
        let runs = self.runs.iter().chain(&self.tuned);
        let makers: BTreeSet<&String> = runs.map(|run| &run.made_by).collect();
        makers.into_iter().cloned().collect()
    }

    /// The runs sorted by what `key` says of them, in the order in which they first come.
    pub(crate) fn groups<K: PartialEq>(&self, key: impl Fn(&StudyRun) -> K) -> Vec<Vec<&StudyRun>> {
        groups(&self.runs, key)
    }
}

/// `runs` sorted by what `key` says of them, in the order in which they first come.
pub(crate) fn groups<'a, T, K: PartialEq>(
    runs: impl IntoIterator<Item = &'a T>,
    key: impl Fn(&T) -> K,
) -> Vec<Vec<&'a T>> {
    let mut groups: Vec<(K, Vec<&T>)> = Vec::new();
    for run in runs {
        let key = key(run);
        match groups.iter_mut().find(|(other, _)| *other == key) {
            Some((_, group)) => group.push(run),
            None => groups.push((key, vec![run])),
        }
    }
    groups.into_iter().map(|(_, group)| group).collect()
}

/// Worlds by what makes them: runs of a sweep share few.
#[derive(Default)]
struct Worlds(BTreeMap<String, Arc<World>>);

impl Worlds {
    fn get(&mut self, config: &RunConfig) -> std::result::Result<Arc<World>, ConfigError> {
        let world = RunConfig {
            seed: config.seed,
            seed_of: config.seed_of,
            world: config.world.clone(),
            ..RunConfig::default()
        };
        let key = world.to_toml()?;
        if let Some(world) = self.0.get(&key) {
            return Ok(Arc::clone(world));
        }
        let world = Arc::new(config.build_world()?);
        self.0.insert(key, Arc::clone(&world));
        Ok(world)
    }
}

fn made_by(manifest: &Manifest) -> String {
    let provenance = &manifest.provenance;
    let revision = provenance.git_revision.as_deref().unwrap_or("no checkout");
    let processor = provenance.machine.processor.as_deref();
    let on = provenance
        .adapter
        .as_deref()
        .or(processor)
        .unwrap_or("an unknown processor");
    let version = &provenance.kolmo_version;
    format!(
        "kolmo {version} ({revision}) on {}, {on}",
        provenance.device
    )
}

/// The rows in `cell`, which `read` gives the first time.
fn kept<T>(cell: &OnceCell<Vec<T>>, read: impl FnOnce() -> Result<Vec<T>>) -> Result<&[T]> {
    if let Some(rows) = cell.get() {
        return Ok(rows);
    }
    let rows = read()?;
    Ok(cell.get_or_init(|| rows))
}

/// The error of files of `run` that cannot be read, or are not what it left.
fn records(run: &RunDirectory) -> impl Fn(kolmo_run::Error) -> Error {
    |source| Error::Records {
        run: run.root().to_path_buf(),
        source,
    }
}

/// The error of a configuration of `run` that is none.
fn no_config(run: &RunDirectory) -> impl Fn(ConfigError) -> Error {
    |source| Error::Config {
        path: run.config(),
        source,
    }
}

/// The error of a configuration of `run` that cannot be had.
fn unread(run: &RunDirectory) -> impl Fn(ReadError) -> Error {
    |error| match error {
        ReadError::File(source) => records(run)(source),
        ReadError::Config(source) => no_config(run)(source),
    }
}

/// What was measured in the run of `config`, as that was written, which may still go on.
///
/// # Errors
/// [`Error::Records`] if it cannot be read, or is not what the run left.
pub(crate) fn evaluations(run: &RunDirectory, config: &RunConfig) -> Result<Vec<EvaluationRecord>> {
    let identity = config.identity().map_err(no_config(run))?;
    let read = || match FinishedRun::open(run, &identity, config.train.steps())? {
        Some(finished) => finished.evaluations(),
        None => read_jsonl(run.evaluations()),
    };
    read().map_err(records(run))
}

#[cfg(test)]
impl StudyRun {
    /// A run that was not made, with what it would have measured.
    pub(crate) fn imagined(config: RunConfig, evaluations: Vec<EvaluationRecord>) -> Self {
        let (config, world) = config.settle().unwrap();
        let directory = RunDirectory::at("imagined");
        Self {
            last_step: examples::step(config.train.steps()),
            training: config.training().unwrap(),
            base: base_of(&config, &directory).unwrap(),
            directory,
            parameters: config.model.parameters(world.vocabulary().len()),
            config,
            world: Arc::new(world),
            evaluations,
            compression: None,
            made_by: "nobody".to_owned(),
            last_facts: OnceCell::new(),
            answers: OnceCell::new(),
        }
    }
}

impl StudyRun {
    /// The run that is `given`; none if it is not done.
    fn read(given: &Given, worlds: &mut Worlds) -> Result<Option<Self>> {
        let directory = given.directory.clone();
        let records = records(&given.directory);
        let wrong = no_config(&given.directory);
        if !directory.is_done().map_err(&records)? {
            return Ok(None);
        }
        let config = directory.run_config().map_err(unread(&directory))?;
        let identity = config.identity().map_err(&wrong)?;
        let finished = FinishedRun::open(&directory, &identity, config.train.steps());
        let Some(finished) = finished.map_err(&records)? else {
            return Ok(None);
        };
        let planned = given.identity.as_ref().unwrap_or(&identity);
        let manifest = finished.manifest(planned).map_err(&records)?;
        let world = worlds.get(&config).map_err(&wrong)?;
        let config = config.settle_in(&world).map_err(&wrong)?;
        let evaluations = finished.evaluations().map_err(&records)?;
        let compression = config.compression.as_ref();
        let compression = compression.map(|_| finished.compression()).transpose();
        let base = base_of(&config, &directory)?;
        let (config, training) = base::trained(&directory, config, base.clone())?;
        Ok(Some(Self {
            training,
            base,
            parameters: config.model.parameters(world.vocabulary().len()),
            config,
            world,
            evaluations,
            compression: compression.map_err(&records)?,
            made_by: made_by(&manifest),
            last_step: finished.figures.last_step,
            directory,
            last_facts: OnceCell::new(),
            answers: OnceCell::new(),
        }))
    }

    /// The last evaluation.
    pub fn last(&self) -> &EvaluationRecord {
        // There is one: see `read`.
        &self.evaluations[self.evaluations.len() - 1]
    }

    /// Documents trained on.
    pub fn documents(&self) -> f64 {
        self.last().documents as f64
    }

    /// The facts asked, evaluation after evaluation. They are read anew and not kept: a sweep has some millions of them.
    ///
    /// # Errors
    /// [`Error::Records`] if they cannot be read, or are of other evaluations.
    pub fn facts(&self) -> Result<Vec<Vec<FactRow>>> {
        finished::facts(&self.directory, &self.evaluations).map_err(records(&self.directory))
    }

    /// The facts asked at the last evaluation.
    ///
    /// # Errors
    /// As [`facts`](Self::facts).
    pub fn last_facts(&self) -> Result<&[FactRow]> {
        let read = || Ok(self.facts()?.pop().unwrap_or_default());
        kept(&self.last_facts, read)
    }

    /// The questions asked at the last evaluation, with their answers; none of a run that was not asked.
    ///
    /// # Errors
    /// [`Error::Records`] if they cannot be read, or are of another evaluation.
    pub fn answers(&self) -> Result<&[AnswerRow]> {
        let read = || finished::answers(&self.directory, self.last());
        kept(&self.answers, || read().map_err(records(&self.directory)))
    }

    /// The run that it fine-tunes, as that was written; none if it does not, or that is not there any more.
    pub(crate) fn base(&self) -> Option<&Base> {
        self.base.as_ref()
    }

    /// The logged steps.
    ///
    /// # Errors
    /// [`Error::Records`] if they cannot be read, or are not what the run left.
    pub fn steps(&self) -> Result<Vec<StepRecord>> {
        finished::steps(&self.directory, &self.last_step).map_err(records(&self.directory))
    }

    /// Facts that one of its documents states.
    pub fn facts_per_document(&self) -> f64 {
        self.world.relation_draw().per_document() as f64
    }

    /// h of the fact of a row, nats.
    pub fn content(&self, row: &FactRow) -> f64 {
        let frequency = self.world.frequency();
        let is_there = (row.relation as usize) < self.world.relations().len()
            && (1..=frequency.elements()).contains(&row.subject);
        is_there
            .then(|| Fact {
                element: frequency.element(row.subject),
                relation: row.relation,
            })
            .map_or(f64::NAN, |fact| self.world.content(fact))
    }

    /// What is true, without the seed.
    pub(crate) fn law(&self) -> &WorldConfig {
        &self.config.world
    }

    /// How the model is trained, however long.
    pub(crate) fn training(&self) -> (ModelConfig, TrainConfig) {
        let train = TrainConfig {
            documents: 0,
            ..self.config.train.clone()
        };
        (self.config.model.clone(), train)
    }

    /// World and training but for what goes with the size of a model and the length of a run.
    pub(crate) fn but_size(&self) -> (WorldConfig, ModelConfig, TrainConfig) {
        let mut model = self.config.model.clone();
        model.drop_sizes();
        let train = TrainConfig {
            documents: 0,
            batch_documents: 0,
            learning_rate: 0.0,
            ..self.config.train.clone()
        };
        (self.law().clone(), model, train)
    }

    /// What all seeds of a run have in common.
    pub(crate) fn but_seed(&self) -> (WorldConfig, ModelConfig, TrainConfig) {
        (
            self.law().clone(),
            self.config.model.clone(),
            self.config.train.clone(),
        )
    }

    /// A study of `runs` alone, which are of `of`.
    pub(crate) fn study_of(runs: &[&Self], of: &Study) -> Study {
        Study {
            name: of.name.clone(),
            settings: of.settings.clone(),
            sources: Vec::new(),
            runs: runs.iter().map(|run| (*run).clone()).collect(),
            tuned: Vec::new(),
            left_out: Vec::new(),
        }
    }

    /// The law of its frequencies, for readers.
    pub(crate) fn law_name(&self) -> String {
        self.world.frequency().law().label(&significant)
    }
}
