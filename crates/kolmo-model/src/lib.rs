//! The transformer, its devices, and its weights in and out.
//!
//! A decoder-only language model in two architectures: [`Gpt`] reads tokens and gives
//! logits. Burn appears here and in the crates above that hold a model (`kolmo-eval`,
//! `kolmo-train`), and nowhere else.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

#[cfg(feature = "cubecl")]
pub mod adapter;
pub mod attention;
pub mod block;
pub mod device;
mod error;
pub mod feed_forward;
pub mod generate;
pub mod gpt;
mod initialise;
pub mod low_rank;
pub mod norm;
pub mod parametrisation;
pub mod settings;
mod unused_gpu;
pub mod weights;

pub use device::{ComputeDevice, DeviceName};
pub use error::ModelError;
pub use gpt::Gpt;
pub use low_rank::Adapters;
pub use parametrisation::Parametrisation;
pub use settings::Switches;
pub use unused_gpu::unused_gpu;
