//! Frequency classes: subjects of similar frequency, by rank.

use std::ops::RangeInclusive;

use kolmo_world::{Batch, Frequency, World};

/// A class of subjects, by rank.
#[derive(Debug, Clone, PartialEq)]
pub struct Class {
    /// First rank, from 1.
    pub lo_rank: u64,
    /// Last rank.
    pub hi_rank: u64,
    /// Probability that a document is about one of them.
    pub mass: f64,
    /// Facts there are about them.
    pub facts: u64,
}

/// Splits the subjects of `world` whose ranks are in `ranks` into at most `count` classes: the groups of a
/// `grouped` law, and classes with ends spaced evenly in the logarithm of the rank for every other law.
pub fn classes(world: &World, ranks: RangeInclusive<u64>, count: usize) -> Vec<Class> {
    classes_of(world.frequency(), world.relations().len(), ranks, count)
}

/// The same of other subjects, with as many relations each.
pub(crate) fn classes_of(
    frequency: &Frequency,
    relations: usize,
    ranks: RangeInclusive<u64>,
    count: usize,
) -> Vec<Class> {
    let (first, last) = (*ranks.start(), (*ranks.end()).min(frequency.elements()));
    let ends = match frequency.group_ends() {
        Some(groups) => {
            let inside = groups.into_iter().filter(|end| *end >= first);
            let mut ends: Vec<u64> = inside.map(|end| end.min(last)).collect();
            ends.dedup();
            ends
        }
        None => log_spaced_from(first, last, count),
    };
    let mut lo_rank = first;
    let mut classes = Vec::with_capacity(ends.len());
    for hi_rank in ends {
        classes.push(Class {
            lo_rank,
            hi_rank,
            mass: frequency.mass(lo_rank..=hi_rank),
            facts: (hi_rank + 1 - lo_rank) * relations as u64,
        });
        lo_rank = hi_rank + 1;
    }
    classes
}

/// The number of the class that each document of `batch` is about, that of classes for none.
pub fn of_documents(world: &World, classes: &[Class], batch: &Batch) -> Vec<u16> {
    let per_document = world.relation_draw().per_document();
    let subjects = batch.facts.iter().step_by(per_document);
    let class = |element| {
        let rank = world.frequency().rank(element);
        classes.partition_point(|class| class.hi_rank < rank) as u16
    };
    subjects.map(|fact| class(fact.element)).collect()
}

/// At most `count` different whole numbers from 1 to `last`, the last one included, evenly spaced in
/// their logarithm as far as whole numbers can be.
pub fn log_spaced(last: u64, count: usize) -> Vec<u64> {
    log_spaced_from(1, last, count)
}

/// The same from `first` on.
fn log_spaced_from(first: u64, last: u64, count: usize) -> Vec<u64> {
    let ratio = last as f64 / first as f64;
    let mut ends: Vec<u64> = (1..=count)
        .map(|k| (first as f64 * ratio.powf(k as f64 / count as f64)).round() as u64)
        .map(|end| end.clamp(first, last.max(first)))
        .collect();
    ends.dedup();
    ends
}

#[cfg(test)]
mod tests {
    use kolmo_world::{
        WorldConfig,
        config::{FrequencyConfig, GroupConfig, GroupedConfig},
    };
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn log_spaced_ends_rise_to_the_last(last in 1u64..1_000_000_000, count in 1usize..50) {
            let ends = log_spaced(last, count);
            prop_assert!(ends.len() <= count && ends[0] >= 1);
            prop_assert!(ends.windows(2).all(|pair| pair[0] < pair[1]));
            prop_assert_eq!(*ends.last().unwrap(), last);
        }
    }

    #[test]
    fn classes_cover_every_subject_once() {
        let world = World::new(&WorldConfig::default(), 1).unwrap();
        let classes = classes(&world, 1..=u64::MAX, 10);
        assert_eq!(classes.len(), 10);
        assert!((classes.iter().map(|c| c.mass).sum::<f64>() - 1.0).abs() < 1e-12);
        assert_eq!(classes.iter().map(|c| c.facts).sum::<u64>(), 80_000);
    }

    #[test]
    fn part_of_the_ranks_has_classes_of_its_own() {
        let world = World::new(&WorldConfig::default(), 1).unwrap();
        let part = classes(&world, 100..=999, 3);
        let ranks: Vec<_> = part.iter().map(|c| (c.lo_rank, c.hi_rank)).collect();
        assert_eq!(ranks, [(100, 215), (216, 464), (465, 999)]);
        let mass: f64 = part.iter().map(|c| c.mass).sum();
        assert!((mass - world.frequency().mass(100..=999)).abs() < 1e-15);
        assert_eq!(classes(&world, 7..=7, 3).len(), 1);
    }

    #[test]
    fn groups_are_classes() {
        let group = |elements, weight| GroupConfig { elements, weight };
        let config = WorldConfig {
            frequency: FrequencyConfig::Grouped(GroupedConfig {
                groups: vec![group(10, 1.0), group(500, 1.0)],
            }),
            ..WorldConfig::default()
        };
        let world = World::new(&config, 1).unwrap();
        let ends = |ranks| -> Vec<u64> {
            let classes = classes(&world, ranks, 7);
            classes.iter().map(|c| c.hi_rank).collect()
        };
        assert_eq!(ends(1..=u64::MAX), [10, 510]);
        assert_eq!(ends(3..=500), [10, 500]);
        assert_eq!(ends(20..=30), [30]);
    }
}
