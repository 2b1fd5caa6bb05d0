//! Rotary positions (Su et al. 2021, RoFormer), and the causal mask: what a model knows of order.

use std::sync::Arc;

use burn::{
    prelude::*,
    tensor::{Bool, TensorData},
};

use crate::gpu::{attention::Turn, is_gpu};

/// The tables of one sequence length, made once and shared by every layer.
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
    /// Cosines and sines of position `t`.
    #[inline(always)]
    pub fn at(&self, t: usize) -> (&[f32], &[f32]) {
        let row = t * self.half..(t + 1) * self.half;
        (&self.cos[row.clone()], &self.sin[row])
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

    pub(crate) fn tables(&self) -> &Arc<Tables> {
        &self.tables
    }

    pub(crate) fn turn(&self) -> Option<&Turn> {
        self.turn.as_deref()
    }

    /// Turns each half-pair of `x`, `[batch, heads, time, head]`, by its position's angle.
    pub(crate) fn rotate(&self, x: Tensor<4>) -> Tensor<4> {
        let half = x.dims()[3] / 2;
        let (cos, sin) = (
            self.cos.clone().cast(x.dtype()),
            self.sin.clone().cast(x.dtype()),
        );
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
