//! Points and the curve that is laid through them.

use crate::{Refusal, curve::Curve, mean};

/// The exponents that are searched where a curve is more than one power.
pub(crate) const EXPONENTS: [f64; 2] = [0.01, 5.0];

/// How far below the least ln y the log of an offset is searched: six millionths of y are below what the Huber loss
/// resolves.
const OFFSET_DEPTH: f64 = 12.0;

/// One point, in logarithms.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Row {
    pub log_x: [f64; 2],
    pub log_y: f64,
    /// Whose noise it has, counted from 0.
    pub unit: usize,
}

/// Points and the curve that is laid through them, times a factor for each unit if `factors`.
///
/// The unknowns are the curve's parameters and the logs of the factors, whose sum is zero, so that the
/// last one is not an unknown and amplitudes are those of the (geometrically) average unit.
#[derive(Debug, Clone)]
pub(crate) struct Problem {
    pub curve: Curve,
    pub rows: Vec<Row>,
    pub units: usize,
    pub factors: bool,
}

impl Problem {
    /// The number of unknowns.
    pub fn unknowns(&self) -> usize {
        self.curve.parameters() + if self.factors { self.units - 1 } else { 0 }
    }

    /// What is left over to judge the noise by.
    pub fn degrees_of_freedom(&self) -> usize {
        self.rows.len().saturating_sub(self.unknowns())
    }

    /// The residual of a row, with the gradient of what is fitted to it put into `gradient`.
    pub fn residual(&self, theta: &[f64], row: &Row, gradient: &mut [f64]) -> f64 {
        let fitted = self.curve.log_value(theta, row.log_x, gradient);
        let parameters = self.curve.parameters();
        let mut residual = row.log_y - fitted;
        if self.factors {
            let factors = &mut gradient[parameters..];
            if row.unit + 1 < self.units {
                factors.fill(0.0);
                factors[row.unit] = 1.0;
                residual -= theta[parameters + row.unit];
            } else {
                factors.fill(-1.0);
                residual += theta[parameters..].iter().sum::<f64>();
            }
        }
        residual
    }

    /// The least and the greatest value of each unknown.
    pub fn bounds(&self) -> Vec<[f64; 2]> {
        let mut bounds = vec![[f64::NEG_INFINITY, f64::INFINITY]; self.unknowns()];
        if self.curve.terms.len() > 1 {
            let least = self.least_log_y();
            for (amplitude, exponent) in self.curve.places() {
                match exponent {
                    Some(exponent) => bounds[exponent] = EXPONENTS,
                    None => bounds[amplitude] = [least - OFFSET_DEPTH, least],
                }
            }
        }
        bounds
    }

    /// The offset of this log: zero where that is at the lower end of the search.
    pub fn offset(&self, log: f64) -> f64 {
        if log > self.least_log_y() - OFFSET_DEPTH + 0.1 {
            log.exp()
        } else {
            0.0
        }
    }

    fn least_log_y(&self) -> f64 {
        self.rows
            .iter()
            .map(|row| row.log_y)
            .fold(f64::INFINITY, f64::min)
    }

    /// The same without one unit, the units after it moving up.
    pub fn without(&self, unit: usize) -> Self {
        let rows = self
            .rows
            .iter()
            .filter(|row| row.unit != unit)
            .map(|row| Row {
                unit: row.unit - usize::from(row.unit > unit),
                ..*row
            });
        Self {
            rows: rows.collect(),
            units: self.units - 1,
            ..*self
        }
    }

    /// Where to begin: exponents on a grid, and each share of the offset, the rest of the average point being divided
    /// equally between the powers.
    pub fn starts(&self) -> Vec<Vec<f64>> {
        let mean = |of: &dyn Fn(&Row) -> f64| mean(self.rows.iter().map(of));
        let (log_x, log_y) = (
            [0, 1].map(|axis| mean(&|row| row.log_x[axis])),
            mean(&|row| row.log_y),
        );
        let least = self.least_log_y();
        let powers = self.curve.terms.iter().flatten().count();
        let single = self.curve.terms.len() == 1;
        let (exponents, shares): (&[f64], &[f64]) = if single {
            (&[0.5], &[0.0])
        } else {
            (&[0.15, 0.5, 1.5], &[0.1, 0.6, 0.95])
        };

        let mut starts = Vec::new();
        for &share in shares {
            for combination in 0..exponents.len().pow(powers as u32) {
                let offset = share * least.exp();
                let rest = ((log_y.exp() - offset) / powers as f64).ln();
                let mut theta = vec![0.0; self.unknowns()];
                let mut left = combination;
                for (&axis, (amplitude, exponent)) in
                    self.curve.terms.iter().zip(self.curve.places())
                {
                    match (axis, exponent) {
                        (Some(axis), Some(exponent)) => {
                            theta[exponent] = exponents[left % exponents.len()];
                            theta[amplitude] = rest + theta[exponent] * log_x[axis];
                            left /= exponents.len();
                        }
                        _ => theta[amplitude] = offset.ln(),
                    }
                }
                starts.push(theta);
            }
        }
        starts
    }
}

/// ln of a number that has to be positive and finite.
pub(crate) fn positive_log(what: &'static str, index: usize, value: f64) -> Result<f64, Refusal> {
    if value.is_finite() && value > 0.0 {
        return Ok(value.ln());
    }
    Err(Refusal::BadNumber {
        what,
        index,
        value,
        needed: "a positive finite number",
    })
}

/// The places of `units` among the distinct ones in order, and how many those are.
pub(crate) fn numbered(units: impl Iterator<Item = u64> + Clone) -> (Vec<usize>, usize) {
    let mut distinct: Vec<u64> = units.clone().collect();
    distinct.sort_unstable();
    distinct.dedup();
    let places = units.map(|unit| distinct.partition_point(|&other| other < unit));
    (places.collect(), distinct.len())
}
