//! The gradient of a batch, the sum of the gradients of its shards, with the norm of all parameters together, by which it is clipped.

use burn::prelude::*;
use multiversion::multiversion;

use crate::{
    flat,
    flex::{Input, Values, is_flex},
    gpu::{is_gpu, long::sum_of_squares},
    workers::Workers,
};

/// The gradient of all parameters: on flex a part each, elsewhere all of them [joined](flat::join).
#[derive(Debug)]
pub struct Gradient {
    parts: Vec<Tensor<1>>,
    norm_squared: Tensor<1>,
}

/// What each value of a gradient is multiplied by, for its global norm to be at most so much.
#[derive(Debug, Clone)]
pub enum Clip {
    /// On flex, where the norm is at hand.
    Host(f64),
    /// Elsewhere, where nobody waits for it, `[1]`; not a number where the norm is none.
    Device(Box<Tensor<1>>),
}

/// Fewer values are done with before another thread is awake.
pub(crate) const SMALL: usize = 1 << 17;

/// Values that one thread takes at a time, and that one partial sum of a norm is of.
pub(crate) const CHUNK: usize = 1 << 14;

impl Gradient {
    /// Sums the gradients of `shards`, each of which has one tensor a parameter, in the order of the shards. On
    /// a device that is not flex it joins them, so that few kernels are launched from here on.
    ///
    /// # Panics
    /// If there is no shard, or they have not the same parameters.
    pub fn sum(mut shards: Vec<Vec<Tensor<1>>>, workers: &Workers) -> Self {
        let device = shards[0][0].device();
        if !is_flex(&device) {
            let shards = shards.into_iter();
            return Self::plain_sum(shards.map(|shard| vec![flat::join(shard)]).collect());
        }
        let others = shards.split_off(1);
        let mut parts: Vec<Values> = shards.remove(0).into_iter().map(values).collect();
        let others: Vec<Vec<Values>> = others
            .into_iter()
            .map(|shard| shard.into_iter().map(values).collect())
            .collect();
        let mut jobs: Vec<(&mut [f32], Vec<&[f32]>)> = Vec::new();
        for (k, part) in parts.iter_mut().enumerate() {
            for (c, chunk) in part.get_mut().chunks_mut(CHUNK).enumerate() {
                let range = c * CHUNK..c * CHUNK + chunk.len();
                let others = others.iter().map(|shard| &shard[k].get()[range.clone()]);
                jobs.push((chunk, others.collect()));
            }
        }
        let count: usize = jobs
            .iter()
            .map(|(sum, others)| sum.len() * (1 + others.len()))
            .sum();
        let squares = workers.map_unless(count < SMALL, jobs, |(sum, others)| {
            sum_squares(sum, &others)
        });
        let norm_squared: f64 = squares.iter().sum();
        Self {
            parts: parts.into_iter().map(Values::tensor).collect(),
            norm_squared: Tensor::from_floats([norm_squared as f32], &device),
        }
    }

    pub(crate) fn plain_sum(shards: Vec<Vec<Tensor<1>>>) -> Self {
        let mut shards = shards.into_iter();
        let mut parts = shards.next().unwrap_or_default();
        for shard in shards {
            for (sum, part) in parts.iter_mut().zip(shard) {
                *sum = sum.clone() + part;
            }
        }
        let squares = parts.iter().map(|part| match is_gpu(&part.device()) {
            true => sum_of_squares(part.clone()),
            false => part.clone().square().sum(),
        });
        let norm_squared = squares.reduce(|sum, square| sum + square);
        let norm_squared = norm_squared.unwrap_or_else(|| unreachable!("a model has parameters"));
        Self {
            parts,
            norm_squared,
        }
    }

    /// The square of its global norm, on the device, `[1]`.
    pub fn norm_squared(&self) -> Tensor<1> {
        self.norm_squared.clone()
    }

    /// Its parts, and what clips it to the global norm `clip_norm`.
    pub fn clip(self, clip_norm: f64) -> (Vec<Tensor<1>>, Clip) {
        if !is_flex(&self.norm_squared.device()) {
            return self.plain_clip(clip_norm);
        }
        let norm_squared: f32 = self.norm_squared.into_scalar();
        let norm = f64::from(norm_squared).sqrt();
        let clip = if norm > clip_norm {
            clip_norm / norm
        } else {
            1.0
        };
        (self.parts, Clip::Host(clip))
    }

    pub(crate) fn plain_clip(self, clip_norm: f64) -> (Vec<Tensor<1>>, Clip) {
        // Where the norm is not a number, nothing is.
        let norm = self.norm_squared.sqrt();
        let clip = (norm.clone() / clip_norm).clamp_min(1.0).recip();
        (self.parts, Clip::Device(Box::new(clip + norm * 0.0)))
    }
}

impl Clip {
    /// `gradient`, clipped.
    pub fn apply(&self, gradient: Tensor<1>) -> Tensor<1> {
        match self {
            Self::Host(clip) => gradient * *clip,
            Self::Device(clip) => gradient * clip.as_ref().clone(),
        }
    }
}

/// Adds `others` to `sum`, one after another; gives the sum of its squares.
#[multiversion(targets("x86_64+avx512f+avx512vl+fma", "x86_64+avx2+fma"))]
fn sum_squares(sum: &mut [f32], others: &[&[f32]]) -> f64 {
    for other in others {
        for (sum, other) in sum.iter_mut().zip(*other) {
            *sum += other;
        }
    }
    let mut squares = [0.0f64; 8];
    let (chunks, rest) = sum.as_chunks::<8>();
    for chunk in chunks {
        for (square, x) in squares.iter_mut().zip(chunk) {
            *square += f64::from(*x) * f64::from(*x);
        }
    }
    for (square, x) in squares.iter_mut().zip(rest) {
        *square += f64::from(*x) * f64::from(*x);
    }
    squares.iter().sum()
}

pub(crate) fn values(tensor: Tensor<1>) -> Values {
    Input::from(tensor).into_values()
}
