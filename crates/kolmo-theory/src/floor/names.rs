//! Names under the true frequencies: the mass of the subjects whose names begin alike.

use std::collections::HashMap;

use kolmo_world::{Token, World};

/// Probability of every beginning of a name, by the words it consists of.
#[derive(Debug)]
pub(super) struct NameMasses {
    masses: HashMap<Box<[Token]>, f64>,
}

impl NameMasses {
    /// Walks all subjects of `world`, from the rarest to the most frequent so that sums keep their
    /// digits.
    pub fn new(world: &World) -> Self {
        let (frequency, facts) = (world.frequency(), world.facts());
        let mut masses: HashMap<Box<[Token]>, f64> = HashMap::new();
        let (mut name, mut counts) = (Vec::new(), Vec::new());
        let lengths = facts.name_lengths();
        let may_go_on = lengths.start() < lengths.end();
        for rank in (1..=frequency.elements()).rev() {
            name.clear();
            facts.write_name(frequency.element(rank), &mut name);
            let p = frequency.probability(rank);
            let mut beginnings = 0..name.len();
            if may_go_on {
                facts.beginnings(&name, &mut counts);
                // Other names begin with it: whoever reads it so far may mean them.
                beginnings.end += usize::from(counts.last().is_some_and(|alike| *alike > 1.0));
            }
            for length in beginnings {
                match masses.get_mut(&name[..length]) {
                    Some(mass) => *mass += p,
                    None => {
                        masses.insert(name[..length].into(), p);
                    }
                }
            }
        }
        Self { masses }
    }

    /// −ln P of each word of `name`, whose bearer has probability `p`, given those before it.
    pub fn nats(&self, name: &[Token], p: f64) -> impl Iterator<Item = f64> {
        let mass = move |length: usize| match length {
            length if length == name.len() => p,
            length => self.masses.get(&name[..length]).copied().unwrap_or(0.0),
        };
        (1..=name.len()).map(move |length| (mass(length - 1) / mass(length)).ln().max(0.0))
    }
}
