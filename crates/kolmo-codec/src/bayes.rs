//! The Bayes learner as a compressor: it predicts each token, and learns from each document when it is coded.
//!
//! Who decodes begins with the same learner and learns the same from what is decoded.

use kolmo_theory::BayesLearner;
use kolmo_world::{EOS, Token};

use crate::{
    coder::{Decoder, Encoder},
    error::{CodecError, Result},
};

/// The code of `documents`, of the world that `learner` is of, and Σ −log2 P of it, bits.
///
/// # Errors
/// [`CodecError::Foreign`] for a document that is none of this world; [`CodecError::World`] for a world whose words do not tell
/// what they are there for.
pub fn encode(learner: &mut BayesLearner<'_>, documents: &[Vec<Token>]) -> Result<(Vec<u8>, f64)> {
    let mut encoder = Encoder::default();
    for document in documents {
        let mut tokens = document.iter();
        walk(learner, |possible, weights| {
            let token = tokens.next().ok_or(CodecError::Foreign)?;
            let place = possible.binary_search(token);
            let place = place.map_err(|_| CodecError::Foreign)?;
            // What is certain has no place in a code.
            if possible.len() > 1 {
                encoder.put(place, weights)?;
            }
            Ok(place)
        })?;
    }
    let information = encoder.information_bits();
    Ok((encoder.finish(), information))
}

/// The documents, so many, that [`encode`] made `code` of with a learner that stood where `learner` does.
///
/// # Errors
/// [`CodecError::Damaged`] for what is no such code; [`CodecError::World`] as of [`encode`].
pub fn decode(
    learner: &mut BayesLearner<'_>,
    code: &[u8],
    count: usize,
) -> Result<Vec<Vec<Token>>> {
    let mut decoder = Decoder::new(code)?;
    let mut documents = Vec::with_capacity(count.min(1 << 20));
    for _ in 0..count {
        let mut document = Vec::new();
        walk(learner, |possible, weights| {
            let place = match possible.len() {
                1 => 0,
                _ => decoder.take(weights)?,
            };
            document.push(possible[place]);
            Ok(place)
        })?;
        documents.push(document);
    }
    match decoder.may_be_over() {
        true => Ok(documents),
        false => Err(NO_CODE),
    }
}

/// What a learner that stood elsewhere reads.
const NO_CODE: CodecError = CodecError::Damaged("the learner finds no documents in it");

/// Walks a document: `next` is told what can come next, in order, and the probabilities, and tells which of them does.
fn walk(
    learner: &mut BayesLearner<'_>,
    mut next: impl FnMut(&[Token], &[f64]) -> Result<usize>,
) -> Result<()> {
    let mut reader = learner.begin()?;
    let (mut all, mut possible, mut weights) = (Vec::new(), Vec::new(), Vec::new());
    loop {
        reader.next(&mut all);
        possible.clear();
        weights.clear();
        possible.extend(all.iter().map(|(token, _)| *token));
        weights.extend(all.iter().map(|(_, p)| *p));
        let token = possible[next(&possible, &weights)?];
        if !reader.push(token) {
            return Err(CodecError::Foreign);
        }
        if token == EOS {
            return Ok(());
        }
    }
}
