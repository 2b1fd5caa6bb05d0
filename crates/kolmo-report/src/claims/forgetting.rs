//! What new facts cost old ones, and whether replay and the old syntax help: the four corners of Pan et al. (2025, arXiv
//! 2504.09597).

use kolmo_config::Method;
use kolmo_world::{
    LessonConfig,
    lesson::{LessonSyntax, Subjects},
};

use crate::{
    claims::{About, Claim, section_for},
    error::Result,
    figures::chart::{Chart, Ink, Mark},
    measured::{
        answers::accuracy,
        cells::{cell, share_cell},
        runs::id,
        seeds::{difference, over_seeds, pairs},
        series::points,
        tuning::{Variant, class_losses, injections, lost, new_bits, taught_in},
    },
    prediction::{Expected, Prediction},
    quantity::Quantity,
    report::{Figure, Section, Sort, Table},
    study::Study,
};
use kolmo_stats::{Estimate, OfSeed};

/// Syntax and share of replay of a corner.
type Corner = (LessonSyntax, bool);

const CORNERS: [(Corner, &str, Mark, Ink); 4] = [
    (
        (LessonSyntax::Old, true),
        "old syntax, replay",
        Mark::JoinedPoints,
        Ink::Theory,
    ),
    (
        (LessonSyntax::New, true),
        "new syntax, replay",
        Mark::JoinedPoints,
        Ink::Measured,
    ),
    (
        (LessonSyntax::Old, false),
        "old syntax, no replay",
        Mark::JoinedPoints,
        Ink::Asymptote,
    ),
    (
        (LessonSyntax::New, false),
        "new syntax, no replay",
        Mark::JoinedPoints,
        Ink::Reference,
    ),
];

/// What new facts cost old ones, with replay and without, in the old syntax and a new one.
pub struct Forgetting;

impl Claim for Forgetting {
    fn about(&self) -> About {
        About {
            name: "forgetting",
            title: "Four corners of forgetting",
            question: "Do sentences of pre-training in between, and the syntax of pre-training, protect what is known?",
            needs: "Fine-tunings with new facts, alike but for replay or for syntax.",
            predicts: "Of the bits stored about old facts, the share that is gone without replay is above that with it, and the share gone \
                 with a new syntax is above that with the old one.",
            sort: Sort::Law,
        }
    }

    fn section(&self, study: &Study) -> Result<Option<Section>> {
        let injections = injections(study);
        let mut models: Vec<&str> = injections
            .iter()
            .map(|variant| variant.model.as_str())
            .collect();
        models.dedup();
        let mut section = section_for(
            self,
            study,
            &[
                "Forgotten is the share of the bits stored about old facts that is gone at the end of fine-tuning. All corners are taught the \
                 same new facts in as many documents, of which with replay half are of pre-training and had not been read before. The \
                 paper says that replay and keeping the old syntax reduce forgetting; each is a difference of two corners, seed by seed.",
            ],
        );
        for model in models {
            let of_model = injections.iter().filter(|variant| variant.model == model);
            let of_model: Vec<&Variant<'_>> = of_model.collect();
            let find = |corner: Corner| {
                of_model
                    .iter()
                    .find(|variant| self::corner(variant) == Some(corner))
                    .copied()
            };
            for (syntax, name) in [(LessonSyntax::Old, "old"), (LessonSyntax::New, "new")] {
                if let (Some(with), Some(without)) = (find((syntax, true)), find((syntax, false))) {
                    section.verdicts.push(
                        claim(
                            format!("{model}/replay, {name} syntax"),
                            format!("{model}: in the {name} syntax, replay reduces forgetting."),
                        )
                        .judge(difference(&without.runs, &with.runs, lost)),
                    );
                }
            }
            for (replay, name) in [(false, "no replay"), (true, "replay")] {
                if let (Some(old), Some(new)) = (
                    find((LessonSyntax::Old, replay)),
                    find((LessonSyntax::New, replay)),
                ) {
                    section.verdicts.push(
                        claim(
                            format!("{model}/old syntax, {name}"),
                            format!(
                                "{model}: with {name}, the old syntax costs less than a new one."
                            ),
                        )
                        .judge(difference(&new.runs, &old.runs, lost)),
                    );
                }
            }
            section.figures.extend(by_class(study, model, &find));
            section.tables.push(table(model, &of_model)?);
            section.text.push(order(model, &find));
        }
        Ok((!section.verdicts.is_empty()).then_some(section))
    }
}

/// How much less is gone with replay, of each syntax and model with a name, seed by seed.
pub(crate) fn replay_saves(study: &Study) -> Vec<(String, Vec<OfSeed<f64>>)> {
    let injections = injections(study);
    let with = injections.iter().filter_map(|with| match corner(with) {
        Some((syntax, true)) => Some((syntax, with)),
        Some((_, false)) | None => None,
    });
    let saved = with.filter_map(|(syntax, with)| {
        let is_partner = |other: &&Variant<'_>| {
            other.model == with.model
                && corner(other) == Some((syntax, false))
                && other.runs[0].config.train == with.runs[0].config.train
        };
        let without = injections.iter().find(is_partner)?;
        let name = format!("{}, share of old bits that replay saves", without.name);
        let pairs = pairs(&without.runs, &with.runs).into_iter();
        let saved = pairs.map(|(without, with)| (without.config.seed, lost(without) - lost(with)));
        Some((name, saved.collect()))
    });
    saved.collect()
}

fn claim(name: String, statement: String) -> Prediction {
    Expected::above(&Forgetting, 0.0, Quantity::Difference).called(name, statement)
}

/// Which corner a variant is: new subjects, all weights, nothing or half replayed.
fn corner(variant: &Variant<'_>) -> Option<Corner> {
    let finetune = variant.finetune;
    let LessonConfig::Injection {
        subjects: Subjects::New,
        syntax,
        ..
    } = finetune.lesson
    else {
        return None;
    };
    let replay = finetune.replay;
    let fresh = replay.of == kolmo_world::lesson::Replayed::Fresh;
    match (finetune.method, replay.share) {
        (Method::Full, 0.0) => Some((syntax, false)),
        (Method::Full, 0.5) if fresh => Some((syntax, true)),
        _ => None,
    }
}

/// The corners from the one that forgets least, in words.
fn order<'a>(model: &str, find: &dyn Fn(Corner) -> Option<&'a Variant<'a>>) -> String {
    let corners = CORNERS.iter().filter_map(|(corner, name, ..)| {
        let estimate = over_seeds(&find(*corner)?.runs, lost).ok()?;
        Some((estimate, *name))
    });
    let mut corners: Vec<(Estimate, &str)> = corners.collect();
    corners.sort_by(|a, b| a.0.value.total_cmp(&b.0.value));
    let said: Vec<String> = corners
        .iter()
        .map(|(estimate, name)| format!("{name}: {}", cell(Ok(*estimate))))
        .collect();
    format!(
        "{model}, shares forgotten from the least on: {}.",
        said.join("; ")
    )
}

/// The share of what was stored about each class that is gone, by the mean probability of its facts.
fn by_class<'a>(
    study: &Study,
    model: &str,
    find: &dyn Fn(Corner) -> Option<&'a Variant<'a>>,
) -> Option<Figure> {
    let series = CORNERS.iter().filter_map(|(corner, name, mark, ink)| {
        let variant = find(*corner)?;
        Some(points(*name, (*mark, *ink), class_losses(&variant.runs)))
    });
    let series: Vec<_> = series.collect();
    if series.is_empty() {
        return None;
    }
    Some(Figure::chart(
        id(study, &["forgetting", model]),
        format!(
            "{model}: share of the bits about each frequency class that is gone after fine-tuning, against the probability of its \
             facts; means over seeds with 95 % intervals."
        ),
        Chart {
            title: format!("Forgetting by frequency: {model}"),
            x: "probability of a fact".to_owned(),
            y: "share forgotten".to_owned(),
            log_y: false,
            series,
        },
    ))
}

fn table(model: &str, variants: &[&Variant<'_>]) -> Result<Table> {
    let mut rows = Vec::new();
    for variant in variants {
        let wording = taught_in(variant.finetune);
        let bits = variant
            .runs
            .iter()
            .map(|run| Ok((run.config.seed, new_bits(run, variant.finetune)?)));
        let bits = bits.collect::<Result<Vec<OfSeed<f64>>>>()?;
        rows.push(vec![
            variant.how.clone(),
            cell(over_seeds(&variant.runs, lost)),
            share_cell(over_seeds(&variant.runs, |run| run.last().accuracy)),
            share_cell(over_seeds(&variant.runs, |run| {
                accuracy(run.last(), "injected", wording)
            })),
            cell(Estimate::over_seeds(&bits)),
        ]);
    }
    Ok(Table {
        caption: format!(
            "{model}: share of the bits about old facts that is gone, their accuracy afterwards, and what was learnt of the new ones, asked \
             as they were taught; means over seeds with 95 % intervals."
        ),
        head: [
            "fine-tuning",
            "forgotten",
            "accuracy, old",
            "accuracy, new",
            "new bits",
        ]
        .map(str::to_owned)
        .to_vec(),
        rows,
    })
}
