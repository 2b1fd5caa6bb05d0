//! What every law of frequencies says of itself, so that nobody has to ask which one it is.
//!
//! A law has two sides. Its *description* is what a configuration holds: [`Law`], which knows what follows from the
//! parameters alone. Its *weights* are the frequencies themselves, checked and ready to draw from: [`Weights`].
//! No method of either has a default: whoever adds a law answers each of these questions for it.

use std::fmt::Debug;

use crate::{
    error::WorldError,
    random::{Random, Streams},
};

/// A law of frequencies as a configuration describes it.
pub trait Law: Debug + Send + Sync {
    /// Its name for readers, with the parameters that tell one such law from another, as `number` writes them: `Zipf 1.50`.
    fn label(&self, number: &dyn Fn(f64) -> String) -> String;

    /// The key that says how many elements there are, dotted as in the file.
    fn elements_key(&self) -> &'static str;

    /// Whether all elements are equally frequent, whatever the parameters.
    fn is_uniform(&self) -> bool;

    /// Whether the seed draws the frequencies, so that each seed has frequencies of its own.
    fn is_drawn_by_seed(&self) -> bool;

    /// The process whose draw the frequencies are: the prior of a Bayes learner who knows the law. None of frequencies that
    /// are fixed or drawn otherwise.
    fn process(&self) -> Option<Process>;

    /// The same law with so many elements; none where the number of elements is not a parameter of its own.
    fn with_elements(&self, elements: u64) -> Option<Self>
    where
        Self: Sized;

    /// Checks the parameters and makes the frequencies, which take what they draw from `streams`.
    ///
    /// # Errors
    /// A parameter outside its range, with the key, the value and the range.
    fn weights(&self, streams: &Streams) -> Result<Box<dyn Weights>, WorldError>;
}

/// The frequencies p_i of a law, ready to draw from. Elements are numbered from 0, ranks from 1 (the most frequent).
pub trait Weights: Debug + Send + Sync {
    /// M, the number of elements.
    fn elements(&self) -> u64;

    /// A bound on M that costs nothing to know.
    fn max_elements(&self) -> u64;

    /// Draws an element.
    fn sample(&self, random: &mut Random) -> u64;

    /// The probability of the element of rank `rank`, 1..=M.
    fn probability(&self, rank: u64) -> f64;

    /// The element of rank `rank`, 1..=M.
    fn element(&self, rank: u64) -> u64;

    /// The rank of `element`, 1..=M.
    fn rank(&self, element: u64) -> u64;

    /// Σ of f(p) over the ranks `lo..=hi`, with 1 ≤ `lo` ≤ `hi` ≤ M, as exactly as
    /// [`Frequency::sum`](crate::Frequency::sum) promises.
    fn sum(&self, lo: u64, hi: u64, f: &dyn Fn(f64) -> f64) -> f64;

    /// The last ranks of classes of equally frequent elements, rising, if the law consists of such classes and each is to
    /// be measured apart.
    fn group_ends(&self) -> Option<Vec<u64>>;

    /// The power law that the frequencies follow far down the ranks; none if they follow no power law whose sum over all ranks
    /// is finite.
    fn tail(&self) -> Option<Tail>;
}

/// The power law c · i^(-1/α) that frequencies follow where ranks are far above any shift of the ranks and below the last.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Tail {
    /// α, the reciprocal of the exponent, in (0, 1).
    pub discount: f64,
    /// c, if it is known: a draw of a process has a c of its own.
    pub scale: Option<f64>,
}

/// A Pitman-Yor process (Pitman & Yor 1997), of which frequencies are one draw.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Process {
    /// α, in [0, 1).
    pub discount: f64,
    /// β, above −α.
    pub concentration: f64,
}
