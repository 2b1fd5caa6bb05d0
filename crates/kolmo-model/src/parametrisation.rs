//! How a parameter begins and how fast it learns, by its name, and how both depend on the width.
//!
//! Projections are normal with variance 1 / d_in, so that a layer keeps the scale of its input;
//! those that write to the residual stream are scaled down by √(2 · layers), so that its variance
//! does not grow with depth (Radford et al. 2019). Embedding and output layer have the standard
//! deviation 0.02: logits begin near zero and the loss at ln V. Gains begin at 1, biases at 0.
//!
//! That is the *standard* parametrisation, with one learning rate for all. A step of Adam moves every weight by
//! about the learning rate, and what d weights add to an output all have the same sign, so the wider a model, the
//! more one step changes it. In the *maximal update* parametrisation (µP; Yang et al. 2022, [Tensor Programs
//! V](https://arxiv.org/abs/2203.03466), Table 3, Adam) a step changes every activation by as much at every width.
//! With m the width over a base width, where both are the same:
//!
//! | | initial deviation | learning rate |
//! | --- | --- | --- |
//! | embedding, gains, biases | as above | η |
//! | matrices of the blocks | as above, 1 / √d_in | η / m |
//! | output layer | 0.02 / m | η / m |
//!
//! An embedding table that is the output layer as well needs logits divided by m (Table 8). The gain and bias of the
//! norm before it do that: Adam does not see the scale of a parameter, so dividing their output by m is the same as
//! beginning at 1 / m and learning with η / m.
//!
//! m is that of the residual stream for all matrices, also where the feed-forward width of `llama` is rounded.

use kolmo_config::ModelConfig;

pub(crate) const EMBEDDING_DEVIATION: f64 = 0.02;

/// The parametrisation of a model.
#[derive(Debug, Clone, Copy)]
pub struct Parametrisation {
    /// m; 1 in the standard one.
    width_ratio: f64,
    layers: usize,
    tied_embeddings: bool,
}

/// How a parameter begins.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Start {
    /// Normal, with this standard deviation.
    Normal(f64),
    /// As its layer is made, times this.
    Scaled(f64),
}

/// Which of its axes grow with the width.
enum Kind {
    /// The output alone.
    Input,
    /// Both.
    Hidden,
    /// The input alone.
    Output,
}

impl Parametrisation {
    /// The parametrisation of `config`.
    pub fn new(config: &ModelConfig) -> Self {
        let base = config.mup_base_width.unwrap_or(config.d_model);
        Self {
            width_ratio: config.d_model as f64 / base as f64,
            layers: config.layers,
            tied_embeddings: config.tied_embeddings,
        }
    }

    /// What the learning rate of the parameter called `name` is multiplied by.
    pub fn learning_rate_factor(&self, name: &str) -> f64 {
        match self.kind(name) {
            Kind::Input => 1.0,
            Kind::Hidden | Kind::Output => 1.0 / self.width_ratio,
        }
    }

    /// How the parameter called `name` begins, which reads `d_in` values.
    pub(crate) fn start(&self, name: &str, d_in: usize) -> Start {
        let projection = 1.0 / (d_in as f64).sqrt();
        let output = match self.kind(name) {
            Kind::Output => 1.0 / self.width_ratio,
            Kind::Input | Kind::Hidden => 1.0,
        };
        match last(name) {
            "gain" | "bias" => Start::Scaled(output),
            "weight" | "head" => Start::Normal(EMBEDDING_DEVIATION * output),
            "output" | "down" => Start::Normal(projection / (2.0 * self.layers as f64).sqrt()),
            _ => Start::Normal(projection),
        }
    }

    fn kind(&self, name: &str) -> Kind {
        match (name, last(name)) {
            ("head", _) => Kind::Output,
            ("norm.gain" | "norm.bias", _) if self.tied_embeddings => Kind::Output,
            (_, "weight" | "gain" | "bias") => Kind::Input,
            _ => Kind::Hidden,
        }
    }
}

/// Whether the parameter called `name` is a matrix of a block.
pub fn is_matrix(name: &str) -> bool {
    name.starts_with("blocks.") && !matches!(last(name), "gain" | "bias")
}

fn last(name: &str) -> &str {
    name.rsplit('.').next().unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use burn::prelude::Device;
    use kolmo_world::random::Streams;

    use super::*;
    use kolmo_config::Architecture;

    use crate::{Gpt, weights};

    fn config(arch: Architecture, tied_embeddings: bool) -> ModelConfig {
        ModelConfig {
            arch,
            d_model: 64,
            layers: 8,
            tied_embeddings,
            mup_base_width: Some(16),
            ..ModelConfig::default()
        }
    }

    #[test]
    fn every_parameter_follows_its_rule() {
        use Start::{Normal, Scaled};
        for arch in [Architecture::Gpt, Architecture::Llama] {
            for tied in [false, true] {
                let config = config(arch, tied);
                let parametrisation = Parametrisation::new(&config);
                let model = Gpt::new(&config, 31, &Streams::new(1), &Device::flex()).unwrap();
                for name in weights::read(&model).unwrap().into_keys() {
                    // d_in = 64, m = 4, √(2 · layers) = 4.
                    let (start, factor) = match name.as_str() {
                        "embedding.weight" => (Normal(0.02), 1.0),
                        "head" => (Normal(0.005), 0.25),
                        "norm.gain" | "norm.bias" if tied => (Scaled(0.25), 0.25),
                        "norm.gain" | "norm.bias" => (Scaled(1.0), 1.0),
                        _ => match name.split_once('.').unwrap().1.split_once('.').unwrap().1 {
                            "attention.query_key_value"
                            | "feed_forward.up"
                            | "feed_forward.gate" => (Normal(0.125), 0.25),
                            "attention.output" | "feed_forward.down" => (Normal(0.03125), 0.25),
                            "attention_norm.gain"
                            | "attention_norm.bias"
                            | "feed_forward_norm.gain"
                            | "feed_forward_norm.bias" => (Scaled(1.0), 1.0),
                            other => panic!("{other} has no rule"),
                        },
                    };
                    assert_eq!(parametrisation.start(&name, 64), start, "{name}");
                    let found = parametrisation.learning_rate_factor(&name);
                    assert_eq!(found, factor, "{name}");
                }
            }
        }
    }

    #[test]
    fn at_the_base_width_both_are_one() {
        for tied_embeddings in [false, true] {
            let standard = ModelConfig {
                mup_base_width: None,
                ..config(Architecture::Gpt, tied_embeddings)
            };
            let base = ModelConfig {
                mup_base_width: Some(64),
                ..standard.clone()
            };
            let weights = [standard, base].map(|config| {
                let model = Gpt::new(&config, 31, &Streams::new(1), &Device::flex()).unwrap();
                weights::read(&model).unwrap()
            });
            assert_eq!(weights[0], weights[1]);
        }
    }

    #[test]
    fn a_tied_model_begins_with_logits_divided_by_the_ratio() {
        use kolmo_kernels::{Positions, Tokens};
        let device = Device::flex();
        let logits = |mup_base_width: Option<usize>| {
            let config = ModelConfig {
                mup_base_width,
                ..config(Architecture::Gpt, true)
            };
            let model = Gpt::new(&config, 31, &Streams::new(1), &device).unwrap();
            let tokens = Tokens::new(vec![1, 2, 3], [1, 3], &device);
            let positions = Positions::new(3, config.head_width(), &device);
            let logits = model.forward(&tokens, &positions);
            logits.try_into_vec_as::<f32>().unwrap()
        };
        // A quarter is exact in binary.
        let quarter: Vec<f32> = logits(None).iter().map(|logit| logit / 4.0).collect();
        assert_eq!(logits(Some(16)), quarter);
    }
}
