//! Rotary positions (Su et al. 2021, RoFormer), and the causal mask: what a model knows of order.

use std::sync::Arc;

use burn::{
    prelude::*,
    tensor::{Bool, TensorData},
};

use crate::{
    flex::is_flex,
    gpu::{attention::Turn, is_gpu},
};

/// The tables of one sequence length, shared by every layer.
#[derive(Debug, Clone)]
pub struct Positions {
    tables: Arc<Tables>,
    /// cos(position · frequency), `[1, 1, time, head / 2]`.
    cos: Tensor<4>,
    /// sin(position · frequency), `[1, 1, time, head / 2]`.
    sin: Tensor<4>,
    /// True where a query must not look, `[1, 1, time, time]`.
    future: Tensor<4, Bool>,
    /// For a GPU.
    turn: Option<Box<Turn>>,
}

/// The angles' cosines and sines on the host, `[time, head / 2]`.
#[derive(Debug)]
pub(crate) struct Tables {
    pub cos: Vec<f32>,
    pub sin: Vec<f32>,
    half: usize,
}

impl Tables {
    /// `scale`.0 times each half-pair of `row`, turned by the angles of position `t`; in the other direction where
    /// `scale`.1 is -`scale`.0.
    #[inline(always)]
    pub fn turn(&self, row: &[f32], t: usize, scale: (f32, f32), into: &mut [f32]) {
        const N: usize = 8;
        let half = self.half;
        let one = |low: f32, high: f32, cos: f32, sin: f32| {
            let (cos, sin) = (scale.0 * cos, scale.1 * sin);
            (low * cos - high * sin, low * sin + high * cos)
        };
        let (cos, cos_rest) = self.cos[t * half..][..half].as_chunks::<N>();
        let (sin, sin_rest) = self.sin[t * half..][..half].as_chunks::<N>();
        let (low, high) = row.split_at(half);
        let (into_low, into_high) = into.split_at_mut(half);
        let (low, low_rest) = low.as_chunks::<N>();
        let (high, high_rest) = high.as_chunks::<N>();
        let (into_low, into_low_rest) = into_low.as_chunks_mut::<N>();
        let (into_high, into_high_rest) = into_high.as_chunks_mut::<N>();
        let chunks = low.iter().zip(high).zip(cos.iter().zip(sin));
        for (((low, high), (cos, sin)), into) in chunks.zip(into_low.iter_mut().zip(into_high)) {
            let (mut turned_low, mut turned_high) = ([0.0; N], [0.0; N]);
            for k in 0..N {
                (turned_low[k], turned_high[k]) = one(low[k], high[k], cos[k], sin[k]);
            }
            (*into.0, *into.1) = (turned_low, turned_high);
        }
        for k in 0..cos_rest.len() {
            (into_low_rest[k], into_high_rest[k]) =
                one(low_rest[k], high_rest[k], cos_rest[k], sin_rest[k]);
        }
    }
}

impl Positions {
    /// Base of the geometric ladder of frequencies.
    const BASE: f64 = 10_000.0;

    /// Tables for `time` positions and heads of width `head_width` (even).
    pub fn new(time: usize, head_width: usize, device: &Device) -> Self {
        let half = head_width / 2;
        let table = |f: fn(f64) -> f64| -> Vec<f32> {
            let entries = (0..time).flat_map(|position| {
                (0..half).map(move |j| {
                    let frequency = Self::BASE.powf(-(j as f64) / half as f64);
                    f(position as f64 * frequency) as f32
                })
            });
            entries.collect()
        };
        let tables = Tables {
            cos: table(f64::cos),
            sin: table(f64::sin),
            half,
        };
        let on_device = |table: &[f32]| {
            Tensor::from_data(TensorData::new(table.to_vec(), [1, 1, time, half]), device)
        };
        let future = (0..time * time).map(|k| k % time > k / time);
        let future = TensorData::new(future.collect::<Vec<bool>>(), [1, 1, time, time]);
        let turn = is_gpu(device).then(|| Turn::new(&tables, (time, half), device));
        Self {
            turn: turn.map(Box::new),
            cos: on_device(&tables.cos),
            sin: on_device(&tables.sin),
            future: Tensor::from_data(future, device),
            tables: Arc::new(tables),
        }
    }

    /// Whether they serve `time` positions on `device`. Flex looks up what it needs, so there they may be of more; elsewhere
    /// they are whole operands.
    pub fn serve(&self, time: usize, device: &Device) -> bool {
        let [_, _, there, _] = self.cos.dims();
        let own = self.cos.device();
        let is_enough = there == time || is_flex(device) && there > time;
        // Equality of devices leaves automatic differentiation out.
        is_enough && own == *device && own.is_autodiff() == device.is_autodiff()
    }

    pub(crate) fn tables(&self) -> &Arc<Tables> {
        &self.tables
    }

    pub(crate) fn turn(&self) -> Option<&Turn> {
        self.turn.as_deref()
    }

    /// Turns each half-pair of `x`, `[batch, heads, time, head]`, by its position's angle.
    pub(crate) fn rotate(&self, x: Tensor<4>) -> Tensor<4> {
        Self::rotate_by(x, &self.cos, &self.sin)
    }

    /// The same of the one token at `place`, `[batch, heads, 1, head]`.
    pub(crate) fn rotate_at(&self, x: Tensor<4>, place: usize) -> Tensor<4> {
        let at = |table: &Tensor<4>| table.clone().narrow(2, place, 1);
        Self::rotate_by(x, &at(&self.cos), &at(&self.sin))
    }

    fn rotate_by(x: Tensor<4>, cos: &Tensor<4>, sin: &Tensor<4>) -> Tensor<4> {
        let half = x.dims()[3] / 2;
        let (cos, sin) = (cos.clone().cast(x.dtype()), sin.clone().cast(x.dtype()));
        let low = x.clone().narrow(3, 0, half);
        let high = x.narrow(3, half, half);
        Tensor::cat(
            vec![
                low.clone() * cos.clone() - high.clone() * sin.clone(),
                low * sin + high * cos,
            ],
            3,
        )
    }

    /// Hides the future from attention scores, `[batch, heads, time, time]`.
    pub(crate) fn hide_future(&self, scores: Tensor<4>) -> Tensor<4> {
        let mask = self.future.clone().expand(scores.shape());
        // Finite, so that a row of hidden scores can never be 0/0.
        scores.mask_fill(mask, -1e9)
    }
}
