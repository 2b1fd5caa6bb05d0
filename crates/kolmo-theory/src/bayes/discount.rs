//! The Pitman-Yor parameters of the learner: those of the law, or of greatest likelihood.

use kolmo_world::{World, config::FrequencyConfig};
use serde::{Deserialize, Serialize};

use crate::{discovery::PowerLaw, pitman_yor::PitmanYorParameters, special::ln_gamma_step};

/// Where the learner has its Pitman-Yor parameters from.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Discount {
    /// From the law of frequencies: its own parameters if it is Pitman-Yor; for a power law of
    /// exponent a > 1, α = 1/a and the β that lets as many distinct subjects be met in the long run.
    /// A law without a discount is fitted.
    #[default]
    Law,
    /// Of greatest likelihood on the documents read, found again whenever their number has doubled.
    Fit,
}

impl PitmanYorParameters {
    /// Those of the law of `world`, see [`Discount::Law`]; none if it has no discount.
    pub fn of_law(world: &World) -> Option<Self> {
        if let FrequencyConfig::PitmanYor {
            discount,
            concentration,
            ..
        } = world.config().frequency
        {
            return Some(Self {
                discount,
                concentration,
            });
        }
        let law = PowerLaw::of(world)?;
        Some(Self::growing_as(law.discount, law.distinct_constant()?))
    }

    /// The process of this discount whose number of distinct elements among n draws grows in expectation
    /// as `distinct` · n^α: Γ(β + 1) / (α Γ(β + α)) = `distinct`.
    fn growing_as(discount: f64, distinct: f64) -> Self {
        let wanted = (discount * distinct).ln();
        // β + α is e^t, and β + 1 is 1 − α more.
        let growth = |t: f64| ln_gamma_step(t.exp(), 1.0 - discount);
        let (mut lo, mut hi) = (-40.0, 40.0);
        for _ in 0..100 {
            let middle = (lo + hi) / 2.0;
            if growth(middle) < wanted {
                lo = middle;
            } else {
                hi = middle;
            }
        }
        Self::at(discount, lo)
    }

    /// Those of greatest likelihood for elements met so and so often: `counts` are pairs of a number
    /// of draws and how many elements were drawn so often.
    pub fn fit(counts: &[(u64, u64)]) -> Self {
        let best = |discount: f64| {
            let t = maximise(-15.0, 25.0, |t| {
                Self::at(discount, t).log_likelihood(counts)
            });
            Self::at(discount, t)
        };
        let discount = maximise(0.0, 0.999, |discount| best(discount).log_likelihood(counts));
        best(discount)
    }

    /// β = e^t − α: every t gives a possible process.
    fn at(discount: f64, t: f64) -> Self {
        Self {
            discount,
            concentration: t.exp() - discount,
        }
    }
}

/// The place of the greatest value of `f`, which rises and then falls, by golden section.
fn maximise(mut lo: f64, mut hi: f64, f: impl Fn(f64) -> f64) -> f64 {
    let golden = (5f64.sqrt() - 1.0) / 2.0;
    let (mut left, mut right) = (hi - golden * (hi - lo), lo + golden * (hi - lo));
    let (mut at_left, mut at_right) = (f(left), f(right));
    for _ in 0..48 {
        if at_left < at_right {
            (lo, left, at_left) = (left, right, at_right);
            right = lo + golden * (hi - lo);
            at_right = f(right);
        } else {
            (hi, right, at_right) = (right, left, at_left);
            left = hi - golden * (hi - lo);
            at_left = f(left);
        }
    }
    (lo + hi) / 2.0
}

/// When the parameters of a learner change.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rule {
    start: PitmanYorParameters,
    /// Documents at which to fit next; none if they never change.
    next: Option<u64>,
}

impl Rule {
    const FIRST_FIT: u64 = 16;

    pub fn new(world: &World, discount: Discount) -> Self {
        let of_law = PitmanYorParameters::of_law(world);
        match of_law.filter(|_| discount == Discount::Law) {
            Some(start) => Self::fixed(start),
            None => Self {
                start: PitmanYorParameters {
                    discount: 0.5,
                    concentration: 1.0,
                },
                next: Some(Self::FIRST_FIT),
            },
        }
    }

    /// Always these parameters.
    pub fn fixed(start: PitmanYorParameters) -> Self {
        Self { start, next: None }
    }

    /// The parameters before the first document.
    pub fn start(&self) -> PitmanYorParameters {
        self.start
    }

    /// Whether the parameters are to be fitted after so many documents.
    pub fn is_due(&mut self, documents: u64) -> bool {
        let due = self.next == Some(documents);
        if due {
            self.next = Some(2 * documents);
        }
        due
    }
}

#[cfg(test)]
mod tests {
    use statrs::function::gamma::ln_gamma;

    use super::*;

    #[test]
    fn the_fit_finds_the_parameters_of_the_draws() {
        use kolmo_world::random::Streams;
        use rand::RngExt;

        // Draws of the process itself, one after another: the weights of a world end somewhere.
        for (alpha, beta) in [(0.6, 1.0), (0.3, 5.0), (0.0, 20.0)] {
            let mut random = Streams::new(1).stream("test").at(0);
            let mut draws: Vec<u64> = Vec::new();
            for n in 0..20_000 {
                let new = (beta + alpha * draws.len() as f64) / (n as f64 + beta);
                if random.random::<f64>() < new {
                    draws.push(1);
                    continue;
                }
                let mut u = random.random::<f64>() * (n as f64 - alpha * draws.len() as f64);
                let k = draws.iter().position(|c| {
                    u -= *c as f64 - alpha;
                    u < 0.0
                });
                draws[k.unwrap_or(0)] += 1;
            }
            let counts: Vec<(u64, u64)> = draws.iter().map(|c| (*c, 1)).collect();
            let fitted = PitmanYorParameters::fit(&counts);
            // Standard error of the discount about sqrt(α (1 − α) / K) or less.
            let error = (0.25 / draws.len() as f64).sqrt();
            assert!((fitted.discount - alpha).abs() < 4.0 * error, "{fitted:?}");
            let truth = PitmanYorParameters {
                discount: alpha,
                concentration: beta,
            };
            assert!(fitted.log_likelihood(&counts) > truth.log_likelihood(&counts) - 1e-6);
        }
    }

    #[test]
    fn a_power_law_gets_the_process_that_grows_alike() {
        let alpha = 1.0 / 1.5;
        let law = ln_gamma(1.0 - alpha).exp() * 0.382_793f64.powf(alpha);
        let parameters = PitmanYorParameters::growing_as(alpha, law);
        let beta = parameters.concentration;
        let process = (ln_gamma(beta + 1.0) - ln_gamma(beta + alpha)).exp() / alpha;
        assert!((process / law - 1.0).abs() < 1e-10);
        assert!((parameters.discount - alpha).abs() < 1e-15);
    }
}
