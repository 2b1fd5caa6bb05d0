//! A number for each role of token.

use std::ops::{Add, AddAssign};

use kolmo_world::{Document, Role};
use serde::{Deserialize, Serialize};

/// Nats (or whatever is being summed) by the role of the tokens they were spent on.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct ByRole {
    /// On template words and fillers.
    pub syntax: f64,
    /// On names.
    pub subject: f64,
    /// On values.
    pub value: f64,
    /// On the end of the document.
    pub eos: f64,
}

impl ByRole {
    /// The number of `role`.
    pub fn get(&self, role: Role) -> f64 {
        match role {
            Role::Syntax => self.syntax,
            Role::Subject => self.subject,
            Role::Value => self.value,
            Role::Eos => self.eos,
        }
    }

    /// Adds `amount` to the number of `role`.
    pub fn add_to(&mut self, role: Role, amount: f64) {
        *match role {
            Role::Syntax => &mut self.syntax,
            Role::Subject => &mut self.subject,
            Role::Value => &mut self.value,
            Role::Eos => &mut self.eos,
        } += amount;
    }

    /// All roles together.
    pub fn total(&self) -> f64 {
        self.syntax + self.subject + self.value + self.eos
    }

    /// `factor` times as much of each.
    pub fn scaled(&self, factor: f64) -> Self {
        Self {
            syntax: factor * self.syntax,
            subject: factor * self.subject,
            value: factor * self.value,
            eos: factor * self.eos,
        }
    }
}

impl Add for ByRole {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            syntax: self.syntax + other.syntax,
            subject: self.subject + other.subject,
            value: self.value + other.value,
            eos: self.eos + other.eos,
        }
    }
}

impl AddAssign for ByRole {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

/// Lets `read` put what each token of `document` costs into `nats`. Where it stops, the rest is impossible: everything is infinite.
pub(crate) fn read_whole(
    document: &Document,
    nats: &mut Vec<f64>,
    read: impl FnOnce(&mut Vec<f64>) -> Option<()>,
) {
    nats.clear();
    let _ = read(nats);
    nats.resize(document.tokens.len(), f64::INFINITY);
}

/// The sum of `nats`, one for each token of `document`, by role.
pub(crate) fn sum_by_role(document: &Document, nats: &[f64]) -> ByRole {
    let mut sum = ByRole::default();
    for (role, nats) in document.roles.iter().zip(nats) {
        sum.add_to(*role, *nats);
    }
    sum
}
