use kolmo_world::{
    WorldConfig,
    config::{
        All, Family, FrequencyConfig, GroupConfig, GroupedConfig, PitmanYorConfig, RelationCount,
        UniformConfig, ZipfConfig,
    },
};

use super::*;

fn world(frequency: FrequencyConfig, family: Family, stated: RelationCount) -> World {
    let config = WorldConfig {
        family,
        frequency,
        relations_per_document: stated,
        ..WorldConfig::default()
    };
    World::new(&config, 1).unwrap()
}

/// Worlds that differ in everything a survey looks at.
fn worlds() -> [World; 4] {
    let sticks = FrequencyConfig::PitmanYor(PitmanYorConfig {
        discount: 0.6,
        concentration: 1.0,
        elements: 1 << 16,
    });
    let zipf = |elements, exponent| {
        FrequencyConfig::Zipf(ZipfConfig {
            elements,
            exponent,
            bias: 0.0,
        })
    };
    [
        world(zipf(5000, 1.5), Family::Abstract, RelationCount::Exactly(1)),
        world(sticks, Family::Abstract, RelationCount::Exactly(2)),
        world(
            FrequencyConfig::Uniform(UniformConfig { elements: 300 }),
            Family::Abstract,
            RelationCount::All(All::All),
        ),
        world(
            zipf(10_000_000, 1.1),
            Family::Biography,
            RelationCount::Exactly(2),
        ),
    ]
}

/// How many standard errors a measured number is off.
fn deviations(measured: f64, [lo, hi]: [f64; 2], expected: f64) -> f64 {
    let error = (hi - lo) / 2.0 / Z95;
    let off = (measured - expected).abs();
    if off < 1e-9 { 0.0 } else { off / error }
}

#[test]
fn every_document_is_counted_once() {
    for world in worlds() {
        let mut told = Vec::new();
        let survey = Survey::of(&world, 3000, |done| told.push(done));
        assert_eq!(told, [1000, 2000, 3000]);
        assert_eq!(survey.documents, 3000);
        assert_eq!(
            survey
                .ranks
                .iter()
                .map(|class| class.documents)
                .sum::<u64>(),
            3000
        );
        let lengths = &survey.lengths;
        assert_eq!(
            lengths.histogram.iter().map(|l| l.documents).sum::<u64>(),
            3000
        );
        let tokens: u64 = lengths
            .histogram
            .iter()
            .map(|l| l.tokens as u64 * l.documents)
            .sum();
        assert!((tokens as f64 / 3000.0 - survey.tokens.document.mean).abs() < 1e-9);
        assert!(lengths.max <= world.max_document_length());
        let words = survey.vocabulary;
        let all = words.syntax + words.subject + words.value + words.eos;
        assert_eq!((all, words.eos), (world.vocabulary().len(), 1));
        let pools = world.facts().name_words().len();
        assert_eq!(words.subject, pools);
    }
}

#[test]
fn classes_of_ranks_follow_each_other_and_have_all_the_mass() {
    for world in worlds() {
        let survey = Survey::of(&world, 10, |_| ());
        let (first, last) = (survey.ranks[0], survey.ranks[survey.ranks.len() - 1]);
        assert_eq!(
            (first.lo_rank, last.hi_rank),
            (1, world.frequency().elements())
        );
        let pairs = survey.ranks.windows(2);
        assert!(
            pairs
                .into_iter()
                .all(|pair| pair[0].hi_rank + 1 == pair[1].lo_rank)
        );
        let mass = |c: &RankClass| c.expected * (c.hi_rank + 1 - c.lo_rank) as f64;
        assert!((survey.ranks.iter().map(mass).sum::<f64>() - 1.0).abs() < 1e-9);
    }
}

#[test]
fn no_class_of_ranks_has_a_part_in_two_groups() {
    let group = |elements, weight| GroupConfig { elements, weight };
    let groups = FrequencyConfig::Grouped(GroupedConfig {
        groups: vec![group(123, 1.0), group(1000, 0.5)],
    });
    let world = world(groups, Family::Abstract, RelationCount::Exactly(1));
    for class in Survey::of(&world, 10, |_| ()).ranks {
        let p = world.frequency().probability(class.hi_rank);
        assert!((class.expected / p - 1.0).abs() < 1e-9, "{class:?}");
    }
}

#[test]
fn what_is_counted_agrees_with_what_is_expected() {
    for world in worlds() {
        let survey = Survey::of(&world, 40_000, |_| ());
        for means in [&survey.floor_nats, &survey.tokens] {
            for mean in [
                means.syntax,
                means.subject,
                means.value,
                means.eos,
                means.document,
            ] {
                let Some(expected) = mean.expected else {
                    continue;
                };
                let off = deviations(mean.mean, mean.ci95, expected);
                assert!(off < 4.0, "{mean:?}: {off}");
            }
        }
        assert_eq!(survey.floor_nats.value.mean, 0.0);
        assert_eq!(survey.distinct.last().unwrap().n, 40_000);
        for at in &survey.distinct {
            let off = deviations(at.distinct as f64, at.distinct_ci95, at.expected);
            assert!(off < 4.0, "{at:?}: {off}");
        }
        let outside = |c: &&RankClass| {
            let [lo, hi] = c.frequency_ci95;
            !(lo..=hi).contains(&c.expected)
        };
        let outside = survey.ranks.iter().filter(outside).count();
        assert!(
            outside * 5 < survey.ranks.len(),
            "{outside} of {}",
            survey.ranks.len()
        );
    }
}

#[test]
fn the_bound_on_the_spread_of_distinct_subjects_holds_and_is_near() {
    // Stretches of 200 documents each, one after another.
    let [world, ..] = worlds();
    let (n, repeats) = (200, 2000);
    let counts: Vec<f64> = (0..repeats)
        .map(|k| {
            let of = |d: u64| world.document(k * n + d).facts[0].element;
            (0..n).map(of).collect::<HashSet<u64>>().len() as f64
        })
        .collect();
    let mean = counts.iter().sum::<f64>() / repeats as f64;
    let variance = counts.iter().map(|c| (c - mean).powi(2)).sum::<f64>() / repeats as f64;
    let bound = expected_distinct(world.frequency(), 2.0 * n as f64)
        - expected_distinct(world.frequency(), n as f64);
    let [lo, hi] = distinct(&world, n, 100).distinct_ci95;
    assert!(((hi - lo) / 2.0 / Z95 - bound.sqrt()).abs() < 1e-9);
    // The variance of a variance: a relative error of √(2/2000) = 3 %.
    assert!(
        variance < 1.1 * bound && variance > 0.5 * bound,
        "{variance} {bound}"
    );
}

#[test]
fn of_a_single_document_there_is_no_interval() {
    let [world, ..] = worlds();
    let survey = Survey::of(&world, 1, |_| ());
    assert!(
        survey
            .floor_nats
            .document
            .ci95
            .iter()
            .all(|end| end.is_nan())
    );
    assert_eq!(survey.distinct.len(), 1);
    assert_eq!(survey.distinct[0].distinct, 1);
}

#[test]
fn milestones_hold_every_power_of_ten() {
    assert_eq!(milestones(1), [1]);
    assert_eq!(milestones(10), [1, 2, 3, 4, 6, 7, 10]);
    let numbers = milestones(2_000_000);
    assert!((0..7).all(|k| numbers.contains(&10_u64.pow(k))));
    assert_eq!(numbers.last(), Some(&2_000_000));
    assert!(numbers.windows(2).all(|pair| pair[0] < pair[1]));
}

#[test]
fn shares_have_intervals_that_hold_for_few() {
    // Wilson's interval for 0 and 5 of 10 (Newcombe 1998 has the method).
    let [lo, hi] = wilson(0.0, 10.0);
    assert!(lo < 1e-15 && (hi - 0.2775).abs() < 1e-4, "{lo} {hi}");
    let [lo, hi] = wilson(5.0, 10.0);
    assert!(
        (lo - 0.2366).abs() < 1e-4 && (hi - 0.7634).abs() < 1e-4,
        "{lo} {hi}"
    );
}
