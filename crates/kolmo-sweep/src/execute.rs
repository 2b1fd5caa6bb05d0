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

use kolmo_run::Lock;

use crate::{
    commands::Trainer,
    directory::SweepDirectory,
    error::SweepError,
    pack::Packing,
    plan::Plan,
    state::{self, DIVERGED, RunStatus, STOPPED, State},
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
        }
    }
}

/// Whether and how the runs are to be stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stop {
    /// Not.
    No,
    /// Each saves and ends.
    Gently,
    /// Each is killed.
    Now,
}

/// Who is told how a sweep goes, and may stop it.
pub trait Observer {
    /// A run has begun, on the device with so many threads.
    fn started(&mut self, run: &RunStatus, device: &str, threads: usize);
    /// How the runs at work stand; again and again.
    fn at_work(&mut self, runs: &[RunStatus], counts: &Counts);
    /// A run has ended, with its last words if it failed.
    fn ended(&mut self, run: &RunStatus, last_words: Option<&str>, again: bool);
    /// Whether the runs are to be stopped.
    fn stop(&self) -> Stop;
}

/// How many runs of the sweep stand how.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// All runs of the plan.
    pub all: usize,
    /// Done, those that were before counted.
    pub done: usize,
    /// Failed for good.
    pub failed: usize,
    /// Diverged.
    pub diverged: usize,
    /// Still to be begun.
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
    directory.prepare(plan)?;
    let _lock = Lock::take(directory.root())?;
    let mut sweep = Sweep::new(plan, directory, trainer, options);
    let result = sweep.run(observer);
    if result.is_err() {
        // What is at work saves, and is resumable.
        sweep.tell(Stop::Gently);
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
    /// Indices of runs that other processes have.
    elsewhere: Vec<usize>,
    attempts: HashMap<usize, u32>,
    counts: Counts,
    told: Stop,
}

impl<'a> Sweep<'a> {
    fn new(
        plan: &'a Plan,
        directory: &'a SweepDirectory,
        trainer: &'a Trainer,
        options: &'a Options,
    ) -> Self {
        let mut counts = Counts {
            all: plan.runs.len(),
            ..Counts::default()
        };
        let mut queue = Vec::new();
        for (k, run) in plan.runs.iter().enumerate() {
            let state = state::state(run, directory);
            match state {
                State::Done => counts.done += 1,
                _ if options.only.takes(state) => queue.push(k),
                State::Failed => counts.failed += 1,
                State::Diverged => counts.diverged += 1,
                _ => {}
            }
        }
        // What takes longest ends last, unless it begins first.
        let flops = |k: &usize| plan.runs[*k].cost.flops;
        queue.sort_by(|a, b| flops(b).total_cmp(&flops(a)));
        Self {
            plan,
            directory,
            trainer,
            options,
            queue: queue.into(),
            children: Vec::new(),
            elsewhere: Vec::new(),
            attempts: HashMap::new(),
            counts,
            told: Stop::No,
        }
    }

    fn run(&mut self, observer: &mut dyn Observer) -> Result<(), SweepError> {
        let mut looked: Option<Instant> = None;
        loop {
            let stop = observer.stop();
            if stop != self.told {
                self.tell(stop);
            }
            self.reap(observer)?;
            if looked.is_none_or(|looked| looked.elapsed() >= LOOK) {
                looked = Some(Instant::now());
                self.find_elsewhere();
                let at_work = self.children.iter().map(|child| child.run);
                let at_work = at_work.chain(self.elsewhere.iter().copied());
                let at_work: Vec<RunStatus> = at_work.map(|k| self.status(k)).collect();
                self.counts.waiting = self.queue.len();
                observer.at_work(&at_work, &self.counts);
            }
            let given_up = self
                .options
                .max_fails
                .is_some_and(|most| self.counts.failed + self.counts.diverged >= most);
            let begins = stop == Stop::No && !given_up;
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

    /// Begins runs for as long as there is a place and a run that can.
    fn start(&mut self, observer: &mut dyn Observer) -> Result<(), SweepError> {
        while self.children.len() + self.elsewhere.len() < self.options.packing.slots.len() {
            let ready =
                |k: &usize| state::trunk_serves(self.plan, self.directory, &self.plan.runs[*k]);
            let Some(at) = self.queue.iter().position(ready) else {
                return Ok(());
            };
            let Some(k) = self.queue.remove(at) else {
                return Ok(());
            };
            let run = &self.plan.runs[k];
            match state::state(run, self.directory) {
                // Somebody else has run it meanwhile.
                State::Done => {
                    self.counts.done += 1;
                    continue;
                }
                State::Running => {
                    self.elsewhere.push(k);
                    continue;
                }
                _ => {}
            }
            let unfinished = 1 + self.queue.len() + self.children.len() + self.elsewhere.len();
            let packing = &self.options.packing;
            let threads = packing.threads(unfinished);
            let taken = |slot: usize| self.children.iter().any(|child| child.slot == slot);
            let slot = (0..packing.slots.len()).find(|slot| !taken(*slot));
            let slot = slot.unwrap_or(0);
            let device = packing.slots[slot].clone();
            let child = Child::start(
                (k, slot),
                run,
                self.directory,
                self.trainer,
                &device,
                threads,
            )?;
            *self.attempts.entry(k).or_default() += 1;
            self.children.push(child);
            let mut status = self.status(k);
            status.state = State::Running;
            observer.started(&status, &device, threads);
        }
        Ok(())
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
            let state = match code {
                Some(0) if is_done => State::Done,
                Some(DIVERGED) => State::Diverged,
                Some(STOPPED) => State::Preempted,
                // Killed by us, or by whoever told us to stop.
                None if self.told != Stop::No => State::Preempted,
                _ => State::Failed,
            };
            let attempts = self.attempts.get(&k).copied().unwrap_or(0);
            let again = match state {
                State::Failed => self.told == Stop::No && attempts <= self.options.retry,
                // Somebody stopped the run and not the sweep: it goes on when its turn comes.
                State::Preempted => self.told == Stop::No,
                _ => false,
            };
            let failed = matches!(state, State::Failed | State::Diverged);
            if failed && !again {
                child.note(code.unwrap_or(1))?;
            }
            match state {
                State::Done => self.counts.done += 1,
                State::Failed if !again => self.counts.failed += 1,
                State::Diverged => self.counts.diverged += 1,
                _ => {}
            }
            if again {
                self.queue.push_back(k);
            } else if state == State::Preempted {
                self.counts.waiting += 1;
            }
            let last_words = failed.then(|| child.last_words(code));
            let mut status = self.status(k);
            status.state = state;
            observer.ended(&status, last_words.as_deref(), again);
        }
        Ok(())
    }

    /// Looks whether the runs that others have are free again.
    fn find_elsewhere(&mut self) {
        let (plan, directory) = (self.plan, self.directory);
        let is_held = |k: &usize| Lock::is_held(directory.run(&plan.runs[*k].id).root());
        let (held, free): (Vec<usize>, Vec<usize>) =
            self.elsewhere.iter().partition(|k| is_held(k));
        self.elsewhere = held;
        for k in free {
            // What has become of it is seen when its turn comes.
            self.queue.push_front(k);
        }
    }

    fn tell(&mut self, stop: Stop) {
        self.told = stop;
        for child in &mut self.children {
            child.tell(stop);
        }
    }

    fn status(&self, k: usize) -> RunStatus {
        state::status(&self.plan.runs[k], self.directory)
    }
}
