//! Bits stored for each parameter: plainly, and by the capacity ratio of Allen-Zhu & Li (2024, arXiv 2404.05405), which counts what is
//! known of names and leaves out parameters of tokens that never come.

use std::{collections::HashSet, f64::consts::LN_2};

use kolmo_run::FactRow;
use kolmo_world::Token;

use crate::{
    claims::{About, Claim, section_for},
    error::Result,
    figures::chart::{Chart, Datum, Ink, Mark},
    measured::{
        ladders::{bits, ladders},
        runs::{by_parameters, id, named, observations, parameters},
        seeds::mean_at,
        series::points,
    },
    number::{count, grouped, significant},
    prediction::Expected,
    quantity::Quantity,
    report::{Figure, Section, Sort, Table},
    study::{Study, StudyRun},
};
use kolmo_stats::PowerLaw;

/// Bits stored for each parameter.
pub struct BitsPerParameter;

impl Claim for BitsPerParameter {
    fn about(&self) -> About {
        About {
            name: "bits_per_parameter",
            title: "Bits per parameter",
            question: "Does a model store bits in proportion to its parameters, and how many?",
            needs: "The runs of `model_scaling`.",
            predicts: "The exponent of the bits stored against parameters is 1.",
            sort: Sort::Law,
        }
    }

    fn section(&self, study: &Study) -> Result<Option<Section>> {
        let ladders = ladders(study);
        if ladders.is_empty() {
            return Ok(None);
        }
        let mut section = section_for(
            self,
            study,
            &[
                "Plainly: the bits stored of values, over all parameters. Allen-Zhu and Li's capacity ratio adds what the model knows of \
                 the names, against a uniform choice from the name space, and leaves out the rows of tokens that never \
                 come; they find 2 bits after 1000 exposures of every fact, and 1 after 100. Where every name of the space is a subject's \
                 there is nothing to know of names. Of values each frequency class counts for what its answers are worth, which is \
                 their formula where all facts are known well.",
            ],
        );
        for (runs, name) in &named(ladders) {
            // Of the reciprocal, so that the exponent is that of growth.
            let points = observations(runs, parameters, |run| 1.0 / bits(run));
            let measured = PowerLaw::fit(&points).map(|law| law.exponent);
            section.verdicts.push(
                Expected::equal(&BitsPerParameter, 1.0, Quantity::Exponent)
                    .called(
                        format!("{name}/exponent"),
                        format!("{name}: the bits stored grow in proportion to the parameters."),
                    )
                    .over("parameters", runs.iter().map(|run| parameters(run)))
                    .judge(measured),
            );
            let ratios = runs.iter().map(|run| capacity_ratio(run));
            let ratios = ratios.collect::<Result<Vec<f64>>>()?;
            section.figures.push(figure(study, runs, &ratios, name));
            section.tables.push(table(runs, &ratios, name));
        }
        Ok(Some(section))
    }
}

/// What is known of values and of names, in bits, over the parameters of tokens that come.
fn capacity_ratio(run: &StudyRun) -> Result<f64> {
    let rows = run.last_facts()?;
    let names = run.world.facts().subjects() as f64;
    let relations = run.world.relations().len() as f64;
    // Every relation of a subject asks for its name: together they count it once. Probabilities of names add up to 1, so what is
    // known of one is not known of others: all count, those that are worse than guessed as well.
    let gain =
        |row: &FactRow| row.stands_for as f64 / relations * (names.ln() - row.name_loss_nats);
    let known_names = rows.iter().map(gain).sum::<f64>().max(0.0);
    Ok((bits(run) + known_names / LN_2) / used_parameters(run) as f64)
}

/// Subjects of more are not gone through: all words of their names are taken to come.
const MOST_SUBJECTS: u64 = 1_000_000;

/// The parameters without the rows of name words that no subject has.
fn used_parameters(run: &StudyRun) -> u64 {
    let (world, model) = (&run.world, &run.config.model);
    let subjects = world.frequency().elements();
    if subjects > MOST_SUBJECTS {
        return run.parameters;
    }
    let mut used: HashSet<Token> = HashSet::new();
    let mut name = Vec::new();
    for rank in 1..=subjects {
        name.clear();
        let facts = world.facts();
        facts.write_name(world.frequency().element(rank), &mut name);
        used.extend(&name);
    }
    // A word of a value or a template comes whoever is called so.
    used.extend(world.syntax().words());
    for relation in world.relations() {
        let values = 0..relation.value_count() as u32;
        used.extend(values.flat_map(|value| relation.tokens(value)));
    }
    let words: HashSet<Token> = world.facts().name_words().into_iter().collect();
    let unused = words.difference(&used).count();
    // So many rows of the table, or of the table and the output layer.
    run.parameters - model.embedding_parameters(unused)
}

fn figure(study: &Study, runs: &[&StudyRun], ratios: &[f64], name: &str) -> Figure {
    let plain = |run: &StudyRun| run.last().bits_per_parameter;
    let sizes = by_parameters(runs);
    let at = sizes
        .iter()
        .map(|(x, runs)| mean_at(*x, runs, plain))
        .collect();
    let ratio = |x: f64, at: &[&StudyRun]| Datum {
        ci95: None,
        ..mean_at(x, at, |run| ratio_of(run, runs, ratios))
    };
    let with_names = sizes.iter().map(|(x, at)| ratio(*x, at)).collect();
    Figure::chart(
        id(study, &["bits-per-parameter", name]),
        format!("{name}: bits stored for each parameter, means over seeds with 95 % intervals."),
        Chart {
            title: format!("Bits per parameter: {name}"),
            x: "parameters".to_owned(),
            y: "bits per parameter".to_owned(),
            log_y: false,
            series: vec![
                points(
                    "names counted (Allen-Zhu and Li)",
                    (Mark::JoinedPoints, Ink::Asymptote),
                    with_names,
                ),
                points("values alone", (Mark::JoinedPoints, Ink::Measured), at),
            ],
        },
    )
}

fn ratio_of(run: &StudyRun, runs: &[&StudyRun], ratios: &[f64]) -> f64 {
    let place = runs.iter().position(|other| std::ptr::eq(*other, run));
    place.map_or(f64::NAN, |place| ratios[place])
}

fn table(runs: &[&StudyRun], ratios: &[f64], name: &str) -> Table {
    let rows = by_parameters(runs).into_iter().map(|(parameters, at)| {
        let of = |f: &dyn Fn(&StudyRun) -> f64| mean_at(parameters, &at, f).y;
        vec![
            grouped(parameters as u64),
            grouped(used_parameters(at[0])),
            count(of(&bits)),
            significant(of(&|run: &StudyRun| run.last().bits_per_parameter)),
            significant(of(&|run: &StudyRun| ratio_of(run, runs, ratios))),
        ]
    });
    let head = [
        "parameters",
        "of tokens that come",
        "bits stored",
        "bits per parameter",
        "names counted",
    ];
    Table {
        caption: format!("{name}: means over seeds."),
        head: head.map(str::to_owned).to_vec(),
        rows: rows.collect(),
    }
}
