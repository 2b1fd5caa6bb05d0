//! `kolmo world`: a world by itself, without a model. One file per subcommand.

mod export;
mod sample;
mod stats;

use clap::Subcommand;

use crate::progress::Volume;

/// Look at a world, and write its documents for other programs
#[derive(Debug, clap::Args)]
#[command(
    arg_required_else_help = true,
    after_help = "Example:\n  kolmo world sample configs/biography.toml"
)]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Sample(sample::Arguments),
    Stats(stats::Arguments),
    Export(export::Arguments),
}

/// Runs the command.
pub fn run(arguments: &Arguments, volume: Volume) -> anyhow::Result<()> {
    match &arguments.command {
        Command::Sample(arguments) => sample::run(arguments, volume),
        Command::Stats(arguments) => stats::run(arguments, volume),
        Command::Export(arguments) => export::run(arguments, volume),
    }
}
