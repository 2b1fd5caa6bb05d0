//! Putting the facts of a probe to a model.

use std::cmp::Reverse;

use burn::{
    prelude::*,
    tensor::{Int, TensorData},
};
use kolmo_kernels::{Tokens, Workers, is_flex, largest, log_sum_exp};
use kolmo_model::LanguageModel;
use kolmo_probe::{Answer, Drawn, Probe, ProbedFact};
use kolmo_world::{
    EOS, Token, World,
    random::{Random, Stream},
};
use rand::RngExt;

use crate::error::EvalError;

/// Rows of a batch on a GPU. Fixed, as is their length, so that it compiles one shape.
pub(crate) const GPU_ROWS: usize = 256;

/// Tokens that one core of a CPU reads at a time.
pub(crate) const CPU_TOKENS: usize = 512;

/// Whether somebody wants a measurement to stop: asked by every thread, again and again.
pub type WantsStop<'a> = &'a (dyn Fn() -> bool + Sync);

/// Asks `model` every fact of `probe`. The model is without automatic differentiation, on `device`; on a CPU
/// each of `workers` takes some of the facts.
///
/// # Errors
/// [`EvalError::Read`] if the device does not give the logits back; [`EvalError::Stopped`] if `wants_stop` says so on the way.
pub fn measure(
    model: &dyn LanguageModel,
    world: &World,
    probe: &Probe,
    device: &Device,
    workers: &Workers,
    wants_stop: WantsStop<'_>,
) -> Result<Vec<Answer>, EvalError> {
    let all = ask(model, world, probe, (device, workers), None, wants_stop)?;
    Ok(all.into_iter().map(|(answer, _)| answer).collect())
}

/// The same, and an answer drawn to each, that to fact `k` with the generator of `draws` at `k`.
///
/// # Errors
/// As of [`measure`].
pub fn measure_and_draw(
    model: &dyn LanguageModel,
    world: &World,
    probe: &Probe,
    device: &Device,
    workers: &Workers,
    draws: &Stream,
    wants_stop: WantsStop<'_>,
) -> Result<Vec<(Answer, Drawn)>, EvalError> {
    let on = (device, workers);
    ask(model, world, probe, on, Some(draws), wants_stop)
}

fn ask(
    model: &dyn LanguageModel,
    world: &World,
    probe: &Probe,
    (device, workers): (&Device, &Workers),
    draws: Option<&Stream>,
    wants_stop: WantsStop<'_>,
) -> Result<Vec<(Answer, Drawn)>, EvalError> {
    let length = probe.max_length(world);
    let asked = Asked {
        model,
        device,
        fixed: (!is_flex(device)).then_some([GPU_ROWS, length]),
        world,
        draws,
    };
    // Rows of like length come together, so that little is computed for positions beyond their ends.
    let mut order: Vec<usize> = (0..probe.facts.len()).collect();
    order.sort_by_key(|k| Reverse(probe.facts[*k].prompt.len() + probe.facts[*k].value.len()));
    let work = |facts: &[usize]| match wants_stop() {
        true => Err(EvalError::Stopped),
        false => asked.measure_rows(probe, facts),
    };
    let rows = match is_flex(device) {
        true => (CPU_TOKENS / length.max(1)).max(1),
        false => GPU_ROWS,
    };
    let mut sorted = Vec::with_capacity(order.len());
    for answers in workers.map_on(device, order.chunks(rows).collect(), work) {
        sorted.extend(answers?);
    }
    let mut answers: Vec<_> = order.into_iter().zip(sorted).collect();
    answers.sort_unstable_by_key(|(k, _)| *k);
    Ok(answers.into_iter().map(|(_, answer)| answer).collect())
}

/// A model that is being asked.
struct Asked<'a> {
    model: &'a dyn LanguageModel,
    device: &'a Device,
    /// Rows of every batch and their length, where all are to be of one shape.
    fixed: Option<[usize; 2]>,
    world: &'a World,
    /// Where drawn answers come from, if there are any.
    draws: Option<&'a Stream>,
}

/// Draws the next token of `drawn`.
fn draw_next(drawn: &mut Drawn, prediction: &Prediction<'_>, random: &mut Random) {
    drawn.entropy_nats += prediction.entropy();
    drawn.said.push(prediction.draw(random.random()));
}

impl Asked<'_> {
    /// The answers to those of the probe's facts that `numbers` are of.
    fn measure_rows(
        &self,
        probe: &Probe,
        numbers: &[usize],
    ) -> Result<Vec<(Answer, Drawn)>, EvalError> {
        let world = self.world;
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
        let most = world.facts().name_lengths().end() + world.max_value_length();
        let logits = self.predict(&texts, most)?;
        let mut predictions = logits.predictions();
        let mut answers = Vec::with_capacity(facts.len());
        let mut drawn = Vec::with_capacity(facts.len());
        let mut randoms: Vec<Option<Random>> = numbers
            .iter()
            .map(|k| self.draws.map(|draws| draws.at(*k as u64)))
            .collect();
        for (fact, random) in facts.iter().zip(&mut randoms) {
            let name = fact.prompt[fact.name.clone()].iter();
            let name_loss = name
                .zip(&mut predictions)
                .map(|(token, prediction)| -prediction.log_probability(*token));
            let name_loss_nats = name_loss.sum();
            let (mut loss_nats, mut confidence) = (0.0, 0.0);
            let mut said = Vec::with_capacity(fact.value.len());
            let mut draw = Drawn {
                said: Vec::new(),
                entropy_nats: 0.0,
            };
            for (token, prediction) in fact.value.iter().zip(&mut predictions) {
                loss_nats -= prediction.log_probability(*token);
                // The greedy answer had the same context, as long as it is the value.
                if fact.value.starts_with(&said) {
                    let (word, log_probability) = prediction.best();
                    said.push(word);
                    confidence += log_probability;
                }
                // So had the drawn one.
                if let Some(random) = random
                    && fact.value.starts_with(&draw.said)
                {
                    draw_next(&mut draw, &prediction, random);
                }
            }
            drawn.push(draw);
            answers.push(Answer {
                loss_nats,
                name_loss_nats,
                correct: false,
                valid: false,
                confidence,
                said,
            });
        }

        // The rest of an answer: token by token, until it is a value or can be none.
        self.go_on(
            &facts,
            &mut answers,
            |answer| &answer.said,
            |_, answer, prediction| {
                let (token, log_probability) = prediction.best();
                answer.said.push(token);
                answer.confidence += log_probability;
            },
        )?;
        if self.draws.is_some() {
            self.go_on(
                &facts,
                &mut drawn,
                |drawn| &drawn.said,
                |k, drawn, prediction| {
                    if let Some(random) = &mut randoms[k] {
                        draw_next(drawn, prediction, random);
                    }
                },
            )?;
        }
        for (fact, answer) in facts.iter().zip(&mut answers) {
            let relation = &world.relations()[fact.fact.relation as usize];
            answer.correct = answer.said == fact.value;
            answer.valid = relation.number(&answer.said).is_some();
            answer.confidence = answer.confidence.exp();
        }
        Ok(answers.into_iter().zip(drawn).collect())
    }

    /// Lets those of the answers to `facts` go on that can become a value: `said` is what there is of one, and `push` adds the next
    /// token to answer number k.
    fn go_on<A>(
        &self,
        facts: &[&ProbedFact],
        answers: &mut [A],
        said: impl Fn(&A) -> &Vec<Token>,
        mut push: impl FnMut(usize, &mut A, &Prediction<'_>),
    ) -> Result<(), EvalError> {
        let goes_on = |k: usize, said: &[Token]| {
            self.world.relations()[facts[k].fact.relation as usize].begins(said)
        };
        loop {
            let open: Vec<usize> = (0..facts.len())
                .filter(|k| goes_on(*k, said(&answers[*k])))
                .collect();
            if open.is_empty() {
                return Ok(());
            }
            // What is to be predicted is not read: any token may stand there.
            let texts = open.iter().map(|k| {
                let text = [&facts[*k].prompt[..], said(&answers[*k]), &[EOS]].concat();
                let last = text.len() - 1;
                (text, vec![last])
            });
            let logits = self.predict(&texts.collect::<Vec<_>>(), 1)?;
            for (k, prediction) in open.iter().zip(logits.predictions()) {
                push(*k, &mut answers[*k], &prediction);
            }
        }
    }

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
        let hidden = self.model.hidden(&inputs);
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

    /// Its entropy, nats.
    fn entropy(&self) -> f64 {
        let terms = (0..self.logits.len()).map(|token| {
            let log = self.log_probability(token as Token);
            -log.exp() * log
        });
        terms.filter(|term| *term > 0.0).sum()
    }

    /// The token in which `u`, from 0 to 1, falls if each has a part of its probability.
    pub fn draw(&self, mut u: f64) -> Token {
        for token in 0..self.logits.len() {
            u -= self.log_probability(token as Token).exp();
            if u < 0.0 {
                return token as Token;
            }
        }
        // Rounding may leave a crumb.
        self.best().0
    }
}

#[cfg(test)]
mod tests;
