//! `[model]`: the shape of the transformer.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::error::ConfigError;

/// `[model]`: the architecture and its sizes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ModelConfig {
    /// `gpt` (LayerNorm, GELU) or `llama` (RMSNorm, SwiGLU).
    pub arch: Architecture,
    /// Width d of the residual stream.
    pub d_model: usize,
    /// Number of blocks.
    pub layers: usize,
    /// Attention heads; d_model / heads is the width of a head and must be even.
    pub heads: usize,
    /// Whether the output layer is the embedding table again.
    pub tied_embeddings: bool,
    /// Width at which the learning rate was found, for it to hold at this one: the maximal update parametrisation,
    /// see `kolmo_model::Parametrisation`. Without it the standard one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mup_base_width: Option<usize>,
}

impl Default for ModelConfig {
    fn default() -> Self {
        Self {
            arch: Architecture::Gpt,
            d_model: 64,
            layers: 2,
            heads: 4,
            tied_embeddings: false,
            mup_base_width: None,
        }
    }
}

/// Weights, gradients and both moments of so many are 1.6 terabytes, more than one device has.
const MOST_PARAMETERS: u64 = 100_000_000_000;

/// An architecture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Architecture {
    /// LayerNorm with gain and bias; a feed-forward layer of width 4d with GELU.
    Gpt,
    /// RMSNorm; a gated feed-forward layer (SwiGLU) of width 8d/3, rounded down to a multiple of 8.
    Llama,
}

impl Architecture {
    /// The name in files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Gpt => "gpt",
            Self::Llama => "llama",
        }
    }
}

impl ModelConfig {
    /// Checks the sizes.
    ///
    /// # Errors
    /// [`ConfigError::Invalid`], with the key, the value and the valid range.
    pub fn check(&self) -> Result<(), ConfigError> {
        const WIDEST: usize = 1 << 14;
        for (key, value, most) in [
            ("model.d_model", self.d_model, WIDEST),
            ("model.layers", self.layers, 256),
            ("model.heads", self.heads, 256),
            // Absent is as good as one that can be.
            (
                "model.mup_base_width",
                self.mup_base_width.unwrap_or(1),
                WIDEST,
            ),
        ] {
            if !(1..=most).contains(&value) {
                return Err(ConfigError::invalid(key, value, format!("1 to {most}")));
            }
        }
        if !self.d_model.is_multiple_of(2 * self.heads) {
            let heads = self.heads;
            let valid = format!(
                "a multiple of 2 x model.heads = {}, so that rotary positions pair the halves of a head",
                2 * heads
            );
            return Err(ConfigError::invalid("model.d_model", self.d_model, valid));
        }
        let parameters = self.block_parameters();
        if parameters > MOST_PARAMETERS {
            let layers = self.layers;
            let valid = format!(
                "a width at which the blocks of model.layers = {layers} have at most \
                 {MOST_PARAMETERS} parameters: these would have {parameters}"
            );
            return Err(ConfigError::invalid("model.d_model", self.d_model, valid));
        }
        Ok(())
    }

    /// Width of a head, d / heads.
    pub fn head_width(&self) -> usize {
        self.d_model / self.heads
    }

    /// Width of the feed-forward layer.
    pub fn feed_forward_width(&self) -> usize {
        match self.arch {
            Architecture::Gpt => 4 * self.d_model,
            Architecture::Llama => (8 * self.d_model / 3 / 8 * 8).max(8),
        }
    }

    /// Number of parameters, all told, for a vocabulary of `vocabulary` tokens.
    pub fn parameters(&self, vocabulary: usize) -> u64 {
        self.block_parameters() + self.embedding_parameters(vocabulary)
    }

    /// Parameters of the embedding table and, where it is not the same one, the output layer.
    pub fn embedding_parameters(&self, vocabulary: usize) -> u64 {
        let table = (vocabulary * self.d_model) as u64;
        if self.tied_embeddings {
            table
        } else {
            2 * table
        }
    }

    /// Useful floating-point operations of training on one token, in rows of `time` tokens, additions and
    /// multiplications counted one by one.
    ///
    /// Six for every parameter but those of an embedding table that is only looked up: two in the forward pass,
    /// four in the backward pass. And 6 · layers · d · (time + 1) for attention: a query meets (time + 1) / 2 keys
    /// on average, with 2d operations each for the scores and for the mix of values, and twice as many backward.
    /// What a kernel computes beyond the causal mask, or a second time, is not useful.
    pub fn training_flops_per_token(&self, vocabulary: usize, time: usize) -> f64 {
        let output = (vocabulary * self.d_model) as f64;
        let attention = (self.layers * self.d_model * (time + 1)) as f64;
        6.0 * (self.block_parameters() as f64 + output + attention)
    }

    /// Parameters of the blocks and the last norm.
    fn block_parameters(&self) -> u64 {
        let d = self.d_model;
        let (norm, feed_forward) = match self.arch {
            Architecture::Gpt => (2 * d, 2 * d * self.feed_forward_width()),
            Architecture::Llama => (d, 3 * d * self.feed_forward_width()),
        };
        (self.layers * (4 * d * d + feed_forward + 2 * norm) + norm) as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn useful_operations_are_counted() {
        let config = ModelConfig::default();
        // By hand: two blocks of 4 · 64² + 8 · 64² weights and four norm vectors, and the last norm.
        let blocks = 2 * (12 * 64 * 64 + 4 * 64) + 2 * 64;
        let (output, attention) = (64 * 100, 2 * 64 * (16 + 1));
        let expected = 6 * (blocks + output + attention);
        assert_eq!(
            config.training_flops_per_token(100, 16),
            f64::from(expected)
        );
    }

    #[test]
    fn impossible_sizes_are_refused() {
        let refusal = |change: fn(&mut ModelConfig)| {
            let mut config = ModelConfig::default();
            change(&mut config);
            config.check().unwrap_err().to_string()
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
}
