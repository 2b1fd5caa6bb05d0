//! Hallucination: whether a model is wrong about what it never met or had no room for, and about nothing else; one number over all classes.

use kolmo_stats::OfSeed;

use super::{About, Answer, Headline, Test, generated};
use crate::{
    claims::hallucination::{Class, classes, has_room},
    error::Result,
    figures::chart::{Chart, Ink, Mark},
    measured::{
        answers::{Group, asked_groups, panels},
        series::{line, points},
    },
    number::class_of_ranks,
    quantity::Quantity,
    report::{Figure, Part, Section},
    study::Study,
};

/// Wrong where not stored.
pub struct Hallucination;

/// A share of the deviance that is noise and rounding; a model that is wrong about other things leaves more.
const LEFT: f64 = 0.1;

impl Headline for Hallucination {
    fn about(&self) -> About {
        About {
            name: "hallucination",
            title: "Hallucination",
            question: "Is a model wrong about the facts that it never met, or had no room for, and about no others?",
            claim: "Pan et al. 2025: hallucinations are the facts that are not stored",
            statistic: "deviance_left",
            measures: "The deviance of wrong answers from the predicted probability of a wrong answer, all frequency classes at once, over their deviance \
                 from one rate for all classes: 0 is as predicted, 1 no better than knowing nothing of the frequencies.",
            quantity: Quantity::Ratio,
            test: Test::Below,
        }
    }

    fn answer(&self, study: &Study) -> Result<Option<Answer>> {
        let mut groups = asked_groups(study)?;
        // How often a fact is met follows from the frequencies where each document is read once.
        groups.retain(|group| group.runs[0].run.config.train.repeat.is_none());
        let (mut seeds, mut parts) = (Vec::new(), Vec::new());
        let mut drawn = None;
        for panel in &panels(&groups) {
            let Some(group) = panel.longest() else {
                continue;
            };
            let room = has_room(group);
            let classes = classes(group);
            let left = deviances(group, &classes, room);
            if left.is_empty() {
                continue;
            }
            let name = match room {
                true => format!("{}, with room for all facts", group.name),
                false => format!("{}, without room", group.name),
            };
            parts.push(Part::mean(
                format!("{name}, deviance left"),
                None,
                &left,
                Quantity::Ratio,
            ));
            for class in &classes {
                let wrong: Vec<OfSeed<f64>> = class
                    .shares
                    .iter()
                    .map(|(seed, share)| (*seed, share.value))
                    .collect();
                let ranks = class_of_ranks(class.lo, class.hi);
                let part = Part::mean(
                    format!("{name}, wrong answers about {ranks}"),
                    Some(predicted(class, room)),
                    &wrong,
                    Quantity::Share,
                );
                parts.push(part);
            }
            seeds.extend(left);
            drawn.get_or_insert_with(|| figure(&classes, room));
        }
        if seeds.is_empty() {
            return Ok(None);
        }
        Ok(Some(Answer {
            predicted: Some(LEFT),
            seeds,
            undecided: None,
            parts,
            takes: "where a model has no room for all facts, the bits that it stores",
            figure: drawn,
        }))
    }

    fn further(&self, study: &Study) -> Result<Vec<Part>> {
        Ok(generated::parts(study))
    }

    fn appendix(&self, study: &Study) -> Result<Option<Section>> {
        const QUESTION: &str = "Is what a model states unasked false at least as often as facts were stated once, and does it help to repeat some?";
        Ok(generated::section(study, "Generated statements", QUESTION))
    }
}

fn predicted(class: &Class, room: bool) -> f64 {
    if room { class.kept } else { class.stored }
}

/// Of each seed the deviance from the prediction over the deviance from one rate for all classes.
fn deviances(group: &Group<'_>, classes: &[Class], room: bool) -> Vec<OfSeed<f64>> {
    let seeds = group.runs.iter().map(|asked| asked.run.config.seed);
    let of_seed = |seed: u64| {
        let cells: Vec<(f64, f64, f64)> = classes
            .iter()
            .filter_map(|class| {
                let (_, share) = class.shares.iter().find(|(other, _)| *other == seed)?;
                Some((share.trials, share.value, predicted(class, room)))
            })
            .collect();
        let answers: f64 = cells.iter().map(|(n, _, _)| n).sum();
        let rate = cells.iter().map(|(n, wrong, _)| n * wrong).sum::<f64>() / answers;
        let against = |expected: &dyn Fn(f64) -> f64| -> f64 {
            cells
                .iter()
                .map(|(n, wrong, p)| n * deviance(*wrong, expected(*p), *n))
                .sum()
        };
        (seed, against(&|p| p) / against(&|_| rate))
    };
    seeds
        .map(of_seed)
        .filter(|(_, left)| left.is_finite())
        .collect()
}

/// Twice the nats that an answer costs more where a share `wrong` of `answers` is coded with the rate `expected`. An expected rate is no
/// nearer to 0 or 1 than so many answers can tell.
fn deviance(wrong: f64, expected: f64, answers: f64) -> f64 {
    let least = 0.5 / (answers + 1.0);
    let expected = expected.clamp(least, 1.0 - least);
    let term = |share: f64, expected: f64| {
        if share > 0.0 {
            share * (share / expected).ln()
        } else {
            0.0
        }
    };
    2.0 * (term(wrong, expected) + term(1.0 - wrong, 1.0 - expected))
}

fn figure(classes: &[Class], room: bool) -> Figure {
    let measured = classes.iter().rev().filter_map(Class::measured);
    let theory = classes
        .iter()
        .rev()
        .map(|class| (class.exposures, predicted(class, room)));
    Figure::chart(
        "headline-hallucination".to_owned(),
        "The share of wrong answers about each frequency class against how often a fact of it is met, with 95 % intervals, and the prediction.",
        Chart {
            title: "Wrong answers".to_owned(),
            x: "expected exposures of a fact".to_owned(),
            y: "share of wrong answers".to_owned(),
            log_y: false,
            series: vec![
                line("predicted", (Mark::Line, Ink::Theory), theory),
                points(
                    "measured",
                    (Mark::Points, Ink::Measured),
                    measured.collect(),
                ),
            ],
        },
    )
}
