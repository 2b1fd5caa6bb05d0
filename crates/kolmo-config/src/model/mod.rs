//! `[model]`: what is trained. One file an architecture, which says what the others need to know of it.

use std::ops::{Deref, DerefMut};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub mod architecture;
pub mod gpt;
pub mod llama;
pub mod parameter;
pub mod transformer;

pub use architecture::Architecture;
pub use gpt::Gpt;
pub use llama::Llama;
pub use parameter::{Kind, ParameterSpec};
pub use transformer::Transformer;

/// `[model]`: the architecture and its sizes. It is one of them, and [says](Architecture) what that one says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "arch", rename_all = "snake_case")]
pub enum ModelConfig {
    /// LayerNorm with gain and bias; a feed-forward layer of width 4d with GELU.
    Gpt(Gpt),
    /// RMSNorm; a gated feed-forward layer (SwiGLU) of width 8d/3, rounded down to a multiple of 8.
    Llama(Llama),
}

impl ModelConfig {
    /// Every architecture, in sizes of no meaning.
    pub fn every() -> Vec<Self> {
        vec![
            Self::gpt(Transformer::default()),
            Self::llama(Transformer::default()),
        ]
    }

    /// `gpt` of these sizes.
    pub fn gpt(sizes: Transformer) -> Self {
        Self::Gpt(Gpt(sizes))
    }

    /// `llama` of these sizes.
    pub fn llama(sizes: Transformer) -> Self {
        Self::Llama(Llama(sizes))
    }
}

impl Default for ModelConfig {
    fn default() -> Self {
        Self::gpt(Transformer::default())
    }
}

impl Deref for ModelConfig {
    type Target = dyn Architecture;

    fn deref(&self) -> &Self::Target {
        match self {
            Self::Gpt(model) => model,
            Self::Llama(model) => model,
        }
    }
}

impl DerefMut for ModelConfig {
    fn deref_mut(&mut self) -> &mut Self::Target {
        match self {
            Self::Gpt(model) => model,
            Self::Llama(model) => model,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Parameters of the blocks and the last norm, in closed form.
    fn block_parameters(config: &ModelConfig) -> usize {
        let (sizes, norm, feed_forward) = match config {
            ModelConfig::Gpt(Gpt(sizes)) => (sizes, 2 * sizes.d_model, 8 * sizes.d_model.pow(2)),
            ModelConfig::Llama(Llama(sizes)) => {
                let width = (8 * sizes.d_model / 3 / 8 * 8).max(8);
                (sizes, sizes.d_model, 3 * sizes.d_model * width)
            }
        };
        let d = sizes.d_model;
        sizes.layers * (4 * d * d + feed_forward + 2 * norm) + norm
    }

    fn sized(d_model: usize, layers: usize, tied_embeddings: bool) -> [ModelConfig; 2] {
        let sizes = Transformer {
            d_model,
            layers,
            heads: 1,
            tied_embeddings,
            ..Transformer::default()
        };
        [ModelConfig::gpt(sizes.clone()), ModelConfig::llama(sizes)]
    }

    #[test]
    fn parameters_are_those_of_the_closed_forms() {
        for (d, layers) in [(2, 1), (8, 3), (20, 2), (64, 4)] {
            for tied in [false, true] {
                for config in sized(d, layers, tied) {
                    let tables = if tied { 1 } else { 2 };
                    assert_eq!(config.embedding_parameters(31), tables * 31 * d as u64);
                    let blocks = block_parameters(&config) as u64;
                    assert_eq!(config.parameters(31), blocks + tables * 31 * d as u64);
                }
            }
        }
    }

    #[test]
    fn useful_operations_are_counted() {
        // By hand: two blocks of 4 · 64² + 8 · 64² weights and four norm vectors, and the last norm.
        let blocks = 2 * (12 * 64 * 64 + 4 * 64) + 2 * 64;
        let (output, attention) = (64 * 100, 2 * 64 * (16 + 1));
        let expected = f64::from(6 * (blocks + output + attention));
        for tied in [false, true] {
            let [config, _] = sized(64, 2, tied);
            assert_eq!(config.training_flops_per_token(100, 16), expected);
        }
    }

    #[test]
    fn impossible_sizes_are_refused() {
        let refusal = |change: fn(&mut Transformer)| {
            let mut sizes = Transformer::default();
            change(&mut sizes);
            ModelConfig::gpt(sizes).check().unwrap_err().to_string()
        };
        assert!(refusal(|c| c.layers = 0).contains("model.layers = 0 is not possible"));
        assert!(refusal(|c| c.heads = 0).contains("model.heads = 0"));
        assert!(refusal(|c| c.mup_base_width = Some(0)).contains("model.mup_base_width = 0"));
        assert!(refusal(|c| c.d_model = 60).contains("a multiple of 2 x model.heads = 8"));
        // 3 x 10^12 bytes of weights.
        let message = refusal(|c| (c.d_model, c.layers, c.heads) = (16384, 256, 64));
        assert!(
            message.contains("model.d_model = 16384") && message.contains("model.layers = 256")
        );
        ModelConfig::default().check().unwrap();
    }

    #[test]
    fn a_file_has_the_architecture_beside_its_sizes() {
        let mut sizes = Transformer::default();
        let written =
            |sizes: &Transformer| toml::to_string(&ModelConfig::llama(sizes.clone())).unwrap();
        let text =
            "arch = \"llama\"\nd_model = 64\nlayers = 2\nheads = 4\ntied_embeddings = false\n";
        assert_eq!(written(&sizes), text);
        sizes.mup_base_width = Some(32);
        assert_eq!(written(&sizes), format!("{text}mup_base_width = 32\n"));
    }
}
