//! How far the number of a headline moves when one thing of its runs is changed, and over which part of the seed it varies.

use kolmo_config::HeadlineConfig;
use kolmo_stats::{Comparison, Estimate, Finding, OfSeed, Place, Relation, one_a_seed};

use super::{About, HEADLINES, Headline, check};
use crate::{
    error::Result,
    measured::{cells::cell, runs::id},
    number::{NOTHING, count, significant},
    report::{Section, Table},
    study::{Study, StudyRun, groups},
};

/// What runs of one variant differ in, for the number of a headline is of several laws, sizes and lengths.
const OF_ONE: [&str; 5] = [
    "seed",
    "train.documents",
    "model.d_model",
    "model.heads",
    "world.frequency.",
];

/// Keys that change nothing of what is learnt.
const IDLE: [&str; 3] = ["eval.", "checkpoint.", "train.log_every"];

/// Runs that share everything but what a headline compares.
struct Variant {
    /// Keys of its configuration, with their values as TOML.
    keys: Vec<(String, String)>,
    /// The statistic of each seed.
    seeds: Vec<OfSeed<f64>>,
}

/// The tables of the headlines whose robustness `study` is for.
///
/// # Errors
/// Those of reading records; a sweep file that names another statistic than a headline has.
pub(super) fn section(study: &Study) -> Result<Option<Section>> {
    let mut tables = Vec::new();
    for config in &study.settings.robustness {
        let named = |headline: &&&dyn Headline| headline.about().name == config.name.as_str();
        let Some(headline) = HEADLINES.iter().find(named) else {
            continue;
        };
        check(&headline.about(), study, config)?;
        tables.extend(table(*headline, config, study)?);
    }
    let text = "One thing is changed at a time. A difference is to the reference, seed by seed, where both have the seed. It is within the margin, which the \
                sweep file has, if its whole interval is. What the seed alone changes is its standard deviation: where two of the parts world, initialisation \
                and order have one seed in all runs, the third varies.";
    let mut section = Section::new(
        id(study, &["robustness"]),
        "Robustness",
        &study.settings.question,
        &[text],
    );
    section.tables = tables;
    Ok((!section.tables.is_empty()).then_some(section))
}

fn table(headline: &dyn Headline, config: &HeadlineConfig, study: &Study) -> Result<Option<Table>> {
    let variants = variants(headline, study)?;
    let Some(reference) = reference(&variants) else {
        return Ok(None);
    };
    let About {
        title, statistic, ..
    } = headline.about();
    let mut rows = vec![row(None, reference, reference, config.margin)];
    let mut others: Vec<(Changed, &Variant)> = variants
        .iter()
        .filter(|variant| variant.keys != reference.keys)
        .map(|variant| (changed(variant, reference), variant))
        .collect();
    others.sort_by(|a, b| a.0.cmp(&b.0));
    for (changed, variant) in &others {
        rows.push(row(Some(changed), variant, reference, config.margin));
    }
    let within = match config.margin {
        Some(margin) => format!("within ±{}", significant(margin)),
        None => "within".to_owned(),
    };
    let head = [
        "changed",
        "to",
        "seeds",
        statistic,
        "difference",
        &within,
        "deviation over seeds",
    ];
    Ok(Some(Table {
        caption: format!("{title}: means over seeds with 95 % intervals."),
        head: head.map(str::to_owned).to_vec(),
        rows,
    }))
}

fn variants(headline: &dyn Headline, study: &Study) -> Result<Vec<Variant>> {
    let keys = |run: &StudyRun| -> Vec<(String, String)> {
        // A configuration that was read has its keys.
        let all = run.config.flatten().unwrap_or_default().into_iter();
        let all = all.map(|(key, value)| (key, value.to_string()));
        let counts = |(key, _): &(String, String)| {
            let is = |of: &str| key == of || of.ends_with('.') && key.starts_with(of);
            !OF_ONE.iter().chain(&IDLE).any(|of| is(of))
        };
        all.filter(counts).collect()
    };
    let mut variants = Vec::new();
    for runs in groups(&study.runs, keys) {
        let answer = headline.answer(&StudyRun::study_of(&runs, study))?;
        let seeds = answer.map(|answer| one_a_seed(&answer.seeds));
        variants.push(Variant {
            keys: keys(runs[0]),
            seeds: seeds.unwrap_or_default(),
        });
    }
    Ok(variants)
}

/// The variant from which the others differ in the fewest keys.
fn reference(variants: &[Variant]) -> Option<&Variant> {
    let distance = |variant: &&Variant| -> usize {
        let others = variants.iter();
        others.map(|other| differing(variant, other).len()).sum()
    };
    variants.iter().min_by_key(distance)
}

/// The keys in which two variants differ, with the value of the first; none where it has none.
fn differing<'a>(one: &'a Variant, other: &'a Variant) -> Vec<(&'a str, Option<&'a str>)> {
    let value = |of: &'a Variant, key: &str| {
        let found = of.keys.iter().find(|(name, _)| name == key);
        found.map(|(_, value)| value.as_str())
    };
    let mut keys: Vec<&str> = one
        .keys
        .iter()
        .chain(&other.keys)
        .map(|(key, _)| key.as_str())
        .collect();
    keys.sort_unstable();
    keys.dedup();
    let differs = |key: &&str| value(one, key) != value(other, key);
    let keys = keys.into_iter().filter(differs);
    keys.map(|key| (key, value(one, key))).collect()
}

/// What is changed, and to what.
type Changed = (String, String);

fn changed(variant: &Variant, reference: &Variant) -> Changed {
    let differing = differing(variant, reference);
    let fixed: Vec<&str> = differing
        .iter()
        .filter_map(|(key, _)| key.strip_prefix("seed_of."))
        .collect();
    if !fixed.is_empty() && fixed.len() == differing.len() {
        let free = ["world", "initialisation", "order"];
        let free = free.into_iter().filter(|part| !fixed.contains(part));
        return (
            "seeds".to_owned(),
            format!("{} alone", free.collect::<Vec<_>>().join(" and ")),
        );
    }
    let keys: Vec<&str> = differing.iter().map(|(key, _)| *key).collect();
    let values = differing.iter().map(|(_, value)| value.unwrap_or("none"));
    let values = values.map(|text| text.trim_matches('"'));
    (keys.join(", "), values.collect::<Vec<_>>().join(", "))
}

fn row(
    changed: Option<&Changed>,
    variant: &Variant,
    reference: &Variant,
    margin: Option<f64>,
) -> Vec<String> {
    let (what, to) = match changed {
        Some((what, to)) => (what.clone(), to.clone()),
        None => ("nothing".to_owned(), "the reference".to_owned()),
    };
    let seeds = &variant.seeds;
    let differences: Vec<OfSeed<f64>> = seeds
        .iter()
        .filter_map(|(seed, value)| {
            let mut of = reference.seeds.iter();
            let (_, other) = of.find(|(other, _)| other == seed)?;
            Some((*seed, value - other))
        })
        .collect();
    let difference = Estimate::over_seeds(&differences);
    let within = match (&difference, margin) {
        (Ok(measured), Some(margin)) => within(*measured, margin),
        (Err(_), _) | (_, None) => NOTHING,
    };
    let (difference, within) = match changed {
        Some(_) => (cell(difference), within),
        None => (NOTHING.to_owned(), NOTHING),
    };
    vec![
        what,
        to,
        count(seeds.len() as f64),
        cell(Estimate::over_seeds(seeds)),
        difference,
        within.to_owned(),
        significant(deviation(seeds)),
    ]
}

/// Where the interval of a difference lies, however few seeds it rests on: their number stands beside it.
fn within(measured: Estimate, margin: f64) -> &'static str {
    let difference = Comparison {
        predicted: 0.0,
        measured,
        relation: Relation::Equal,
        margin,
        decades: None,
    };
    match difference.finding() {
        Finding::Placed { place, .. } => match place {
            Place::Inside => "yes",
            Place::Outside => "no",
            Place::Across => "open",
        },
        Finding::Unknown => "open",
    }
}

/// The standard deviation over seeds; not a number of fewer than two.
fn deviation(seeds: &[OfSeed<f64>]) -> f64 {
    let mean = kolmo_stats::mean(seeds.iter().map(|(_, value)| *value));
    let squares: f64 = seeds.iter().map(|(_, value)| (value - mean).powi(2)).sum();
    match seeds.len() {
        0 | 1 => f64::NAN,
        count => (squares / (count - 1) as f64).sqrt(),
    }
}
