//! `llama`: RMSNorm; a feed-forward layer with a gate (SwiGLU, Shazeer 2020) of width 8d/3, rounded down to a multiple of 8.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    parameter::ParameterSpec,
    transformer::{Style, Transformer},
};

/// `arch = "llama"`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Llama(pub Transformer);

impl Style for Llama {
    const NAME: &'static str = "llama";

    const NORM: &'static [(&'static str, f32)] = &[("gain", 1.0)];

    fn feed_forward(d: usize) -> Vec<ParameterSpec> {
        let f = (8 * d / 3 / 8 * 8).max(8);
        let gate = ParameterSpec::hidden("gate", [d, f]);
        let up = ParameterSpec::hidden("up", [d, f]);
        let down = ParameterSpec::hidden("down", [f, d]);
        vec![gate, up, down.to_residual()]
    }

    fn sizes(&self) -> &Transformer {
        &self.0
    }

    fn sizes_mut(&mut self) -> &mut Transformer {
        &mut self.0
    }
}
