//! Norms of sixteen rows at a time, one in each lane of a vector: for rows so short that the sum over one takes longer than all
//! else.

use crate::{
    simd::{self, LANES, Lanes},
    vector::{Block, Task, Vector},
};

/// Whether it is the faster way for rows of `d`.
pub(super) fn serves(d: usize) -> bool {
    d <= 64
}

/// [`layer_norm_forward`](super::layer_norm_forward).
pub(super) struct LayerForward<'a> {
    pub x: &'a [f32],
    pub gain: &'a [f32],
    pub bias: &'a [f32],
    pub epsilon: f32,
    pub y: &'a mut [f32],
    pub rows: &'a mut [(f32, f32)],
}

impl Task for LayerForward<'_> {
    #[inline(always)]
    fn run<V: Vector>(self) {
        let d = self.gain.len();
        let mut block = Block::new(d);
        let mut x = block.lanes();
        let groups = self.x.chunks(LANES * d).zip(self.y.chunks_mut(LANES * d));
        for ((from, into), rows) in groups.zip(self.rows.chunks_mut(LANES)) {
            block.read::<V>(from, &mut x);
            let mean = mean_of(&x, d, |x, _| x, [0.0; LANES]);
            let variance = mean_of(&x, d, |x, mean| (x - mean) * (x - mean), mean);
            let scale = variance.map(|variance| 1.0 / (variance + self.epsilon).sqrt());
            for (x, (gain, bias)) in x.iter_mut().zip(self.gain.iter().zip(self.bias)) {
                for lane in 0..LANES {
                    let normalised = (x[lane] - mean[lane]) * scale[lane];
                    x[lane] = normalised.mul_add(*gain, *bias);
                }
            }
            block.write::<V>(&x, into);
            for (row, kept) in rows.iter_mut().zip(mean.into_iter().zip(scale)) {
                *row = kept;
            }
        }
    }
}

/// [`layer_norm_backward`](super::layer_norm_backward).
pub(super) struct LayerBackward<'a> {
    pub values: (&'a [f32], &'a [f32], &'a [f32]),
    pub rows: &'a [(f32, f32)],
    pub into: (&'a mut [f32], &'a mut [f32], &'a mut [f32]),
}

impl Task for LayerBackward<'_> {
    #[inline(always)]
    fn run<V: Vector>(self) {
        let (x_rows, gain, gradient_rows) = self.values;
        let (dx, dgain, dbias) = self.into;
        let d = gain.len();
        let mut block = Block::new(d);
        let (mut x, mut gradient) = (block.lanes(), block.lanes());
        let (mut dgains, mut dbiases) = (block.lanes(), block.lanes());
        let groups = x_rows
            .chunks(LANES * d)
            .zip(gradient_rows.chunks(LANES * d));
        let groups = groups.zip(dx.chunks_mut(LANES * d));
        for (((from, gradients), into), rows) in groups.zip(self.rows.chunks(LANES)) {
            block.read::<V>(from, &mut x);
            block.read::<V>(gradients, &mut gradient);
            let (mut mean, mut scale) = ([0.0; LANES], [0.0; LANES]);
            for (lane, row) in rows.iter().enumerate() {
                (mean[lane], scale[lane]) = *row;
            }
            let (mut mean_gradient, mut along) = ([0.0; LANES], [0.0; LANES]);
            for k in 0..d {
                let (x, gradient) = (&mut x[k], &mut gradient[k]);
                for lane in 0..LANES {
                    let normalised = (x[lane] - mean[lane]) * scale[lane];
                    dgains[k][lane] = gradient[lane].mul_add(normalised, dgains[k][lane]);
                    dbiases[k][lane] += gradient[lane];
                    let of_normalised = gradient[lane] * gain[k];
                    mean_gradient[lane] += of_normalised;
                    along[lane] = of_normalised.mul_add(normalised, along[lane]);
                    (x[lane], gradient[lane]) = (normalised, of_normalised);
                }
            }
            let width = d as f32;
            for lane in 0..LANES {
                mean_gradient[lane] /= width;
                along[lane] /= width;
            }
            for (x, gradient) in x[..d].iter_mut().zip(&gradient) {
                for lane in 0..LANES {
                    let rest = gradient[lane] - mean_gradient[lane];
                    x[lane] = scale[lane] * (-along[lane]).mul_add(x[lane], rest);
                }
            }
            block.write::<V>(&x, into);
        }
        add_totals(&dgains, dgain);
        add_totals(&dbiases, dbias);
    }
}

/// [`rms_norm_forward`](super::rms_norm_forward).
pub(super) struct RmsForward<'a> {
    pub x: &'a [f32],
    pub gain: &'a [f32],
    pub epsilon: f32,
    pub y: &'a mut [f32],
    pub scales: &'a mut [f32],
}

impl Task for RmsForward<'_> {
    #[inline(always)]
    fn run<V: Vector>(self) {
        let d = self.gain.len();
        let mut block = Block::new(d);
        let mut x = block.lanes();
        let groups = self.x.chunks(LANES * d).zip(self.y.chunks_mut(LANES * d));
        for ((from, into), scales) in groups.zip(self.scales.chunks_mut(LANES)) {
            block.read::<V>(from, &mut x);
            let mean_square = mean_of(&x, d, |x, _| x * x, [0.0; LANES]);
            let scale = mean_square.map(|square| 1.0 / (square + self.epsilon).sqrt());
            for (x, gain) in x.iter_mut().zip(self.gain) {
                for lane in 0..LANES {
                    x[lane] = x[lane] * scale[lane] * gain;
                }
            }
            block.write::<V>(&x, into);
            let count = scales.len();
            scales.copy_from_slice(&scale[..count]);
        }
    }
}

/// [`rms_norm_backward`](super::rms_norm_backward).
pub(super) struct RmsBackward<'a> {
    pub values: (&'a [f32], &'a [f32], &'a [f32]),
    pub scales: &'a [f32],
    pub into: (&'a mut [f32], &'a mut [f32]),
}

impl Task for RmsBackward<'_> {
    #[inline(always)]
    fn run<V: Vector>(self) {
        let (x_rows, gain, gradient_rows) = self.values;
        let (dx, dgain) = self.into;
        let d = gain.len();
        let mut block = Block::new(d);
        let (mut x, mut gradient, mut dgains) = (block.lanes(), block.lanes(), block.lanes());
        let groups = x_rows
            .chunks(LANES * d)
            .zip(gradient_rows.chunks(LANES * d));
        let groups = groups.zip(dx.chunks_mut(LANES * d));
        for (((from, gradients), into), scales) in groups.zip(self.scales.chunks(LANES)) {
            block.read::<V>(from, &mut x);
            block.read::<V>(gradients, &mut gradient);
            let mut scale = [0.0; LANES];
            scale[..scales.len()].copy_from_slice(scales);
            let mut along = [0.0; LANES];
            for k in 0..d {
                let (x, gradient) = (&x[k], &mut gradient[k]);
                for lane in 0..LANES {
                    dgains[k][lane] =
                        gradient[lane].mul_add(x[lane] * scale[lane], dgains[k][lane]);
                    gradient[lane] *= gain[k];
                    along[lane] = gradient[lane].mul_add(x[lane], along[lane]);
                }
            }
            for lane in 0..LANES {
                along[lane] *= scale[lane] * scale[lane] / d as f32;
            }
            for (x, gradient) in x[..d].iter_mut().zip(&gradient) {
                for lane in 0..LANES {
                    x[lane] = scale[lane] * (-along[lane]).mul_add(x[lane], gradient[lane]);
                }
            }
            block.write::<V>(&x, into);
        }
        add_totals(&dgains, dgain);
    }
}

/// The mean of f(x, `of`) over the first `d` of x, lane by lane.
#[inline(always)]
fn mean_of(x: &[Lanes], d: usize, f: impl Fn(f32, f32) -> f32, of: Lanes) -> Lanes {
    let mut sums = [0.0; LANES];
    for x in &x[..d] {
        for lane in 0..LANES {
            sums[lane] += f(x[lane], of[lane]);
        }
    }
    sums.map(|sum| sum / d as f32)
}

fn add_totals(lanes: &[Lanes], into: &mut [f32]) {
    for (into, lanes) in into.iter_mut().zip(lanes) {
        *into += simd::total(*lanes);
    }
}
