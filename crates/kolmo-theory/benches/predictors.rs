//! How many documents a second the exact predictors read on one core.
//!
//!     cargo bench -p kolmo-theory

#![allow(clippy::print_stdout, clippy::unwrap_used, missing_docs)]

use std::time::Instant;

use kolmo_config::Discount;
use kolmo_theory::{BayesLearner, Floor};
use kolmo_world::{
    Document, World, WorldConfig,
    config::{Family, FrequencyConfig, RelationCount, ZipfConfig},
};

const DOCUMENTS: u64 = 200_000;

fn main() {
    let frequency = FrequencyConfig::Zipf(ZipfConfig {
        elements: 1_000_000,
        exponent: 1.5,
        bias: 0.0,
    });
    for (name, family, stated) in [
        ("abstract, one fact a document", Family::Abstract, 1),
        ("biography, one fact a document", Family::Biography, 1),
        ("biography, six facts a document", Family::Biography, 6),
    ] {
        let config = WorldConfig {
            family,
            frequency: frequency.clone(),
            relations_per_document: RelationCount::Exactly(stated),
            ..WorldConfig::default()
        };
        let world = World::new(&config, 1).unwrap();
        let documents: Vec<Document> = (0..DOCUMENTS).map(|n| world.document(n)).collect();
        println!("{name}");
        let (mut floor, mut nats) = (Floor::by_role(&world), Vec::new());
        time("knowing the world", stated, &documents, |document| {
            floor.read(document, &mut nats);
        });
        for discount in [Discount::Law, Discount::Fit] {
            let mut learner = BayesLearner::new(&world, discount);
            let name = format!("Bayes learner, {discount:?}");
            time(&name, stated, &documents, |document| {
                learner.read(document, &mut nats);
            });
        }
    }
}

fn time(name: &str, stated: usize, documents: &[Document], read: impl FnMut(&Document)) {
    let start = Instant::now();
    documents.iter().for_each(read);
    let rate = (documents.len() * stated) as f64 / start.elapsed().as_secs_f64();
    println!("  {name:20} {rate:>9.0} sentences/s");
}
