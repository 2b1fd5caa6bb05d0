//! Reading and writing token by token, each read once.

use std::mem;

use burn::prelude::*;
use kolmo_kernels::{KeyValues, Positions, Tokens, embedding};

use crate::{block::Block, gpt::Gpt};

/// What a model keeps of the tokens that it has read: keys and values of every layer.
#[derive(Debug, Clone)]
pub struct Cache {
    layers: Vec<KeyValues>,
    positions: Positions,
    /// Tokens read.
    length: usize,
    /// Tokens that there is room for.
    room: usize,
}

impl Cache {
    /// For `rows` texts of at most `room` tokens each, to be read by `model`.
    pub fn new(model: &Gpt, rows: usize, room: usize, device: &Device) -> Self {
        let head = model.head_width();
        let layer =
            |block: &Block| KeyValues::new([rows, block.attention.heads(), room, head], device);
        Self {
            layers: model.blocks.iter().map(layer).collect(),
            positions: Positions::new(room, head, device),
            length: 0,
            room,
        }
    }

    /// How many tokens of each text have been read.
    pub fn length(&self) -> usize {
        self.length
    }

    /// How many more there is room for.
    pub fn room(&self) -> usize {
        self.room - self.length
    }
}

impl Gpt {
    /// Reads the next token of each text, `[rows, 1]`, and gives the logits of the one after it, `[rows, vocabulary]`: those of
    /// [`forward`](Self::forward) on all tokens so far, but for rounding. None where the cache has no room.
    pub fn read_next(&self, tokens: &Tokens, cache: &mut Cache) -> Option<Tensor<2>> {
        if cache.room() == 0 {
            return None;
        }
        let place = cache.length;
        let mut x = embedding(self.embedding.weight.val(), tokens);
        for (block, kept) in self.blocks.iter().zip(mem::take(&mut cache.layers)) {
            let (next, kept) = block.next(x, place, kept, &cache.positions);
            cache.layers.push(kept);
            x = next;
        }
        cache.length += 1;
        let logits = self.logits(self.norm.forward(x));
        let [rows, _, vocabulary] = logits.dims();
        Some(logits.reshape([rows, vocabulary]))
    }
}

#[cfg(test)]
mod tests {
    use kolmo_config::{Architecture, ModelConfig};
    use kolmo_world::random::Streams;

    use super::*;

    #[test]
    fn what_is_read_token_by_token_is_what_is_read_at_once() {
        let device = Device::flex();
        for arch in [Architecture::Gpt, Architecture::Llama] {
            for tied_embeddings in [false, true] {
                let config = ModelConfig {
                    arch,
                    tied_embeddings,
                    ..ModelConfig::default()
                };
                let model = Gpt::new(&config, 31, &Streams::new(1), &device).unwrap();
                let (rows, time) = (3, 9);
                let text: Vec<u32> = (0..rows * time).map(|k| (k * 7 % 31) as u32).collect();
                let positions = Positions::new(time, config.head_width(), &device);
                let tokens = Tokens::new(text.clone(), [rows, time], &device);
                let expected = model.forward(&tokens, &positions);
                let mut cache = Cache::new(&model, rows, time, &device);
                for place in 0..time {
                    let next = (0..rows).map(|row| text[row * time + place]).collect();
                    let found = model
                        .read_next(&Tokens::new(next, [rows, 1], &device), &mut cache)
                        .unwrap();
                    let expected = expected.clone().narrow(1, place, 1).reshape([rows, 31]);
                    let apart = (found - expected).abs().max().into_scalar::<f32>();
                    assert!(apart < 1e-4, "{arch:?}, place {place}: {apart}");
                }
                let last = Tokens::new(vec![1; rows], [rows, 1], &device);
                assert!(
                    model.read_next(&last, &mut cache).is_none(),
                    "there is no room"
                );
            }
        }
    }
}
