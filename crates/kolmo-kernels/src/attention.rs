//! Causal attention with rotary positions, for sequences that fit a core's cache.
//!
//! One head of one sequence at a time: queries, keys and values are turned and copied side by side, padded
//! to whole vectors, and the scores of that head live and die in scratch memory. The backward pass makes them
//! again from the same input, so that nothing of the size time² is ever kept.

use std::sync::Arc;

use burn::{prelude::*, tensor::activation::softmax};

use crate::{
    flex::{Values, fused, is_flex},
    gpu,
    rotary::{Positions, Tables},
    simd::{self, LANES},
    vector::{Left, ROWS, Right, Task, Vector, dispatch, tile, transpose},
};

/// Attention of `heads` heads: `qkv` has queries, keys and values one after another, `[batch, time, 3d]`,
/// each with its heads one after another. Gives the heads' outputs, `[batch, time, d]`.
pub fn attention(qkv: Tensor<3>, heads: usize, positions: &Positions) -> Tensor<3> {
    if let Some(turn) = positions.turn() {
        return gpu::attention::attention(qkv, heads, turn);
    }
    if !is_flex(&qkv.device()) {
        return plain(qkv, heads, positions);
    }
    if abreast::serves(Sizes::new(qkv.dims(), heads)) {
        return abreast(qkv, heads, positions);
    }
    fused(
        [qkv.into()],
        |[qkv], _| {
            let sizes = Sizes::new(qkv.shape(), heads);
            let mut y = vec![0.0; sizes.batch * sizes.time * sizes.d];
            dispatch(Forward {
                qkv: qkv.get(),
                sizes,
                tables: positions.tables(),
                y: &mut y,
            });
            let y = Values::new(y, [sizes.batch, sizes.time, sizes.d]);
            (y, (qkv, heads, Arc::clone(positions.tables())))
        },
        |(qkv, heads, tables), gradient| {
            let shape = qkv.shape();
            let mut dqkv = vec![0.0; qkv.get().len()];
            let sizes = Sizes::new(shape, heads);
            dispatch(Backward {
                qkv: qkv.get(),
                dy: gradient.get(),
                sizes,
                tables: &tables,
                dqkv: &mut dqkv,
            });
            [Values::new(dqkv, shape)]
        },
    )
}

/// The same on flex, [sixteen heads at a time](abreast).
fn abreast(qkv: Tensor<3>, heads: usize, positions: &Positions) -> Tensor<3> {
    fused(
        [qkv.into()],
        |[qkv], tracked| {
            let sizes = Sizes::new(qkv.shape(), heads);
            let mut y = vec![0.0; sizes.batch * sizes.time * sizes.d];
            let mut kept = abreast::Kept::new(sizes, tracked);
            dispatch(abreast::Forward {
                qkv: qkv.get(),
                sizes,
                tables: positions.tables(),
                y: &mut y,
                kept: &mut kept,
            });
            let y = Values::new(y, [sizes.batch, sizes.time, sizes.d]);
            (
                y,
                (kept, qkv.shape(), heads, Arc::clone(positions.tables())),
            )
        },
        |(kept, shape, heads, tables), gradient| {
            let sizes = Sizes::new(shape, heads);
            let mut dqkv = vec![0.0; shape.iter().product()];
            dispatch(abreast::Backward {
                kept: &kept,
                dy: gradient.get(),
                sizes,
                tables: &tables,
                dqkv: &mut dqkv,
            });
            [Values::new(dqkv, shape)]
        },
    )
}

pub(crate) fn plain(qkv: Tensor<3>, heads: usize, positions: &Positions) -> Tensor<3> {
    let [batch, time, width] = qkv.dims();
    let d = width / 3;
    let head = d / heads;
    let part = |k: usize| {
        let part = qkv.clone().narrow(2, k * d, d);
        let part = part.reshape([batch, time, heads, head]);
        part.swap_dims(1, 2)
    };
    let query = positions.rotate(part(0)) / (head as f64).sqrt();
    let key = positions.rotate(part(1));
    let scores = query.matmul(key.swap_dims(2, 3));
    let attention = softmax(positions.hide_future(scores), 3);
    let mixed = attention.matmul(part(2)).swap_dims(1, 2);
    mixed.reshape([batch, time, d])
}

#[derive(Clone, Copy)]
struct Sizes {
    batch: usize,
    time: usize,
    d: usize,
    heads: usize,
    /// Width of a head.
    head: usize,
    /// The same, padded to whole vectors.
    wide: usize,
    /// `time`, padded to whole vectors.
    long: usize,
}

impl Sizes {
    fn new([batch, time, width]: [usize; 3], heads: usize) -> Self {
        let d = width / 3;
        let head = d / heads;
        Self {
            batch,
            time,
            d,
            heads,
            head,
            wide: head.next_multiple_of(LANES),
            long: time.next_multiple_of(LANES),
        }
    }

    /// Where row `t` of a sequence's head begins in `[batch, time, parts · d]`, in the `k`th part.
    fn at(&self, (sequence, head): (usize, usize), t: usize, (k, parts): (usize, usize)) -> usize {
        ((sequence * self.time + t) * parts + k) * self.d + head * self.head
    }

    fn heads(self) -> impl Iterator<Item = (usize, usize)> {
        (0..self.batch).flat_map(move |sequence| (0..self.heads).map(move |head| (sequence, head)))
    }

    /// Number of heads of all sequences.
    fn all_heads(&self) -> usize {
        self.batch * self.heads
    }

    fn scale(&self) -> f32 {
        1.0 / (self.head as f32).sqrt()
    }
}

/// One head of one sequence. Columns beyond `head` and rows beyond `time` are zero, but where it says otherwise.
struct Scratch {
    /// Turned and scaled, `[long, wide]`.
    query: Vec<f32>,
    /// Turned, `[long, wide]`.
    key: Vec<f32>,
    /// The same, `[wide, long]`.
    key_across: Vec<f32>,
    /// `[long, wide]`.
    value: Vec<f32>,
    /// Scores, then their softmax, `[long, long]`: in row i as far as the vector that i is in. Rows beyond `time`
    /// have no meaning.
    weights: Vec<f32>,
    /// `[long, wide]`. Rows beyond `time` have no meaning.
    out: Vec<f32>,
}

impl Scratch {
    fn new(sizes: Sizes) -> Self {
        let rows = || vec![0.0; sizes.long * sizes.wide];
        Self {
            query: rows(),
            key: rows(),
            key_across: rows(),
            value: rows(),
            weights: vec![0.0; sizes.long * sizes.long],
            out: rows(),
        }
    }
}

struct Forward<'a> {
    qkv: &'a [f32],
    sizes: Sizes,
    tables: &'a Tables,
    y: &'a mut [f32],
}

impl Task for Forward<'_> {
    #[inline(always)]
    fn run<V: Vector>(self) {
        let Self {
            qkv,
            sizes,
            tables,
            y,
        } = self;
        let Sizes { time, wide, .. } = sizes;
        let mut scratch = Scratch::new(sizes);
        for which in sizes.heads() {
            load_weights::<V>(qkv, sizes, which, tables, &mut scratch);
            load(qkv, sizes, which, (2, 3), &mut scratch.value);
            for i in (0..time).step_by(ROWS) {
                let weights = Left::rows(&scratch.weights, sizes.long, i);
                let past = (i + ROWS).min(time);
                let value = Right::new(&scratch.value, wide, 0);
                wide_tiles::<V>(weights, value, past, &mut scratch.out[i * wide..]);
            }
            store(&scratch.out, sizes, which, (0, 1), y);
        }
    }
}

struct Backward<'a> {
    qkv: &'a [f32],
    dy: &'a [f32],
    sizes: Sizes,
    tables: &'a Tables,
    dqkv: &'a mut [f32],
}

impl Task for Backward<'_> {
    #[inline(always)]
    fn run<V: Vector>(self) {
        let Self {
            qkv,
            dy,
            sizes,
            tables,
            dqkv,
        } = self;
        let Sizes {
            time, wide, long, ..
        } = sizes;
        let mut scratch = Scratch::new(sizes);
        let rows = || vec![0.0; long * wide];
        let (mut value_across, mut dout) = (rows(), rows());
        let mut dscores = vec![0.0; long * long];
        for which in sizes.heads() {
            load_weights::<V>(qkv, sizes, which, tables, &mut scratch);
            load(qkv, sizes, which, (2, 3), &mut scratch.value);
            transpose::<V>(&scratch.value, (long, wide), &mut value_across);
            load(dy, sizes, which, (0, 1), &mut dout);

            // Of the weights, then of the scores: dS = P ∘ (dP - rows of Σ P ∘ dP).
            for i in (0..time).step_by(ROWS) {
                let across = Right::new(&value_across, long, 0);
                let dout = Left::rows(&dout, wide, i);
                past_tiles::<V>(dout, across, sizes.head, i, &mut dscores[i * long..]);
                for t in i..(i + ROWS).min(time) {
                    let past = (t + 1).next_multiple_of(LANES);
                    let weights = &scratch.weights[t * long..][..past];
                    let dscores = &mut dscores[t * long..][..past];
                    let mean = simd::sum2(weights, dscores, |p, dp| p * dp);
                    for (dscore, weight) in dscores.iter_mut().zip(weights) {
                        *dscore = weight * (*dscore - mean);
                    }
                }
            }

            // dV = Pᵀ dO
            for j in (0..time).step_by(ROWS) {
                let weights = Left::columns(&scratch.weights, long, j);
                let dout = Right::new(&dout, wide, j);
                wide_tiles::<V>(weights, dout, time - j, &mut scratch.out[j * wide..]);
            }
            store(&scratch.out, sizes, which, (2, 3), dqkv);

            // dQ = dS K
            for i in (0..time).step_by(ROWS) {
                let past = (i + ROWS).min(time);
                let dscores = Left::rows(&dscores, long, i);
                let key = Right::new(&scratch.key, wide, 0);
                wide_tiles::<V>(dscores, key, past, &mut scratch.out[i * wide..]);
            }
            turn_back(&scratch.out, sizes, which, 0, tables, sizes.scale(), dqkv);

            // dK = dSᵀ Q
            for j in (0..time).step_by(ROWS) {
                let dscores = Left::columns(&dscores, long, j);
                let query = Right::new(&scratch.query, wide, j);
                wide_tiles::<V>(dscores, query, time - j, &mut scratch.out[j * wide..]);
            }
            turn_back(&scratch.out, sizes, which, 1, tables, 1.0, dqkv);
        }
    }
}

/// Turned queries and keys, and the softmax of their scores.
#[inline(always)]
fn load_weights<V: Vector>(
    qkv: &[f32],
    sizes: Sizes,
    which: (usize, usize),
    tables: &Tables,
    scratch: &mut Scratch,
) {
    let Sizes {
        time, wide, long, ..
    } = sizes;
    let scale = sizes.scale();
    load_turned(qkv, sizes, which, 0, tables, scale, &mut scratch.query);
    load_turned(qkv, sizes, which, 1, tables, 1.0, &mut scratch.key);
    transpose::<V>(&scratch.key, (long, wide), &mut scratch.key_across);
    for i in (0..time).step_by(ROWS) {
        let query = Left::rows(&scratch.query, wide, i);
        let across = Right::new(&scratch.key_across, long, 0);
        let weights = &mut scratch.weights[i * long..];
        past_tiles::<V>(query, across, sizes.head, i, weights);
        for t in i..(i + ROWS).min(time) {
            let past = (t + 1).next_multiple_of(LANES);
            let row = &mut scratch.weights[t * long..][..past];
            row[t + 1..].fill(f32::NEG_INFINITY);
            let max = simd::max(row, f32::NEG_INFINITY);
            for x in row.iter_mut() {
                *x = simd::exp(*x - max);
            }
            row[t + 1..].fill(0.0);
            let scale = 1.0 / simd::sum(row, |x| x);
            for x in row.iter_mut() {
                *x *= scale;
            }
        }
    }
}

/// A head's rows of part `k` of `parts`, into `[long, wide]`.
#[inline(always)]
fn load(x: &[f32], sizes: Sizes, which: (usize, usize), part: (usize, usize), into: &mut [f32]) {
    for t in 0..sizes.time {
        let row = &x[sizes.at(which, t, part)..][..sizes.head];
        simd::copy(row, &mut into[t * sizes.wide..][..sizes.head]);
    }
}

/// The reverse of [`load`].
#[inline(always)]
fn store(from: &[f32], sizes: Sizes, which: (usize, usize), part: (usize, usize), x: &mut [f32]) {
    for t in 0..sizes.time {
        let row = &mut x[sizes.at(which, t, part)..][..sizes.head];
        simd::copy(&from[t * sizes.wide..][..sizes.head], row);
    }
}

/// A head's rows of part `k`, turned by their positions and scaled, into `[long, wide]`.
#[inline(always)]
fn load_turned(
    qkv: &[f32],
    sizes: Sizes,
    which: (usize, usize),
    k: usize,
    tables: &Tables,
    scale: f32,
    into: &mut [f32],
) {
    for t in 0..sizes.time {
        let row = &qkv[sizes.at(which, t, (k, 3))..][..sizes.head];
        let into = &mut into[t * sizes.wide..][..sizes.head];
        tables.turn(row, t, (scale, scale), into);
    }
}

/// The gradient of what [`load_turned`] read, from that of what it made.
#[inline(always)]
fn turn_back(
    from: &[f32],
    sizes: Sizes,
    which: (usize, usize),
    k: usize,
    tables: &Tables,
    scale: f32,
    dqkv: &mut [f32],
) {
    for t in 0..sizes.time {
        let row = &from[t * sizes.wide..][..sizes.head];
        let into = &mut dqkv[sizes.at(which, t, (k, 3))..][..sizes.head];
        tables.turn(row, t, (scale, -scale), into);
    }
}

/// Left times the first `depth` rows of right, [`ROWS`] rows into `into`, whose rows are as long as right's.
#[inline(always)]
fn wide_tiles<V: Vector>(left: Left<'_>, right: Right<'_>, depth: usize, into: &mut [f32]) {
    tiles::<V>(left, right, depth, right.width() / LANES, into);
}

/// The same for rows i.., as far as the columns are not the future of all of them.
#[inline(always)]
fn past_tiles<V: Vector>(
    left: Left<'_>,
    right: Right<'_>,
    depth: usize,
    i: usize,
    into: &mut [f32],
) {
    tiles::<V>(left, right, depth, (i + ROWS).div_ceil(LANES), into);
}

#[inline(always)]
fn tiles<V: Vector>(
    left: Left<'_>,
    right: Right<'_>,
    depth: usize,
    blocks: usize,
    into: &mut [f32],
) {
    let mut block = 0;
    while V::MANY && block + 2 <= blocks {
        tile::<V, 2>(left, right, depth, block, into);
        block += 2;
    }
    while block < blocks {
        tile::<V, 1>(left, right, depth, block, into);
        block += 1;
    }
}

mod abreast;
#[cfg(test)]
mod tests;
