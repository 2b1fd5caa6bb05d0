//! How a parameter begins and how fast it learns, by what it [does](Kind), and how both depend on the width.
//!
//! Projections are normal with variance 1 / d_in, so that a layer keeps the scale of its input;
//! those that write to the residual stream are scaled down by the root of how many there are, in a transformer
//! √(2 · layers), so that its variance does not grow with depth (Radford et al. 2019). Embedding and output layer have the
//! standard deviation 0.02: logits begin near zero and the loss at ln V. Gains begin at 1, biases at 0.
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

use kolmo_config::{Architecture, Kind, ParameterSpec};

pub(crate) const EMBEDDING_DEVIATION: f64 = 0.02;

/// The parametrisation of a model.
#[derive(Debug, Clone, Copy)]
pub struct Parametrisation {
    /// m; 1 in the standard one.
    width_ratio: f64,
    /// Parameters that write to the residual stream.
    writers: usize,
}

/// How a parameter begins.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Start {
    /// Normal, with this standard deviation.
    Normal(f64),
    /// All values the same.
    Constant(f64),
}

impl Parametrisation {
    /// The parametrisation of `architecture`, whose parameters are `specs`.
    pub fn new(architecture: &dyn Architecture, specs: &[ParameterSpec]) -> Self {
        let width = architecture.width();
        let base = architecture.base_width().unwrap_or(width);
        Self {
            width_ratio: width as f64 / base as f64,
            writers: specs.iter().filter(|spec| spec.residual).count(),
        }
    }

    /// What the learning rate of a parameter is multiplied by.
    pub fn learning_rate_factor(&self, spec: &ParameterSpec) -> f64 {
        match spec.kind {
            Kind::Embedding | Kind::TiedEmbedding | Kind::Vector { .. } => 1.0,
            Kind::Hidden | Kind::Output | Kind::OutputVector { .. } => 1.0 / self.width_ratio,
        }
    }

    /// What the weight decay of a parameter is multiplied by: all decay alike.
    pub fn weight_decay_factor(&self, spec: &ParameterSpec) -> f64 {
        match spec.kind {
            Kind::Embedding | Kind::TiedEmbedding | Kind::Hidden | Kind::Output => 1.0,
            Kind::Vector { .. } | Kind::OutputVector { .. } => 1.0,
        }
    }

    /// How a parameter begins.
    pub fn start(&self, spec: &ParameterSpec) -> Start {
        let output = 1.0 / self.width_ratio;
        match spec.kind {
            Kind::Embedding | Kind::TiedEmbedding => Start::Normal(EMBEDDING_DEVIATION),
            Kind::Hidden => {
                let projection = 1.0 / (spec.fan_in as f64).sqrt();
                let writers = if spec.residual { self.writers } else { 1 };
                Start::Normal(projection / (writers as f64).sqrt())
            }
            Kind::Output => Start::Normal(EMBEDDING_DEVIATION * output),
            Kind::Vector { start } => Start::Constant(start.into()),
            Kind::OutputVector { start } => Start::Constant(f64::from(start) * output),
        }
    }
}

#[cfg(test)]
mod tests {
    use burn::prelude::Device;
    use kolmo_config::{ModelConfig, Transformer};
    use kolmo_kernels::Tokens;
    use kolmo_world::random::Streams;

    use super::*;
    use crate::{LanguageModel, Model, weights};

    fn sizes(tied_embeddings: bool) -> Transformer {
        Transformer {
            d_model: 64,
            layers: 8,
            tied_embeddings,
            mup_base_width: Some(16),
            ..Transformer::default()
        }
    }

    #[test]
    fn every_parameter_follows_its_rule() {
        use Start::{Constant, Normal};
        for tied in [false, true] {
            for config in [
                ModelConfig::gpt(sizes(tied)),
                ModelConfig::llama(sizes(tied)),
            ] {
                let specs = config.specs(31);
                let parametrisation = Parametrisation::new(&*config, &specs);
                for spec in &specs {
                    // d_in = 64, m = 4, √(2 · layers) = 4.
                    let name = spec.name.as_str();
                    let (start, factor) = match name {
                        "embedding.weight" => (Normal(0.02), 1.0),
                        "head" => (Normal(0.005), 0.25),
                        "norm.gain" if tied => (Constant(0.25), 0.25),
                        "norm.bias" if tied => (Constant(0.0), 0.25),
                        "norm.gain" => (Constant(1.0), 1.0),
                        "norm.bias" => (Constant(0.0), 1.0),
                        _ => match name.split_once('.').unwrap().1.split_once('.').unwrap().1 {
                            "attention.query_key_value"
                            | "feed_forward.up"
                            | "feed_forward.gate" => (Normal(0.125), 0.25),
                            "attention.output" => (Normal(0.03125), 0.25),
                            "feed_forward.down" => {
                                let width = spec.shape[0] as f64;
                                (Normal(1.0 / width.sqrt() / 4.0), 0.25)
                            }
                            "attention_norm.gain" | "feed_forward_norm.gain" => {
                                (Constant(1.0), 1.0)
                            }
                            "attention_norm.bias" | "feed_forward_norm.bias" => {
                                (Constant(0.0), 1.0)
                            }
                            other => panic!("{other} has no rule"),
                        },
                    };
                    assert_eq!(parametrisation.start(spec), start, "{name}");
                    let found = parametrisation.learning_rate_factor(spec);
                    assert_eq!(found, factor, "{name}");
                }
            }
        }
    }

    #[test]
    fn at_the_base_width_both_are_one() {
        for tied_embeddings in [false, true] {
            let weights = [None, Some(64)].map(|mup_base_width| {
                let config = ModelConfig::gpt(Transformer {
                    mup_base_width,
                    ..sizes(tied_embeddings)
                });
                let model = Model::new(&config, 31, &Streams::new(1), &Device::flex()).unwrap();
                weights::read(&model).unwrap()
            });
            assert_eq!(weights[0], weights[1]);
        }
    }

    #[test]
    fn a_tied_model_begins_with_logits_divided_by_the_ratio() {
        let device = Device::flex();
        let logits = |mup_base_width: Option<usize>| {
            let config = ModelConfig::gpt(Transformer {
                mup_base_width,
                ..sizes(true)
            });
            let model = Model::new(&config, 31, &Streams::new(1), &device).unwrap();
            let tokens = Tokens::new(vec![1, 2, 3], [1, 3], &device);
            model.forward(&tokens).try_into_vec_as::<f32>().unwrap()
        };
        // A quarter is exact in binary.
        let quarter: Vec<f32> = logits(None).iter().map(|logit| logit / 4.0).collect();
        assert_eq!(logits(Some(16)), quarter);
    }
}
