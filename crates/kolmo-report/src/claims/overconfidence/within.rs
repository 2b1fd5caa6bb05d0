//! The excess within training, and of facts that were met.

use std::collections::BTreeMap;

use kolmo_run::FactRow;

use super::{FEWEST, Family};
use crate::{
    error::Result,
    figures::chart::{Chart, Datum, Ink, Mark},
    measured::{
        answers::{STATED, bucket},
        runs::id,
        seeds::datum,
        series::{line, points, shade},
    },
    number::grouped,
    report::Figure,
    study::{Study, StudyRun},
};
use kolmo_stats::{OfSeed, mean};

/// The excess of the facts of the world that are not met yet, at each evaluation of the longest runs of each size; none where there are
/// too few such facts.
pub(super) fn training(study: &Study, family: &Family<'_>) -> Result<Option<Figure>> {
    let longest = family.longest();
    let mut series = Vec::new();
    for (k, (size, runs)) in longest.iter().enumerate() {
        let mut at: BTreeMap<u64, Vec<OfSeed<f64>>> = BTreeMap::new();
        for run in runs {
            for rows in run.facts()? {
                if let (Some(first), Some(excess)) = (rows.first(), unmet(run, &rows)) {
                    let of = at.entry(first.documents).or_default();
                    of.push((run.config.seed, excess));
                }
            }
        }
        // A mean of some seeds alone would jump.
        let all = at
            .into_iter()
            .filter(|(documents, of)| *documents > 0 && of.len() == runs.len());
        let means: Vec<Datum> = all
            .map(|(documents, of)| datum(documents as f64, &of))
            .collect();
        if !means.is_empty() {
            let label = format!("{} parameters", grouped(*size as u64));
            let look = (Mark::JoinedPoints, shade(k, longest.len()));
            series.push(points(label, look, means));
        }
    }
    let places = series.iter().flat_map(|series| &series.points);
    let mut bayes: Vec<f64> = places.map(|point| point.x).collect();
    bayes.sort_by(f64::total_cmp);
    if bayes.is_empty() {
        return Ok(None);
    }
    let bayes = bayes.into_iter().map(|documents| (documents, 0.0));
    series.insert(0, line("a guess", (Mark::Line, Ink::Theory), bayes));
    let name = &family.name;
    Ok(Some(Figure::chart(
        id(study, &["overconfidence", name, "training"]),
        format!(
            "{name}: how much more than a guess models lose about facts of the world that they have not met yet, within the longest \
             runs of each size, means over seeds with 95 % intervals. At first they do not know yet what kind of word is wanted."
        ),
        Chart {
            title: format!("Excess on facts not met yet: {name}"),
            x: "documents".to_owned(),
            y: "loss - ln V, nats".to_owned(),
            log_y: false,
            series,
        },
    )))
}

fn unmet(run: &StudyRun, rows: &[FactRow]) -> Option<f64> {
    let unmet = rows.iter().filter(|row| row.exposures == 0);
    let excess: Vec<f64> = unmet.map(|row| row.loss_nats - run.content(row)).collect();
    (excess.len() >= FEWEST).then(|| mean(excess))
}

/// What is lost beyond a guess on facts that were met, by how often, at the end of the longest runs of each size.
pub(super) fn by_exposures(study: &Study, family: &Family<'_>) -> Option<Figure> {
    let longest = family.longest();
    let series = longest.iter().enumerate().map(|(k, (size, runs))| {
        // The exposures of each bucket, and its excess of each seed.
        let mut buckets: BTreeMap<u32, (Vec<f64>, Vec<OfSeed<f64>>)> = BTreeMap::new();
        for of in runs.iter().filter_map(|run| family.of(run)) {
            let mut seed: BTreeMap<u32, Vec<f64>> = BTreeMap::new();
            let met = of.asked.stated(STATED).filter(|row| row.exposures > 0);
            for row in met {
                let number = bucket(row.exposures);
                let (exposures, _) = buckets.entry(number).or_default();
                exposures.push(row.exposures as f64);
                let excess = (row.loss_nats - row.content_nats).max(0.0);
                seed.entry(number).or_default().push(excess);
            }
            for (number, excess) in seed {
                let (_, seeds) = buckets.entry(number).or_default();
                seeds.push((of.asked.run.config.seed, mean(&excess)));
            }
        }
        let at = buckets
            .values()
            .map(|(exposures, seeds)| datum(mean(exposures), seeds));
        let label = format!("{} parameters", grouped(*size as u64));
        points(
            label,
            (Mark::JoinedPoints, shade(k, longest.len())),
            at.collect(),
        )
    });
    let series: Vec<_> = series.filter(|series| !series.points.is_empty()).collect();
    let name = &family.name;
    if series.is_empty() {
        return None;
    }
    Some(Figure::chart(
        id(study, &["overconfidence", name, "exposures"]),
        format!(
            "{name}: what is lost beyond a guess on facts that were met, mean of max(loss - ln V, 0), by how often they were, at the \
             end of the longest runs of each size, means over seeds with 95 % intervals."
        ),
        Chart {
            title: format!("Excess on facts met: {name}"),
            x: "exposures".to_owned(),
            y: "mean of max(loss - ln V, 0), nats".to_owned(),
            log_y: false,
            series,
        },
    ))
}
