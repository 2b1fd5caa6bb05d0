//! Which answers are wrong: a fact that was never met, or that the bits of the model do not reach, is answered with a guess, fluent,
//! of the right type, and wrong but for chance.

mod examples;
mod exposures;

use std::f64::consts::LN_2;

use kolmo_run::AnswerRow;
use kolmo_theory::{capacity::Capacity, hallucination::expected_error};

use crate::{
    claims::{About, Claim, section_for},
    error::Result,
    figures::chart::{Chart, Datum, Mark},
    measured::{
        answers::{Asked, Group, Panel, STATED, STRANGERS, asked_groups, panels},
        ladders::bits,
        runs::{ROOM, id, met_bits},
        series::{line, points},
    },
    number::{class_of_ranks, count},
    prediction::Expected,
    quantity::Quantity,
    report::{Figure, Section, Sort, Verdict},
    study::{Study, StudyRun},
};
use kolmo_stats::{OfSeed, Share, mean};

/// Which answers are wrong, by frequency and by exposures.
pub struct Hallucination;

impl Claim for Hallucination {
    fn about(&self) -> About {
        About {
            name: "hallucination",
            title: "Wrong answers",
            question: "Is a model wrong about the facts that it never met, or had no room for, and about no others?",
            needs: "Runs of a world with names that nobody bears, or with other wordings, whose models were asked.",
            predicts: "The share of wrong greedy answers of a frequency class is (1 − 1/V) times the share of its facts not met or, where \
                 less than nine tenths of what was met is stored, not met or not kept by the best use of the bits stored. Wrong answers \
                 to strangers are values: a share of 1. Answers drawn to facts never met are wrong as often as a guess: a share of 1 − \
                 1/V.",
            sort: Sort::Law,
        }
    }

    fn section(&self, study: &Study) -> Result<Option<Section>> {
        let groups = asked_groups(study)?;
        if groups.is_empty() {
            return Ok(None);
        }
        let mut section = section_for(
            self,
            study,
            &[
                "Asked for a fact that it does not know, the optimal predictor guesses: its answer has the right type and is wrong with \
                 probability 1 - 1/V. Of a frequency class two predictions are made, neither with a free constant. One is that the model keeps \
                 all that it met, so that it is wrong about what was never met alone. The other is that it spends the bits that it has \
                 stored, as measured, on the facts that are stated most often. A verdict takes the first where the bits stored are 90 % or \
                 more of those of all that was met, and the second otherwise.",
                "Errors are those of the most likely answer, of a class weighted by frequency. Intervals are Student's over seeds, but never \
                 narrower than the exact binomial one of all answers together, and that alone for a single seed: no error in n questions \
                 is a rate below 3.7/n. Of runs of several lengths the longest have verdicts and a table, the others are in the figure.",
            ],
        );
        let panels = panels(&groups);
        for panel in &panels {
            if let Some(group) = panel.longest() {
                section.verdicts.extend(class_verdicts(group));
                section.verdicts.extend(guess_verdict(group));
                section.verdicts.extend(type_verdict(group));
                section.tables.push(exposures::table(group));
            }
            section.figures.push(figure(study, panel));
        }
        section.tables.extend(examples::table(&groups));
        Ok(Some(section))
    }
}

/// A frequency class of a group.
pub(crate) struct Class {
    /// Rank of its most frequent subject.
    pub lo: u64,
    /// Rank of its least frequent subject.
    pub hi: u64,
    /// How often a fact of it was met, the expected mean.
    pub exposures: f64,
    /// The error of a learner that keeps all that it met.
    pub kept: f64,
    /// That of the best use of the bits stored.
    pub stored: f64,
    /// What was measured, of each seed.
    pub shares: Vec<OfSeed<Share>>,
}

impl Class {
    /// The share of wrong answers against exposures, with its interval; none of answers that have none.
    pub fn measured(&self) -> Option<Datum> {
        let estimate = Share::over_seeds(&self.shares).ok()?;
        Some(Datum {
            x: self.exposures,
            y: estimate.value,
            ci95: Some(estimate.ci95),
        })
    }
}

/// The mean of what `of` says of the runs of `group`.
fn mean_of(group: &Group<'_>, of: impl Fn(&StudyRun) -> f64) -> f64 {
    mean(group.runs.iter().map(|asked| of(asked.run)))
}

/// The frequency classes of which something was asked.
pub(crate) fn classes(group: &Group<'_>) -> Vec<Class> {
    let stored: Vec<_> = group
        .runs
        .iter()
        .map(|Asked { run, .. }| {
            Capacity::after(&run.world, run.documents()).store(bits(run) * LN_2)
        })
        .collect();
    let first = group.runs[0].run;
    let per_document = first.facts_per_document();
    let classes = first.last().classes.iter().map(|class| {
        let (lo, hi) = (class.lo_rank, class.hi_rank);
        let of_class = |asked: &Asked<'_>| {
            let rows = asked.stated(STATED);
            let rows = rows.filter(|row| (lo..=hi).contains(&row.subject));
            let share = Share::of(rows.map(|row| (row.share, !row.correct)))?;
            Some((asked.run.config.seed, share))
        };
        let with_bits = group.runs.iter().zip(&stored).map(|(asked, stored)| {
            expected_error(
                &asked.run.world,
                lo..=hi,
                asked.run.documents(),
                Some(stored),
            )
        });
        Class {
            lo,
            hi,
            exposures: class.mass * per_document * first.documents() / class.facts as f64,
            kept: mean_of(group, |run| {
                expected_error(&run.world, lo..=hi, run.documents(), None)
            }),
            stored: mean(with_bits),
            shares: group.runs.iter().filter_map(of_class).collect(),
        }
    });
    classes.filter(|class| !class.shares.is_empty()).collect()
}

/// The bits stored, and those of all facts met, means over the runs.
fn stored_and_met(group: &Group<'_>) -> (f64, f64) {
    let met = mean_of(group, |run| met_bits(run, run.documents()));
    (mean_of(group, bits), met)
}

/// Whether nine tenths or more of what was met is stored.
pub(crate) fn has_room(group: &Group<'_>) -> bool {
    let (stored, met) = stored_and_met(group);
    stored >= ROOM * met
}

fn class_verdicts(group: &Group<'_>) -> Vec<Verdict> {
    let (stored, met) = stored_and_met(group);
    let has_room = has_room(group);
    let name = &group.name;
    let verdict = |class: Class| {
        let ranks = class_of_ranks(class.lo, class.hi);
        let learner = match has_room {
            true => "a learner that keeps all that it met".to_owned(),
            false => format!(
                "the best use of the {} bits stored, of {} met",
                count(stored),
                count(met)
            ),
        };
        Expected::equal(
            &Hallucination,
            shown(if has_room { class.kept } else { class.stored }),
            Quantity::Share,
        )
        .called(
            format!("{name}/{ranks}"),
            format!("{name}: answers about {ranks} are wrong as often as of {learner}."),
        )
        .over("rank", [class.lo as f64, class.hi as f64])
        .judge(Share::over_seeds(&class.shares))
    };
    classes(group).into_iter().map(verdict).collect()
}

/// A probability, and 0 for one that nobody can tell from it.
fn shown(probability: f64) -> f64 {
    if probability < 1e-9 { 0.0 } else { probability }
}

/// The answers about what was never met, names that nobody bears among it.
fn unmet<'a>(asked: &'a Asked<'a>) -> Vec<&'a AnswerRow> {
    let all = asked.stated(STATED).chain(asked.stated(STRANGERS));
    all.filter(|row| row.exposures == 0).collect()
}

fn guess_verdict(group: &Group<'_>) -> Option<Verdict> {
    let guesses = group.runs.iter().flat_map(|asked| {
        let rows = unmet(asked).into_iter();
        rows.map(|row| asked.guess_error(row))
    });
    let guesses: Vec<f64> = guesses.collect();
    if guesses.is_empty() {
        return None;
    }
    let name = &group.name;
    let guess = mean(guesses);
    let claim = Expected::equal(&Hallucination, guess, Quantity::Share)
        .called(
            format!("{name}/guesses"),
            format!(
                "{name}: an answer drawn from the model about a fact that it never met is wrong as often as a guess."
            ),
        );
    let shares = group.shares(unmet, |row| !row.sampled_correct);
    Some(claim.judge_as(Sort::Check, Share::over_seeds(&shares)))
}

fn type_verdict(group: &Group<'_>) -> Option<Verdict> {
    let wrong = |asked| {
        let rows = Asked::stated(asked, STRANGERS);
        rows.filter(|row| !row.correct).collect()
    };
    let shares = group.shares(wrong, |row| row.answer_valid);
    if shares.is_empty() {
        return None;
    }
    let name = &group.name;
    let claim = Expected::equal(&Hallucination, 1.0, Quantity::Share).called(
        format!("{name}/right type"),
        format!(
            "{name}: a wrong answer about a name that nobody bears is a value of the right type."
        ),
    );
    Some(claim.judge(Share::over_seeds(&shares)))
}

fn figure(study: &Study, panel: &Panel<'_>) -> Figure {
    let all: Vec<Vec<Class>> = panel.groups.iter().map(|group| classes(group)).collect();
    let mut series = Vec::new();
    type Error = fn(&Class) -> f64;
    let theories: [(&str, Mark, Error); 2] = [
        ("keeps all it met", Mark::Dashes, |class| class.kept),
        ("keeps what its bits hold", Mark::Line, |class| class.stored),
    ];
    for (what, mark, error) in theories {
        for ((_, ink, label), classes) in panel.series(what).zip(&all) {
            let at = classes.iter().rev();
            let at = at.map(|class| (class.exposures, error(class)));
            series.push(line(label, (mark, ink), at));
        }
    }
    for ((_, ink, label), classes) in panel.series("measured").zip(&all) {
        let measured = classes.iter().rev().filter_map(Class::measured);
        series.push(points(label, (Mark::Points, ink), measured.collect()));
    }
    let name = &panel.name;
    Figure::chart(
        id(study, &["hallucination", name]),
        format!(
            "{name}: the share of wrong answers in each frequency class against how often a fact of it is met, with 95 % intervals; \
             beside it learners that keep all they met, and that use the bits stored as well as can be."
        ),
        Chart {
            title: format!("Wrong answers: {name}"),
            x: "expected exposures of a fact".to_owned(),
            y: "share of wrong answers".to_owned(),
            log_y: false,
            series,
        },
    )
}
