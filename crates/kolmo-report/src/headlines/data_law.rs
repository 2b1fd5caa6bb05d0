//! Loss against data: how fast the loss on facts falls, over how fast the exact sum says (Pan et al. 2025, data scaling law).

use kolmo_theory::discovery::PowerLaw as Asymptote;

use super::{
    About, Answer, Headline, Test,
    parts::{each_seed, exponent},
};
use crate::{
    error::Result,
    figures::chart::{Chart, Mark},
    measured::{
        bayes_curve::{exact, exact_mean, fitted, redundancy},
        runs::{by_documents, named},
        seeds::mean_at,
        series::{grid, line, points, shade},
    },
    quantity::Quantity,
    report::{Figure, Part},
    study::{Study, StudyRun},
};

/// The data law.
pub struct DataLaw;

impl Headline for DataLaw {
    fn about(&self) -> About {
        About {
            name: "data_law",
            title: "Data law",
            question: "Does the loss on facts fall with the documents read as a population of facts without end says?",
            claim: "Pan et al. 2025: the loss falls as N^-(1 - α)",
            statistic: "exponent_over_exact",
            measures: "The exponent of the value loss against documents, over the exponent of the exact Bayes curve at the same documents, mean over \
                 laws.",
            quantity: Quantity::Ratio,
            test: Test::Equal,
        }
    }

    fn answer(&self, study: &Study) -> Result<Option<Answer>> {
        let laws = laws(study);
        if laws.is_empty() {
            return Ok(None);
        }
        let mut seeds = Vec::new();
        let mut parts = Vec::new();
        for (runs, name) in &laws {
            let ratio = |loss: fn(&StudyRun) -> f64| {
                each_seed(runs, |runs| {
                    let of = |y: &dyn Fn(&StudyRun) -> f64| exponent(runs, StudyRun::documents, y);
                    of(&loss) / of(&|run| exact(run, run.documents()))
                })
            };
            let of_law = ratio(redundancy);
            parts.push(Part::mean(
                format!("{name}, value loss"),
                Some(1.0),
                &of_law,
                Quantity::Ratio,
            ));
            let missing = ratio(|run| run.last().missing_recalibrated);
            parts.push(Part::mean(
                format!("{name}, missing"),
                Some(1.0),
                &missing,
                Quantity::Ratio,
            ));
            if let Some(law) = Asymptote::of(&runs[0].world) {
                let local = each_seed(runs, |runs| {
                    -exponent(runs, StudyRun::documents, redundancy)
                });
                let name = format!("{name}, exponent beside 1 - α");
                parts.push(Part::mean(
                    name,
                    Some(law.data_exponent()),
                    &local,
                    Quantity::Exponent,
                ));
            }
            seeds.extend(of_law);
        }
        Ok(Some(Answer {
            predicted: Some(1.0),
            seeds,
            undecided: short(&laws),
            parts,
            takes: "",
            figure: Some(figure(&laws)),
        }))
    }
}

/// Laws with a tail, each with its runs over the range of the study and a name; only those of two lengths or more.
pub(super) fn laws(study: &Study) -> Vec<(Vec<&StudyRun>, String)> {
    let laws = study.groups(|run| (run.law().clone(), run.training()));
    let laws = laws.into_iter().map(|runs| fitted(study, &runs));
    let has_tail = |runs: &Vec<&StudyRun>| {
        by_documents(runs).len() > 1 && Asymptote::of(&runs[0].world).is_some()
    };
    named(laws.filter(has_tail).collect())
}

/// Why so few laws or so short a range decide nothing.
fn short(laws: &[(Vec<&StudyRun>, String)]) -> Option<String> {
    /// Laws that a mean over laws takes.
    const LAWS: usize = 4;
    /// Decades that an exponent takes.
    const DECADES: f64 = 1.0;
    if laws.len() < LAWS {
        return Some(format!(
            "these runs are of {} laws, and a mean over laws takes {LAWS}",
            laws.len()
        ));
    }
    let decades = laws.iter().map(|(runs, _)| {
        let at = by_documents(runs);
        (at[at.len() - 1].0 / at[0].0).log10()
    });
    let decades = decades.fold(f64::INFINITY, f64::min);
    (decades < DECADES).then(|| {
        format!(
            "these runs span {decades:.2} decades of documents, and an exponent takes {DECADES:.0}"
        )
    })
}

fn figure(laws: &[(Vec<&StudyRun>, String)]) -> Figure {
    let mut series = Vec::new();
    for (k, (runs, name)) in laws.iter().enumerate() {
        let ink = shade(k, laws.len());
        let at = by_documents(runs);
        let (lo, hi) = (at[0].0 / 1.3, at[at.len() - 1].0 * 1.3);
        let curve = grid(lo, hi, 60).map(|n| (n, exact_mean(runs, n)));
        // One entry of the legend stands for all.
        let label = if k == 0 { "exact Bayes" } else { "" };
        series.push(line(label, (Mark::Line, ink), curve));
        let measured = at.iter().map(|(n, runs)| mean_at(*n, runs, redundancy));
        series.push(points(
            name.clone(),
            (Mark::Points, ink),
            measured.collect(),
        ));
    }
    Figure::chart(
        "headline-data-law".to_owned(),
        "The loss on values against documents: points are measured, means over seeds with 95 % intervals; lines are what the Bayes learner \
         is expected to lose on as many documents. The question is whether points and line of a law fall alike, not how far apart they are.",
        Chart {
            title: "Loss against data".to_owned(),
            x: "documents".to_owned(),
            y: "value loss (nats per fact)".to_owned(),
            log_y: true,
            series,
        },
    )
}
