//! Sums between two logged steps, and a clock of training that stands still during everything else.

use std::{collections::BTreeMap, time::Instant};

use kolmo_run::{ExactLosses, StepRecord};
use kolmo_theory::ByRole;
use kolmo_world::document::Role;
use serde::{Deserialize, Serialize};

use crate::companions::Companion;

/// The meter of a run.
#[derive(Debug)]
pub(crate) struct Meter {
    sums: Sums,
    /// When it was started or resumed.
    since: Instant,
    /// When training went on last.
    resumed: Instant,
}

/// What the model has lost on the documents that it read, as it is kept.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Sums {
    tokens: u64,
    /// Nats by role since the last record, in the order of [`Role::ALL`].
    pub nats: [f64; Role::ALL.len()],
    /// Tokens of each role since then.
    pub counts: [u64; Role::ALL.len()],
    /// Nats of all documents so far: the prequential code.
    pub code: ByRole,
    /// Seconds of training since the last record.
    trained_s: f64,
    /// Seconds of the processes before this one.
    elapsed_s: f64,
}

/// What a step says of itself.
#[derive(Debug, Clone, Copy)]
pub(crate) struct StepFigures {
    pub step: u64,
    pub documents: u64,
    pub learning_rate: f64,
    pub grad_norm: f64,
}

impl Meter {
    /// Goes on where `sums` were taken; from nothing with the default.
    pub fn new(sums: Sums) -> Self {
        let now = Instant::now();
        Self {
            sums,
            since: now,
            resumed: now,
        }
    }

    /// What was counted; the clock must be [paused](Self::pause).
    pub fn state(&self) -> Sums {
        Sums {
            elapsed_s: self.elapsed_s(),
            ..self.sums.clone()
        }
    }

    /// Counts the tokens of a step.
    pub fn count(&mut self, roles: &[Option<Role>]) {
        for role in roles.iter().flatten() {
            self.sums.counts[*role as usize] += 1;
        }
    }

    /// Adds the loss of a step, nats by role.
    pub fn add(&mut self, by_role: &[f64]) {
        for (role, nats) in Role::ALL.into_iter().zip(by_role) {
            self.sums.nats[role as usize] += nats;
            self.sums.code.add_to(role, *nats);
        }
    }

    /// What was counted so far.
    pub fn sums(&self) -> &Sums {
        &self.sums
    }

    pub fn pause(&mut self) {
        self.sums.trained_s += self.resumed.elapsed().as_secs_f64();
    }

    pub fn resume(&mut self) {
        self.resumed = Instant::now();
    }

    fn elapsed_s(&self) -> f64 {
        self.sums.elapsed_s + self.since.elapsed().as_secs_f64()
    }

    /// Means since the last record, to which `companions` add theirs; then begins anew.
    pub fn record(
        &mut self,
        figures: StepFigures,
        companions: &mut [Box<dyn Companion + '_>],
    ) -> StepRecord {
        self.pause();
        let elapsed_s = self.elapsed_s();
        let sums = &mut self.sums;
        let count: u64 = sums.counts.iter().sum();
        sums.tokens += count;
        let mean = |role: Role| {
            let count = sums.counts[role as usize];
            (count > 0).then(|| sums.nats[role as usize] / count as f64)
        };
        let mut record = StepRecord {
            step: figures.step,
            documents: figures.documents,
            tokens: sums.tokens,
            loss: sums.nats.iter().sum::<f64>() / count as f64,
            loss_syntax: mean(Role::Syntax),
            loss_subject: mean(Role::Subject),
            loss_value: mean(Role::Value),
            loss_eos: mean(Role::Eos),
            exact: ExactLosses::default(),
            lr: figures.learning_rate,
            grad_norm: figures.grad_norm,
            tokens_per_s: count as f64 / sums.trained_s,
            elapsed_s,
            companions: BTreeMap::new(),
        };
        for companion in companions {
            companion.line(sums, &mut record);
        }
        sums.nats = [0.0; Role::ALL.len()];
        sums.counts = [0; Role::ALL.len()];
        sums.trained_s = 0.0;
        self.resume();
        record
    }
}
