//! Whether new facts push old ones out bit for bit, the rarest first, where there is no room for both, and none where there is
//! (THEORY of the optimal use of a capacity, after Pan et al. 2025, arXiv 2504.09597).

use kolmo_config::Method;
use kolmo_theory::capacity::Capacity;
use kolmo_world::{
    LessonConfig,
    lesson::{LessonSyntax, Subjects},
};

use super::{
    forgetting::class_losses,
    judge::Claim,
    summary::{id, line, points},
    tuning::{Variant, bits_before, cell, new_bits, over_seeds, variants},
};
use crate::{
    error::Result,
    figures::chart::{Chart, Ink, Mark},
    fit::{Estimate, spearman},
    report::{Drawing, Figure, Relation, Section, Table},
    study::{Study, StudyRun},
};

/// A model that knows so much of all there is to know has room for it.
const ROOM: f64 = 0.9;

/// What new facts did to old ones in one run.
struct Exchange {
    /// Bits about new facts.
    gained: f64,
    /// Bits about old facts that are gone beyond those of the control.
    lost: f64,
}

pub(super) fn section(study: &Study) -> Result<Option<Section>> {
    let injections = variants(study, |lesson| {
        matches!(lesson, LessonConfig::Injection { .. })
    });
    let mut section = Section::new(
        id(study, &["displacement"]),
        "Displacement",
        "Do new facts cost as many bits of old ones as they have, from the rarest on?",
        &[
            "At its capacity an optimal learner pays for each bit that it learns with one that it knew, and gives up the rarest facts \
             first; one with room pays nothing. The old syntax without replay is compared with a control that reads on in pre-training for \
             as many documents.",
        ],
    );
    let mut rows = Vec::new();
    for variant in injections.iter().filter(|variant| is_plain(variant)) {
        let control = injections
            .iter()
            .find(|other| other.model == variant.model && other.finetune.replay.share == 1.0);
        let Some(control) = control else { continue };
        let exchanges = exchanges(variant, control)?;
        let runs = &variant.runs;
        let has_room = bits_before(runs[0]) >= ROOM * all_bits(runs[0]);
        let model = &variant.model;
        let ratios: Vec<f64> = exchanges.iter().map(|of| of.lost / of.gained).collect();
        let (predicted, state) = match has_room {
            true => (0.0, "has room for all facts, and pays nothing"),
            false => (1.0, "has no room, and pays a bit for a bit"),
        };
        section.verdicts.push(
            Claim {
                name: format!("displacement/{model}/bit for bit"),
                statement: format!("{model}: the model {state}."),
                relation: Relation::Equal,
                predicted,
                range: None,
                needs_precision: false,
            }
            .judge(Estimate::mean(&ratios)),
        );
        section.verdicts.push(
            Claim {
                name: format!("displacement/{model}/rarest first"),
                statement: format!(
                    "{model}: the rarer a fact that was known, the sooner it is forgotten: the rank correlation of its probability with \
                     its loss afterwards is below 0."
                ),
                relation: Relation::Below,
                predicted: 0.0,
                range: None,
                needs_precision: false,
            }
            .judge(rarest_first(runs)?),
        );
        section.figures.push(figure(study, variant, &exchanges));
        let mean = |of: &dyn Fn(&Exchange) -> f64| {
            Estimate::mean(&exchanges.iter().map(of).collect::<Vec<_>>())
        };
        rows.push(vec![
            model.clone(),
            cell(over_seeds(runs, bits_before)),
            cell(over_seeds(&control.runs, |run| run.last().bits_stored)),
            cell(mean(&|of| of.gained)),
            cell(mean(&|of| of.lost)),
        ]);
    }
    section.tables.push(Table {
        caption: "Bits stored, means over seeds with 95 % intervals. Lost: beyond what the control changed.".to_owned(),
        head: ["model", "old before", "old after the control", "new gained", "old lost"]
            .map(str::to_owned)
            .to_vec(),
        rows,
    });
    Ok((!section.verdicts.is_empty()).then_some(section))
}

/// All there is to know in the world of a run, bits.
fn all_bits(run: &StudyRun) -> f64 {
    Capacity::new(&run.world).full() / std::f64::consts::LN_2
}

/// New subjects in the old syntax, all weights, no replay.
fn is_plain(variant: &Variant<'_>) -> bool {
    let lesson = matches!(
        variant.finetune.lesson,
        LessonConfig::Injection {
            subjects: Subjects::New,
            syntax: LessonSyntax::Old,
            ..
        }
    );
    lesson && variant.finetune.replay.share == 0.0 && variant.finetune.method == Method::Full
}

fn exchanges(variant: &Variant<'_>, control: &Variant<'_>) -> Result<Vec<Exchange>> {
    let mut all = Vec::new();
    for run in &variant.runs {
        let same = |other: &&&StudyRun| other.config.seed == run.config.seed;
        let Some(control) = control.runs.iter().find(same) else {
            continue;
        };
        all.push(Exchange {
            gained: new_bits(run, variant.finetune)?,
            lost: control.last().bits_stored - run.last().bits_stored,
        });
    }
    Ok(all)
}

/// Rank correlation of the probability of the facts known before with their loss afterwards, over the facts of all runs.
fn rarest_first(runs: &[&StudyRun]) -> Result<std::result::Result<Estimate, crate::fit::Refusal>> {
    let mut pairs = Vec::new();
    for run in runs {
        let facts = run.facts()?;
        let (Some(before), Some(after)) = (facts.first(), facts.last()) else {
            continue;
        };
        let both = before.iter().zip(after);
        let known = both.filter(|(before, _)| before.correct);
        pairs.extend(known.map(|(before, after)| (before.probability, after.loss_nats)));
    }
    Ok(spearman(&pairs))
}

/// What is gone of each class, beside the optimal learner that gives up as many bits as were gained.
fn figure(study: &Study, variant: &Variant<'_>, exchanges: &[Exchange]) -> Figure {
    let first = variant.runs[0];
    let measured = class_losses(&variant.runs);
    // From the rarest class on, all that it has until the bill is paid.
    let mut owed = exchanges.iter().map(|of| of.gained).sum::<f64>() / exchanges.len() as f64;
    let classes = first.evaluations[0].classes.iter().rev();
    let paid = classes.zip(&measured).map(|(class, at)| {
        let pays = owed.min(class.bits_stored).max(0.0);
        owed -= pays;
        (at.x, pays / class.bits_stored)
    });
    let paid: Vec<(f64, f64)> = paid.collect();
    Figure {
        id: id(study, &["displacement", &variant.model]),
        caption: format!(
            "{}: share of the bits about each frequency class that is gone, and what an optimal learner without room would give up for \
             as many new bits. Means over seeds with 95 % intervals.",
            variant.model
        ),
        drawing: Drawing::Chart(Chart {
            title: format!("Displacement: {}", variant.model),
            x: "probability of a fact".to_owned(),
            y: "share forgotten".to_owned(),
            log_y: false,
            series: vec![
                line("rarest first, bit for bit", (Mark::Line, Ink::Theory), paid),
                points("measured", (Mark::JoinedPoints, Ink::Measured), measured),
            ],
        }),
    }
}
