//! Putting the facts of a probe to a model.

use std::cmp::Reverse;

use burn::{
    prelude::*,
    tensor::{Int, TensorData},
};
use kolmo_kernels::{Tokens, Workers, is_flex, largest, log_sum_exp};
use kolmo_model::LanguageModel;
use kolmo_world::{
    EOS, Token, World,
    random::{Random, Stream},
};
use rand::RngExt;

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
    /// The greedy answer.
    pub said: Vec<Token>,
}

/// An answer drawn with the probabilities that the model gives.
#[derive(Debug, Clone, PartialEq)]
pub struct Drawn {
    /// The answer.
    pub said: Vec<Token>,
    /// Entropy of each of its tokens, summed, nats: on average over draws that of the answer, which for answers of one token
    /// it is.
    pub entropy_nats: f64,
}

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

impl Drawn {
    /// Draws the next token.
    fn push(&mut self, prediction: &Prediction<'_>, random: &mut Random) {
        self.entropy_nats += prediction.entropy();
        self.said.push(prediction.draw(random.random()));
    }
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
        let most = world.names().length() + world.max_value_length();
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
                    draw.push(&prediction, random);
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
                        drawn.push(prediction, random);
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
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use kolmo_config::ModelConfig;
    use kolmo_model::Model;
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

    /// That world, its streams, and a model that knows nothing of it.
    fn untrained() -> (World, Streams, Model) {
        let config: WorldConfig = toml::from_str(WORLD).unwrap();
        let world = World::new(&config, 1).unwrap();
        let streams = Streams::new(1);
        let vocabulary = world.vocabulary().len();
        let device = Device::flex();
        let model = Model::new(&ModelConfig::default(), vocabulary, &streams, &device).unwrap();
        (world, streams, model)
    }

    /// Asks one fact alone, as plainly as can be. Gives the answer and what was said.
    fn ask(model: &Model, world: &World, fact: &ProbedFact) -> (Answer, Vec<Token>) {
        let device = Device::flex();
        let last = |text: &[Token]| -> Vec<f64> {
            let input = [&[EOS], text].concat();
            let shape = [1, input.len()];
            let logits = model.forward(&Tokens::new(input, shape, &device));
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
            said: said.clone(),
        };
        (answer, said)
    }

    #[test]
    fn many_facts_at_once_are_answered_as_each_alone() {
        let (world, streams, model) = untrained();
        let device = Device::flex();
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
            let found = measure(&model, &world, &probe, &device, &workers, &|| false).unwrap();
            for (found, (expected, _)) in found.iter().zip(&expected) {
                assert!((found.loss_nats - expected.loss_nats).abs() < 1e-4);
                assert!((found.name_loss_nats - expected.name_loss_nats).abs() < 1e-4);
                assert!((found.confidence / expected.confidence - 1.0).abs() < 1e-4);
                assert_eq!(found.correct, expected.correct);
                assert_eq!(found.valid, expected.valid);
                assert_eq!(found.said, expected.said);
            }
        }
    }

    #[test]
    fn a_measurement_stops_on_the_way_when_somebody_wants_it_to() {
        let (world, streams, model) = untrained();
        let mut probe = Probe::new(&world, &EvalConfig::default(), &streams);
        // Of several parts.
        probe.facts = vec![probe.facts[0].clone(); 1000];
        for threads in [1, 3] {
            let workers = Workers::new(threads).unwrap();
            let asked = AtomicUsize::new(0);
            let wants_stop = || asked.fetch_add(1, Ordering::Relaxed) >= 2;
            let device = Device::flex();
            let found = measure(&model, &world, &probe, &device, &workers, &wants_stop);
            assert!(matches!(found, Err(EvalError::Stopped)), "{found:?}");
            assert!(asked.into_inner() > 2);
        }
    }

    #[test]
    fn drawn_answers_are_those_of_the_model() {
        let (world, streams, model) = untrained();
        let device = Device::flex();
        // One date and one major, each many times.
        let mut probe = Probe::new(&world, &EvalConfig::default(), &streams);
        let of = |relation| probe.facts.iter().find(|f| f.fact.relation == relation);
        let (date, major) = (of(0).unwrap().clone(), of(1).unwrap().clone());
        const COUNT: usize = 4000;
        probe.facts = [vec![date.clone(); COUNT], vec![major; COUNT]].concat();
        let workers = Workers::new(2).unwrap();
        let draws = streams.stream("test");
        let found =
            measure_and_draw(&model, &world, &probe, &device, &workers, &draws, &|| false).unwrap();
        let plain = measure(&model, &world, &probe, &device, &workers, &|| false).unwrap();
        assert!(
            found
                .iter()
                .zip(&plain)
                .all(|((one, _), other)| one == other)
        );
        let (dates, majors) = found.split_at(COUNT);
        for (answers, relation) in [(dates, 0), (majors, 1)] {
            let (answer, _) = &answers[0];
            let within = |share: f64, p: f64| {
                let error = (p * (1.0 - p) / COUNT as f64).sqrt();
                assert!((share - p).abs() < 4.0 * error, "{share} for {p}");
            };
            let share = |such: &dyn Fn(&Drawn) -> bool| {
                let count = answers.iter().filter(|(_, drawn)| such(drawn)).count();
                count as f64 / COUNT as f64
            };
            within(share(&|drawn| drawn.said == answer.said), answer.confidence);
            let truth = &probe.facts[relation * COUNT].value;
            within(
                share(&|drawn| drawn.said == *truth),
                (-answer.loss_nats).exp(),
            );
        }
        // Of one token the entropy is exact, and so the same each time; of several it is so on average. The tokens of a date
        // begin with a month, all else ends the answer.
        assert!(
            majors
                .iter()
                .all(|(_, drawn)| drawn.entropy_nats == majors[0].1.entropy_nats)
        );
        let entropies: Vec<f64> = dates.iter().map(|(_, drawn)| drawn.entropy_nats).collect();
        let mean = entropies.iter().sum::<f64>() / COUNT as f64;
        let surprises = dates.iter().map(|(_, drawn)| {
            let mut fact = date.clone();
            fact.value.clone_from(&drawn.said);
            let one = Probe {
                classes: probe.classes.clone(),
                facts: vec![fact],
            };
            measure(&model, &world, &one, &device, &workers, &|| false).unwrap()[0].loss_nats
        });
        // −ln P of a draw has the entropy as its mean as well.
        let surprises: Vec<f64> = surprises.take(1000).collect();
        let other = surprises.iter().sum::<f64>() / 1000.0;
        let variance = surprises.iter().map(|s| (s - other).powi(2)).sum::<f64>() / 999.0;
        assert!(
            (mean - other).abs() < 4.0 * (variance / 1000.0).sqrt() + 0.05,
            "{mean} {other}"
        );
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
