//! What a run reads: documents of the world, or those of a lesson.

use kolmo_world::{Batch, Lesson, World};

/// A stream of documents.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Documents<'a> {
    World(&'a World),
    Lesson(&'a Lesson<'a>),
}

impl Documents<'_> {
    /// Documents `first..first + count` as a batch.
    pub fn batch(self, first: u64, count: usize) -> Batch {
        match self {
            Self::World(world) => world.batch(first, count),
            Self::Lesson(lesson) => lesson.batch(first, count),
        }
    }
}
