//! When a fact is learnt: counted from when the model looks facts up at all, its time is inversely proportional to its frequency.

use kolmo_stats::{HalfLearning, Point, mean, median_half_learning, variance_left};
use kolmo_theory::discovery::mean_content;

use super::{About, Answer, Headline, Test, parts::each_seed};
use crate::{
    error::Result,
    figures::chart::{Chart, Datum, Ink, Mark},
    measured::{
        half_learnt::{Class, classes, later, median},
        plateau,
        runs::named,
        series::{line, points, shade},
    },
    quantity::Quantity,
    report::{Figure, Part},
    study::{Study, StudyRun},
};

/// The law of learning times.
pub struct LearningTime;

/// Facts that are in more than one of so many batches are learnt in as many steps as facts that are in each: only rarer ones are looked at.
const BATCHES: f64 = 20.0;

/// Classes that a slope takes.
const CLASSES: usize = 3;

impl Headline for LearningTime {
    fn about(&self) -> About {
        About {
            name: "learning_time",
            title: "Learning time",
            question: "Does a fact that is half as frequent take twice as long to be learnt?",
            claim: "the time until a fact is learnt is inversely proportional to its frequency: T ∝ 1/p",
            statistic: "exponent_since_plateau",
            measures: "The exponent of the time until half of the facts of a class are half learnt, counted from the end of the plateau, against their \
                 probability, over facts that are in fewer than one batch of 20, mean over the sizes of batches that leave three such classes.",
            quantity: Quantity::Exponent,
            test: Test::Equal,
        }
    }

    fn answer(&self, study: &Study) -> Result<Option<Answer>> {
        let (mut seeds, mut parts) = (Vec::new(), Vec::new());
        let mut curves = Vec::new();
        let mut unfinished = 0;
        for (runs, name) in named(study.groups(StudyRun::but_seed)) {
            let mut of_runs = Vec::new();
            for run in &runs {
                let start = plateau::documents(run);
                match start.is_finite() {
                    true => of_runs.push((*run, start, rare(run, classes(run)?))),
                    false => unfinished += 1,
                }
            }
            if of_runs.is_empty() {
                continue;
            }
            let of = |what: &dyn Fn(&StudyRun, f64, &[Class]) -> f64| -> Vec<_> {
                let values = of_runs
                    .iter()
                    .map(|(run, start, classes)| (run.config.seed, what(run, *start, classes)));
                values.collect()
            };
            let slopes = of(&|_, start, classes| slope(classes, start));
            parts.push(Part::mean(
                format!("{name}, exponent"),
                Some(-1.0),
                &slopes,
                Quantity::Exponent,
            ));
            let whole = of(&|_, _, classes| slope(classes, 0.0));
            parts.push(Part::mean(
                format!("{name}, exponent from the start"),
                Some(-1.0),
                &whole,
                Quantity::Exponent,
            ));
            let plateaus = each_seed(&runs, |runs| plateau::documents(runs[0]));
            parts.push(Part::mean(
                format!("{name}, plateau (documents)"),
                None,
                &plateaus,
                Quantity::Count,
            ));
            let left = of(&|run, _, _| left_around_one_curve(run));
            parts.push(Part::mean(
                format!("{name}, variance left around one curve"),
                Some(0.0),
                &left,
                Quantity::Share,
            ));
            // Batches so large that hardly a class is rare enough for them say nothing of any seed.
            if slopes.iter().any(|(_, slope)| slope.is_finite()) {
                seeds.extend(slopes);
            }
            let (_, start, classes) = &of_runs[0];
            curves.push((name, *start, classes.clone()));
        }
        if curves.is_empty() {
            return Ok(None);
        }
        let is_short = seeds.is_empty() || seeds.iter().any(|(_, slope)| slope.is_nan());
        let few = is_short.then(|| {
            format!(
                "fewer than {CLASSES} classes of facts that are in fewer than one batch of {BATCHES} were half learnt: train on more documents, or in \
                 smaller batches"
            )
        });
        let undecided = match unfinished {
            0 => few,
            _ => Some(format!(
                "{unfinished} runs never half learnt their most frequent facts: train them on more documents"
            )),
        };
        Ok(Some(Answer {
            predicted: Some(-1.0),
            seeds,
            undecided,
            parts,
            takes: "",
            figure: Some(figure(&curves)),
        }))
    }
}

/// The classes of facts that are rare enough for the batches of `run`.
fn rare(run: &StudyRun, classes: Vec<Class>) -> Vec<Class> {
    let most = 1.0 / (BATCHES * run.config.train.batch_documents as f64);
    let is_rare = |class: &Class| class.learning.frequency < most;
    classes.into_iter().filter(is_rare).collect()
}

/// The slope of ln time against ln probability, times counted from `start`; not a number of fewer than three classes.
fn slope(classes: &[Class], start: f64) -> f64 {
    let at = |class: &Class| {
        let times: Vec<HalfLearning> = class
            .learning
            .times
            .iter()
            .map(|time| later(*time, start))
            .collect();
        match median_half_learning(&times) {
            Ok(HalfLearning::At { documents }) => {
                Some((class.learning.frequency.ln(), documents.ln()))
            }
            Ok(HalfLearning::Before { .. } | HalfLearning::Censored { .. }) | Err(_) => None,
        }
    };
    let known: Vec<(f64, f64)> = classes.iter().filter_map(at).collect();
    match known.len() >= CLASSES {
        true => kolmo_stats::slope(&known).unwrap_or(f64::NAN),
        false => f64::NAN,
    }
}

/// The share of the variance of the classes' losses that is left around one curve over the exposures since the plateau.
fn left_around_one_curve(run: &StudyRun) -> f64 {
    let Some(start) = plateau::end(run) else {
        return f64::NAN;
    };
    let unknown = mean_content(&run.world);
    let (before, after) = run.evaluations.split_at(start + 1);
    let at_end = &before[start].classes;
    let of = |(k, class): (usize, &kolmo_run::ClassRecord)| {
        let since = class.exposures - at_end.get(k)?.exposures;
        (since >= 1.0).then_some(Point {
            x: since,
            y: class.value_loss / unknown,
            group: k as u64,
        })
    };
    let points = after
        .iter()
        .flat_map(|at| at.classes.iter().enumerate().filter_map(of));
    variance_left(&points.collect::<Vec<_>>()).map_or(f64::NAN, |left| left.value)
}

fn figure(curves: &[(String, f64, Vec<Class>)]) -> Figure {
    let mut series = Vec::new();
    let mut ends: Option<(f64, f64)> = None;
    let mut exposures = Vec::new();
    for (k, (name, start, classes)) in curves.iter().enumerate() {
        let mut measured: Vec<Datum> = classes
            .iter()
            .filter_map(|class| {
                let since = median(class)? - start;
                (since > 0.0).then_some(Datum {
                    x: class.learning.frequency,
                    y: since,
                    ci95: None,
                })
            })
            .collect();
        measured.sort_by(|a, b| a.x.total_cmp(&b.x));
        for point in &measured {
            let (lo, hi) = ends.unwrap_or((point.x, point.x));
            ends = Some((lo.min(point.x), hi.max(point.x)));
            exposures.push((point.x * point.y).ln());
        }
        series.push(points(
            name.clone(),
            (Mark::JoinedPoints, shade(k, curves.len())),
            measured,
        ));
    }
    if let Some((lo, hi)) = ends {
        let typical = mean(exposures).exp();
        let inverse = [lo, hi].map(|p| (p, typical / p));
        series.push(line(
            "inversely proportional",
            (Mark::Dashes, Ink::Asymptote),
            inverse,
        ));
    }
    Figure::chart(
        "headline-learning-time".to_owned(),
        "Documents from the end of the plateau until half of the facts of a class are half learnt, against the probability of a fact, of the first \
         seed. Dashes fall as 1/p.",
        Chart {
            title: "When facts are learnt".to_owned(),
            x: "probability of a fact".to_owned(),
            y: "documents since the plateau".to_owned(),
            log_y: true,
            series,
        },
    )
}
