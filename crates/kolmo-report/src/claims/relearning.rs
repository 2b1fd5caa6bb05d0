//! How fast what was forgotten comes back: the documents that relearning takes beside those that learning took over the same
//! stretch, Ebbinghaus's savings.

use kolmo_config::Method;
use kolmo_run::EvaluationRecord;
use kolmo_world::{
    LessonConfig,
    lesson::{Replayed, Subjects},
};

use super::{
    judge::Claim,
    summary::{id, line},
    tuning::{bits_before, cell, how, over_seeds},
};
use crate::{
    error::Result,
    figures::chart::{Chart, Ink, Mark},
    report::{Drawing, Figure, Relation, Section, Table},
    study::{Study, StudyRun, base_of, evaluations, groups},
};

/// A run that has less than this share of what was known has something to relearn.
const FORGOTTEN: f64 = 0.9;

/// Half of what was forgotten is to come back.
const HALF: f64 = 0.5;

/// A run that relearns, with what came before it.
struct Relearning<'a> {
    run: &'a StudyRun,
    /// What it was fine-tuned by before, for readers.
    after: String,
    /// Whether that was new facts about new subjects, with all weights and without replay.
    is_plain: bool,
    /// Pre-training.
    first: Vec<EvaluationRecord>,
}

pub(super) fn section(study: &Study) -> Result<Option<Section>> {
    let mut all = Vec::new();
    for run in &study.tuned {
        all.extend(relearning(run)?);
    }
    let mut section = Section::new(
        id(study, &["relearning"]),
        "Relearning",
        "Is what was forgotten gone?",
        &[
            "After new facts the models read on where pre-training ended. Savings compares the documents until half of the bits that were \
             forgotten are back with those that pre-training took between the same two numbers of bits. Were the facts gone, as facts that \
             were displaced are, the ratio would be 1, for they would have to be learnt again; below 1 they were only out of reach. \
             Learning rates and batches need not be those of pre-training, and bits between two evaluations are interpolated, so the \
             ratio is no more than a magnitude. Seeds that forgot less than a tenth are left out.",
        ],
    );
    let groups = groups(all.iter().map(|one| one.run), |run| {
        let after = all.iter().find(|one| std::ptr::eq(one.run, run));
        (run.parameters, after.map(|one| one.after.clone()))
    });
    let mut rows = Vec::new();
    for runs in groups {
        let find = |run: &StudyRun| all.iter().find(|one| std::ptr::eq(one.run, run));
        let Some(first) = find(runs[0]) else { continue };
        // Where one seed forgot enough and others did not, there is no mean.
        if runs.len() < 2 {
            continue;
        }
        let name = format!("{} parameters, {}", runs[0].parameters, first.after);
        let ratio = |run: &StudyRun| find(run).map_or(f64::NAN, savings);
        // Of the others the table tells.
        if first.is_plain {
            section.verdicts.push(
            Claim {
                name: format!("relearning/{name}/ratio"),
                statement: format!(
                    "{name}: what was forgotten is gone, and takes as many documents as it did the first time."
                ),
                relation: Relation::Equal,
                predicted: 1.0,
                range: None,
                needs_precision: false,
            }
            .judge(over_seeds(&runs, ratio)),
        );
        }
        let end = |run: &StudyRun| {
            find(run)
                .and_then(|one| one.first.last())
                .map_or(f64::NAN, |at| at.bits_stored)
        };
        rows.push(vec![
            name,
            runs.len().to_string(),
            cell(over_seeds(&runs, end)),
            cell(over_seeds(&runs, bits_before)),
            cell(over_seeds(&runs, |run| run.last().bits_stored)),
            cell(over_seeds(&runs, ratio)),
        ]);
    }
    if section.verdicts.is_empty() {
        return Ok(None);
    }
    section.figures.push(figure(study, &all));
    section.tables.push(Table {
        caption: "Bits stored about old facts: at the end of pre-training, after new facts, after relearning; and the documents that \
                  relearning took over those of learning. Means over seeds with 95 % intervals."
            .to_owned(),
        head: ["after", "seeds", "known", "left", "relearnt", "ratio of documents"].map(str::to_owned).to_vec(),
        rows,
    });
    Ok(Some(section))
}

/// `run` as one that relearns; none if it does not, if there was nothing to, or if what came before is not there.
fn relearning(run: &StudyRun) -> Result<Option<Relearning<'_>>> {
    let finetune = run.config.finetune.as_ref();
    let goes_on =
        finetune.is_some_and(|of| of.replay.share == 1.0 && of.replay.of == Replayed::Fresh);
    if !goes_on {
        return Ok(None);
    }
    let Some((directory, base)) = run.base()? else {
        return Ok(None);
    };
    let Some(lesson) = &base.finetune else {
        return Ok(None);
    };
    let after = how(lesson);
    let is_plain = lesson.method == Method::Full
        && lesson.replay.share == 0.0
        && matches!(
            lesson.lesson,
            LessonConfig::Injection {
                subjects: Subjects::New,
                ..
            }
        );
    let (mut first, mut config) = (directory, base);
    while config.finetune.is_some() {
        let Some(before) = base_of(&config)? else {
            return Ok(None);
        };
        (first, config) = before;
    }
    let first = evaluations(&first)?;
    let known = first.last().map_or(f64::NAN, |at| at.bits_stored);
    let forgot = bits_before(run) < FORGOTTEN * known;
    Ok(forgot.then_some(Relearning {
        run,
        after,
        is_plain,
        first,
    }))
}

/// Documents of relearning over documents of learning, from what was left to half of the way back.
fn savings(one: &Relearning<'_>) -> f64 {
    let known = one.first.last().map_or(f64::NAN, |at| at.bits_stored);
    let left = bits_before(one.run);
    let goal = left + HALF * (known - left);
    let stretch = |records: &[EvaluationRecord]| when(records, goal) - when(records, left);
    stretch(&one.run.evaluations) / stretch(&one.first)
}

/// Documents at which so many bits are stored for the first time, between two evaluations; not a number if they never are.
fn when(records: &[EvaluationRecord], bits: f64) -> f64 {
    let Some(k) = records.iter().position(|at| at.bits_stored >= bits) else {
        return f64::NAN;
    };
    let after = &records[k];
    let Some(before) = k.checked_sub(1).map(|k| &records[k]) else {
        return after.documents as f64;
    };
    let share = (bits - before.bits_stored) / (after.bits_stored - before.bits_stored);
    let (n0, n1) = (before.documents as f64, after.documents as f64);
    n0 + (n1 - n0) * share
}

fn figure(study: &Study, all: &[Relearning<'_>]) -> Figure {
    let series = all.first().into_iter().flat_map(|one| {
        let curve = |records: &[EvaluationRecord]| {
            let at = records.iter().filter(|at| at.documents > 0);
            at.map(|at| (at.documents as f64, at.bits_stored))
                .collect::<Vec<_>>()
        };
        [
            line(
                "learning",
                (Mark::JoinedPoints, Ink::Reference),
                curve(&one.first),
            ),
            line(
                format!("relearning after {}", one.after),
                (Mark::JoinedPoints, Ink::Measured),
                curve(&one.run.evaluations),
            ),
        ]
    });
    Figure {
        id: id(study, &["relearning", "bits"]),
        caption: "Bits stored about old facts against documents, of pre-training and of relearning; one run.".to_owned(),
        drawing: Drawing::Chart(Chart {
            title: "Learning and relearning".to_owned(),
            x: "documents".to_owned(),
            y: "bits stored".to_owned(),
            log_y: false,
            series: series.collect(),
        }),
    }
}
