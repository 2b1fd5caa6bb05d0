//! `kolmo devices`: what can train here, and which one `auto` takes.

use anyhow::Context;
use kolmo_model::{DeviceName, device};
use serde::Serialize;

use crate::progress::print;

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
pub fn run(arguments: &Arguments) -> anyhow::Result<()> {
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
    Ok(())
}
