//! What is true, and documents about it.
//!
//! A *world* of the Syntax-Knowledge model (Pan, Wang, Liao & Li, arXiv 2504.09597) is fixed by a
//! [`WorldConfig`] and a seed. It has knowledge elements ("subjects") with known frequencies, a
//! value for every relation of every subject, and a syntax that states them. Document `n` is a pure
//! function of (config, seed, `n`): nothing is stored, and any document can be had at once.
//!
//! ```
//! use kolmo_world::{World, WorldConfig};
//!
//! let world = World::new(&WorldConfig::default(), 1)?;
//! let document = world.document(12_345);
//! println!("{}", world.vocabulary().text(&document.tokens));
//! # Ok::<(), kolmo_world::WorldError>(())
//! ```
//!
//! The rooms: [`config`] is what a user types; [`random`] the named streams of one seed;
//! [`frequency`] which subject is talked about; [`relations`] which of its facts; [`facts`] what is
//! true of it; [`names`] what it is called; [`syntax`] how it is said; [`vocabulary`] the tokens;
//! [`document`] and [`stream`] the outcome; [`lesson`] what comes in place of it in fine-tuning.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

mod abstract_family;
mod biography;
pub mod config;
pub mod document;
mod error;
pub mod facts;
pub mod frequency;
mod language;
pub mod lesson;
pub mod names;
pub mod random;
pub mod relations;
pub mod stream;
pub mod syntax;
pub mod vocabulary;
mod world;

pub use config::WorldConfig;
pub use document::{Document, Fact, Role};
pub use error::{WorldError, shown};
pub use frequency::Frequency;
pub use lesson::{Lesson, LessonConfig, ReplayConfig};
pub use stream::Batch;
pub use syntax::Wording;
pub use vocabulary::{EOS, Token, Vocabulary};
pub use world::World;
