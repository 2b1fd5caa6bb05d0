//! Writing: a model goes on with texts, token by token.

use burn::{
    prelude::*,
    tensor::{Int, TensorData},
};
use kolmo_kernels::{Tokens, Workers};
use kolmo_model::LanguageModel;
use kolmo_world::{
    EOS, Token,
    random::{Random, Stream},
};
use rand::{Rng, RngExt};

use crate::{error::EvalError, measure::Prediction};

/// How a token is chosen.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Choice {
    /// The most probable one.
    Greedy,
    /// Drawn with the probabilities that the logits over this temperature have, above 0.
    Sampled(f64),
}

/// What `model` says after each of `prompts`, `count` tokens of each, which begin as documents do. All are written at the
/// same time, each token read once; after the end of a document it goes on with the next one.
///
/// # Errors
/// [`EvalError::Read`] if the device does not give the logits back.
pub fn generate(
    model: &dyn LanguageModel,
    prompts: &[Vec<Token>],
    count: usize,
    choice: Choice,
    random: &mut impl Rng,
    device: &Device,
) -> Result<Vec<Vec<Token>>, EvalError> {
    let longest = prompts.iter().map(Vec::len).max().unwrap_or(0);
    let mut said = vec![Vec::with_capacity(count); prompts.len()];
    if count == 0 || prompts.is_empty() {
        return Ok(said);
    }
    // The last token is said and not read; before the first stands the end of a document.
    let mut state = model.begin(prompts.len(), longest + count);
    let mut next = vec![EOS; prompts.len()];
    while said.iter().any(|said| said.len() < count) {
        let tokens = Tokens::new(next.clone(), [prompts.len(), 1], device);
        let read = state.length();
        let Some(logits) = state.read_next(&tokens) else {
            break;
        };
        // Nobody asks for what comes after a part of a prompt, unless one of them has ended.
        let is_over = |prompt: &Vec<Token>| read >= prompt.len();
        let logits = match prompts.iter().any(is_over) {
            true => Some(read_back(logits)?),
            false => None,
        };
        for (row, prompt) in prompts.iter().enumerate() {
            next[row] = match (prompt.get(read), &logits) {
                (Some(token), _) => *token,
                (None, Some((logits, vocabulary))) => {
                    let logits = &logits[row * vocabulary..][..*vocabulary];
                    let token = choose(logits, choice, random);
                    if said[row].len() < count {
                        said[row].push(token);
                    }
                    token
                }
                (None, None) => EOS,
            };
        }
    }
    Ok(said)
}

/// Documents that `model` writes, one for each of `randoms`, which its words are drawn from: at most `most` tokens, the end included. All are
/// written at the same time.
///
/// # Errors
/// As of [`generate`].
pub fn write_documents(
    model: &dyn LanguageModel,
    most: usize,
    randoms: &mut [Random],
    device: &Device,
) -> Result<Vec<Vec<Token>>, EvalError> {
    let rows = randoms.len();
    let mut written: Vec<Vec<Token>> = vec![Vec::with_capacity(most); rows];
    let is_open = |document: &Vec<Token>| document.len() < most && document.last() != Some(&EOS);
    let mut state = model.begin(rows, most);
    while written.iter().any(is_open) {
        // Before the first token stands the end of a document; what follows its own end nobody asks for.
        let last = written.iter().map(|document| document.last().copied());
        let next = last.map(|token| token.unwrap_or(EOS)).collect();
        let Some(logits) = state.read_next(&Tokens::new(next, [rows, 1], device)) else {
            break;
        };
        let (logits, vocabulary) = read_back(logits)?;
        let logits = logits.chunks_exact(vocabulary);
        for ((document, random), logits) in written.iter_mut().zip(&mut *randoms).zip(logits) {
            if is_open(document) {
                document.push(Prediction::new(logits).draw(random.random()));
            }
        }
    }
    Ok(written)
}

/// Documents 0 to `count` that `model` writes, number n drawn with the generator of `draws` at n; on a CPU each of `workers` writes some of them.
///
/// # Errors
/// As of [`generate`].
pub fn write_all(
    model: &dyn LanguageModel,
    most: usize,
    draws: &Stream,
    count: u64,
    device: &Device,
    workers: &Workers,
) -> Result<Vec<Vec<Token>>, EvalError> {
    /// Documents that are written at the same time.
    const ROWS: u64 = 256;
    let parts = (0..count).step_by(ROWS as usize);
    let work = |first: u64| {
        let numbers = first..count.min(first + ROWS);
        let mut randoms: Vec<Random> = numbers.map(|n| draws.at(n)).collect();
        write_documents(model, most, &mut randoms, device)
    };
    let mut all = Vec::new();
    for part in workers.map_on(device, parts.collect(), work) {
        all.extend(part?);
    }
    Ok(all)
}

/// What [`generate`] writes greedily, by reading all of a text again for each token: what that is held against.
///
/// # Errors
/// As of [`generate`].
pub fn generate_reading_again(
    model: &dyn LanguageModel,
    prompts: &[Vec<Token>],
    count: usize,
    device: &Device,
) -> Result<Vec<Vec<Token>>, EvalError> {
    let longest = prompts.iter().map(Vec::len).max().unwrap_or(0);
    let mut said = vec![Vec::with_capacity(count); prompts.len()];
    for written in 0..count {
        let length = longest + written + 1;
        let mut inputs = vec![EOS; prompts.len() * length];
        let mut last = Vec::with_capacity(prompts.len());
        for (row, (prompt, said)) in prompts.iter().zip(&said).enumerate() {
            let text = prompt.iter().chain(said);
            for (into, token) in inputs[row * length + 1..].iter_mut().zip(text) {
                *into = *token;
            }
            last.push((row * length + prompt.len() + written) as i32);
        }
        let tokens = Tokens::new(inputs, [prompts.len(), length], device);
        let hidden = model.hidden(&tokens);
        let [_, _, d] = hidden.dims();
        let hidden = hidden.reshape([prompts.len() * length, d]);
        let last = Tensor::<1, Int>::from_data(TensorData::from(&last[..]), device);
        let logits = model.logits(hidden.select(0, last).unsqueeze());
        let (logits, vocabulary) = read_back(logits.squeeze_dim(0))?;
        for (row, said) in said.iter_mut().enumerate() {
            said.push(
                Prediction::new(&logits[row * vocabulary..][..vocabulary])
                    .best()
                    .0,
            );
        }
    }
    Ok(said)
}

fn read_back(logits: Tensor<2>) -> Result<(Vec<f32>, usize), EvalError> {
    let [_, vocabulary] = logits.dims();
    let values = logits
        .try_into_vec_as::<f32>()
        .map_err(|error| EvalError::Read(error.to_string()))?;
    Ok((values, vocabulary))
}

fn choose(logits: &[f32], choice: Choice, random: &mut impl Rng) -> Token {
    let temperature = match choice {
        Choice::Greedy => return Prediction::new(logits).best().0,
        Choice::Sampled(temperature) => temperature,
    };
    let scaled = logits.iter().map(|logit| logit / temperature as f32);
    Prediction::new(&scaled.collect::<Vec<f32>>()).draw(random.random())
}

#[cfg(test)]
mod tests {
    use kolmo_config::ModelConfig;
    use kolmo_model::Model;
    use kolmo_world::random::Streams;

    use super::*;

    const VOCABULARY: usize = 31;

    fn model(config: &ModelConfig) -> Model {
        Model::new(config, VOCABULARY, &Streams::new(3), &Device::flex()).unwrap()
    }

    #[test]
    fn greedy_is_the_best_token_of_a_pass_over_all_so_far() {
        let device = Device::flex();
        let prompts = vec![vec![1, 2, 3], vec![7], vec![], vec![4, 5, 6, 8, 9]];
        for config in ModelConfig::every() {
            let model = model(&config);
            let mut random = Streams::new(1).stream("test").at(0);
            let said =
                generate(&model, &prompts, 64, Choice::Greedy, &mut random, &device).unwrap();
            for (prompt, said) in prompts.iter().zip(&said) {
                let text = [&[EOS], &prompt[..], &said[..]].concat();
                let length = text.len();
                let tokens = Tokens::new(text.clone(), [1, length], &device);
                let logits = model.forward(&tokens).try_into_vec_as::<f32>().unwrap();
                for place in prompt.len()..length - 1 {
                    let best = Prediction::new(&logits[place * VOCABULARY..][..VOCABULARY])
                        .best()
                        .0;
                    assert_eq!(text[place + 1], best, "{config:?}, place {place}");
                }
                assert_eq!(said.len(), 64);
            }
            assert_eq!(
                generate_reading_again(&model, &prompts, 64, &device).unwrap(),
                said
            );
        }
    }

    #[test]
    fn a_document_is_drawn_with_its_own_generator_and_ends() {
        let device = Device::flex();
        let model = model(&ModelConfig::default());
        let stream = Streams::new(1).stream("test");
        let write = |numbers: std::ops::Range<u64>, most: usize| {
            let mut randoms: Vec<Random> = numbers.map(|n| stream.at(n)).collect();
            write_documents(&model, most, &mut randoms, &device).unwrap()
        };
        let all = write(0..200, 40);
        assert_eq!(write(0..200, 40), all);
        assert_eq!(write(50..100, 40), all[50..100]);
        for document in &all {
            let end = document.iter().position(|token| *token == EOS);
            assert_eq!(end.map_or(40, |end| end + 1), document.len());
        }
        // Of 31 tokens about one in 31 is an end.
        let ended = all.iter().filter(|document| document.len() < 40).count();
        assert!((100..190).contains(&ended), "{ended}");
        assert!(write(0..0, 40).is_empty());
        // The first word of each is the one that a sample has.
        for (n, document) in all.iter().enumerate() {
            let mut random = stream.at(n as u64);
            let said = generate(
                &model,
                &[vec![]],
                1,
                Choice::Sampled(1.0),
                &mut random,
                &device,
            );
            assert_eq!(said.unwrap()[0][0], document[0]);
        }
    }

    #[test]
    fn samples_have_the_probabilities_of_the_model() {
        let device = Device::flex();
        let model = model(&ModelConfig::default());
        let prompts = vec![vec![1, 2]; 4000];
        let mut random = Streams::new(1).stream("test").at(1);
        let said = generate(
            &model,
            &prompts,
            1,
            Choice::Sampled(1.0),
            &mut random,
            &device,
        )
        .unwrap();
        let mut state = model.begin(1, 3);
        let mut logits = Vec::new();
        for token in [EOS, 1, 2] {
            let next = state.read_next(&Tokens::new(vec![token], [1, 1], &device));
            logits = next.unwrap().try_into_vec_as::<f32>().unwrap();
        }
        let prediction = Prediction::new(&logits);
        for token in 0..VOCABULARY as Token {
            let p = prediction.log_probability(token).exp();
            let found = said.iter().filter(|said| said[0] == token).count() as f64 / 4000.0;
            let error = (p * (1.0 - p) / 4000.0).sqrt();
            assert!((found - p).abs() < 5.0 * error, "{token}: {found} for {p}");
        }
    }
}
