//! Putting the facts of a probe to a model.

use std::cmp::Reverse;

use burn::{
    prelude::*,
    tensor::{Int, TensorData},
};
use kolmo_kernels::{Positions, Tokens, Workers, is_flex, largest, log_sum_exp};
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
    /// −ln P(name | sentence before it), summed over the tokens of the subject's name, nats.
    pub name_loss_nats: f64,
    /// Whether the greedy answer is the value.
    pub correct: bool,
    /// Whether the greedy answer is any value of the right relation.
    pub valid: bool,
    /// Probability of the greedy answer.
    pub confidence: f64,
}

/// Rows of a batch on a GPU. Fixed, as is their length, so that it compiles one shape.
const GPU_ROWS: usize = 256;

/// Tokens that one core of a CPU reads at a time.
const CPU_TOKENS: usize = 512;

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
        positions: Positions::new(length, model.head_width(), device),
        fixed: (!is_flex(device)).then_some([GPU_ROWS, length]),
    };
    // Rows of like length come together, so that little is computed for positions beyond their ends.
    let mut order: Vec<usize> = (0..probe.facts.len()).collect();
    order.sort_by_key(|k| Reverse(probe.facts[*k].prompt.len() + probe.facts[*k].value.len()));
    let work = |facts: &[usize]| measure_rows(&asked, world, probe, facts);
    let rows = match is_flex(device) {
        true => (CPU_TOKENS / length.max(1)).max(1),
        false => GPU_ROWS,
    };
    let mut sorted = Vec::with_capacity(order.len());
    for answers in workers.map_on(device, order.chunks(rows).collect(), work) {
        sorted.extend(answers?);
    }
    let mut answers: Vec<(usize, Answer)> = order.into_iter().zip(sorted).collect();
    answers.sort_unstable_by_key(|(k, _)| *k);
    Ok(answers.into_iter().map(|(_, answer)| answer).collect())
}

/// The answers to those of the probe's facts that `numbers` are of.
fn measure_rows(
    asked: &Asked<'_>,
    world: &World,
    probe: &Probe,
    numbers: &[usize],
) -> Result<Vec<Answer>, EvalError> {
    let facts: Vec<&ProbedFact> = numbers.iter().map(|k| &probe.facts[*k]).collect();
    // The losses: one pass with the value itself as context.
    let texts: Vec<_> = facts
        .iter()
        .map(|f| {
            let text = [&f.prompt[..], &f.value[..]].concat();
            let wanted = f.name.clone().chain(f.prompt.len()..text.len());
            (text, wanted.collect())
        })
        .collect();
    let most = world.names().length() + world.max_value_length();
    let logits = asked.predict(&texts, most)?;
    let mut predictions = logits.predictions();
    let mut answers = Vec::with_capacity(facts.len());
    let mut said: Vec<Vec<Token>> = Vec::with_capacity(facts.len());
    for fact in &facts {
        let name = fact.prompt[fact.name.clone()].iter();
        let name_loss = name
            .zip(&mut predictions)
            .map(|(token, prediction)| -prediction.log_probability(*token));
        let name_loss_nats = name_loss.sum();
        let (mut loss_nats, mut confidence) = (0.0, 0.0);
        let mut words = Vec::with_capacity(fact.value.len());
        for (token, prediction) in fact.value.iter().zip(&mut predictions) {
            loss_nats -= prediction.log_probability(*token);
            // The greedy answer had the same context, as long as it is the value.
            if fact.value.starts_with(&words) {
                let (word, log_probability) = prediction.best();
                words.push(word);
                confidence += log_probability;
            }
        }
        said.push(words);
        answers.push(Answer {
            loss_nats,
            name_loss_nats,
            correct: false,
            valid: false,
            confidence,
        });
    }

    // The rest of the greedy answer: token by token, until it is a value or can be none.
    let relation = |k: usize| &world.relations()[facts[k].fact.relation as usize];
    loop {
        let open: Vec<usize> = (0..facts.len())
            .filter(|k| relation(*k).begins(&said[*k]))
            .collect();
        if open.is_empty() {
            break;
        }
        // What is to be predicted is not read: any token may stand there.
        let texts = open.iter().map(|k| {
            let text = [&facts[*k].prompt[..], &said[*k][..], &[EOS]].concat();
            let last = text.len() - 1;
            (text, vec![last])
        });
        let logits = asked.predict(&texts.collect::<Vec<_>>(), 1)?;
        for (k, prediction) in open.iter().zip(logits.predictions()) {
            let (token, log_probability) = prediction.best();
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
    /// Rows of every batch and their length, where all are to be of one shape.
    fixed: Option<[usize; 2]>,
}

impl Asked<'_> {
    /// The predictions of the tokens at the places that each text comes with, at most `most`, one text after
    /// another.
    fn predict(
        &self,
        texts: &[(Vec<Token>, Vec<usize>)],
        most: usize,
    ) -> Result<Logits, EvalError> {
        // The token at position j is predicted from the input at position j, which is the one before.
        let lengths = texts.iter().map(|(text, _)| text.len());
        let [rows, length] = self
            .fixed
            .unwrap_or([texts.len(), lengths.max().unwrap_or(0)]);
        let mut inputs = vec![EOS; rows * length];
        let mut places = Vec::new();
        for (row, (text, wanted)) in texts.iter().enumerate() {
            inputs[row * length + 1..][..text.len() - 1].copy_from_slice(&text[..text.len() - 1]);
            places.extend(wanted.iter().map(|j| (row * length + j) as i32));
        }
        let count = places.len();
        if self.fixed.is_some() {
            places.resize(rows * most, 0);
        }
        let inputs = Tokens::new(inputs, [rows, length], self.device);
        let hidden = self.model.hidden(&inputs, &self.positions);
        let [_, _, d] = hidden.dims();
        let hidden = hidden.reshape([rows * length, d]);
        let places = Tensor::<1, Int>::from_data(TensorData::from(&places[..]), self.device);
        let logits = self.model.logits(hidden.select(0, places).unsqueeze());
        let [_, _, vocabulary] = logits.dims();
        let mut values = logits
            .try_into_vec_as::<f32>()
            .map_err(|error| EvalError::Read(error.to_string()))?;
        values.truncate(count * vocabulary);
        Ok(Logits { values, vocabulary })
    }
}

/// What a model says of some tokens.
struct Logits {
    /// `[tokens, vocabulary]`.
    values: Vec<f32>,
    vocabulary: usize,
}

impl Logits {
    fn predictions(&self) -> impl Iterator<Item = Prediction<'_>> {
        let logits = self.values.chunks_exact(self.vocabulary);
        logits.map(Prediction::new)
    }
}

/// The distribution of one token.
pub(crate) struct Prediction<'a> {
    logits: &'a [f32],
    /// ln Σ exp(logit).
    log_sum: f64,
}

impl<'a> Prediction<'a> {
    pub fn new(logits: &'a [f32]) -> Self {
        Self {
            logits,
            log_sum: f64::from(log_sum_exp(logits)),
        }
    }

    pub fn log_probability(&self, token: Token) -> f64 {
        f64::from(self.logits[token as usize]) - self.log_sum
    }

    /// The most probable token (the first of equals) and its log probability; some token and no number if a logit
    /// is none.
    pub fn best(&self) -> (Token, f64) {
        // A CPU finds the largest value much faster than its place, and then the place.
        let largest = largest(self.logits);
        let place = self.logits.iter().position(|x| *x == largest);
        let token = place.unwrap_or(0) as Token;
        (token, self.log_probability(token))
    }
}

#[cfg(test)]
mod tests {
    use kolmo_config::ModelConfig;
    use kolmo_world::{WorldConfig, random::Streams};

    use super::*;
    use kolmo_config::EvalConfig;

    /// Dates of three words, and a vocabulary so small that a model that knows nothing often begins one.
    const WORLD: &str = r#"
        family = "biography"
        frequency = { law = "uniform", elements = 40 }
        names = { pools = [4, 2, 5] }
        syntax = { templates = 3, filler_words = 1 }
        relations = [{ name = "birth_date", values = 24 }, { name = "major", values = 3 }]
    "#;

    /// Asks one fact alone, as plainly as can be. Gives the answer and what was said.
    fn ask(model: &Gpt, world: &World, fact: &ProbedFact) -> (Answer, Vec<Token>) {
        let device = Device::flex();
        let last = |text: &[Token]| -> Vec<f64> {
            let input = [&[EOS], text].concat();
            let positions = Positions::new(input.len(), model.head_width(), &device);
            let shape = [1, input.len()];
            let logits = model.forward(&Tokens::new(input, shape, &device), &positions);
            let logits = logits.try_into_vec_as::<f32>().unwrap();
            let logits = &logits[logits.len() - world.vocabulary().len()..];
            let sum: f64 = logits.iter().map(|x| f64::from(*x).exp()).sum();
            logits.iter().map(|x| f64::from(*x) - sum.ln()).collect()
        };
        let mut text = fact.prompt.clone();
        let name_loss_nats = fact
            .name
            .clone()
            .map(|j| -last(&text[..j])[text[j] as usize]);
        let name_loss_nats = name_loss_nats.sum();
        let mut loss_nats = 0.0;
        for token in &fact.value {
            loss_nats -= last(&text)[*token as usize];
            text.push(*token);
        }
        let relation = &world.relations()[fact.fact.relation as usize];
        let (mut said, mut confidence) = (Vec::new(), 1.0);
        while said.is_empty() || relation.begins(&said) {
            let all = last(&[&fact.prompt[..], &said].concat());
            let best = (0..all.len())
                .rev()
                .max_by(|a, b| all[*a].total_cmp(&all[*b]));
            said.push(best.unwrap() as Token);
            confidence *= all[best.unwrap()].exp();
        }
        let answer = Answer {
            loss_nats,
            name_loss_nats,
            correct: said == fact.value,
            valid: relation.number(&said).is_some(),
            confidence,
        };
        (answer, said)
    }

    #[test]
    fn many_facts_at_once_are_answered_as_each_alone() {
        let config: WorldConfig = toml::from_str(WORLD).unwrap();
        let world = World::new(&config, 1).unwrap();
        let streams = Streams::new(1);
        let vocabulary = world.vocabulary().len();
        let device = Device::flex();
        let model = Gpt::new(&ModelConfig::default(), vocabulary, &streams, &device).unwrap();
        let mut probe = Probe::new(&world, &EvalConfig::default(), &streams);
        // Half of the facts as near to what the model says as can be: of some it has the first word.
        let half = probe.facts.len() / 2;
        for fact in &mut probe.facts[..half] {
            let (_, said) = ask(&model, &world, fact);
            let relation = &world.relations()[fact.fact.relation as usize];
            let values = (0..relation.value_count()).map(|value| relation.tokens(value as u32));
            let like =
                |value: &&[Token]| value.iter().zip(&said).take_while(|(a, b)| a == b).count();
            if let Some(value) = values.max_by_key(like) {
                fact.value = value.to_vec();
            }
        }
        let expected: Vec<_> = probe.facts.iter().map(|f| ask(&model, &world, f)).collect();
        // Of the others some begin a date that is not theirs, and go on.
        let goes_on = |(_, said): &(Answer, Vec<Token>)| said.len() > 1;
        assert!(expected[..half].iter().any(goes_on) && expected[half..].iter().any(goes_on));
        for threads in [1, 2] {
            let workers = Workers::new(threads).unwrap();
            let found = measure(&model, &world, &probe, &device, &workers).unwrap();
            for (found, (expected, _)) in found.iter().zip(&expected) {
                assert!((found.loss_nats - expected.loss_nats).abs() < 1e-4);
                assert!((found.name_loss_nats - expected.name_loss_nats).abs() < 1e-4);
                assert!((found.confidence / expected.confidence - 1.0).abs() < 1e-4);
                assert_eq!(found.correct, expected.correct);
                assert_eq!(found.valid, expected.valid);
            }
        }
    }

    #[test]
    fn the_best_token_is_the_first_of_equals() {
        for n in 1..70u32 {
            for best in 0..n {
                let mut logits: Vec<f32> = (0..n).map(|k| -((k % 7) as f32) - 1.0).collect();
                logits[best as usize] = 2.0;
                logits[n as usize - 1] = 2.0;
                assert_eq!(Prediction::new(&logits).best().0, best);
                logits[best as usize] = f32::NAN;
                let (token, log_probability) = Prediction::new(&logits).best();
                assert!(token < n && log_probability.is_nan());
            }
        }
    }
}
