//! Language models, their devices, and their weights in and out.
//!
//! A [`LanguageModel`] reads tokens and gives logits; a [`Model`] is one of the architectures that a configuration can
//! name, one file each. Burn appears here and in the crates above that hold a model (`kolmo-eval`,
//! `kolmo-train`), and nowhere else.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

#[cfg(feature = "cubecl")]
pub mod adapter;
pub mod attention;
pub mod block;
pub mod device;
mod draw;
mod error;
pub mod feed_forward;
pub mod gpt;
pub mod language_model;
pub mod llama;
pub mod low_rank;
mod model;
pub mod norm;
pub mod parametrisation;
mod positions;
pub mod settings;
pub mod state;
pub mod transformer;
mod unused_gpu;
pub mod weights;

pub use device::{ComputeDevice, DeviceName};
pub use draw::Draw;
pub use error::ModelError;
pub use language_model::{LanguageModel, Reader};
pub use low_rank::Adapters;
pub use model::Model;
pub use parametrisation::Parametrisation;
pub use settings::Switches;
pub use state::State;
pub use unused_gpu::unused_gpu;
