//! `gpt`: LayerNorm with gain and bias; a feed-forward layer of width 4d with GELU (Radford et al. 2019).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    parameter::ParameterSpec,
    transformer::{Style, Transformer},
};

/// `arch = "gpt"`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Gpt(pub Transformer);

impl Style for Gpt {
    const NAME: &'static str = "gpt";

    const NORM: &'static [(&'static str, f32)] = &[("gain", 1.0), ("bias", 0.0)];

    fn feed_forward(d: usize) -> Vec<ParameterSpec> {
        let up = ParameterSpec::hidden("up", [d, 4 * d]);
        let down = ParameterSpec::hidden("down", [4 * d, d]);
        vec![up, down.to_residual()]
    }

    fn sizes(&self) -> &Transformer {
        &self.0
    }

    fn sizes_mut(&mut self) -> &mut Transformer {
        &mut self.0
    }
}
