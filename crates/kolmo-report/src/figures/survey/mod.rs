//! Figures of the documents of a world: what was counted over what is expected.

mod heaps;
mod zipf;

use kolmo_theory::survey::Survey;
use kolmo_world::World;

use super::{Figures, all};
use crate::error::Result;

/// Draws `zipf.svg`, frequencies against ranks, and `heaps.svg`, distinct subjects against documents: names of files
/// with their SVG. `survey` is one of `world`.
///
/// # Errors
/// [`Error::Draw`](crate::Error::Draw) if the plotting library refuses one, whose fault it is.
pub fn draw(world: &World, survey: &Survey) -> Result<Figures> {
    all([
        ("zipf.svg", zipf::draw(world, survey)),
        ("heaps.svg", heaps::draw(world, survey)),
    ])
}

#[cfg(test)]
mod tests;
