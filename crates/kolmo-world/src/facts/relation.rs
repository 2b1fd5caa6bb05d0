//! A relation: the values that it can have, in which words, and how probable each is before anything is known of its subject.

use std::collections::{HashMap, HashSet};

use crate::{error::WorldError, vocabulary::Token};

/// One relation: its name, its values and their prior.
#[derive(Debug, Clone)]
pub struct Relation {
    name: String,
    values: Vec<Box<[Token]>>,
    prior: Prior,
    numbers: HashMap<Box<[Token]>, u32>,
    beginnings: HashSet<Box<[Token]>>,
}

/// How probable each value is.
#[derive(Debug, Clone)]
enum Prior {
    /// 1/V.
    Uniform,
    /// ln of the probability of each.
    Weighted {
        ln: Vec<f64>,
        entropy: f64,
        most: f64,
    },
}

impl Relation {
    /// A relation called `name` over `values`, each a sequence of tokens, all alike in probability.
    ///
    /// # Errors
    /// No value, one without words, one that is there twice, or one that another begins with: where it ends could not be told.
    pub fn uniform(name: &str, values: Vec<Box<[Token]>>) -> Result<Self, WorldError> {
        Self::new(name, values, Prior::Uniform)
    }

    /// The same with a weight for each value, to which its probability is in proportion.
    ///
    /// # Errors
    /// As of [`uniform`](Self::uniform); a weight that is not above 0 and finite, or not one weight for each value.
    pub fn weighted(
        name: &str,
        values: Vec<Box<[Token]>>,
        weights: &[f64],
    ) -> Result<Self, WorldError> {
        WorldError::require(
            weights.len() == values.len(),
            &key(name),
            format!("{} weights", weights.len()),
            &format!("a weight for each of its {} values", values.len()),
        )?;
        let total: f64 = weights.iter().sum();
        let wrong = |w: &&f64| !(**w > 0.0 && **w / total > 0.0 && total.is_finite());
        if let Some(weight) = weights.iter().find(wrong) {
            let valid = "weights above 0 with a finite sum, of which each is a share above 0";
            return Err(WorldError::invalid(key(name), weight, valid));
        }
        let ln: Vec<f64> = weights.iter().map(|w| (w / total).ln()).collect();
        let prior = Prior::Weighted {
            // Of a single value it is -0.
            entropy: ln.iter().map(|ln| -ln.exp() * ln).sum::<f64>() + 0.0,
            most: weights.iter().fold(0.0, |most: f64, w| most.max(w / total)),
            ln,
        };
        Self::new(name, values, prior)
    }

    fn new(name: &str, values: Vec<Box<[Token]>>, prior: Prior) -> Result<Self, WorldError> {
        WorldError::require(
            !values.is_empty() && values.len() <= u32::MAX as usize,
            &key(name),
            format!("{} values", values.len()),
            "1 to 4294967295 values",
        )?;
        let numbers: HashMap<Box<[Token]>, u32> = values.iter().cloned().zip(0..).collect();
        let beginnings: HashSet<Box<[Token]>> = values
            .iter()
            .flat_map(|tokens| (1..tokens.len()).map(|k| Box::from(&tokens[..k])))
            .collect();
        let last = |v: &usize| numbers.get(&values[*v]) != Some(&(*v as u32));
        let unclear = |v: &usize| values[*v].is_empty() || beginnings.contains(&values[*v]);
        let wrong = (0..values.len()).find(|v| last(v) || unclear(v));
        if let Some(value) = wrong {
            let valid =
                "values of one word or more, no two alike, and none with which another begins";
            return Err(WorldError::invalid(
                key(name),
                format!("value {value}"),
                valid,
            ));
        }
        Ok(Self {
            name: name.to_owned(),
            values,
            prior,
            numbers,
            beginnings,
        })
    }

    /// Name of the relation, as in the configuration.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// V_r, the number of values.
    pub fn value_count(&self) -> usize {
        self.values.len()
    }

    /// Whether all values are equally probable.
    pub fn is_uniform(&self) -> bool {
        match self.prior {
            Prior::Uniform => true,
            Prior::Weighted { .. } => false,
        }
    }

    /// ln P of value number `value` before anything is known of the subject, nats: −ln V_r where all are alike.
    pub fn ln_prior(&self, value: u32) -> f64 {
        match &self.prior {
            Prior::Uniform => -(self.values.len() as f64).ln(),
            Prior::Weighted { ln, .. } => ln[value as usize],
        }
    }

    /// h, the content of a fact that has value number `value`, nats: −ln P of it.
    pub fn content(&self, value: u32) -> f64 {
        -self.ln_prior(value)
    }

    /// h_r, the expected content of a fact, nats: the entropy of the prior, ln V_r where all values are alike.
    pub fn mean_content(&self) -> f64 {
        match self.prior {
            Prior::Uniform => (self.values.len() as f64).ln(),
            Prior::Weighted { entropy, .. } => entropy,
        }
    }

    /// The contents that facts have, nats, and the probability of each: one for each that differs.
    pub fn contents(&self) -> Vec<(f64, f64)> {
        let Prior::Weighted { ln, .. } = &self.prior else {
            return vec![(self.mean_content(), 1.0)];
        };
        let mut sorted = ln.clone();
        sorted.sort_unstable_by(f64::total_cmp);
        let alike = sorted.chunk_by(|a, b| a == b);
        alike
            .map(|of| (-of[0], of[0].exp() * of.len() as f64))
            .collect()
    }

    /// The probability that the best guess at a value of which nothing is known is right: of the most probable one.
    pub fn best_guess(&self) -> f64 {
        match self.prior {
            Prior::Uniform => 1.0 / self.values.len() as f64,
            Prior::Weighted { most, .. } => most,
        }
    }

    /// A number in proportion to the probability of value number `value`: 1 where all are alike, and else the probability itself.
    pub fn weight(&self, value: u32) -> f64 {
        match &self.prior {
            Prior::Uniform => 1.0,
            Prior::Weighted { ln, .. } => ln[value as usize].exp(),
        }
    }

    /// The tokens of value number `value`.
    pub fn tokens(&self, value: u32) -> &[Token] {
        &self.values[value as usize]
    }

    /// The number of the value written `tokens`, if it is one of this relation's.
    pub fn number(&self, tokens: &[Token]) -> Option<u32> {
        self.numbers.get(tokens).copied()
    }

    /// Whether some value begins with `tokens` and goes on.
    pub fn begins(&self, tokens: &[Token]) -> bool {
        self.beginnings.contains(tokens)
    }

    /// Tokens of the longest value.
    pub fn max_length(&self) -> usize {
        self.values.iter().map(|v| v.len()).max().unwrap_or(0)
    }
}

fn key(name: &str) -> String {
    format!("the values of the relation {name:?}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(all: &[&[Token]]) -> Vec<Box<[Token]>> {
        all.iter().map(|tokens| Box::from(*tokens)).collect()
    }

    #[test]
    fn a_value_is_found_by_its_tokens() {
        let relation = Relation::uniform("city", values(&[&[1, 2], &[3]])).unwrap();
        assert_eq!(relation.number(&[1, 2]), Some(0));
        assert_eq!(relation.number(relation.tokens(1)), Some(1));
        assert_eq!(relation.number(&[1]), None);
        assert!(relation.begins(&[1]) && !relation.begins(&[3]) && !relation.begins(&[1, 2]));
        assert_eq!(relation.max_length(), 2);
    }

    #[test]
    fn content_is_minus_ln_of_the_prior() {
        let alike = Relation::uniform("a", values(&[&[1], &[2], &[3]])).unwrap();
        assert_eq!(alike.content(2).to_bits(), 3f64.ln().to_bits());
        assert_eq!(alike.mean_content().to_bits(), 3f64.ln().to_bits());
        assert_eq!(alike.contents(), [(3f64.ln(), 1.0)]);
        assert_eq!(alike.best_guess().to_bits(), (1.0 / 3.0f64).to_bits());
        let one = Relation::uniform("a", values(&[&[1]])).unwrap();
        assert_eq!(one.content(0).to_bits(), 0f64.to_bits());

        let weighted = Relation::weighted("a", values(&[&[1], &[2], &[3]]), &[2.0, 1.0, 1.0]);
        let weighted = weighted.unwrap();
        assert_eq!(weighted.content(0), 2f64.ln());
        assert!((weighted.mean_content() - 1.5 * 2f64.ln()).abs() < 1e-15);
        assert_eq!(weighted.best_guess(), 0.5);
        let contents = weighted.contents();
        assert_eq!(contents.len(), 2);
        let mean: f64 = contents.iter().map(|(content, p)| content * p).sum();
        assert!((mean - weighted.mean_content()).abs() < 1e-15);
    }

    #[test]
    fn values_that_cannot_be_told_apart_and_weights_that_are_none_are_refused() {
        let all: [&[&[Token]]; 4] = [&[], &[&[]], &[&[1], &[1]], &[&[1, 2], &[1]]];
        for wrong in all {
            let error = Relation::uniform("city", values(wrong)).unwrap_err();
            let said = error.to_string();
            assert!(
                said.starts_with("the values of the relation \"city\""),
                "{said}"
            );
        }
        for wrong in [
            &[1.0][..],
            &[1.0, 0.0],
            &[1.0, f64::NAN],
            &[f64::MAX, f64::MAX],
            &[1.0, -1.0],
        ] {
            assert!(
                Relation::weighted("city", values(&[&[1], &[2]]), wrong).is_err(),
                "{wrong:?}"
            );
        }
    }
}
