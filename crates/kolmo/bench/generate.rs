//! `kolmo bench generate`: texts written token by token with what was read kept, beside reading all again for each token.

use std::time::Instant;

use kolmo_eval::generate::{Choice, generate, generate_reading_again};
use kolmo_world::random::Streams;
use serde::Serialize;

use super::{OfModel, Speed, Times, WARM_UP};

/// Time how fast a model writes, with what it has read kept, and reading all again for each token
///
/// Each row of the batch is a text that begins with one random token; --seq tokens are written of each, greedily, by one
/// thread. Both ways have to write the same. --steps counts pairs of both.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:
  kolmo bench generate --d-model 64 --layers 2 --batch 16 --seq 64 --vocab 1024 --steps 5 --device flex --json")]
pub struct Arguments {
    #[command(flatten)]
    of_model: OfModel,
}

#[derive(Serialize)]
struct Report {
    arch: &'static str,
    device: String,
    parameters: u64,
    /// Tokens are those written.
    #[serde(flatten)]
    speed: Speed,
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
    let OfModel { shape, setup } = &arguments.of_model;
    let (config, device, model) = arguments.of_model.open()?;
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
    let speed = kept.speed(shape.tokens());
    let again = again.speed(shape.tokens());
    let report = Report {
        arch: config.name(),
        device: device.name.to_string(),
        parameters: config.parameters(shape.vocab),
        again_ms_median: again.ms_median,
        again_ms_best: again.ms_best,
        again_tokens_per_s: again.tokens_per_s,
        ratio: again.ms_median / speed.ms_median,
        speed,
        identical,
    };
    let words = format!(
        "{} of {} parameters on {}: {:.2} ms for {} texts of {} tokens (median of {}; best {:.2} ms), {:.0} tokens/s; \
         reading all again {:.0} tokens/s; ratio {:.2}; {}",
        report.arch,
        report.parameters,
        report.device,
        report.speed.ms_median,
        shape.batch,
        shape.seq,
        setup.steps,
        report.speed.ms_best,
        report.speed.tokens_per_s,
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
