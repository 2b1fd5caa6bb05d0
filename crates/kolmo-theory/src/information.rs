//! How many nats a model knows of facts, from what it loses on them.
//!
//! Allen-Zhu & Li (2024) and our own pilot count Σ_i max(h_i − ℓ_i, 0). Of a model that knows nothing and
//! guesses, each time another value, with much confidence, that is far above zero: where it happens to be right it
//! gains up to h, and where it is wrong nothing is taken off. With a large share of rare facts most of the sum is such
//! luck. What the answers are worth to somebody who knows how far to trust them is
//!
//! ```text
//! I = max_{0 ≤ ε ≤ 1} Σ_i ln[ (1 − ε) e^{h_i − ℓ_i} + ε ]
//! ```
//!
//! which is what a code saves over the uniform one if it mixes the model's answer with it. For one ε it is, in
//! expectation, at most the mutual information of values and model (Gibbs), so that luck averages out; it is never below
//! 0, and Σ (h − ℓ) where the model knows what it knows. Facts of one frequency class share an ε.

/// Nats known of facts: `gains` has, of each, how many of its like it stands for and h − ℓ, nats.
///
/// Not a number if a gain is none.
pub fn known(gains: &[(f64, f64)]) -> f64 {
    let ratios: Vec<(f64, f64)> = gains
        .iter()
        .map(|(weight, gain)| (*weight, gain.exp()))
        .collect();
    // Concave in ε, so its slope tells on which side of a point the best one is.
    let slope = |epsilon: f64| -> f64 {
        let terms = ratios
            .iter()
            .map(|(weight, ratio)| weight * (1.0 - ratio) / ((1.0 - epsilon) * ratio + epsilon));
        terms.sum()
    };
    let (mut lo, mut hi) = (0.0, 1.0);
    for _ in 0..50 {
        let middle = (lo + hi) / 2.0;
        match slope(middle) > 0.0 {
            true => lo = middle,
            false => hi = middle,
        }
    }
    let saved = |epsilon: f64| -> f64 {
        let terms = ratios
            .iter()
            .map(|(weight, ratio)| weight * ((1.0 - epsilon) * ratio + epsilon).ln());
        terms.sum()
    };
    // Either end may be the best. A number that is none stays.
    let inside = saved((lo + hi) / 2.0);
    if inside.is_nan() {
        inside
    } else {
        inside.max(saved(0.0)).max(0.0)
    }
}

#[cfg(test)]
mod tests {
    use kolmo_world::random::Streams;
    use rand::{Rng, RngExt};

    use super::*;

    const VALUES: usize = 32;
    const FACTS: usize = 20_000;

    /// h − ℓ of a model that knows a `share` of the facts and cannot tell which: it gives a value, the right one if it
    /// knows, the probability `trust`, and the others the rest alike.
    fn gains(share: f64, trust: f64, random: &mut impl Rng) -> Vec<(f64, f64)> {
        let h = (VALUES as f64).ln();
        let fact = |_| {
            let right = random.random::<f64>() < share || random.random_range(0..VALUES) == 0;
            let probability = match right {
                true => trust,
                false => (1.0 - trust) / (VALUES - 1) as f64,
            };
            (1.0, h + probability.ln())
        };
        (0..FACTS).map(fact).collect()
    }

    /// Mutual information of a value and such an answer, nats a fact.
    fn information(share: f64) -> f64 {
        let values = VALUES as f64;
        let right = share + (1.0 - share) / values;
        let wrong = (1.0 - right) / (values - 1.0);
        values.ln() + right * right.ln() + (values - 1.0) * wrong * wrong.max(1e-300).ln()
    }

    #[test]
    fn it_is_the_mutual_information_of_answers_of_like_trust() {
        let mut random = Streams::new(1).stream("test").at(0);
        for share in [0.0, 0.05, 0.3, 0.9] {
            for trust in [0.5, 0.9, 0.999] {
                let known = known(&gains(share, trust, &mut random)) / FACTS as f64;
                let expected = information(share);
                // The rate of right answers has a standard error of at most 0.5 / sqrt(20 000), and a right answer
                // is worth at most h more; a maximum over one number is above its expectation by some 1 / FACTS.
                let error = 4.0 * (VALUES as f64).ln() * 0.5 / (FACTS as f64).sqrt();
                assert!(
                    known < expected + error,
                    "{share} {trust}: {known} {expected}"
                );
                // Mixing takes confidence away and adds none.
                let is_modest = trust < share;
                assert!(
                    is_modest || known > expected - error,
                    "{share} {trust}: {known} {expected}"
                );
            }
        }
    }

    #[test]
    fn luck_is_not_knowledge() {
        let mut random = Streams::new(1).stream("test").at(1);
        let gains = gains(0.0, 0.5, &mut random);
        let clipped: f64 = gains.iter().map(|(_, gain)| gain.max(0.0)).sum();
        // One in 32 is right and gains ln 16: 0.087 nats a fact, of which nothing is known.
        assert!(clipped / FACTS as f64 > 0.08);
        // Twice this is χ² of one degree of freedom or 0: below 8 but for one in 200 such draws.
        assert!(known(&gains) < 4.0, "{}", known(&gains));
    }

    #[test]
    fn what_is_certain_is_counted_whole() {
        let h = (VALUES as f64).ln();
        let all = vec![(3.0, h); 10];
        assert!((known(&all) - 30.0 * h).abs() < 1e-9);
        assert_eq!(known(&[(1.0, 0.0); 10]), 0.0);
        assert_eq!(known(&[(1.0, f64::NEG_INFINITY); 10]), 0.0);
        assert_eq!(known(&[]), 0.0);
        assert!(known(&[(1.0, f64::NAN)]).is_nan());
    }
}
