//! Asking a model more than the facts of the world as documents state them.

use burn::prelude::Device;
use kolmo_kernels::Workers;
use kolmo_model::LanguageModel;
use kolmo_probe::{Interview, Reply};
use kolmo_world::{World, random::Streams};

use crate::{
    error::EvalError,
    measure::{WantsStop, measure_and_draw},
};

/// Asks `model`, on `device`, everything in `interview`: the probe, whose replies come first, and all that is beside it. Answers are
/// drawn from the streams `evaluation/draws` of `streams`.
///
/// # Errors
/// [`EvalError::Read`] if the device does not give the logits back; [`EvalError::Stopped`] if `wants_stop` says so on the way.
pub fn hold<'a>(
    interview: &'a Interview,
    model: &dyn LanguageModel,
    world: &World,
    device: &Device,
    workers: &Workers,
    streams: &Streams,
    wants_stop: WantsStop<'_>,
) -> Result<Vec<Reply<'a>>, EvalError> {
    interview.put(|probe, draws| {
        let draws = streams.stream(draws);
        measure_and_draw(model, world, probe, device, workers, &draws, wants_stop)
    })
}
