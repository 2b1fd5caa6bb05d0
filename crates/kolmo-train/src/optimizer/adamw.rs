//! AdamW (Loshchilov & Hutter 2019, [arXiv 1711.05101](https://arxiv.org/abs/1711.05101)).

use burn::prelude::*;
use kolmo_config::{AdamW, ParameterSpec};
use kolmo_kernels::adamw;
use kolmo_model::Parametrisation;

use super::rule::{Factors, Rule, Slot, Step};

impl Rule for AdamW {
    /// The running means of the gradient and of its square.
    fn state(&self) -> &'static [&'static str] {
        &["moment_1", "moment_2"]
    }

    fn factors(&self, width: &Parametrisation, spec: &ParameterSpec) -> Factors {
        Factors {
            learning_rate: width.learning_rate_factor(spec),
            weight_decay: width.weight_decay_factor(spec),
        }
    }

    fn is_elementwise(&self) -> bool {
        true
    }

    fn update(&self, slots: Vec<Slot>, gradients: Vec<Tensor<1>>, step: &Step<'_>) -> Vec<Slot> {
        let update = adamw::Update {
            learning_rate: step.learning_rate,
            beta_1: self.beta_1,
            beta_2: self.beta_2,
            epsilon: self.epsilon,
            weight_decay: self.weight_decay,
            step: step.number,
        };
        let (shapes, slots): (Vec<_>, Vec<_>) = slots.into_iter().map(to_kernel).unzip();
        let slots = update.apply(slots, gradients, step.clip, step.workers);
        shapes.into_iter().zip(slots).map(from_kernel).collect()
    }
}

fn to_kernel(slot: Slot) -> (Vec<usize>, adamw::Slot) {
    let mut state = slot.state.into_iter();
    let (Some(first), Some(second)) = (state.next(), state.next()) else {
        unreachable!("there are as many tensors as names");
    };
    let kernel = adamw::Slot {
        value: slot.value,
        first,
        second,
        factor: slot.learning_rate,
        decay: slot.weight_decay,
    };
    (slot.shape, kernel)
}

fn from_kernel((shape, kernel): (Vec<usize>, adamw::Slot)) -> Slot {
    Slot {
        shape,
        value: kernel.value,
        state: vec![kernel.first, kernel.second],
        learning_rate: kernel.factor,
        weight_decay: kernel.decay,
    }
}
