//! `kolmo bench generate`: texts written token by token with what was read kept, beside reading all again for each token.

use std::time::Instant;

use kolmo_eval::generate::{Choice, generate, generate_reading_again};
use kolmo_model::Model;
use kolmo_world::random::Streams;
use serde::Serialize;

use super::{Setup, Shape, Times, WARM_UP, per_second};

/// Time how fast a model writes, with what it has read kept, and reading all again for each token
///
/// Each row of the batch is a text that begins with one random token; --seq tokens are written of each, greedily, by one
/// thread. Both ways have to write the same. --steps counts pairs of both.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:
  kolmo bench generate --d-model 64 --layers 2 --batch 16 --seq 64 --vocab 1024 --steps 5 --device flex --json")]
pub struct Arguments {
    #[command(flatten)]
    shape: Shape,
    #[command(flatten)]
    setup: Setup,
}

#[derive(Serialize)]
struct Report {
    arch: &'static str,
    device: String,
    parameters: u64,
    ms_median: f64,
    ms_best: f64,
    /// Tokens written a second.
    tokens_per_s: f64,
    again_ms_median: f64,
    again_ms_best: f64,
    again_tokens_per_s: f64,
    /// The former rate over the latter.
    ratio: f64,
    /// Whether both ways wrote the same.
    identical: bool,
}

/// Runs the command.
pub fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let Arguments { shape, setup } = arguments;
    let config = shape.model()?;
    let device = setup.open()?;
    let model = Model::new(&config, shape.vocab, &Streams::new(1), &device.device)?;
    let (mut kept, mut again) = (Times::default(), Times::default());
    let mut identical = true;
    for step in 0..WARM_UP + setup.steps {
        let mut random = Streams::new(1).stream("bench/prompts").at(step as u64);
        let prompts: Vec<Vec<u32>> = (0..shape.batch)
            .map(|_| shape.draw(1, &mut random))
            .collect();
        let started = Instant::now();
        let one = generate(
            &model,
            &prompts,
            shape.seq,
            Choice::Greedy,
            &mut random,
            &device.device,
        )?;
        kept.count(step, started);
        let started = Instant::now();
        let other = generate_reading_again(&model, &prompts, shape.seq, &device.device)?;
        again.count(step, started);
        identical &= one == other;
    }
    let (ms_median, ms_best) = kept.summary();
    let (again_ms_median, again_ms_best) = again.summary();
    let tokens = shape.tokens() as f64;
    let report = Report {
        arch: config.name(),
        device: device.name.to_string(),
        parameters: config.parameters(shape.vocab),
        ms_median,
        ms_best,
        tokens_per_s: per_second(tokens, ms_median),
        again_ms_median,
        again_ms_best,
        again_tokens_per_s: per_second(tokens, again_ms_median),
        ratio: again_ms_median / ms_median,
        identical,
    };
    let words = format!(
        "{} of {} parameters on {}: {ms_median:.2} ms for {} texts of {} tokens (median of {}; best {ms_best:.2} ms), {:.0} tokens/s; \
         reading all again {:.0} tokens/s; ratio {:.2}; {}",
        report.arch,
        report.parameters,
        report.device,
        shape.batch,
        shape.seq,
        setup.steps,
        report.tokens_per_s,
        report.again_tokens_per_s,
        report.ratio,
        if identical {
            "the same tokens"
        } else {
            "OTHER TOKENS"
        },
    );
    setup.print(&report, words)
}
