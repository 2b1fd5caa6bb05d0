//! A block: some thousand lines of a text, coded without anything of the blocks before it, so that several can be at work
//! at the same time.
//!
//! A line of words of the vocabulary is coded by the model; all others go, one behind the other, to zstd. Which line is
//! which is part of the arithmetic code, and hardly costs anything where they are all alike.

use kolmo_world::Vocabulary;

use crate::{
    coder::{Counts, Decoder, Encoder},
    documents::Predictor,
    error::{CodecError, Result},
    text::{Line, lines, write_line},
};

/// Lines of a block, at most: the end of a code and what stands before it cost little beside so many.
pub(crate) const MOST_LINES: usize = 8192;

/// Bytes of its text, at most. A line that does not fit goes on in the next block.
pub(crate) const MOST_BYTES: usize = 1 << 22;

/// A code of more than one byte for so many of the text may be worse than that of zstd.
const WORSE: usize = 5;

/// The level of zstd for what the model does not know.
const LEVEL: i32 = 19;

/// A block as it is written.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Block {
    /// Bytes of its text.
    pub bytes: u32,
    /// Its lines, the last of which may be cut off.
    pub lines: u32,
    /// The arithmetic code of lines of words, and of which lines are.
    pub code: Vec<u8>,
    /// The others, compressed by zstd; empty if there are none.
    pub rest: Vec<u8>,
}

/// What is in a block.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Content {
    /// Lines that the model has coded.
    pub modelled: u64,
    /// Bytes of the other lines.
    pub other_bytes: u64,
    /// Σ −log2 P of what is in the arithmetic code, bits.
    pub information_bits: f64,
}

impl Block {
    /// Encodes `text`, of at most [`MOST_BYTES`] and [`MOST_LINES`].
    pub fn encode(
        text: &[u8],
        vocabulary: &Vocabulary,
        predictor: &Predictor<'_>,
    ) -> Result<(Self, Content)> {
        let lines: Vec<Line<'_>> = lines(text, vocabulary, predictor.room()).collect();
        let (block, content) = Self::of_lines(text, &lines, predictor)?;
        // A model that is so bad at it, or a text that is no more than words of the world, may be better off with zstd.
        if content.modelled > 0 && WORSE * block.code.len() > text.len() {
            let all = text.split_inclusive(|byte| *byte == b'\n');
            let all: Vec<Line<'_>> = all.map(Line::Other).collect();
            let (other, without) = Self::of_lines(text, &all, predictor)?;
            if other.written() < block.written() {
                return Ok((other, without));
            }
        }
        Ok((block, content))
    }

    fn of_lines(
        text: &[u8],
        lines: &[Line<'_>],
        predictor: &Predictor<'_>,
    ) -> Result<(Self, Content)> {
        let mut encoder = Encoder::default();
        let mut is_words = Counts::new(2);
        let (mut documents, mut rest) = (Vec::new(), Vec::new());
        for line in lines {
            match line {
                Line::Words(tokens) => {
                    is_words.put(1, &mut encoder)?;
                    documents.push(&tokens[..]);
                }
                Line::Other(bytes) => {
                    is_words.put(0, &mut encoder)?;
                    rest.extend_from_slice(bytes);
                }
            }
        }
        predictor.encode(&documents, &mut encoder)?;
        let content = Content {
            modelled: documents.len() as u64,
            other_bytes: rest.len() as u64,
            information_bits: encoder.information_bits(),
        };
        if !rest.is_empty() {
            rest =
                zstd::bulk::compress(&rest, LEVEL).map_err(CodecError::io("compress with zstd"))?;
        }
        let block = Self {
            bytes: text.len() as u32,
            lines: lines.len() as u32,
            code: encoder.finish(),
            rest,
        };
        Ok((block, content))
    }

    /// The text. Predictions that are not those of the encoder show in a code that does not end where it should, if not before.
    pub fn decode(&self, vocabulary: &Vocabulary, predictor: &Predictor<'_>) -> Result<Vec<u8>> {
        let (bytes, count) = (self.bytes as usize, self.lines as usize);
        let mut decoder = Decoder::new(&self.code)?;
        let mut is_words = Counts::new(2);
        let kinds = (0..count).map(|_| is_words.take(&mut decoder));
        let kinds = kinds.collect::<Result<Vec<usize>>>()?;
        let modelled = kinds.iter().filter(|kind| **kind == 1).count();
        let mut documents = predictor.decode(modelled, &mut decoder)?.into_iter();
        if !decoder.may_be_over() {
            return Err(CodecError::OtherPredictions);
        }
        let rest = match self.rest.is_empty() {
            true => Vec::new(),
            false => zstd::bulk::decompress(&self.rest, bytes)
                .map_err(|_| CodecError::Damaged("its zstd part is none"))?,
        };
        let mut rest = rest.split_inclusive(|byte| *byte == b'\n');
        let mut text = Vec::with_capacity(bytes);
        for kind in kinds {
            match kind {
                1 => write_line(&documents.next().unwrap_or_default(), vocabulary, &mut text),
                _ => text.extend_from_slice(rest.next().unwrap_or_default()),
            }
        }
        if text.len() != bytes || rest.next().is_some() {
            return Err(CodecError::OtherPredictions);
        }
        Ok(text)
    }
}

#[cfg(test)]
mod tests {
    use burn::prelude::Device;
    use kolmo_config::{ModelConfig, Transformer};
    use kolmo_model::Model;
    use kolmo_world::{World, WorldConfig, random::Streams};
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        /// With its checksum made right, as no accident does.
        #[test]
        fn any_block_is_a_text_or_an_error(
            bytes in 0u32..300, lines in 0u32..20,
            code in prop::collection::vec(any::<[u8; 4]>(), 0..30).prop_map(|words| words.concat()),
            rest in prop::collection::vec(any::<u8>(), 0..30),
        ) {
            let world = World::new(&WorldConfig::default(), 1).unwrap();
            let device = Device::flex();
            let sizes = Transformer { d_model: 16, layers: 1, heads: 2, ..Transformer::default() };
            let config = ModelConfig::gpt(sizes);
            let vocabulary = world.vocabulary();
            let model = Model::new(&config, vocabulary.len(), &Streams::new(1), &device).unwrap();
            let predictor = Predictor::new(&model, &device, world.max_document_length());
            let block = Block { bytes, lines, code, rest };
            if let Ok(text) = block.decode(vocabulary, &predictor) {
                prop_assert_eq!(text.len(), bytes as usize);
            }
        }
    }
}
