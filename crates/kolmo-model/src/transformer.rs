//! The body of the transformers: embedding, blocks, norm, output layer.

use std::{mem, sync::Arc};

use burn::{module::Param, prelude::*};
use kolmo_kernels::{KeyValues, Positions, Tokens, cross_entropy::Output, embedding};

use crate::{
    block::Block,
    draw::Draw,
    error::ModelError,
    feed_forward::FeedForward,
    language_model::{LanguageModel, Reader},
    norm::Norm,
    positions::Tables,
};

/// A decoder-only transformer with norms and feed-forward layers of these kinds.
#[derive(Module, Debug)]
pub struct Transformer<N: Norm, F: FeedForward> {
    /// The embedding table, `[vocabulary, d]`.
    pub embedding: Embedding,
    /// The blocks, first to last.
    pub blocks: Vec<Block<N, F>>,
    /// Norm before the output layer.
    pub norm: N,
    /// Output layer, `[d, vocabulary]`; none where it is the embedding table.
    pub head: Option<Param<Tensor<2>>>,
    heads: usize,
    head_width: usize,
    #[module(skip)]
    tables: Tables,
}

/// The embedding table.
#[derive(Module, Debug)]
pub struct Embedding {
    /// One row a token, `[vocabulary, d]`.
    pub weight: Param<Tensor<2>>,
}

impl<N: Norm, F: FeedForward> Transformer<N, F> {
    /// A model of these sizes, with the parameters of `draw`.
    ///
    /// # Errors
    /// Those of [`Draw::parameter`].
    pub fn new(sizes: &kolmo_config::Transformer, draw: &mut Draw<'_>) -> Result<Self, ModelError> {
        let embedding = Embedding {
            weight: draw.parameter("weight")?,
        };
        let blocks = (0..sizes.layers).map(|_| Block::new(sizes.heads, draw));
        let blocks = blocks.collect::<Result<_, _>>()?;
        let norm = N::new(draw)?;
        let head = match sizes.tied_embeddings {
            true => None,
            false => Some(draw.parameter("head")?),
        };
        Ok(Self {
            embedding,
            blocks,
            norm,
            head,
            heads: sizes.heads,
            head_width: sizes.head_width(),
            tables: Tables::default(),
        })
    }
}

impl<N: Norm, F: FeedForward> LanguageModel for Transformer<N, F> {
    fn hidden_and(&self, tokens: &Tokens, see: &mut dyn FnMut(&Tensor<3>)) -> Tensor<3> {
        let [_, time] = tokens.shape();
        let mut x = embedding(self.embedding.weight.val(), tokens);
        see(&x);
        let positions = self.tables.positions(time, self.head_width, &x.device());
        for block in &self.blocks {
            x = block.forward(x, &positions);
            see(&x);
        }
        self.norm.forward(x)
    }

    fn output(&self) -> Output {
        match &self.head {
            Some(head) => Output::Own(head.val()),
            None => Output::Tied(self.embedding.weight.val()),
        }
    }

    fn reader(&self, rows: usize, room: usize) -> Box<dyn Reader + '_> {
        let device = self.embedding.weight.val().device();
        let layer = |_| KeyValues::new([rows, self.heads, room, self.head_width], &device);
        Box::new(Attending {
            model: self,
            layers: (0..self.blocks.len()).map(layer).collect(),
            positions: self.tables.positions(room, self.head_width, &device),
        })
    }
}

/// A transformer that reads token by token, each once: it keeps keys and values of every layer.
struct Attending<'a, N: Norm, F: FeedForward> {
    model: &'a Transformer<N, F>,
    layers: Vec<KeyValues>,
    positions: Arc<Positions>,
}

impl<N: Norm, F: FeedForward> Reader for Attending<'_, N, F> {
    fn read(&mut self, tokens: &Tokens, place: usize) -> Tensor<3> {
        let model = self.model;
        let mut x = embedding(model.embedding.weight.val(), tokens);
        for (block, kept) in model.blocks.iter().zip(mem::take(&mut self.layers)) {
            let (next, kept) = block.next(x, place, kept, &self.positions);
            self.layers.push(kept);
            x = next;
        }
        model.norm.forward(x)
    }
}
