//! The Pitman-Yor parameters of the learner: of the law, or of greatest likelihood.

use kolmo_config::Discount;
use kolmo_world::World;

use crate::{discovery::PowerLaw, pitman_yor::PitmanYorParameters};

impl PitmanYorParameters {
    /// Those of greatest likelihood for elements met so and so often: `counts` are pairs of a number
    /// of draws and how many elements were drawn so often.
    pub fn fit(counts: &[(u64, u64)]) -> Self {
        let best = |discount: f64| Self::fit_concentration(discount, counts);
        let discount = maximise(0.0, 0.999, |discount| best(discount).log_likelihood(counts));
        best(discount)
    }

    /// The same for a discount that is given.
    pub fn fit_concentration(discount: f64, counts: &[(u64, u64)]) -> Self {
        let likelihood = |t: f64| Self::at(discount, t).log_likelihood(counts);
        Self::at(discount, maximise(-15.0, 25.0, likelihood))
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

/// When the parameters of a learner change, and how.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rule {
    start: PitmanYorParameters,
    fitted: Fitted,
    /// Documents at which to fit next.
    next: u64,
}

/// What is fitted.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Fitted {
    Nothing,
    Concentration,
    Both,
}

impl Rule {
    const FIRST_FIT: u64 = 16;

    pub fn new(world: &World, discount: Discount) -> Self {
        let law = match discount {
            Discount::Law => PowerLaw::of(world),
            Discount::Fit => None,
        };
        let start = |discount, concentration| PitmanYorParameters {
            discount,
            concentration,
        };
        let (fitted, start) = match (law, world.frequency().law().process()) {
            (Some(_), Some(process)) => (Fitted::Nothing, process.into()),
            (Some(law), None) => (Fitted::Concentration, start(law.discount, 1.0)),
            (None, _) => (Fitted::Both, start(0.5, 1.0)),
        };
        Self {
            start,
            fitted,
            next: Self::FIRST_FIT,
        }
    }

    /// Always these parameters.
    pub fn fixed(start: PitmanYorParameters) -> Self {
        Self {
            start,
            fitted: Fitted::Nothing,
            next: 0,
        }
    }

    /// The parameters before the first document.
    pub fn start(&self) -> PitmanYorParameters {
        self.start
    }

    /// Whether parameters are to be fitted after so many documents.
    pub fn is_due(&mut self, documents: u64) -> bool {
        let due = self.fitted != Fitted::Nothing && self.next == documents;
        if due {
            self.next = 2 * documents;
        }
        due
    }

    /// Documents at which parameters are fitted next.
    pub fn next(&self) -> u64 {
        self.next
    }

    /// Takes up where another of the same kind stood.
    pub fn set_next(&mut self, next: u64) {
        self.next = next;
    }

    /// Parameters for elements met so and so often, see [`PitmanYorParameters::fit`].
    pub fn fit(&self, counts: &[(u64, u64)]) -> PitmanYorParameters {
        match self.fitted {
            Fitted::Nothing => self.start,
            Fitted::Concentration => {
                PitmanYorParameters::fit_concentration(self.start.discount, counts)
            }
            Fitted::Both => PitmanYorParameters::fit(counts),
        }
    }
}

#[cfg(test)]
mod tests {
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
}
