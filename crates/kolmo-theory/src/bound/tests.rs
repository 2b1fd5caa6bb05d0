use kolmo_world::random::{Random, Streams};
use rand::RngExt;
use rand_distr::{Distribution, Gamma};

use super::*;

/// Probabilities drawn from a Dirichlet prior.
fn drawn(outcomes: usize, concentration: f64, random: &mut Random) -> Vec<f64> {
    let logs: Vec<f64> = (0..outcomes)
        .map(|_| {
            let gamma = Gamma::new(concentration + 1.0, 1.0).unwrap().sample(random);
            f64::ln(gamma) + (1.0 - random.random::<f64>()).ln() / concentration
        })
        .collect();
    let most = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let total: f64 = logs.iter().map(|log| (log - most).exp()).sum();
    logs.iter().map(|log| (log - most).exp() / total).collect()
}

fn saving(probabilities: &[f64]) -> f64 {
    let entropy: f64 = probabilities
        .iter()
        .filter(|p| **p > 0.0)
        .map(|p| -p * p.ln())
        .sum();
    (probabilities.len() as f64).ln() - entropy
}

fn divergence(p: &[f64], q: &[f64]) -> f64 {
    let terms = p.iter().zip(q).filter(|(p, _)| **p > 0.0);
    terms.map(|(p, q)| p * (p / q).ln()).sum()
}

/// What the learner loses to who knows, by every sequence of two outcomes.
fn by_enumeration(p: f64, concentration: f64, n: usize) -> f64 {
    let mut lost = 0.0;
    for sequence in 0..1u32 << n {
        let (mut truth, mut learner, mut seen) = (1.0, 1.0, [0.0, 0.0]);
        for k in 0..n {
            let one = (sequence >> k & 1) as usize;
            truth *= [p, 1.0 - p][one];
            learner *= (seen[one] + concentration) / (k as f64 + 2.0 * concentration);
            seen[one] += 1.0;
        }
        lost += truth * f64::ln(truth / learner);
    }
    lost
}

#[test]
fn the_learner_pays_what_every_sequence_says() {
    for (p, concentration) in [(0.3, 1.0), (0.02, 0.5), (0.999, 0.02), (0.5, 4.0)] {
        for n in [1, 2, 5, 12] {
            let found = Learner::new(concentration).pays(&[p, 1.0 - p], f64::from(n));
            let expected = by_enumeration(p, concentration, n as usize);
            assert!(
                (found - expected).abs() < 1e-11,
                "{p} {n}: {found} {expected}"
            );
        }
    }
}

#[test]
fn an_expansion_is_the_sum_that_it_stands_for() {
    // Summed with a table that is long enough, and expanded.
    for p in [0.3, 0.9, 0.999] {
        for concentration in [0.02, 1.0] {
            let learner = Learner::new(concentration);
            let n = (SUMMED / p).floor();
            let summed = learner.expected(n, p);
            let expanded = learner.expanded(n, p);
            assert!((summed - expanded).abs() < 1e-8, "{p}: {summed} {expanded}");
        }
    }
}

#[test]
fn a_curve_begins_with_all_alike_and_falls_convexly() {
    let mut random = Streams::new(1).stream("bound").at(0);
    for (outcomes, concentration) in [(2, 1.0), (8, 1.0), (24, 0.02), (32, 0.1), (4, 50.0)] {
        for _ in 0..5 {
            let probabilities = drawn(outcomes, concentration, &mut random);
            let saving = saving(&probabilities);
            let bound = Bound::of(&probabilities, Some(concentration), saving, 1000.0);
            let none = bound.at(bound.best() * 2.0);
            assert!((none.left / (1000.0 * saving) - 1.0).abs() < 1e-9 && none.cost == 0.0);
            let mut before = none;
            for k in 0..200 {
                let slope = bound.best() * 0.93f64.powi(k);
                let next = bound.at(slope);
                assert!(next.cost >= before.cost - 1e-9 && next.left <= before.left + 1e-9);
                // Worth what the slope says, or more.
                let saved = before.left - next.left;
                assert!(saved >= (next.cost - before.cost) * slope - 1e-6);
                before = next;
            }
            // In the end all is told.
            assert!(before.left < 0.05 * 1000.0 * saving + 0.5 * outcomes as f64);
        }
    }
}

/// That codes of so many nats, which leave so much of each draw, are not below any line, in the mean over what a prior draws, nor above the best of
/// lines by more than `most`.
fn assert_above(drawn: &[(Vec<f64>, f64)], concentration: f64, cost: f64, most: f64) {
    let learner = Learner::new(concentration);
    let mut nearest = f64::INFINITY;
    for n in [1.0, 2.0, 3.0, 5.0, 10.0, 30.0, 100.0, 300.0, 1000.0] {
        let above: Vec<f64> = drawn
            .iter()
            .map(|(p, redundancy)| cost + n * redundancy - learner.pays(p, n))
            .collect();
        let count = above.len() as f64;
        let mean = above.iter().sum::<f64>() / count;
        let squares: f64 = above.iter().map(|x| (x - mean).powi(2)).sum();
        let error = 4.0 * (squares / (count - 1.0) / count).sqrt();
        assert!(mean > -error, "{n}: {mean} ± {error}");
        nearest = nearest.min(mean);
    }
    assert!(nearest < most, "{cost}: {nearest}");
}

#[test]
fn no_grid_of_probabilities_is_cheaper_than_the_curve() {
    // A coin of uniform bias, told to one of so many cells alike in arc: Fisher's information is the same in all.
    let mut random = Streams::new(1).stream("test").at(0);
    let biases: Vec<f64> = (0..4000).map(|_| random.random()).collect();
    for cells in [2, 3, 5, 10, 30] {
        let angle = |cell: usize| std::f64::consts::PI * cell as f64 / cells as f64 / 2.0;
        let edge = |cell: usize| angle(cell).sin().powi(2);
        let told = |p: f64| (1..cells).take_while(|cell| edge(*cell) <= p).count();
        let share = |cell: usize| edge(cell + 1) - edge(cell);
        let entropy: f64 = (0..cells).map(|c| -share(c) * share(c).ln()).sum();
        let coded = biases.iter().map(|p| {
            let cell = told(*p);
            let q = f64::midpoint(edge(cell), edge(cell + 1));
            let p = vec![*p, 1.0 - p];
            let redundancy = divergence(&p, &[q, 1.0 - q]);
            (p, redundancy)
        });
        // A grid loses ½ ln(2πe/12) = 0.25 nats to the best code, and the bound half a nat.
        assert_above(&coded.collect::<Vec<_>>(), 1.0, entropy, 0.85);
    }
}

#[test]
fn no_list_of_distributions_is_cheaper_than_the_curve() {
    let mut random = Streams::new(1).stream("test").at(1);
    for (outcomes, concentration) in [(3, 1.0), (6, 1.0), (6, 0.1), (24, 0.02)] {
        for listed in [4, 32, 256] {
            let list: Vec<Vec<f64>> = (0..listed)
                .map(|_| {
                    // None is impossible.
                    let p = drawn(outcomes, concentration, &mut random);
                    p.iter()
                        .map(|p| 0.98 * p + 0.02 / outcomes as f64)
                        .collect()
                })
                .collect();
            let coded = (0..1000).map(|_| {
                let p = drawn(outcomes, concentration, &mut random);
                let apart = list.iter().map(|q| divergence(&p, q));
                let nearest = apart.fold(f64::INFINITY, f64::min);
                (p, nearest)
            });
            let coded: Vec<_> = coded.collect();
            assert_above(&coded, concentration, f64::ln(listed as f64), f64::INFINITY);
        }
    }
}

#[test]
fn naming_the_one_likely_outcome_of_a_sparse_choice_is_no_cheaper_than_the_curve() {
    let mut random = Streams::new(1).stream("test").at(2);
    for (outcomes, doubt) in [(24, 0.01), (24, 0.1), (32, 0.001)] {
        let coded = (0..1000).map(|_| {
            let p = drawn(outcomes, 0.02, &mut random);
            let (likely, _) = p
                .iter()
                .enumerate()
                .max_by(|a, b| a.1.total_cmp(b.1))
                .unwrap();
            let mut q = vec![doubt / (outcomes - 1) as f64; outcomes];
            q[likely] = 1.0 - doubt;
            let redundancy = divergence(&p, &q);
            (p, redundancy)
        });
        // And the bound is not nothing there.
        assert_above(
            &coded.collect::<Vec<_>>(),
            0.02,
            f64::ln(outcomes as f64),
            3.0,
        );
    }
}
