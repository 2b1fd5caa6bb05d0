//! What an optimiser computes: the seam behind which each one has a file.

use std::fmt;

use burn::prelude::*;
use kolmo_config::{Kind, ParameterSpec};
use kolmo_kernels::{Clip, Factor, Workers};
use kolmo_model::Parametrisation;

/// How parameters follow their gradients. It has settings and no state: what it keeps from step to step it is handed with each
/// parameter.
pub trait Rule: fmt::Debug + Send + Sync {
    /// Names of what it keeps for each parameter: tensors of the shape of the parameter, zero before the first update. A
    /// checkpoint has them as `<parameter>.<name>`.
    fn state(&self) -> &'static [&'static str];

    /// How fast a parameter learns and decays beside others, for one learning rate to hold at every width.
    fn factors(&self, width: &Parametrisation, spec: &ParameterSpec) -> Factors;

    /// Whether it updates each value without a look at the others. All parameters may be one tensor then, which on a GPU takes
    /// fewer kernels.
    fn is_elementwise(&self) -> bool;

    /// One update of `slots` with their `gradients`, `[n]` each, which are not clipped yet.
    fn update(&self, slots: Vec<Slot>, gradients: Vec<Tensor<1>>, step: &Step<'_>) -> Vec<Slot>;
}

/// What the learning rate and weight decay of a parameter are multiplied by.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Factors {
    /// Of the learning rate.
    pub learning_rate: f64,
    /// Of weight decay.
    pub weight_decay: f64,
}

/// A parameter and what its rule keeps for it, all flattened, `[n]`; of an elementwise rule perhaps many, one after another.
#[derive(Debug, Clone)]
pub struct Slot {
    /// Sizes of its axes; `[n]` where it is many.
    pub shape: Vec<usize>,
    /// The parameter.
    pub value: Tensor<1>,
    /// In the order of [`Rule::state`].
    pub state: Vec<Tensor<1>>,
    /// What the learning rate is multiplied by; weight decay is not.
    pub learning_rate: Factor,
    /// What weight decay is multiplied by.
    pub weight_decay: Factor,
}

/// What all parameters of an update have in common.
#[derive(Debug)]
pub struct Step<'a> {
    /// Updates made, this one counted.
    pub number: u64,
    /// The learning rate.
    pub learning_rate: f64,
    /// What clips a gradient.
    pub clip: &'a Clip,
    /// The threads of the CPU.
    pub workers: &'a Workers,
}

/// Whether a parameter that does this is one of them.
type Kinds = fn(Kind) -> bool;

/// Which rule updates which parameters.
#[derive(Debug)]
pub struct Rules {
    some: Vec<(Kinds, Box<dyn Rule>)>,
    rest: Box<dyn Rule>,
}

impl Rules {
    /// `rule` for all parameters.
    pub fn all(rule: impl Rule + 'static) -> Self {
        Self {
            some: Vec::new(),
            rest: Box::new(rule),
        }
    }

    /// The same but for the parameters of such kinds, which `rule` updates. The first that takes a kind has it.
    pub fn but(mut self, kinds: Kinds, rule: impl Rule + 'static) -> Self {
        self.some.push((kinds, Box::new(rule)));
        self
    }

    /// Each rule with the places among `specs` of the parameters that it updates, if there are any.
    pub(super) fn deal(self, specs: &[ParameterSpec]) -> Vec<(Box<dyn Rule>, Vec<usize>)> {
        let takers = self.some.iter();
        let taker = |spec: &ParameterSpec| {
            let taker = takers.clone().position(|(kinds, _)| kinds(spec.kind));
            taker.unwrap_or(self.some.len())
        };
        let takers: Vec<usize> = specs.iter().map(taker).collect();
        let rules = self
            .some
            .into_iter()
            .map(|(_, rule)| rule)
            .chain([self.rest]);
        let dealt = rules.enumerate().map(|(k, rule)| {
            let members = (0..specs.len()).filter(|member| takers[*member] == k);
            (rule, members.collect::<Vec<usize>>())
        });
        dealt.filter(|(_, members)| !members.is_empty()).collect()
    }
}
