//! A trained model as a compressor: its arithmetic code of documents that it has not seen, beside those of the Bayes learner and of
//! general compressors.

use kolmo_run::{CompressionRecord, CompressorRecord, WeightsRecord};

use crate::{
    claims::{About, Claim, section_for},
    error::Result,
    figures::chart::{Chart, Datum, Ink, Mark},
    measured::{
        cells::cell,
        codes::{Compressed, Group, alike, families},
        runs::id,
        seeds::{Seeded, count_seeds, datum, mean, of_seeds},
        series::{line, points},
    },
    number::{NOTHING, grouped, significant},
    prediction::Expected,
    quantity::Quantity,
    report::{Figure, Section, Sort, Table, Verdict},
    study::Study,
};
use kolmo_stats::{Estimate, OfSeed, Refusal};

const MODEL: &str = CompressorRecord::MODEL;
const BAYES: &str = CompressorRecord::BAYES;
const BAYES_UNTRAINED: &str = CompressorRecord::BAYES_UNTRAINED;

/// Compressors that are none of general use.
const LEARNERS: [&str; 3] = [MODEL, BAYES, BAYES_UNTRAINED];

/// An arithmetic code may be longer than the information in it by this share of it,
const SLACK: f64 = 1e-3;

/// and by so many bits, of the end of the code.
const END_BITS: f64 = 64.0;

/// A trained model beside other compressors.
pub struct Compressors;

impl Claim for Compressors {
    fn about(&self) -> About {
        About {
            name: "compressors",
            title: "The model as a compressor",
            question: "Does a trained model write text in fewer bits than a general compressor, and in as many as it says?",
            needs: "Runs that were measured as compressors.",
            predicts: "The bits of the model for unseen documents, over those of the best general compressor, are below 1. Over all runs the \
                 greatest difference of an arithmetic code and the information in it is below 0.001: of the Bayes learner's either way, \
                 of the model's beyond 64 bits.",
            sort: Sort::Law,
        }
    }

    fn section(&self, study: &Study) -> Result<Option<Section>> {
        let mut section = section_for(
            self,
            study,
            &[
                "A predictor is a compressor: arithmetic coding turns its probabilities into a code that is hardly longer than \
                 Σ −log2 P. The text is documents that the model has not seen. Bits are for each fact that it states, which is a \
                 sentence where documents state one.",
                "General compressors see the text alone, and find what repeats in it. The Bayes learner has read what the model was trained on, and \
                 nobody writes the text in fewer bits on average than who knows the world, which is the floor.",
                "The model's code does not hold the model. With the weights, entropy coded at the precision that is cheapest, it is \
                 shorter than the best general compressor from a number of facts on: the bits of the weights over what they save on each. \
                 What rounding costs is measured on documents of training. That general compressors take fewer bits for each fact of a longer text is not counted.",
            ],
        );
        for group in &alike(study) {
            section.verdicts.push(shortest(group));
            section.tables.push(table(group));
        }
        for family in &families(study) {
            section.verdicts.extend(written(family));
            section.figures.push(figure(study, family));
            section.tables.push(with_weights(family));
        }
        Ok((!section.verdicts.is_empty()).then_some(section))
    }
}

fn compressor<'a>(record: &'a CompressionRecord, name: &str) -> Option<&'a CompressorRecord> {
    let mut all = record.text.compressors.iter();
    all.find(|compressor| compressor.name == name)
}

/// The general compressor that writes the text in the fewest bits.
fn best_general(record: &CompressionRecord) -> Option<&CompressorRecord> {
    let all = record.text.compressors.iter();
    let general = all.filter(|compressor| !LEARNERS.contains(&compressor.name.as_str()));
    general.min_by(|a, b| a.bits.total_cmp(&b.bits))
}

/// Bits for each fact of the text; not a number without such a compressor.
fn per_fact(record: &CompressionRecord, compressor: Option<&CompressorRecord>) -> f64 {
    compressor.map_or(f64::NAN, |of| of.bits / record.text.facts as f64)
}

fn model(of: &Compressed<'_>) -> f64 {
    per_fact(of.record, compressor(of.record, MODEL))
}

fn bayes(of: &Compressed<'_>) -> f64 {
    per_fact(of.record, compressor(of.record, BAYES))
}

fn general(of: &Compressed<'_>) -> f64 {
    per_fact(of.record, best_general(of.record))
}

fn floor(of: &Compressed<'_>) -> f64 {
    of.record.text.floor_bits / of.record.text.facts as f64
}

fn shortest(group: &Group<'_>) -> Verdict {
    let name = &group.name;
    Expected::below(&Compressors, 1.0, Quantity::Ratio)
        .called(
            format!("{name}/shortest"),
            format!(
                "{name}: the model writes sentences that it has not seen in fewer bits than the best general compressor: the ratio is below 1."
            ),
        )
        .judge(mean(&group.runs, |of| model(of) / general(of)))
}

/// Whether the codes that were written are as long as the probabilities say.
fn written(family: &Group<'_>) -> [Verdict; 2] {
    let name = &family.name;
    let claim = |which: &str, statement: String| {
        Expected::below(&Compressors, SLACK, Quantity::Difference)
            .called(format!("{name}/{which}"), statement)
    };
    let bayes = claim(
        BAYES,
        format!(
            "{name}: the Bayes learner's arithmetic code is as long as the information in it: the greatest relative difference of all runs is \
             below 0.1 %."
        ),
    );
    let model = claim(
        MODEL,
        format!(
            "{name}: the model's arithmetic code is no longer than the information in it and 64 bits: the greatest relative excess of \
             all runs is below 0.1 %."
        ),
    );
    let difference = |coded: f64, information: f64| (coded / information - 1.0).abs();
    let excess = |coded: f64, information: f64| (coded - information - END_BITS) / information;
    [
        bayes.judge_as(Sort::Check, greatest(family, BAYES, difference)),
        model.judge_as(Sort::Check, greatest(family, MODEL, excess)),
    ]
}

/// The greatest of what `of` says of the code and the information of a compressor, over all runs that have them. It is counted, not
/// estimated: its interval is the number itself.
fn greatest(
    family: &Group<'_>,
    name: &str,
    of: impl Fn(f64, f64) -> f64,
) -> std::result::Result<Estimate, Refusal> {
    let lengths = family.runs.iter().filter_map(|run| {
        let compressor = compressor(run.record, name)?;
        Some(of(compressor.coded_bits?, compressor.information_bits?))
    });
    let greatest = lengths.reduce(f64::max).ok_or(Refusal::TooFew {
        what: "codes",
        found: 0,
        needed: 1,
    })?;
    Ok(Estimate {
        value: greatest,
        ci95: [greatest; 2],
        seeds: count_seeds(&family.runs),
    })
}

/// A compressor a row, in the order of the record, between the text as it is and the floor.
fn table(group: &Group<'_>) -> Table {
    let runs = &group.runs;
    let row = |label: &str, bits: &dyn Fn(&Compressed<'_>) -> f64| {
        let bytes = |of: &Compressed<'_>| 8.0 * of.record.text.bytes as f64;
        let facts = |of: &Compressed<'_>| of.record.text.facts as f64;
        vec![
            label.to_owned(),
            cell(mean(runs, bits)),
            cell(mean(runs, |of| bytes(of) / facts(of) / bits(of))),
            cell(mean(runs, |of| bits(of) - floor(of))),
        ]
    };
    let first = runs[0].record;
    let text =
        |of: &Compressed<'_>| 8.0 * of.record.text.bytes as f64 / of.record.text.facts as f64;
    let mut rows = vec![row("the text as it is", &text)];
    for compressor_of in &first.text.compressors {
        let name = &compressor_of.name;
        rows.push(row(label(name), &|of| {
            per_fact(of.record, compressor(of.record, name))
        }));
    }
    rows.push(row("floor", &floor));
    Table {
        caption: format!(
            "{}: {} documents that the run has not seen, {} facts. Bits for each fact stated, bytes of text for each byte of code, and \
             bits for each fact above the floor; means over seeds with 95 % intervals.",
            group.name,
            grouped(first.text.documents),
            grouped(first.text.facts)
        ),
        head: ["compressor", "bits", "bytes a byte", "above the floor"]
            .map(str::to_owned)
            .to_vec(),
        rows,
    }
}

fn label(name: &str) -> &str {
    match name {
        MODEL => "the model",
        BAYES => "the Bayes learner, after the same training",
        BAYES_UNTRAINED => "the Bayes learner, untrained",
        name => name,
    }
}

/// Bits for each fact with the weights at the precision of `weights`: what the text took, and what the precision costs on documents of
/// training.
fn coarser(of: &Compressed<'_>, weights: &WeightsRecord) -> f64 {
    let finest = of.record.weights.first();
    let added = finest.map_or(f64::NAN, |finest| {
        weights.redundancy.total - finest.redundancy.total
    });
    model(of) + added / of.run.facts_per_document()
}

/// Facts from which on the code with its weights is the shorter one; infinite where it never is.
fn break_even(of: &Compressed<'_>, weights: &WeightsRecord) -> f64 {
    let saved = general(of) - coarser(of, weights);
    match saved > 0.0 {
        true => weights.description_bits / saved,
        // Not a number where one of them is not known.
        false if saved.is_nan() => f64::NAN,
        false => f64::INFINITY,
    }
}

/// The place in the records of the weights that break even first, by the mean over `runs`, and when they do in each.
fn first_to_break_even(runs: &[&Compressed<'_>]) -> Option<(usize, Vec<f64>)> {
    let precisions = runs.iter().map(|of| of.record.weights.len()).min()?;
    let facts = |k: usize| -> Vec<f64> {
        let at = runs.iter().map(|of| break_even(of, &of.record.weights[k]));
        at.collect()
    };
    let all = (0..precisions).map(|k| (k, facts(k)));
    let total = |facts: &[f64]| facts.iter().sum::<f64>();
    all.min_by(|a, b| total(&a.1).total_cmp(&total(&b.1)))
}

/// What was measured of `runs`, each with its seed.
fn seeds(runs: &[&Compressed<'_>], values: Vec<f64>) -> Vec<OfSeed<f64>> {
    runs.iter().map(Seeded::seed).zip(values).collect()
}

fn with_weights(family: &Group<'_>) -> Table {
    let row = |(parameters, runs): (f64, Vec<&Compressed<'_>>)| {
        let mut row = vec![
            grouped(parameters as u64),
            count_seeds(&runs).to_string(),
            cell(mean(&runs, |of| model(of))),
            cell(mean(&runs, |of| general(of))),
            best_general(runs[0].record)
                .map_or("none", |best| &best.name)
                .to_owned(),
        ];
        let (bits, description, facts) = match first_to_break_even(&runs) {
            Some((k, facts)) if facts.iter().all(|facts| facts.is_finite()) => (
                runs[0].record.weights[k].bits_per_weight.to_string(),
                cell(mean(&runs, |of| of.record.weights[k].description_bits)),
                cell(Estimate::over_seeds(&seeds(&runs, facts))),
            ),
            _ => {
                let nothing = || NOTHING.to_owned();
                (nothing(), nothing(), "never".to_owned())
            }
        };
        row.extend([bits, description, facts]);
        row
    };
    let head = [
        "parameters",
        "seeds",
        "model, bits",
        "best general, bits",
        "which",
        "bits per weight",
        "weights, bits",
        "shorter from so many facts on",
    ];
    Table {
        caption: format!(
            "{}: bits for each fact stated, and the facts after which the model's code and its weights together are shorter than the best \
             general compressor's, with the weights at the precision of which that comes first; means over seeds with 95 % intervals.",
            family.name
        ),
        head: head.map(str::to_owned).to_vec(),
        rows: family.sizes().into_iter().map(row).collect(),
    }
}

fn figure(study: &Study, family: &Group<'_>) -> Figure {
    let sizes = family.sizes();
    let ends = match (sizes.first(), sizes.last()) {
        (Some((first, _)), Some((last, _))) => [first / 1.5, last * 1.5],
        _ => [f64::NAN; 2],
    };
    let level = |of: fn(&Compressed<'_>) -> f64| {
        let mean = kolmo_stats::mean(family.runs.iter().map(of));
        ends.map(|x| (x, mean))
    };
    let best = best_general(family.runs[0].record).map_or("none", |best| &best.name);
    let measured = |(parameters, runs): &(f64, Vec<&Compressed<'_>>)| -> Datum {
        datum(*parameters, &of_seeds(runs, |of| model(of)))
    };
    Figure::chart(
        id(study, &["compressors", &family.name]),
        format!(
            "{}: bits for each fact stated in documents that the run has not seen, without the weights; means over seeds with 95 % intervals. \
             The floor is {} bits.",
            family.name,
            significant(level(floor)[0].1)
        ),
        Chart {
            title: format!("The model as a compressor: {}", family.name),
            x: "parameters".to_owned(),
            y: "bits per fact stated".to_owned(),
            log_y: false,
            series: vec![
                line(
                    format!("best general compressor, {best}"),
                    (Mark::Line, Ink::Reference),
                    level(general),
                ),
                points(
                    "the model",
                    (Mark::JoinedPoints, Ink::Measured),
                    sizes.iter().map(measured).collect(),
                ),
                line(
                    "the Bayes learner",
                    (Mark::Dashes, Ink::Asymptote),
                    level(bayes),
                ),
                line("floor", (Mark::Line, Ink::Theory), level(floor)),
            ],
        },
    )
}
