//! `compression.json`: a finished run as a compressor, written once after its last step.

use serde::{Deserialize, Serialize};

use crate::{
    directory::{RunDirectory, write_json},
    error::{Error, Result},
    files,
    metrics::{RoleBits, number},
};

/// What `compression.json` holds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CompressionRecord {
    /// Steps behind the weights that were measured.
    pub step: u64,
    /// N, the documents of these steps.
    pub documents: u64,
    /// Parameters of the model.
    pub parameters: u64,
    /// Documents among those N that the weights were measured on, evenly spaced.
    pub sampled: u64,
    /// What these take on average if the world is known, bits per document.
    pub floor: RoleBits,
    /// The weights at each precision, the finest first.
    pub weights: Vec<WeightsRecord>,
    /// What other documents, which the run has not seen, take with each compressor.
    pub text: TextRecord,
}

/// Weights as the first part of a two-part code, and what is left for the second.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct WeightsRecord {
    /// Bits of a weight before entropy coding: 32 for those of the checkpoint as they are, else the levels that a weight
    /// can take are 2 to this power less 1.
    pub bits_per_weight: u32,
    /// All weights with what is needed to read them, entropy coded, bits.
    pub description_bits: f64,
    /// What the sampled documents take with these weights above the floor, on average, bits per document.
    pub redundancy: RoleBits,
    /// Half the width of the 95 % confidence interval of its total over the documents, bits per document; not a number for
    /// a single one.
    #[serde(deserialize_with = "number::or_nan")]
    pub redundancy_half_width: f64,
}

/// A text and its length with each compressor.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TextRecord {
    /// Index of its first document.
    #[serde(with = "crate::exact")]
    pub first: u64,
    /// Its documents, a line each.
    pub documents: u64,
    /// Facts that they state.
    pub facts: u64,
    /// Its length as it is, bytes.
    pub bytes: u64,
    /// −log2 P of all by who knows the world, bits: no code is shorter in expectation.
    pub floor_bits: f64,
    /// The compressors.
    pub compressors: Vec<CompressorRecord>,
}

/// A text in the code of one compressor.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CompressorRecord {
    /// [`MODEL`](Self::MODEL), [`BAYES`](Self::BAYES), [`BAYES_UNTRAINED`](Self::BAYES_UNTRAINED), or a general compressor such as
    /// `zstd -19`.
    pub name: String,
    /// Length of what it wrote, all that decoding needs beside the compressor included, bits.
    pub bits: f64,
    /// Σ −log2 P by its own probabilities, bits; `null` where it has none.
    pub information_bits: Option<f64>,
    /// Length of the arithmetic code alone, bits; `null` where there is none.
    pub coded_bits: Option<f64>,
}

impl CompressorRecord {
    /// The model of the run.
    pub const MODEL: &str = "model";
    /// The Bayes learner after the documents that the model was trained on.
    pub const BAYES: &str = "bayes";
    /// The Bayes learner that has read nothing before.
    pub const BAYES_UNTRAINED: &str = "bayes_untrained";
}

impl CompressionRecord {
    /// Writes it to `run`.
    ///
    /// # Errors
    /// [`Error::Io`] if the disk does not take it, [`Error::Serialize`] never in fact.
    pub fn write(&self, run: &RunDirectory) -> Result<()> {
        write_json(&run.compression(), self)
    }

    /// Reads that of `run`, which was measured.
    ///
    /// # Errors
    /// [`Error::Io`] if the file cannot be read, [`Error::Json`] if it is no record.
    pub fn read(run: &RunDirectory) -> Result<Self> {
        let path = run.compression();
        let text = files::read_text(&path).map_err(Error::io("read", &path))?;
        serde_json::from_str(&text).map_err(|source| Error::Json { path, source })
    }
}
