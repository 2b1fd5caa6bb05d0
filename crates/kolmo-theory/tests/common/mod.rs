//! What the tests share.

#![allow(dead_code)]

use kolmo_world::{
    Document, EOS, Role, Token, World,
    config::{FrequencyConfig, PitmanYorConfig, ZipfConfig},
};

pub fn zipf(elements: u64, exponent: f64) -> FrequencyConfig {
    FrequencyConfig::Zipf(ZipfConfig {
        elements,
        exponent,
        bias: 0.0,
    })
}

pub fn pitman_yor(discount: f64, concentration: f64, elements: u64) -> FrequencyConfig {
    FrequencyConfig::PitmanYor(PitmanYorConfig {
        discount,
        concentration,
        elements,
    })
}

pub fn documents_of(world: &World, first: u64, count: u64) -> Vec<Document> {
    (first..first + count).map(|n| world.document(n)).collect()
}

/// The role of every word of a world whose words tell.
#[derive(Debug)]
pub struct Roles(Vec<Role>);

impl Roles {
    pub fn of(world: &World) -> Self {
        world.check_words().unwrap();
        let mut roles = vec![Role::Syntax; world.vocabulary().len()];
        roles[EOS as usize] = Role::Eos;
        for word in world.facts().name_words() {
            roles[word as usize] = Role::Subject;
        }
        for relation in world.relations() {
            for value in 0..relation.value_count() as u32 {
                for word in relation.tokens(value) {
                    roles[*word as usize] = Role::Value;
                }
            }
        }
        Self(roles)
    }

    /// A word that is none is a word of a template.
    pub fn role(&self, token: Token) -> Role {
        let role = self.0.get(token as usize);
        role.copied().unwrap_or(Role::Syntax)
    }

    /// The document that these tokens are.
    pub fn document(&self, tokens: &[Token]) -> Document {
        Document {
            tokens: tokens.to_vec(),
            roles: tokens.iter().map(|token| self.role(*token)).collect(),
            facts: Vec::new(),
        }
    }
}

/// A mean of independent measurements and its standard error.
#[derive(Debug, Default, Clone)]
pub struct Mean {
    values: Vec<f64>,
}

impl Mean {
    pub fn add(&mut self, value: f64) {
        self.values.push(value);
    }

    pub fn mean(&self) -> f64 {
        self.values.iter().sum::<f64>() / self.values.len() as f64
    }

    pub fn error(&self) -> f64 {
        let (n, mean) = (self.values.len() as f64, self.mean());
        let squares: f64 = self.values.iter().map(|v| (v - mean).powi(2)).sum();
        (squares / (n - 1.0) / n).sqrt()
    }

    /// Within four standard errors.
    pub fn assert_near(&self, expected: f64, what: &str) {
        self.assert_within(expected, 0.0, what);
    }

    /// Within four standard errors and what is `allowed` beside them.
    pub fn assert_within(&self, expected: f64, allowed: f64, what: &str) {
        let (mean, error) = (self.mean(), self.error());
        let rounding = 1e-9 * expected.abs().max(1.0);
        assert!(
            (mean - expected).abs() <= 4.0 * error + allowed + rounding,
            "{what}: {mean} measured, {expected} expected, standard error {error}"
        );
    }
}
