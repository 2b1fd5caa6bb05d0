//! Putting the facts of a probe to a model.

use burn::{
    prelude::*,
    tensor::{Int, TensorData},
};
use kolmo_kernels::{Positions, Tokens, Workers, is_flex, log_sum_exp};
use kolmo_model::Gpt;
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

/// Rows of a batch on a GPU. Fixed, as is their length, so that it compiles one shape.
const GPU_ROWS: usize = 256;

/// Rows that one core of a CPU takes at a time.
const CPU_ROWS: usize = 32;

/// Asks `model` every fact of `probe`. The model is without automatic differentiation, on `device`; on a CPU
/// each of `workers` takes some of the facts.
///
/// # Errors
/// [`EvalError::Read`] if the device does not give the logits back.
pub fn measure(
    model: &Gpt,
    world: &World,
    probe: &Probe,
    device: &Device,
    workers: &Workers,
) -> Result<Vec<Answer>, EvalError> {
    let length = probe.max_length(world);
    let asked = Asked {
        model,
        device,
        positions: Positions::new(length, head_width(model), device),
        length,
        rows: (!is_flex(device)).then_some(GPU_ROWS),
    };
    let longest = world.max_value_length();
    let answers: Vec<Result<Vec<Answer>, EvalError>> = if is_flex(device) {
        let chunks = probe.facts.chunks(CPU_ROWS).collect();
        workers.map(chunks, |facts| measure_rows(&asked, world, facts, longest))
    } else {
        let chunks = probe.facts.chunks(GPU_ROWS);
        let answers = chunks.map(|facts| measure_rows(&asked, world, facts, longest));
        answers.collect()
    };
    let mut all = Vec::with_capacity(probe.facts.len());
    for answers in answers {
        all.extend(answers?);
    }
    Ok(all)
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
    /// Rows of every batch, where it is to be of one shape; of as many as there are texts where not.
    rows: Option<usize>,
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
        let rows = self.rows.unwrap_or(texts.len());
        let mut inputs = vec![EOS; rows * self.length];
        let mut places = vec![0i32; rows * count];
        for (row, (text, start)) in texts.iter().zip(starts).enumerate() {
            let read = text.len().min(self.length - 1);
            inputs[row * self.length + 1..][..read].copy_from_slice(&text[..read]);
            for (k, place) in places[row * count..][..count].iter_mut().enumerate() {
                *place = (start + k).min(self.length - 1) as i32;
            }
        }
        let inputs = Tokens::new(inputs, [rows, self.length], self.device);
        let hidden = self.model.hidden(&inputs, &self.positions);
        let [_, _, d] = hidden.dims();
        let places = TensorData::new(places, [rows, count, 1]);
        let places = Tensor::<3, Int>::from_data(places, self.device).expand([rows, count, d]);
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
        Self {
            logits: logits.to_vec(),
            log_sum: f64::from(log_sum_exp(logits)),
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
