//! Runs sorted by what they are, with names for readers.

use std::f64::consts::LN_2;

use kolmo_stats::Observation;
use kolmo_theory::capacity::Capacity;

use crate::{
    files::plain_name,
    study::{Study, StudyRun, groups},
};

/// `runs` by the number of documents that they were to have, rising; they have whole batches of it.
pub fn by_documents<'a>(runs: &[&'a StudyRun]) -> Vec<(f64, Vec<&'a StudyRun>)> {
    by(runs.iter().copied(), |run| {
        run.config.train.documents as f64
    })
}

/// `runs` by their number of parameters, rising.
pub fn by_parameters<'a>(runs: &[&'a StudyRun]) -> Vec<(f64, Vec<&'a StudyRun>)> {
    by(runs.iter().copied(), parameters)
}

/// `runs`, or what there is of each, by a number, rising.
pub fn by<'a, T>(
    runs: impl IntoIterator<Item = &'a T>,
    of: impl Fn(&T) -> f64,
) -> Vec<(f64, Vec<&'a T>)> {
    let groups = groups(runs, &of).into_iter();
    let mut groups: Vec<(f64, Vec<&T>)> = groups.map(|group| (of(group[0]), group)).collect();
    groups.sort_by(|a, b| a.0.total_cmp(&b.0));
    groups
}

/// `groups` with a name for each: the law, and where several have the same what else they are.
pub fn named(groups: Vec<Vec<&StudyRun>>) -> Vec<(Vec<&StudyRun>, String)> {
    let name = |runs: &Vec<&StudyRun>| {
        let law = runs[0].law_name();
        let alike: Vec<_> = groups
            .iter()
            .filter(|other| other[0].law_name() == law)
            .collect();
        let differs =
            |of: &dyn Fn(&StudyRun) -> u64| alike.iter().any(|other| of(other[0]) != of(runs[0]));
        let parameters = |run: &StudyRun| run.parameters;
        let documents = |run: &StudyRun| run.config.train.documents;
        let batch = |run: &StudyRun| run.config.train.batch_documents as u64;
        let mut name = law;
        if differs(&parameters) {
            name += &format!(", {} parameters", runs[0].parameters);
        }
        if differs(&documents) {
            name += &format!(", {} documents", documents(runs[0]));
        }
        if differs(&batch) {
            name += &format!(", batches of {}", batch(runs[0]));
        }
        name
    };
    let names: Vec<String> = groups.iter().map(name).collect();
    let numbered = (0..names.len()).map(|k| format!("{}{}", names[k], number(&names, k)));
    let numbered: Vec<String> = numbered.collect();
    groups.into_iter().zip(numbered).collect()
}

/// What tells name `k` from the same ones before it: nothing of the first, ` (2)` of the second.
pub fn number(names: &[String], k: usize) -> String {
    let before = names[..k].iter().filter(|name| **name == names[k]).count();
    match before {
        0 => String::new(),
        _ => format!(" ({})", before + 1),
    }
}

/// A model that has stored this share of the bits of all that it met is taken to have had room for everything.
pub const ROOM: f64 = 0.9;

/// What the bits of all facts of the world of `run` that so many documents state come to, in expectation.
pub fn met_bits(run: &StudyRun, documents: f64) -> f64 {
    Capacity::after(&run.world, documents).full() / LN_2
}

/// What `y` says of each run where `x` says, for a fit over seeds.
pub fn observations(
    runs: &[&StudyRun],
    x: impl Fn(&StudyRun) -> f64,
    y: impl Fn(&StudyRun) -> f64,
) -> Vec<Observation> {
    let observation = |run: &&StudyRun| Observation {
        x: x(run),
        y: y(run),
        unit: run.config.seed,
    };
    runs.iter().map(observation).collect()
}

/// Templates of a relation in pre-training.
pub fn templates(run: &StudyRun) -> u64 {
    run.law().syntax.templates.unwrap_or_default() as u64
}

/// The parameters of a run.
pub fn parameters(run: &StudyRun) -> f64 {
    run.parameters as f64
}

/// A run of each world of `runs`: where every seed has drawn frequencies of its own, one of each seed, and one otherwise.
pub fn worlds<'a>(runs: &[&'a StudyRun]) -> Vec<&'a StudyRun> {
    let seeds = groups(runs.iter().copied(), |run| run.config.seed);
    let worlds = match runs[0].world.frequency().law().is_drawn_by_seed() {
        true => seeds.len(),
        false => 1,
    };
    seeds[..worlds].iter().map(|runs| runs[0]).collect()
}

/// A name for files and addresses of what `study` says of a claim, `parts` beginning with it: lower case letters, digits and
/// dashes. An experiment that is called like its claim is named once.
pub fn id(study: &Study, parts: &[&str]) -> String {
    let (name, parts) = (plain_name(&study.name), plain_name(&parts.join("-")));
    match parts.strip_prefix(&name) {
        Some(rest) if rest.is_empty() || rest.starts_with('-') => parts,
        _ => format!("{name}-{parts}"),
    }
}
