//! `kolmo devices`: what can train here, and which one `auto` takes.

use anyhow::Context;
use kolmo_model::{DeviceName, device};
use serde::Serialize;

/// List what can train here, and which device `auto` takes
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  kolmo devices --json")]
pub struct Arguments {
    /// Print one JSON object: {auto, devices: [{name, adapter}], built_in}
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Listing {
    auto: String,
    devices: Vec<Listed>,
    built_in: Vec<&'static str>,
}

#[derive(Serialize)]
struct Listed {
    name: String,
    adapter: Option<String>,
}

/// Runs the command.
#[allow(clippy::print_stdout)]
pub fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let auto = DeviceName::Auto.open()?.name.to_string();
    let devices = device::available().into_iter().map(|found| Listed {
        name: found.name.to_string(),
        adapter: found.adapter,
    });
    let listing = Listing {
        auto,
        devices: devices.collect(),
        built_in: device::built_in(),
    };
    if arguments.json {
        let json = serde_json::to_string(&listing).context("the list has no JSON form")?;
        println!("{json}");
        return Ok(());
    }
    for device in &listing.devices {
        let mark = if device.name == listing.auto {
            "  <- auto"
        } else {
            ""
        };
        let adapter = device.adapter.as_deref().unwrap_or("the CPU");
        println!("{:10} {adapter}{mark}", device.name);
    }
    println!("\nbackends of this build: {}", listing.built_in.join(", "));
    println!("others are cargo features: vulkan, metal, cuda, rocm, ndarray");
    Ok(())
}
