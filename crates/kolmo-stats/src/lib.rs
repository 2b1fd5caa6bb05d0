//! What claims are judged by: curves through measurements, with intervals that cover, and typed refusals.
//!
//! [`PowerLaw`] and [`Surface`] are fitted by least squares of ln y, from a grid of starts; [`Method`] says how their intervals are
//! made and when, and their values are of the same estimator. [`SurfaceCurve`], to predict with, is fitted as Hoffmann et al. (2022)
//! fitted theirs: a Huber loss of 10⁻³ on the residuals of ln y, summed.
//! Statistics over the facts of one model ([`threshold_frequency`], [`half_learning_slope`], [`spearman`],
//! [`variance_left`]) have intervals over facts or groups; a [`Share`] of facts has one over seeds and facts. [`Comparison`] is
//! the rule that makes verdicts of them, [`holm`] widens the intervals of several for that they are several, and a [`Refusal`] says why there is no number.
//! All intervals are at 95 %, and the same numbers give the same answer bit for bit.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

mod bootstrap;
mod calibration;
mod collapse;
mod comparison;
#[cfg(test)]
mod coverage;
mod curve;
mod estimate;
mod fitted;
mod half_learning;
mod holm;
mod interval;
mod linear;
mod mean;
mod minimise;
mod normal;
mod power_law;
mod problem;
mod product;
mod proportion;
mod rank;
mod refusal;
mod student;
mod surface;
#[cfg(test)]
mod tests;
mod threshold;

pub use calibration::{
    Bin, Judged, auroc, brier_score, calibration_error, calibration_error_by_chance, reliability,
};
pub use collapse::{Point, variance_left};
pub use comparison::{Comparison, Finding, Outcome, Place, Relation, SEEDS, Weakness};
pub use estimate::{Estimate, OfSeed, one_a_seed};
pub use half_learning::{
    HalfLearning, LearningClass, half_learning, half_learning_slope, median_half_learning, slope,
};
pub use holm::{Corrected, Scale, Tested, holm};
pub use interval::Method;
pub use mean::mean;
pub use normal::Z95;
pub use power_law::{Observation, PowerLaw};
pub use product::ProductLaw;
pub use proportion::{Share, binomial_interval};
pub use rank::{rank_correlation, spearman};
pub use refusal::Refusal;
pub use student::Mean;
pub use surface::{Surface, SurfaceCurve, SurfaceObservation};
pub use threshold::{Accuracy, GU_LEVEL, threshold_frequency};

/// How well a curve fits, and over what.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Quality {
    /// The share of the variance of ln y that the curve explains.
    pub r2: f64,
    /// How many points it went through.
    pub points: usize,
    /// How many units those are of.
    pub units: usize,
    /// How the intervals were made.
    pub method: Method,
}
