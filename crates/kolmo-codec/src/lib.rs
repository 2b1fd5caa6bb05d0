//! Prediction as compression: texts and weights in bits, and back.
//!
//! [`Codec`] is a trained model as a lossless compressor of any file; [`documents`] says how a model and a code go together, [`coder`] how
//! symbols become bits. [`weights`] compresses the model itself, [`general`] are the compressors it is compared with, [`bayes`] is the Bayes
//! learner as one, and [`measure()`] puts all of it to a finished run.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

pub mod bayes;
mod block;
pub mod coder;
pub mod container;
pub mod documents;
mod error;
pub mod general;
pub mod measure;
mod text;
pub mod weights;

pub use container::{Codec, Compressed};
pub use documents::Predictor;
pub use error::{CodecError, Result};
pub use measure::{Timed, Trained, compare, measure};
