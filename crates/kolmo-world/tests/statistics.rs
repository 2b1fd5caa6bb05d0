//! A million documents of every law against closed forms, within four standard errors.

#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]

use std::collections::{HashMap, HashSet};

use kolmo_world::{
    Document, Role, World, WorldConfig,
    config::{
        FrequencyConfig, GroupConfig, GroupedConfig, PitmanYorConfig, UniformConfig, ZipfConfig,
    },
};

const DOCUMENTS: u64 = 1_000_000;

fn laws() -> [(&'static str, FrequencyConfig); 6] {
    let zipf = |exponent, bias| {
        FrequencyConfig::Zipf(ZipfConfig {
            elements: 50_000,
            exponent,
            bias,
        })
    };
    let group = |elements, weight| GroupConfig { elements, weight };
    [
        ("zipf", zipf(1.5, 0.0)),
        ("zipf with bias", zipf(1.2, 100.0)),
        (
            "a billion elements",
            FrequencyConfig::Zipf(ZipfConfig {
                elements: 1_000_000_000,
                exponent: 1.1,
                bias: 0.0,
            }),
        ),
        (
            "pitman-yor",
            FrequencyConfig::PitmanYor(PitmanYorConfig {
                discount: 0.5,
                concentration: 2.0,
                elements: 1 << 18,
            }),
        ),
        (
            "uniform",
            FrequencyConfig::Uniform(UniformConfig { elements: 3000 }),
        ),
        (
            "grouped",
            FrequencyConfig::Grouped(GroupedConfig {
                groups: vec![group(10, 4.0), group(100, 2.0), group(100_000, 1.0)],
            }),
        ),
    ]
}

/// |measured − expected| within four standard errors.
fn assert_near(what: &str, measured: f64, expected: f64, variance: f64) {
    let deviation = (measured - expected) / variance.sqrt();
    assert!(
        deviation.abs() < 4.0,
        "{what}: measured {measured}, expected {expected}, {deviation} standard errors"
    );
}

#[test]
fn frequencies_growth_and_values_of_every_law() {
    for (name, frequency) in laws() {
        let config = WorldConfig {
            frequency,
            ..WorldConfig::default()
        };
        let world = World::new(&config, 11).unwrap();
        let law = world.frequency();
        let n = DOCUMENTS as f64;

        let mut counts: HashMap<u64, u64> = HashMap::new();
        let mut relation_counts = vec![0u64; world.relations().len()];
        let mut values: HashSet<(u64, u32)> = HashSet::new();
        let mut value_counts = vec![vec![0u64; 64]; world.relations().len()];
        let mut distinct_at = Vec::new();
        let mut document = Document::default();
        for d in 0..DOCUMENTS {
            if [1000, 30_000].contains(&d) {
                distinct_at.push((d, counts.len()));
            }
            world.write_document(d, &mut document);
            let fact = document.facts[0];
            *counts.entry(fact.element).or_default() += 1;
            relation_counts[fact.relation as usize] += 1;
            if values.insert((fact.element, fact.relation)) {
                let value = world.value_of(fact);
                value_counts[fact.relation as usize][value as usize] += 1;
            }
        }
        distinct_at.push((DOCUMENTS, counts.len()));

        // Frequencies of the first ranks, and of log-spaced classes of ranks.
        for rank in 1..=20 {
            let (p, element) = (law.probability(rank), law.element(rank));
            let count = counts.get(&element).copied().unwrap_or(0) as f64;
            assert_near(
                &format!("{name}, rank {rank}"),
                count,
                n * p,
                n * p * (1.0 - p),
            );
        }
        let mut lo = 1;
        while lo <= law.elements() {
            let hi = (lo * 4 - 1).min(law.elements());
            let p = law.mass(lo..=hi);
            let seen = counts
                .iter()
                .filter(|(e, _)| (lo..=hi).contains(&law.rank(**e)));
            let count: u64 = seen.map(|(_, count)| count).sum();
            let variance = n * p * (1.0 - p) + 1e-9;
            assert_near(
                &format!("{name}, ranks {lo}-{hi}"),
                count as f64,
                n * p,
                variance,
            );
            lo = hi + 1;
        }

        // Heaps: E[K_n] = Σ 1 − (1 − p)^n. The indicators "i was seen" are negatively correlated, so
        // the sum of their variances bounds that of K_n from above.
        for (documents, distinct) in distinct_at {
            let unseen = |p: f64| (documents as f64 * (-p).ln_1p()).exp();
            let expected = law.sum(1..=law.elements(), |p| 1.0 - unseen(p));
            let variance = law.sum(1..=law.elements(), |p| unseen(p) * (1.0 - unseen(p)));
            let what = format!("{name}, distinct in {documents}");
            assert_near(&what, distinct as f64, expected, variance + 1e-9);
        }

        // Relations by weight, values uniform among the facts seen.
        for (r, count) in relation_counts.iter().enumerate() {
            let q = world.relation_draw().weight(r);
            let what = format!("{name}, relation {r}");
            assert_near(&what, *count as f64, n * q, n * q * (1.0 - q));
            let facts: u64 = value_counts[r].iter().sum();
            let (facts, p) = (facts as f64, 1.0 / 64.0);
            let terms = value_counts[r].iter();
            let chi2: f64 = terms
                .map(|c| (*c as f64 - facts * p).powi(2) / (facts * p))
                .sum();
            // χ² with 63 degrees of freedom.
            assert_near(&format!("{name}, values of {r}"), chi2, 63.0, 2.0 * 63.0);
        }
    }
}

#[test]
fn templates_and_fillers_follow_their_probabilities() {
    let config = WorldConfig {
        relations_per_document: kolmo_world::config::RelationCount::Exactly(1),
        ..WorldConfig::default()
    };
    let world = World::new(&config, 4).unwrap();
    // The wording of relation 0 as the multiset of its sentences' syntax tokens and role sequence.
    let mut seen: HashMap<Vec<Option<u32>>, f64> = HashMap::new();
    let (mut total, mut document) = (0f64, Document::default());
    for d in 0..200_000 {
        world.write_document(d, &mut document);
        if document.facts[0].relation == 0 {
            let words = document.tokens.iter().zip(&document.roles);
            let wording = words.map(|(t, role)| (*role == Role::Syntax).then_some(*t));
            *seen.entry(wording.collect()).or_default() += 1.0;
            total += 1.0;
        }
    }
    let measured: f64 = seen.values().map(|c| -c / total * (c / total).ln()).sum();
    let expected = world.syntax().class(0).entropy();
    // The variance of ln P over n is that of the plug-in entropy, which is low by (outcomes − 1) / 2n.
    let second: f64 = seen
        .values()
        .map(|c| c / total * (c / total).ln().powi(2))
        .sum();
    let variance = (second - measured.powi(2)) / total;
    let bias = (seen.len() as f64 - 1.0) / (2.0 * total);
    assert_near(
        "entropy of the wording",
        measured + bias,
        expected,
        variance,
    );
}
