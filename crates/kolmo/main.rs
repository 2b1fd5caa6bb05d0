//! `kolmo`: arguments in, exit code out. One file per command.

mod allocator;
mod bench;
mod check;
mod compress;
mod devices;
#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic)]
mod documentation;
#[cfg(test)]
#[path = "../../tests/util/documents.rs"]
#[allow(clippy::unwrap_used, clippy::panic, dead_code)]
mod documents;
mod eval;
mod exit;
mod experiments;
mod finetune;
mod inherited;
mod output;
mod plain;
mod program;
mod progress;
mod provenance;
mod report;
mod reproduce;
mod settings;
mod stop;
mod sweep;
mod switches;
mod tensorboard;
mod theory;
mod train;
mod weights;
mod world;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Train small transformers on data whose true distribution is known, and check theory against
/// what they learn.
#[derive(Debug, Parser)]
#[command(version, after_help = exit::HELP, arg_required_else_help = true)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
    /// Say less: warnings and errors only
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    quiet: bool,
    /// Say more: every logged step
    #[arg(short, long, global = true)]
    verbose: bool,
}

#[derive(Debug, Subcommand)]
enum Command {
    Train(train::Arguments),
    Finetune(finetune::Arguments),
    Eval(eval::Arguments),
    Compress(compress::Compress),
    Decompress(compress::Decompress),
    Devices(devices::Arguments),
    Theory(theory::Arguments),
    World(world::Arguments),
    Sweep(sweep::Arguments),
    Report(report::Arguments),
    Reproduce(reproduce::Arguments),
    Tensorboard(tensorboard::Arguments),
    Bench(bench::Arguments),
}

fn main() -> ExitCode {
    allocator::keep_pages();
    program::take_name();
    // Without it too, a run is trained.
    let _ = stop::survive_file_size_limits();
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => return exit::not_parsed(&error),
    };
    let volume = match (arguments.quiet, arguments.verbose) {
        (true, _) => progress::Volume::Quiet,
        (_, true) => progress::Volume::Verbose,
        _ => progress::Volume::Normal,
    };
    // A bug here or in a graphics driver: the message is on the terminal, the code is the documented one.
    let result = std::panic::catch_unwind(|| match &arguments.command {
        Command::Train(arguments) => train::run(arguments, volume),
        Command::Finetune(arguments) => finetune::run(arguments, volume),
        Command::Eval(arguments) => eval::run(arguments, volume),
        Command::Compress(arguments) => compress::compress(arguments, volume),
        Command::Decompress(arguments) => compress::decompress(arguments, volume),
        Command::Devices(arguments) => devices::run(arguments, volume),
        Command::Theory(arguments) => theory::run(arguments, volume),
        Command::World(arguments) => world::run(arguments, volume),
        Command::Sweep(arguments) => sweep::run(arguments, volume),
        Command::Report(arguments) => report::run(arguments, volume),
        Command::Reproduce(arguments) => reproduce::run(arguments, volume),
        Command::Tensorboard(arguments) => tensorboard::run(arguments, volume),
        Command::Bench(arguments) => bench::run(arguments, volume),
    });
    match result {
        Ok(Ok(())) => ExitCode::SUCCESS,
        Ok(Err(error)) => exit::report(&error),
        Err(_) => exit::panicked(),
    }
}
