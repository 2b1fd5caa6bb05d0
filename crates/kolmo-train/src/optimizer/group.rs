//! The parameters that one rule updates.
//!
//! On the CPU each is updated where it is. Elsewhere those of an elementwise rule are one tensor, and so is what the rule keeps
//! for them: an update is then a handful of kernels, however many parameters there are, and the model has views of it.

use std::iter::repeat_n;

use burn::{prelude::*, tensor::TensorData};
use kolmo_kernels::{Factor, flat, is_flex};

use super::{
    Parameter,
    rule::{Factors, Rule, Slot, Step},
};

/// The parameters that one rule updates.
pub(super) struct Group {
    pub rule: Box<dyn Rule>,
    /// In the order of the model.
    pub members: Vec<Member>,
    /// What the rule keeps, for each member, or for all of them joined; nothing before the first update.
    state: Vec<Vec<Tensor<1>>>,
    /// How fast each of `state` learns and decays; nothing before the first update of this process.
    factors: Vec<[Factor; 2]>,
    /// All members joined, where they are and an update was made.
    joined: Option<Tensor<1>>,
}

/// A parameter of a group.
pub(super) struct Member {
    /// Its place among all parameters of the model.
    pub place: usize,
    pub parameter: Parameter,
    pub factors: Factors,
}

impl Group {
    pub fn new(rule: Box<dyn Rule>, members: Vec<Member>) -> Self {
        Self {
            rule,
            members,
            state: Vec::new(),
            factors: Vec::new(),
            joined: None,
        }
    }

    /// Whether its members are one tensor on `device`.
    pub fn is_joined(&self, device: &Device) -> bool {
        !is_flex(device) && self.rule.is_elementwise()
    }

    /// Whether it has the values of its members, of which the model has views.
    pub fn has_values(&self) -> bool {
        self.joined.is_some()
    }

    /// Updates `values`, which it may have itself, with `gradients`, each one for each member or one for all of them.
    pub fn step(
        &mut self,
        values: Option<Vec<Tensor<1>>>,
        gradients: Vec<Tensor<1>>,
        step: &Step<'_>,
        device: &Device,
    ) -> Vec<Tensor<1>> {
        let is_joined = self.is_joined(device);
        let mut values = match (self.joined.take(), values) {
            (Some(joined), _) => vec![joined],
            (None, values) => values.unwrap_or_default(),
        };
        let mut gradients = gradients;
        if is_joined {
            values = vec![flat::join(values)];
            gradients = vec![flat::join(gradients)];
        }
        if self.state.is_empty() {
            let zeros = |value: &Tensor<1>| vec![value.zeros_like(); self.rule.state().len()];
            self.state = values.iter().map(zeros).collect();
        }
        if self.factors.is_empty() {
            self.factors = self.lay_out_factors(is_joined, device);
        }
        let state = self.state.drain(..).zip(self.factors.iter().cloned());
        let slots = values.into_iter().zip(state).enumerate();
        let slots = slots.map(
            |(k, (value, (state, [learning_rate, weight_decay])))| Slot {
                shape: match is_joined {
                    true => value.dims().to_vec(),
                    false => self.members[k].parameter.shape.clone(),
                },
                value,
                state,
                learning_rate,
                weight_decay,
            },
        );
        let mut values = Vec::new();
        for slot in self.rule.update(slots.collect(), gradients, step) {
            values.push(slot.value);
            self.state.push(slot.state);
        }
        if is_joined && let Some(joined) = values.pop() {
            values = flat::split(&joined, self.members.iter().map(|of| of.parameter.count()));
            self.joined = Some(joined);
        }
        values
    }

    fn lay_out_factors(&self, is_joined: bool, device: &Device) -> Vec<[Factor; 2]> {
        let factors = self.members.iter().map(|of| of.factors);
        let learning_rates = factors.clone().map(|of| of.learning_rate);
        let weight_decays = factors.map(|of| of.weight_decay);
        if is_joined {
            return vec![[
                self.joined_factor(learning_rates, device),
                self.joined_factor(weight_decays, device),
            ]];
        }
        let both = learning_rates.zip(weight_decays);
        both.map(|(rate, decay)| [Factor::All(rate), Factor::All(decay)])
            .collect()
    }

    /// A factor of all members joined: one tensor more to read only where they differ.
    fn joined_factor(&self, factors: impl Iterator<Item = f64> + Clone, device: &Device) -> Factor {
        if factors.clone().all(|factor| factor == 1.0) {
            return Factor::All(1.0);
        }
        let each = factors.zip(&self.members);
        let each = each.flat_map(|(factor, of)| {
            repeat_n(factor as f32, flat::room(of.parameter.count(), device))
        });
        Factor::Each(Box::new(tensor(each.collect(), device)))
    }

    /// What the rule keeps under the name number `which`, one tensor for each member or one for all of them; nothing before the
    /// first update.
    pub fn kept(&self, which: usize) -> impl Iterator<Item = Tensor<1>> + '_ {
        self.state.iter().map(move |state| state[which].clone())
    }

    /// Takes up what the rule kept: of each member a tensor for each name, or nothing before the first update.
    pub fn resume(&mut self, members: Vec<Vec<Vec<f32>>>, device: &Device) {
        let mut slots = members;
        if self.is_joined(device) && !slots.is_empty() {
            let in_room = |values: &[f32]| {
                let mut values = values.to_vec();
                values.resize(flat::room(values.len(), device), 0.0);
                values
            };
            let joined = |k: usize| slots.iter().flat_map(move |state| in_room(&state[k]));
            let names = 0..self.rule.state().len();
            slots = vec![names.map(|k| joined(k).collect()).collect()];
        }
        let tensors = |state: Vec<Vec<f32>>| state.into_iter().map(|values| tensor(values, device));
        self.state = slots
            .into_iter()
            .map(|state| tensors(state).collect())
            .collect();
        self.factors = Vec::new();
        self.joined = None;
    }
}

pub(super) fn tensor(values: Vec<f32>, device: &Device) -> Tensor<1> {
    let count = values.len();
    Tensor::from_data(TensorData::new(values, [count]), device)
}
