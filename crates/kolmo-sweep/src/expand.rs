//! From what varies to points, each of which is a run.

use std::collections::BTreeSet;

use toml::Value;

use crate::{
    error::SweepError,
    file::{Axis, Settings, SweepFile},
};

/// What sets a run apart.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Point {
    /// In short: `key=value`, one for each thing that varies.
    pub label: Vec<String>,
    /// Keys of the configuration with their values.
    pub settings: Vec<(String, Value)>,
}

impl Point {
    fn of(settings: Vec<(String, Value)>) -> Self {
        let label = settings.iter().map(|(key, value)| {
            let key = key.rsplit('.').next().unwrap_or(key);
            one_line(&format!("{key}={}", short(value)))
        });
        Self {
            label: label.collect(),
            settings,
        }
    }
}

/// `label` as one line of a table, whatever text a value is.
fn one_line(label: &str) -> String {
    let letters = label.chars().map(|letter| match letter.is_control() {
        true => letter.escape_default().to_string(),
        false => letter.to_string(),
    });
    letters.collect()
}

/// A value in a label.
fn short(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Float(value) if *value != 0.0 && !(1e-3..1e6).contains(&value.abs()) => {
            format!("{value:e}")
        }
        other => other.to_string(),
    }
}

/// Every combination of what varies in `sweep`: sizes change slowest, then axes in their order, data sizes, and
/// seeds fastest.
///
/// # Errors
/// An axis without values, values of unequal number in `zip`, or a key that varies twice.
pub fn points(sweep: &SweepFile) -> Result<Vec<Point>, SweepError> {
    let mut dimensions = Vec::new();
    if let Some(ladder) = &sweep.ladder {
        dimensions.push(("ladder".to_owned(), ladder.points()?));
    }
    for (k, axis) in sweep.axes.iter().enumerate() {
        let name = format!("axes[{k}]");
        let points = axis_points(&name, axis)?;
        dimensions.push((name, points));
    }
    if let Some(data) = &sweep.data {
        let documents = data.documents.iter();
        let points = documents.map(|count| one("train.documents", *count));
        dimensions.push(("data.documents".to_owned(), points.collect()));
    }
    if !sweep.seeds.is_empty() {
        let seeds = sweep.seeds.iter().map(|seed| one("seed", *seed));
        dimensions.push(("seeds".to_owned(), seeds.collect()));
    }
    let mut taken: Vec<(String, &str)> = Vec::new();
    for (name, points) in &dimensions {
        if points.is_empty() {
            return Err(SweepError::invalid(name, "there are no values"));
        }
        let keys: BTreeSet<&String> = points
            .iter()
            .flat_map(|point| point.settings.iter().map(|(key, _)| key))
            .collect();
        for key in keys {
            if let Some((_, other)) = taken.iter().find(|(known, _)| overlap(known, key)) {
                let problem = format!("{key} varies in {other} already");
                return Err(SweepError::invalid(name, problem));
            }
        }
        let keys = points.iter().flat_map(|point| &point.settings);
        taken.extend(keys.map(|(key, _)| (key.clone(), name.as_str())));
    }
    let counts = dimensions.iter().map(|(_, points)| points.len());
    check_count("the sweep", counts)?;
    let all = dimensions
        .iter()
        .fold(vec![Point::default()], |all, (_, points)| {
            let pairs = all
                .iter()
                .flat_map(|point| points.iter().map(move |next| (point, next)));
            pairs.map(|(point, next)| join(point, next)).collect()
        });
    Ok(all)
}

/// Refuses more combinations than anybody runs, before the memory is full of them.
fn check_count(name: &str, counts: impl Iterator<Item = usize>) -> Result<(), SweepError> {
    const MOST: usize = 100_000;
    let count = counts.fold(1_usize, usize::saturating_mul);
    if count > MOST {
        let problem = format!("there are {count} combinations, and at most {MOST} are possible");
        return Err(SweepError::invalid(name, problem));
    }
    Ok(())
}

/// Whether one of the two keys is the other or a part of it.
fn overlap(a: &str, b: &str) -> bool {
    let leads = |a: &str, b: &str| b.strip_prefix(a).is_some_and(|rest| rest.starts_with('.'));
    a == b || leads(a, b) || leads(b, a)
}

fn one(key: &str, value: u64) -> Point {
    let value = Value::Integer(i64::try_from(value).unwrap_or(i64::MAX));
    Point::of(vec![(key.to_owned(), value)])
}

fn join(a: &Point, b: &Point) -> Point {
    Point {
        label: a.label.iter().chain(&b.label).cloned().collect(),
        settings: a.settings.iter().chain(&b.settings).cloned().collect(),
    }
}

fn axis_points(name: &str, axis: &Axis) -> Result<Vec<Point>, SweepError> {
    if let Some(list) = &axis.list {
        return Ok(list
            .iter()
            .map(|settings| Point::of(settings.flat()))
            .collect());
    }
    if let Some(zip) = &axis.zip {
        let columns = columns(name, zip)?;
        let counts: Vec<usize> = columns.iter().map(|(_, values)| values.len()).collect();
        let least = counts.iter().copied().min().unwrap_or(0);
        if counts.iter().any(|count| *count != least) {
            let problem = "the keys of zip have unequally many values";
            return Err(SweepError::invalid(name, problem));
        }
        let row = |k: usize| {
            let cells = columns
                .iter()
                .map(|(key, values)| (key.clone(), values[k].clone()));
            Point::of(cells.collect())
        };
        return Ok((0..least).map(row).collect());
    }
    let product = axis.product.clone().unwrap_or_default();
    let columns = columns(name, &product)?;
    if columns.is_empty() {
        return Ok(Vec::new());
    }
    check_count(name, columns.iter().map(|(_, values)| values.len()))?;
    let all = columns
        .iter()
        .fold(vec![Point::default()], |all, (key, values)| {
            let pairs = all
                .iter()
                .flat_map(|point| values.iter().map(move |value| (point, value)));
            let point = |value: &Value| Point::of(vec![(key.clone(), value.clone())]);
            pairs
                .map(|(before, value)| join(before, &point(value)))
                .collect()
        });
    Ok(all)
}

/// Keys with the values of each.
fn columns(name: &str, settings: &Settings) -> Result<Vec<(String, Vec<Value>)>, SweepError> {
    let column = |(key, value): (String, Value)| match value {
        Value::Array(values) => Ok((key, values)),
        _ => {
            let problem = format!("{key} takes an array of values");
            Err(SweepError::invalid(name, problem))
        }
    };
    settings.flat().into_iter().map(column).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(text: &str) -> Vec<String> {
        let sweep = SweepFile::parse(&format!("base = 'a'\n{text}"), &[]).unwrap();
        let points = points(&sweep).unwrap();
        points.iter().map(|point| point.label.join(" ")).collect()
    }

    fn refusal(text: &str) -> String {
        let sweep = SweepFile::parse(&format!("base = 'a'\n{text}"), &[]).unwrap();
        points(&sweep).unwrap_err().to_string()
    }

    #[test]
    fn a_file_without_anything_that_varies_is_one_run() {
        assert_eq!(labels(""), [""]);
    }

    #[test]
    fn everything_is_multiplied() {
        let text = "seeds = [1, 2]\n[data]\ndocuments = [10, 20]\n\
                    [[axes]]\nproduct = { model.arch = ['gpt', 'llama'], train.learning_rate = [1e-4, 0.5] }\n\
                    [[axes]]\nzip = { 'eval.classes' = [1, 2], 'eval.evaluations' = [3, 4] }\n\
                    [[axes]]\nlist = [{ model.layers = 1 }, { model.layers = 2, model.heads = 2 }]";
        let labels = labels(text);
        assert_eq!(labels.len(), 2 * 2 * 4 * 2 * 2);
        assert_eq!(
            labels[0],
            "arch=gpt learning_rate=1e-4 classes=1 evaluations=3 layers=1 documents=10 seed=1"
        );
        assert_eq!(
            labels[63],
            "arch=llama learning_rate=0.5 classes=2 evaluations=4 layers=2 heads=2 documents=20 seed=2"
        );
    }

    #[test]
    fn what_makes_no_runs_is_refused() {
        for (text, expected) in [
            (
                "[[axes]]\nproduct = { seed = [] }",
                "axes[0]: there are no values",
            ),
            ("[[axes]]\nlist = []", "axes[0]: there are no values"),
            ("[[axes]]\nproduct = {}", "axes[0]: there are no values"),
            (
                "[data]\ndocuments = []",
                "data.documents: there are no values",
            ),
            ("[[axes]]\nproduct = { seed = 1 }", "seed takes an array"),
            (
                "[[axes]]\nzip = { seed = [1], model.heads = [1, 2] }",
                "unequally many",
            ),
            (
                "[[axes]]\nproduct = { a = [1,2,3,4,5,6,7,8,9,10], b = [1,2,3,4,5,6,7,8,9,10], \
                 c = [1,2,3,4,5,6,7,8,9,10], d = [1,2,3,4,5,6,7,8,9,10], e = [1,2,3,4,5,6,7,8,9,10], f = [1,2] }",
                "axes[0]: there are 200000 combinations",
            ),
            (
                "seeds = [1]\n[[axes]]\nproduct = { seed = [1] }",
                "seeds: seed varies in axes[0]",
            ),
            (
                "[[axes]]\nlist = [{ 'world.frequency.exponent' = 1.5 }]\n\
                 [[axes]]\nproduct = { world = { frequency = [1] } }",
                "axes[1]: world.frequency varies in axes[0]",
            ),
        ] {
            let error = refusal(text);
            assert!(error.contains(expected), "{text}: {error}");
        }
    }
}
