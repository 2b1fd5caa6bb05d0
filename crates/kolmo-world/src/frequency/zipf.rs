//! The power law p_i ∝ (i + b)^-a over ranks 1..=M, in constant memory.
//!
//! Drawn by rejection-inversion (Hörmann & Derflinger 1996, "Rejection-inversion to generate variates
//! from monotone discrete distributions"): invert the integral of the continuous density, round to
//! the nearest rank, and reject the little that the rounding got wrong.

use rand::RngExt;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{ELEMENTS_KEY, Law, Process, Tail, Weights, check_elements};
use crate::{
    error::WorldError,
    random::{Random, Streams},
};

/// `law = "zipf"`: p_i ∝ (i + bias)^-exponent, i = 1..elements.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ZipfConfig {
    /// M, at least 1 and at most 10^9.
    pub elements: u64,
    /// a, above 0 and at most 10.
    pub exponent: f64,
    /// Shift of the ranks, at least 0.
    pub bias: f64,
}

impl Default for ZipfConfig {
    fn default() -> Self {
        Self {
            elements: 20_000,
            exponent: 1.5,
            bias: 0.0,
        }
    }
}

impl Law for ZipfConfig {
    fn label(&self, number: &dyn Fn(f64) -> String) -> String {
        match self.bias == 0.0 {
            true => format!("Zipf {}", number(self.exponent)),
            false => format!("Zipf {} + {}", number(self.exponent), number(self.bias)),
        }
    }

    fn elements_key(&self) -> &'static str {
        ELEMENTS_KEY
    }

    fn is_uniform(&self) -> bool {
        false
    }

    fn is_drawn_by_seed(&self) -> bool {
        false
    }

    fn process(&self) -> Option<Process> {
        None
    }

    fn with_elements(&self, elements: u64) -> Option<Self> {
        Some(Self {
            elements,
            ..self.clone()
        })
    }

    fn weights(&self, _streams: &Streams) -> Result<Box<dyn Weights>, WorldError> {
        Ok(Box::new(Zipf::new(
            self.elements,
            self.exponent,
            self.bias,
        )?))
    }
}

/// The Zipf law with a shift of the ranks.
#[derive(Debug)]
struct Zipf {
    elements: u64,
    exponent: f64,
    bias: f64,
    normaliser: f64,
    /// Integral of the density up to rank 3/2, less the whole of rank 1.
    integral_start: f64,
    /// Integral of the density up to rank M + 1/2.
    integral_end: f64,
    /// Points this close below their rank need no second look.
    sure: f64,
}

impl Zipf {
    fn new(elements: u64, exponent: f64, bias: f64) -> Result<Self, WorldError> {
        check_elements(elements)?;
        WorldError::require(
            exponent > 0.0 && exponent <= 10.0,
            "world.frequency.exponent",
            exponent,
            "above 0 and at most 10",
        )?;
        WorldError::require(
            (0.0..=1e12).contains(&bias),
            "world.frequency.bias",
            bias,
            "0 to 1e12",
        )?;
        let mut law = Self {
            elements,
            exponent,
            bias,
            normaliser: 1.0,
            integral_start: 0.0,
            integral_end: 0.0,
            sure: 0.0,
        };
        law.normaliser = law.sum_of_powers();
        law.integral_start = law.integral(1.5) - law.area(1.0);
        law.integral_end = law.integral(elements as f64 + 0.5);
        law.sure = 2.0 - law.inverse_integral(law.integral(2.5) - law.area(2.0));
        Ok(law)
    }

    /// y = (x + b) / (1 + b): rank 1 is at 1, whatever the bias, so that nothing below loses digits.
    fn shifted(&self, x: f64) -> f64 {
        (x + self.bias) / (1.0 + self.bias)
    }

    /// y^-a, the frequency relative to that of rank 1.
    fn power(&self, x: f64) -> f64 {
        self.shifted(x).powf(-self.exponent)
    }

    /// The area of rank x's bar under the integral below, whose bars are 1 / (1 + b) wide.
    fn area(&self, x: f64) -> f64 {
        self.power(x) / (1.0 + self.bias)
    }

    /// ∫ y^-a dy from rank 1 on: (y^(1−a) − 1) / (1 − a), and ln y for a = 1.
    fn integral(&self, x: f64) -> f64 {
        let log = self.shifted(x).ln();
        expm1_ratio((1.0 - self.exponent) * log) * log
    }

    fn inverse_integral(&self, integral: f64) -> f64 {
        // Rounding may carry the argument a hair below −1, where the inverse is at infinity.
        let t = (integral * (1.0 - self.exponent)).max(-1.0);
        let y = (ln_1p_ratio(t) * integral).exp();
        y * (1.0 + self.bias) - self.bias
    }

    /// Σ y^-a over all ranks, by Euler-Maclaurin beyond the first terms: relative error ~1e-15.
    fn sum_of_powers(&self) -> f64 {
        let counted_to = self.elements.min(64);
        let head: f64 = (1..=counted_to).rev().map(|i| self.power(i as f64)).sum();
        if counted_to == self.elements {
            return head;
        }
        let (from, to, a) = ((counted_to + 1) as f64, self.elements as f64, self.exponent);
        let ends = (self.power(from) + self.power(to)) / 2.0;
        // B_2k / (2k)! for k = 1, 2, 3, with the odd derivatives of x^-a.
        let correction = |x: f64| {
            let y = x + self.bias;
            let first = -a * self.power(x) / y;
            let third = first * (a + 1.0) * (a + 2.0) / (y * y);
            let fifth = third * (a + 3.0) * (a + 4.0) / (y * y);
            first / 12.0 - third / 720.0 + fifth / 30_240.0
        };
        // Not a difference of two calls of `integral`, which would cancel for steep laws.
        let log = ((to + self.bias) / (from + self.bias)).ln();
        let integral = self.power(from) * (from + self.bias) * expm1_ratio((1.0 - a) * log) * log;
        head + (integral + ends + correction(to) - correction(from))
    }
}

impl Weights for Zipf {
    fn elements(&self) -> u64 {
        self.elements
    }

    fn max_elements(&self) -> u64 {
        self.elements
    }

    fn sample(&self, random: &mut Random) -> u64 {
        loop {
            let u = self.integral_end
                + random.random::<f64>() * (self.integral_start - self.integral_end);
            let x = self.inverse_integral(u);
            let rank = x.round().clamp(1.0, self.elements as f64);
            if rank - x <= self.sure || u >= self.integral(rank + 0.5) - self.area(rank) {
                return rank as u64 - 1;
            }
        }
    }

    fn probability(&self, rank: u64) -> f64 {
        self.power(rank as f64) / self.normaliser
    }

    fn element(&self, rank: u64) -> u64 {
        rank - 1
    }

    fn rank(&self, element: u64) -> u64 {
        element + 1
    }

    fn sum(&self, lo: u64, hi: u64, f: &dyn Fn(f64) -> f64) -> f64 {
        // Past this rank a term differs from its neighbours by so little that the midpoint rule with
        // its first correction is exact to rounding.
        const COUNTED: u64 = 1 << 14;
        let term = |rank: f64| f(self.power(rank) / self.normaliser);
        let counted_to = hi.min(lo.max(COUNTED));
        // Small terms first, so that they are not lost.
        let head: f64 = (lo..=counted_to).rev().map(|rank| term(rank as f64)).sum();
        if counted_to == hi {
            return head;
        }
        let (from, to) = (counted_to as f64 + 0.5, hi as f64 + 0.5);
        // Euler-Maclaurin in its midpoint form: Σ f(i) = ∫ f − [f']/24 + ...
        let slope_from = term(from + 0.5) - term(from - 0.5);
        let slope_to = term(to + 0.5) - term(to - 0.5);
        let tail = integrate_log(from, to, term) - (slope_to - slope_from) / 24.0;
        head + tail
    }

    fn group_ends(&self) -> Option<Vec<u64>> {
        None
    }

    fn tail(&self) -> Option<Tail> {
        (self.exponent > 1.0).then(|| Tail {
            discount: 1.0 / self.exponent,
            scale: Some(self.probability(1) * (1.0 + self.bias).powf(self.exponent)),
        })
    }
}

/// (e^x − 1) / x, also at 0.
fn expm1_ratio(x: f64) -> f64 {
    if x == 0.0 { 1.0 } else { x.exp_m1() / x }
}

/// ln(1 + x) / x, also at 0.
fn ln_1p_ratio(x: f64) -> f64 {
    if x == 0.0 { 1.0 } else { x.ln_1p() / x }
}

/// ∫ f(x) dx from `from` to `to`, both positive, in panels equal in ln x by 8-point Gauss-Legendre.
fn integrate_log(from: f64, to: f64, f: impl Fn(f64) -> f64) -> f64 {
    // Nodes and weights on [−1, 1], symmetric (Abramowitz & Stegun, table 25.4).
    const NODES: [(f64, f64); 4] = [
        (0.183_434_642_495_649_8, 0.362_683_783_378_362),
        (0.525_532_409_916_329, 0.313_706_645_877_887_3),
        (0.796_666_477_413_626_7, 0.222_381_034_453_374_48),
        (0.960_289_856_497_536_2, 0.101_228_536_290_376_26),
    ];
    let (start, width) = (from.ln(), to.ln() - from.ln());
    let panels = (width * 32.0).ceil().max(1.0);
    let half = width / panels / 2.0;
    let g = |t: f64| {
        let x = t.exp();
        x * f(x)
    };
    (0..panels as u64)
        .rev()
        .map(|panel| {
            let centre = start + (2.0 * panel as f64 + 1.0) * half;
            let sum: f64 = NODES
                .iter()
                .map(|(node, weight)| weight * (g(centre - half * node) + g(centre + half * node)))
                .sum();
            sum * half
        })
        .sum()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::random::Streams;

    fn counted(law: &Zipf, lo: u64, hi: u64, f: impl Fn(f64) -> f64) -> f64 {
        (lo..=hi).rev().map(|k| f(law.probability(k))).sum()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn sums_agree_with_counting(
            exponent in 0.2f64..3.0, bias in 0f64..2000.0, elements in 1u64..200_000,
            lo in 1u64..1000, documents in 1f64..1e7,
        ) {
            let law = Zipf::new(elements, exponent, bias).unwrap();
            let unseen = |p: f64| p * (documents * (-p).ln_1p()).exp();
            let lo = lo.min(elements);
            prop_assert!((counted(&law, 1, elements, |p| p) - 1.0).abs() < 1e-12);
            for (sum, direct) in [
                (law.sum(lo, elements, &|p| p), counted(&law, lo, elements, |p| p)),
                (law.sum(lo, elements, &unseen), counted(&law, lo, elements, unseen)),
            ] {
                prop_assert!((sum - direct).abs() <= 1e-10 * direct + 1e-25, "{sum} {direct}");
            }
        }

        #[test]
        fn draws_stay_inside(
            exponent in 0.01f64..10.0, bias in 0f64..1e6, elements in 1u64..1_000_000_000, seed: u64,
        ) {
            let law = Zipf::new(elements, exponent, bias).unwrap();
            let mut random = Streams::new(seed).stream("test").at(0);
            for _ in 0..100 {
                prop_assert!(law.sample(&mut random) < elements);
            }
        }
    }

    #[test]
    fn zeta_of_two() {
        let law = Zipf::new(1_000_000_000, 2.0, 0.0).unwrap();
        let zeta = std::f64::consts::PI.powi(2) / 6.0 - 1e-9;
        assert!((1.0 / law.probability(1) - zeta).abs() < 1e-14);
        assert!((law.sum(1, 1_000_000_000, &|p| p) - 1.0).abs() < 1e-12);
    }

    #[test]
    fn every_rank_is_drawn_as_often_as_it_should_be() {
        for (exponent, bias) in [
            (1.5, 0.0),
            (1.0, 0.0),
            (0.5, 3.0),
            (1.2, 1000.0),
            (9.0, 50.0),
        ] {
            let law = Zipf::new(20, exponent, bias).unwrap();
            let n = 200_000;
            let mut random = Streams::new(1).stream("test").at(0);
            let mut counts = [0f64; 20];
            (0..n).for_each(|_| counts[law.sample(&mut random) as usize] += 1.0);
            for (k, count) in counts.iter().enumerate() {
                let p = law.probability(k as u64 + 1);
                let error = (p * (1.0 - p) / n as f64).sqrt();
                assert!((count / n as f64 - p).abs() < 4.0 * error, "{exponent} {k}");
            }
        }
    }
}
