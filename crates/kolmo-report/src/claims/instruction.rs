//! Instruction fine-tuning: whether a model that was asked about some subjects can be asked about the others, and how many
//! sentences the new syntax takes (Pan et al. 2025, arXiv 2504.09597; Allen-Zhu & Li 2309.14316).

use std::collections::HashSet;

use kolmo_run::AnswerRow;
use kolmo_world::LessonConfig;

use crate::{
    claims::{About, Claim, section_for},
    error::Result,
    figures::chart::{Chart, Ink, Mark},
    measured::{
        answers::{accuracy, interview},
        cells::{cell, share_cell},
        runs::{id, templates},
        seeds::{mean, of_seeds, over_seeds},
        series::line,
        tuning::{Variant, crossing, is_bare, lost, variants},
    },
    prediction::Expected,
    quantity::Quantity,
    report::{Figure, Section, Sort, Table},
    study::{Study, StudyRun},
};
use kolmo_stats::{Estimate, OfSeed, one_a_seed};

/// The share of what was known that is wanted for the other half.
const WANTED: f64 = 0.9;

/// A few hundred sentences are fewer than so many.
const SENTENCES: f64 = 1000.0;

/// What is measured of one run.
struct Measured {
    /// Of the facts known before about taught and about other subjects, the share that can be asked for.
    taught: f64,
    others: f64,
    /// Sentences of fine-tuning until nine answers of ten are values.
    learnt: f64,
}

/// What questions about some subjects do for the others.
pub struct Instruction;

impl Claim for Instruction {
    fn about(&self) -> About {
        About {
            name: "instruction",
            title: "Questions about the others",
            question: "Does a model that learns to answer questions about some subjects answer them about the others?",
            needs: "Fine-tunings with questions about some of the subjects.",
            predicts: "Of the facts known before, a share above 0.9 is answered in questions about subjects that no question was about; nine \
                 answers of ten are values after fewer than 1000 sentences; the gain with the templates of pre-training is above 0.",
            sort: Sort::Law,
        }
    }

    fn section(&self, study: &Study) -> Result<Option<Section>> {
        let instructions = variants(study, |lesson| match lesson {
            LessonConfig::Instruction { .. } => true,
            LessonConfig::Injection { .. } => false,
        });
        if instructions.is_empty() {
            return Ok(None);
        }
        let mut section = section_for(
            self,
            study,
            &[
                "The facts counted are those that the model knew before: that it answered as they were stated, at step 0 of fine-tuning. Of \
                 those about subjects that no question in training was about, at least nine of ten should be answered in question form: \
                 the syntax is new, the facts are there.",
                "Runs of fewer templates are the ablation. A fact that was stated in one wording alone is stored in a way that other \
                 words do not reach.",
            ],
        );
        let mut rows = Vec::new();
        let mut shares: Vec<Others<'_>> = Vec::new();
        for variant in &instructions {
            let measured = variant.runs.iter();
            let measured = measured.map(|run| Ok((run.config.seed, measure(run)?)));
            let measured = measured.collect::<Result<Vec<OfSeed<Measured>>>>()?;
            let name = &variant.name;
            // Of other parts of the subjects the table tells.
            if is_half(variant) {
                section.verdicts.push(
                    Expected::above(&Instruction, WANTED, Quantity::Share)
                        .called(
                            format!("{name}/others"),
                            format!(
                                "{name}: nine of ten facts known before can be asked for about subjects that no question was about."
                            ),
                        )
                        .judge(mean(&measured, |(_, of)| of.others)),
                );
            }
            if is_plain(variant) {
                section.verdicts.push(
                    Expected::below(&Instruction, SENTENCES, Quantity::Count)
                        .called(
                            format!("{name}/sentences"),
                            format!(
                                "{name}: after fewer than {SENTENCES} sentences nine of ten answers to questions are values."
                            ),
                        )
                        .judge(mean(&measured, |(_, of)| of.learnt)),
                );
            }
            rows.push(vec![
                name.clone(),
                share_cell(mean(&measured, |(_, of)| of.taught)),
                share_cell(mean(&measured, |(_, of)| of.others)),
                cell(mean(&measured, |(_, of)| of.learnt)),
                cell(over_seeds(&variant.runs, lost)),
            ]);
            shares.push((
                templates(variant.runs[0]) as f64,
                variant,
                of_seeds(&measured, |(_, of)| of.others),
            ));
        }
        section.verdicts.extend(ablations(&shares));
        section.figures.extend(
            instructions
                .iter()
                .filter(|variant| is_plain(variant))
                .map(|variant| curves(study, variant)),
        );
        section.tables.push(Table {
            caption: "Shares of the facts known before, each counted once; means over seeds with 95 % intervals. Lost: of the bits stored \
                      about all facts, as they were stated."
                .to_owned(),
            head: ["fine-tuning", "taught subjects", "other subjects", "sentences to answer in values", "lost"]
                .map(str::to_owned)
                .to_vec(),
            rows,
        });
        Ok(Some(section))
    }
}

/// Of each fine-tuning with questions about half of the subjects, all weights and no replay, the share of the facts known before that can be
/// asked for about the others, with a name.
///
/// # Errors
/// Those of reading records.
pub(crate) fn shares_of_others(study: &Study) -> Result<Vec<(String, Vec<OfSeed<f64>>)>> {
    let variants = variants(study, |lesson| match lesson {
        LessonConfig::Instruction { .. } => true,
        LessonConfig::Injection { .. } => false,
    });
    let plain = variants.iter().filter(|variant| is_plain(variant));
    let shares = plain.map(|variant| {
        let of_run = |run: &&StudyRun| Ok((run.config.seed, measure(run)?.others));
        let shares = variant.runs.iter().map(of_run);
        Ok((variant.name.clone(), shares.collect::<Result<_>>()?))
    });
    shares.collect()
}

/// Half of the subjects.
fn is_half(variant: &Variant<'_>) -> bool {
    matches!(variant.finetune.lesson, LessonConfig::Instruction { fraction } if fraction == 0.5)
}

/// Half of the subjects, all weights, no replay.
fn is_plain(variant: &Variant<'_>) -> bool {
    is_half(variant) && is_bare(variant.finetune)
}

/// The templates of a variant, and the share that its runs answer about the others.
type Others<'a> = (f64, &'a Variant<'a>, Vec<OfSeed<f64>>);

/// Whether more templates in pre-training help, all else alike, seed by seed.
fn ablations(shares: &[Others<'_>]) -> Vec<crate::report::Verdict> {
    let plain = shares.iter().filter(|(_, variant, _)| is_plain(variant));
    let mut plain: Vec<_> = plain.collect();
    plain.sort_by(|a, b| a.0.total_cmp(&b.0));
    let (Some((least, _, few)), Some((most, _, many))) = (plain.first(), plain.last()) else {
        return Vec::new();
    };
    if least == most {
        return Vec::new();
    }
    let few = one_a_seed(few);
    let difference = |(seed, share): OfSeed<f64>| {
        let (_, other) = few.iter().find(|(other, _)| *other == seed)?;
        Some((seed, share - other))
    };
    let differences = one_a_seed(many).into_iter().filter_map(difference);
    let differences: Vec<OfSeed<f64>> = differences.collect();
    let claim = Expected::above(&Instruction, 0.0, Quantity::Difference)
        .called(
            "all/templates".to_owned(),
            format!(
                "Facts stated in {most} templates can be asked for about other subjects more than facts stated in {least}."
            ),
        )
        .over("templates", [*least, *most]);
    vec![claim.judge(Estimate::over_seeds(&differences))]
}

fn measure(run: &StudyRun) -> Result<Measured> {
    let before = run.facts()?.into_iter().next().unwrap_or_default();
    let names: Vec<&str> = run
        .world
        .relations()
        .iter()
        .map(|relation| relation.name())
        .collect();
    let known: HashSet<(u64, &str)> = before
        .iter()
        .filter(|row| row.step == 0 && row.correct)
        .filter_map(|row| Some((row.subject, *names.get(row.relation as usize)?)))
        .collect();
    let answers = run.answers()?;
    let share = |cohort: &str| {
        let of = |row: &&AnswerRow| {
            row.cohort == cohort
                && row.wording == "question"
                && known.contains(&(row.subject, row.relation.as_str()))
        };
        let (mut all, mut right) = (0, 0);
        for row in answers.iter().filter(of) {
            all += row.stands_for;
            right += if row.correct { row.stands_for } else { 0 };
        }
        right as f64 / all as f64
    };
    Ok(Measured {
        taught: share("taught"),
        others: share("untaught"),
        learnt: learnt(run),
    })
}

/// Sentences until nine answers of ten to questions are values.
fn learnt(run: &StudyRun) -> f64 {
    let per_document = run.facts_per_document();
    let valid = run.evaluations.iter().filter_map(|at| {
        let asked = interview(at, "taught", "question")?;
        Some((at.documents as f64 * per_document, asked.answer_valid))
    });
    crossing(&valid.collect::<Vec<_>>(), WANTED)
}

fn curves(study: &Study, variant: &Variant<'_>) -> Figure {
    let run = variant.runs[0];
    let cohorts = [
        (
            "taught",
            "question",
            "taught subjects, asked",
            Ink::Measured,
        ),
        (
            "untaught",
            "question",
            "other subjects, asked",
            Ink::Reference,
        ),
        (
            "untaught",
            "statement",
            "other subjects, as stated",
            Ink::Asymptote,
        ),
    ];
    let series = cohorts.map(|(cohort, wording, label, ink)| {
        let at = run.evaluations.iter().filter(|at| at.documents > 0);
        let at = at.map(|at| (at.documents as f64, accuracy(at, cohort, wording)));
        line(label, (Mark::JoinedPoints, ink), at)
    });
    Figure::chart(
        id(study, &["instruction", &variant.name]),
        format!(
            "{}: accuracy, weighted by frequency, against documents of fine-tuning; one seed.",
            variant.name
        ),
        Chart {
            title: format!("Questions: {}", variant.name),
            x: "documents of fine-tuning".to_owned(),
            y: "accuracy".to_owned(),
            log_y: false,
            series: series.to_vec(),
        },
    )
}
