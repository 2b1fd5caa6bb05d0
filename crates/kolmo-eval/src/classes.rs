//! Frequency classes: subjects of similar frequency, by rank.

use kolmo_world::World;

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

/// Splits the subjects of `world` into at most `count` classes: the groups of a `grouped` law, and
/// classes with ends spaced evenly in the logarithm of the rank for every other law.
pub fn classes(world: &World, count: usize) -> Vec<Class> {
    let frequency = world.frequency();
    let ends = frequency
        .group_ends()
        .unwrap_or_else(|| log_spaced(frequency.elements(), count));
    let mut lo_rank = 1;
    let mut classes = Vec::with_capacity(ends.len());
    for hi_rank in ends {
        classes.push(Class {
            lo_rank,
            hi_rank,
            mass: frequency.mass(lo_rank..=hi_rank),
            facts: (hi_rank + 1 - lo_rank) * world.relations().len() as u64,
        });
        lo_rank = hi_rank + 1;
    }
    classes
}

/// At most `count` different whole numbers from 1 to `last`, the last one included, evenly spaced in
/// their logarithm as far as whole numbers can be.
pub fn log_spaced(last: u64, count: usize) -> Vec<u64> {
    let mut ends: Vec<u64> = (1..=count)
        .map(|k| (last as f64).powf(k as f64 / count as f64).round() as u64)
        .map(|end| end.clamp(1, last))
        .collect();
    ends.dedup();
    ends
}

#[cfg(test)]
mod tests {
    use kolmo_world::{WorldConfig, config::FrequencyConfig, config::GroupConfig};
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
        let classes = classes(&world, 10);
        assert_eq!(classes.len(), 10);
        assert!((classes.iter().map(|c| c.mass).sum::<f64>() - 1.0).abs() < 1e-12);
        assert_eq!(classes.iter().map(|c| c.facts).sum::<u64>(), 80_000);
    }

    #[test]
    fn groups_are_classes() {
        let group = |elements, weight| GroupConfig { elements, weight };
        let config = WorldConfig {
            frequency: FrequencyConfig::Grouped {
                groups: vec![group(10, 1.0), group(500, 1.0)],
            },
            ..WorldConfig::default()
        };
        let world = World::new(&config, 1).unwrap();
        let ends: Vec<u64> = classes(&world, 7).iter().map(|c| c.hi_rank).collect();
        assert_eq!(ends, [10, 510]);
    }
}
