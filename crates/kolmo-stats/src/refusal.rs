//! Why no number is given, and what to do about it.

/// A number that the data do not give.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// A curve through so few places is anything.
    #[error(
        "the points have {found} distinct values of {axis}, and a fit needs {needed}: make runs at more values of {axis}"
    )]
    TooFewDistinct {
        /// What is too rarely varied.
        axis: &'static str,
        /// How many values there are.
        found: usize,
        /// How many there have to be.
        needed: usize,
    },

    /// Nothing is left over to judge the noise by, or too little to resample.
    #[error("there are {found} {what}, and this statistic needs {needed}: measure more of them")]
    TooFew {
        /// Of what there are too few.
        what: &'static str,
        /// How many there are.
        found: usize,
        /// How many there have to be.
        needed: usize,
    },

    /// A number without a logarithm, or none at all.
    #[error(
        "{what} of point {index} (counted from 0) is {value}, which is not {needed}: leave the point out or find out where the number comes from"
    )]
    BadNumber {
        /// Which of its numbers.
        what: &'static str,
        /// The place of the point.
        index: usize,
        /// The number.
        value: f64,
        /// What it should be.
        needed: &'static str,
    },

    /// The best curve is at the end of what is allowed, so the data do not determine it.
    #[error(
        "the best exponent of {axis} is {value}, at the edge of what is searched: the points do not determine it; widen their range or fit a curve without an offset"
    )]
    AtEdge {
        /// What the exponent is of.
        axis: &'static str,
        /// Its value.
        value: f64,
    },

    /// The power law is nowhere above a thousandth of the curve.
    #[error(
        "the part of the curve that falls with {axis} is nowhere above {share:.1e} of it: the offset is all there is; add points at smaller {axis}"
    )]
    Swallowed {
        /// What the curve should fall with.
        axis: &'static str,
        /// The greatest share of the falling part.
        share: f64,
    },

    /// Points share noise in a way that no interval is known for.
    #[error(
        "{units} units have several points each but do not all reach over a third of the range, so the noise they share cannot be told from the curve: give every seed the same sizes, or give at least {needed} units"
    )]
    SharedNoise {
        /// How many units there are.
        units: usize,
        /// How many would do.
        needed: usize,
    },

    /// There is no crossing since all is on one side.
    #[error("the accuracy is {side} {level} at every frequency: there is no threshold; {advice}")]
    NoThreshold {
        /// `above` or `below`.
        side: &'static str,
        /// The level to be crossed.
        level: f64,
        /// What to do.
        advice: &'static str,
    },

    /// The statistic is often not defined when the data are drawn again, so its interval is not known.
    #[error(
        "the {statistic} could not be had from {failed} of {draws} drawings of the data: too little of it rests on too few facts; measure more"
    )]
    Unsteady {
        /// What was to be had.
        statistic: &'static str,
        /// How many draws did not give it.
        failed: u64,
        /// Of how many.
        draws: u64,
    },

    /// All values are the same, so they have no order and no variance.
    #[error(
        "all values of {what} are the same, so nothing can go along with them: measure where {what} varies"
    )]
    NoVariation {
        /// What does not vary.
        what: &'static str,
    },
}
