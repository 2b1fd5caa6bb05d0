//! Exposure collapse: while capacity does not bind, the loss of a fact against how often it was stated is one curve for all frequencies.

use kolmo_run::ClassRecord;
use kolmo_theory::discovery::{PowerLaw, mean_content};

use crate::{
    claims::{About, Claim, section_for},
    error::Result,
    figures::chart::{Chart, Mark},
    measured::{
        cells::text,
        runs::{by_documents, id, named},
        seeds::one_or_seeds,
        series::{line, shade},
    },
    number::{class_of_ranks, grouped},
    prediction::Expected,
    quantity::Quantity,
    report::{Figure, Section, Sort, Table, Verdict},
    study::{Study, StudyRun, groups},
};
use kolmo_stats::{Estimate, Point, Refusal, variance_left};

/// Exposures below which a class has met hardly any of its facts.
const LEAST_EXPOSURES: f64 = 0.3;

/// Curves of fewer evaluations are none.
const LEAST_EVALUATIONS: usize = 20;

/// The share of the variance that may be left: a common curve explains nine tenths.
const LEFT: f64 = 0.1;

/// Loss against exposures is one curve.
pub struct Collapse;

impl Claim for Collapse {
    fn about(&self) -> About {
        About {
            name: "collapse",
            title: "One curve for all frequencies",
            question: "Does it matter for the loss of a fact how frequent it is, once it is known how often it was stated?",
            needs: "Runs of 20 evaluations or more; or, of a law that ends in a power law, runs on four or more numbers of documents.",
            predicts: "The share of the variance of the classes' losses left around one curve over exposures is below 0.1 within a run, and \
                 over the ends of runs of several lengths.",
            sort: Sort::Law,
        }
    }

    fn section(&self, study: &Study) -> Result<Option<Section>> {
        let mut section = section_for(
            self,
            study,
            &[
                "The loss of each frequency class is put over the exposures of its facts, and over the documents. The share of the variance that \
                 is left around a common curve says how well the classes collapse: it should be below 0.1 over exposures.",
                "Within a run, time and exposures go together: a rare fact has its tenth exposure late, when the model has learnt to look facts up. \
                 Between runs of several lengths, each with its own cool-down, they do not: there the last evaluations are compared, of \
                 facts that are as often stated, more frequent in a short run and rarer in a long one.",
            ],
        );
        for (runs, name) in named(study.groups(|run| (run.law().clone(), run.training()))) {
            section.verdicts.extend(at_the_end(&runs, &name));
            section.figures.extend(end_figure(study, &runs, &name));
        }
        for (runs, name) in named(study.groups(StudyRun::but_seed)) {
            if runs[0].evaluations.len() < LEAST_EVALUATIONS {
                continue;
            }
            let left: Vec<_> = runs
                .iter()
                .map(|run| variance_left(&curves(run, true)))
                .collect();
            let over_documents: Vec<_> = runs
                .iter()
                .map(|run| variance_left(&curves(run, false)))
                .collect();
            let exposures = runs
                .iter()
                .flat_map(|run| curves(run, true))
                .map(|point| point.x);
            let seeds: Vec<u64> = runs.iter().map(|run| run.config.seed).collect();
            section.verdicts.push(
                Expected::below(&Collapse, LEFT, Quantity::Ratio)
                    .called(
                        format!("{name}/variance left"),
                        format!("{name}: less than a tenth of the variance of the classes' losses is left around one curve over exposures."),
                    )
                    .over("exposures", exposures)
                    .judge(one_or_seeds(&seeds, left.iter().cloned(), Estimate::over_seeds)),
            );
            section.figures.push(figure(study, runs[0], &name));
            section
                .tables
                .push(table(&runs, &left, &over_documents, &name));
        }
        Ok((!section.verdicts.is_empty()).then_some(section))
    }
}

/// Runs of as many lengths have something to say of their ends.
const LEAST_LENGTHS: usize = 4;

/// The seeds of `runs` that are of several lengths, of a law whose facts differ in frequency.
fn lengths<'a>(runs: &[&'a StudyRun]) -> Vec<Vec<&'a StudyRun>> {
    let differs = PowerLaw::of(&runs[0].world).is_some();
    let seeds = groups(runs.iter().copied(), |run| run.config.seed).into_iter();
    seeds
        .filter(|runs| differs && by_documents(runs).len() >= LEAST_LENGTHS)
        .collect()
}

/// The loss of each class over h at the end of each run, against its exposures; a group is a run.
fn ends(runs: &[&StudyRun]) -> Vec<Point> {
    let of_run = |(k, run): (usize, &&StudyRun)| {
        let unknown = mean_content(&run.world);
        let classes = run
            .last()
            .classes
            .iter()
            .filter(|class| class.exposures >= LEAST_EXPOSURES);
        let point = |class: &ClassRecord| Point {
            x: class.exposures,
            y: class.value_loss / unknown,
            group: k as u64,
        };
        classes.map(point).collect::<Vec<_>>()
    };
    runs.iter().enumerate().flat_map(of_run).collect()
}

fn at_the_end(runs: &[&StudyRun], name: &str) -> Option<Verdict> {
    let seeds = lengths(runs);
    let names: Vec<u64> = seeds.iter().map(|runs| runs[0].config.seed).collect();
    let left = seeds.iter().map(|runs| variance_left(&ends(runs)));
    let claim = Expected::below(&Collapse, LEFT, Quantity::Ratio)
        .called(
            format!("{name}/at the end"),
            format!(
                "{name}: less than a tenth of the variance of the classes' losses at the end of runs of several lengths is left around one \
                 curve over exposures."
            ),
        )
        .over(
            "exposures",
            seeds
                .iter()
                .flat_map(|runs| ends(runs))
                .map(|point| point.x),
        );
    (!seeds.is_empty()).then(|| claim.judge(one_or_seeds(&names, left, Estimate::over_seeds)))
}

fn end_figure(study: &Study, runs: &[&StudyRun], name: &str) -> Option<Figure> {
    let seeds = lengths(runs);
    let runs = by_documents(seeds.first()?);
    let series = runs.iter().enumerate().map(|(k, (documents, at))| {
        let ends = ends(at).into_iter().rev().map(|point| (point.x, point.y));
        let label = format!("{} documents", grouped(*documents as u64));
        line(label, (Mark::JoinedPoints, shade(k, runs.len())), ends)
    });
    Some(Figure::chart(
        id(study, &["collapse", name, "at-the-end"]),
        format!(
            "{name}, seed {}: the loss of each frequency class over ln V at the end of runs of several lengths, against the mean \
             exposures of its facts.",
            runs[0].1[0].config.seed
        ),
        Chart {
            title: format!("Loss against exposures at the end: {name}"),
            x: "exposures (mean per fact)".to_owned(),
            y: "value loss / ln V".to_owned(),
            log_y: false,
            series: series.collect(),
        },
    ))
}

/// The loss of each class over h, against its exposures or against documents.
fn curves(run: &StudyRun, over_exposures: bool) -> Vec<Point> {
    let unknown = mean_content(&run.world);
    let classes = run.last().classes.len();
    let group = |k: usize| {
        let at = run
            .evaluations
            .iter()
            .filter_map(|at| Some((at.documents as f64, at.classes.get(k)?)));
        at.filter(|(_, class)| class.exposures >= LEAST_EXPOSURES && class.value_loss.is_finite())
            .map(|(documents, class)| Point {
                x: if over_exposures {
                    class.exposures
                } else {
                    documents
                },
                y: class.value_loss / unknown,
                group: k as u64,
            })
            .collect::<Vec<_>>()
    };
    (0..classes).flat_map(group).collect()
}

fn figure(study: &Study, run: &StudyRun, name: &str) -> Figure {
    let classes = &run.last().classes;
    let all = curves(run, true);
    let alike: Vec<&[Point]> = all.chunk_by(|a, b| a.group == b.group).collect();
    let series = alike
        .iter()
        .map(|group| (group, &classes[group[0].group as usize]))
        .enumerate()
        .map(|(k, (group, class))| {
            let label = class_of_ranks(class.lo_rank, class.hi_rank);
            let at = group.iter().map(|point| (point.x, point.y));
            line(label, (Mark::JoinedPoints, shade(k, alike.len())), at)
        });
    Figure::chart(
        id(study, &["collapse", name]),
        format!(
            "{name}, seed {}: the loss of each frequency class over ln V, against the mean exposures of its facts.",
            run.config.seed
        ),
        Chart {
            title: format!("Loss against exposures: {name}"),
            x: "exposures (mean per fact)".to_owned(),
            y: "value loss / ln V".to_owned(),
            log_y: false,
            series: series.collect(),
        },
    )
}

type Left = std::result::Result<Estimate, Refusal>;

fn table(runs: &[&StudyRun], exposures: &[Left], documents: &[Left], name: &str) -> Table {
    let rows =
        runs.iter()
            .zip(exposures.iter().zip(documents))
            .map(|(run, (exposures, documents))| {
                vec![
                    run.config.seed.to_string(),
                    text(exposures),
                    text(documents),
                ]
            });
    Table {
        caption: format!(
            "{name}: share of the variance left around a common curve, with 95 % intervals from drawing classes."
        ),
        head: ["seed", "over exposures", "over documents"]
            .map(str::to_owned)
            .to_vec(),
        rows: rows.collect(),
    }
}
