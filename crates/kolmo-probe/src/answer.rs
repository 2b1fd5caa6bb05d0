//! What is said to a fact.

use kolmo_world::Token;

/// What was said to one fact.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// −ln P(value | prompt), summed over the tokens of the value, nats.
    pub loss_nats: f64,
    /// −ln P(name | sentence before it), summed over the tokens of the subject's name, nats.
    pub name_loss_nats: f64,
    /// Whether the greedy answer is the value.
    pub correct: bool,
    /// Whether the greedy answer is any value of the right relation.
    pub valid: bool,
    /// Probability of the greedy answer.
    pub confidence: f64,
    /// The greedy answer.
    pub said: Vec<Token>,
}

/// An answer drawn with the probabilities that are given to all.
#[derive(Debug, Clone, PartialEq)]
pub struct Drawn {
    /// The answer.
    pub said: Vec<Token>,
    /// Entropy of each of its tokens, summed, nats: on average over draws that of the answer, which for answers of one token
    /// it is.
    pub entropy_nats: f64,
}
