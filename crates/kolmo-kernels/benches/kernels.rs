//! Each operation on one core of the CPU, by itself: a forward pass, and one with its backward pass.
//!
//!     cargo bench -p kolmo-kernels --features criterion [-- NAME]
//!
//! The sizes are those of one shard, an eighth of a batch, of the shapes that `scripts/bench_against_torch.sh`
//! compares. An element is a token, for AdamW and sums of gradients a parameter. What a backward pass starts
//! from is a sum over the result, which is timed too; cross-entropy is such a sum already.

#![allow(missing_docs)]

use burn::prelude::*;
use criterion::{
    BatchSize, BenchmarkGroup, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main,
    measurement::WallTime,
};
use kolmo_kernels::{
    Positions, Tokens, Workers,
    adamw::{Slot, Update},
    attention,
    cross_entropy::{Output, Targets, cross_entropy},
    embedding, gelu, layer_norm, linear, linear_add, rms_norm, swiglu,
};
use mimalloc::MiMalloc;

/// That of the program without its settings: what nobody has used for a second goes back to the system here, and comes
/// again cold.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

/// A shard of a batch, and the model that reads it.
struct Shape {
    name: &'static str,
    rows: usize,
    time: usize,
    d: usize,
    layers: usize,
    heads: usize,
    vocabulary: usize,
}

const SHAPES: [Shape; 3] = [
    Shape {
        name: "64/2/256x16/1024",
        rows: 32,
        time: 16,
        d: 64,
        layers: 2,
        heads: 4,
        vocabulary: 1024,
    },
    Shape {
        name: "128/4/128x32/2048",
        rows: 16,
        time: 32,
        d: 128,
        layers: 4,
        heads: 4,
        vocabulary: 2048,
    },
    Shape {
        name: "256/6/16x128/4096",
        rows: 2,
        time: 128,
        d: 256,
        layers: 6,
        heads: 8,
        vocabulary: 4096,
    },
];

/// Shards of a batch.
const SHARDS: usize = 8;

const EPSILON: f32 = 1e-5;

impl Shape {
    fn tokens(&self) -> usize {
        self.rows * self.time
    }

    /// Of the residual stream, or of what is as wide as `width` says.
    fn wide(&self, width: usize) -> [usize; 3] {
        [self.rows, self.time, width]
    }

    /// Width of the gated feed-forward layer.
    fn gated(&self) -> usize {
        8 * self.d / 3 / 8 * 8
    }

    /// Sizes of the parameters of a model.
    fn parameters(&self) -> Vec<usize> {
        let square = self.d * self.d;
        let table = self.vocabulary * self.d;
        let block = [self.d, 3 * square, square, self.d, 4 * square, 4 * square];
        let mut sizes = vec![table];
        sizes.extend(block.repeat(self.layers));
        sizes.extend([self.d, table]);
        sizes
    }
}

/// Numbers from -1/2 to 1/2, another sequence for every seed.
fn numbers(count: usize, seed: usize) -> Vec<f32> {
    let number = |k: usize| ((k + 1000 * seed) as u32).wrapping_mul(2_654_435_761) >> 8;
    let numbers = (0..count).map(|k| number(k) as f32 / (1 << 24) as f32 - 0.5);
    numbers.collect()
}

/// Tokens below `below`.
fn ids(count: usize, below: usize, seed: usize) -> Vec<u32> {
    let ids = numbers(count, seed).into_iter();
    ids.map(|x| ((x + 0.5) * below as f32) as u32 % below as u32)
        .collect()
}

/// Times `operation` on flattened inputs of `sizes`, forward alone and with the backward pass.
fn both_ways<const N: usize>(
    group: &mut BenchmarkGroup<'_, WallTime>,
    shape: &Shape,
    sizes: [usize; N],
    operation: impl Fn([Tensor<1>; N]) -> Tensor<1>,
) {
    let mut seed = 0;
    let values = sizes.map(|size| {
        seed += 1;
        numbers(size, seed)
    });
    // New ones each time, as in a model: an operation may work in place on what nobody else has.
    let inputs = |device: &Device| {
        let values = values.each_ref();
        values.map(|values| Tensor::<1>::from_floats(values.as_slice(), device))
    };
    group.throughput(Throughput::Elements(shape.tokens() as u64));
    let plain = Device::flex();
    group.bench_function(BenchmarkId::new("forward", shape.name), |bencher| {
        bencher.iter_batched(|| inputs(&plain), &operation, BatchSize::PerIteration);
    });
    let tracked = Device::flex().autodiff();
    group.bench_function(BenchmarkId::new("both", shape.name), |bencher| {
        bencher.iter_batched(
            || inputs(&tracked).map(Tensor::require_grad),
            |inputs| operation(inputs).sum().backward(),
            BatchSize::PerIteration,
        );
    });
}

fn norms(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("layer_norm");
    for shape in &SHAPES {
        let d = shape.d;
        both_ways(
            &mut group,
            shape,
            [shape.tokens() * d, d, d],
            |[x, gain, bias]| {
                layer_norm(x.reshape(shape.wide(d)), gain, bias, EPSILON).reshape([-1])
            },
        );
    }
    group.finish();
    let mut group = criterion.benchmark_group("rms_norm");
    for shape in &SHAPES {
        let d = shape.d;
        both_ways(&mut group, shape, [shape.tokens() * d, d], |[x, gain]| {
            rms_norm(x.reshape(shape.wide(d)), gain, EPSILON).reshape([-1])
        });
    }
    group.finish();
}

fn activations(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("gelu");
    for shape in &SHAPES {
        let wide = shape.wide(4 * shape.d);
        both_ways(&mut group, shape, [wide.iter().product()], |[x]| {
            gelu(x.reshape(wide)).reshape([-1])
        });
    }
    group.finish();
    let mut group = criterion.benchmark_group("swiglu");
    for shape in &SHAPES {
        let wide = shape.wide(shape.gated());
        both_ways(
            &mut group,
            shape,
            [wide.iter().product(); 2],
            |[gate, up]| swiglu(gate.reshape(wide), up.reshape(wide)).reshape([-1]),
        );
    }
    group.finish();
}

fn linears(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("linear");
    for shape in &SHAPES {
        let (tokens, d) = (shape.tokens(), shape.d);
        both_ways(&mut group, shape, [tokens * d, 4 * d * d], |[x, weight]| {
            linear(x.reshape(shape.wide(d)), weight.reshape([d, 4 * d])).reshape([-1])
        });
    }
    group.finish();
    let mut group = criterion.benchmark_group("linear_add");
    for shape in &SHAPES {
        let (tokens, d) = (shape.tokens(), shape.d);
        let sizes = [tokens * d, 4 * tokens * d, 4 * d * d];
        both_ways(&mut group, shape, sizes, |[residual, x, weight]| {
            let residual = residual.reshape(shape.wide(d));
            let x = x.reshape(shape.wide(4 * d));
            linear_add(residual, x, weight.reshape([4 * d, d])).reshape([-1])
        });
    }
    group.finish();
}

fn attentions(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("attention");
    for shape in &SHAPES {
        let wide = shape.wide(3 * shape.d);
        let [plain, tracked] = [Device::flex(), Device::flex().autodiff()]
            .map(|device| Positions::new(shape.time, shape.d / shape.heads, &device));
        both_ways(&mut group, shape, [wide.iter().product()], |[qkv]| {
            let is_tracked = qkv.device().is_autodiff();
            let positions = if is_tracked { &tracked } else { &plain };
            attention(qkv.reshape(wide), shape.heads, positions).reshape([-1])
        });
    }
    group.finish();
}

fn embeddings(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("embedding");
    for shape in &SHAPES {
        let table = [shape.vocabulary, shape.d];
        let ids = ids(shape.tokens(), shape.vocabulary, 7);
        let tokens = Tokens::new(ids, [shape.rows, shape.time], &Device::flex());
        both_ways(&mut group, shape, [table[0] * table[1]], |[values]| {
            embedding(values.reshape(table), &tokens).reshape([-1])
        });
    }
    group.finish();
}

fn cross_entropies(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("cross_entropy");
    for shape in &SHAPES {
        let (tokens, d, vocabulary) = (shape.tokens(), shape.d, shape.vocabulary);
        let targets = Targets {
            ids: ids(tokens, vocabulary, 8),
            which: vec![Some(0); tokens],
            roles: 1,
            weight: 1.0 / (SHARDS * tokens) as f32,
            on_device: None,
        };
        let sizes = [tokens * d, d * vocabulary];
        both_ways(&mut group, shape, sizes, |[hidden, weight]| {
            let output = Output::Own(weight.reshape([d, vocabulary]));
            cross_entropy(hidden.reshape(shape.wide(d)), output, &targets).mean
        });
    }
    group.finish();
}

/// What follows the backward passes: the gradients of all shards summed, and the update.
fn updates(criterion: &mut Criterion) {
    let device = Device::flex();
    let Ok(workers) = Workers::new(1) else {
        return;
    };
    let mut group = criterion.benchmark_group("adamw");
    group.sample_size(20);
    for shape in &SHAPES {
        let sizes = shape.parameters();
        let values: Vec<Vec<f32>> = sizes.iter().map(|size| numbers(*size, 9)).collect();
        let parts = || -> Vec<Tensor<1>> {
            let values = values.iter();
            let parts = values.map(|values| Tensor::from_floats(values.as_slice(), &device));
            parts.collect()
        };
        group.throughput(Throughput::Elements(sizes.iter().sum::<usize>() as u64));
        group.bench_function(BenchmarkId::new("sum", shape.name), |bencher| {
            let others = vec![parts(); SHARDS - 1];
            bencher.iter_batched(
                || [vec![parts()], others.clone()].concat(),
                |shards| Gradient::sum(shards, &workers),
                BatchSize::PerIteration,
            );
        });
        let update = Update {
            learning_rate: 1e-6,
            beta_1: 0.9,
            beta_2: 0.95,
            epsilon: 1e-8,
            weight_decay: 0.1,
            step: 1,
        };
        group.bench_function(BenchmarkId::new("update", shape.name), |bencher| {
            let slots = parts().into_iter().map(|value| Slot {
                first: value.zeros_like(),
                second: value.zeros_like(),
                value,
                factor: Factor::All(1.0),
                decay: Factor::All(1.0),
            });
            let mut slots: Vec<Slot> = slots.collect();
            bencher.iter_batched(
                || Gradient::sum(vec![parts()], &workers),
                |gradient| {
                    let (parts, clip) = gradient.clip(1.0);
                    slots = update.apply(std::mem::take(&mut slots), parts, &clip, &workers);
                },
                BatchSize::PerIteration,
            );
        });
    }
    group.finish();
}

criterion_group!(
    kernels,
    norms,
    activations,
    linears,
    attentions,
    embeddings,
    cross_entropies,
    updates
);
criterion_main!(kernels);
