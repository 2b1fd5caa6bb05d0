//! A power of parameters times a power of data.

use crate::{
    Estimate, Refusal, SurfaceObservation,
    linear::Cholesky,
    mean,
    problem::{numbered, positive_log},
};

/// y = A P^a N^b.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ProductLaw {
    /// a, by which y grows with the parameters.
    pub parameter_exponent: Estimate,
    /// b, by which it grows with the documents.
    pub document_exponent: Estimate,
}

/// ln P, ln N, ln y, and the number of the unit.
type Row = ([f64; 3], usize);

impl ProductLaw {
    /// Least squares of ln y through `observations`, of two or more units; the intervals are Student's over them, by the jackknife.
    pub fn fit(observations: &[SurfaceObservation]) -> Result<Self, Refusal> {
        let (places, units) = numbered(observations.iter().map(|o| o.unit));
        let rows = observations.iter().zip(places).enumerate();
        let rows = rows.map(|(index, (o, unit))| {
            let row = [
                positive_log("parameters", index, o.parameters)?,
                positive_log("documents", index, o.documents)?,
                positive_log("y", index, o.loss)?,
            ];
            Ok((row, unit))
        });
        let rows = rows.collect::<Result<Vec<Row>, Refusal>>()?;
        if units < 2 {
            return Err(Refusal::TooFew {
                what: "seeds",
                found: units,
                needed: 2,
            });
        }
        let whole = exponents(&rows, None)?;
        let without = (0..units).map(|unit| exponents(&rows, Some(unit)));
        let without = without.collect::<Result<Vec<[f64; 2]>, Refusal>>()?;
        let count = units as f64;
        let estimate = |k: usize| {
            let pseudo = without
                .iter()
                .map(|part| count * whole[k] - (count - 1.0) * part[k]);
            Estimate::of_each(&pseudo.collect::<Vec<_>>())
        };
        Ok(Self {
            parameter_exponent: estimate(0),
            document_exponent: estimate(1),
        })
    }
}

/// a and b, of `rows` without those of one unit.
fn exponents(rows: &[Row], without: Option<usize>) -> Result<[f64; 2], Refusal> {
    let rows = || {
        let rows = rows.iter().filter(|(_, unit)| Some(*unit) != without);
        rows.map(|(row, _)| row)
    };
    let mean = [0, 1, 2].map(|k| mean(rows().map(|row| row[k])));
    let product = |i: usize, j: usize| -> f64 {
        rows()
            .map(|row| (row[i] - mean[i]) * (row[j] - mean[j]))
            .sum()
    };
    let (pp, pn, nn) = (product(0, 0), product(0, 1), product(1, 1));
    for (what, square) in [("parameters", pp), ("documents", nn)] {
        if square < 1e-9 {
            return Err(Refusal::NoVariation { what });
        }
    }
    // Where one goes along with the other there is no telling them apart.
    if pn * pn > (1.0 - 1e-9) * pp * nn {
        return Err(Refusal::NoVariation {
            what: "documents at the same parameters",
        });
    }
    let mut solution = [product(0, 2), product(1, 2)];
    let factored = Cholesky::of(&[pp, pn, pn, nn], 2).ok_or(Refusal::NoVariation {
        what: "documents at the same parameters",
    })?;
    factored.solve(&mut solution);
    Ok(solution)
}

#[cfg(test)]
mod tests {
    use super::{
        super::coverage::{Coverage, noise},
        *,
    };

    fn grid(y: impl Fn(f64, f64, u64) -> f64) -> Vec<SurfaceObservation> {
        let mut observations = Vec::new();
        for unit in 0..3 {
            for parameters in [1e4, 4e4, 2e5] {
                for documents in [5e4, 2e5, 8e5] {
                    observations.push(SurfaceObservation {
                        parameters,
                        documents,
                        loss: y(parameters, documents, unit),
                        unit,
                    });
                }
            }
        }
        observations
    }

    #[test]
    fn an_exact_law_is_found() {
        let law = ProductLaw::fit(&grid(|p, n, _| 3.0 * p.powf(0.25) * n.powf(-0.5))).unwrap();
        for (found, expected) in [
            (law.parameter_exponent, 0.25),
            (law.document_exponent, -0.5),
        ] {
            assert!((found.value - expected).abs() < 1e-9, "{found:?}");
            assert!(found.ci95[1] - found.ci95[0] < 1e-9, "{found:?}");
        }
    }

    #[test]
    fn what_does_not_vary_or_goes_along_is_refused() {
        let all = grid(|_, _, _| 1.0);
        let one: Vec<_> = all
            .iter()
            .filter(|o| o.parameters == 1e4)
            .copied()
            .collect();
        let refusal = Refusal::NoVariation { what: "parameters" };
        assert_eq!(ProductLaw::fit(&one), Err(refusal));
        let along = all.iter().map(|o| SurfaceObservation {
            documents: 10.0 * o.parameters,
            ..*o
        });
        let along: Vec<_> = along.collect();
        assert!(matches!(
            ProductLaw::fit(&along),
            Err(Refusal::NoVariation { .. })
        ));
        let single: Vec<_> = all.iter().filter(|o| o.unit == 0).copied().collect();
        assert!(matches!(
            ProductLaw::fit(&single),
            Err(Refusal::TooFew { .. })
        ));
        assert!(matches!(
            ProductLaw::fit(&grid(|_, _, _| -1.0)),
            Err(Refusal::BadNumber { .. })
        ));
    }

    #[test]
    fn the_interval_over_seeds_covers() {
        Coverage::of("product law", 1000, 0.3, |random| {
            let observations = grid(|p, n, _| p.powf(0.3) * n.powf(0.1));
            // Each seed has an exponent of its own, as if its model were a little better all along.
            let of_seed: Vec<f64> = (0..3).map(|_| noise(random, 0.05)).collect();
            let noisy = observations.iter().map(|o| SurfaceObservation {
                loss: o.loss
                    * o.parameters.powf(of_seed[o.unit as usize])
                    * noise(random, 0.02).exp(),
                ..*o
            });
            let law = ProductLaw::fit(&noisy.collect::<Vec<_>>());
            law.ok().map(|law| law.parameter_exponent)
        })
        .check();
    }
}
