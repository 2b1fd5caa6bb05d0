//! `kolmo bench train`: one training step after another.

use std::time::Instant;

use kolmo_config::{AdamW, OptimizerConfig, TrainConfig};
use kolmo_kernels::{is_flex, peak::sgemm_gflops};
use kolmo_model::Model;
use kolmo_train::{
    learner::{Figures, Learner},
    optimizer::Optimizer,
};
use kolmo_world::{Batch, random::Streams};
use serde::Serialize;

use super::{Measured, OfModel, Times, WARM_UP};

/// Time training steps on random tokens: forward, backward, global-norm clipping, AdamW
///
/// On a CPU the useful operations of a step are held against the peak of matrix products on as many
/// threads, measured in the same run.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:
  kolmo bench train --arch gpt --d-model 128 --layers 4 --heads 4 --batch 128 --seq 32 \\
    --vocab 2048 --steps 30 --threads 2 --device flex --json")]
pub struct Arguments {
    #[command(flatten)]
    of_model: OfModel,
    /// Stop after so many seconds, if that comes before the last step; at least one step is measured, and the
    /// peak of matrix products is not
    #[arg(long)]
    seconds: Option<f64>,
    /// Steps made before their losses are waited for, as training waits after every train.log_every
    #[arg(long, value_name = "STEPS", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=1000))]
    read_every: u16,
}

#[derive(Serialize)]
struct Report {
    #[serde(flatten)]
    trained: Measured,
    /// Steps that are timed together.
    read_every: u16,
    /// What the first step of all took, on a GPU the kernels that were compiled and tuned for it.
    first_step_s: f64,
    /// What all steps that were not measured took beyond as many of those that were: on a GPU the time in which kernels were compiled and tuned.
    tuned_s: f64,
    /// Useful operations a second, see [`kolmo_config::Architecture::training_flops_per_token`].
    gflops: f64,
    /// The peak of matrix products on as many threads; none on a GPU, or if there were only seconds.
    sgemm_gflops: Option<f64>,
    /// The former as a part of the latter.
    sgemm_fraction: Option<f64>,
}

/// Learning rate.
const RATE: f64 = 1e-3;

/// Runs the command.
pub fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let Arguments {
        of_model,
        seconds,
        read_every,
    } = arguments;
    let OfModel { shape, setup } = of_model;
    let config = shape.model()?;
    let device = setup.open()?;
    let autodiff = device.device.clone().autodiff();
    let model = Model::new(&config, shape.vocab, &Streams::new(1), &autodiff)?;
    let train = TrainConfig {
        optimizer: OptimizerConfig::AdamW(AdamW {
            weight_decay: 0.1,
            ..AdamW::default()
        }),
        ..shape.train()
    };
    let optimizer = Optimizer::new(&train, &*config, &config.specs(shape.vocab));
    let shards = shape.parts(&config);
    let mut learner = Learner::new(model, optimizer, shards, &autodiff)?;
    // Before and after, since what else runs on the machine comes and goes.
    let has_peak = is_flex(&device.device) && seconds.is_none();
    let peak = |learner: &Learner<Model>| has_peak.then(|| sgemm_gflops(&learner.workers));
    let before = peak(&learner);
    let started = Instant::now();
    learner.step(&shape.batch(0), RATE)?;
    let first_step_s = started.elapsed().as_secs_f64();
    let mut times = Times::default();
    let (mut warm_up_s, mut warm_ups) = (first_step_s, 1);
    let every = usize::from(*read_every);
    let limit = seconds.map_or(f64::INFINITY, |seconds| seconds.max(0.0));
    let begun = Instant::now();
    for step in 0..WARM_UP + setup.steps.div_ceil(every) {
        let elapsed = begun.elapsed().as_secs_f64();
        if elapsed > limit && times.len() > 0 {
            break;
        }
        // Where there is no time for the whole warm-up, half of the time has to do.
        let step = if elapsed > limit / 2.0 {
            step.max(WARM_UP)
        } else {
            step
        };
        let batches: Vec<Batch> = (0..every).map(|k| shape.batch(step * every + k)).collect();
        let started = Instant::now();
        let mut figures = Vec::new();
        for batch in &batches {
            let looked = learner.look(batch, &[]);
            figures.push(looked.figures());
            learner.follow(looked, RATE);
        }
        Figures::read(figures)?;
        times.count_each(step, started, every);
        if times.len() == 0 {
            warm_up_s += started.elapsed().as_secs_f64();
            warm_ups += every;
        }
    }
    let steps = times.len() * every;
    let speed = times.speed(shape.tokens());
    let tuned_s = (warm_up_s - warm_ups as f64 * speed.ms_median / 1e3).max(0.0);
    let gflops = speed.tokens_per_s * config.training_flops_per_token(shape.vocab, shape.seq) / 1e9;
    let sgemm = before
        .zip(peak(&learner))
        .map(|(before, after)| before.max(after));
    let report = Report {
        trained: shape.measured(&config, &device, &learner.workers, speed),
        read_every: *read_every,
        first_step_s,
        tuned_s,
        gflops,
        sgemm_gflops: sgemm,
        sgemm_fraction: sgemm.map(|sgemm| gflops / sgemm),
    };
    setup.print(&report, words(&report, steps))
}

fn words(report: &Report, steps: usize) -> String {
    let mut words = format!(
        "{}: {:.2} ms a step (median of {steps}; best {:.2} ms; the first took {:.2} s), \
         {:.0} tokens/s, {:.1} GFLOP/s of useful work",
        report.trained,
        report.trained.speed.ms_median,
        report.trained.speed.ms_best,
        report.first_step_s,
        report.trained.speed.tokens_per_s,
        report.gflops,
    );
    if let (Some(peak), Some(fraction)) = (report.sgemm_gflops, report.sgemm_fraction) {
        words.push_str(&format!(
            ", {:.0} % of the {peak:.0} GFLOP/s that matrix products reach",
            100.0 * fraction
        ));
    }
    words
}
