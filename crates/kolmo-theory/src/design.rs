//! What to show: documents drawn otherwise than the facts are asked for.
//!
//! Who remembers every fact shown, and is shown element i with probability q_i in each of N documents, misses
//!
//! ```text
//! Σ_r w_r h_r Σ_i p_i exp(−N q_i ρ_r / τ)
//! ```
//!
//! nats of a fact asked with the natural probabilities p_i. τ ≥ 1 is the learner's clock: the documents that it needs for what the exact learner has
//! from one. The best q is q_i = max(0, ln(p_i / ν)) / N: reverse water-filling with the statements in place of capacity. It turns the data exponent 1 − 1/a of
//! a power law of exponent a into a − 1, and q ∝ p^t with a temperature t between 0 and 1 reaches most of it.

use kolmo_world::World;

use crate::{
    capacity::WaterFilling,
    discovery::{mean_content, relation_share},
};

/// The share of h that is missing after `documents` documents that show elements in proportion to p^`temperature`, of a learner with this
/// `clock`. A temperature of 1 is natural, of 0 uniform.
pub fn missing_share(world: &World, temperature: f64, documents: f64, clock: f64) -> f64 {
    let (frequency, draw) = (world.frequency(), world.relation_draw());
    let shown = |p: f64| p.powf(temperature);
    let total = frequency.sum(1..=frequency.elements(), shown);
    let content = mean_content(world);
    let relations = world.relations().iter().enumerate();
    let missing = relations.map(|(r, relation)| {
        let times = documents / clock * draw.inclusion(r);
        let left = |p: f64| p * (-times * shown(p) / total).exp();
        let worth = relation_share(world, r) * relation.mean_content();
        worth * frequency.sum(1..=frequency.elements(), left)
    });
    missing.sum::<f64>() / content
}

/// The least share of h that is missing after so many documents, whatever they show; none where facts differ in content, of which there is
/// no closed form here.
pub fn least_missing_share(world: &World, documents: f64, clock: f64) -> Option<f64> {
    let content = mean_content(world);
    let contents = world.relations().iter().map(|r| r.mean_content());
    let is_alike = contents
        .into_iter()
        .all(|other| (other / content - 1.0).abs() < 1e-12);
    let statements = documents / clock * world.relation_draw().per_document() as f64;
    // A fact shown x times still misses e^{−x}, as one of which h x nats are stored.
    is_alike.then(|| WaterFilling::new(world).value_loss(content * statements) / content)
}

#[cfg(test)]
mod tests {
    use kolmo_world::{
        WorldConfig,
        config::{FrequencyConfig, RelationConfig, ZipfConfig},
    };

    use super::*;

    fn world(exponent: f64) -> World {
        let relation = |name: &str| RelationConfig {
            name: name.to_owned(),
            values: Some(64),
            weight: 1.0,
        };
        let config = WorldConfig {
            frequency: FrequencyConfig::Zipf(ZipfConfig {
                elements: 20_000,
                exponent,
                bias: 0.0,
            }),
            relations: ["a", "b", "c", "d"].map(relation).to_vec(),
            ..WorldConfig::default()
        };
        World::new(&config, 1).unwrap()
    }

    #[test]
    fn temperatures_leave_what_was_counted_out() {
        // By an independent sum over all elements.
        let table = [
            (1.3, 51_200.0, [0.207, 0.194, 0.285, 0.758, 0.971]),
            (1.3, 819_200.0, [0.088, 0.057, 0.049, 0.089, 0.628]),
            (1.5, 51_200.0, [0.108, 0.086, 0.119, 0.616, 0.971]),
            (1.5, 819_200.0, [0.0395, 0.0211, 0.0144, 0.0289, 0.628]),
            (2.0, 819_200.0, [0.0071, 0.0023, 0.0007, 0.0011, 0.628]),
        ];
        for (exponent, documents, expected) in table {
            let world = world(exponent);
            let least = least_missing_share(&world, documents, 22.0).unwrap();
            for (temperature, expected) in [1.0, 0.75, 0.5, 0.25, 0.0].into_iter().zip(expected) {
                let found = missing_share(&world, temperature, documents, 22.0);
                let digit = if expected < 0.045 { 6e-5 } else { 6e-4 };
                assert!(
                    (found - expected).abs() < digit,
                    "{exponent} {documents} {temperature}: {found}"
                );
                assert!(
                    least < found,
                    "{exponent} {documents} {temperature}: {least} {found}"
                );
            }
        }
    }

    #[test]
    fn the_best_design_is_what_a_search_finds() {
        let (world, statements) = (world(1.5), 1e5);
        let p: Vec<f64> = (1..=20_000)
            .map(|i| world.frequency().probability(i) / 4.0)
            .collect();
        // A level that spends all statements.
        let spent = |level: f64| -> f64 { p.iter().map(|p| 4.0 * (p / level).ln().max(0.0)).sum() };
        let (mut lo, mut hi) = (1e-12, 1.0);
        for _ in 0..200 {
            let middle = f64::sqrt(lo * hi);
            match spent(middle) > statements {
                true => lo = middle,
                false => hi = middle,
            }
        }
        let left: f64 = p.iter().map(|p| 4.0 * p.min(hi)).sum();
        let found = least_missing_share(&world, statements, 1.0).unwrap();
        assert!((found / left - 1.0).abs() < 1e-9, "{found} {left}");
    }
}
