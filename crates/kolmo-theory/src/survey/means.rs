//! Means over documents by role, counted as the documents come.

use kolmo_world::Role;
use serde::Serialize;

use crate::roles::ByRole;
use kolmo_stats::Z95;

/// A mean over documents.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Mean {
    /// As counted.
    pub mean: f64,
    /// Its 95 % interval.
    pub ci95: [f64; 2],
    /// In closed form; none where there is no form without a sum over all subjects.
    pub expected: Option<f64>,
}

/// Means over documents by the role of the tokens.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct MeansByRole {
    /// Template words and fillers.
    pub syntax: Mean,
    /// Names.
    pub subject: Mean,
    /// Values.
    pub value: Mean,
    /// The end of the document.
    pub eos: Mean,
    /// All together.
    pub document: Mean,
}

/// A mean and a sum of squared deviations that grow by one number at a time (Welford 1962).
#[derive(Debug, Clone, Copy, Default)]
struct Running {
    mean: f64,
    squares: f64,
}

impl Running {
    /// Adds the `n`th number.
    fn add(&mut self, number: f64, n: u64) {
        let before = number - self.mean;
        self.mean += before / n as f64;
        self.squares += before * (number - self.mean);
    }

    fn mean(&self, n: u64, expected: Option<f64>) -> Mean {
        // Of a single document there is no spread: 0/0, which is NaN, for unknown.
        let half = Z95 * (self.squares / (n as f64 - 1.0) / n as f64).sqrt();
        Mean {
            mean: self.mean,
            ci95: [self.mean - half, self.mean + half],
            expected,
        }
    }
}

/// The same of the numbers of each role, and of their sum.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct RunningByRole {
    roles: [Running; Role::ALL.len()],
    document: Running,
}

impl RunningByRole {
    /// Adds the numbers of the `n`th document.
    pub fn add(&mut self, numbers: ByRole, n: u64) {
        for (role, running) in Role::ALL.iter().zip(&mut self.roles) {
            running.add(numbers.get(*role), n);
        }
        self.document.add(numbers.total(), n);
    }

    /// The means of `n` documents beside what is `expected` of each role.
    pub fn means(&self, n: u64, expected: impl Fn(Role) -> Option<f64>) -> MeansByRole {
        let all = Role::ALL.iter().map(|role| expected(*role));
        let [syntax, subject, value, eos] = self.roles;
        MeansByRole {
            syntax: syntax.mean(n, expected(Role::Syntax)),
            subject: subject.mean(n, expected(Role::Subject)),
            value: value.mean(n, expected(Role::Value)),
            eos: eos.mean(n, expected(Role::Eos)),
            document: self.document.mean(n, all.sum()),
        }
    }
}
