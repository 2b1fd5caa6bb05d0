//! `kolmo bench coordinates`: how far a few steps move the activations of a model, by its width.

use kolmo_train::coordinates::{ByWidth, coordinates};
use serde::Serialize;

use super::{Machine, check};
use crate::settings::Settings;

/// Check whether a step changes a model as much at every width: the coordinate check of a parametrisation
///
/// The model of the configuration is trained for some steps at each of the widths, its heads staying as wide as
/// they are, on the same documents and with train.learning_rate from the first step on. Printed as CSV: after each
/// step, for the residual stream behind the embedding and behind each block, and for the logits, the mean absolute
/// value (`size`) and the mean absolute difference from the beginning (`change`), and the slope of its logarithm
/// against that of the width: near 0 if a learning rate holds at every width.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:
  kolmo bench coordinates configs/mup.toml --widths 32,64,128,256 --steps 10")]
pub struct Arguments {
    #[command(flatten)]
    settings: Settings,
    /// Widths of the residual stream, in place of model.d_model
    #[arg(
        long,
        value_name = "WIDTHS",
        value_delimiter = ',',
        default_value = "32,64,128,256"
    )]
    widths: Vec<usize>,
    /// Steps of training
    #[arg(long, default_value_t = 10)]
    steps: usize,
    #[command(flatten)]
    machine: Machine,
}

#[derive(Serialize)]
struct Report {
    widths: Vec<usize>,
    /// None in the standard parametrisation.
    mup_base_width: Option<usize>,
    learning_rate: f64,
    device: String,
    coordinates: Vec<kolmo_train::coordinates::Coordinate>,
}

/// Runs the command.
pub fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let Arguments {
        settings,
        widths,
        steps,
        machine,
    } = arguments;
    check("--steps", *steps, 1 << 16)?;
    let (config, world) = settings.load()?;
    let device = machine.open()?;
    let coordinates = coordinates(&config, &world, widths, *steps as u64, &device.device)?;
    let header: Vec<String> = widths.iter().map(usize::to_string).collect();
    let mut csv = format!("step,activation,figure,{},slope", header.join(","));
    for coordinate in &coordinates {
        for (figure, ByWidth { values, slope }) in
            [("size", &coordinate.size), ("change", &coordinate.change)]
        {
            let (step, activation) = (coordinate.step, &coordinate.activation);
            csv += &format!("\n{step},{activation},{figure}");
            for value in values {
                csv += &format!(",{value:.6e}");
            }
            csv += &slope.map_or(",".to_owned(), |slope| format!(",{slope:.4}"));
        }
    }
    let report = Report {
        widths: widths.clone(),
        mup_base_width: config.model.base_width(),
        learning_rate: config.train.learning_rate,
        device: device.name.to_string(),
        coordinates,
    };
    machine.print(&report, csv)
}
