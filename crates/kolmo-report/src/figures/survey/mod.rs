//! Figures of the documents of a world: what was counted over what is expected.

mod heaps;
mod zipf;

use std::path::{Path, PathBuf};

use kolmo_theory::survey::Survey;
use kolmo_world::World;

use super::save;
use crate::error::Result;

/// Draws `zipf.svg`, frequencies against ranks, and `heaps.svg`, distinct subjects against documents,
/// into `folder`, which is made if it is missing, and returns the files. `survey` is one of `world`.
///
/// # Errors
/// [`Error::Folder`](crate::Error::Folder) or [`Error::Write`](crate::Error::Write) if the disk refuses;
/// a figure is then there whole, as it was before, or not at all.
pub fn write(folder: &Path, world: &World, survey: &Survey) -> Result<Vec<PathBuf>> {
    let drawn = [
        ("zipf.svg", zipf::draw(world, survey)),
        ("heaps.svg", heaps::draw(world, survey)),
    ];
    save(folder, drawn)
}

#[cfg(test)]
mod tests;
