//! A law that no configuration can name: the first half of the elements has one frequency, the others another.

use kolmo_world::{
    World, WorldConfig, WorldError,
    frequency::{Law, Process, Tail, Weights},
    random::{Random, Streams},
};
use rand::RngExt;

use crate::suite::check;

/// `half` elements of weight `first` and as many of weight `second`, which is no greater.
#[derive(Debug, Clone, PartialEq)]
struct TwoStep {
    half: u64,
    first: f64,
    second: f64,
}

impl Law for TwoStep {
    fn label(&self, number: &dyn Fn(f64) -> String) -> String {
        format!("two steps of {}", number(self.first / self.second))
    }

    fn elements_key(&self) -> &'static str {
        "world.frequency.half"
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

    /// None of an odd number.
    fn with_elements(&self, elements: u64) -> Option<Self> {
        elements.is_multiple_of(2).then(|| Self {
            half: elements / 2,
            ..self.clone()
        })
    }

    fn weights(&self, _streams: &Streams) -> Result<Box<dyn Weights>, WorldError> {
        if !(self.first >= self.second && self.second > 0.0) {
            return Err(WorldError::Invalid {
                key: "world.frequency.second".to_owned(),
                value: self.second.to_string(),
                valid: "above 0 and at most world.frequency.first".to_owned(),
            });
        }
        let all = (self.first + self.second) * self.half as f64;
        Ok(Box::new(Steps {
            half: self.half,
            p: [self.first / all, self.second / all],
        }))
    }
}

#[derive(Debug)]
struct Steps {
    half: u64,
    p: [f64; 2],
}

impl Weights for Steps {
    fn elements(&self) -> u64 {
        2 * self.half
    }

    fn max_elements(&self) -> u64 {
        2 * self.half
    }

    fn sample(&self, random: &mut Random) -> u64 {
        let is_first = random.random::<f64>() < self.p[0] * self.half as f64;
        random.random_range(0..self.half) + if is_first { 0 } else { self.half }
    }

    fn probability(&self, rank: u64) -> f64 {
        self.p[usize::from(rank > self.half)]
    }

    fn element(&self, rank: u64) -> u64 {
        rank - 1
    }

    fn rank(&self, element: u64) -> u64 {
        element + 1
    }

    fn sum(&self, lo: u64, hi: u64, f: &dyn Fn(f64) -> f64) -> f64 {
        let first = (hi.min(self.half) + 1).saturating_sub(lo);
        let second = hi + 1 - lo - first;
        first as f64 * f(self.p[0]) + second as f64 * f(self.p[1])
    }

    fn group_ends(&self) -> Option<Vec<u64>> {
        Some(vec![self.half, 2 * self.half])
    }

    fn tail(&self) -> Option<Tail> {
        None
    }
}

fn law(first: f64, second: f64) -> TwoStep {
    TwoStep {
        half: 1500,
        first,
        second,
    }
}

#[test]
fn two_steps_are_a_law() {
    check(&law(5.0, 1.0));
    check(&law(1.0, 1.0));
}

#[test]
fn a_world_has_a_law_that_no_configuration_names() {
    let world = |law, seed| World::with_law(&WorldConfig::default(), Box::new(law), seed);
    let (one, other) = (
        world(law(5.0, 1.0), 1).unwrap(),
        world(law(5.0, 1.0), 2).unwrap(),
    );
    assert_ne!(one.batch(0, 4), other.batch(0, 4));
    assert_eq!(
        one.frequency().law().label(&|x| x.to_string()),
        "two steps of 5"
    );
    let error = world(law(1.0, 5.0), 1).unwrap_err().to_string();
    assert!(
        error.starts_with("world.frequency.second = 5 is not possible"),
        "{error}"
    );
    // The name space must hold them all: the message has the key of this law.
    let mut config = WorldConfig::default();
    config.names.pools = Some(vec![10, 10]);
    let error = World::with_law(&config, Box::new(law(5.0, 1.0)), 1).unwrap_err();
    let error = error.to_string();
    assert!(
        error.contains("a name for all of world.frequency.half"),
        "{error}"
    );
}
