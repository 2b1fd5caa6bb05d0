//! Which relations a document states: k of R, drawn one after another without replacement, each
//! time with probability proportional to the weights left.

use rand::RngExt;

use crate::random::Random;

/// The draw of the relations of one document.
#[derive(Debug, Clone)]
pub struct RelationDraw {
    weights: Vec<f64>,
    per_document: usize,
    inclusion: Vec<f64>,
    entropy: f64,
}

impl RelationDraw {
    /// The most relations a world can have: the exact inclusion probabilities walk all subsets.
    pub const MAX_RELATIONS: usize = 16;

    /// `per_document` relations out of `weights.len()`; weights positive and finite, as validated by
    /// [`WorldConfig`](crate::WorldConfig).
    pub(crate) fn new(weights: &[f64], per_document: usize) -> Self {
        let total: f64 = weights.iter().sum();
        let weights: Vec<f64> = weights.iter().map(|w| w / total).collect();
        let (inclusion, entropy) = walk_subsets(&weights, per_document);
        Self {
            weights,
            per_document,
            inclusion,
            entropy,
        }
    }

    /// How many relations a document states, k.
    pub fn per_document(&self) -> usize {
        self.per_document
    }

    /// q_r: the probability that relation `r` is the first one stated.
    pub fn weight(&self, r: usize) -> f64 {
        self.weights[r]
    }

    /// ρ_r: the probability that a document states relation `r` at all. For k = 1 it is q_r.
    pub fn inclusion(&self, r: usize) -> f64 {
        self.inclusion[r]
    }

    /// Entropy of the sequence of relations of one document, nats. For k = 1 it is H(q).
    pub fn entropy(&self) -> f64 {
        self.entropy
    }

    /// The sets of relations stated already when another one is drawn, a bit each, with the probability
    /// that a document comes by each.
    pub fn sets(&self) -> Vec<(u16, f64)> {
        let sets = sets(&self.weights, self.per_document).into_iter();
        sets.map(|(set, p)| (set as u16, p)).collect()
    }

    /// Draws the relations of a document, in the order they are stated.
    pub fn draw(&self, random: &mut Random, into: &mut Vec<u32>) {
        into.clear();
        for _ in 0..self.per_document {
            let left: f64 = (0..self.weights.len())
                .filter(|r| !into.contains(&(*r as u32)))
                .map(|r| self.weights[r])
                .sum();
            let mut u = random.random::<f64>() * left;
            let mut chosen = None;
            for r in 0..self.weights.len() {
                if into.contains(&(r as u32)) {
                    continue;
                }
                // The last relation left takes what rounding leaves over.
                chosen = Some(r as u32);
                u -= self.weights[r];
                if u < 0.0 {
                    break;
                }
            }
            into.extend(chosen);
        }
    }
}

/// Exact inclusion probabilities and sequence entropy.
fn walk_subsets(weights: &[f64], per_document: usize) -> (Vec<f64>, f64) {
    let mut inclusion = vec![0.0; weights.len()];
    let mut entropy = 0.0;
    for (set, reached) in sets(weights, per_document) {
        for (r, p) in next(weights, set) {
            inclusion[r] += reached * p;
            entropy -= reached * p * p.ln();
        }
    }
    // Sums of many probabilities may pass 1 by a rounding error.
    (inclusion.into_iter().map(|p| p.min(1.0)).collect(), entropy)
}

/// The sets of relations stated already when another one is drawn, a bit each, with the probability
/// that a document comes by each: P(S) flows from each set to the sets with one relation more.
fn sets(weights: &[f64], per_document: usize) -> Vec<(usize, f64)> {
    let mut reached = vec![0.0; 1 << weights.len()];
    reached[0] = 1.0;
    let mut sets = Vec::new();
    // A set is numerically smaller than every set that contains it, so one ascending pass suffices.
    for set in 0..reached.len() {
        if reached[set] == 0.0 || set.count_ones() as usize >= per_document {
            continue;
        }
        for (r, p) in next(weights, set) {
            reached[set | 1 << r] += reached[set] * p;
        }
        sets.push((set, reached[set]));
    }
    sets
}

/// The relations that can follow `set`, with their probabilities.
fn next(weights: &[f64], set: usize) -> impl Iterator<Item = (usize, f64)> {
    let outside = move |r: &usize| set & (1 << r) == 0;
    let left: f64 = (0..weights.len()).filter(outside).map(|r| weights[r]).sum();
    let outside = (0..weights.len()).filter(outside);
    outside.map(move |r| (r, weights[r] / left))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Streams;

    #[test]
    fn one_relation_a_document_has_the_weights_as_inclusion() {
        let draw = RelationDraw::new(&[1.0, 3.0], 1);
        assert_eq!(draw.inclusion(0), 0.25);
        let expected = -(0.25f64 * 0.25f64.ln() + 0.75 * 0.75f64.ln());
        assert!((draw.entropy() - expected).abs() < 1e-15);
    }

    #[test]
    fn all_relations_are_always_included_in_every_order() {
        let draw = RelationDraw::new(&[1.0; 5], 5);
        for r in 0..5 {
            assert!((1.0 - draw.inclusion(r)) < 1e-12 && draw.inclusion(r) <= 1.0);
        }
        assert!((draw.entropy() - 120f64.ln()).abs() < 1e-12);
    }

    #[test]
    fn inclusion_agrees_with_a_simulation() {
        let draw = RelationDraw::new(&[5.0, 2.0, 1.0, 1.0], 2);
        let (n, mut counts, mut into) = (100_000, [0u32; 4], Vec::new());
        let mut random = Streams::new(3).stream("test").at(0);
        for _ in 0..n {
            draw.draw(&mut random, &mut into);
            assert!(into.len() == 2 && into[0] != into[1]);
            into.iter().for_each(|r| counts[*r as usize] += 1);
        }
        for (r, count) in counts.iter().enumerate() {
            let p = draw.inclusion(r);
            let error = (p * (1.0 - p) / f64::from(n)).sqrt();
            assert!((f64::from(*count) / f64::from(n) - p).abs() < 4.0 * error);
        }
    }
}
