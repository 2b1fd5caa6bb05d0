//! The Pitman-Yor process PY(α, β) in expectation over its draws, in closed form.
//!
//! A world has one draw of it. These are the means over all draws, which is what a learner that has
//! read nothing expects.

use kolmo_world::frequency::Process;
use serde::{Deserialize, Serialize};
use statrs::function::gamma::digamma;

use crate::special::ln_gamma_step;

/// The parameters of a Pitman-Yor process.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct PitmanYorParameters {
    /// α, in [0, 1).
    pub discount: f64,
    /// β, above −α.
    pub concentration: f64,
}

impl From<Process> for PitmanYorParameters {
    fn from(process: Process) -> Self {
        let Process {
            discount,
            concentration,
        } = process;
        Self {
            discount,
            concentration,
        }
    }
}

impl PitmanYorParameters {
    /// `E[K_n] = (β/α) (Γ(β+α+n) Γ(β) / (Γ(β+α) Γ(β+n)) − 1)`, the expected number of distinct elements
    /// among n draws (Pitman 2006, eq. 3.13).
    pub fn expected_distinct(&self, draws: u64) -> f64 {
        let (alpha, beta) = (self.discount, self.concentration);
        if draws == 0 {
            return 0.0;
        }
        // Up to here the product is counted out, for the difference below loses digits where draws are
        // few beside β.
        const COUNTED: u64 = 4096;
        let n = draws as f64;
        if alpha == 0.0 {
            return match draws {
                ..=COUNTED => (0..draws).rev().map(|j| beta / (beta + j as f64)).sum(),
                _ => beta * (digamma(beta + n) - digamma(beta)),
            };
        }
        // ln of (β+α+1)_{n−1} / (β+1)_{n−1}: no argument is ever below 0, and none is lost as α → 0.
        let log = match draws {
            ..=COUNTED => (1..draws)
                .rev()
                .map(|j| (alpha / (beta + j as f64)).ln_1p())
                .sum(),
            _ => ln_gamma_step(beta + n, alpha) - ln_gamma_step(beta + 1.0, alpha),
        };
        beta * log.exp_m1() / alpha + log.exp()
    }

    /// Expected probability that the draw after n draws is of a new element, `(β + α E[K_n]) / (n + β)`.
    pub fn expected_novelty(&self, draws: u64) -> f64 {
        if draws == 0 {
            return 1.0;
        }
        let (alpha, beta) = (self.discount, self.concentration);
        (beta + alpha * self.expected_distinct(draws)) / (draws as f64 + beta)
    }

    /// `E[H(p)] = ψ(β+1) − ψ(1−α)`, the expected entropy of the weights, nats (Archer, Park & Pillow
    /// 2014).
    pub fn expected_entropy(&self) -> f64 {
        digamma(self.concentration + 1.0) - digamma(1.0 - self.discount)
    }

    /// ln of the probability that draws fall together in this way (Pitman's exchangeable partition
    /// probability function), `counts` as for [`fit`](Self::fit), nats.
    pub fn log_likelihood(&self, counts: &[(u64, u64)]) -> f64 {
        let (alpha, beta) = (self.discount, self.concentration);
        let distinct: u64 = counts.iter().map(|(_, elements)| elements).sum();
        let draws: u64 = counts
            .iter()
            .map(|(draws, elements)| draws * elements)
            .sum();
        if draws == 0 {
            return 0.0;
        }
        let more = (distinct - 1) as f64;
        // Π_{k<K} (β + kα), as Gamma functions of β/α; a smaller α is none.
        let new = if alpha > 1e-13 {
            more * alpha.ln() + ln_gamma_step(beta / alpha + 1.0, more)
        } else {
            more * beta.ln()
        };
        let again = counts.iter().map(|(draws, elements)| {
            *elements as f64 * ln_gamma_step(1.0 - alpha, (*draws - 1) as f64)
        });
        new + again.sum::<f64>() - ln_gamma_step(beta + 1.0, (draws - 1) as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn process(discount: f64, concentration: f64) -> PitmanYorParameters {
        PitmanYorParameters {
            discount,
            concentration,
        }
    }

    #[test]
    fn distinct_elements_and_entropy_have_their_known_values() {
        // mpmath, 30 digits.
        for (alpha, beta, n, expected) in [
            (0.5, 1.0, 1000, 69.391_722_605_708_99),
            (0.7, 0.0, 1000, 138.536_163_479_279_65),
            (0.5, 1.0, 1_000_000_000, 71_362.964_672_872_71),
        ] {
            let found = process(alpha, beta).expected_distinct(n);
            assert!((found / expected - 1.0).abs() < 1e-13, "{found}");
        }
        let entropy = process(0.5, 1.0).expected_entropy();
        assert!((entropy - 2.386_294_361_119_891).abs() < 1e-14);
    }

    #[test]
    fn distinct_elements_follow_their_recursion() {
        // E[K_{n+1}] = E[K_n] + `(β + α E[K_n]) / (n + β)`.
        for (alpha, beta) in [(0.5, 1.0), (0.9, -0.5), (0.0, 3.0), (1e-9, 3.0), (0.3, 1e4)] {
            let process = process(alpha, beta);
            let mut distinct = 1.0;
            for n in 1..6000 {
                let found = process.expected_distinct(n);
                assert!((found / distinct - 1.0).abs() < 1e-12, "{alpha} {beta} {n}");
                let novelty = (beta + alpha * distinct) / (n as f64 + beta);
                assert!((process.expected_novelty(n) / novelty - 1.0).abs() < 1e-12);
                distinct += novelty;
            }
        }
    }

    #[test]
    fn the_likelihood_is_the_product_of_the_predictions() {
        // Draws a b a c a b: 1 new, new, again ...
        for (alpha, beta) in [(0.5, 1.0), (0.3, -0.2), (0.0, 2.0), (1e-5, 2.0), (0.9, 0.0)] {
            let new = |n: f64, k: f64| (beta + alpha * k) / (n + beta);
            let again = |n: f64, c: f64| (c - alpha) / (n + beta);
            let product: f64 = [
                new(1.0, 1.0),
                again(2.0, 1.0),
                new(3.0, 2.0),
                again(4.0, 2.0),
                again(5.0, 1.0),
            ]
            .map(f64::ln)
            .iter()
            .sum();
            let found = process(alpha, beta).log_likelihood(&[(1, 1), (2, 1), (3, 1)]);
            assert!(
                (found - product).abs() < 1e-12,
                "{alpha} {beta}: {found} {product}"
            );
        }
    }
}
