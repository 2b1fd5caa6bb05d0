//! `kolmo devices`: what can train here, which one `auto` takes, and which can be trusted.

use anyhow::Context;
use kolmo_model::{DeviceName, device, unused_gpu};
use serde::Serialize;

use crate::{
    check,
    exit::Usage,
    output::print,
    progress::{Volume, say},
    switches::SwitchFlags,
};

/// List what can train here, and which device `auto` takes; or check whether it can be trusted
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:
  kolmo devices --json
  kolmo devices --check --device wgpu

A check trains two tiny models on flex and on the device under test and compares every loss. It
exits 0 if the device is to be trusted as it is (or with the flags given), 1 if not.")]
pub struct Arguments {
    /// Print one JSON object: {auto, devices: [{name, adapter}], built_in, unused_gpu}; of a check
    /// {reference, devices: [{name, bound, trusted, trusted_with, trials}]}
    #[arg(long)]
    json: bool,
    /// Train the same tiny runs here and on flex, and compare their curves
    #[arg(long, group = "checking")]
    check: bool,
    /// What to check; by default every device found but a software adapter
    #[arg(long, requires = "checking")]
    device: Option<String>,
    #[command(flatten)]
    switches: SwitchFlags,
    /// One check in this very process
    #[arg(long, hide = true, group = "checking", requires = "device")]
    trial: bool,
}

#[derive(Serialize)]
struct Listing {
    auto: String,
    devices: Vec<Listed>,
    built_in: Vec<&'static str>,
    /// A GPU that this build cannot use.
    unused_gpu: Option<String>,
}

#[derive(Serialize)]
struct Listed {
    name: String,
    adapter: Option<String>,
}

/// Runs the command.
pub fn run(arguments: &Arguments, volume: Volume) -> anyhow::Result<()> {
    let device = arguments.device.as_deref();
    if arguments.trial {
        return check::run_trial(device.unwrap_or_default(), arguments.switches);
    }
    if arguments.check {
        return check::run(device, arguments.switches, arguments.json, volume);
    }
    if let Some(flag) = arguments.switches.flags().first() {
        return Err(Usage(format!("{flag} changes a check: add --check")).into());
    }
    let auto = DeviceName::Auto.open()?.name.to_string();
    let found = device::available();
    let built_in = device::built_in();
    if arguments.json {
        let devices = found.into_iter().map(|found| Listed {
            name: found.name.to_string(),
            adapter: found.adapter,
        });
        let listing = Listing {
            auto,
            devices: devices.collect(),
            built_in,
            unused_gpu: unused_gpu(),
        };
        let json = serde_json::to_string(&listing).context("the list has no JSON form")?;
        return Ok(print(&json)?);
    }
    for found in found {
        let name = found.name.to_string();
        let mark = if name == auto { "  <- auto" } else { "" };
        let unnamed = match found.name {
            DeviceName::Flex | DeviceName::NdArray => "the CPU",
            _ => "unnamed",
        };
        let adapter = found.adapter.as_deref().unwrap_or(unnamed);
        print(&format!("{name:10} {adapter}{mark}"))?;
    }
    let others = device::BACKENDS
        .into_iter()
        .filter(|name| !built_in.contains(name));
    let others: Vec<_> = others.collect();
    print(&format!(
        "\nbackends of this build: {}",
        built_in.join(", ")
    ))?;
    print(&format!("others are cargo features: {}", others.join(", ")))?;
    if let Some(gpu) = unused_gpu() {
        print(&note(&gpu))?;
    }
    Ok(())
}

/// Says which GPU `auto` leaves alone, because this build has no backend for it.
pub fn say_unused(asked: DeviceName, volume: Volume) {
    if asked == DeviceName::Auto
        && volume != Volume::Quiet
        && let Some(gpu) = unused_gpu()
    {
        say(&note(&gpu));
    }
}

fn note(gpu: &str) -> String {
    format!(
        "note: this machine has a GPU ({gpu}), and this build of kolmo trains on the CPU alone. \
         To build for it: cargo build --release --features gpu"
    )
}
