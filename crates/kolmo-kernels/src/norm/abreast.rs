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

/// LayerNorm of x into y; `rows` become the mean of each row of x, and 1 / √(variance + ε).
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
        let width = 1.0 / d as f32;
        let mut block = Block::new(d);
        let mut x = block.lanes();
        let groups = self.x.chunks(LANES * d).zip(self.y.chunks_mut(LANES * d));
        for ((from, into), rows) in groups.zip(self.rows.chunks_mut(LANES)) {
            block.read::<V>(from, &mut x);
            let mut mean = V::zero();
            for x in &x[..d] {
                mean = mean.plus(V::load(x));
            }
            let mean = mean.times(V::set(width));
            let mut square = V::zero();
            for x in &x[..d] {
                let x = V::load(x).minus(mean);
                square = square.add_products(x, x);
            }
            let scales = scales(square.times(V::set(width)), self.epsilon);
            let scale = V::load(&scales);
            for (x, (gain, bias)) in x.iter_mut().zip(self.gain.iter().zip(self.bias)) {
                let normalised = V::load(x).minus(mean).times(scale);
                V::set(*bias).add_product(*gain, normalised).store(x);
            }
            block.write::<V>(&x, into);
            let mut means = [0.0; LANES];
            mean.store(&mut means);
            for (row, kept) in rows.iter_mut().zip(means.into_iter().zip(scales)) {
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
            let (mut means, mut scales) = ([0.0; LANES], [0.0; LANES]);
            for (lane, row) in rows.iter().enumerate() {
                (means[lane], scales[lane]) = *row;
            }
            let (mean, scale) = (V::load(&means), V::load(&scales));
            let (mut mean_gradient, mut along) = (V::zero(), V::zero());
            for (k, gain) in gain.iter().enumerate() {
                let normalised = V::load(&x[k]).minus(mean).times(scale);
                let of_y = V::load(&gradient[k]);
                let dgain = V::load(&dgains[k]).add_products(of_y, normalised);
                dgain.store(&mut dgains[k]);
                V::load(&dbiases[k]).plus(of_y).store(&mut dbiases[k]);
                let of_normalised = of_y.times(V::set(*gain));
                mean_gradient = mean_gradient.plus(of_normalised);
                along = along.add_products(of_normalised, normalised);
                normalised.store(&mut x[k]);
                of_normalised.store(&mut gradient[k]);
            }
            let width = V::set(1.0 / d as f32);
            let (mean_gradient, along) = (mean_gradient.times(width), along.times(width));
            for (x, gradient) in x[..d].iter_mut().zip(&gradient) {
                let rest = V::load(gradient).minus(mean_gradient);
                let rest = rest.minus(along.times(V::load(x)));
                rest.times(scale).store(x);
            }
            block.write::<V>(&x, into);
        }
        add_totals(&dgains, dgain);
        add_totals(&dbiases, dbias);
    }
}

/// RMSNorm of x into y; `scales` become 1 / √(mean square + ε) of each row of x.
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
            let mut square = V::zero();
            for x in &x[..d] {
                let x = V::load(x);
                square = square.add_products(x, x);
            }
            let square = square.times(V::set(1.0 / d as f32));
            let scale = self::scales(square, self.epsilon);
            let by = V::load(&scale);
            for (x, gain) in x.iter_mut().zip(self.gain) {
                V::load(x).times(by).times(V::set(*gain)).store(x);
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
            let scale = V::load(&scale);
            let mut along = V::zero();
            for (k, gain) in gain.iter().enumerate() {
                let (x, of_y) = (V::load(&x[k]), V::load(&gradient[k]));
                let dgain = V::load(&dgains[k]).add_products(of_y, x.times(scale));
                dgain.store(&mut dgains[k]);
                let of_normalised = of_y.times(V::set(*gain));
                along = along.add_products(of_normalised, x);
                of_normalised.store(&mut gradient[k]);
            }
            let along = along
                .times(scale.times(scale))
                .times(V::set(1.0 / d as f32));
            for (x, gradient) in x[..d].iter_mut().zip(&gradient) {
                let rest = V::load(gradient).minus(along.times(V::load(x)));
                rest.times(scale).store(x);
            }
            block.write::<V>(&x, into);
        }
        add_totals(&dgains, dgain);
    }
}

/// 1 / √(square + ε), lane by lane.
#[inline(always)]
fn scales<V: Vector>(square: V, epsilon: f32) -> Lanes {
    let mut scales = [0.0; LANES];
    square.store(&mut scales);
    scales.map(|square| 1.0 / (square + epsilon).sqrt())
}

fn add_totals(lanes: &[Lanes], into: &mut [f32]) {
    for (into, lanes) in into.iter_mut().zip(lanes) {
        *into += simd::total(*lanes);
    }
}
