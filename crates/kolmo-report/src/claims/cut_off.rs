//! Which facts a model of limited capacity keeps: whether each is stored or not (a knapsack), or every further nat of one is worth
//! less (reverse water-filling), and at which frequency it stops.

use kolmo_run::{ClassRecord, FactRow};
use kolmo_theory::discovery::PowerLaw as Asymptote;

use crate::{
    claims::{About, Claim, section_for},
    error::Result,
    figures::{
        chart::{Chart, Datum, Ink, Mark},
        heat_map::HeatMap,
    },
    measured::{
        ladders::{ladders, profile},
        runs::{by_parameters, id, named},
        seeds::mean_at,
        series::{grid, line, points, shade},
    },
    number::{self, class_of_ranks, grouped, significant},
    prediction::Expected,
    quantity::Quantity,
    report::{Drawing, Figure, Section, Sort, Table, Verdict},
    study::{Study, StudyRun, groups},
};
use kolmo_stats::{
    Accuracy, Estimate, GU_LEVEL, Observation, OfSeed, PowerLaw, Refusal, mean, threshold_frequency,
};

/// Which facts a model of limited capacity keeps.
pub struct CutOff;

impl Claim for CutOff {
    fn about(&self) -> About {
        About {
            name: "cut_off",
            title: "The cut-off",
            question: "Which facts does a model of limited capacity keep, and how sharply does it stop?",
            needs: "The runs of `model_scaling`, of a law that ends in a power law.",
            predicts: "Facts are stored or not, rather than missing as the threshold over the frequency: each shape with its best threshold, \
                 ln of the ratio of their squared errors is above 0. The threshold frequency falls with the parameters with the \
                 exponent 1/α.",
            sort: Sort::Law,
        }
    }

    fn section(&self, study: &Study) -> Result<Option<Section>> {
        let mut ladders = ladders(study);
        // Without a law of frequencies there is no cut-off to look for.
        ladders.retain(|runs| Asymptote::of(&runs[0].world).is_some());
        if ladders.is_empty() {
            return Ok(None);
        }
        let mut section = section_for(
            self,
            study,
            &[
                "If a fact is stored or not, a model keeps the most frequent ones and nothing of the others: the share that is \
                 missing jumps from 0 to 1 at a threshold. If every further nat of a fact is worth less than the one before, it falls as the \
                 threshold over the frequency. Each shape is given its best threshold, so that the comparison is of shapes alone.",
                "The threshold frequency of a model is where its accuracy falls below 80 % (Gu et al. 2025). If bits are \
                 proportional to parameters, it falls with these as the frequency does with the rank.",
            ],
        );
        for (runs, name) in &named(ladders) {
            section.verdicts.push(shape(runs, name));
            let thresholds: Vec<std::result::Result<Estimate, Refusal>> = runs
                .iter()
                .map(|run| threshold(run))
                .collect::<Result<_>>()?;
            section
                .verdicts
                .extend(threshold_verdict(runs, &thresholds, name));
            section.figures.push(heat_map(study, runs, name));
            section.figures.push(shapes(study, runs, name));
            section
                .figures
                .push(thresholds_figure(study, runs, &thresholds, name));
            section.tables.push(table(runs, &thresholds, name));
        }
        Ok(Some(section))
    }
}

/// What is missing at the frequency `p` with the threshold `t`, if a fact is stored or not. A class at the threshold is stored in part:
/// classes are a factor of frequency wide, over which the step is spread in the logarithm.
fn sharp(p: f64, t: f64, width: f64) -> f64 {
    (0.5 - (p / t).ln() / width).clamp(0.0, 1.0)
}

/// The same if every further nat is worth less.
fn soft(p: f64, t: f64) -> f64 {
    (t / p).min(1.0)
}

/// What is missing of a class, luck included.
fn raw(class: &ClassRecord) -> f64 {
    class.missing
}

/// The least sum of squares of `profile` over thresholds, and the threshold.
fn best(profile: &[(f64, f64)], shape: impl Fn(f64, f64) -> f64) -> (f64, f64) {
    let (lo, hi) = profile
        .iter()
        .fold((f64::INFINITY, 0f64), |(lo, hi), (p, _)| {
            (lo.min(*p), hi.max(*p))
        });
    let squares = |t: f64| -> f64 {
        profile
            .iter()
            .map(|(p, missing)| (missing - shape(*p, t)).powi(2))
            .sum()
    };
    let all = grid(lo / 100.0, hi * 100.0, 2000).map(|t| (squares(t), t));
    all.min_by(|a, b| a.0.total_cmp(&b.0))
        .unwrap_or((f64::NAN, f64::NAN))
}

/// The width of a class in the logarithm of the frequency.
fn class_width(profile: &[(f64, f64)]) -> f64 {
    match profile {
        [(first, _), .., (last, _)] => (first / last).ln() / (profile.len() - 1) as f64,
        _ => f64::NAN,
    }
}

fn shape(runs: &[&StudyRun], name: &str) -> Verdict {
    // Of a seed the mean over its sizes.
    let seeds = groups(runs.iter().copied(), |run| run.config.seed);
    let of_run = |run: &&StudyRun| {
        let profile = profile(run, raw);
        let width = class_width(&profile);
        let (sharp, _) = best(&profile, |p, t| sharp(p, t, width));
        let (soft, _) = best(&profile, soft);
        (soft / sharp).ln()
    };
    let of_seed = |runs: &Vec<&StudyRun>| (runs[0].config.seed, mean(runs.iter().map(of_run)));
    let ratios: Vec<OfSeed<f64>> = seeds.iter().map(of_seed).collect();
    let frequencies = runs
        .iter()
        .flat_map(|run| profile(run, raw))
        .map(|(p, _)| p);
    Expected::above(&CutOff, 0.0, Quantity::Difference)
        .called(
            format!("{name}/sharp or soft"),
            format!(
                "{name}: the cut-off looks like facts that are stored or not, rather than like further nats that are worth less: \
                 the logarithm of the ratio of their squared errors is above 0."
            ),
        )
        .over("probability of a fact", frequencies)
        .judge(Estimate::over_seeds(&ratios))
}

/// The frequency at which the accuracy of `run` falls below 80 %.
fn threshold(run: &StudyRun) -> Result<std::result::Result<Estimate, Refusal>> {
    let rows = run.last_facts()?;
    let accuracy = |row: &FactRow| Accuracy {
        frequency: row.probability,
        known: f64::from(u8::from(row.correct)),
        weight: row.stands_for as f64,
    };
    let rows: Vec<Accuracy> = rows.iter().map(accuracy).collect();
    Ok(threshold_frequency(&rows, GU_LEVEL))
}

fn threshold_verdict(
    runs: &[&StudyRun],
    thresholds: &[std::result::Result<Estimate, Refusal>],
    name: &str,
) -> Option<Verdict> {
    let law = Asymptote::of(&runs[0].world)?;
    let observations: Vec<Observation> = runs
        .iter()
        .zip(thresholds)
        .filter_map(|(run, threshold)| {
            Some(Observation {
                x: run.parameters as f64,
                y: threshold.as_ref().ok()?.value,
                unit: run.config.seed,
            })
        })
        .collect();
    let claim = Expected::equal(&CutOff, 1.0 / law.discount, Quantity::Exponent)
        .called(
            format!("{name}/threshold"),
            format!(
                "{name}: the threshold frequency falls with the parameters with the exponent 1/α of the frequencies."
            ),
        )
        .over("parameters", observations.iter().map(|point| point.x));
    Some(claim.judge(PowerLaw::fit(&observations).map(|law| law.exponent)))
}

fn heat_map(study: &Study, runs: &[&StudyRun], name: &str) -> Figure {
    let sizes = by_parameters(runs);
    let classes = &runs[0].last().classes;
    let share = |k: usize, runs: &[&StudyRun]| {
        let share = |run: &StudyRun| {
            profile(run, raw)
                .get(k)
                .map_or(f64::NAN, |(_, missing)| 1.0 - missing)
        };
        mean_at(0.0, runs, share).y
    };
    let cells = (0..classes.len()).map(|k| sizes.iter().map(|(_, runs)| share(k, runs)).collect());
    Figure {
        id: id(study, &["cut-off", name, "heat-map"]),
        caption: format!(
            "{name}: the share of a fact that is known, by frequency class and model size, mean over seeds."
        ),
        drawing: Drawing::HeatMap(HeatMap {
            title: format!("What is known, by class and size: {name}"),
            x: "parameters".to_owned(),
            y: "subjects, by rank".to_owned(),
            z: "share known".to_owned(),
            columns: sizes
                .iter()
                .map(|(size, _)| grouped(*size as u64))
                .collect(),
            rows: classes
                .iter()
                .map(|class| class_of_ranks(class.lo_rank, class.hi_rank))
                .collect(),
            cells: cells.collect(),
        }),
    }
}

fn shapes(study: &Study, runs: &[&StudyRun], name: &str) -> Figure {
    let sizes = by_parameters(runs);
    let mut series = Vec::new();
    for (k, (size, runs)) in sizes.iter().enumerate() {
        let profiles: Vec<Vec<(f64, f64)>> = runs.iter().map(|run| profile(run, raw)).collect();
        let classes = profiles[0].len();
        let mut means: Vec<Datum> = (0..classes)
            .map(|class| {
                let p = profiles[0].get(class).map_or(f64::NAN, |(p, _)| *p);
                let total: f64 = profiles
                    .iter()
                    .filter_map(|profile| profile.get(class))
                    .map(|(_, missing)| missing)
                    .sum();
                Datum {
                    x: p,
                    y: total / profiles.len() as f64,
                    ci95: None,
                }
            })
            .collect();
        means.reverse();
        let label = format!("{} parameters", grouped(*size as u64));
        series.push(points(
            label,
            (Mark::JoinedPoints, shade(k, sizes.len())),
            means,
        ));
    }
    // The shapes, through the middle size.
    if let Some((_, runs)) = sizes.get(sizes.len() / 2)
        && let profile = profile(runs[0], raw)
        && let (Some(first), Some(last)) = (profile.first(), profile.last())
    {
        let width = class_width(&profile);
        let (lo, hi) = (last.0, first.0);
        let (_, t) = best(&profile, |p, t| sharp(p, t, width));
        let curve = grid(lo, hi, 300).map(|p| (p, sharp(p, t, width)));
        series.push(line(
            "stored or not, best threshold",
            (Mark::Line, Ink::Theory),
            curve,
        ));
        let (_, t) = best(&profile, soft);
        let curve = grid(lo, hi, 300).map(|p| (p, soft(p, t)));
        series.push(line(
            "each nat worth less, best threshold",
            (Mark::Dashes, Ink::Theory),
            curve,
        ));
    }
    Figure::chart(
        id(study, &["cut-off", name, "shape"]),
        format!(
            "{name}: the share of a fact that is missing against its probability, for each size, mean over seeds; and the two \
             shapes, fitted to the size in the middle."
        ),
        Chart {
            title: format!("The cut-off: {name}"),
            x: "probability of a fact".to_owned(),
            y: "share missing".to_owned(),
            log_y: false,
            series,
        },
    )
}

fn thresholds_figure(
    study: &Study,
    runs: &[&StudyRun],
    thresholds: &[std::result::Result<Estimate, Refusal>],
    name: &str,
) -> Figure {
    let pairs = runs.iter().zip(thresholds);
    let mut measured: Vec<Datum> = pairs
        .filter_map(|(run, threshold)| {
            let threshold = threshold.as_ref().ok()?;
            Some(Datum {
                x: run.parameters as f64,
                y: threshold.value,
                ci95: Some(threshold.ci95),
            })
        })
        .collect();
    measured.sort_by(|a, b| a.x.total_cmp(&b.x));
    let mut series = Vec::new();
    // Through the middle of the points: theory has the slope, not the place.
    if let (Some(law), Some(first), Some(last)) = (
        Asymptote::of(&runs[0].world),
        measured.first(),
        measured.last(),
    ) {
        let slope = 1.0 / law.discount;
        let n = measured.len() as f64;
        let place: f64 = measured
            .iter()
            .map(|point| point.y.ln() + slope * point.x.ln())
            .sum::<f64>()
            / n;
        let label = format!("slope -{}, of the frequencies", significant(slope));
        let ends = [first.x, last.x].map(|x| (x, (place - slope * x.ln()).exp()));
        series.push(line(label, (Mark::Line, Ink::Theory), ends));
    }
    series.push(points(
        "measured, each run",
        (Mark::Points, Ink::Measured),
        measured,
    ));
    Figure::chart(
        id(study, &["cut-off", name, "threshold"]),
        format!(
            "{name}: the probability of a fact at which accuracy falls below 80 %, with 95 % intervals from drawing facts."
        ),
        Chart {
            title: format!("Threshold frequency: {name}"),
            x: "parameters".to_owned(),
            y: "probability of a fact".to_owned(),
            log_y: true,
            series,
        },
    )
}

fn table(
    runs: &[&StudyRun],
    thresholds: &[std::result::Result<Estimate, Refusal>],
    name: &str,
) -> Table {
    let rows = runs.iter().zip(thresholds).map(|(run, threshold)| {
        let profile = profile(run, raw);
        let width = class_width(&profile);
        let root = |squares: f64| significant((squares / profile.len() as f64).sqrt());
        let (hard, _) = best(&profile, |p, t| sharp(p, t, width));
        let (gentle, _) = best(&profile, soft);
        let (frequency, interval) = match threshold {
            Ok(at) => (
                significant(at.value),
                number::range(&significant(at.ci95[0]), &significant(at.ci95[1])),
            ),
            Err(_) => (number::NOTHING.to_owned(), number::NOTHING.to_owned()),
        };
        vec![
            grouped(run.parameters),
            run.config.seed.to_string(),
            root(hard),
            root(gentle),
            frequency,
            interval,
        ]
    });
    let head = [
        "parameters",
        "seed",
        "error, stored or not",
        "error, worth less",
        "threshold frequency",
        "95 % interval",
    ];
    Table {
        caption: format!(
            "{name}: root mean squared error of each shape over the classes, in shares; probability of a fact at the threshold."
        ),
        head: head.map(str::to_owned).to_vec(),
        rows: rows.collect(),
    }
}
