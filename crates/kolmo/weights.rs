//! Which weights of a run are meant, and where they go.

use kolmo_config::RunConfig;
use kolmo_model::{ComputeDevice, DeviceName, Model, device};
use kolmo_run::{RunDirectory, checkpoint};
use kolmo_train::load_model;
use kolmo_world::World;

use crate::{exit::Usage, settings, switches::SwitchFlags};

/// A checkpoint, and a device.
#[derive(Debug, Clone, clap::Args)]
pub struct Weights {
    /// The checkpoint: a step, or `latest`
    #[arg(long, default_value = "latest", value_parser = which)]
    step: Which,
    // A plain text, for rustdoc would read `[:k]` as a link.
    #[arg(long, default_value = "auto", help = format!("Where to compute: {}", device::NAMES))]
    device: String,
    #[command(flatten)]
    switches: SwitchFlags,
}

/// Which checkpoint.
#[derive(Debug, Clone, Copy)]
enum Which {
    Latest,
    Step(u64),
}

fn which(text: &str) -> Result<Which, String> {
    match text {
        "latest" => Ok(Which::Latest),
        _ => settings::count(text).map(Which::Step),
    }
}

/// A model with trained weights.
pub struct Loaded {
    /// The model, without automatic differentiation.
    pub model: Model,
    /// Steps behind its weights.
    pub step: u64,
    /// Where it is.
    pub device: ComputeDevice,
}

impl Weights {
    /// The model of `run`, which has this configuration and world.
    pub fn load(
        &self,
        run: &RunDirectory,
        config: &RunConfig,
        world: &World,
    ) -> anyhow::Result<Loaded> {
        let step = self.find(run)?;
        let device: DeviceName = self.device.parse()?;
        self.switches.apply()?;
        let device = device.open()?;
        let model = load_model(config, world, run, step, &device.device)?;
        Ok(Loaded {
            model,
            step,
            device,
        })
    }

    /// The step of the checkpoint that is meant.
    fn find(&self, run: &RunDirectory) -> anyhow::Result<u64> {
        let steps = checkpoint::steps(run)?;
        let found = match self.step {
            Which::Latest => steps.first().copied(),
            Which::Step(step) => steps.contains(&step).then_some(step),
        };
        let known: Vec<String> = steps.iter().rev().map(u64::to_string).collect();
        let root = run.root().display();
        let problem = match known.is_empty() {
            true => format!("{root} has no checkpoint yet"),
            false => format!(
                "--step: {root} has checkpoints of the steps {}",
                known.join(", ")
            ),
        };
        Ok(found.ok_or(Usage(problem))?)
    }
}
