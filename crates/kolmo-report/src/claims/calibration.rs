//! Whether a model is right as often as it says: the optimal predictor is.

use kolmo_run::AnswerRow;

use crate::{
    claims::{About, Claim, section_for},
    error::Result,
    figures::chart::{Chart, Datum, Ink, Mark},
    measured::{
        answers::{Asked, Group, Panel, STATED, STATEMENT, STRANGERS, asked_groups, panels},
        cells::text,
        runs::id,
        seeds::{datum, of_seeds},
        series::{grid, line, points},
    },
    number::{grouped, significant},
    prediction::Expected,
    quantity::Quantity,
    report::{Figure, Section, Sort, Table, Verdict},
    study::Study,
};
use kolmo_stats::{
    Estimate, Judged, OfSeed, Refusal, auroc, binomial_interval, brier_score, calibration_error,
    calibration_error_by_chance, mean, reliability,
};

/// In the order of tables.
const WORDINGS: [&str; 3] = [STATEMENT, "held_out", "question"];

/// Whether a model is right as often as it says.
pub struct Calibration;

impl Claim for Calibration {
    fn about(&self) -> About {
        About {
            name: "calibration",
            title: "Calibration",
            question: "Is a model right as often as its confidence says, and does its confidence tell what it knows from what it does not?",
            needs: "The runs of `hallucination`.",
            predicts: "The expected calibration error in ten bins is that of as many answers that are right as often as they say, and the \
                 AUROC of the confidence as a sign of a right answer is above 0.5.",
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
                "Confidence is the probability of the most likely answer. The optimal predictor is right as often as its confidence says: \
                 about a fact that it never met it is sure to 1/V, and right so often. The expected calibration error (ECE) is the \
                 distance of accuracy from confidence in ten bins of confidence of equal width, weighted by their answers. Of \
                 endlessly many answers it is 0 for the optimal predictor. Of as many as were asked it is above 0 by chance alone, since \
                 deviations of either sign count; what is predicted is its mean over draws of as many answers, as confident, that are right \
                 as often as they say.",
                "AUROC is the probability that a right answer is more confident than a wrong one, ties counted half: 0.5 where confidence \
                 says nothing. Each fact asked counts once, so that rare facts, of which as many are asked as of frequent ones, weigh more \
                 than in what is written. Intervals are Student's over seeds.",
            ],
        );
        let panels = panels(&groups);
        for panel in &panels {
            if let Some(group) = panel.longest() {
                section.verdicts.extend(error_verdict(group, STATED));
                section.verdicts.extend(error_verdict(group, STRANGERS));
                section.verdicts.extend(auroc_verdict(group));
                section.tables.push(table(group));
            }
            for cohort in [STATED, STRANGERS] {
                section.figures.extend(figure(study, panel, cohort));
            }
        }
        Ok(Some(section))
    }
}

/// Who a cohort is, for readers.
fn whom(cohort: &str) -> &'static str {
    match cohort {
        STRANGERS => "names that nobody bears",
        _ => "subjects of the world",
    }
}

fn judged<'a>(rows: impl Iterator<Item = &'a AnswerRow>) -> Vec<Judged> {
    let judged = |row: &AnswerRow| Judged {
        confidence: row.confidence,
        correct: row.correct,
    };
    rows.map(judged).collect()
}

/// The answers of each run, of those that have any of this kind.
fn answers(group: &Group<'_>, cohort: &str, wording: &str) -> Vec<OfSeed<Vec<Judged>>> {
    let of = |asked: &Asked<'_>| {
        let seed = asked.run.config.seed;
        (seed, judged(asked.kind(cohort, wording)))
    };
    let mut answers: Vec<OfSeed<Vec<Judged>>> = group.runs.iter().map(of).collect();
    answers.retain(|(_, answers)| !answers.is_empty());
    answers
}

fn error_verdict(group: &Group<'_>, cohort: &str) -> Option<Verdict> {
    let answers = answers(group, cohort, STATEMENT);
    if answers.is_empty() {
        return None;
    }
    let by_chance = answers
        .iter()
        .map(|(_, answers)| calibration_error_by_chance(answers));
    let by_chance = mean(by_chance);
    let errors = of_seeds(&answers, |(_, answers)| calibration_error(answers));
    let name = &group.name;
    let claim = Expected::equal(&Calibration, by_chance, Quantity::Share)
        .called(
            format!("{name}/{cohort}"),
            format!(
                "{name}: about {} a model is right as often as it says: its calibration error is that of chance alone.",
                whom(cohort)
            ),
        );
    Some(claim.judge(Estimate::over_seeds(&errors)))
}

fn auroc_verdict(group: &Group<'_>) -> Option<Verdict> {
    let answers = answers(group, STATED, STATEMENT);
    if answers.is_empty() {
        return None;
    }
    // A seed that is never wrong has none.
    let areas: Vec<OfSeed<f64>> = answers
        .iter()
        .filter_map(|(seed, answers)| Some((*seed, auroc(answers)?)))
        .collect();
    let measured = match areas.is_empty() {
        true => Err(Refusal::NoVariation {
            what: "the rightness of answers",
        }),
        false => Estimate::over_seeds(&areas),
    };
    let name = &group.name;
    let claim = Expected::above(&Calibration, 0.5, Quantity::Share).called(
        format!("{name}/AUROC"),
        format!("{name}: right answers are more confident than wrong ones."),
    );
    Some(claim.judge(measured))
}

fn figure(study: &Study, panel: &Panel<'_>, cohort: &str) -> Option<Figure> {
    let mut series = Vec::new();
    for (group, ink, label) in panel.series("measured") {
        let all = answers(group, cohort, STATEMENT).into_iter();
        let all: Vec<Judged> = all.flat_map(|(_, answers)| answers).collect();
        let bins = reliability(&all).into_iter().map(|bin| {
            let answers = bin.answers as f64;
            Datum {
                x: bin.confidence,
                y: bin.accuracy,
                ci95: Some(binomial_interval(bin.accuracy * answers, answers)),
            }
        });
        let bins: Vec<Datum> = bins.collect();
        if !bins.is_empty() {
            series.push(points(label, (Mark::JoinedPoints, ink), bins));
        }
    }
    let least = series.iter().flat_map(|series| &series.points);
    let least = least.map(|bin| bin.x).reduce(f64::min)?;
    let diagonal = grid(least.max(1e-3), 1.0, 300).map(|confidence| (confidence, confidence));
    let diagonal = line(
        "right as often as it says",
        (Mark::Line, Ink::Theory),
        diagonal,
    );
    series.insert(0, diagonal);
    let name = &panel.name;
    Some(Figure::chart(
        id(study, &["calibration", name, cohort]),
        format!(
            "{name}: accuracy against confidence, of answers about {}, in ten bins of confidence, all seeds together with binomial \
             95 % intervals.",
            whom(cohort)
        ),
        Chart {
            title: format!("Reliability, {}: {name}", whom(cohort)),
            x: "confidence".to_owned(),
            y: "accuracy".to_owned(),
            log_y: false,
            series,
        },
    ))
}

fn table(group: &Group<'_>) -> Table {
    let kinds = [STATED, STRANGERS]
        .into_iter()
        .flat_map(|cohort| WORDINGS.map(|wording| (cohort, wording)));
    let head = [
        "asked about, in",
        "facts",
        "accuracy",
        "confidence",
        "ECE",
        "ECE of chance",
        "Brier score",
        "AUROC",
        "entropy when right",
        "entropy when wrong",
    ];
    Table {
        caption: format!(
            "{}: means over seeds, ECE with 95 % intervals; entropies of the answer in nats, all seeds together.",
            group.name
        ),
        head: head.map(str::to_owned).to_vec(),
        rows: kinds
            .filter_map(|(cohort, wording)| cells(group, cohort, wording))
            .collect(),
    }
}

fn cells(group: &Group<'_>, cohort: &str, wording: &str) -> Option<Vec<String>> {
    let answers = answers(group, cohort, wording);
    if answers.is_empty() {
        return None;
    }
    let over_seeds = |of: &dyn Fn(&[Judged]) -> Option<f64>| {
        let values = answers.iter().filter_map(|(_, answers)| of(answers));
        significant(mean(values))
    };
    let share =
        |answers: &[Judged], of: &dyn Fn(&Judged) -> f64| Some(mean(answers.iter().map(of)));
    let errors = of_seeds(&answers, |(_, answers)| calibration_error(answers));
    let entropy = |correct: bool| {
        let rows = group
            .runs
            .iter()
            .flat_map(|asked| asked.kind(cohort, wording));
        let entropies = rows
            .filter(|row| row.correct == correct)
            .map(|row| row.entropy_nats);
        significant(mean(entropies))
    };
    Some(vec![
        format!("{cohort}, {wording}"),
        grouped(
            answers
                .iter()
                .map(|(_, answers)| answers.len() as u64)
                .sum(),
        ),
        over_seeds(&|answers| share(answers, &|answer| f64::from(u8::from(answer.correct)))),
        over_seeds(&|answers| share(answers, &|answer| answer.confidence)),
        match Estimate::over_seeds(&errors) {
            Ok(error) => text(&Ok(error.within(Quantity::Share.bounds()))),
            Err(_) => significant(datum(0.0, &errors).y),
        },
        over_seeds(&|answers| Some(calibration_error_by_chance(answers))),
        over_seeds(&|answers| Some(brier_score(answers))),
        over_seeds(&auroc),
        entropy(true),
        entropy(false),
    ])
}
