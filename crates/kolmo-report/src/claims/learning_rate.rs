//! The scan before a ladder: which learning rate a model of each size stores most with.

use crate::{
    claims::{About, Claim, section_for},
    error::Result,
    figures::chart::{Chart, Datum, Mark},
    measured::{
        ladders::{bits, inside},
        runs::{by, by_documents, by_parameters, id, named},
        seeds::mean_at,
        series::{points, shade},
    },
    number::{count, grouped, significant},
    prediction::Expected,
    quantity::Quantity,
    report::{Figure, Section, Sort, Table, Verdict},
    study::{Study, StudyRun, groups},
};
use kolmo_stats::{Estimate, OfSeed};

/// Learning rates of which the middle one can be the best: fewer have no inside.
const RATES: usize = 3;

/// Whether a scan over learning rates has found the best one of each size.
pub struct LearningRate;

impl Claim for LearningRate {
    fn about(&self) -> About {
        About {
            name: "learning_rate",
            title: "Learning rate",
            question: "Which learning rate does a model of each size store most with?",
            needs: "Runs of one law and one size at three or more learning rates.",
            predicts: "The rate with the most bits stored is inside the scan for every size: a share of 1.",
            sort: Sort::Check,
        }
    }

    fn section(&self, study: &Study) -> Result<Option<Section>> {
        let mut section = section_for(
            self,
            study,
            &[
                "A ladder of sizes compares models, so each has to be trained as well as it can be. The best of the rates tried is near the best of \
                 all where rates on both sides of it store less.",
            ],
        );
        for (runs, name) in named(study.groups(StudyRun::but_size)) {
            let runs = inside(study, &runs);
            let Some((_, runs)) = by_documents(&runs).pop() else {
                continue;
            };
            let sizes = by_parameters(&runs).into_iter();
            let sizes: Vec<Size> = sizes
                .map(|(parameters, runs)| (parameters, by(runs, rate)))
                .filter(|(_, rates)| rates.len() >= RATES)
                .collect();
            if sizes.is_empty() {
                continue;
            }
            section.verdicts.push(verdict(&sizes, &name));
            section.figures.push(figure(study, &sizes, &name));
            section.tables.push(table(&sizes, &name));
        }
        Ok((!section.verdicts.is_empty()).then_some(section))
    }
}

/// A number of parameters, and its runs by learning rate.
type Size<'a> = (f64, Vec<(f64, Vec<&'a StudyRun>)>);

fn rate(run: &StudyRun) -> f64 {
    run.config.train.learning_rate
}

/// Bits stored at each of the rising rates, means over seeds.
fn stored(rates: &[(f64, Vec<&StudyRun>)]) -> Vec<Datum> {
    let at = rates.iter().map(|(rate, runs)| mean_at(*rate, runs, bits));
    at.collect()
}

/// The place of the one with the most bits.
fn best(stored: &[Datum]) -> Option<usize> {
    (0..stored.len()).max_by(|&a, &b| stored[a].y.total_cmp(&stored[b].y))
}

fn verdict(sizes: &[Size<'_>], name: &str) -> Verdict {
    let runs = || sizes.iter().flat_map(|(_, rates)| rates);
    let all = runs().flat_map(|(_, runs)| runs.iter().copied());
    let seeds = groups(all, |run| run.config.seed).into_iter();
    let shares: Vec<OfSeed<f64>> = seeds
        .map(|runs| {
            let seed = runs[0].config.seed;
            let sizes = by_parameters(&runs);
            let inner = sizes.iter().filter(|(_, runs)| {
                let stored = stored(&by(runs.iter().copied(), rate));
                best(&stored).is_some_and(|best| 0 < best && best + 1 < stored.len())
            });
            (seed, inner.count() as f64 / sizes.len() as f64)
        })
        .collect();
    Expected::equal(&LearningRate, 1.0, Quantity::Share)
        .called(
            format!("{name}/inside"),
            format!("{name}: the best learning rate of every size is inside the scan."),
        )
        .over("learning rate", runs().map(|(rate, _)| *rate))
        .judge(Estimate::over_seeds(&shares))
}

fn figure(study: &Study, sizes: &[Size<'_>], name: &str) -> Figure {
    let series = sizes.iter().enumerate().map(|(k, (parameters, rates))| {
        let label = format!("{} parameters", grouped(*parameters as u64));
        let look = (Mark::JoinedPoints, shade(k, sizes.len()));
        points(label, look, stored(rates))
    });
    Figure::chart(
        id(study, &["learning-rate", name]),
        format!("{name}: bits stored against the learning rate, for each size."),
        Chart {
            title: format!("Bits stored by learning rate: {name}"),
            x: "learning rate".to_owned(),
            y: "bits stored".to_owned(),
            log_y: true,
            series: series.collect(),
        },
    )
}

fn table(sizes: &[Size<'_>], name: &str) -> Table {
    let head = [
        "parameters",
        "learning rate",
        "bits stored",
        "share of the best",
    ];
    let rows = sizes.iter().flat_map(|(parameters, rates)| {
        let stored = stored(rates);
        let most = best(&stored).map_or(f64::NAN, |best| stored[best].y);
        stored.into_iter().map(move |at| {
            vec![
                grouped(*parameters as u64),
                significant(at.x),
                count(at.y),
                significant(at.y / most),
            ]
        })
    });
    Table {
        caption: format!("{name}: bits stored at each learning rate."),
        head: head.map(str::to_owned).to_vec(),
        rows: rows.collect(),
    }
}
