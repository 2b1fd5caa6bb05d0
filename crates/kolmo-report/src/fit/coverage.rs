//! Whether 95 % intervals contain the truth 95 times of a hundred.
//!
//! Of 1000 repetitions at 95 %, the share that does has a standard error of 0.7 %.

use kolmo_world::random::{Random, Streams};
use rand_distr::{Distribution, StandardNormal};

use super::*;

pub(super) const REPETITIONS: u64 = 1000;

pub(super) fn noise(random: &mut Random, size: f64) -> f64 {
    let normal: f64 = StandardNormal.sample(random);
    size * normal
}

/// The share of repetitions whose interval contains `truth`, with what else is to be known of them, to be shown.
pub(super) fn covered(name: &str, truth: f64, mut repetition: impl FnMut(&mut Random) -> Option<Estimate>) -> f64 {
    let stream = Streams::new(1).stream(name);
    let (mut inside, mut outside, mut refused, mut lower, mut width) = (0, 0, 0, 0, 0.0);
    for index in 0..REPETITIONS {
        let Some(Estimate { value, ci95: [lo, hi] }) = repetition(&mut stream.at(index)) else {
            refused += 1;
            continue;
        };
        assert!(lo <= hi, "{name}: {lo} {hi}");
        inside += u64::from(lo <= truth && truth <= hi);
        lower += u64::from(truth < lo);
        outside += u64::from(value < lo || value > hi);
        width += (hi - lo) / 2.0;
    }
    let given = (REPETITIONS - refused) as f64;
    let share = inside as f64 / given;
    eprintln!(
        "{name}: covered {share:.4}, below {:.4}, value outside {:.4}, half width {:.4}, refused {refused}",
        lower as f64 / given,
        outside as f64 / given,
        width / given
    );
    share
}

/// `seeds` runs at each of `sizes` x from 10⁴ on, `ratio` apart: y = offset + 30 x^{−0.4}, with 10 % of noise common to a seed
/// and 2 % to a point.
fn seeds_times_sizes(random: &mut Random, seeds: u64, sizes: i32, ratio: f64, offset: f64, (common, own): (f64, f64)) -> Vec<Observation> {
    let mut observations = Vec::new();
    for unit in 0..seeds {
        let factor = noise(random, common);
        for size in 0..sizes {
            let x = 1e4 * ratio.powi(size);
            let y = (offset + 30.0 * x.powf(-0.4)) * (factor + noise(random, own)).exp();
            observations.push(Observation { x, y, unit });
        }
    }
    observations
}

pub(super) fn assert_covers(share: f64) {
    assert!((0.93..=0.97).contains(&share), "{share}");
}

#[test]
fn five_data_sizes_of_four_seeds() {
    assert_covers(covered("five sizes of four seeds", 0.4, |random| {
        let points = seeds_times_sizes(random, 4, 5, 4.0, 0.0, (0.1, 0.02));
        PowerLaw::fit(&points).ok().map(|law| law.exponent)
    }));
}

#[test]
fn six_model_sizes_of_three_seeds() {
    assert_covers(covered("six sizes of three seeds", 0.4, |random| {
        let points = seeds_times_sizes(random, 3, 6, 3.0, 0.0, (0.03, 0.03));
        PowerLaw::fit(&points).ok().map(|law| law.exponent)
    }));
}

#[test]
fn single_runs_of_eight_sizes() {
    assert_covers(covered("eight sizes", 0.4, |random| {
        let mut points = seeds_times_sizes(random, 1, 8, 3.0, 0.0, (0.0, 0.03));
        (0..).zip(&mut points).for_each(|(unit, point)| point.unit = unit);
        PowerLaw::fit(&points).ok().map(|law| law.exponent)
    }));
}

#[test]
fn an_offset() {
    for (seeds, sizes, ratio, own) in [(4, 8, 3.0, 0.01), (4, 6, 4.0, 0.01), (3, 6, 4.0, 0.01), (4,8,3.0,0.03)] {
        covered(&format!("offset {seeds} {sizes} {ratio} {own}"), 0.4, |random| {
            let points = seeds_times_sizes(random, seeds, sizes, ratio, 0.1, (0.05, own));
            PowerLaw::fit_with_offset(&points).ok().map(|law| law.exponent)
        });
    }
    for own in [0.01, 0.03] {
    covered(&format!("offset alone {own}"), 0.4, |random| {
        let mut points = seeds_times_sizes(random, 1, 8, 3.0, 0.1, (0.0, own));
        (0..).zip(&mut points).for_each(|(unit, point)| point.unit = unit);
        PowerLaw::fit_with_offset(&points).ok().map(|law| law.exponent)
    });
    }
}

#[test]
fn a_surface() {
    for own in [0.01, 0.03] {
    covered(&format!("surface {own}"), 0.5, |random| {
        let mut points = Vec::new();
        for (i, j) in (0..6).flat_map(|i| (0..4).map(move |j| (i, j))) {
            let (parameters, documents) = (1e4 * 2.5f64.powi(i), 1e5 * 4f64.powi(j));
            let loss = 0.5 + 80.0 * parameters.powf(-0.5) + 30.0 * documents.powf(-0.35);
            points.push(SurfaceObservation { parameters, documents, loss: loss * noise(random, own).exp(), unit: points.len() as u64 });
        }
        Surface::fit(&points).ok().map(|surface| surface.parameter_exponent)
    });
    }
}
