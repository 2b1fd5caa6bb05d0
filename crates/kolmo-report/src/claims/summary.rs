//! What claims have in common: means over seeds, names of figures.

use std::{collections::BTreeSet, f64::consts::LN_2};

use kolmo_theory::capacity::Capacity;

use crate::{
    figures::chart::{Datum, Ink, Mark, Series},
    files::plain_name,
    study::{Study, StudyRun, groups},
};
use kolmo_stats::{Mean, Observation, OfSeed, one_a_seed};

/// `runs` by the number of documents that they were to have, rising; they have whole batches of it.
pub(super) fn by_documents<'a>(runs: &[&'a StudyRun]) -> Vec<(f64, Vec<&'a StudyRun>)> {
    by(runs.iter().copied(), |run| {
        run.config.train.documents as f64
    })
}

/// `runs` by their number of parameters, rising.
pub(super) fn by_parameters<'a>(runs: &[&'a StudyRun]) -> Vec<(f64, Vec<&'a StudyRun>)> {
    by(runs.iter().copied(), parameters)
}

/// `runs`, or what there is of each, by a number, rising.
pub(super) fn by<'a, T>(
    runs: impl IntoIterator<Item = &'a T>,
    of: impl Fn(&T) -> f64,
) -> Vec<(f64, Vec<&'a T>)> {
    let groups = groups(runs, &of).into_iter();
    let mut groups: Vec<(f64, Vec<&T>)> = groups.map(|group| (of(group[0]), group)).collect();
    groups.sort_by(|a, b| a.0.total_cmp(&b.0));
    groups
}

/// `groups` with a name for each: the law, and where several have the same what else they are.
pub(super) fn named(groups: Vec<Vec<&StudyRun>>) -> Vec<(Vec<&StudyRun>, String)> {
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
        let mut name = law;
        if differs(&parameters) {
            name += &format!(", {} parameters", runs[0].parameters);
        }
        if differs(&documents) {
            name += &format!(", {} documents", documents(runs[0]));
        }
        name
    };
    let names: Vec<String> = groups.iter().map(name).collect();
    let numbered = (0..names.len()).map(|k| format!("{}{}", names[k], number(&names, k)));
    let numbered: Vec<String> = numbered.collect();
    groups.into_iter().zip(numbered).collect()
}

/// What tells name `k` from the same ones before it: nothing of the first, ` (2)` of the second.
pub(super) fn number(names: &[String], k: usize) -> String {
    let before = names[..k].iter().filter(|name| **name == names[k]).count();
    match before {
        0 => String::new(),
        _ => format!(" ({})", before + 1),
    }
}

/// A model that has stored this share of the bits of all that it met is taken to have had room for everything.
pub(super) const ROOM: f64 = 0.9;

/// What the bits of all facts of the world of `run` that so many documents state come to, in expectation.
pub(super) fn met_bits(run: &StudyRun, documents: f64) -> f64 {
    Capacity::after(&run.world, documents).full() / LN_2
}

/// What `y` says of each run where `x` says, for a fit over seeds.
pub(super) fn observations(
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

/// The parameters of a run.
pub(super) fn parameters(run: &StudyRun) -> f64 {
    run.parameters as f64
}

/// A run of each world of `runs`: where every seed has drawn frequencies of its own, one of each seed, and one otherwise.
pub(super) fn worlds<'a>(runs: &[&'a StudyRun]) -> Vec<&'a StudyRun> {
    let seeds = groups(runs.iter().copied(), |run| run.config.seed);
    let worlds = match runs[0].world.frequency().law().is_drawn_by_seed() {
        true => seeds.len(),
        false => 1,
    };
    seeds[..worlds].iter().map(|runs| runs[0]).collect()
}

/// What is of a run, and so of a seed.
pub(super) trait Seeded {
    /// The seed.
    fn seed(&self) -> u64;
}

impl Seeded for StudyRun {
    fn seed(&self) -> u64 {
        self.config.seed
    }
}

impl<T: Seeded> Seeded for &T {
    fn seed(&self) -> u64 {
        (*self).seed()
    }
}

impl<T> Seeded for OfSeed<T> {
    fn seed(&self) -> u64 {
        self.0
    }
}

/// What `of` says of each of `items`, with its seed.
pub(super) fn of_seeds<T: Seeded, V>(items: &[T], of: impl Fn(&T) -> V) -> Vec<OfSeed<V>> {
    items.iter().map(|item| (item.seed(), of(item))).collect()
}

/// How many seeds `items` are of.
pub(super) fn count_seeds<T: Seeded>(items: &[T]) -> usize {
    let seeds: BTreeSet<u64> = items.iter().map(Seeded::seed).collect();
    seeds.len()
}

/// The mean over the seeds of what `of` says of each run, at `x`, with Student's interval over them.
pub(super) fn mean(x: f64, runs: &[&StudyRun], of: impl Fn(&StudyRun) -> f64) -> Datum {
    datum(x, &of_seeds(runs, |run| of(run)))
}

/// The mean over the seeds of `values`, at `x`; without an interval of a single one.
pub(super) fn datum(x: f64, values: &[OfSeed<f64>]) -> Datum {
    let seeds = one_a_seed(values).into_iter();
    let mean = Mean::of(&seeds.map(|(_, value)| value).collect::<Vec<_>>());
    let ends = [mean.mean - mean.half_width, mean.mean + mean.half_width];
    Datum {
        x,
        y: mean.mean,
        ci95: mean.half_width.is_finite().then_some(ends),
    }
}

/// Points without intervals.
pub(super) fn line(
    label: impl Into<String>,
    (mark, ink): (Mark, Ink),
    points: impl IntoIterator<Item = (f64, f64)>,
) -> Series {
    let points = points.into_iter().map(|(x, y)| Datum { x, y, ci95: None });
    Series {
        label: label.into(),
        mark,
        ink,
        points: points.collect(),
    }
}

/// Points with their intervals.
pub(super) fn points(
    label: impl Into<String>,
    (mark, ink): (Mark, Ink),
    points: Vec<Datum>,
) -> Series {
    Series {
        label: label.into(),
        mark,
        ink,
        points,
    }
}

/// `count` numbers from `lo` to `hi`, evenly spaced in the logarithm.
pub(super) fn grid(lo: f64, hi: f64, count: usize) -> impl Iterator<Item = f64> {
    (0..count).map(move |k| lo * (hi / lo).powf(k as f64 / (count - 1).max(1) as f64))
}

/// Shade number `k` of `count`.
pub(super) fn shade(k: usize, count: usize) -> Ink {
    Ink::Shade(k as f64 / count.saturating_sub(1).max(1) as f64)
}

/// A name for files and addresses of what `study` says of a claim, `parts` beginning with it: lower case letters, digits and
/// dashes. An experiment that is called like its claim is named once.
pub(super) fn id(study: &Study, parts: &[&str]) -> String {
    let (name, parts) = (plain_name(&study.name), plain_name(&parts.join("-")));
    match parts.strip_prefix(&name) {
        Some(rest) if rest.is_empty() || rest.starts_with('-') => parts,
        _ => format!("{name}-{parts}"),
    }
}
