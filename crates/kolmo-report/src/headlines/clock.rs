//! The clock: how many times as many documents as the exact Bayes learner a model needs, and whether that changes on the way.

use kolmo_stats::{OfSeed, slope};

use super::{About, Answer, Headline, Test, data_law::laws as laws_of};
use crate::{
    error::Result,
    figures::chart::{Chart, Mark},
    measured::{
        bayes_curve::clock,
        runs::by,
        seeds::datum,
        series::{points, shade},
    },
    number::grouped,
    quantity::Quantity,
    report::{Figure, Part},
    study::{Study, groups},
};

/// The clock.
pub struct Clock;

impl Headline for Clock {
    fn about(&self) -> About {
        About {
            name: "clock",
            title: "Clock",
            question: "How many times as many documents as the exact Bayes learner does a model need, and does that grow?",
            claim: "a learner is Bayes with a slower clock: L(N) = L_Bayes(N/τ)",
            statistic: "clock_slope",
            measures: "d ln τ / d ln N: how fast τ, the documents of a model for one of the Bayes learner that misses as much, grows with the \
                 documents, mean over laws.",
            quantity: Quantity::Exponent,
            test: Test::Reported,
        }
    }

    fn answer(&self, study: &Study) -> Result<Option<Answer>> {
        let mut censored = 0;
        let mut laws: Vec<(Vec<Read>, String)> = Vec::new();
        for (runs, name) in laws_of(study) {
            let all = runs.len();
            let reads = runs.into_iter().map(|run| {
                (
                    run.config.seed,
                    (run.config.train.documents as f64, clock(run)),
                )
            });
            let reads: Vec<Read> = reads.filter(|(_, (_, tau))| tau.is_finite()).collect();
            censored += all - reads.len();
            if by(&reads, documents).len() > 1 {
                laws.push((reads, name));
            }
        }
        if laws.is_empty() {
            return Ok(None);
        }
        let (mut seeds, mut parts) = (Vec::new(), Vec::new());
        for (reads, name) in &laws {
            let slopes: Vec<OfSeed<f64>> = groups(reads, |(seed, _)| *seed)
                .iter()
                .map(|of| {
                    let logs = of.iter().map(|(_, (n, tau))| (n.ln(), tau.ln()));
                    (
                        of[0].0,
                        slope(&logs.collect::<Vec<_>>()).unwrap_or(f64::NAN),
                    )
                })
                .collect();
            parts.push(Part::mean(
                format!("{name}, slope"),
                None,
                &slopes,
                Quantity::Exponent,
            ));
            for (n, of) in by(reads, documents) {
                let name = format!("{name}, τ at {} documents", grouped(n as u64));
                parts.push(Part::mean(name, None, &clocks(&of), Quantity::Ratio));
            }
            seeds.extend(slopes);
        }
        let undecided = (censored > 0).then(|| {
            format!(
                "without {censored} runs of which τ is not known: they lose more than a learner that knows nothing, or miss less than the Bayes \
                 learner on ten times as many documents"
            )
        });
        Ok(Some(Answer {
            predicted: None,
            seeds,
            undecided,
            parts,
            takes: "",
            figure: Some(figure(&laws)),
        }))
    }
}

/// The documents that a run of a seed has read, and its τ.
type Read = OfSeed<(f64, f64)>;

fn documents((_, (documents, _)): &Read) -> f64 {
    *documents
}

fn clocks(of: &[&Read]) -> Vec<OfSeed<f64>> {
    of.iter().map(|(seed, (_, tau))| (*seed, *tau)).collect()
}

fn figure(laws: &[(Vec<Read>, String)]) -> Figure {
    let series = laws.iter().enumerate().map(|(k, (reads, name))| {
        let at = by(reads, documents).into_iter();
        let at = at.map(|(n, of)| datum(n, &clocks(&of)));
        points(
            name.clone(),
            (Mark::JoinedPoints, shade(k, laws.len())),
            at.collect(),
        )
    });
    Figure::chart(
        "headline-clock".to_owned(),
        "τ, how many times as many documents as the exact Bayes learner a model needs to miss as little. At 1 it is as good as can be; a level \
         line is a slower clock, a rising one another law.",
        Chart {
            title: "The clock".to_owned(),
            x: "documents".to_owned(),
            y: "τ (documents for one of Bayes)".to_owned(),
            log_y: true,
            series: series.collect(),
        },
    )
}
