//! The loss over parameters and data.

use crate::{
    Estimate, Quality, Refusal,
    curve::Curve,
    fitted::{Fitted, fit},
    minimise::best,
    problem::{Problem, Row, numbered, positive_log},
};

/// A run of the grid, with the unit that its noise belongs to.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SurfaceObservation {
    /// P, the model's parameters.
    pub parameters: f64,
    /// N, the documents it saw.
    pub documents: f64,
    /// L, its loss, nats.
    pub loss: f64,
    /// What its noise is shared with: the runs of one seed have one unit.
    pub unit: u64,
}

/// L(P, N) = E + A/P^a + B/N^b (Hoffmann et al. 2022, section 3.3; Besiroglu et al. 2024).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Surface {
    /// E, nats.
    pub offset: Estimate,
    /// A.
    pub parameter_amplitude: Estimate,
    /// a.
    pub parameter_exponent: Estimate,
    /// B.
    pub document_amplitude: Estimate,
    /// b.
    pub document_exponent: Estimate,
    /// The least and the greatest P.
    pub parameter_range: [f64; 2],
    /// The least and the greatest N.
    pub document_range: [f64; 2],
    /// How well it fits.
    pub quality: Quality,
}

impl Surface {
    /// Fits `observations`, at four or more distinct P and four or more distinct N, as [`PowerLaw`](super::PowerLaw) is.
    pub fn fit(observations: &[SurfaceObservation]) -> Result<Self, Refusal> {
        let (rows, units) = rows(observations)?;
        let Fitted {
            parameters,
            quality,
            ranges,
        } = fit(Curve::SURFACE, rows, units, &["parameters", "documents"])?;
        Ok(Self {
            offset: parameters[0],
            parameter_amplitude: parameters[1],
            parameter_exponent: parameters[2],
            document_amplitude: parameters[3],
            document_exponent: parameters[4],
            parameter_range: ranges[0],
            document_range: ranges[1],
            quality,
        })
    }

    /// L at so many `parameters` and `documents`.
    pub fn at(&self, parameters: f64, documents: f64) -> f64 {
        self.offset.value
            + self.parameter_amplitude.value * parameters.powf(-self.parameter_exponent.value)
            + self.document_amplitude.value * documents.powf(-self.document_exponent.value)
    }
}

fn rows(observations: &[SurfaceObservation]) -> Result<(Vec<Row>, usize), Refusal> {
    let (places, units) = numbered(observations.iter().map(|o| o.unit));
    let rows = observations.iter().zip(places).enumerate();
    let rows = rows.map(|(index, (o, unit))| {
        Ok(Row {
            log_x: [
                positive_log("parameters", index, o.parameters)?,
                positive_log("documents", index, o.documents)?,
            ],
            log_y: positive_log("loss", index, o.loss)?,
            unit,
        })
    });
    Ok((rows.collect::<Result<Vec<Row>, Refusal>>()?, units))
}

/// The same curve to predict with, or the same without E: that of the least summed Huber loss, whether or not the points determine each
/// of its parameters.
#[derive(Debug, Clone)]
pub struct SurfaceCurve {
    curve: Curve,
    theta: Vec<f64>,
}

impl SurfaceCurve {
    /// Fits E + A/P^a + B/N^b to `observations`, more than five.
    pub fn fit(observations: &[SurfaceObservation]) -> Result<Self, Refusal> {
        Self::of(Curve::SURFACE, observations)
    }

    /// Fits A/P^a + B/N^b to `observations`, more than four.
    pub fn without_offset(observations: &[SurfaceObservation]) -> Result<Self, Refusal> {
        Self::of(Curve::SUM, observations)
    }

    fn of(curve: Curve, observations: &[SurfaceObservation]) -> Result<Self, Refusal> {
        let (rows, units) = rows(observations)?;
        let too_few = Refusal::TooFew {
            what: "points",
            found: rows.len(),
            needed: curve.parameters() + 1,
        };
        if rows.len() <= curve.parameters() {
            return Err(too_few);
        }
        let problem = Problem {
            curve,
            rows,
            units,
            factors: false,
        };
        let (_, huber) = best(&problem).ok_or(too_few)?;
        Ok(Self {
            curve,
            theta: huber.theta,
        })
    }

    /// L at so many `parameters` and `documents`.
    pub fn at(&self, parameters: f64, documents: f64) -> f64 {
        let log_x = [parameters.ln(), documents.ln()];
        self.curve.log_terms(&self.theta, log_x).1.exp()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sum_of_two_power_laws_is_found_again() {
        let at = |parameters: f64, documents: f64| {
            3.0 * parameters.powf(-0.4) + 20.0 * documents.powf(-0.3)
        };
        let sizes = [1e3, 3e3, 1e4, 3e4];
        let observations = sizes.iter().flat_map(|p| {
            sizes.iter().map(move |n| SurfaceObservation {
                parameters: *p,
                documents: *n,
                loss: at(*p, *n),
                unit: 0,
            })
        });
        let observations: Vec<_> = observations.collect();
        let curve = SurfaceCurve::without_offset(&observations).unwrap();
        assert!((curve.at(1e5, 1e5) / at(1e5, 1e5) - 1.0).abs() < 1e-6);
        assert!(SurfaceCurve::without_offset(&observations[..4]).is_err());
    }
}
