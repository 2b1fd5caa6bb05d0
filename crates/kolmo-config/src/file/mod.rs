//! From text and `--set` to checked values, with the place of every mistake.

mod check;
mod flat;
mod key;
mod nearest;
mod place;
mod read;
mod shape;

pub use flat::flat;
pub(crate) use place::find;
pub use read::read;
