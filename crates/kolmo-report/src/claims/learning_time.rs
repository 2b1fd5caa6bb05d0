//! When a fact is learnt: its half-learning time is inversely proportional to its frequency, slope −1 in logarithms.

use kolmo_theory::dynamics::half_learning_documents;

use crate::{
    claims::{About, Claim, section_for},
    error::Result,
    figures::chart::{Chart, Datum, Ink, Mark},
    measured::{
        half_learnt::facts,
        runs::{id, named},
        seeds::one_or_seeds,
        series::{line, points},
    },
    number::{NOTHING, class_of_ranks, count, significant},
    prediction::Expected,
    quantity::Quantity,
    report::{Figure, Section, Sort, Table, Verdict},
    study::{Study, StudyRun},
};
use kolmo_stats::{
    Estimate, HalfLearning, LearningClass, half_learning_slope, mean, median_half_learning,
};

/// How long a fact takes to be learnt, by its frequency.
pub struct LearningTime;

impl Claim for LearningTime {
    fn about(&self) -> About {
        About {
            name: "learning_time",
            title: "When facts are learnt",
            question: "Does a fact that is half as frequent take twice as long to be learnt?",
            needs: "Runs of six evaluations or more.",
            predicts: "The slope of ln half-learning time against ln probability, over the medians of classes, is −1, and so is the slope \
                 from when the most frequent class was half learnt.",
            sort: Sort::Law,
        }
    }

    fn section(&self, study: &Study) -> Result<Option<Section>> {
        let mut section = section_for(
            self,
            study,
            &[
                "A fact is half learnt when its loss has fallen to h/2. A learner that needs a number of exposures, whatever it is, \
                 takes a time inversely proportional to the frequency: slope -1 of ln T against ln p. Of each frequency class the median \
                 over its facts is taken, in which a fact that is not learnt by the end counts as late.",
            ],
        );
        for (runs, name) in named(study.groups(StudyRun::but_seed)) {
            if runs[0].evaluations.len() < LEAST_EVALUATIONS {
                continue;
            }
            let classes: Vec<Vec<Class>> =
                runs.iter().map(|run| classes(run)).collect::<Result<_>>()?;
            let seeds: Vec<u64> = runs.iter().map(|run| run.config.seed).collect();
            section
                .verdicts
                .extend(verdicts(study, &seeds, &classes, &name));
            section
                .figures
                .push(figure(study, runs[0], &classes[0], &name));
            section.tables.push(table(&classes[0], runs[0], &name));
        }
        Ok((!section.verdicts.is_empty()).then_some(section))
    }
}

/// Times are read off between evaluations, so there have to be some.
const LEAST_EVALUATIONS: usize = 6;

/// A frequency class with the learning time of each of its facts.
#[derive(Clone)]
struct Class {
    lo_rank: u64,
    hi_rank: u64,
    learning: LearningClass,
}

/// The classes with the learning times of their facts.
fn classes(run: &StudyRun) -> Result<Vec<Class>> {
    let facts = facts(run)?;
    let of = |lo_rank: u64, hi_rank: u64| {
        let inside = facts
            .iter()
            .filter(|(row, _)| (lo_rank..=hi_rank).contains(&row.subject));
        let (logs, times): (Vec<f64>, Vec<HalfLearning>) = inside
            .map(|(row, time)| (row.probability.ln(), *time))
            .unzip();
        let mean = mean(logs);
        Class {
            lo_rank,
            hi_rank,
            learning: LearningClass {
                frequency: mean.exp(),
                times,
            },
        }
    };
    let classes = run
        .last()
        .classes
        .iter()
        .map(|class| of(class.lo_rank, class.hi_rank));
    Ok(classes.collect())
}

/// Those whose frequency is within the range of the study.
fn within(study: &Study, classes: &[Class]) -> Vec<Class> {
    let [lo, hi] = study.settings.frequency.unwrap_or([0.0, f64::INFINITY]);
    let is_inside = |class: &&Class| (lo..=hi).contains(&class.learning.frequency);
    classes.iter().filter(is_inside).cloned().collect()
}

fn verdicts(study: &Study, seeds: &[u64], classes: &[Vec<Class>], name: &str) -> Vec<Verdict> {
    let slope = |classes: &Vec<Class>, of: &dyn Fn(HalfLearning) -> HalfLearning| {
        let classes = classes.iter().map(|class| LearningClass {
            frequency: class.learning.frequency,
            times: class.learning.times.iter().map(|time| of(*time)).collect(),
        });
        half_learning_slope(&classes.collect::<Vec<_>>())
    };
    let inside = classes.iter().map(|classes| within(study, classes));
    let inside: Vec<Vec<Class>> = inside.collect();
    let plain = inside.iter().map(|classes| slope(classes, &|time| time));
    // The first class shows how long it takes until anything is learnt.
    let after = classes.iter().zip(&inside).map(|(all, inside)| {
        let start = all.first().and_then(median).unwrap_or(0.0);
        slope(inside, &|time| later(time, start))
    });
    let frequencies = || {
        inside
            .iter()
            .flatten()
            .map(|class| class.learning.frequency)
    };
    let claim = |which: &str, statement: String| {
        Expected::equal(&LearningTime, -1.0, Quantity::Exponent)
            .called(format!("{name}/{which}"), statement)
            .over("probability of a fact", frequencies())
    };
    let from_start = format!(
        "{name}: the half-learning time of a fact is inversely proportional to its frequency."
    );
    let from_there = format!(
        "{name}: so is the time since the most frequent class was half learnt, which is when the model had learnt to look facts up."
    );
    vec![
        claim("slope", from_start).judge(one_or_seeds(seeds, plain, Estimate::over_seeds)),
        claim("slope after the first", from_there).judge(one_or_seeds(
            seeds,
            after,
            Estimate::over_seeds,
        )),
    ]
}

/// `time` counted from `start`; at or before it is not known.
fn later(time: HalfLearning, start: f64) -> HalfLearning {
    match time {
        HalfLearning::At { documents } if documents > start => HalfLearning::At {
            documents: documents - start,
        },
        HalfLearning::At { .. } | HalfLearning::Before { .. } => {
            HalfLearning::Before { documents: 1.0 }
        }
        HalfLearning::Censored { after } => HalfLearning::Censored {
            after: after - start,
        },
    }
}

fn median(class: &Class) -> Option<f64> {
    match median_half_learning(&class.learning.times) {
        Ok(HalfLearning::At { documents }) => Some(documents),
        _ => None,
    }
}

fn figure(study: &Study, run: &StudyRun, classes: &[Class], name: &str) -> Figure {
    let mut measured: Vec<Datum> = classes
        .iter()
        .filter_map(|class| {
            Some(Datum {
                x: class.learning.frequency,
                y: median(class)?,
                ci95: None,
            })
        })
        .collect();
    measured.sort_by(|a, b| a.x.total_cmp(&b.x));
    let bayes = classes.iter().rev().filter_map(|class| {
        let documents = half_learning_documents(&run.world, class.lo_rank..=class.hi_rank)?;
        Some((class.learning.frequency, documents))
    });
    let mut series = vec![line("Bayes, expected", (Mark::Line, Ink::Theory), bayes)];
    if let (Some(first), Some(last)) = (measured.first(), measured.last()) {
        let n = measured.len() as f64;
        let place: f64 = measured
            .iter()
            .map(|point| (point.x * point.y).ln())
            .sum::<f64>()
            / n;
        let label = format!("{} exposures", significant(place.exp()));
        let ends = [first.x, last.x].map(|x| (x, place.exp() / x));
        series.push(line(label, (Mark::Dashes, Ink::Asymptote), ends));
    }
    series.push(points(
        "measured, median of the class",
        (Mark::Points, Ink::Measured),
        measured,
    ));
    Figure::chart(
        id(study, &["learning-time", name]),
        format!(
            "{name}, seed {}: documents until half of the facts of a class have fallen to h/2, against their probability. Dashes: slope -1.",
            run.config.seed
        ),
        Chart {
            title: format!("When facts are learnt: {name}"),
            x: "probability of a fact".to_owned(),
            y: "documents until half learnt".to_owned(),
            log_y: true,
            series,
        },
    )
}

fn table(classes: &[Class], run: &StudyRun, name: &str) -> Table {
    let rows = classes.iter().map(|class| {
        let learnt = class
            .learning
            .times
            .iter()
            .filter(|time| time.documents().is_some())
            .count();
        let documents = median(class);
        let number = |value: Option<f64>| value.map_or(NOTHING.to_owned(), count);
        vec![
            class_of_ranks(class.lo_rank, class.hi_rank),
            significant(class.learning.frequency),
            class.learning.times.len().to_string(),
            learnt.to_string(),
            number(documents),
            number(documents.map(|n| n * class.learning.frequency)),
            number(half_learning_documents(
                &run.world,
                class.lo_rank..=class.hi_rank,
            )),
        ]
    });
    let head = [
        "subjects",
        "probability of a fact",
        "facts asked",
        "half learnt",
        "median (documents)",
        "exposures",
        "Bayes (documents)",
    ];
    Table {
        caption: format!(
            "{name}, seed {}: n/a where fewer than half of the facts were half learnt by the end.",
            run.config.seed
        ),
        head: head.map(str::to_owned).to_vec(),
        rows: rows.collect(),
    }
}
