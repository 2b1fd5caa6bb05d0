//! Groups of equally frequent elements, as in threshold-frequency experiments (Gu et al. 2025).

use rand::RngExt;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Law, MAX_ELEMENTS, Process, Tail, Weights};
use crate::{
    error::{WEIGHTS, WorldError},
    random::{Random, Streams},
};

/// Each group is a class of its own, measured apart.
const MOST_GROUPS: usize = 1000;

const KEY: &str = "world.frequency.groups";

/// `law = "grouped"`: groups of equally frequent elements.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GroupedConfig {
    /// The groups, in any order.
    pub groups: Vec<GroupConfig>,
}

/// One group of a `grouped` law.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GroupConfig {
    /// Number of elements of the group.
    pub elements: u64,
    /// Frequency of the group as a whole, relative to the other groups.
    pub weight: f64,
}

impl Law for GroupedConfig {
    fn label(&self, _number: &dyn Fn(f64) -> String) -> String {
        "grouped".to_owned()
    }

    fn elements_key(&self) -> &'static str {
        KEY
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

    fn with_elements(&self, _elements: u64) -> Option<Self> {
        None
    }

    fn weights(&self, _streams: &Streams) -> Result<Box<dyn Weights>, WorldError> {
        Ok(Box::new(Grouped::new(&self.groups)?))
    }
}

/// A law of a few groups.
#[derive(Debug)]
struct Grouped {
    /// By falling frequency of an element.
    groups: Vec<Group>,
}

#[derive(Debug)]
struct Group {
    /// Rank of the last element.
    end: u64,
    elements: u64,
    /// Probability of one element.
    p: f64,
    /// Probability of this group and those before it.
    cumulative: f64,
}

impl Grouped {
    fn new(groups: &[GroupConfig]) -> Result<Self, WorldError> {
        WorldError::require(
            (1..=MOST_GROUPS).contains(&groups.len()),
            KEY,
            format!("{} groups", groups.len()),
            &format!("1 to {MOST_GROUPS} groups"),
        )?;
        for (k, group) in groups.iter().enumerate() {
            WorldError::require(
                (1..=MAX_ELEMENTS).contains(&group.elements),
                &format!("{KEY}[{k}].elements"),
                group.elements,
                "1 to 1000000000",
            )?;
            WorldError::require(
                WEIGHTS.contains(&group.weight),
                &format!("{KEY}[{k}].weight"),
                group.weight,
                "0.000001 to 1000000",
            )?;
        }
        let elements: u64 = groups.iter().map(|g| g.elements).sum();
        WorldError::require(
            elements <= MAX_ELEMENTS,
            KEY,
            format!("{elements} elements in all"),
            "at most 1000000000 in all",
        )?;

        let total: f64 = groups.iter().map(|g| g.weight).sum();
        let mut by_frequency: Vec<(u64, f64)> = groups
            .iter()
            .map(|g| (g.elements, g.weight / total / g.elements as f64))
            .collect();
        by_frequency.sort_by(|a, b| b.1.total_cmp(&a.1));
        let (mut end, mut cumulative) = (0, 0.0);
        let groups = by_frequency
            .into_iter()
            .map(|(elements, p)| {
                end += elements;
                cumulative += p * elements as f64;
                Group {
                    end,
                    elements,
                    p,
                    cumulative,
                }
            })
            .collect();
        Ok(Self { groups })
    }
}

impl Weights for Grouped {
    fn elements(&self) -> u64 {
        self.groups.last().map_or(0, |g| g.end)
    }

    fn max_elements(&self) -> u64 {
        self.elements()
    }

    fn sample(&self, random: &mut Random) -> u64 {
        let u: f64 = random.random();
        let last = self.groups.len() - 1;
        let k = self.groups.partition_point(|g| g.cumulative <= u).min(last);
        let group = &self.groups[k];
        group.end - 1 - random.random_range(0..group.elements)
    }

    fn probability(&self, rank: u64) -> f64 {
        let k = self.groups.partition_point(|g| g.end < rank);
        self.groups.get(k).map_or(0.0, |g| g.p)
    }

    fn element(&self, rank: u64) -> u64 {
        rank - 1
    }

    fn rank(&self, element: u64) -> u64 {
        element + 1
    }

    fn sum(&self, lo: u64, hi: u64, f: &dyn Fn(f64) -> f64) -> f64 {
        self.groups
            .iter()
            .map(|g| {
                let from = lo.max(g.end - g.elements + 1);
                let to = hi.min(g.end);
                if from > to {
                    0.0
                } else {
                    (to - from + 1) as f64 * f(g.p)
                }
            })
            .sum()
    }

    fn group_ends(&self) -> Option<Vec<u64>> {
        Some(self.groups.iter().map(|g| g.end).collect())
    }

    fn tail(&self) -> Option<Tail> {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_are_ordered_by_the_frequency_of_an_element() {
        let group = |elements, weight| GroupConfig { elements, weight };
        let law = Grouped::new(&[group(90, 1.0), group(10, 1.0)]).unwrap();
        assert_eq!(law.group_ends(), Some(vec![10, 100]));
        assert!((law.probability(10) - 0.05).abs() < 1e-15);
        assert!((law.probability(11) - 0.5 / 90.0).abs() < 1e-15);
        assert!((law.sum(6, 55, &|p| p) - 0.5).abs() < 1e-12);
    }
}
