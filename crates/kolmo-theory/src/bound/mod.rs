//! The least that it takes to describe the probabilities of a choice, and what it leaves: a lower bound that holds for sparse
//! probabilities as well.
//!
//! i_n(θ) is what the Bayes learner loses to who knows θ in n draws of it, nats:
//!
//! ```text
//! i_n(θ) = n Σ θ_j ln θ_j + ln Γ(kc + n) − ln Γ(kc) − Σ_j E[ln Γ(c + N_j) − ln Γ(c)],      N_j ~ Bin(n, θ_j)
//! ```
//!
//! for k outcomes and a Dirichlet prior of concentration c. Any description of R nats that leaves a redundancy of δ nats a draw makes a code
//! of n draws, and none is better than the learner's but for e^{−s} of all θ, by s nats (Barron 1985): R + n δ ≥ i_n(θ). The best of these lines is
//! a convex curve of δ against R, the Legendre transform of the concave hull of i_n over n. It begins at R = 0 where i_1 = ln k − H(θ) is left, what who takes
//! all outcomes alike leaves.

use statrs::function::gamma::ln_gamma;

use crate::syntax::Described;

/// Every n up to this one has its line, and then every tenth part more.
const EACH: f64 = 16.0;
const STEP: f64 = 1.1;

/// Lines go on to so many times the draws that the documents make: there a nat of description saves a thousandth of one.
const BEYOND: f64 = 1000.0;

/// Expectations of so many draws or less are summed, those of more expanded about their mean.
const SUMMED: f64 = 3000.0;

/// Terms that are less than this part of the greatest one are nothing.
const LEAST: f64 = 1e-22;

/// Halvings of the concentration of a prior for probabilities that nothing drew.
const HALVINGS: i32 = 10;

/// The bound for one choice.
#[derive(Debug, Clone)]
pub(crate) struct Bound {
    /// How often the documents make it.
    made: f64,
    /// Corners of the concave hull of (n, i_n), from (0, 0) on.
    corners: Vec<(f64, f64)>,
}

impl Bound {
    /// That of a choice that is `made` so often, whose outcomes have these probabilities, drawn with this `concentration`; of those that nothing drew,
    /// against the best of learners with eleven concentrations from 1 down to 1/1024. To who takes all outcomes alike each time costs `saving` nats more.
    pub fn of(probabilities: &[f64], concentration: Option<f64>, saving: f64, made: f64) -> Self {
        let concentrations = match concentration {
            Some(concentration) => vec![concentration],
            None => (0..=HALVINGS).map(|k| 2f64.powi(-k)).collect(),
        };
        let learners: Vec<Learner> = concentrations.iter().map(|c| Learner::new(*c)).collect();
        let mut corners = vec![(0.0, 0.0)];
        let mut n: f64 = 1.0;
        loop {
            let pays = learners
                .iter()
                .map(|learner| learner.pays(probabilities, n));
            // Whoever draws what is all but even does not ask a prior. A single draw is all even to a learner, too.
            let least = pays.fold(n * saving, f64::min);
            let least = if n == 1.0 { saving } else { least };
            add(&mut corners, (n, least));
            if n >= BEYOND * made {
                break;
            }
            n = if n < EACH { n + 1.0 } else { (n * STEP).ceil() };
        }
        Self { made, corners }
    }

    /// What is told and what is left where a nat told saves `slope` nats.
    pub fn at(&self, slope: f64) -> Described {
        let n = self.made / slope;
        let after = self.corners.partition_point(|corner| corner.0 <= n);
        let from = self.corners[after.saturating_sub(1)];
        let Some(to) = self.corners.get(after) else {
            return Described {
                cost: from.1,
                left: 0.0,
            };
        };
        let each = (to.1 - from.1) / (to.0 - from.0);
        Described {
            cost: from.1 - from.0 * each,
            left: self.made * each,
        }
    }

    /// The nats that the first nat told saves.
    pub fn best(&self) -> f64 {
        let first = self.corners.get(1).map_or(1.0, |corner| corner.0);
        self.made / first
    }
}

/// Puts a point to the right of the concave hull of those before, which never falls.
fn add(corners: &mut Vec<(f64, f64)>, point: (f64, f64)) {
    if corners.last().is_some_and(|last| point.1 <= last.1) {
        return;
    }
    while let [.., one, two] = corners[..] {
        let is_below = (two.1 - one.1) * (point.0 - one.0) <= (point.1 - one.1) * (two.0 - one.0);
        if !is_below {
            break;
        }
        corners.pop();
    }
    corners.push(point);
}

/// A Bayes learner with a Dirichlet prior.
struct Learner {
    concentration: f64,
    /// ln Γ(c + j) − ln Γ(c).
    table: Vec<f64>,
}

impl Learner {
    fn new(concentration: f64) -> Self {
        // All that a sum can come to.
        let most = (SUMMED + 12.0 * SUMMED.sqrt() + 50.0) as usize;
        let mut table = vec![0.0; most + 1];
        for j in 0..most {
            table[j + 1] = table[j] + (concentration + j as f64).ln();
        }
        Self {
            concentration,
            table,
        }
    }

    /// i_n.
    fn pays(&self, probabilities: &[f64], n: f64) -> f64 {
        let total = self.concentration * probabilities.len() as f64;
        let own = ln_gamma(total + n) - ln_gamma(total);
        let of_each = probabilities.iter().filter(|p| **p > 0.0).map(|p| {
            let p = p.min(1.0);
            n * p * p.ln() - self.expected(n, p)
        });
        (own + of_each.sum::<f64>()).max(0.0)
    }

    /// E[ln Γ(c + N) − ln Γ(c)], N of n draws.
    fn expected(&self, n: f64, p: f64) -> f64 {
        if p >= 1.0 {
            return ln_gamma(self.concentration + n) - ln_gamma(self.concentration);
        }
        if n * p > SUMMED {
            return self.expanded(n, p);
        }
        let mode = ((n + 1.0) * p).floor().min(n);
        let odds = p / (1.0 - p);
        // Terms in units of the greatest one.
        let (mut sum, mut total) = (0.0, 0.0);
        let mut take = |k: f64, term: f64| {
            sum += term * self.table.get(k as usize).copied().unwrap_or_default();
            total += term;
        };
        take(mode, 1.0);
        let (mut k, mut term) = (mode, 1.0);
        while k < n && term > LEAST {
            term *= (n - k) / (k + 1.0) * odds;
            k += 1.0;
            take(k, term);
        }
        let (mut k, mut term) = (mode, 1.0);
        while k > 0.0 && term > LEAST {
            term *= k / ((n - k + 1.0) * odds);
            k -= 1.0;
            take(k, term);
        }
        sum / total
    }

    /// The same about the mean to the sixth moment, for many draws: to 10⁻¹⁰.
    fn expanded(&self, n: f64, p: f64) -> f64 {
        let (x, q) = (self.concentration + n * p, 1.0 - p);
        let two = n * p * q;
        let three = two * (q - p);
        let four = 3.0 * two * two + two * (1.0 - 6.0 * p * q);
        let five = 10.0 * two * three;
        let six = 15.0 * two.powi(3);
        // Derivatives of ln Γ, from its asymptotic series.
        let r = 1.0 / x;
        let second = r + r * r / 2.0 + r.powi(3) / 6.0 - r.powi(5) / 30.0;
        let third = -(r * r + r.powi(3) + r.powi(4) / 2.0);
        let fourth = 2.0 * r.powi(3) + 3.0 * r.powi(4) + 2.0 * r.powi(5);
        let fifth = -(6.0 * r.powi(4) + 12.0 * r.powi(5));
        let sixth = 24.0 * r.powi(5);
        ln_gamma(x) - ln_gamma(self.concentration)
            + second / 2.0 * two
            + third / 6.0 * three
            + fourth / 24.0 * four
            + fifth / 120.0 * five
            + sixth / 720.0 * six
    }
}

#[cfg(test)]
mod tests;
