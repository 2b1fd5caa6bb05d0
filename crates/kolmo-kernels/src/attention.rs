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
    vector::{Task, Vector, dispatch},
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

    fn scale(&self) -> f32 {
        1.0 / (self.head as f32).sqrt()
    }
}

/// One head of one sequence. Columns beyond `head` are zero; rows beyond `time` have no meaning.
struct Scratch {
    /// Turned and scaled, `[long, wide]`.
    query: Vec<f32>,
    /// Turned, `[wide, long]`.
    key_across: Vec<f32>,
    /// `[long, wide]`.
    value: Vec<f32>,
    /// Scores, then their softmax, `[long, long]`: in row i as far as the vector that i is in.
    weights: Vec<f32>,
    /// `[long, wide]`.
    out: Vec<f32>,
}

impl Scratch {
    fn new(sizes: Sizes) -> Self {
        let rows = || vec![0.0; sizes.long * sizes.wide];
        Self {
            query: rows(),
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
        let mut scratch = Scratch::new(sizes);
        for which in sizes.heads() {
            load_weights::<V>(qkv, sizes, which, tables, &mut scratch);
            load(qkv, sizes, which, (2, 3), &mut scratch.value);
            for i in (0..sizes.time).step_by(ROWS) {
                let weights = Rows(&scratch.weights, sizes.long);
                let past = 0..(i + ROWS).min(sizes.time);
                wide_tiles::<V>(
                    weights,
                    i,
                    Rows(&scratch.value, sizes.wide),
                    past,
                    &mut scratch.out,
                );
            }
            for t in 0..sizes.time {
                let at = sizes.at(which, t, (0, 1));
                y[at..][..sizes.head].copy_from_slice(&scratch.out[t * sizes.wide..][..sizes.head]);
            }
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
        let (mut key, mut value_across, mut dout) = (rows(), rows(), rows());
        let mut dscores = vec![0.0; long * long];
        for which in sizes.heads() {
            load_weights::<V>(qkv, sizes, which, tables, &mut scratch);
            load_across(qkv, sizes, which, &mut value_across);
            load(dy, sizes, which, (0, 1), &mut dout);
            load_turned(qkv, sizes, which, 1, tables, 1.0, &mut key);

            // Of the weights, then of the scores: dS = P ∘ (dP - rows of Σ P ∘ dP).
            for i in (0..time).step_by(ROWS) {
                let across = Rows(&value_across, long);
                past_tiles::<V>(Rows(&dout, wide), i, across, sizes.head, &mut dscores);
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
                let across = Columns(&scratch.weights, long);
                wide_tiles::<V>(across, j, Rows(&dout, wide), j..time, &mut scratch.out);
            }
            store(&scratch.out, sizes, which, 2, dqkv);

            // dQ = dS K
            for i in (0..time).step_by(ROWS) {
                let past = 0..(i + ROWS).min(time);
                wide_tiles::<V>(
                    Rows(&dscores, long),
                    i,
                    Rows(&key, wide),
                    past,
                    &mut scratch.out,
                );
            }
            turn_back(&scratch.out, sizes, which, 0, tables, sizes.scale(), dqkv);

            // dK = dSᵀ Q
            for j in (0..time).step_by(ROWS) {
                let across = Columns(&dscores, long);
                wide_tiles::<V>(
                    across,
                    j,
                    Rows(&scratch.query, wide),
                    j..time,
                    &mut scratch.out,
                );
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
    load_turned(
        qkv,
        sizes,
        which,
        0,
        tables,
        sizes.scale(),
        &mut scratch.query,
    );
    // The keys by way of `out`, which is free.
    load_turned(qkv, sizes, which, 1, tables, 1.0, &mut scratch.out);
    for t in 0..time {
        for k in 0..sizes.head {
            scratch.key_across[k * long + t] = scratch.out[t * wide + k];
        }
    }
    for i in (0..time).step_by(ROWS) {
        let across = Rows(&scratch.key_across, long);
        past_tiles::<V>(
            Rows(&scratch.query, wide),
            i,
            across,
            sizes.head,
            &mut scratch.weights,
        );
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
        into[t * sizes.wide..][..sizes.head].copy_from_slice(row);
    }
}

/// A head's values, into `[wide, long]`.
#[inline(always)]
fn load_across(qkv: &[f32], sizes: Sizes, which: (usize, usize), into: &mut [f32]) {
    for t in 0..sizes.time {
        let row = &qkv[sizes.at(which, t, (2, 3))..][..sizes.head];
        for (k, x) in row.iter().enumerate() {
            into[k * sizes.long + t] = *x;
        }
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
    let half = sizes.head / 2;
    for t in 0..sizes.time {
        let row = &qkv[sizes.at(which, t, (k, 3))..][..sizes.head];
        let (low, high) = row.split_at(half);
        let (cos, sin) = (
            &tables.cos[t * half..][..half],
            &tables.sin[t * half..][..half],
        );
        let into = &mut into[t * sizes.wide..][..sizes.head];
        let (into_low, into_high) = into.split_at_mut(half);
        for k in 0..half {
            into_low[k] = scale * (low[k] * cos[k] - high[k] * sin[k]);
            into_high[k] = scale * (low[k] * sin[k] + high[k] * cos[k]);
        }
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
    let half = sizes.head / 2;
    for t in 0..sizes.time {
        let (low, high) = from[t * sizes.wide..][..sizes.head].split_at(half);
        let (cos, sin) = (
            &tables.cos[t * half..][..half],
            &tables.sin[t * half..][..half],
        );
        let into = &mut dqkv[sizes.at(which, t, (k, 3))..][..sizes.head];
        let (into_low, into_high) = into.split_at_mut(half);
        for k in 0..half {
            into_low[k] = scale * (low[k] * cos[k] + high[k] * sin[k]);
            into_high[k] = scale * (high[k] * cos[k] - low[k] * sin[k]);
        }
    }
}

#[inline(always)]
fn store(from: &[f32], sizes: Sizes, which: (usize, usize), k: usize, dqkv: &mut [f32]) {
    for t in 0..sizes.time {
        let row = &from[t * sizes.wide..][..sizes.head];
        dqkv[sizes.at(which, t, (k, 3))..][..sizes.head].copy_from_slice(row);
    }
}

/// Rows of a product made at once.
const ROWS: usize = 4;

/// A matrix and the length of its rows.
#[derive(Clone, Copy)]
struct Rows<'a>(&'a [f32], usize);

/// The transpose of one.
#[derive(Clone, Copy)]
struct Columns<'a>(&'a [f32], usize);

/// Four neighbouring rows of a matrix.
trait Left: Copy {
    /// Their values in columns k of `range`, in order.
    fn fours(self, i: usize, range: std::ops::Range<usize>) -> impl Iterator<Item = [f32; ROWS]>;
}

impl Left for Rows<'_> {
    #[inline(always)]
    fn fours(self, i: usize, range: std::ops::Range<usize>) -> impl Iterator<Item = [f32; ROWS]> {
        let row = |r: usize| &self.0[(i + r) * self.1..][range.clone()];
        let rows = row(0).iter().zip(row(1)).zip(row(2)).zip(row(3));
        rows.map(|(((a, b), c), d)| [*a, *b, *c, *d])
    }
}

impl Left for Columns<'_> {
    #[inline(always)]
    fn fours(self, i: usize, range: std::ops::Range<usize>) -> impl Iterator<Item = [f32; ROWS]> {
        let rows = self.0[range.start * self.1..range.end * self.1].chunks_exact(self.1);
        rows.map(move |row| [row[i], row[i + 1], row[i + 2], row[i + 3]])
    }
}

/// Rows i.. of left · right over the middle axis' `range`, all of right's columns.
#[inline(always)]
fn wide_tiles<V: Vector>(
    left: impl Left,
    i: usize,
    right: Rows<'_>,
    range: std::ops::Range<usize>,
    into: &mut [f32],
) {
    let blocks = right.1 / LANES;
    let mut block = 0;
    while block + 2 <= blocks {
        tile::<V, 2>(left, i, right, block, range.clone(), into);
        block += 2;
    }
    if block < blocks {
        tile::<V, 1>(left, i, right, block, range, into);
    }
}

/// Rows i.. of left · right, as far as the columns are not the future of all of them.
#[inline(always)]
fn past_tiles<V: Vector>(
    left: Rows<'_>,
    i: usize,
    right: Rows<'_>,
    depth: usize,
    into: &mut [f32],
) {
    let blocks = (i + ROWS).div_ceil(LANES);
    let mut block = 0;
    while block + 2 <= blocks {
        tile::<V, 2>(left, i, right, block, 0..depth, into);
        block += 2;
    }
    if block < blocks {
        tile::<V, 1>(left, i, right, block, 0..depth, into);
    }
}

#[inline(always)]
fn tile<V: Vector, const BLOCKS: usize>(
    left: impl Left,
    i: usize,
    right: Rows<'_>,
    block: usize,
    range: std::ops::Range<usize>,
    into: &mut [f32],
) {
    let width = right.1;
    let mut sums = [[V::zero(); BLOCKS]; ROWS];
    let rows = right.0[range.start * width..range.end * width].chunks_exact(width);
    for (fours, row) in left.fours(i, range).zip(rows) {
        let (vectors, _) = row[block * LANES..][..BLOCKS * LANES].as_chunks::<LANES>();
        for b in 0..BLOCKS {
            let vector = V::load(&vectors[b]);
            for r in 0..ROWS {
                sums[r][b] = sums[r][b].add_product(fours[r], vector);
            }
        }
    }
    for (r, sums) in sums.iter().enumerate() {
        let into = &mut into[(i + r) * width + block * LANES..][..BLOCKS * LANES];
        let (vectors, _) = into.as_chunks_mut::<LANES>();
        for (into, sum) in vectors.iter_mut().zip(sums) {
            sum.store(into);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::reference::{check_nan, compare, numbers};

    proptest! {
        #[test]
        fn attention_is_its_plain_body(
            batch in 1usize..3,
            time in prop_oneof![1usize..6, 14usize..19, 30usize..40],
            heads in 1usize..4,
            half in prop_oneof![1usize..4, 7usize..10, 16usize..18],
            size in prop_oneof![Just(1.0f32), Just(6.0f32)],
            // Tables may be of longer sequences.
            more in 0usize..3,
            seed: u64,
        ) {
            let d = heads * 2 * half;
            let shape = [batch, time, 3 * d];
            let device = Device::flex().autodiff();
            let longer = Positions::new(time + more, 2 * half, &device);
            let positions = Positions::new(time, 2 * half, &device);
            compare(
                &[numbers(batch * time * 3 * d, seed, size)],
                &|x| attention(x[0].clone().reshape(shape), heads, &longer).reshape([-1]),
                &|x| plain(x[0].clone().reshape(shape), heads, &positions).reshape([-1]),
            )
            .map_err(TestCaseError::fail)?;
        }
    }

    #[test]
    fn what_is_no_number_stays_none() {
        let positions = Positions::new(19, 6, &Device::flex());
        check_nan(&[numbers(19 * 3 * 12, 1, 1.0)], &|x| {
            attention(x[0].clone().reshape([1, 19, 36]), 2, &positions).reshape([-1])
        });
    }

    #[test]
    fn no_score_is_too_large() {
        let positions = Positions::new(20, 4, &Device::flex());
        let qkv: Vec<f32> = numbers(20 * 12, 3, 300.0);
        let qkv = Tensor::<1>::from_floats(qkv.as_slice(), &Device::flex()).reshape([1, 20, 12]);
        let y = attention(qkv, 1, &positions)
            .into_data()
            .try_to_vec::<f32>()
            .unwrap();
        assert!(y.iter().all(|y| y.is_finite()));
    }
}
