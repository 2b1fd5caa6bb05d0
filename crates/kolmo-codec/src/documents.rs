//! Documents to bits and back by the predictions of a model.
//!
//! Who decodes has to have the very predictions that the encoder had, bit for bit, or everything after the first
//! difference is lost. So both walk the same way, in one function: as many documents at a time, filled up with empty ones,
//! each token read by itself with what was read before it kept. A forward pass over a whole document would be faster for the encoder, and would
//! round otherwise (Delétang et al. 2023).

use burn::prelude::Device;
use kolmo_eval::EvalError;
use kolmo_kernels::{Tokens, exponentials};
use kolmo_model::{LanguageModel, Model, State};
use kolmo_world::{EOS, Token};

use crate::{
    coder::{Decoder, Encoder},
    error::{CodecError, Result},
};

/// Documents that are read at a time. Another number gives other bits.
const ROWS: usize = 64;

/// A model that predicts documents of at most so many tokens.
#[derive(Debug, Clone, Copy)]
pub struct Predictor<'a> {
    model: &'a Model,
    device: &'a Device,
    room: usize,
}

impl<'a> Predictor<'a> {
    /// `model`, which is on `device` and without automatic differentiation, of documents of at most `room` tokens, their end included.
    pub fn new(model: &'a Model, device: &'a Device, room: usize) -> Self {
        Self {
            model,
            device,
            room,
        }
    }

    /// Most tokens of a document, its end included.
    pub fn room(&self) -> usize {
        self.room
    }

    /// The model.
    pub fn model(&self) -> &Model {
        self.model
    }

    /// Where it computes.
    pub fn device(&self) -> &Device {
        self.device
    }

    /// Appends `documents` to a code. Each ends with the end of a document, and has at most [`room`](Self::room) tokens.
    ///
    /// # Errors
    /// A device that fails, and predictions that are not numbers.
    pub fn encode(&self, documents: &[&[Token]], encoder: &mut Encoder) -> Result<()> {
        let mut places = vec![0; documents.len()];
        self.walk(documents.len(), |k, weights| {
            let token = documents[k].get(places[k]).copied().unwrap_or(EOS);
            places[k] += 1;
            encoder.put(token as usize, weights)?;
            Ok(token)
        })
    }

    /// Reads so many documents from a code, each with its end.
    ///
    /// # Errors
    /// A device that fails, and [`CodecError::Damaged`] for what is no code of documents.
    pub fn decode(&self, count: usize, decoder: &mut Decoder) -> Result<Vec<Vec<Token>>> {
        let mut documents = vec![Vec::new(); count];
        self.walk(count, |k, weights| {
            let token = decoder.take(weights)? as Token;
            documents[k].push(token);
            Ok(token)
        })?;
        Ok(documents)
    }

    /// Predictions at every place of documents of any words: where these have the same bits, others will have them
    /// as well.
    ///
    /// # Errors
    /// A device that fails.
    pub fn sample(&self) -> Result<Vec<f64>> {
        // Of each row, for one ends early where the word happens to be the end of a document.
        let (mut all, mut places) = (Vec::new(), vec![0; ROWS]);
        self.walk(ROWS, |row, weights| {
            all.extend_from_slice(weights);
            places[row] += 1;
            let word = (1 + row + 7 * places[row]) % weights.len();
            Ok(if places[row] < self.room {
                word as Token
            } else {
                EOS
            })
        })?;
        Ok(all)
    }

    /// Walks `count` documents, `next` being told the weights of all tokens at the next place of document k, and telling
    /// which one stands there.
    fn walk(
        &self,
        count: usize,
        mut next: impl FnMut(usize, &[f64]) -> Result<Token>,
    ) -> Result<()> {
        let mut weights = Vec::new();
        for first in (0..count).step_by(ROWS) {
            let rows = ROWS.min(count - first);
            let mut state = self.model.begin(ROWS, self.room);
            let mut last = vec![EOS; ROWS];
            let mut open = vec![true; rows];
            while open.contains(&true) {
                if state.room() == 0 {
                    return Err(CodecError::Damaged("a line is longer than any"));
                }
                let logits = self.read(last.clone(), &mut state)?;
                let vocabulary = logits.len() / ROWS;
                for row in 0..rows {
                    if !open[row] {
                        continue;
                    }
                    exponentials(&logits[row * vocabulary..][..vocabulary], &mut weights);
                    last[row] = next(first + row, &weights)?;
                    open[row] = last[row] != EOS;
                }
            }
        }
        Ok(())
    }

    /// Reads a token of each row. Gives the logits of the one after it, `[ROWS, vocabulary]`.
    fn read(&self, tokens: Vec<Token>, state: &mut State<'_>) -> Result<Vec<f32>> {
        let tokens = Tokens::new(tokens, [ROWS, 1], self.device);
        let Some(logits) = state.read_next(&tokens) else {
            return Err(CodecError::Damaged("a line is longer than any"));
        };
        let logits = logits.try_into_vec_as::<f32>();
        Ok(logits.map_err(|error| EvalError::Read(error.to_string()))?)
    }
}
