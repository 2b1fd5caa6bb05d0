//! Syntax before knowledge (Pan et al. 2025): which of the two redundancies is first below a twentieth of what it begins with.

use kolmo_run::EvaluationRecord;
use kolmo_theory::discovery::mean_content;

use super::{About, Answer, Headline, Test};
use crate::{
    error::Result,
    figures::chart::{Chart, Ink, Mark},
    measured::{runs::named, series::line, syntax::redundancy_curve},
    quantity::Quantity,
    report::{Figure, Part},
    study::{Study, StudyRun},
};

/// Syntax first.
pub struct SyntaxFirst;

/// What is left of a redundancy that is learnt, as a share of what it was.
const LEFT: f64 = 0.05;

impl Headline for SyntaxFirst {
    fn about(&self) -> About {
        About {
            name: "syntax_first",
            title: "Syntax first",
            question: "Is the syntax learnt before the facts?",
            claim: "Pan et al. 2025: syntax is learnt before knowledge",
            statistic: "log_ratio_of_times",
            measures: "ln of the documents until the redundancy of the values, without the most frequent class, is first below 5 % of what it began with, \
                 over the same of the syntax.",
            quantity: Quantity::Difference,
            test: Test::Above,
        }
    }

    fn answer(&self, study: &Study) -> Result<Option<Answer>> {
        let (mut seeds, mut parts) = (Vec::new(), Vec::new());
        let mut drawn = None;
        let mut unfinished = 0;
        for (runs, name) in named(study.groups(StudyRun::but_seed)) {
            let (mut ratios, mut times) = (Vec::new(), Vec::new());
            for run in &runs {
                let (syntax, values) = (redundancy_curve(run)?, values(run));
                let syntax_at = first_below(&syntax);
                times.push((run.config.seed, syntax_at.unwrap_or(f64::NAN)));
                let Some(syntax_at) = syntax_at else {
                    continue;
                };
                let values_at = first_below(&values).unwrap_or_else(|| {
                    unfinished += 1;
                    run.documents()
                });
                ratios.push((run.config.seed, (values_at / syntax_at).ln()));
                drawn.get_or_insert((syntax, values));
            }
            let factors = ratios.iter().map(|(seed, ratio)| (*seed, ratio.exp()));
            let factors: Vec<_> = factors.collect();
            parts.push(Part::mean(
                format!("{name}, ratio of the times"),
                None,
                &factors,
                Quantity::Ratio,
            ));
            parts.push(Part::mean(
                format!("{name}, syntax learnt (documents)"),
                None,
                &times,
                Quantity::Count,
            ));
            seeds.extend(ratios);
        }
        if seeds.is_empty() {
            return Ok(None);
        }
        if unfinished > 0 {
            parts.push(Part {
                name: "runs that end before the values are learnt: their end stands for it, so the ratio is at least so much".to_owned(),
                predicted: None,
                measured: Some(unfinished as f64),
                ci95: None,
                margin: None,
                verdict: None,
            });
        }
        Ok(Some(Answer {
            predicted: Some(0.0),
            seeds,
            undecided: None,
            parts,
            takes: "",
            figure: drawn.map(|(syntax, values)| figure(&syntax, &values)),
        }))
    }
}

/// The loss on the values of all classes but the most frequent one over h, weighted by how often they are stated, against documents.
fn values(run: &StudyRun) -> Vec<(f64, f64)> {
    let unknown = mean_content(&run.world);
    let share = |at: &EvaluationRecord| {
        let others = || at.classes.iter().skip(1);
        let mass: f64 = others().map(|class| class.mass).sum();
        others()
            .map(|class| class.mass * class.value_loss)
            .sum::<f64>()
            / (mass * unknown)
    };
    let evaluations = run.evaluations.iter().filter(|at| at.documents > 0);
    evaluations
        .map(|at| (at.documents as f64, share(at)))
        .collect()
}

/// The documents at which `curve` is first below a twentieth of what it begins with, between its points evenly in ln; none if never.
fn first_below(curve: &[(f64, f64)]) -> Option<f64> {
    let level = LEFT * curve.first()?.1;
    let k = curve.iter().position(|(_, y)| *y < level)?;
    let ((n0, y0), (n1, y1)) = (*curve.get(k.checked_sub(1)?)?, curve[k]);
    Some(n0 * (n1 / n0).powf((y0 - level) / (y0 - y1)))
}

fn figure(syntax: &[(f64, f64)], values: &[(f64, f64)]) -> Figure {
    let relative = |curve: &[(f64, f64)]| {
        let first = curve.first().map_or(f64::NAN, |(_, y)| *y);
        let shown = curve.iter().map(|(n, y)| (*n, (y / first).max(1e-4)));
        shown.collect::<Vec<_>>()
    };
    let ends = syntax.iter().chain(values).map(|(n, _)| *n);
    let (lo, hi) = ends.fold((f64::INFINITY, 0f64), |(lo, hi), n| (lo.min(n), hi.max(n)));
    Figure::chart(
        "headline-syntax-first".to_owned(),
        "What is left of the redundancy of the syntax and of the values (without the most frequent class), over what each began with, of one run. \
         The dashed line is where a redundancy counts as learnt.",
        Chart {
            title: "Syntax before knowledge".to_owned(),
            x: "documents".to_owned(),
            y: "redundancy left (share)".to_owned(),
            log_y: true,
            series: vec![
                line(
                    "values",
                    (Mark::JoinedPoints, Ink::Measured),
                    relative(values),
                ),
                line(
                    "syntax",
                    (Mark::JoinedPoints, Ink::Theory),
                    relative(syntax),
                ),
                line(
                    "5 %",
                    (Mark::Dashes, Ink::Asymptote),
                    [(lo, LEFT), (hi, LEFT)],
                ),
            ],
        },
    )
}
