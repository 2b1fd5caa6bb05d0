//! Putting the facts of a probe to a model.

use burn::{
    prelude::*,
    tensor::{Int, TensorData},
};
use kolmo_model::{Gpt, rotary::Positions};
use kolmo_world::{EOS, Token, World};

use crate::{
    error::EvalError,
    probe::{Probe, ProbedFact},
};

/// What a model said to one fact.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// −ln P(value | prompt), summed over the tokens of the value, nats.
    pub loss_nats: f64,
    /// Whether the greedy answer is the value.
    pub correct: bool,
    /// Whether the greedy answer is any value of the right relation.
    pub valid: bool,
    /// Probability of the greedy answer.
    pub confidence: f64,
}

/// Rows of a batch. Fixed, as is their length, so that a GPU compiles one shape.
const ROWS: usize = 256;

/// Asks `model` every fact of `probe`. The model is without automatic differentiation, on `device`.
///
/// # Errors
/// [`EvalError::Read`] if the device does not give the logits back.
pub fn measure(
    model: &Gpt,
    world: &World,
    probe: &Probe,
    device: &Device,
) -> Result<Vec<Answer>, EvalError> {
    let length = probe.max_length(world);
    let asked = Asked {
        model,
        device,
        positions: Positions::new(length, head_width(model), device),
        length,
    };
    let longest = world.max_value_length();
    let mut answers = Vec::with_capacity(probe.facts.len());
    for facts in probe.facts.chunks(ROWS) {
        answers.extend(measure_rows(&asked, world, facts, longest)?);
    }
    Ok(answers)
}

fn head_width(model: &Gpt) -> usize {
    let [_, d] = model.embedding.weight.val().dims();
    d / model
        .blocks
        .first()
        .map_or(1, |block| block.attention.heads())
}

fn measure_rows(
    asked: &Asked<'_>,
    world: &World,
    facts: &[ProbedFact],
    longest: usize,
) -> Result<Vec<Answer>, EvalError> {
    // The loss: one pass with the value itself as context.
    let texts = facts.iter().map(|f| [&f.prompt[..], &f.value[..]].concat());
    let starts: Vec<usize> = facts.iter().map(|f| f.prompt.len()).collect();
    let rows = asked.predict(&texts.collect::<Vec<_>>(), &starts, longest)?;
    let mut answers = Vec::with_capacity(facts.len());
    let mut said: Vec<Vec<Token>> = Vec::with_capacity(facts.len());
    for (fact, row) in facts.iter().zip(&rows) {
        let tokens = fact.value.iter().zip(row);
        let loss = tokens.map(|(token, prediction)| -prediction.log_probability(*token));
        let (first, log_probability) = row[0].best();
        answers.push(Answer {
            loss_nats: loss.sum(),
            correct: false,
            valid: false,
            confidence: log_probability,
        });
        said.push(vec![first]);
    }

    // The greedy answer: token by token, until it is a value or can be none.
    let relation = |k: usize| &world.relations()[facts[k].fact.relation as usize];
    for length in 1..longest {
        let open: Vec<usize> = (0..facts.len())
            .filter(|k| said[*k].len() == length && relation(*k).begins(&said[*k]))
            .collect();
        if open.is_empty() {
            break;
        }
        let texts = open
            .iter()
            .map(|k| [&facts[*k].prompt[..], &said[*k][..]].concat());
        let texts: Vec<_> = texts.collect();
        let starts: Vec<usize> = texts.iter().map(Vec::len).collect();
        for (k, row) in open.iter().zip(asked.predict(&texts, &starts, 1)?) {
            let (token, log_probability) = row[0].best();
            said[*k].push(token);
            answers[*k].confidence += log_probability;
        }
    }
    for (k, answer) in answers.iter_mut().enumerate() {
        answer.correct = said[k] == facts[k].value;
        answer.valid = relation(k).number(&said[k]).is_some();
        answer.confidence = answer.confidence.exp();
    }
    Ok(answers)
}

/// A model that is being asked.
struct Asked<'a> {
    model: &'a Gpt,
    device: &'a Device,
    positions: Positions,
    length: usize,
}

impl Asked<'_> {
    /// For each text the predictions of the `count` tokens from position `start` on.
    fn predict(
        &self,
        texts: &[Vec<Token>],
        starts: &[usize],
        count: usize,
    ) -> Result<Vec<Vec<Prediction>>, EvalError> {
        // The token at position j is predicted from the input at position j, which is the one before.
        let mut inputs = vec![EOS as i32; ROWS * self.length];
        let mut places = vec![0i32; ROWS * count];
        for (row, (text, start)) in texts.iter().zip(starts).enumerate() {
            let read = text.len().min(self.length - 1);
            let input = &mut inputs[row * self.length + 1..][..read];
            for (place, token) in input.iter_mut().zip(text) {
                *place = *token as i32;
            }
            for (k, place) in places[row * count..][..count].iter_mut().enumerate() {
                *place = (start + k).min(self.length - 1) as i32;
            }
        }
        let inputs = TensorData::new(inputs, [ROWS, self.length]);
        let inputs = Tensor::<2, Int>::from_data(inputs, self.device);
        let hidden = self.model.hidden(inputs, &self.positions);
        let [_, _, d] = hidden.dims();
        let places = TensorData::new(places, [ROWS, count, 1]);
        let places = Tensor::<3, Int>::from_data(places, self.device).expand([ROWS, count, d]);
        let logits = self.model.logits(hidden.gather(1, places));
        let [_, _, vocabulary] = logits.dims();
        let logits = logits
            .try_into_vec_as::<f32>()
            .map_err(|error| EvalError::Read(error.to_string()))?;
        let rows = logits.chunks_exact(count * vocabulary).take(texts.len());
        Ok(rows
            .map(|row| row.chunks_exact(vocabulary).map(Prediction::new).collect())
            .collect())
    }
}

/// The distribution of one token.
struct Prediction {
    logits: Vec<f32>,
    /// ln Σ exp(logit).
    log_sum: f64,
}

impl Prediction {
    fn new(logits: &[f32]) -> Self {
        let max = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let sum: f64 = logits.iter().map(|l| f64::from(l - max).exp()).sum();
        Self {
            logits: logits.to_vec(),
            log_sum: f64::from(max) + sum.ln(),
        }
    }

    fn log_probability(&self, token: Token) -> f64 {
        f64::from(self.logits[token as usize]) - self.log_sum
    }

    /// The most probable token (the first of equals) and its log probability.
    fn best(&self) -> (Token, f64) {
        let mut best = 0;
        for (token, logit) in self.logits.iter().enumerate() {
            if *logit > self.logits[best] {
                best = token;
            }
        }
        (best as Token, self.log_probability(best as Token))
    }
}
