//! What a run costs: parameters, tokens, operations, memory, disk.

use kolmo_config::RunConfig;
use kolmo_world::World;
use serde::Serialize;

use crate::gpu::OnGpu;

/// What a run costs, as far as its configuration says so.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Cost {
    /// Parameters, all told.
    pub parameters: u64,
    /// Those of the embedding table and the output layer.
    pub embedding_parameters: u64,
    /// The others.
    pub non_embedding_parameters: u64,
    /// Steps of the whole run.
    pub steps: u64,
    /// Documents of the whole run.
    pub documents: u64,
    /// Steps that the run makes itself; fewer than all where it begins at a trunk's checkpoint.
    pub own_steps: u64,
    /// Tokens it trains on itself; the mean length of a document is estimated from a sample of them.
    pub tokens: u64,
    /// Useful floating-point operations of the training on them.
    pub flops: f64,
    /// Memory of the process on a CPU with one thread, at its most, bytes, estimated.
    pub memory_bytes: u64,
    /// What each further thread adds, bytes, estimated.
    pub thread_bytes: u64,
    /// What it needs on a GPU instead.
    #[serde(flatten)]
    pub on_gpu: OnGpu,
    /// What it leaves on disk, bytes, estimated.
    pub disk_bytes: u64,
    /// Vocabulary, tokens.
    pub vocabulary: usize,
    /// Tokens of a mean document.
    pub document_tokens: f64,
}

/// Documents that the mean length is estimated from: enough for a percent.
const SAMPLE: u64 = 256;

/// Tokens of a mean document of `world`.
pub fn mean_document(world: &World) -> f64 {
    let tokens: usize = (0..SAMPLE).map(|n| world.document(n).tokens.len()).sum();
    // The last token of a document is predicted and never read.
    tokens as f64 / SAMPLE as f64 - 1.0
}

impl Cost {
    /// The cost of `config`, whose world is of that size, from its first step on.
    pub fn of(config: &RunConfig, size: WorldSize) -> Self {
        let model = &config.model;
        let parameters = model.parameters(size.vocabulary);
        let embedding_parameters = model.embedding_parameters(size.vocabulary);
        let steps = config.train.steps();
        let batch = config.train.batch_documents as f64;
        let tokens = steps as f64 * batch * size.document_tokens;
        let time = size.document_tokens.round() as usize;
        let state = state(config, size.vocabulary);
        let (memory_bytes, thread_bytes) = memory(config, parameters, state, size);
        let per_token = model.training_flops_per_token(size.vocabulary, time);
        Self {
            parameters,
            embedding_parameters,
            non_embedding_parameters: parameters - embedding_parameters,
            steps,
            documents: steps * config.train.batch_documents as u64,
            own_steps: steps,
            tokens: tokens.round() as u64,
            flops: tokens * per_token,
            memory_bytes,
            thread_bytes,
            on_gpu: OnGpu::of(config, parameters, state, size),
            disk_bytes: disk(config, parameters + state, steps),
            vocabulary: size.vocabulary,
            document_tokens: size.document_tokens,
        }
    }

    /// Lets it begin at a trunk's checkpoint after `step` steps.
    pub fn begin_at(&mut self, step: u64) {
        let own_steps = self.steps.saturating_sub(step);
        let part = own_steps as f64 / self.own_steps.max(1) as f64;
        self.tokens = (self.tokens as f64 * part).round() as u64;
        self.flops *= part;
        self.own_steps = own_steps;
    }
}

/// Of a world, what counts here.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct WorldSize {
    /// Tokens of the vocabulary.
    pub vocabulary: usize,
    /// Tokens of a mean document.
    pub document_tokens: f64,
    /// Positions of a row of a batch.
    pub row: usize,
}

impl WorldSize {
    /// Those of `world`.
    pub fn of(world: &World) -> Self {
        Self {
            vocabulary: world.vocabulary().len(),
            document_tokens: mean_document(world),
            row: world.max_document_length(),
        }
    }
}

/// Bytes of a float.
pub(crate) const FLOAT: u64 = 4;

/// Floats that the optimiser keeps.
fn state(config: &RunConfig, vocabulary: usize) -> u64 {
    let specs = config.model.specs(vocabulary).into_iter();
    let optimizer = &config.train.optimizer;
    specs
        .map(|spec| spec.count() * optimizer.state_per_value(spec.kind))
        .sum()
}

/// Of a process on the CPU with one thread, and of each further thread. There are weights, the `state` of the optimiser, a
/// gradient of each shard, and what the backward pass needs of one shard for each thread. Constants are from measurements,
/// which they meet within a third.
fn memory(config: &RunConfig, parameters: u64, state: u64, size: WorldSize) -> (u64, u64) {
    /// Program, world and its tables.
    const BASE: u64 = 40 << 20;
    /// What the allocator keeps for a thread.
    const THREAD: u64 = 25 << 20;
    let rows = config.train.batch_documents as u64;
    let parts = config
        .train
        .parts(&*config.model, size.vocabulary, size.row);
    let shards = (parts as u64).clamp(1, rows.max(1));
    let positions = rows.div_ceil(shards) * size.row as u64;
    let thread = THREAD + FLOAT * positions * config.model.kept_floats();
    (
        BASE + FLOAT * (parameters * (2 + shards) + state) + thread,
        thread,
    )
}

/// Checkpoints of so many floats, the JSON lines and the event files that say the same, and the table of facts.
fn disk(config: &RunConfig, floats: u64, steps: u64) -> u64 {
    /// A line of metrics.jsonl and its events.
    const LINE: u64 = 1800;
    /// A row of facts.parquet.
    const ROW: u64 = 24;
    let checkpoint = &config.checkpoint;
    let kept = match checkpoint.keep_every {
        0 => 0,
        every => steps / every,
    };
    let checkpoints = checkpoint.keep_last as u64 + 1 + kept + checkpoint.keep_at.len() as u64;
    let eval = &config.eval;
    let facts = (eval.classes * eval.facts_per_class * eval.evaluations) as u64;
    checkpoints * FLOAT * floats + LINE * (steps / config.train.log_every.max(1)) + ROW * facts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn costs_are_those_of_the_configuration() {
        let (config, world) = RunConfig::load("", &[]).unwrap();
        let size = WorldSize::of(&world);
        let cost = Cost::of(&config, size);
        assert_eq!(cost.parameters, config.model.parameters(size.vocabulary));
        assert_eq!(cost.documents, config.train.documents / 256 * 256);
        let mean = cost.tokens as f64 / cost.documents as f64;
        // The sample's mean against that of other documents, within four standard errors.
        let lengths: Vec<f64> = (10_000..20_000)
            .map(|n| world.document(n).tokens.len() as f64 - 1.0)
            .collect();
        let other = lengths.iter().sum::<f64>() / lengths.len() as f64;
        let squares: f64 = lengths.iter().map(|l| (l - other).powi(2)).sum();
        let error = (squares / lengths.len() as f64 / SAMPLE as f64).sqrt();
        assert!(
            (mean - other).abs() < 4.0 * error,
            "{mean} and {other} ± {error}"
        );
        let mut half = cost;
        half.begin_at(cost.steps / 2);
        assert_eq!(half.own_steps, cost.steps - cost.steps / 2);
        assert!((half.flops / cost.flops - 0.5).abs() < 1e-3);
    }
}
