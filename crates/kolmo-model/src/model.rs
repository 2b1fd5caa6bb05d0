//! The model of a configuration: one of the architectures.

use burn::prelude::*;
use kolmo_config::ModelConfig;
use kolmo_kernels::{Tokens, cross_entropy::Output};
use kolmo_world::random::Streams;

use crate::{
    draw::Draw,
    error::ModelError,
    gpt::Gpt,
    language_model::{LanguageModel, Reader},
    llama::Llama,
};

/// A model of any architecture.
#[derive(Module, Debug)]
pub enum Model {
    /// `arch = "gpt"`.
    Gpt(Gpt),
    /// `arch = "llama"`.
    Llama(Llama),
}

impl Model {
    /// The freshly initialised model of `config` for `vocabulary` tokens, see [`Draw`].
    ///
    /// # Errors
    /// Sizes that cannot be, see [`Architecture::check`](kolmo_config::Architecture::check).
    pub fn new(
        config: &ModelConfig,
        vocabulary: usize,
        streams: &Streams,
        device: &Device,
    ) -> Result<Self, ModelError> {
        let mut draw = Draw::new(&**config, vocabulary, streams, device)?;
        let model = match config {
            ModelConfig::Gpt(config) => Self::Gpt(Gpt::new(&config.0, &mut draw)?),
            ModelConfig::Llama(config) => Self::Llama(Llama::new(&config.0, &mut draw)?),
        };
        draw.finish()?;
        Ok(model)
    }

    fn inner(&self) -> &dyn LanguageModel {
        match self {
            Self::Gpt(model) => model,
            Self::Llama(model) => model,
        }
    }
}

impl LanguageModel for Model {
    fn hidden_and(&self, tokens: &Tokens, see: &mut dyn FnMut(&Tensor<3>)) -> Tensor<3> {
        self.inner().hidden_and(tokens, see)
    }

    fn output(&self) -> Output {
        self.inner().output()
    }

    fn reader(&self, rows: usize, room: usize) -> Box<dyn Reader + '_> {
        self.inner().reader(rows, room)
    }
}

#[cfg(test)]
mod tests {
    use kolmo_config::Transformer;

    use super::*;
    use crate::weights;

    #[test]
    fn a_file_of_weights_does_not_say_which_architecture_it_is_of() {
        let sizes = Transformer {
            layers: 1,
            ..Transformer::default()
        };
        let model = Model::new(
            &ModelConfig::gpt(sizes),
            31,
            &Streams::new(1),
            &Device::flex(),
        );
        let names: Vec<String> = weights::read(&model.unwrap())
            .unwrap()
            .into_keys()
            .collect();
        let expected = [
            "blocks.0.attention.output",
            "blocks.0.attention.query_key_value",
            "blocks.0.attention_norm.bias",
            "blocks.0.attention_norm.gain",
            "blocks.0.feed_forward.down",
            "blocks.0.feed_forward.up",
            "blocks.0.feed_forward_norm.bias",
            "blocks.0.feed_forward_norm.gain",
            "embedding.weight",
            "head",
            "norm.bias",
            "norm.gain",
        ];
        assert_eq!(names, expected);
    }

    #[test]
    fn tables_of_positions_serve_texts_of_any_length() {
        let device = Device::flex();
        for config in ModelConfig::every() {
            let model = Model::new(&config, 31, &Streams::new(1), &device).unwrap();
            let logits = |model: &Model, time: usize| {
                let tokens = Tokens::new((1..=time as u32).collect(), [1, time], &device);
                model.forward(&tokens).narrow(1, 0, 3).into_data()
            };
            let fresh = Model::new(&config, 31, &Streams::new(1), &device).unwrap();
            assert_eq!(logits(&model, 3), logits(&fresh, 9));
            assert_eq!(logits(&model, 9), logits(&fresh, 3));
        }
    }
}
