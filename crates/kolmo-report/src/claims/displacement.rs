//! Whether new facts push old ones out bit for bit, the rarest first, where there is no room for both, and none where there is
//! (THEORY of the optimal use of a capacity, after Pan et al. 2025, arXiv 2504.09597).

use kolmo_world::{
    LessonConfig,
    lesson::{LessonSyntax, Subjects},
};

use crate::{
    claims::{About, Claim, section_for},
    error::Result,
    figures::chart::{Chart, Ink, Mark},
    measured::{
        cells::cell,
        runs::{ROOM, id, met_bits},
        seeds::{mean, over_seeds, pairs},
        series::{line, points},
        tuning::{Variant, bits_before, class_losses, injections, is_bare, new_bits, reads_on},
    },
    prediction::Expected,
    quantity::Quantity,
    report::{Figure, Section, Sort, Table},
    study::{Study, StudyRun},
};
use kolmo_stats::{Estimate, OfSeed, Refusal, spearman};

/// What new facts did to old ones in one run.
struct Exchange {
    /// Bits about new facts.
    pub gained: f64,
    /// Bits about old facts that are gone beyond those of the control.
    pub lost: f64,
}

/// Whether new facts push old ones out bit for bit.
pub struct Displacement;

impl Claim for Displacement {
    fn about(&self) -> About {
        About {
            name: "displacement",
            title: "Displacement",
            question: "Do new facts cost as many bits of old ones as they have, from the rarest on?",
            needs: "Fine-tunings with new facts in the old syntax without replay, and a control that reads on in pre-training.",
            predicts: "For each bit of new facts 1 bit of old ones is lost beyond those of the control, and 0 by a model with room for all \
                 facts; the rank correlation of the probability of a known fact and the rise of its loss beyond that in the control is \
                 below 0.",
            sort: Sort::Law,
        }
    }

    fn section(&self, study: &Study) -> Result<Option<Section>> {
        let injections = injections(study);
        let mut section = section_for(
            self,
            study,
            &[
                "At its capacity an optimal learner pays for each bit that it learns with one that it knew, and gives up the rarest facts \
                 first; one with room pays nothing. The old syntax without replay is compared with a control that reads on in pre-training for \
                 as many documents.",
            ],
        );
        let mut rows = Vec::new();
        for variant in injections.iter().filter(|variant| is_plain(variant)) {
            let control = injections.iter().find(|other| is_control(other, variant));
            let Some(control) = control else { continue };
            let exchanges = exchanges(variant, control)?;
            let runs = &variant.runs;
            let model = &variant.model;
            let (predicted, state) = match has_room(runs) {
                true => (0.0, "has room for all facts, and pays nothing"),
                false => (1.0, "has no room, and pays a bit for a bit"),
            };
            section.verdicts.push(
                Expected::equal(&Displacement, predicted, Quantity::Rate)
                    .called(
                        format!("{model}/bit for bit"),
                        format!("{model}: the model {state}."),
                    )
                    .judge(mean(&exchanges, |(_, of)| of.lost / of.gained)),
            );
            section.verdicts.push(
                Expected::below(&Displacement, 0.0, Quantity::Correlation)
                    .called(
                        format!("{model}/rarest first"),
                        format!(
                            "{model}: the rarer a fact that was known, the more of it is forgotten: the rank correlation of its probability with \
                             the rise of its loss, beyond that in the control, is below 0."
                        ),
                    )
                    .judge(rarest_first(variant, control)?),
            );
            section.figures.push(figure(study, variant, &exchanges));
            rows.push(vec![
                model.clone(),
                cell(over_seeds(runs, bits_before)),
                cell(over_seeds(&control.runs, |run| run.last().bits_stored)),
                cell(mean(&exchanges, |(_, of)| of.gained)),
                cell(mean(&exchanges, |(_, of)| of.lost)),
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
}

/// Whether the models of `runs` knew nearly all that pre-training met: there is room for more.
pub(crate) fn has_room(runs: &[&StudyRun]) -> bool {
    mean_of(runs, bits_before) >= ROOM * mean_of(runs, met)
}

/// The bits of all facts that pre-training met.
fn met(run: &StudyRun) -> f64 {
    met_bits(run, run.config.documents_before() as f64)
}

fn mean_of(runs: &[&StudyRun], of: impl Fn(&StudyRun) -> f64) -> f64 {
    kolmo_stats::mean(runs.iter().map(|run| of(run)))
}

/// Whether `other` reads on in pre-training where `variant` is taught, all else alike.
fn is_control(other: &Variant<'_>, variant: &Variant<'_>) -> bool {
    let (a, b) = (&other.finetune, &variant.finetune);
    reads_on(a)
        && a.method == b.method
        && other.model == variant.model
        && other.runs[0].config.train == variant.runs[0].config.train
        && a.documents_before() == b.documents_before()
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
    lesson && is_bare(variant.finetune)
}

/// What each seed has gained and lost.
fn exchanges(variant: &Variant<'_>, control: &Variant<'_>) -> Result<Vec<OfSeed<Exchange>>> {
    let exchange = |(run, control): (&StudyRun, &StudyRun)| {
        let exchange = Exchange {
            gained: new_bits(run, variant.finetune)?,
            lost: control.last().bits_stored - run.last().bits_stored,
        };
        Ok((run.config.seed, exchange))
    };
    let pairs = pairs(&variant.runs, &control.runs);
    pairs.into_iter().map(exchange).collect()
}

/// Of each seed, the rank correlation of the probability of the facts known before with what happened to their loss, beyond what
/// happened to it in the control.
fn rarest_first(
    variant: &Variant<'_>,
    control: &Variant<'_>,
) -> Result<std::result::Result<Estimate, Refusal>> {
    let (mut correlations, mut fewest) = (Vec::new(), usize::MAX);
    for (run, control) in pairs(&variant.runs, &control.runs) {
        let (facts, others) = (run.facts()?, control.facts()?);
        let (Some(before), Some(after), Some(control)) =
            (facts.first(), facts.last(), others.last())
        else {
            continue;
        };
        let known = before.iter().zip(after).zip(control);
        let known = known.filter(|((before, _), _)| before.correct);
        let pairs = known
            .map(|((_, after), control)| (after.probability, after.loss_nats - control.loss_nats));
        let pairs: Vec<(f64, f64)> = pairs.collect();
        fewest = fewest.min(pairs.len());
        match spearman(&pairs) {
            Ok(correlation) => correlations.push((run.config.seed, correlation.value)),
            Err(refusal) => return Ok(Err(refusal)),
        }
    }
    Ok(Estimate::of_correlations(&correlations, fewest))
}

/// What is gone of each class, beside the optimal learner that gives up as many bits as were gained.
fn figure(study: &Study, variant: &Variant<'_>, exchanges: &[OfSeed<Exchange>]) -> Figure {
    let first = variant.runs[0];
    let measured = class_losses(&variant.runs);
    // From the rarest class on, all that it has until the bill is paid.
    let gained = exchanges.iter().map(|(_, of)| of.gained);
    let mut owed = kolmo_stats::mean(gained);
    let classes = first.evaluations[0].classes.iter().rev();
    let paid = classes.zip(&measured).map(|(class, at)| {
        let pays = owed.min(class.bits_stored).max(0.0);
        owed -= pays;
        (at.x, pays / class.bits_stored)
    });
    let paid: Vec<(f64, f64)> = paid.collect();
    Figure::chart(
        id(study, &["displacement", &variant.model]),
        format!(
            "{}: share of the bits about each frequency class that is gone, and what an optimal learner without room would give up for \
             as many new bits. Means over seeds with 95 % intervals.",
            variant.model
        ),
        Chart {
            title: format!("Displacement: {}", variant.model),
            x: "probability of a fact".to_owned(),
            y: "share forgotten".to_owned(),
            log_y: false,
            series: vec![
                line("rarest first, bit for bit", (Mark::Line, Ink::Theory), paid),
                points("measured", (Mark::JoinedPoints, Ink::Measured), measured),
            ],
        },
    )
}
