//! One draw of Pitman-Yor weights, PY(α, β), by stick-breaking: V_k ~ Beta(1 − α, β + kα),
//! p_k = V_k Π_{j<k} (1 − V_j), k = 1, 2, ... (Pitman & Yor 1997).
//!
//! Sticks are broken lazily, as far as the draws so far needed; stick k is a pure function of the
//! seed and k, so the order of the draws does not matter. The weights have a heavy tail: after K
//! sticks the mass left is of order K^{-(1−α)/α}, so that reaching all but 10^-6 of it would take
//! 10^9 sticks at α = 0.6. No more than `elements` sticks are ever broken; a draw beyond them is
//! drawn again, which conditions the process on its first `elements` sticks. Every exact figure
//! (probabilities, sums, entropy) is of that conditioned world, so nothing is approximated.

use std::sync::{OnceLock, PoisonError, RwLock};

use rand::RngExt;
use rand_distr::{Beta, Distribution};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{ELEMENTS_KEY, Law, Process, Tail, Weights, spectrum::Spectrum};
use crate::{
    error::WorldError,
    random::{Random, Stream, Streams},
};

/// `law = "pitman_yor"`: one draw of Pitman-Yor weights, PY(discount, concentration), by stick-breaking.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PitmanYorConfig {
    /// α, in [0, 1).
    pub discount: f64,
    /// β, above −α (and above 0 for α = 0).
    pub concentration: f64,
    /// The most sticks ever broken; mass beyond them is given up. See [`PitmanYor`].
    #[serde(default = "default_sticks")]
    pub elements: u64,
}

fn default_sticks() -> u64 {
    PitmanYor::DEFAULT_STICKS
}

impl Law for PitmanYorConfig {
    fn label(&self, number: &dyn Fn(f64) -> String) -> String {
        format!("Pitman-Yor {}", number(self.discount))
    }

    fn elements_key(&self) -> &'static str {
        ELEMENTS_KEY
    }

    fn is_uniform(&self) -> bool {
        false
    }

    fn is_drawn_by_seed(&self) -> bool {
        true
    }

    fn process(&self) -> Option<Process> {
        Some(Process {
            discount: self.discount,
            concentration: self.concentration,
        })
    }

    /// None: the process has no last element, and `elements` bounds how many are drawn of it.
    fn with_elements(&self, _elements: u64) -> Option<Self> {
        None
    }

    fn weights(&self, streams: &Streams) -> Result<Box<dyn Weights>, WorldError> {
        let stream = streams.stream("frequency/sticks");
        let law = PitmanYor::new(self.discount, self.concentration, self.elements, stream)?;
        Ok(Box::new(law))
    }
}

/// Pitman-Yor weights.
#[derive(Debug)]
pub struct PitmanYor {
    discount: f64,
    concentration: f64,
    elements: u64,
    stream: Stream,
    /// Mass left after each stick broken so far: falling, so a draw is a binary search.
    left: RwLock<Vec<f64>>,
    ranked: OnceLock<Ranked>,
}

/// All weights by falling frequency, computed once, when ranks are first asked for.
#[derive(Debug)]
struct Ranked {
    spectrum: Spectrum,
    elements: Vec<u32>,
    ranks: Vec<u32>,
}

impl PitmanYor {
    /// Sticks broken at most where the configuration says nothing: 2^20.
    pub const DEFAULT_STICKS: u64 = 1 << 20;
    /// The most sticks a configuration can ask for.
    pub const MAX_STICKS: u64 = 1 << 26;

    fn new(
        discount: f64,
        concentration: f64,
        elements: u64,
        stream: Stream,
    ) -> Result<Self, WorldError> {
        WorldError::require(
            (0.0..1.0).contains(&discount),
            "world.frequency.discount",
            discount,
            "0 (included) to 1 (excluded)",
        )?;
        WorldError::require(
            concentration > -discount && concentration.is_finite(),
            "world.frequency.concentration",
            concentration,
            &format!("above -world.frequency.discount = {} and finite", -discount),
        )?;
        WorldError::require(
            (1..=Self::MAX_STICKS).contains(&elements),
            "world.frequency.elements",
            elements,
            "1 to 67108864 with world.frequency.law = \"pitman_yor\"",
        )?;
        const MOST_LEFT: f64 = 0.5;
        let left = expected_left(discount, concentration, elements, MOST_LEFT);
        WorldError::require(
            left <= MOST_LEFT,
            "world.frequency.elements",
            elements,
            &format!(
                "as many as cover at least half of the mass with world.frequency.discount = \
                 {discount} and world.frequency.concentration = {concentration}: these leave {left:.2}"
            ),
        )?;
        let law = Self {
            discount,
            concentration,
            elements,
            stream,
            left: RwLock::new(Vec::new()),
            ranked: OnceLock::new(),
        };
        WorldError::require(
            law.can_be_drawn_from(),
            "world.frequency.discount",
            discount,
            &format!(
                "one further from 1, with world.frequency.concentration = {concentration} further \
                 from -1, or another seed: its first sticks have next to no length"
            ),
        )?;
        Ok(law)
    }

    /// Whether the first sticks cover some of the mass. Where both discount and concentration are next
    /// to their limits a stick is nearly all of the mass or nearly nothing, whatever the mean is, and a
    /// draw would have to be drawn again for ever.
    fn can_be_drawn_from(&self) -> bool {
        const STICKS: u64 = 1 << 20;
        const LEFT: f64 = 0.995;
        let mut left = self.left.write().unwrap_or_else(PoisonError::into_inner);
        let most = STICKS.min(self.elements) as usize;
        while left.len() < most && left.last().is_none_or(|l| *l > LEFT) {
            self.break_stick(&mut left);
        }
        left.last().is_some_and(|l| *l <= LEFT)
    }

    #[cfg(test)]
    fn broken(&self) -> usize {
        self.left
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .len()
    }

    /// The stick that covers `mark`; none if it lies beyond the last one.
    fn find(&self, mark: f64) -> Option<u64> {
        let search = |left: &[f64]| left.partition_point(|l| *l >= mark);
        {
            let left = self.left.read().unwrap_or_else(PoisonError::into_inner);
            let k = search(&left);
            if k < left.len() {
                return Some(k as u64);
            }
            if k as u64 == self.elements {
                return None;
            }
        }
        let mut left = self.left.write().unwrap_or_else(PoisonError::into_inner);
        while left.last().is_none_or(|l| *l >= mark) {
            if left.len() as u64 == self.elements {
                return None;
            }
            self.break_stick(&mut left);
        }
        Some(search(&left) as u64)
    }

    fn break_stick(&self, left: &mut Vec<f64>) {
        let k = left.len() as u64;
        let before = left.last().copied().unwrap_or(1.0);
        let b = self.concentration + (k + 1) as f64 * self.discount;
        // Both shapes are positive by the checks in `new`; a law that still refused them would be
        // the limit of b → ∞, a stick of no length.
        let kept = Beta::new(b, 1.0 - self.discount)
            .map_or(1.0, |beta| beta.sample(&mut self.stream.at(k)));
        left.push(before * kept);
    }

    fn ranked(&self) -> &Ranked {
        self.ranked.get_or_init(|| {
            let mut left = self.left.write().unwrap_or_else(PoisonError::into_inner);
            while (left.len() as u64) < self.elements {
                self.break_stick(&mut left);
            }
            let covered = 1.0 - left.last().copied().unwrap_or(0.0);
            let before = std::iter::once(&1.0).chain(left.iter());
            let weights: Vec<f64> = before
                .zip(left.iter())
                .map(|(before, after)| (before - after) / covered)
                .collect();
            let drawable = |element: &u32| weights[*element as usize] > 0.0;
            let mut elements: Vec<u32> = (0..weights.len() as u32).filter(drawable).collect();
            elements.sort_by(|a, b| weights[*b as usize].total_cmp(&weights[*a as usize]));
            let mut ranks = vec![0; weights.len()];
            for (k, element) in elements.iter().enumerate() {
                ranks[*element as usize] = k as u32 + 1;
            }
            Ranked {
                spectrum: Spectrum::new(elements.iter().map(|e| weights[*e as usize]).collect()),
                elements,
                ranks,
            }
        })
    }
}

impl Weights for PitmanYor {
    /// Elements that can be drawn: all sticks, but those too thin for a number.
    fn elements(&self) -> u64 {
        self.ranked().spectrum.len()
    }

    /// The most elements there can be; unlike their number, it is known without breaking a stick.
    fn max_elements(&self) -> u64 {
        self.elements
    }

    fn sample(&self, random: &mut Random) -> u64 {
        loop {
            // Uniform on (0, 1]: the draw falls into the first stick that leaves less than this.
            let mark = 1.0 - random.random::<f64>();
            if let Some(element) = self.find(mark) {
                return element;
            }
        }
    }

    fn probability(&self, rank: u64) -> f64 {
        self.ranked().spectrum.probability(rank)
    }

    fn element(&self, rank: u64) -> u64 {
        u64::from(self.ranked().elements[rank as usize - 1])
    }

    fn rank(&self, element: u64) -> u64 {
        u64::from(self.ranked().ranks[element as usize])
    }

    fn sum(&self, lo: u64, hi: u64, f: &dyn Fn(f64) -> f64) -> f64 {
        self.ranked().spectrum.sum(lo, hi, f)
    }

    fn group_ends(&self) -> Option<Vec<u64>> {
        None
    }

    fn tail(&self) -> Option<Tail> {
        (self.discount > 0.0).then_some(Tail {
            discount: self.discount,
            scale: None,
        })
    }
}

/// E[mass left after `sticks` sticks] = Π (β + kα) / (β + 1 + (k − 1)α), or after the first ones that
/// leave no more than `enough`.
fn expected_left(discount: f64, concentration: f64, sticks: u64, enough: f64) -> f64 {
    let mut left = 1.0;
    for k in 1..=sticks {
        let shift = k as f64 * discount;
        left *= (concentration + shift) / (concentration + 1.0 + shift - discount);
        if left <= enough {
            break;
        }
    }
    left
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Streams;

    fn law(discount: f64, concentration: f64, elements: u64, seed: u64) -> PitmanYor {
        let stream = Streams::new(seed).stream("sticks");
        PitmanYor::new(discount, concentration, elements, stream).unwrap()
    }

    #[test]
    fn sticks_do_not_depend_on_the_order_of_draws() {
        let (one, other) = (law(0.5, 1.0, 1000, 1), law(0.5, 1.0, 1000, 1));
        let marks = [0.9, 0.01, 0.3, 0.05];
        let found: Vec<_> = marks.iter().map(|m| one.find(*m)).collect();
        let mut backwards: Vec<_> = marks.iter().rev().map(|m| other.find(*m)).collect();
        backwards.reverse();
        assert_eq!(found, backwards);
        assert!(one.broken() < 1000);
        one.ranked();
        assert_eq!(
            found,
            marks.iter().map(|m| one.find(*m)).collect::<Vec<_>>()
        );
    }

    #[test]
    fn ranks_and_elements_are_inverse_and_ordered() {
        let law = law(0.6, 2.0, 500, 3);
        assert!((law.sum(1, 500, &|p| p) - 1.0).abs() < 1e-12);
        for rank in 1..=500 {
            assert_eq!(law.rank(law.element(rank)), rank);
            assert!(rank == 1 || law.probability(rank) <= law.probability(rank - 1));
        }
    }

    #[test]
    fn sticks_too_thin_for_a_number_are_no_elements() {
        // A Dirichlet process: the mass left halves with every stick, and is 0 after a thousand.
        let law = law(0.0, 1.0, 10_000, 1);
        assert!((500..2000).contains(&law.elements()), "{}", law.elements());
        assert!(law.probability(law.elements()) > 0.0);
    }

    #[test]
    fn a_law_that_could_not_be_drawn_from_is_refused() {
        // The first stick is all of the mass or, half of the time, shorter than any number.
        let (alpha, beta) = (0.999_999, -0.999_998);
        let law = |seed| {
            let stream = Streams::new(seed).stream("sticks");
            PitmanYor::new(alpha, beta, 1000, stream)
        };
        let (good, bad): (Vec<_>, Vec<_>) = (0..100).map(law).partition(Result::is_ok);
        assert!(good.len() > 20 && bad.len() > 20);
        for law in good.into_iter().flatten() {
            let mut random = Streams::new(1).stream("test").at(0);
            assert!(law.sample(&mut random) < law.elements());
            assert!(law.probability(1) > 0.0);
        }
        let message = bad[0].as_ref().unwrap_err().to_string();
        assert!(message.contains("world.frequency.discount = 0.999999 is not possible"));
    }

    #[test]
    fn the_mass_left_is_as_expected() {
        let (alpha, beta, sticks, n) = (0.6, 1.0, 100, 1000);
        let left: Vec<f64> = (0..n)
            .map(|seed| {
                let law = law(alpha, beta, sticks, seed);
                law.ranked();
                *law.left.read().unwrap().last().unwrap()
            })
            .collect();
        let mean = left.iter().sum::<f64>() / n as f64;
        let variance = left.iter().map(|l| (l - mean).powi(2)).sum::<f64>() / n as f64;
        let expected = expected_left(alpha, beta, sticks, 0.0);
        assert!((mean - expected).abs() < 4.0 * (variance / n as f64).sqrt());
    }

    #[test]
    fn the_first_stick_has_its_beta_mean() {
        // E[p_1] of the size-biased order is (1 − α) / (1 + β).
        let (alpha, beta, n) = (0.4, 1.5, 4000);
        let first: Vec<f64> = (0..n)
            .map(|seed| {
                let law = law(alpha, beta, 50, seed);
                law.find(1.0);
                1.0 - law.left.read().unwrap()[0]
            })
            .collect();
        let mean = first.iter().sum::<f64>() / n as f64;
        let variance = first.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / n as f64;
        let expected = (1.0 - alpha) / (1.0 + beta);
        assert!((mean - expected).abs() < 4.0 * (variance / n as f64).sqrt());
    }
}
