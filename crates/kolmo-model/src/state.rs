//! Reading and writing token by token, each read once.

use burn::prelude::*;
use kolmo_kernels::Tokens;

use crate::language_model::{LanguageModel, Reader, logits};

/// A model on its way through some texts, with what it keeps of the tokens that it has read: see [`LanguageModel::begin`].
pub struct State<'a> {
    reader: Box<dyn Reader + 'a>,
    output: kolmo_kernels::cross_entropy::Output,
    /// Tokens read.
    length: usize,
    /// Tokens that there is room for.
    room: usize,
}

impl<'a> State<'a> {
    /// That of `model` before the first token of `rows` texts of at most `room` tokens each.
    pub(crate) fn new<M: LanguageModel + ?Sized>(model: &'a M, rows: usize, room: usize) -> Self {
        Self {
            reader: model.reader(rows, room),
            output: model.output(),
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

    /// Reads the next token of each text, `[rows, 1]`, and gives the logits of the one after it, `[rows, vocabulary]`: those of
    /// [`forward`](LanguageModel::forward) on all tokens so far, but for rounding. None where there is no room.
    pub fn read_next(&mut self, tokens: &Tokens) -> Option<Tensor<2>> {
        if self.room() == 0 {
            return None;
        }
        let hidden = self.reader.read(tokens, self.length);
        self.length += 1;
        let logits = logits(hidden, self.output.clone());
        let [rows, _, vocabulary] = logits.dims();
        Some(logits.reshape([rows, vocabulary]))
    }
}
