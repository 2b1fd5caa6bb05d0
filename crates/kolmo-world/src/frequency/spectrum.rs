//! Probabilities in falling order, and fast sums over many of them.
//!
//! A million rare elements have probabilities so close together that a few thousand stand for them all.
//! Past the most frequent ones, neighbours within 1/400 are put in a bin, and a bin of many is summed up
//! by two points with weights, which agree with it in the number of its elements and in the first three
//! moments of ln p (a Gauss rule of the elements themselves). What is left is the fourth derivative of
//! the summand by ln p, times (1/400)⁴ / 4320: of e^{−np} a relative (np)⁴ · 10⁻¹⁴, which is more than
//! 10⁻⁹ only where n p is above 20 and the summand next to nothing.

/// Ranks that are always counted out.
const COUNTED: usize = 1 << 12;

/// Width of a bin in ln p.
const WIDTH: f64 = 1.0 / 400.0;

/// Probabilities by rank.
#[derive(Debug)]
pub(super) struct Spectrum {
    probabilities: Vec<f64>,
    bins: Vec<Bin>,
}

/// Neighbouring ranks and what stands for them.
#[derive(Debug)]
struct Bin {
    /// Index of the first.
    start: usize,
    /// Index behind the last.
    end: usize,
    /// Probabilities and how many elements each stands for.
    points: [(f64, f64); 2],
}

impl Spectrum {
    /// `probabilities` are positive and fall.
    pub fn new(probabilities: Vec<f64>) -> Self {
        let mut bins = Vec::new();
        let mut start = COUNTED;
        while start < probabilities.len() {
            let least = probabilities[start] * (-WIDTH).exp();
            let rest = &probabilities[start..];
            let count = rest.partition_point(|p| *p >= least).max(1);
            bins.push(Bin {
                start,
                end: start + count,
                points: gauss(&rest[..count]),
            });
            start += count;
        }
        Self {
            probabilities,
            bins,
        }
    }

    pub fn len(&self) -> u64 {
        self.probabilities.len() as u64
    }

    pub fn probability(&self, rank: u64) -> f64 {
        self.probabilities[rank as usize - 1]
    }

    /// Σ f(p) over the ranks `lo..=hi`, the small terms first.
    pub fn sum(&self, lo: u64, hi: u64, f: impl Fn(f64) -> f64) -> f64 {
        let (lo, hi) = (lo as usize - 1, hi as usize);
        let counted = |from: usize, to: usize| -> f64 {
            let inside = from.max(lo)..to.min(hi);
            let terms = self.probabilities.get(inside).unwrap_or_default();
            terms.iter().rev().map(|p| f(*p)).sum()
        };
        let of_bin = |bin: &Bin| {
            if bin.start < lo || bin.end > hi {
                return counted(bin.start, bin.end);
            }
            bin.points.iter().map(|(p, weight)| weight * f(*p)).sum()
        };
        let first = self.bins.partition_point(|bin| bin.end <= lo);
        let last = self.bins.partition_point(|bin| bin.start < hi).max(first);
        let rare: f64 = self.bins[first..last].iter().rev().map(of_bin).sum();
        rare + counted(0, COUNTED)
    }
}

/// Two points with weights for a few close probabilities.
fn gauss(probabilities: &[f64]) -> [(f64, f64); 2] {
    let count = probabilities.len() as f64;
    let logs = || probabilities.iter().map(|p| p.ln());
    let mean = logs().sum::<f64>() / count;
    let moment = |order: i32| logs().map(|log| (log - mean).powi(order)).sum::<f64>() / count;
    let deviation = moment(2).sqrt();
    if deviation < 1e-9 {
        return [(mean.exp(), count), (mean.exp(), 0.0)];
    }
    let skew = moment(3) / deviation.powi(3);
    let root = (skew * skew + 4.0).sqrt();
    let (left, right) = ((skew - root) / 2.0, (skew + root) / 2.0);
    [
        ((mean + deviation * left).exp(), count * right / root),
        ((mean + deviation * right).exp(), -count * left / root),
    ]
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rand::RngExt;

    use super::*;
    use crate::random::Streams;

    /// Falling at random, as Pitman-Yor weights do.
    fn spectrum(elements: usize, exponent: f64, seed: u64) -> Spectrum {
        let mut random = Streams::new(seed).stream("test").at(0);
        let weight = |i: usize| (i as f64 * (0.5 + random.random::<f64>())).powf(-exponent);
        let mut weights: Vec<f64> = (1..=elements).map(weight).collect();
        weights.sort_by(|a, b| b.total_cmp(a));
        let total: f64 = weights.iter().sum();
        Spectrum::new(weights.into_iter().map(|w| w / total).collect())
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]
        #[test]
        fn sums_agree_with_counting(
            elements in 1usize..200_000, exponent in 0.3f64..4.0, seed: u64,
            lo in 0f64..1.0, hi in 0f64..1.0, documents in 1f64..1e9,
        ) {
            let spectrum = spectrum(elements, exponent, seed);
            let (lo, hi) = (lo.min(hi), lo.max(hi));
            let lo = 1 + (lo * (elements - 1) as f64) as u64;
            let hi = 1 + (hi * (elements - 1) as f64) as u64;
            let counted = |f: &dyn Fn(f64) -> f64| -> f64 {
                (lo..=hi).rev().map(|rank| f(spectrum.probability(rank))).sum()
            };
            let unseen = |p: f64| p * (documents * (-p).ln_1p()).exp();
            let entropy = |p: f64| -p * p.ln();
            for (sum, direct) in [
                (spectrum.sum(lo, hi, |_| 1.0), (hi + 1 - lo) as f64),
                (spectrum.sum(lo, hi, |p| p), counted(&|p| p)),
                (spectrum.sum(lo, hi, entropy), counted(&entropy)),
                (spectrum.sum(lo, hi, unseen), counted(&unseen)),
            ] {
                prop_assert!((sum - direct).abs() <= 1e-9 * direct + 1e-19, "{sum} {direct}");
            }
        }
    }
}
