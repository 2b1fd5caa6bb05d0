//! What a language model does, whatever it is made of.

use burn::prelude::*;
use kolmo_kernels::{
    Tokens,
    cross_entropy::{Loss, Output, Targets, cross_entropy},
    linear,
};

use crate::state::State;

/// A model that predicts the token after each of a text. Training, evaluations and codes ask it for nothing but this; what
/// its parameters are, [`Architecture::specs`](kolmo_config::Architecture::specs) says.
pub trait LanguageModel: Sync {
    /// What the output layer reads of each of `tokens`, `[batch, time, d]`. `see` is shown the activations on the way there,
    /// each `[batch, time, ..]`: first the embedding, then what each block leaves.
    fn hidden_and(&self, tokens: &Tokens, see: &mut dyn FnMut(&Tensor<3>)) -> Tensor<3>;

    /// The output layer.
    fn output(&self) -> Output;

    /// A reader of the tokens of `rows` texts, at most `room` each, from the first one on.
    fn reader(&self, rows: usize, room: usize) -> Box<dyn Reader + '_>;

    /// What the output layer reads, `[batch, time, d]`: a caller that needs few positions picks them
    /// here and saves the output layer for the others.
    fn hidden(&self, tokens: &Tokens) -> Tensor<3> {
        self.hidden_and(tokens, &mut |_| ())
    }

    /// The output layer applied: `[batch, time, d]` to `[batch, time, vocabulary]`.
    fn logits(&self, hidden: Tensor<3>) -> Tensor<3> {
        logits(hidden, self.output())
    }

    /// Logits `[batch, time, vocabulary]` of the token after each of `tokens`, `[batch, time]`.
    fn forward(&self, tokens: &Tokens) -> Tensor<3> {
        self.logits(self.hidden(tokens))
    }

    /// The loss of the token after each of `tokens`, no logits being kept.
    fn loss(&self, tokens: &Tokens, targets: &Targets) -> Loss {
        cross_entropy(self.hidden(tokens), self.output(), targets)
    }

    /// Begins with `rows` texts of at most `room` tokens each, to be read token by token.
    fn begin(&self, rows: usize, room: usize) -> State<'_> {
        State::new(self, rows, room)
    }
}

/// A model that reads token by token, with whatever it keeps of those before: keys and values, or a state of any other kind.
pub trait Reader {
    /// Reads the token of each row at `place`, `[rows, 1]`, all before it having been read. Gives what the output layer
    /// reads of it, `[rows, 1, d]`.
    fn read(&mut self, tokens: &Tokens, place: usize) -> Tensor<3>;
}

pub(crate) fn logits(hidden: Tensor<3>, output: Output) -> Tensor<3> {
    match output {
        Output::Own(weight) => linear(hidden, weight),
        Output::Tied(table) => linear(hidden, table.transpose()),
    }
}
