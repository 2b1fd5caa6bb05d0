//! The runs of a sweep as child processes of this one.
//!
//! A child that crashes sinks one run. A parent that is killed leaves its children at work; the next one finds their
//! run directories taken, counts them as places in use, and goes on where they end.

mod child;

use std::{
    collections::{HashMap, VecDeque},
    thread,
    time::{Duration, Instant},
};

use kolmo_run::{Holder, Lock, Manifest, exit_code, explain};

use crate::{
    commands::Trainer,
    directory::SweepDirectory,
    error::SweepError,
    pack::Packing,
    plan::Plan,
    state::{self, RunStatus, State},
};
use child::Child;

/// What is run and when it is given up.
#[derive(Debug, Clone)]
pub struct Options {
    /// Places.
    pub packing: Packing,
    /// How often a run that failed is begun again.
    pub retry: u32,
    /// After so many runs that failed for good, no more are begun; none for no limit.
    pub max_fails: Option<usize>,
    /// Which unfinished runs.
    pub only: Only,
}

/// Which of the unfinished runs are run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Only {
    /// All but those that diverged, which would again.
    #[default]
    Unfinished,
    /// Those that failed or diverged.
    Failed,
    /// Those that were not begun, or were stopped or killed.
    Pending,
}

impl Only {
    fn takes(self, state: State) -> bool {
        match state {
            State::Done => false,
            // Whoever has it lets go of it sooner or later.
            State::Pending | State::Preempted | State::Running => self != Self::Failed,
            State::Failed => self != Self::Pending,
            State::Diverged => self == Self::Failed,
            // It is looked at again when its turn comes.
            State::Unreadable => true,
        }
    }
}

/// Who is told how a sweep goes, and may stop it.
pub trait Observer {
    /// A run has begun, on the device with so many threads.
    fn started(&mut self, run: &RunStatus, device: &str, threads: usize);
    /// How the runs at work stand; again and again.
    fn at_work(&mut self, runs: &[RunStatus], counts: &Counts);
    /// A run has ended, with its last words if it failed.
    fn ended(&mut self, run: &RunStatus, last_words: Option<&str>, again: bool);
    /// Something went wrong that stops nothing.
    fn warning(&mut self, text: &str);
    /// Whether the runs are to be saved and stopped.
    fn wants_stop(&self) -> bool;
}

/// How many runs of the sweep stand how.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// All runs of the plan.
    pub all: usize,
    /// Done, those that were before counted.
    pub done: usize,
    /// Failed for good while this went on.
    pub failed: usize,
    /// Diverged meanwhile.
    pub diverged: usize,
    /// Diverged before, and were left alone.
    pub diverged_before: usize,
    /// Still to be done.
    pub waiting: usize,
}

/// How long the loop sleeps: a run of a second loses a fiftieth at most.
const PAUSE: Duration = Duration::from_millis(20);
/// How often files are looked at.
const LOOK: Duration = Duration::from_millis(500);

/// Runs what is unfinished of `plan` until it is done, or the observer wants it to stop.
///
/// # Errors
/// Another process that runs the sweep already; a folder that cannot be written; a program that does not start.
/// A run that fails is no error.
pub fn execute(
    plan: &Plan,
    directory: &SweepDirectory,
    trainer: &Trainer,
    options: &Options,
    observer: &mut dyn Observer,
) -> Result<Counts, SweepError> {
    directory.create(plan)?;
    let _lock = Lock::take(directory.root())?;
    directory.prepare(plan)?;
    let mut sweep = Sweep::new(plan, directory, trainer, options);
    let result = sweep.run(observer);
    if result.is_err() {
        // What is at work saves, and is resumable.
        sweep.stop();
        while sweep.reap(observer).is_ok() && !sweep.children.is_empty() {
            thread::sleep(PAUSE);
        }
    }
    result.map(|()| sweep.counts)
}

struct Sweep<'a> {
    plan: &'a Plan,
    directory: &'a SweepDirectory,
    trainer: &'a Trainer,
    options: &'a Options,
    /// Indices of runs to be begun, the longest first.
    queue: VecDeque<usize>,
    children: Vec<Child>,
    /// Runs that other processes have.
    elsewhere: Vec<Elsewhere>,
    /// How often each has failed.
    fails: HashMap<usize, u32>,
    counts: Counts,
    is_stopped: bool,
}

/// A run that another process has.
struct Elsewhere {
    run: usize,
    /// The place that it takes; none if it is on another machine.
    slot: Option<usize>,
}

impl<'a> Sweep<'a> {
    fn new(
        plan: &'a Plan,
        directory: &'a SweepDirectory,
        trainer: &'a Trainer,
        options: &'a Options,
    ) -> Self {
        let mut sweep = Self {
            plan,
            directory,
            trainer,
            options,
            queue: VecDeque::new(),
            children: Vec::new(),
            elsewhere: Vec::new(),
            fails: HashMap::new(),
            counts: Counts {
                all: plan.runs.len(),
                ..Counts::default()
            },
            is_stopped: false,
        };
        let mut queue = Vec::new();
        for (k, run) in plan.runs.iter().enumerate() {
            match state::status(run, directory).state {
                State::Done => sweep.counts.done += 1,
                state if !options.only.takes(state) => {
                    let counts = state == State::Diverged && options.only == Only::Unfinished;
                    sweep.counts.diverged_before += usize::from(counts);
                }
                State::Running => sweep.leave_elsewhere(k),
                State::Pending
                | State::Preempted
                | State::Failed
                | State::Diverged
                | State::Unreadable => queue.push(k),
            }
        }
        // What takes longest ends last, unless it begins first.
        let flops = |k: &usize| plan.runs[*k].cost.flops;
        queue.sort_by(|a, b| flops(b).total_cmp(&flops(a)));
        sweep.queue = queue.into();
        sweep
    }

    fn run(&mut self, observer: &mut dyn Observer) -> Result<(), SweepError> {
        let mut looked: Option<Instant> = None;
        loop {
            if observer.wants_stop() && !self.is_stopped {
                self.stop();
            }
            self.reap(observer)?;
            if looked.is_none_or(|looked| looked.elapsed() >= LOOK) {
                looked = Some(Instant::now());
                self.find_free();
                let at_work = self.children.iter().map(|child| child.run);
                let at_work = at_work.chain(self.elsewhere.iter().map(|other| other.run));
                let at_work: Vec<RunStatus> = at_work.map(|k| self.status(k)).collect();
                self.counts.waiting = self.queue.len();
                observer.at_work(&at_work, &self.counts);
            }
            let fails = self.counts.failed + self.counts.diverged;
            let given_up = self.options.max_fails.is_some_and(|most| fails >= most);
            let begins = !self.is_stopped && !given_up;
            if begins {
                self.start(observer)?;
            }
            let left = begins && !(self.queue.is_empty() && self.elsewhere.is_empty());
            if self.children.is_empty() && !left {
                self.counts.waiting = self.queue.len() + self.elsewhere.len();
                return Ok(());
            }
            thread::sleep(PAUSE);
        }
    }

    /// A place that nobody has, on `device` if there is one.
    fn free_slot(&self, device: Option<&str>) -> Option<usize> {
        let slots = &self.options.packing.slots;
        let is_taken = |slot: &usize| {
            self.children.iter().any(|child| child.slot == *slot)
                || self.elsewhere.iter().any(|other| other.slot == Some(*slot))
        };
        let mut free: Vec<usize> = (0..slots.len()).filter(|slot| !is_taken(slot)).collect();
        free.sort_by_key(|slot| device != Some(slots[*slot].as_str()));
        free.first().copied()
    }

    /// Begins runs for as long as there is a place and a run that can. A program that does not start would not start for the
    /// next run either, and is an error.
    fn start(&mut self, observer: &mut dyn Observer) -> Result<(), SweepError> {
        while let Some(slot) = self.free_slot(None) {
            let next = self.queue.iter().position(|k| self.is_ready(*k));
            let Some(k) = next.and_then(|at| self.queue.remove(at)) else {
                return Ok(());
            };
            let run = &self.plan.runs[k];
            match state::state(run, self.directory) {
                // Somebody else has run it meanwhile.
                Ok(State::Done) => {
                    self.counts.done += 1;
                    continue;
                }
                Ok(State::Running) => {
                    self.leave_elsewhere(k);
                    continue;
                }
                Ok(
                    State::Pending
                    | State::Preempted
                    | State::Failed
                    | State::Diverged
                    | State::Unreadable,
                ) => {}
                // What is there must not be written over.
                Err(error) => {
                    self.failed(k, &explain(&error), observer);
                    continue;
                }
            }
            let unfinished = 1 + self.queue.len() + self.children.len() + self.elsewhere.len();
            let packing = &self.options.packing;
            let threads = packing.threads(unfinished);
            let device = packing.slots[slot].clone();
            let places = (k, slot);
            let child = Child::start(places, run, self.directory, self.trainer, &device, threads);
            let mut status = self.status(k);
            match child {
                Ok(child) => {
                    self.children.push(child);
                    status.state = State::Running;
                    observer.started(&status, &device, threads);
                }
                Err(error @ SweepError::Start { .. }) => return Err(error),
                Err(error) => self.failed(k, &error.to_string(), observer),
            }
        }
        Ok(())
    }

    /// Whether a run need not wait for its trunk: that has the checkpoint, or will have none before this ends.
    fn is_ready(&self, k: usize) -> bool {
        let Some(trunk) = &self.plan.runs[k].trunk else {
            return true;
        };
        let is_trunk = |k: usize| self.plan.runs[k].id == trunk.id;
        let comes = self.queue.iter().any(|k| is_trunk(*k))
            || self.children.iter().any(|child| is_trunk(child.run))
            || self.elsewhere.iter().any(|other| is_trunk(other.run));
        !comes
            || self
                .directory
                .run(&trunk.id)
                .checkpoint(trunk.step)
                .is_dir()
    }

    /// Takes leave of children that have ended.
    fn reap(&mut self, observer: &mut dyn Observer) -> Result<(), SweepError> {
        let mut at = 0;
        while at < self.children.len() {
            let Some(code) = self.children[at].ended()? else {
                at += 1;
                continue;
            };
            let child = self.children.swap_remove(at);
            let k = child.run;
            let is_done = self.directory.run(&self.plan.runs[k].id).is_done();
            let state = match (code, &is_done) {
                (Some(0), Ok(true)) => State::Done,
                (Some(exit_code::DIVERGED), _) => State::Diverged,
                (Some(exit_code::STOPPED), _) => State::Preempted,
                // By whoever told us to stop, too.
                (None, _) if self.is_stopped => State::Preempted,
                _ => State::Failed,
            };
            if state == State::Failed {
                let words = match is_done {
                    Ok(_) => child.last_words(code),
                    Err(error) => explain(&error),
                };
                self.failed(k, &words, observer);
                self.note(&child, code, observer);
                continue;
            }
            let mut words = None;
            match state {
                State::Done => self.counts.done += 1,
                State::Diverged => {
                    self.counts.diverged += 1;
                    words = Some(child.last_words(code));
                    self.note(&child, code, observer);
                }
                // Goes on when its turn comes.
                _ => self.queue.push_back(k),
            }
            let mut status = self.status(k);
            status.state = state;
            observer.ended(&status, words.as_deref(), false);
        }
        Ok(())
    }

    /// A run has failed, and is begun again unless that was too often.
    fn failed(&mut self, k: usize, words: &str, observer: &mut dyn Observer) {
        let fails = self.fails.entry(k).or_default();
        *fails += 1;
        let again = *fails <= self.options.retry && !self.is_stopped;
        match again {
            // Before others, lest a branch is begun without it.
            true => self.queue.push_front(k),
            false => self.counts.failed += 1,
        }
        let mut status = self.status(k);
        status.state = State::Failed;
        observer.ended(&status, Some(words), again);
    }

    /// Keeps the code that a child has ended with for those who ask later.
    fn note(&self, child: &Child, code: Option<u8>, observer: &mut dyn Observer) {
        if let Err(error) = child.note(code.unwrap_or(exit_code::FAILED)) {
            observer.warning(&error.to_string());
        }
    }

    /// Leaves a run to the process that has it.
    fn leave_elsewhere(&mut self, run: usize) {
        let there = self.directory.run(&self.plan.runs[run].id);
        let slot = match Lock::holder(there.root()) {
            Ok(Some(Holder::OnAnotherMachine)) => None,
            Ok(Some(Holder::OnThisMachine) | None) | Err(_) => {
                let device = Manifest::read(&there).map(|manifest| manifest.provenance.device);
                self.free_slot(device.as_deref().ok())
            }
        };
        self.elsewhere.push(Elsewhere { run, slot });
    }

    /// Looks whether the runs that others have are free again.
    fn find_free(&mut self) {
        let (plan, directory) = (self.plan, self.directory);
        // Of what cannot be read the state says so.
        let is_held = |other: &Elsewhere| {
            let there = directory.run(&plan.runs[other.run].id);
            Lock::holder(there.root()).is_ok_and(|holder| holder.is_some())
        };
        let elsewhere = std::mem::take(&mut self.elsewhere);
        let (held, free): (Vec<_>, Vec<_>) = elsewhere.into_iter().partition(is_held);
        self.elsewhere = held;
        for Elsewhere { run, .. } in free {
            match state::status(&plan.runs[run], directory).state {
                State::Done => self.counts.done += 1,
                state if self.options.only.takes(state) => self.queue.push_front(run),
                State::Diverged => self.counts.diverged += 1,
                _ => self.counts.failed += 1,
            }
        }
    }

    /// Asks every child to save and end.
    fn stop(&mut self) {
        self.is_stopped = true;
        for child in &mut self.children {
            child.stop();
        }
    }

    fn status(&self, k: usize) -> RunStatus {
        state::status(&self.plan.runs[k], self.directory)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::tests::plan;

    /// Counts the runs that ended.
    #[derive(Default)]
    struct Ended(usize);

    impl Observer for Ended {
        fn started(&mut self, _run: &RunStatus, _device: &str, _threads: usize) {}
        fn at_work(&mut self, _runs: &[RunStatus], _counts: &Counts) {}
        fn ended(&mut self, _run: &RunStatus, _last_words: Option<&str>, _again: bool) {
            self.0 += 1;
        }
        fn warning(&mut self, _text: &str) {}
        fn wants_stop(&self) -> bool {
            false
        }
    }

    #[test]
    fn a_program_that_cannot_be_started_ends_the_sweep_and_fails_no_run() {
        let plan = plan("seeds = [1, 2, 3]").unwrap();
        let folder = tempfile::tempdir().unwrap();
        let directory = SweepDirectory::at(folder.path().join("many"));
        let missing = folder.path().join("kolmo");
        let trainer = Trainer {
            kolmo: missing.clone().into(),
            image: None,
            arguments: Vec::new(),
        };
        let options = Options {
            packing: Packing::new(&["flex".to_owned()], 1, 1),
            retry: 1,
            max_fails: None,
            only: Only::Unfinished,
        };
        let mut ended = Ended::default();
        let result = execute(&plan, &directory, &trainer, &options, &mut ended);
        let error = result.unwrap_err();
        assert!(matches!(error, SweepError::Start { .. }), "{error}");
        assert!(error.to_string().contains(missing.to_str().unwrap()));
        assert_eq!(ended.0, 0);
        let state = |run| state::state(run, &directory).unwrap();
        assert!(plan.runs.iter().all(|run| state(run) == State::Pending));
    }
}
