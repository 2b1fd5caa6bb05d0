//! From text and `--set` to checked values, with the place of every mistake.

mod check;
mod flat;
mod foreign;
mod key;
mod kind;
mod moved;
mod nearest;
mod number;
mod place;
mod read;
mod shape;

pub use flat::flat;
pub use kind::FileKind;
pub use moved::{current_name, old_keys, renamed};
pub use number::MOST_EXACT;
pub(crate) use place::find;
pub use read::{Choice, read};
