//! Capacity: how the bits that a model stores once they have stopped growing go with its parameters.

use super::{
    About, Answer, Headline, Test,
    ladder::{Ladder, ladders},
    parts::{each_seed, exponent},
};
use crate::{
    error::Result,
    figures::chart::{Chart, Ink, Mark},
    measured::{
        ladders::bits,
        runs::parameters,
        seeds::{mean_at, of_seeds},
        series::{line, points, shade},
    },
    number::grouped,
    quantity::Quantity,
    report::{Figure, Part},
    study::{Study, StudyRun},
};

/// The law of capacity.
pub struct Capacity;

impl Headline for Capacity {
    fn about(&self) -> About {
        About {
            name: "capacity",
            title: "Capacity",
            question: "Does a model that has stopped learning store bits in proportion to its parameters?",
            claim: "Pan et al. 2025, Allen-Zhu and Li 2024: C ∝ P",
            statistic: "bits_exponent",
            measures: "The exponent of the bits stored against the parameters, over sizes at capacity, mean over laws.",
            quantity: Quantity::Exponent,
            test: Test::Equal,
        }
    }

    fn answer(&self, study: &Study) -> Result<Option<Answer>> {
        let ladders = ladders(study);
        if ladders.is_empty() {
            return Ok(None);
        }
        let (mut seeds, mut parts) = (Vec::new(), Vec::new());
        for ladder in &ladders {
            seeds.extend(each_seed(&ladder.runs(), |runs| {
                exponent(runs, parameters, bits)
            }));
            let per = |run: &StudyRun| bits(run) / parameters(run);
            parts.extend(ladder.sizes.iter().map(|size| {
                let name = format!(
                    "{}, {} parameters, bits per parameter",
                    ladder.name,
                    grouped(size.parameters as u64)
                );
                Part::mean(
                    name,
                    None,
                    &of_seeds(&size.runs, |run| per(run)),
                    Quantity::Ratio,
                )
            }));
            let name = format!("{}, exponent over all sizes", ladder.name);
            let all: Vec<&StudyRun> = ladder
                .sizes
                .iter()
                .flat_map(|size| size.runs.iter().copied())
                .collect();
            let all = each_seed(&all, |runs| exponent(runs, parameters, bits));
            parts.push(Part::mean(name, Some(1.0), &all, Quantity::Exponent));
            parts.extend(ladder.parts());
        }
        Ok(Some(Answer {
            predicted: Some(1.0),
            seeds,
            undecided: ladders.iter().find_map(Ladder::undecided),
            parts,
            takes: "",
            figure: Some(figure(&ladders)),
        }))
    }
}

fn figure(ladders: &[Ladder<'_>]) -> Figure {
    let mut series = Vec::new();
    for (k, ladder) in ladders.iter().enumerate() {
        let at = ladder
            .sizes
            .iter()
            .map(|size| mean_at(size.parameters, &size.runs, bits));
        let at: Vec<_> = at.collect();
        if let (0, Some(first), Some(last)) = (k, at.first(), at.last()) {
            let middle = at[at.len() / 2];
            let ends = [first.x, last.x].map(|p| (p, middle.y * p / middle.x));
            series.push(line("in proportion", (Mark::Dashes, Ink::Asymptote), ends));
        }
        series.push(points(
            ladder.name.clone(),
            (Mark::JoinedPoints, shade(k, ladders.len())),
            at,
        ));
    }
    Figure::chart(
        "headline-capacity".to_owned(),
        "Bits stored against parameters at the longest training, means over seeds with 95 % intervals. Dashes are in proportion.",
        Chart {
            title: "Capacity".to_owned(),
            x: "parameters".to_owned(),
            y: "bits stored".to_owned(),
            log_y: true,
            series,
        },
    )
}
