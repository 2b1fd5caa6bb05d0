//! The operations of a transformer: a plain body for every device, and one of their own for the CPU.
//!
//! Each operation is a function of tensors. Its plain body is a few of Burn's operations, which is what the
//! tests hold the others against. On a GPU most have a backward pass written by hand, also in Burn's operations,
//! so that few kernels are launched. On Burn's CPU backend, flex, each is one loop over slices
//! with a backward pass written by hand: no tensor between two steps of a formula, SIMD, one thread. The
//! threads of a machine are kept busy one level up, by [`Workers`] that each take a part of the batch.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

pub mod activation;
pub mod adamw;
pub mod attention;
pub mod cached;
pub mod cross_entropy;
pub mod embedding;
mod factor;
pub mod flat;
mod flex;
mod gpu;
pub mod gradient;
mod graph;
pub mod linear;
pub mod norm;
pub mod peak;
mod product;
#[cfg(test)]
mod reference;
pub mod rotary;
mod simd;
mod vector;
pub mod workers;

pub use activation::{gelu, swiglu};
pub use attention::attention;
pub use cached::KeyValues;
pub use cross_entropy::{cross_entropy, exponentials, largest, log_sum_exp};
pub use embedding::{RowNumbers, Tokens, embedding};
pub use factor::Factor;
pub use flex::is_flex;
pub use gradient::{Clip, Gradient};
pub use linear::{linear, linear_add};
pub use norm::{layer_norm, rms_norm};
pub use rotary::Positions;
pub use vector::instructions;
pub use workers::Workers;
