//! The entropy of a document: what no predictor can do without, by where it comes from.
//!
//! The subject is one draw of p, whatever the number of its relations that are stated, and the values
//! follow from it: a predictor that knows the world pays nothing for them.
//!
//! The split is by origin, not by the role of tokens: where a template puts its subject is a matter of
//! syntax, but it is a token of the name that tells. Compare the total with a measured loss.

use kolmo_world::World;

/// Entropy of one document by origin, nats.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DocumentEntropy {
    /// H(p): which subject.
    pub subject: f64,
    /// Which relations in which order, and their wording: templates and fillers.
    pub syntax: f64,
    /// Expected number of syntax tokens in a document.
    pub syntax_tokens: f64,
}

impl DocumentEntropy {
    /// The entropy of the documents of `world`.
    pub fn of(world: &World) -> Self {
        let draw = world.relation_draw();
        let relations = || 0..world.relations().len();
        let wording = relations().map(|r| draw.inclusion(r) * world.syntax().class(r).entropy());
        let tokens = relations().map(|r| draw.inclusion(r) * world.syntax().mean_syntax_tokens(r));
        Self {
            subject: world.frequency().entropy(),
            syntax: draw.entropy() + wording.sum::<f64>(),
            syntax_tokens: tokens.sum(),
        }
    }

    /// Entropy of the whole document.
    pub fn document(&self) -> f64 {
        self.subject + self.syntax
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use kolmo_world::{
        WorldConfig,
        config::{FrequencyConfig, RelationCount, ZipfConfig},
    };

    use super::*;

    #[test]
    fn the_entropy_is_that_of_the_documents_drawn() {
        let config = WorldConfig {
            frequency: FrequencyConfig::Zipf(ZipfConfig {
                elements: 5,
                exponent: 1.0,
                bias: 0.0,
            }),
            relations_per_document: RelationCount::Exactly(1),
            ..WorldConfig::default()
        };
        let world = World::new(&config, 2).unwrap();
        let n = 400_000;
        let (mut counts, mut tokens) = (HashMap::<_, f64>::new(), 0.0);
        for d in 0..n {
            let document = world.document(d);
            let syntax = document.roles.iter().filter(|r| r.name() == "syntax");
            tokens += syntax.count() as f64;
            *counts.entry(document.tokens).or_default() += 1.0;
        }
        let n = n as f64;
        let plug_in: f64 = counts.values().map(|c| -(c / n) * (c / n).ln()).sum();
        // Miller-Madow: the plug-in entropy is low by (outcomes − 1) / 2n.
        let measured = plug_in + (counts.len() as f64 - 1.0) / (2.0 * n);
        let second: f64 = counts.values().map(|c| c / n * (c / n).ln().powi(2)).sum();
        let error = ((second - plug_in.powi(2)) / n).sqrt();
        let entropy = DocumentEntropy::of(&world);
        let deviation = (measured - entropy.document()).abs();
        assert!(deviation < 4.0 * error, "{measured} {entropy:?} ± {error}");
        assert!((tokens / n - entropy.syntax_tokens).abs() < 0.01);
    }
}
