//! The language model: embedding, blocks, norm, output layer.

use burn::{module::Param, prelude::*};
use kolmo_config::ModelConfig;
use kolmo_kernels::{
    Positions, Tokens,
    cross_entropy::{Loss, Output, Targets, cross_entropy},
    embedding, linear,
};
use kolmo_world::random::Streams;

use crate::{
    block::Block, error::ModelError, initialise::initialise, norm::Norm,
    parametrisation::Parametrisation,
};

/// A decoder-only transformer.
#[derive(Module, Debug)]
pub struct Gpt {
    /// The embedding table, `[vocabulary, d]`.
    pub embedding: Embedding,
    /// The blocks, first to last.
    pub blocks: Vec<Block>,
    /// Norm before the output layer.
    pub norm: Norm,
    /// Output layer, `[d, vocabulary]`; none where it is the embedding table.
    pub head: Option<Param<Tensor<2>>>,
}

/// The embedding table.
#[derive(Module, Debug)]
pub struct Embedding {
    /// One row a token, `[vocabulary, d]`.
    pub weight: Param<Tensor<2>>,
}

impl Gpt {
    /// A freshly initialised model for `vocabulary` tokens, its draws from the streams
    /// `initialisation/<parameter>`, so that every device starts from the same weights.
    ///
    /// # Errors
    /// Sizes that cannot be, see [`ModelConfig::check`].
    pub fn new(
        config: &ModelConfig,
        vocabulary: usize,
        streams: &Streams,
        device: &Device,
    ) -> Result<Self, ModelError> {
        config.check()?;
        let d = config.d_model;
        let zeros = |shape| Param::from_tensor(Tensor::zeros(shape, device));
        let model = Self {
            embedding: Embedding {
                weight: zeros([vocabulary, d]),
            },
            blocks: (0..config.layers)
                .map(|_| Block::new(config, device))
                .collect(),
            norm: Norm::new(config.arch, d, device),
            head: (!config.tied_embeddings).then(|| zeros([d, vocabulary])),
        };
        Ok(initialise(model, Parametrisation::new(config), streams))
    }

    /// The loss of the token after each of `tokens`, no logits being kept; `positions` are of their length
    /// or more.
    pub fn loss(&self, tokens: &Tokens, targets: &Targets, positions: &Positions) -> Loss {
        let output = match &self.head {
            Some(head) => Output::Own(head.val()),
            None => Output::Tied(self.embedding.weight.val()),
        };
        cross_entropy(self.hidden(tokens, positions), output, targets)
    }

    /// Logits `[batch, time, vocabulary]` of the token after each of `tokens`, `[batch, time]`;
    /// `positions` are of their length or more.
    pub fn forward(&self, tokens: &Tokens, positions: &Positions) -> Tensor<3> {
        self.logits(self.hidden(tokens, positions))
    }

    /// What the output layer reads, `[batch, time, d]`: a caller that needs few positions picks them
    /// here and saves the output layer for the others.
    pub fn hidden(&self, tokens: &Tokens, positions: &Positions) -> Tensor<3> {
        self.norm
            .forward(self.residual_stream(tokens, positions, |_| ()))
    }

    /// The residual stream behind the last block, `[batch, time, d]`; `see` is shown it behind the embedding and
    /// behind every block.
    pub fn residual_stream(
        &self,
        tokens: &Tokens,
        positions: &Positions,
        mut see: impl FnMut(&Tensor<3>),
    ) -> Tensor<3> {
        let mut x = embedding(self.embedding.weight.val(), tokens);
        see(&x);
        for block in &self.blocks {
            x = block.forward(x, positions);
            see(&x);
        }
        x
    }

    /// Width of a head, as [`Positions`] take it.
    pub fn head_width(&self) -> usize {
        let [_, d] = self.embedding.weight.val().dims();
        let heads = self.blocks.first().map(|block| block.attention.heads());
        d / heads.unwrap_or(1)
    }

    /// The output layer: `[batch, time, d]` to `[batch, time, vocabulary]`.
    pub fn logits(&self, hidden: Tensor<3>) -> Tensor<3> {
        match &self.head {
            Some(head) => linear(hidden, head.val()),
            None => linear(hidden, self.embedding.weight.val().transpose()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kolmo_config::Architecture;

    fn model(config: &ModelConfig) -> Gpt {
        Gpt::new(config, 31, &Streams::new(1), &Device::flex()).unwrap()
    }

    #[test]
    fn parameters_are_counted_as_they_are() {
        for arch in [Architecture::Gpt, Architecture::Llama] {
            for tied_embeddings in [false, true] {
                let config = ModelConfig {
                    arch,
                    tied_embeddings,
                    ..ModelConfig::default()
                };
                let counted = model(&config).num_params() as u64;
                assert_eq!(counted, config.parameters(31), "{config:?}");
            }
        }
    }

    #[test]
    fn the_future_does_not_matter() {
        let device = Device::flex();
        let model = model(&ModelConfig::default());
        let positions = Positions::new(6, 16, &device);
        let logits = |last: u32| {
            let tokens = Tokens::new(vec![1, 2, 3, 4, 5, last], [1, 6], &device);
            model.forward(&tokens, &positions)
        };
        let (one, other) = (logits(7), logits(8));
        let past = |logits: &Tensor<3>| logits.clone().narrow(1, 0, 5).into_data();
        assert_eq!(past(&one), past(&other));
        assert_ne!(one.into_data(), other.into_data());
    }
}
