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
//! The rooms, each of which knows those before it: [`vocabulary`] the tokens; [`random`] the named streams of one seed; [`document`]
//! the outcome; [`syntax`] how it is said; [`frequency`] which subject is talked about; [`relations`] which of its facts;
//! [`facts`] what is true; [`source`] where facts and words come from; [`config`] what a user types; [`World`]; [`stream`] its
//! documents in batches; [`order`] in which order, and how often; [`reading`] what a text of anybody says of it; [`lesson`] what comes in place of them in fine-tuning.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

pub mod config;
pub mod document;
mod error;
pub mod facts;
pub mod frequency;
pub mod lesson;
mod names;
pub mod order;
pub mod random;
pub mod reading;
pub mod relations;
pub mod source;
pub mod stream;
pub mod syntax;
pub mod vocabulary;
mod world;

pub use config::WorldConfig;
pub use document::{Document, Fact, Role};
pub use error::{WorldError, shown};
pub use facts::Facts;
pub use frequency::Frequency;
pub use lesson::{Lesson, LessonConfig, ReplayConfig};
pub use order::{RepeatConfig, Shown};
pub use reading::{Reading, Statement};
pub use stream::Batch;
pub use syntax::Wording;
pub use vocabulary::{EOS, Token, Vocabulary};
pub use world::World;
