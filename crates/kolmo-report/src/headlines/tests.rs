//! Rows of runs that were not made: with what theory says they would have measured, with noise, and with what it does not say.

use std::{collections::HashSet, f64::consts::LN_2};

use kolmo_config::{ClaimName, HeadlineConfig, ReportConfig, RunConfig};
use kolmo_run::{EvaluationRecord, GENERATED};
use kolmo_theory::{
    capacity::{Capacity, Rival},
    discovery::{expected_value_loss, mean_content},
    hallucination::monofact_rate,
};
use kolmo_world::{World, random::Streams};
use rand::RngExt;

use super::*;
use crate::{
    examples,
    report::{Headline as Row, Outcome},
    study::StudyRun,
};

fn study(names: &[(&str, &str, Option<f64>)], runs: Vec<StudyRun>) -> Study {
    let name = |text: &str| ClaimName::new(text).unwrap();
    let headlines = names
        .iter()
        .map(|(headline, statistic, margin)| HeadlineConfig {
            name: name(headline),
            statistic: name(statistic),
            margin: *margin,
        });
    Study {
        name: "study".to_owned(),
        settings: ReportConfig {
            headlines: headlines.collect(),
            ..ReportConfig::default()
        },
        sources: Vec::new(),
        runs,
        tuned: Vec::new(),
        left_out: Vec::new(),
    }
}

fn row(study: Study, name: &str) -> Row {
    let rows = rows(&[study]).unwrap();
    rows.into_iter().find(|row| row.name == name).unwrap()
}

/// A factor of about one, of a seed and a number.
fn noise(seed: u64, number: u64, size: f64) -> f64 {
    let mut random = Streams::new(seed).stream("test/noise").at(number);
    // Of a variance of one twelfth.
    (size * 12f64.sqrt() * (random.random::<f64>() - 0.5)).exp()
}

fn zipf(exponent: f64, elements: u64) -> RunConfig {
    let text = format!(
        "world.frequency = {{ law = 'zipf', elements = {elements}, exponent = {exponent} }}"
    );
    RunConfig::parse(&text, &[]).unwrap()
}

const LAWS: [f64; 4] = [1.3, 1.5, 1.7, 2.0];
/// So many that the lengths do not end them.
const ELEMENTS: u64 = 1_000_000;
const LENGTHS: [u64; 5] = [50_000, 100_000, 200_000, 400_000, 800_000];

/// Runs of which the loss is what `loss` makes of a world and a number of documents, from worlds with the exponents `is` whose
/// configurations say that they are `said`.
fn data(seeds: u64, laws: &[(f64, f64)], loss: impl Fn(&World, f64) -> f64) -> Study {
    let mut runs = Vec::new();
    for (is, said) in laws {
        let (_, truth) = zipf(*is, ELEMENTS).settle().unwrap();
        for seed in 1..=seeds {
            for documents in LENGTHS {
                let mut config = zipf(*said, ELEMENTS);
                config.seed = seed;
                config.train.documents = documents;
                let mut last = examples::evaluation(&truth, documents, 1.0);
                last.value_loss = loss(&truth, documents as f64)
                    * noise(seed, documents + (is * 10.0) as u64, 0.02);
                last.missing_recalibrated = last.value_loss;
                runs.push(StudyRun::imagined(config, vec![last]));
            }
        }
    }
    study(&[("data_law", "exponent_over_exact", Some(0.15))], runs)
}

fn true_laws() -> Vec<(f64, f64)> {
    LAWS.map(|law| (law, law)).to_vec()
}

fn bayes(clock: f64) -> impl Fn(&World, f64) -> f64 {
    move |world, documents| expected_value_loss(world, 1..=u64::MAX, documents / clock)
}

#[test]
fn all_headlines_are_there_whatever_was_run() {
    let rows = rows(&[]).unwrap();
    assert_eq!(rows.len(), 12);
    let names: HashSet<&str> = rows.iter().map(|row| row.name).collect();
    assert_eq!(names.len(), 12);
    for (k, row) in rows.iter().enumerate() {
        assert_eq!(row.number, k + 1);
        assert_eq!(
            row.verdict.is_some(),
            row.sort != Sort::Finding,
            "{}",
            row.name
        );
        assert_eq!(
            row.verdict.unwrap_or(Outcome::Inconclusive),
            Outcome::Inconclusive
        );
        assert!(
            row.measured.is_none() && row.reason.contains("kolmo reproduce"),
            "{}",
            row.name
        );
    }
}

#[test]
fn a_loss_that_falls_as_the_exact_one_agrees_whatever_its_clock() {
    let exact = row(data(5, &true_laws(), bayes(1.0)), "data_law");
    assert_eq!(exact.verdict, Some(Outcome::Agrees), "{exact:?}");
    assert_eq!(exact.seeds, Some(5));
    let (alone, together) = (exact.ci95.unwrap(), exact.ci_holm.unwrap());
    assert!(together[0] < alone[0] && alone[1] < together[1]);
    // Of a slower learner theory says the same of the exponent to within the margin, where the population is endless.
    let slower = row(data(5, &true_laws(), bayes(4.0)), "data_law");
    assert_ne!(slower.verdict, Some(Outcome::Disagrees), "{slower:?}");
    let clock = clock(data(3, &true_laws(), bayes(4.0)));
    assert_eq!((clock.verdict, clock.sort), (None, Sort::Finding));
    let [lo, hi] = clock.ci95.unwrap();
    assert!(lo < 0.0 && 0.0 < hi, "{clock:?}");
    let of_last = clock
        .parts
        .iter()
        .filter(|part| part.name.contains("800,000"));
    for part in of_last {
        let tau = part.measured.unwrap();
        assert!((3.5..4.5).contains(&tau), "{part:?}");
    }
}

#[test]
fn a_misreported_law_never_agrees() {
    for said in [1.2, 2.5] {
        let laws: Vec<(f64, f64)> = LAWS.map(|law| (law, said)).to_vec();
        let wrong = row(data(5, &laws, bayes(1.0)), "data_law");
        assert_ne!(wrong.verdict, Some(Outcome::Agrees), "{said}: {wrong:?}");
    }
}

#[test]
fn an_untrained_model_disagrees_and_a_clock_that_is_not_known_is_no_number() {
    let flat = |world: &World, _: f64| 0.999 * mean_content(world);
    let untrained = row(data(5, &true_laws(), flat), "data_law");
    assert_eq!(untrained.verdict, Some(Outcome::Disagrees), "{untrained:?}");
    let above = |world: &World, _: f64| 1.2 * mean_content(world);
    let censored = clock(data(3, &true_laws(), above));
    assert!(censored.measured.is_none() && censored.study.is_none());
}

#[test]
fn few_seeds_or_few_laws_decide_nothing() {
    for seeds in [1, 2] {
        let few = row(data(seeds, &true_laws(), bayes(1.0)), "data_law");
        assert_eq!(few.verdict, Some(Outcome::Inconclusive), "{few:?}");
        let flat = row(data(seeds, &true_laws(), |_, _| 1.0), "data_law");
        assert_eq!(flat.verdict, Some(Outcome::Inconclusive), "{flat:?}");
    }
    let laws = &true_laws()[..3];
    let few = row(data(5, laws, bayes(1.0)), "data_law");
    assert_eq!(few.verdict, Some(Outcome::Inconclusive));
    assert!(few.reason.contains("3 laws"), "{}", few.reason);
}

/// The same runs, asked for their clock.
fn clock(mut study: Study) -> Row {
    let headline = &mut study.settings.headlines[0];
    headline.name = ClaimName::new("clock").unwrap();
    headline.statistic = ClaimName::new("clock_slope").unwrap();
    row(study, "clock")
}

type Asked = (&'static str, &'static str, Option<f64>);
const CAPACITY: Asked = ("capacity", "bits_exponent", Some(0.1));
const MODEL_LAW: Asked = ("model_law", "missing_over_best_use", None);

/// How models of a ladder spend what they store.
#[derive(Clone, Copy)]
enum Use {
    Best,
    Other(Rival),
}

/// Five seeds of six sizes on two lengths, a factor of two apart: bits go as `exponent` of the parameters, and grow by `growth` in the
/// doubling.
fn ladder(asked: Asked, exponent: f64, growth: f64, spends: Use) -> Study {
    let (_, truth) = zipf(1.35, 2500).settle().unwrap();
    let mut runs = Vec::new();
    for seed in 1..=5 {
        for width in [4, 8, 12, 16, 24, 36] {
            for documents in [4_000_000, 8_000_000] {
                let mut config = zipf(1.35, 2500);
                config.seed = seed;
                config.model = examples::one_head(width);
                config.train.documents = documents;
                let (config, world) = config.settle().unwrap();
                let parameters = config.model.parameters(world.vocabulary().len()) as f64;
                let grown = if documents == 8_000_000 {
                    1.0 + growth
                } else {
                    1.0
                };
                let bits = 0.5
                    * 3000.0
                    * (parameters / 3000.0).powf(exponent)
                    * grown
                    * noise(seed, width as u64, 0.003);
                runs.push(StudyRun::imagined(
                    config,
                    vec![stored(&truth, documents, bits, spends)],
                ));
            }
        }
    }
    study(&[asked], runs)
}

fn stored(world: &World, documents: u64, bits: f64, spends: Use) -> EvaluationRecord {
    let mut last = examples::evaluation(world, documents, 1.0);
    let capacity = Capacity::after(world, documents as f64);
    last.bits_stored = bits;
    last.missing_recalibrated = match spends {
        Use::Best => capacity.store(bits * LN_2).value_loss,
        Use::Other(rival) => capacity.spread(rival, bits * LN_2),
    };
    last
}

#[test]
fn bits_in_proportion_to_parameters_agree_where_they_have_stopped_growing() {
    let full = row(ladder(CAPACITY, 1.0, 0.005, Use::Best), "capacity");
    assert_eq!(full.verdict, Some(Outcome::Agrees), "{full:?}");
    let growing = row(ladder(CAPACITY, 1.0, 0.1, Use::Best), "capacity");
    assert_eq!(growing.verdict, Some(Outcome::Inconclusive), "{growing:?}");
    assert!(growing.reason.contains("at capacity"), "{}", growing.reason);
    let other = row(ladder(CAPACITY, 0.7, 0.005, Use::Best), "capacity");
    assert_eq!(other.verdict, Some(Outcome::Disagrees), "{other:?}");
}

#[test]
fn only_the_best_use_of_the_bits_agrees_with_the_model_law() {
    let best = row(ladder(MODEL_LAW, 1.0, 0.005, Use::Best), "model_law");
    assert_eq!(best.verdict, Some(Outcome::Agrees), "{best:?}");
    assert_eq!(best.takes, "the bits stored");
    for rival in Rival::ALL {
        let other = row(
            ladder(MODEL_LAW, 1.0, 0.005, Use::Other(rival)),
            "model_law",
        );
        assert_ne!(other.verdict, Some(Outcome::Agrees), "{rival}: {other:?}");
    }
}

#[test]
fn a_sweep_file_that_names_another_statistic_or_no_margin_is_told_so() {
    let of = |statistic: &str, margin| {
        let wrong = study(&[("data_law", statistic, margin)], Vec::new());
        rows(&[wrong]).unwrap_err().to_string()
    };
    let error = of("clock_slope", Some(0.1));
    assert!(error.contains("exponent_over_exact"), "{error}");
    let error = of("exponent_over_exact", None);
    assert!(error.contains("margin"), "{error}");
}

#[test]
fn intervals_stay_within_what_a_number_can_be() {
    for row in rows(&[
        data(3, &true_laws(), bayes(1.0)),
        ladder(CAPACITY, 1.0, 0.1, Use::Best),
    ])
    .unwrap()
    {
        let [least, greatest] = row.quantity.bounds();
        for [lo, hi] in [row.ci95, row.ci_holm].into_iter().flatten() {
            assert!(least <= lo && lo <= hi && hi <= greatest, "{row:?}");
        }
    }
}

/// Runs whose models generated 1000 statements, of which so many were true and met: after documents read once, and after half as many read twice.
fn generating(once: [f64; 2], twice: [f64; 2], off: f64) -> Study {
    let arms = [
        ("", 50_000, once),
        ("train.repeat = { share = 1.0, times = 2 }", 100_000, twice),
    ];
    let mut runs = Vec::new();
    for (repeat, documents, [truths, met]) in arms {
        for seed in 1..=3 {
            let text = format!(
                "seed = {seed}\nworld = {{ frequency = {{ law = 'zipf', elements = 20000, exponent = 1.3 }}, relations = [{{ name = 'home', values = 16 }}] }}\n\
                 {repeat}\ntrain.documents = {documents}\ntrain.batch_documents = 100"
            );
            let config = RunConfig::parse(&text, &[]).unwrap();
            let (config, world) = config.settle().unwrap();
            let mut last = examples::evaluation(&world, documents, 1.0);
            let wobble = 2.0 * (seed as f64 - 2.0);
            let figures = [1000.0, 1000.0, 990.0, truths + wobble, met + wobble, off];
            for (name, figure) in GENERATED.into_iter().zip(figures) {
                last.companions.insert(name.to_owned(), Some(figure));
            }
            runs.push(StudyRun::imagined(config, vec![last]));
        }
    }
    study(&[("hallucination", "deviance_left", None)], runs)
}

#[test]
fn generated_statements_stand_beside_what_they_must_be() {
    let study = generating([900.0, 880.0], [930.0, 920.0], 0.01);
    let (_, world) = study.runs[0].config.clone().settle().unwrap();
    let parts = generated::parts(&study);
    let find = |start: &str, end: &str| {
        let of = |part: &&Part| part.name.contains(start) && part.name.ends_with(end);
        parts
            .iter()
            .find(of)
            .unwrap_or_else(|| panic!("{start} {end}: {parts:?}"))
    };
    // Both have read the same 50 000 documents.
    let rate = monofact_rate(&world, 50_000.0);
    for how in [
        "50,000 documents, each once",
        "50,000 documents, each 2 times",
    ] {
        let unmet = find(how, "of a calibrated model");
        assert!((unmet.predicted.unwrap() - rate).abs() < 1e-9);
        let wrong = find(how, "at least as predicted");
        let floor = 15.0 / 16.0 * (rate - 0.01);
        assert!((wrong.predicted.unwrap() - floor).abs() < 1e-9);
    }
    let near = |part: &Part, expected: f64| {
        assert!((part.measured.unwrap() - expected).abs() < 1e-9, "{part:?}");
        let [lo, hi] = part.ci95.unwrap();
        assert!(lo < expected && expected < hi, "{part:?}");
    };
    near(find("each once", "at least as predicted"), 0.1);
    near(find("each 2 times", "at least as predicted"), 0.07);
    near(find("each once", "of a calibrated model"), 0.12);
    let saved = find("each 2 times", "that repeating saves");
    assert!((saved.measured.unwrap() - 0.03).abs() < 1e-9);
    // An interval of a share ends where a share does.
    let sure = generated::parts(&generating([1000.0, 1000.0], [999.0, 999.0], 0.0));
    for part in sure
        .iter()
        .filter(|part| part.name.contains("generated statements"))
    {
        let [lo, hi] = part.ci95.unwrap();
        assert!(0.0 <= lo && hi <= 1.0, "{part:?}");
    }
    let section = appendices(&study).unwrap().pop().unwrap();
    assert_eq!(section.tables[0].rows.len(), 2);
    // A study whose models generated nothing has nothing of it.
    let silent = data(1, &true_laws()[..1], bayes(1.0));
    assert!(generated::parts(&silent).is_empty());
}

/// Runs of the data law whose loss falls with this many times the exponent of the exact one, in trainings that differ in what is given.
fn trainings(of: &[(&str, f64)]) -> Study {
    let mut runs = Vec::new();
    for (change, factor) in of {
        for seed in 1..=4 {
            for documents in LENGTHS {
                let text = format!(
                    "seed = {seed}\nworld.frequency = {{ law = 'zipf', elements = {ELEMENTS}, exponent = 1.5 }}\n\
                     train.documents = {documents}\n{change}"
                );
                let (config, world) = RunConfig::load(&text, &[]).unwrap();
                let mut last = examples::evaluation(&world, documents, 1.0);
                let shift = 1.0 + 0.01 * (seed as f64 - 2.5);
                last.value_loss = bayes(1.0)(&world, documents as f64).powf(factor * shift);
                runs.push(StudyRun::imagined(config, vec![last]));
            }
        }
    }
    let mut study = study(&[("data_law", "exponent_over_exact", Some(0.15))], runs);
    study.settings.robustness = std::mem::take(&mut study.settings.headlines);
    study
}

#[test]
fn a_table_says_what_moves_a_number_and_by_how_much() {
    let study = trainings(&[
        ("", 1.0),
        ("train.learning_rate = 1e-3", 1.02),
        ("model.layers = 4", 1.3),
        ("seed_of = { world = 1, initialisation = 1 }", 1.0),
        ("train.repeat = { share = 1.0, times = 4 }", 0.9),
    ]);
    let section = appendices(&study).unwrap().pop().unwrap();
    let [table] = &section.tables[..] else {
        panic!("{section:?}");
    };
    let row = |what: &str| {
        let mut rows = table.rows.iter();
        rows.find(|row| row[0] == what)
            .unwrap_or_else(|| panic!("{what}: {table:?}"))
    };
    assert_eq!(table.rows[0][..3], ["nothing", "the reference", "4"]);
    assert!(row("nothing")[3].starts_with("1.000 "), "{table:?}");
    assert_eq!(row("train.learning_rate")[1], "0.001");
    assert!(
        row("train.learning_rate")[4].starts_with("0.0200 "),
        "{table:?}"
    );
    assert_eq!(row("train.learning_rate")[5], "yes");
    assert_eq!(
        (&row("model.layers")[1][..], &row("model.layers")[5][..]),
        ("4", "no")
    );
    assert_eq!(row("seeds")[1], "order alone");
    assert_eq!(row("seeds")[6], row("nothing")[6]);
    assert!(row("train.repeat.share, train.repeat.times")[3].starts_with("0.900 "));
    // A study that is asked for nothing of the kind has no table.
    assert!(
        appendices(&data(2, &true_laws(), bayes(1.0)))
            .unwrap()
            .is_empty()
    );
}
