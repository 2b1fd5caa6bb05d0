//! A companion that no run has: it counts tokens. It is this file and a place in the list of a job.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use std::{
    fs,
    path::{Path, PathBuf},
    sync::atomic::{AtomicBool, Ordering},
};

use kolmo_config::RunConfig;
use kolmo_model::{ComputeDevice, DeviceName};
use kolmo_probe::Interview;
use kolmo_run::{
    CompanionFigures, EvaluationRecord, Lock, Manifest, Provenance, RunDirectory, StepRecord,
    read_jsonl,
};
use kolmo_train::{
    COMPANIONS, Companion, Job, Observer, Outcome, Start, Sums, TrainError, Trunk,
    companions::{Asked, Begin, Evaluation, Seen},
    state::{Kept, cbor},
    train,
};
use kolmo_world::World;

/// How many tokens the model has read, and how many of them in its longest batch.
#[derive(Default)]
struct Tokens {
    read: u64,
    longest: u64,
}

fn tokens<'a>(_: &Job<'a>, _: &'a Interview) -> Box<dyn Companion + 'a> {
    Box::new(Tokens::default())
}

impl Tokens {
    fn tell(&self, figures: &mut CompanionFigures) {
        figures.insert("tokens_read".to_owned(), Some(self.read as f64));
        figures.insert("tokens_longest".to_owned(), Some(self.longest as f64));
    }
}

impl Companion for Tokens {
    fn name(&self) -> &'static str {
        "tokens"
    }

    fn step(&mut self, seen: &Seen<'_>) {
        self.read += seen.batch.tokens;
        self.longest = self.longest.max(seen.batch.tokens);
    }

    fn line(&mut self, _: &Sums, record: &mut StepRecord) {
        self.tell(&mut record.companions);
    }

    fn evaluation(&mut self, _: &Asked<'_>, told: &mut Evaluation) -> Result<(), TrainError> {
        self.tell(&mut told.record.companions);
        Ok(())
    }

    fn keep(&self) -> Result<Option<Vec<u8>>, TrainError> {
        cbor(&(self.read, self.longest)).map(Some)
    }

    fn resume(&mut self, kept: &Kept<'_>) -> Result<(), TrainError> {
        // A run that began without it is counted from here on.
        if let Some((read, longest)) = kept.read_if_there()? {
            (self.read, self.longest) = (read, longest);
        }
        Ok(())
    }
}

const WITH: &[Begin] = &[COMPANIONS[0], COMPANIONS[1], tokens];

const CONFIG: &str = r#"
[world.frequency]
law = "zipf"
elements = 50
exponent = 1.5
[[world.relations]]
name = "colour"
values = 8
[model]
d_model = 16
layers = 1
heads = 2
[train]
documents = 1280
batch_documents = 32
warmup_documents = 128
log_every = 3
[eval]
classes = 3
facts_per_class = 10
evaluations = 6
[checkpoint]
every_s = inf
keep_every = 10
keep_last = 9
"#;

/// Stops a run before one step, or copies its folder after another, as a kill then would leave it.
#[derive(Default)]
struct Watch {
    stop_after: Option<u64>,
    copy_after: Option<(u64, PathBuf, PathBuf)>,
    stops: AtomicBool,
    warnings: Vec<String>,
}

impl Observer for Watch {
    fn begin(&mut self, _: u64) {}
    fn step(&mut self, record: &StepRecord) {
        if let Some((step, run, copy)) = &self.copy_after
            && record.step == *step
        {
            copy_folder(run, copy);
        }
        let stops = self.stop_after.is_some_and(|step| record.step >= step);
        self.stops.store(stops, Ordering::Relaxed);
    }
    fn evaluation(&mut self, _: &EvaluationRecord) {}
    fn branch(&mut self, _: u64, _: &Path) {}
    fn checkpoint(&mut self, _: u64) {}
    fn warning(&mut self, text: &str) {
        self.warnings.push(text.to_owned());
    }
    fn wants_stop(&self) -> bool {
        self.stops.load(Ordering::Relaxed)
    }
}

fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        match entry.file_type().unwrap().is_dir() {
            true => copy_folder(&entry.path(), &to),
            false => fs::copy(entry.path(), to).map(drop).unwrap(),
        }
    }
}

struct Place {
    folder: tempfile::TempDir,
    device: ComputeDevice,
}

impl Place {
    fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
            device: "flex".parse::<DeviceName>().unwrap().open().unwrap(),
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn train(
        &self,
        name: &str,
        text: &str,
        companions: &[Begin],
        trunk: Option<&Trunk>,
        watch: &mut Watch,
    ) -> Result<Outcome, TrainError> {
        let config = config(text);
        let run = RunDirectory::open_or_create(self.path(name)).unwrap();
        let job = Job {
            config: &config,
            world: &World::new(&config.world, config.seed).unwrap(),
            device: &self.device,
            run: &run,
            lock: &Lock::take(run.root()).unwrap(),
            lesson: None,
            trunk,
            companions,
        };
        train(&job, Start::Resume, Provenance::default(), watch)
    }

    /// Trains to the end.
    fn done(&self, name: &str, companions: &[Begin]) -> Records {
        let trained = self.train(name, CONFIG, companions, None, &mut Watch::default());
        assert!(matches!(trained, Ok(Outcome::Finished(_))), "{trained:?}");
        self.records(name)
    }

    fn records(&self, name: &str) -> Records {
        let run = RunDirectory::at(self.path(name));
        let mut steps: Vec<StepRecord> = read_jsonl(run.metrics()).unwrap();
        for record in &mut steps {
            (record.elapsed_s, record.tokens_per_s) = (0.0, 0.0);
        }
        (steps, read_jsonl(run.evaluations()).unwrap())
    }
}

type Records = (Vec<StepRecord>, Vec<EvaluationRecord>);

fn config(text: &str) -> RunConfig {
    RunConfig::load(text, &[]).unwrap().0
}

fn without(mut records: Records) -> Records {
    let steps = records.0.iter_mut();
    steps.for_each(|record| record.companions.clear());
    let evaluations = records.1.iter_mut();
    evaluations.for_each(|record| record.companions.clear());
    records
}

#[test]
fn it_sees_every_step_and_speaks_in_every_record_and_changes_nothing_else() {
    let place = Place::new();
    let (steps, evaluations) = place.done("with", WITH);
    for record in &steps {
        assert_eq!(record.companions["tokens_read"], Some(record.tokens as f64));
    }
    let last = &evaluations.last().unwrap().companions;
    assert_eq!(*last, steps.last().unwrap().companions);
    assert!(last["tokens_longest"] > Some(32.0));
    let without_it = place.done("without", COMPANIONS);
    assert!(without_it.0[0].companions.is_empty());
    assert!(without((steps, evaluations)) == without_it);
}

#[test]
fn a_run_that_is_stopped_or_killed_goes_on_with_what_it_kept() {
    let place = Place::new();
    let whole = place.done("whole", WITH);
    // Five steps behind its checkpoint, with lines of metrics.jsonl that are to be cut back.
    let mut kill = Watch {
        stop_after: Some(33),
        copy_after: Some((15, place.path("stopped"), place.path("killed"))),
        ..Watch::default()
    };
    let stopped = place.train("stopped", CONFIG, WITH, None, &mut kill);
    assert!(matches!(stopped, Ok(Outcome::Stopped(33))), "{stopped:?}");
    assert_eq!(place.records("killed").0.last().unwrap().step, 15);
    let killed = RunDirectory::at(place.path("killed"));
    assert_eq!(kolmo_run::checkpoint::steps(&killed).unwrap(), [10]);
    for run in ["stopped", "killed"] {
        assert!(place.done(run, WITH) == whole, "{run}");
        let model = |run: &str| {
            let folder = RunDirectory::at(place.path(run)).checkpoint(40);
            fs::read(folder.join("model.safetensors")).unwrap()
        };
        assert!(model(run) == model("whole"));
    }
}

#[test]
fn a_branch_begins_with_what_its_trunk_kept() {
    let place = Place::new();
    place.done("trunk", WITH);
    // Until its cool-down it makes the steps of the trunk.
    let longer = CONFIG.replace("documents = 1280", "documents = 2560");
    let trunk = |name| {
        let run = RunDirectory::at(place.path(name));
        Trunk::new(run, &config(CONFIG), &config(&longer)).unwrap()
    };
    let finish = |name: &str, trunk: Option<&Trunk>| {
        let mut watch = Watch::default();
        let trained = place.train(name, &longer, WITH, trunk, &mut watch);
        assert!(matches!(trained, Ok(Outcome::Finished(_))), "{trained:?}");
        assert_eq!(watch.warnings, Vec::<String>::new());
        place.records(name)
    };
    let whole = finish("whole", None);
    let branch = finish("branch", Some(&trunk("trunk")));
    let manifest = Manifest::read(&RunDirectory::at(place.path("branch"))).unwrap();
    assert!(manifest.trunk.unwrap().step >= 10);
    // Its first evaluations are those of the trunk, at other steps.
    assert!(branch.0 == whole.0);
    let told = |records: &Records| records.1.last().unwrap().companions.clone();
    assert_eq!(told(&branch), told(&whole));
}

#[test]
fn a_run_goes_on_with_one_more_and_never_silently_with_one_less() {
    let place = Place::new();
    let mut stop = Watch {
        stop_after: Some(21),
        ..Watch::default()
    };
    let stopped = place.train("run", CONFIG, COMPANIONS, None, &mut stop);
    assert!(matches!(stopped, Ok(Outcome::Stopped(21))), "{stopped:?}");
    copy_folder(&place.path("run"), &place.path("more"));
    let (steps, _) = place.done("more", WITH);
    let read = steps.last().unwrap().companions["tokens_read"].unwrap();
    let before = place.records("run").0.last().unwrap().tokens;
    assert_eq!(read, (steps.last().unwrap().tokens - before) as f64);

    let mut stop = Watch {
        stop_after: Some(21),
        ..Watch::default()
    };
    place
        .train("less", CONFIG, WITH, None, &mut stop)
        .map(drop)
        .unwrap();
    let mut watch = Watch::default();
    let refused = place.train("less", CONFIG, COMPANIONS, None, &mut watch);
    assert!(matches!(refused, Err(TrainError::NoCheckpoint { .. })));
    let reason = "cannot go on with tokens";
    assert!(watch.warnings[0].contains(reason), "{:?}", watch.warnings);
}
