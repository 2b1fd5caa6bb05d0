//! From text and `--set` to checked values, with the place of every mistake.

mod check;
mod key;
mod nearest;
mod place;
mod read;
mod shape;

pub(crate) use place::find;
pub use read::read;
