//! Power laws, with and without an offset.

use crate::{
    Estimate, Quality, Refusal,
    curve::Curve,
    fitted::{Fitted, fit},
    problem::{Row, numbered, positive_log},
};

/// A point with the unit that its noise belongs to.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Observation {
    /// Where: documents, parameters, a frequency.
    pub x: f64,
    /// What was measured there.
    pub y: f64,
    /// What its noise is shared with: the points of one seed have one unit.
    pub unit: u64,
}

/// y = E + A x^{−b}.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PowerLaw {
    /// b; negative for a curve that rises.
    pub exponent: Estimate,
    /// A.
    pub amplitude: Estimate,
    /// E; none where the curve was to have none.
    pub offset: Option<Estimate>,
    /// The least and the greatest x.
    pub range: [f64; 2],
    /// How well it fits.
    pub quality: Quality,
}

impl PowerLaw {
    /// y = A x^{−b} through `observations`, at four or more distinct x.
    ///
    /// By least squares of ln y; intervals, and the values with them, are as [`Method`](super::Method) says. Where
    /// every unit reaches over a third of the range of ln x, each has a factor of its own, and A is that of the average unit.
    pub fn fit(observations: &[Observation]) -> Result<Self, Refusal> {
        Self::of(observations, Curve::POWER)
    }

    /// y = E + A x^{−b} with E ≥ 0; else as [`fit`](Self::fit).
    pub fn fit_with_offset(observations: &[Observation]) -> Result<Self, Refusal> {
        Self::of(observations, Curve::OFFSET)
    }

    fn of(observations: &[Observation], curve: Curve) -> Result<Self, Refusal> {
        let (places, units) = numbered(observations.iter().map(|o| o.unit));
        let rows = observations
            .iter()
            .zip(places)
            .enumerate()
            .map(|(index, (o, unit))| {
                Ok(Row {
                    log_x: [positive_log("x", index, o.x)?, 0.0],
                    log_y: positive_log("y", index, o.y)?,
                    unit,
                })
            });
        let rows = rows.collect::<Result<Vec<Row>, Refusal>>()?;
        let Fitted {
            parameters,
            quality,
            ranges,
        } = fit(curve, rows, units, &["x"])?;
        let power = parameters.len() - 2;
        Ok(Self {
            exponent: parameters[power + 1],
            amplitude: parameters[power],
            offset: (power > 0).then(|| parameters[0]),
            range: ranges[0],
            quality,
        })
    }

    /// y at `x`.
    pub fn at(&self, x: f64) -> f64 {
        self.offset.map_or(0.0, |offset| offset.value)
            + self.amplitude.value * x.powf(-self.exponent.value)
    }

    /// How many decades of x the points span.
    pub fn decades(&self) -> f64 {
        (self.range[1] / self.range[0]).log10()
    }
}
