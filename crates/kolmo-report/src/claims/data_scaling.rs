//! Loss against data: the value redundancy falls as the exact curve of the Bayes learner, and while the population of
//! subjects has no end, as N^{−(1−α)} (Pan et al. 2025, data scaling law). Where all subjects are alike, it is no power law.

use kolmo_theory::discovery::{PowerLaw as Asymptote, mean_content};

use crate::{
    claims::{About, Claim, section_for},
    error::Result,
    figures::chart::{Chart, Ink, Mark},
    measured::{
        bayes_curve::{documents_for_one, exact, exact_mean, fitted, redundancy, times_fewer},
        runs::{by_documents, id, named, observations},
        seeds::{count_seeds, mean_at, of_seeds},
        series::{grid, line, points, shade},
    },
    number::{estimate, loss, significant},
    prediction::{Expected, beside},
    quantity::Quantity,
    report::{Figure, Section, Sort, Table, Verdict},
    study::{Study, StudyRun, groups},
};
use kolmo_stats::{Estimate, OfSeed, PowerLaw, Refusal, mean, slope};

/// Loss against data: the data scaling law.
pub struct DataScaling;

impl Claim for DataScaling {
    fn about(&self) -> About {
        About {
            name: "data_scaling",
            title: "Loss against data",
            question: "Does the loss on facts fall with the data as the exact curve of a Bayes learner does, and as a power law where one is \
                 predicted?",
            needs: "Runs of one law and one training on two or more numbers of documents.",
            predicts: "The exponent of the value redundancy against documents is that of the exact Bayes curve over the same documents, that \
                 of the same curve at N/τ documents with one τ for a seed, and 1 − α. Without a power law (`uniform`) the curve is \
                 steeper in the second half of the range.",
            sort: Sort::Law,
        }
    }

    fn section(&self, study: &Study) -> Result<Option<Section>> {
        let laws = study.groups(|run| (run.law().clone(), run.training()));
        let laws: Vec<Vec<&StudyRun>> = laws
            .into_iter()
            .filter(|runs| by_documents(runs).len() > 1)
            .collect();
        if laws.is_empty() {
            return Ok(None);
        }
        // Power laws first, the slowest of them before the others.
        let mut laws = laws;
        let exponent = |runs: &Vec<&StudyRun>| {
            let law = Asymptote::of(&runs[0].world);
            law.map_or(f64::INFINITY, |law| law.data_exponent())
        };
        laws.sort_by(|a, b| exponent(a).total_cmp(&exponent(b)));
        let mut section = section_for(
            self,
            study,
            &[
                "The floor of the loss on values is 0, since they follow from subject and relation: all of it is redundancy. A \
                 Bayes learner loses ln V on a fact that it has not met and 0 on one that it has, which makes a curve \
                 without a free constant. Exponents are fitted to both over the same numbers of documents.",
                "A transformer has to be told more than once. The least that this can change is the clock: the same curve, read at N/τ \
                 documents with one constant τ for a law. Where the exact curve is bent, by its last subjects or by the start, that is \
                 another exponent over the same range.",
            ],
        );
        let (laws, names): (Vec<_>, Vec<_>) = named(laws).into_iter().unzip();
        for (runs, name) in laws.iter().zip(&names) {
            section.verdicts.extend(verdicts(study, runs, name));
            section.figures.push(figure(study, runs, name));
            section.tables.push(table(runs, name));
        }
        section.figures.push(ratios(study, &laws, &names));
        Ok(Some(section))
    }
}

fn verdicts(study: &Study, runs: &[&StudyRun], name: &str) -> Vec<Verdict> {
    let fitted = fitted(study, runs);
    let Some(asymptote) = Asymptote::of(&runs[0].world) else {
        return if runs[0].world.frequency().law().is_uniform() {
            vec![contrast(&fitted, name)]
        } else {
            Vec::new()
        };
    };
    let points = observations(&fitted, StudyRun::documents, redundancy);
    let curve = |tau: f64| -> Vec<f64> {
        let exact = fitted.iter().map(|run| exact(run, run.documents() / tau));
        exact.collect()
    };
    let claim = |which: &str, statement: String, predicted| {
        Expected::equal(&DataScaling, predicted, Quantity::Exponent)
            .called(format!("{name}/{which}"), statement)
            .over("documents", fitted.iter().map(|run| run.documents()))
    };
    let same = format!(
        "{name}: the redundancy falls with the documents as fast as that of the Bayes learner does over the same range."
    );
    let tau = documents_for_one(&fitted);
    let clock = format!(
        "{name}: it falls as fast as that of a Bayes learner that is shown one of {} documents.",
        significant(tau)
    );
    let limit = format!(
        "{name}: it falls as the power law of a population without end, with the exponent 1 - α."
    );
    let (once, beside_once) = beside(&points, &curve(1.0));
    let (slower, beside_slower) = slower(&fitted);
    let alone = PowerLaw::fit(&points).map(|law| law.exponent);
    vec![
        claim("exact curve", same, once).judge(beside_once),
        claim("exact curve at N over tau", clock, slower).judge(beside_slower),
        claim("1 - alpha", limit, asymptote.data_exponent()).judge(alone),
    ]
}

/// The exponent of the exact curve at N/τ, and that of the runs, as the former and what they add to it: of each seed with its own τ,
/// since a constant that is fitted to the same points takes a part of their slope.
fn slower(runs: &[&StudyRun]) -> (f64, std::result::Result<Estimate, Refusal>) {
    let seeds = groups(runs.iter().copied(), |run| run.config.seed);
    let slopes = seeds.iter().map(|runs| {
        let seed = runs[0].config.seed;
        let tau = documents_for_one(runs);
        let exponent = |y: &dyn Fn(&StudyRun) -> f64| {
            let at = runs.iter().map(|run| (run.documents().ln(), y(run).ln()));
            -slope(&at.collect::<Vec<_>>()).unwrap_or(f64::NAN)
        };
        let exact = exponent(&|run| exact(run, run.documents() / tau));
        (seed, (exact, exponent(&redundancy)))
    });
    let slopes: Vec<OfSeed<(f64, f64)>> = slopes.collect();
    let exponents = slopes.iter().map(|(_, (exact, _))| exact);
    let predicted = mean(exponents);
    let relative = of_seeds(&slopes, |(_, (exact, measured))| {
        predicted + measured - exact
    });
    (predicted, Estimate::over_seeds(&relative))
}

/// How much steeper the second half of the curve is than the first: 0 for a power law.
fn contrast(runs: &[&StudyRun], name: &str) -> Verdict {
    let of_seed = groups(runs.iter().copied(), |run| run.config.seed);
    let steepening: Vec<OfSeed<f64>> = of_seed
        .iter()
        .filter_map(|runs| {
            let at = by_documents(runs);
            let (first, middle, last) = (at.first()?, at.get(at.len() / 2)?, at.last()?);
            let slope = |a: &(f64, Vec<&StudyRun>), b: &(f64, Vec<&StudyRun>)| {
                (redundancy(a.1[0]) / redundancy(b.1[0])).ln() / (b.0 / a.0).ln()
            };
            let steepening = || slope(middle, last) - slope(first, middle);
            (at.len() > 2).then(|| (runs[0].config.seed, steepening()))
        })
        .collect();
    Expected::above(&DataScaling, 0.0, Quantity::Difference)
        .called(
            format!("{name}/no power law"),
            format!(
                "{name}: the contrast. The redundancy is no power law: the exponent over the second half of the range is greater \
                 than over the first, for all facts come to be known at once."
            ),
        )
        .over("documents", runs.iter().map(|run| run.documents()))
        .judge(Estimate::over_seeds(&steepening))
}

fn figure(study: &Study, runs: &[&StudyRun], name: &str) -> Figure {
    let sizes = by_documents(runs);
    let (lo, hi) = (sizes[0].0 / 1.5, sizes[sizes.len() - 1].0 * 1.5);
    let world = &runs[0].world;
    let measured = |of: fn(&StudyRun) -> f64| {
        let points = sizes.iter().map(|(n, runs)| mean_at(*n, runs, of));
        points.collect::<Vec<_>>()
    };
    let mut series = vec![line(
        "Bayes, exact",
        (Mark::Line, Ink::Theory),
        grid(lo, hi, 60).map(|n| (n, exact_mean(runs, n))),
    )];
    if Asymptote::of(world).is_some() {
        let tau = documents_for_one(&fitted(study, runs));
        let label = format!("Bayes, shown one of {} documents", significant(tau));
        let curve = grid(lo, hi, 60).map(|n| (n, exact_mean(runs, n / tau)));
        series.push(line(label, (Mark::Dashes, Ink::Theory), curve));
    }
    if let Some(law) = Asymptote::of(world)
        && let Some(constant) = law.loss_constant(world)
    {
        let b = law.data_exponent();
        let label = format!("power law without end, N^-{}", significant(b));
        let ends = [lo, hi].map(|n| (n, constant * n.powf(-b)));
        series.push(line(label, (Mark::Dashes, Ink::Asymptote), ends));
    }
    if let Ok(law) = PowerLaw::fit(&observations(
        &fitted(study, runs),
        StudyRun::documents,
        redundancy,
    )) && Asymptote::of(world).is_some()
    {
        let label = format!("fit, N^-{}", significant(law.exponent.value));
        let ends = [lo, hi].map(|n| (n, law.at(n)));
        series.push(line(label, (Mark::Dashes, Ink::Measured), ends));
    }
    let joined = match Asymptote::of(world) {
        Some(_) => Mark::Points,
        None => Mark::JoinedPoints,
    };
    series.push(points(
        "measured",
        (joined, Ink::Measured),
        measured(redundancy),
    ));
    Figure::chart(
        id(study, &["data-scaling", name]),
        format!(
            "{name}: value redundancy against documents. Points are means over {} seeds with 95 % intervals; a learner that \
             knows nothing is at {} nats.",
            count_seeds(&sizes[0].1),
            loss(mean_content(world))
        ),
        Chart {
            title: format!("Loss against data: {name}"),
            x: "documents".to_owned(),
            y: "value redundancy (nats per fact)".to_owned(),
            log_y: true,
            series,
        },
    )
}

fn ratios(study: &Study, laws: &[Vec<&StudyRun>], names: &[String]) -> Figure {
    let with_law: Vec<(&Vec<&StudyRun>, &String)> = laws
        .iter()
        .zip(names)
        .filter(|(runs, _)| Asymptote::of(&runs[0].world).is_some())
        .collect();
    let ratio = |run: &StudyRun| redundancy(run) / exact(run, run.documents());
    let series = with_law.iter().enumerate().map(|(k, (runs, name))| {
        let at = by_documents(runs);
        let at = at
            .iter()
            .map(|(n, runs)| mean_at(*n, runs, ratio))
            .collect();
        let ink = shade(k, with_law.len());
        points((*name).clone(), (Mark::JoinedPoints, ink), at)
    });
    Figure::chart(
        id(study, &["data-scaling", "ratio"]),
        "What a transformer loses over what the Bayes learner is expected to lose, on the same number of documents.",
        Chart {
            title: "Measured over Bayes".to_owned(),
            x: "documents".to_owned(),
            y: "ratio of the redundancies".to_owned(),
            log_y: true,
            series: series.collect(),
        },
    )
}

/// A loss that is none, nats per fact: nothing is a multiple of it.
const VANISHED: f64 = 1e-4;

fn table(runs: &[&StudyRun], name: &str) -> Table {
    let rows = by_documents(runs).into_iter().map(|(n, runs)| {
        let measured = mean_at(n, &runs, redundancy);
        let bayes = mean_at(n, &runs, |run| exact(run, n)).y;
        let ends = measured.ci95.unwrap_or([f64::NAN; 2]);
        vec![
            crate::number::grouped(n as u64),
            count_seeds(&runs).to_string(),
            estimate(measured.y, ends),
            loss(mean_at(n, &runs, |run| run.last().missing).y),
            loss(bayes),
            loss(mean_at(n, &runs, |run| run.last().bayes_value_loss).y),
            significant(if bayes > VANISHED {
                measured.y / bayes
            } else {
                f64::NAN
            }),
            loss(measured.y - bayes),
            significant(
                mean_at(n, &runs, |run| times_fewer(run, redundancy(run)).ln())
                    .y
                    .exp(),
            ),
        ]
    });
    let head = [
        "documents",
        "seeds",
        "redundancy",
        "missing",
        "Bayes, exact",
        "Bayes, same documents",
        "ratio",
        "gap",
        "τ",
    ];
    Table {
        caption: format!(
            "{name}: nats per fact, ± half the 95 % interval over seeds; ratio and gap are to the exact curve; τ is how many times fewer documents the Bayes learner needs to lose as much."
        ),
        head: head.map(str::to_owned).to_vec(),
        rows: rows.collect(),
    }
}
