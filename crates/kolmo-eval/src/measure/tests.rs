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
        let like = |value: &&[Token]| value.iter().zip(&said).take_while(|(a, b)| a == b).count();
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
