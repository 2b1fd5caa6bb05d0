//! In which words a fact can be asked for: those that stated it, others that were never used, a question.

use kolmo_config::{ModelConfig, TrainConfig};
use kolmo_run::InterviewRecord;
use kolmo_world::WorldConfig;

use crate::{
    claims::{About, Claim, section_for},
    error::Result,
    figures::chart::{Chart, Ink, Mark},
    measured::{
        answers::{accuracy, interview},
        cells::{cell, share_cell},
        runs::{by, id, templates},
        seeds::{difference, mean_at, over_seeds},
        series::points,
    },
    prediction::Expected,
    quantity::Quantity,
    report::{Figure, Section, Sort, Table},
    study::{Study, StudyRun},
};

const OTHERS: [(&str, &str, Ink); 2] = [
    ("held_out", "held-out templates", Ink::Measured),
    ("question", "questions", Ink::Reference),
];

/// In which words a fact can be asked for.
pub struct Wording;

impl Claim for Wording {
    fn about(&self) -> About {
        About {
            name: "wording",
            title: "Other words",
            question: "Can a fact be asked for in words in which it was never stated?",
            needs: "Runs of a world with held-out templates, alike but for the number of templates, of two or more numbers.",
            predicts: "Of the facts answered as they were stated, a share of 1 is answered in held-out templates and in questions; the gain \
                 with the templates of pre-training is above 0.",
            sort: Sort::Law,
        }
    }

    fn section(&self, study: &Study) -> Result<Option<Section>> {
        let asked = |run: &&StudyRun| interview(run.last(), "stated", "held_out").is_some();
        let first = study.runs.iter().find(asked);
        // All but the number of templates is that of the first.
        let runs = study.runs.iter().filter(asked);
        let runs = runs
            .filter(|run| first.is_some_and(|first| but_templates(run) == but_templates(first)));
        let runs: Vec<&StudyRun> = runs.collect();
        let counts = by(runs.iter().copied(), |run| templates(run) as f64);
        let (Some((least, few)), Some((most, many))) = (counts.first(), counts.last()) else {
            return Ok(None);
        };
        if least == most {
            return Ok(None);
        }
        let mut section = section_for(
            self,
            study,
            &[
                "The accuracy in templates that no document used, made of the same words, and in questions, over that in the words of \
                 documents. To a learner that knows the syntax model a wording is \
                 noise beside the fact, so that nothing should be lost; a transformer that met a fact in one wording alone may have stored \
                 it with the wording.",
                "An answer in a held-out template is often no value at all: where the words come in an order that was never seen, the model \
                 does not expect a value yet. The table has the share of answers that are values.",
            ],
        );
        for (wording, name, _) in OTHERS {
            let share = |run: &StudyRun| share(run, wording);
            section.verdicts.push(
                Expected::equal(&Wording, 1.0, Quantity::Ratio)
                    .called(
                        format!("{wording}/{most} templates"),
                        format!(
                            "Stated in {most} templates, a fact can be asked for in {name} as well as in those."
                        ),
                    )
                    .judge(over_seeds(many, share)),
            );
            let gain = difference(many, few, share);
            section.verdicts.push(
                Expected::above(&Wording, 0.0, Quantity::Difference)
                    .called(
                        format!("{wording}/gain"),
                        format!(
                            "Of facts stated in {most} templates in place of {least} more can be asked for in {name}."
                        ),
                    )
                    .over("templates", [*least, *most])
                    .judge(gain),
            );
        }
        section.figures.push(figure(study, &counts));
        section.tables.push(table(&counts));
        Ok(Some(section))
    }
}

fn but_templates(run: &StudyRun) -> (WorldConfig, ModelConfig, TrainConfig) {
    let (mut world, model, train) = run.but_seed();
    world.syntax.templates = None;
    (world, model, train)
}

/// The accuracy in `wording` over that in the words of documents.
fn share(run: &StudyRun, wording: &str) -> f64 {
    accuracy(run.last(), "stated", wording) / accuracy(run.last(), "stated", "statement")
}

fn figure(study: &Study, counts: &[(f64, Vec<&StudyRun>)]) -> Figure {
    let series = OTHERS.map(|(wording, name, ink)| {
        let of = |(count, runs): &(f64, Vec<&StudyRun>)| {
            mean_at(*count, runs, |run| share(run, wording))
        };
        points(
            name,
            (Mark::JoinedPoints, ink),
            counts.iter().map(of).collect(),
        )
    });
    Figure::chart(
        id(study, &["wording", "templates"]),
        "Share of the facts that are known as they were stated that is answered in other words, against the templates of a \
        relation; means over seeds with 95 % intervals.",
        Chart {
            title: "Facts in other words".to_owned(),
            x: "templates in pre-training".to_owned(),
            y: "share answered".to_owned(),
            log_y: false,
            series: series.to_vec(),
        },
    )
}

fn table(counts: &[(f64, Vec<&StudyRun>)]) -> Table {
    let rows = counts.iter().flat_map(|(count, runs)| {
        ["statement", "held_out", "question"].map(|wording| {
            let mean = |of: fn(&InterviewRecord) -> f64| {
                over_seeds(runs, |run| {
                    interview(run.last(), "stated", wording).map_or(f64::NAN, of)
                })
            };
            vec![
                format!("{count}, {}", wording.replace('_', "-")),
                share_cell(mean(|one| one.accuracy)),
                share_cell(mean(|one| one.answer_valid)),
                cell(mean(|one| one.value_loss)),
            ]
        })
    });
    Table {
        caption: "Facts of the world, weighted by frequency; means over seeds with 95 % intervals."
            .to_owned(),
        head: [
            "templates, asked as",
            "accuracy",
            "answers that are values",
            "value loss (nats)",
        ]
        .map(str::to_owned)
        .to_vec(),
        rows: rows.collect(),
    }
}
