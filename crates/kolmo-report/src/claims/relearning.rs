//! How fast what was forgotten comes back: the documents that relearning takes beside those that learning took over the same
//! stretch, Ebbinghaus's savings.

use kolmo_run::EvaluationRecord;
use kolmo_world::{LessonConfig, lesson::Subjects};

use crate::{
    claims::{About, Claim, section_for},
    error::Result,
    figures::chart::{Chart, Ink, Mark},
    measured::{
        cells::cell,
        runs::id,
        seeds::{Seeded, count_seeds, mean},
        series::line,
        tuning::{bits_before, crossing, how, is_bare, reads_on},
    },
    prediction::Expected,
    quantity::Quantity,
    report::{Figure, Section, Sort, Table},
    study::{Study, StudyRun, base_of, evaluations, groups},
};

/// A run that has less than this share of what was known has something to relearn.
const FORGOTTEN: f64 = 0.9;

/// Half of what was forgotten is to come back.
const HALF: f64 = 0.5;

/// A run that relearns, with what came before it.
struct Relearnt<'a> {
    run: &'a StudyRun,
    /// What it was fine-tuned by before, for readers.
    after: String,
    /// Whether that was new facts about new subjects, with all weights and without replay.
    is_plain: bool,
    /// Pre-training.
    first: Vec<EvaluationRecord>,
    /// What was known at its end, bits.
    known: f64,
}

impl Seeded for Relearnt<'_> {
    fn seed(&self) -> u64 {
        self.run.seed()
    }
}

/// How fast what was forgotten comes back.
pub struct Relearning;

impl Claim for Relearning {
    fn about(&self) -> About {
        About {
            name: "relearning",
            title: "Relearning",
            question: "Is what was forgotten gone?",
            needs: "Fine-tunings that read on in pre-training after others, and forgot a tenth of what was known or more.",
            predicts: "The documents until half of what was forgotten is back, over those that pre-training took between the same numbers of \
                 bits, are 1.",
            sort: Sort::Law,
        }
    }

    fn section(&self, study: &Study) -> Result<Option<Section>> {
        let mut all = Vec::new();
        for run in &study.tuned {
            all.extend(relearning(run)?);
        }
        let mut section = section_for(
            self,
            study,
            &[
                "After new facts the models read on where pre-training ended. Savings compares the documents until half of the bits that were \
                 forgotten are back with those that pre-training took between the same two numbers of bits. Were the facts gone, as facts that \
                 were displaced are, the ratio would be 1, for they would have to be learnt again; below 1 they were only out of reach. \
                 Learning rates and batches need not be those of pre-training, and bits between two evaluations are interpolated, so the \
                 ratio is no more than a magnitude. Seeds that forgot less than a tenth are left out.",
            ],
        );
        let mut rows = Vec::new();
        for seeds in groups(&all, |one| (one.run.parameters, one.after.clone())) {
            // Where one seed forgot enough and others did not, there is no mean.
            if count_seeds(&seeds) < 2 {
                continue;
            }
            let first = seeds[0];
            let name = format!("{} parameters, {}", first.run.parameters, first.after);
            let ratio = || mean(&seeds, |one| savings(one));
            // Of the others the table tells.
            if first.is_plain {
                let statement = "what was forgotten is gone, and takes as many documents as it did the first time";
                section.verdicts.push(
                    Expected::equal(&Relearning, 1.0, Quantity::Ratio)
                        .called(format!("{name}/ratio"), format!("{name}: {statement}."))
                        .judge(ratio()),
                );
            }
            rows.push(vec![
                name,
                count_seeds(&seeds).to_string(),
                cell(mean(&seeds, |one| one.known)),
                cell(mean(&seeds, |one| bits_before(one.run))),
                cell(mean(&seeds, |one| one.run.last().bits_stored)),
                cell(ratio()),
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
}

/// `run` as one that relearns; none if it does not, if there was nothing to, or if what came before is not there.
fn relearning(run: &StudyRun) -> Result<Option<Relearnt<'_>>> {
    let finetune = run.config.finetune.as_ref();
    if !finetune.is_some_and(reads_on) {
        return Ok(None);
    }
    let Some((directory, base)) = run.base().cloned() else {
        return Ok(None);
    };
    let Some(lesson) = &base.finetune else {
        return Ok(None);
    };
    let after = how(lesson);
    let is_plain = is_bare(lesson)
        && matches!(
            lesson.lesson,
            LessonConfig::Injection {
                subjects: Subjects::New,
                ..
            }
        );
    let (mut first, mut config) = (directory, base);
    while config.finetune.is_some() {
        let Some(before) = base_of(&config, &first)? else {
            return Ok(None);
        };
        (first, config) = before;
    }
    let first = evaluations(&first, &config)?;
    let known = first.last().map_or(f64::NAN, |at| at.bits_stored);
    let forgot = bits_before(run) < FORGOTTEN * known;
    Ok(forgot.then_some(Relearnt {
        run,
        after,
        is_plain,
        first,
        known,
    }))
}

/// Documents of relearning over documents of learning, from what was left to half of the way back.
fn savings(one: &Relearnt<'_>) -> f64 {
    let left = bits_before(one.run);
    let goal = left + HALF * (one.known - left);
    let stretch = |records: &[EvaluationRecord]| {
        let bits = curve(records);
        crossing(&bits, goal) - crossing(&bits, left)
    };
    stretch(&one.run.evaluations) / stretch(&one.first)
}

/// Bits stored by documents.
fn curve(records: &[EvaluationRecord]) -> Vec<(f64, f64)> {
    let points = records
        .iter()
        .map(|at| (at.documents as f64, at.bits_stored));
    points.collect()
}

fn figure(study: &Study, all: &[Relearnt<'_>]) -> Figure {
    let series = all.first().into_iter().flat_map(|one| {
        let curve = |records: &[EvaluationRecord]| {
            let points = curve(records).into_iter();
            points
                .filter(|(documents, _)| *documents > 0.0)
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
    Figure::chart(
        id(study, &["relearning", "bits"]),
        "Bits stored about old facts against documents, of pre-training and of relearning; one run.",
        Chart {
            title: "Learning and relearning".to_owned(),
            x: "documents".to_owned(),
            y: "bits stored".to_owned(),
            log_y: false,
            series: series.collect(),
        },
    )
}
