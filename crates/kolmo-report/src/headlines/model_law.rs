//! Loss against capacity: what a model at capacity misses, over what the best use of the bits that it stores would miss.

use std::f64::consts::LN_2;

use kolmo_stats::{Estimate, OfSeed, one_a_seed};
use kolmo_theory::capacity::{Capacity, Rival};

use super::{
    About, Answer, Headline, Test,
    ladder::{Ladder, ladders},
};
use crate::{
    error::Result,
    figures::chart::{Chart, Ink, Mark},
    measured::{
        ladders::{bits, missing, missing_without_luck},
        series::{each_run, grid, line, points},
    },
    quantity::Quantity,
    report::{Figure, Outcome, Part},
    study::{Study, StudyRun},
};

/// The model law.
pub struct ModelLaw;

/// As good as the best use, to what is measured: the rivals miss more than a tenth more.
const BOUND: f64 = 1.08;

impl Headline for ModelLaw {
    fn about(&self) -> About {
        About {
            name: "model_law",
            title: "Model law",
            question: "Does a model that cannot hold every fact use its bits as well as can be, for the most frequent ones?",
            claim: "Pan et al. 2025: the loss falls with the capacity as C^-(1/α - 1)",
            statistic: "missing_over_best_use",
            measures: "What is missing over what the best use of the bits stored would miss, mean over sizes at capacity.",
            quantity: Quantity::Ratio,
            test: Test::Below,
        }
    }

    fn answer(&self, study: &Study) -> Result<Option<Answer>> {
        let ladders = ladders(study);
        if ladders.is_empty() {
            return Ok(None);
        }
        let (mut seeds, mut parts) = (Vec::new(), Vec::new());
        let mut undecided = ladders.iter().find_map(Ladder::undecided);
        for ladder in &ladders {
            let spent: Vec<Spent> = ladder.runs().into_iter().map(Spent::of).collect();
            let over = |ratio: &dyn Fn(&Spent) -> f64| -> Vec<OfSeed<f64>> {
                let ratios = spent.iter().map(|one| (one.run.config.seed, ratio(one)));
                one_a_seed(&ratios.collect::<Vec<_>>())
            };
            seeds.extend(over(&|one| missing_without_luck(one.run) / one.best));
            let raw = over(&|one| missing(one.run) / one.best);
            let name = format!("{}, raw, luck included", ladder.name);
            parts.push(Part::mean(name, None, &raw, Quantity::Ratio));
            for (k, rival) in Rival::ALL.into_iter().enumerate() {
                let beside = over(&|one| missing_without_luck(one.run) / one.others[k]);
                let estimate = Estimate::over_seeds(&beside).ok();
                let is_below = estimate.is_some_and(|estimate| estimate.ci95[1] < 1.0);
                if !is_below {
                    undecided.get_or_insert_with(|| {
                        format!("these runs do not tell the best use from another one, {rival}: see its part")
                    });
                }
                let name = format!("{}, over {rival} of as many bits", ladder.name);
                let part = Part::mean(name, Some(1.0), &beside, Quantity::Ratio);
                parts.push(Part {
                    verdict: estimate.map(|estimate| match estimate.ci95 {
                        [_, hi] if hi < 1.0 => Outcome::Agrees,
                        [lo, _] if lo > 1.0 => Outcome::Disagrees,
                        _ => Outcome::Inconclusive,
                    }),
                    ..part
                });
            }
            parts.extend(ladder.parts());
        }
        Ok(Some(Answer {
            predicted: Some(BOUND),
            seeds,
            undecided,
            parts,
            takes: "the bits stored",
            figure: Some(figure(&ladders)),
        }))
    }
}

/// What a run would miss if it had spent the bits that it stored in another way, nats per fact.
struct Spent<'a> {
    run: &'a StudyRun,
    best: f64,
    /// Of each of [`Rival::ALL`].
    others: [f64; Rival::ALL.len()],
}

impl<'a> Spent<'a> {
    fn of(run: &'a StudyRun) -> Self {
        let capacity = Capacity::after(&run.world, run.documents());
        let nats = bits(run) * LN_2;
        Self {
            run,
            best: capacity.store(nats).value_loss,
            others: Rival::ALL.map(|rival| capacity.spread(rival, nats)),
        }
    }
}

fn figure(ladders: &[Ladder<'_>]) -> Figure {
    let mut series = Vec::new();
    if let Some(ladder) = ladders.first() {
        let runs = ladder.runs();
        let sizes: Vec<f64> = runs
            .iter()
            .map(|run| bits(run))
            .filter(|bits| *bits > 0.0)
            .collect();
        let (lo, hi) = sizes.iter().fold((f64::INFINITY, 0f64), |(lo, hi), x| {
            (lo.min(*x), hi.max(*x))
        });
        let capacity = Capacity::after(&runs[0].world, runs[0].documents());
        if hi > 0.0 {
            let over = |of: &dyn Fn(f64) -> f64| -> Vec<(f64, f64)> {
                grid(lo / 1.5, hi * 1.5, 40)
                    .map(|bits| (bits, of(bits * LN_2)))
                    .collect()
            };
            series.push(line(
                "best use",
                (Mark::Line, Ink::Theory),
                over(&|nats| capacity.store(nats).value_loss),
            ));
            for (rival, ink) in [
                (Rival::WaterFilling, Ink::Asymptote),
                (Rival::Logistic, Ink::Reference),
            ] {
                series.push(line(
                    rival.name(),
                    (Mark::Dashes, ink),
                    over(&|nats| capacity.spread(rival, nats)),
                ));
            }
        }
        series.push(points(
            "measured, each run",
            (Mark::Points, Ink::Measured),
            each_run(&runs, bits, missing_without_luck),
        ));
    }
    Figure::chart(
        "headline-model-law".to_owned(),
        "What is missing against the bits stored, of sizes at capacity. The line keeps the most frequent facts; dashes spend as many bits in other \
         ways.",
        Chart {
            title: "Loss against capacity".to_owned(),
            x: "bits stored".to_owned(),
            y: "missing (nats per fact)".to_owned(),
            log_y: true,
            series,
        },
    )
}
