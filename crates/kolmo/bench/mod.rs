//! `kolmo bench`: how fast training, evaluation and the world are on this machine.

use clap::{Args, Subcommand};
use kolmo_model::{Architecture, ComputeDevice, DeviceName, ModelConfig, device};

use crate::{exit::Usage, progress::Volume, switches::SwitchFlags};

mod train;

/// Measure how fast this machine trains, evaluates and writes documents
#[derive(Debug, Args)]
pub struct Arguments {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    Train(train::Arguments),
}

/// Runs the command.
pub fn run(arguments: &Arguments, _volume: Volume) -> anyhow::Result<()> {
    match &arguments.what {
        What::Train(arguments) => train::run(arguments),
    }
}

/// What is measured: a model, a batch, a device.
#[derive(Debug, Args)]
struct Shape {
    /// Architecture: gpt or llama
    #[arg(long, default_value = "gpt")]
    arch: String,
    /// Width of the residual stream
    #[arg(long, default_value_t = 128)]
    d_model: usize,
    /// Blocks
    #[arg(long, default_value_t = 4)]
    layers: usize,
    /// Attention heads
    #[arg(long, default_value_t = 4)]
    heads: usize,
    /// Rows of a batch
    #[arg(long, default_value_t = 128)]
    batch: usize,
    /// Tokens of a row
    #[arg(long, default_value_t = 32)]
    seq: usize,
    /// Tokens of the vocabulary
    #[arg(long, default_value_t = 2048)]
    vocab: usize,
    /// Steps measured, after 5 that are not
    #[arg(long, default_value_t = 30)]
    steps: usize,
    /// Threads; by default one a core
    #[arg(long)]
    threads: Option<usize>,
    #[arg(long, default_value = "auto", help = format!("Where: {}", device::NAMES))]
    device: String,
    #[command(flatten)]
    switches: SwitchFlags,
    /// Print one line of JSON
    #[arg(long)]
    json: bool,
}

/// Steps before those that are measured.
const WARM_UP: usize = 5;

impl Shape {
    fn model(&self) -> Result<ModelConfig, Usage> {
        let arch = match self.arch.as_str() {
            "gpt" => Architecture::Gpt,
            "llama" => Architecture::Llama,
            other => return Err(Usage(format!("--arch {other}: valid is gpt or llama"))),
        };
        Ok(ModelConfig {
            arch,
            d_model: self.d_model,
            layers: self.layers,
            heads: self.heads,
            tied_embeddings: false,
        })
    }

    fn check(&self) -> Result<(), Usage> {
        for (flag, value) in [
            ("--batch", self.batch),
            ("--seq", self.seq),
            ("--vocab", self.vocab),
            ("--steps", self.steps),
            ("--threads", self.threads.unwrap_or(1)),
        ] {
            if !(1..=1 << 20).contains(&value) {
                return Err(Usage(format!("{flag} {value}: valid is 1 to 2^20")));
            }
        }
        Ok(())
    }

    /// The device, with the threads that are to serve it.
    fn open(&self) -> anyhow::Result<ComputeDevice> {
        self.check()?;
        if let Some(threads) = self.threads {
            rayon::ThreadPoolBuilder::new()
                .num_threads(threads)
                .build_global()?;
        }
        let device: DeviceName = self.device.parse()?;
        self.switches.apply()?;
        Ok(device.open()?)
    }
}

/// Median and best of times, milliseconds.
fn summary(mut times: Vec<f64>) -> (f64, f64) {
    times.sort_unstable_by(f64::total_cmp);
    (times[times.len() / 2], times[0])
}
