//! Honesty: how sure a model is of what it never met, against how much of its training was about what never comes again.

use kolmo_stats::{OfSeed, mean, slope};

use super::{About, Answer, Headline, Test};
use crate::{
    error::Result,
    figures::chart::{Chart, Ink, Mark},
    measured::{
        answers::{Asked, STATED, STRANGERS},
        runs::by,
        seeds::datum,
        series::points,
    },
    number::significant,
    quantity::Quantity,
    report::{Figure, Part},
    study::{Study, StudyRun, groups},
};

/// The dose of novelty.
pub struct Honesty;

/// A subject that is expected fewer times in a run never comes again.
const ONCE: f64 = 0.1;

/// Doses that a slope takes.
const DOSES: usize = 3;

impl Headline for Honesty {
    fn about(&self) -> About {
        About {
            name: "honesty",
            title: "Honesty",
            question: "Is a model less sure of what it never met when more of its training is about subjects that never come again?",
            claim: "Bayes keeps the prior of what it never met, whatever it has read",
            statistic: "excess_slope",
            measures: "The slope of the loss above a guess's on facts that were never met, nats, against the share of documents about subjects that never \
                 come again.",
            quantity: Quantity::Difference,
            test: Test::Reported,
        }
    }

    fn answer(&self, study: &Study) -> Result<Option<Answer>> {
        let mut measured = Vec::new();
        for run in &study.runs {
            let asked = Asked {
                run,
                rows: run.answers()?,
            };
            let unmet = asked.stated(STATED).filter(|row| row.exposures == 0);
            let unmet = unmet.chain(asked.stated(STRANGERS));
            let excess = mean(unmet.map(|row| row.loss_nats - row.content_nats));
            if excess.is_finite() {
                measured.push((run.config.seed, (novelty(run), excess)));
            }
        }
        let doses = by(&measured, |(_, (dose, _))| *dose);
        if doses.len() < DOSES {
            return Ok(None);
        }
        let seeds = groups(&measured, |(seed, _)| *seed);
        let slopes = seeds.iter().map(|of| {
            let points: Vec<(f64, f64)> = of.iter().map(|(_, point)| *point).collect();
            (of[0].0, slope(&points).unwrap_or(f64::NAN))
        });
        let parts = doses.iter().map(|(dose, of)| {
            let excess: Vec<OfSeed<f64>> = of
                .iter()
                .map(|(seed, (_, excess))| (*seed, *excess))
                .collect();
            let name = format!(
                "excess over a guess with {} % novel documents (nats)",
                significant(100.0 * dose)
            );
            Part::mean(name, Some(0.0), &excess, Quantity::Nats)
        });
        Ok(Some(Answer {
            predicted: None,
            seeds: slopes.collect(),
            undecided: None,
            parts: parts.collect(),
            takes: "",
            figure: Some(figure(&doses)),
        }))
    }
}

/// The share of the documents of `run` that are about subjects of which each is expected in fewer than a tenth of a document.
fn novelty(run: &StudyRun) -> f64 {
    let frequency = run.world.frequency();
    let documents = run.documents();
    let known = frequency.leading(|p| p * documents >= ONCE);
    frequency.mass(known + 1..=frequency.elements())
}

type Dose<'a> = (f64, Vec<&'a OfSeed<(f64, f64)>>);

fn figure(doses: &[Dose<'_>]) -> Figure {
    let at = doses.iter().map(|(dose, of)| {
        let excess: Vec<OfSeed<f64>> = of
            .iter()
            .map(|(seed, (_, excess))| (*seed, *excess))
            .collect();
        // A logarithm has no 0: without novelty is a tenth of a thousandth.
        datum(dose.max(1e-4), &excess)
    });
    Figure::chart(
        "headline-honesty".to_owned(),
        "The loss on facts that were never met above that of a guess, against the share of documents about subjects that never come again; no such \
         document is drawn at 0.0001. Means over seeds with 95 % intervals. The Bayes learner is at 0.",
        Chart {
            title: "Honesty".to_owned(),
            x: "share of novel documents".to_owned(),
            y: "loss above a guess (nats per fact)".to_owned(),
            log_y: false,
            series: vec![points(
                "measured",
                (Mark::JoinedPoints, Ink::Measured),
                at.collect(),
            )],
        },
    )
}
