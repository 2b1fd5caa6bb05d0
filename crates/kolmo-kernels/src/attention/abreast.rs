//! Sixteen heads at a time, one in each lane of a vector: for short sequences of narrow heads, which one by one would leave most of a
//! vector empty.
//!
//! Heads are numbered through all sequences; sixteen neighbours are a group. What a group holds is laid out as `[…, lane]`, so that
//! every step of the formulas is one of whole vectors, whatever the sizes are. In the last group lanes may be empty, and hold zeros.

use super::Sizes;
use crate::{
    rotary::Tables,
    simd::{self, LANES, Lanes},
    vector::{Block, Factors, Task, Vector, sums_of_products},
};

/// Whether it is the faster way: the numbers of a group have to fit a core's second cache, and most lanes must be taken.
pub(super) fn serves(sizes: Sizes) -> bool {
    const MOST_TIME: usize = 32;
    const MOST_HEAD: usize = 32;
    sizes.time <= MOST_TIME && sizes.head <= MOST_HEAD && sizes.all_heads() >= LANES / 2
}

/// What a group holds.
#[derive(Clone, Copy)]
struct Group {
    sizes: Sizes,
    /// Queries, keys and values of one position of a head, one after another, padded to whole vectors.
    width: usize,
}

impl Group {
    fn new(sizes: Sizes) -> Self {
        Self {
            sizes,
            width: (3 * sizes.head).next_multiple_of(LANES),
        }
    }

    /// Number of groups.
    fn count(self) -> usize {
        self.sizes.all_heads().div_ceil(LANES)
    }

    /// Length of queries, keys and values, `[time, width, lane]`.
    fn inputs(self) -> usize {
        self.sizes.time * self.width * LANES
    }

    /// Length of the weights, `[time, time, lane]`.
    fn weights(self) -> usize {
        self.sizes.time * self.sizes.time * LANES
    }
}

/// What the backward pass needs: of each group the turned queries and keys, the values, and the softmax of the scores.
#[derive(Debug, Clone, Default)]
pub(super) struct Kept {
    inputs: Vec<f32>,
    weights: Vec<f32>,
}

impl Kept {
    /// For all groups, if the backward pass `is_wanted`; else for one at a time.
    pub fn new(sizes: Sizes, is_wanted: bool) -> Self {
        let group = Group::new(sizes);
        let count = if is_wanted { group.count() } else { 1 };
        Self {
            inputs: vec![0.0; count * group.inputs()],
            weights: vec![0.0; count * group.weights()],
        }
    }

    /// Inputs and weights of group `g`; without a backward pass to come all groups have the same place.
    fn group(&mut self, group: Group, g: usize) -> (&mut [f32], &mut [f32]) {
        let at = if self.inputs.len() > group.inputs() {
            g
        } else {
            0
        };
        (
            &mut self.inputs[at * group.inputs()..][..group.inputs()],
            &mut self.weights[at * group.weights()..][..group.weights()],
        )
    }
}

/// Attention of `qkv` into `y`.
pub(super) struct Forward<'a> {
    pub qkv: &'a [f32],
    pub sizes: Sizes,
    pub tables: &'a Tables,
    pub y: &'a mut [f32],
    pub kept: &'a mut Kept,
}

impl Task for Forward<'_> {
    #[inline(always)]
    fn run<V: Vector>(self) {
        let Self {
            qkv,
            sizes,
            tables,
            y,
            kept,
        } = self;
        let group = Group::new(sizes);
        let Sizes { time, head, .. } = sizes;
        let (mut rows, mut out_rows) = (Block::new(3 * head), Block::new(head));
        let mut out = vec![0.0; sizes.wide * LANES];
        for g in 0..group.count() {
            let (inputs, weights) = kept.group(group, g);
            for (t, inputs) in inputs.chunks_exact_mut(group.width * LANES).enumerate() {
                read::<V>(&mut rows, qkv, sizes, (g, t), 3, inputs);
                let scale = sizes.scale();
                turn::<V>(&mut inputs[..head * LANES], tables, t, (scale, scale));
                turn::<V>(
                    &mut inputs[head * LANES..2 * head * LANES],
                    tables,
                    t,
                    (1.0, 1.0),
                );
            }
            let parts = lanes(inputs);
            let [_, keys, values] = [0, head, 2 * head].map(|first| &parts[first..]);
            for i in 0..time {
                let query = Factors::new(&parts[i * group.width..], 1);
                let keys = Factors::new(keys, 1);
                let row = &mut weights[i * time * LANES..][..(i + 1) * LANES];
                products::<V>(query, keys, group.width, head, row);
                softmax::<V>(row);
                let row = Factors::new(lanes(row), 1);
                let values = Factors::new(values, group.width);
                products::<V>(row, values, 1, i + 1, &mut out[..head * LANES]);
                write::<V>(&mut out_rows, &out, sizes, (g, i), 1, y);
            }
        }
    }
}

/// The gradient of the inputs from `dy`, the gradient of the outputs.
pub(super) struct Backward<'a> {
    pub kept: &'a Kept,
    pub dy: &'a [f32],
    pub sizes: Sizes,
    pub tables: &'a Tables,
    pub dqkv: &'a mut [f32],
}

impl Task for Backward<'_> {
    #[inline(always)]
    fn run<V: Vector>(self) {
        let Self {
            kept,
            dy,
            sizes,
            tables,
            dqkv,
        } = self;
        let group = Group::new(sizes);
        let (
            Sizes {
                time, head, wide, ..
            },
            width,
        ) = (sizes, group.width);
        let (mut rows, mut out_rows) = (Block::new(3 * head), Block::new(head));
        let mut dout = vec![0.0; time * wide * LANES];
        let mut dscores = vec![0.0; group.weights()];
        let mut gradient = vec![0.0; width * LANES];
        for g in 0..group.count() {
            let inputs = lanes(&kept.inputs[g * group.inputs()..][..group.inputs()]);
            let [queries, keys, values] = [0, head, 2 * head].map(|first| &inputs[first..]);
            let weights = &kept.weights[g * group.weights()..][..group.weights()];
            for (t, dout) in dout.chunks_exact_mut(wide * LANES).enumerate() {
                read::<V>(&mut out_rows, dy, sizes, (g, t), 1, dout);
            }
            // Of the weights, then of the scores: dS = P ∘ (dP - rows of Σ P ∘ dP).
            for i in 0..time {
                let dout = Factors::new(&lanes(&dout)[i * wide..], 1);
                let row = i * time * LANES..(i * time + i + 1) * LANES;
                let dscores = &mut dscores[row.clone()];
                products::<V>(dout, Factors::new(values, 1), width, head, dscores);
                through_softmax::<V>(&weights[row], dscores);
            }
            let (weights, dscores, dout) = (lanes(weights), lanes(&dscores), lanes(&dout));
            for t in 0..time {
                let [dquery, dkey, dvalue] = split(&mut gradient, head * LANES);
                // dQ = dS K, dK = dSᵀ Q, dV = Pᵀ dO.
                let past = Factors::new(&dscores[t * time..], 1);
                products::<V>(past, Factors::new(keys, width), 1, t + 1, dquery);
                let later = Factors::new(&dscores[t * time + t..], time);
                let from_here = Factors::new(&queries[t * width..], width);
                products::<V>(later, from_here, 1, time - t, dkey);
                let later = Factors::new(&weights[t * time + t..], time);
                let from_here = Factors::new(&dout[t * wide..], wide);
                products::<V>(later, from_here, 1, time - t, dvalue);
                let scale = sizes.scale();
                turn::<V>(dquery, tables, t, (scale, -scale));
                turn::<V>(dkey, tables, t, (1.0, -1.0));
                write::<V>(&mut rows, &gradient, sizes, (g, t), 3, dqkv);
            }
        }
    }
}

fn split(x: &mut [f32], length: usize) -> [&mut [f32]; 3] {
    let (first, rest) = x.split_at_mut(length);
    let (second, rest) = rest.split_at_mut(length);
    [first, second, &mut rest[..length]]
}

#[inline(always)]
fn lanes(x: &[f32]) -> &[Lanes] {
    x.as_chunks::<LANES>().0
}

/// As many sums as `into` has vectors: the nth is Σ left · right over `depth` terms, right beginning `apart` vectors further each time.
#[inline(always)]
fn products<V: Vector>(
    left: Factors<'_>,
    right: Factors<'_>,
    apart: usize,
    depth: usize,
    into: &mut [f32],
) {
    let (into, _) = into.as_chunks_mut::<LANES>();
    let mut done = 0;
    while V::MANY && done + 8 <= into.len() {
        let right = right.from(done * apart);
        sums_of_products::<V, 8>(left, right, apart, depth, &mut into[done..]);
        done += 8;
    }
    while done + 4 <= into.len() {
        let right = right.from(done * apart);
        sums_of_products::<V, 4>(left, right, apart, depth, &mut into[done..]);
        done += 4;
    }
    while done < into.len() {
        let right = right.from(done * apart);
        sums_of_products::<V, 1>(left, right, apart, depth, &mut into[done..]);
        done += 1;
    }
}

/// Rows become their softmax, lane by lane.
#[inline(always)]
fn softmax<V: Vector>(row: &mut [f32]) {
    let (row, _) = row.as_chunks_mut::<LANES>();
    let mut max = V::set(f32::NEG_INFINITY);
    for x in row.iter() {
        max = max.or_larger(V::load(x));
    }
    // What is not a number stays so.
    for x in row.iter_mut() {
        V::load(x).minus(max).store(x);
    }
    for x in row.as_flattened_mut() {
        *x = simd::exp(*x);
    }
    let mut sum = V::zero();
    for x in row.iter() {
        sum = sum.plus(V::load(x));
    }
    let mut scale = [0.0; LANES];
    sum.store(&mut scale);
    let scale = V::load(&scale.map(|sum| 1.0 / sum));
    for x in row.iter_mut() {
        V::load(x).times(scale).store(x);
    }
}

/// From the gradient of a softmax to the gradient of its scores, in place.
#[inline(always)]
fn through_softmax<V: Vector>(weights: &[f32], gradient: &mut [f32]) {
    let (weights, (gradient, _)) = (lanes(weights), gradient.as_chunks_mut::<LANES>());
    let mut mean = V::zero();
    for (weight, gradient) in weights.iter().zip(gradient.iter()) {
        mean = mean.add_products(V::load(weight), V::load(gradient));
    }
    for (weight, gradient) in weights.iter().zip(gradient) {
        let rest = V::load(gradient).minus(mean);
        V::load(weight).times(rest).store(gradient);
    }
}

/// Turns `x`, `[head, lane]`, by the angles of position `t`, as [`Tables::turn`] does with one head.
#[inline(always)]
fn turn<V: Vector>(x: &mut [f32], tables: &Tables, t: usize, scale: (f32, f32)) {
    let half = x.len() / LANES / 2;
    let (low, high) = x.split_at_mut(half * LANES);
    let (low, high) = (
        low.as_chunks_mut::<LANES>().0,
        high.as_chunks_mut::<LANES>().0,
    );
    let cos = &tables.cos[t * half..][..half];
    let sin = &tables.sin[t * half..][..half];
    for ((low, high), (cos, sin)) in low.iter_mut().zip(high).zip(cos.iter().zip(sin)) {
        let (cos, sin) = (V::set(scale.0 * cos), V::set(scale.1 * sin));
        let (a, b) = (V::load(low), V::load(high));
        a.times(cos).minus(b.times(sin)).store(low);
        a.times(sin).plus(b.times(cos)).store(high);
    }
}

/// Position `t` of group `g` of `x`, which has `parts` parts, into `[width, lane]`, through `block`.
#[inline(always)]
fn read<V: Vector>(
    block: &mut Block,
    x: &[f32],
    sizes: Sizes,
    (g, t): (usize, usize),
    parts: usize,
    into: &mut [f32],
) {
    let head = sizes.head;
    for (lane, row) in block.rows_mut().enumerate() {
        match which(sizes, g * LANES + lane) {
            Some(which) => {
                for k in 0..parts {
                    let from = &x[sizes.at(which, t, (k, parts))..][..head];
                    simd::copy(from, &mut row[k * head..][..head]);
                }
            }
            None => row.fill(0.0),
        }
    }
    block.write_lanes::<V>(into);
}

/// The reverse of [`read`].
#[inline(always)]
fn write<V: Vector>(
    block: &mut Block,
    from: &[f32],
    sizes: Sizes,
    (g, t): (usize, usize),
    parts: usize,
    x: &mut [f32],
) {
    let head = sizes.head;
    block.read_lanes::<V>(from);
    for (lane, row) in block.rows().enumerate() {
        let Some(which) = which(sizes, g * LANES + lane) else {
            break;
        };
        for k in 0..parts {
            let into = &mut x[sizes.at(which, t, (k, parts))..][..head];
            simd::copy(&row[k * head..][..head], into);
        }
    }
}

/// The sequence and the head of number `unit`, if there are so many.
#[inline(always)]
fn which(sizes: Sizes, unit: usize) -> Option<(usize, usize)> {
    (unit < sizes.all_heads()).then(|| (unit / sizes.heads, unit % sizes.heads))
}
