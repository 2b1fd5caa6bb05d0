//! Whether 95 % intervals contain the truth 95 times of a hundred.

use kolmo_world::random::{Random, Streams};
use rand::RngExt;
use rand_distr::{Distribution, StandardNormal};

use crate::*;

/// A normal number of this standard deviation.
pub(crate) fn noise(random: &mut Random, size: f64) -> f64 {
    let normal: f64 = StandardNormal.sample(random);
    size * normal
}

/// How often intervals contained the truth.
pub(crate) struct Coverage {
    name: &'static str,
    repetitions: u64,
    refused: u64,
    contained: u64,
    /// How often the interval lay above the truth.
    above: u64,
    mean_half_width: f64,
}

impl Coverage {
    pub fn of(
        name: &'static str,
        repetitions: u64,
        truth: f64,
        mut repetition: impl FnMut(&mut Random) -> Option<Estimate>,
    ) -> Self {
        let stream = Streams::new(1).stream(name);
        let given: Vec<Estimate> = (0..repetitions)
            .filter_map(|index| repetition(&mut stream.at(index)))
            .collect();
        assert!(
            given
                .iter()
                .all(|e| e.ci95[0] <= e.value && e.value <= e.ci95[1]),
            "{name}: a value outside its interval"
        );
        let count = |of: &dyn Fn(&Estimate) -> bool| {
            given.iter().filter(|estimate| of(estimate)).count() as u64
        };
        Self {
            name,
            repetitions,
            refused: repetitions - given.len() as u64,
            contained: count(&|e| e.ci95[0] <= truth && truth <= e.ci95[1]),
            above: count(&|e| truth < e.ci95[0]),
            mean_half_width: mean(given.iter().map(|e| (e.ci95[1] - e.ci95[0]) / 2.0)),
        }
    }

    /// That none was refused and 95 % cover, to 2.9 standard errors: 93 to 97 % of 1000.
    pub fn check(&self) {
        assert!(
            (self.share() - 0.95).abs() <= self.tolerance(),
            "{}",
            self.shown()
        );
        self.check_at_least();
    }

    /// The same, but that more may cover.
    pub fn check_at_least(&self) {
        assert!(
            self.refused == 0 && self.share() >= 0.95 - self.tolerance(),
            "{}",
            self.shown()
        );
    }

    fn share(&self) -> f64 {
        self.contained as f64 / self.repetitions as f64
    }

    fn tolerance(&self) -> f64 {
        2.9 * (0.95 * 0.05 / self.repetitions as f64).sqrt()
    }

    fn shown(&self) -> String {
        let Self {
            name,
            repetitions,
            refused,
            contained,
            above,
            mean_half_width,
        } = self;
        format!(
            "{name}: {contained} of {repetitions}, {refused} refused, {above} above the truth, ±{mean_half_width} on average"
        )
    }
}

/// Runs of y = E + 30 x^{−0.4} at sizes that are three times apart from 10⁴ on.
#[derive(Clone, Copy)]
struct Sweep {
    seeds: u64,
    sizes: i32,
    offset: f64,
    /// The noise of ln y that a seed's points share, and that of each point.
    noise: (f64, f64),
    /// How much the exponent of a seed differs, which turns its curve about the middle.
    exponent_noise: f64,
}

const SWEEP: Sweep = Sweep {
    seeds: 4,
    sizes: 8,
    offset: 0.0,
    noise: (0.1, 0.02),
    exponent_noise: 0.0,
};

impl Sweep {
    fn runs(&self, random: &mut Random) -> Vec<Observation> {
        let middle = 1e4 * 3f64.powi(self.sizes / 2);
        let mut observations = Vec::new();
        for unit in 0..self.seeds {
            let common = noise(random, self.noise.0);
            let turn = noise(random, self.exponent_noise);
            for size in 0..self.sizes {
                let x = 1e4 * 3f64.powi(size);
                let power = 30.0 * x.powf(-0.4) * (x / middle).powf(-turn);
                let y = (self.offset + power) * (common + noise(random, self.noise.1)).exp();
                observations.push(Observation { x, y, unit });
            }
        }
        observations
    }

    /// The coverage of what `of` takes from a fit, whose truth is given.
    fn coverage(
        &self,
        name: &'static str,
        truth: f64,
        of: impl Fn(PowerLaw) -> Estimate,
    ) -> Coverage {
        let fit = if self.offset > 0.0 {
            PowerLaw::fit_with_offset
        } else {
            PowerLaw::fit
        };
        Coverage::of(name, 1000, truth, |random| {
            fit(&self.runs(random)).ok().map(&of)
        })
    }
}

/// The same points, each a unit of its own.
fn single(mut observations: Vec<Observation>) -> Vec<Observation> {
    (0..)
        .zip(&mut observations)
        .for_each(|(unit, observation)| observation.unit = unit);
    observations
}

#[test]
fn five_data_sizes_of_four_seeds() {
    let sweep = Sweep { sizes: 5, ..SWEEP };
    sweep
        .coverage("five sizes of four seeds", 0.4, |law| law.exponent)
        .check();
    sweep
        .coverage("five sizes of four seeds, amplitude", 30.0, |law| {
            law.amplitude
        })
        .check();
}

#[test]
fn six_model_sizes_of_three_seeds() {
    let sweep = Sweep {
        seeds: 3,
        sizes: 6,
        noise: (0.03, 0.03),
        ..SWEEP
    };
    sweep
        .coverage("six sizes of three seeds", 0.4, |law| law.exponent)
        .check();
}

#[test]
fn two_seeds_whose_exponents_differ() {
    let sweep = Sweep {
        seeds: 2,
        sizes: 5,
        exponent_noise: 0.02,
        ..SWEEP
    };
    sweep.coverage("two seeds", 0.4, |law| law.exponent).check();
}

#[test]
fn single_runs_of_eight_sizes() {
    let sweep = Sweep {
        seeds: 1,
        noise: (0.0, 0.03),
        ..SWEEP
    };
    let runs = |random: &mut Random| PowerLaw::fit(&single(sweep.runs(random))).ok();
    Coverage::of("eight sizes", 1000, 0.4, |random| {
        runs(random).map(|law| law.exponent)
    })
    .check();
    Coverage::of("eight sizes, amplitude", 1000, 30.0, |random| {
        runs(random).map(|law| law.amplitude)
    })
    .check();
}

#[test]
fn units_of_two_neighbouring_sizes() {
    // Without factors of their own the units with the outer sizes pull hardest, which the jackknife overrates.
    let runs = |random: &mut Random| {
        let mut observations = Vec::new();
        for unit in 0..12 {
            let common = noise(random, 0.05);
            for size in [unit, unit + 1] {
                let x = 1e4 * 2f64.powi((size % 8) as i32);
                let y = x.powf(-0.4) * (common + noise(random, 0.02)).exp();
                observations.push(Observation { x, y, unit });
            }
        }
        PowerLaw::fit(&observations).ok().map(|law| law.exponent)
    };
    Coverage::of("pieces", 1000, 0.4, runs).check_at_least();
}

#[test]
fn an_offset_of_four_seeds() {
    let sweep = Sweep {
        offset: 0.1,
        noise: (0.05, 0.01),
        ..SWEEP
    };
    sweep
        .coverage("offset, exponent", 0.4, |law| law.exponent)
        .check();
    let offset = |law: PowerLaw| law.offset.unwrap();
    sweep.coverage("offset", 0.1, offset).check();
}

#[test]
fn an_offset_of_single_runs() {
    let sweep = Sweep {
        seeds: 1,
        offset: 0.1,
        noise: (0.0, 0.03),
        ..SWEEP
    };
    let runs = |random: &mut Random| PowerLaw::fit_with_offset(&single(sweep.runs(random))).ok();
    Coverage::of("offset of single runs", 1000, 0.4, |random| {
        runs(random).map(|law| law.exponent)
    })
    .check();
}

#[test]
fn an_offset_that_may_be_zero() {
    // A tenth of the least y, which noise of 3 % cannot tell from nothing.
    let sweep = Sweep {
        sizes: 6,
        offset: 0.005,
        noise: (0.05, 0.03),
        ..SWEEP
    };
    sweep
        .coverage("small offset, exponent", 0.4, |law| law.exponent)
        .check_at_least();
    sweep
        .coverage("small offset", 0.005, |law| law.offset.unwrap())
        .check_at_least();
}

#[test]
fn a_surface_of_single_runs() {
    let runs = |random: &mut Random| {
        let mut observations = Vec::new();
        for (i, j) in (0..6).flat_map(|i| (0..4).map(move |j| (i, j))) {
            let (parameters, documents) = (1e4 * 2.5f64.powi(i), 1e5 * 4f64.powi(j));
            let loss = 0.5 + 80.0 * parameters.powf(-0.5) + 30.0 * documents.powf(-0.35);
            observations.push(SurfaceObservation {
                parameters,
                documents,
                loss: loss * noise(random, 0.02).exp(),
                unit: observations.len() as u64,
            });
        }
        Surface::fit(&observations).ok()
    };
    Coverage::of("surface, parameters", 1000, 0.5, |random| {
        runs(random).map(|s| s.parameter_exponent)
    })
    .check();
    Coverage::of("surface, documents", 1000, 0.35, |random| {
        runs(random).map(|s| s.document_exponent)
    })
    .check();
}

/// Five seeds of a number.
fn seeds(random: &mut Random, of: impl Fn(&mut Random) -> f64) -> Vec<OfSeed<f64>> {
    (0..5).map(|seed| (seed, of(random))).collect()
}

#[test]
fn means_over_seeds() {
    Coverage::of("mean over seeds", 1000, 0.3, |random| {
        Estimate::over_seeds(&seeds(random, |random| 0.3 + noise(random, 0.1))).ok()
    })
    .check();
    // Differences of pairs, whose common part goes out.
    Coverage::of("paired differences", 1000, 0.1, |random| {
        let pair = |random: &mut Random| {
            let common = noise(random, 1.0);
            (common + 0.1 + noise(random, 0.05)) - (common + noise(random, 0.05))
        };
        Estimate::over_seeds(&seeds(random, pair)).ok()
    })
    .check();
}

#[test]
fn correlations_over_seeds() {
    // Of 30 normal pairs each, Fisher's z of Spearman's is all but normal; its mean is that of z, which 20 000 such samples give.
    let r: f64 = 0.9;
    let of = |random: &mut Random| {
        let pair = |random: &mut Random| {
            let x = noise(random, 1.0);
            (x, r * x + noise(random, (1.0 - r * r).sqrt()))
        };
        let pairs: Vec<(f64, f64)> = (0..30).map(|_| pair(random)).collect();
        rank_correlation(&pairs).unwrap()
    };
    let stream = Streams::new(1).stream("many correlations");
    let z = (0..20_000).map(|k| of(&mut stream.at(k)).atanh());
    let truth = (z.sum::<f64>() / 20_000.0).tanh();
    Coverage::of("correlations over seeds", 1000, truth, |random| {
        Estimate::of_correlations(&seeds(random, of), 30).ok()
    })
    .check();
}

#[test]
fn shares_over_seeds() {
    // The seeds differ as their answers do, or more: the interval is the wider one of both, and covers as often or more.
    for (share, spread) in [(0.3, 0.0), (0.3, 0.1), (0.02, 0.0), (0.5, 0.05)] {
        Coverage::of("shares over seeds", 1000, share, |random| {
            let shares: Vec<OfSeed<Share>> = (0..5)
                .map(|seed| {
                    let of_seed = f64::clamp(share + noise(random, spread), 0.0, 1.0);
                    let answers = (0..200).map(|_| (1.0, random.random::<f64>() < of_seed));
                    (seed, Share::of(answers).unwrap())
                })
                .collect();
            Share::over_seeds(&shares).ok()
        })
        .check_at_least();
    }
}

#[test]
fn areas_over_seeds_stay_in_bounds() {
    // Confidence that tells right from wrong in five of six cases. Of areas within a thousandth of 1, where most seeds have 1 itself, Student's
    // interval holds the mean in 70 % of cases only.
    let of = |random: &mut Random| {
        let answers: Vec<Judged> = (0..100)
            .map(|k| {
                let correct = k % 2 == 0;
                let at = if correct { 0.6 } else { 0.4 };
                let confidence = f64::clamp(at + noise(random, 0.15), 0.0, 1.0);
                Judged {
                    confidence,
                    correct,
                }
            })
            .collect();
        auroc(&answers).unwrap()
    };
    let stream = Streams::new(1).stream("many areas");
    let truth = (0..5000).map(|k| of(&mut stream.at(k))).sum::<f64>() / 5000.0;
    Coverage::of("areas over seeds", 1000, truth, |random| {
        let estimate = Estimate::over_seeds(&seeds(random, of)).ok()?;
        let estimate = estimate.within([0.0, 1.0]);
        assert!(estimate.ci95[1] <= 1.0);
        Some(estimate)
    })
    .check();
}
