//! Statements that models generate unasked, beside the share of them that must be false: what the world states and training never did, less what a model is
//! miscalibrated by (Kalai & Vempala 2024, arXiv 2311.14648).

use kolmo_run::GENERATED;
use kolmo_stats::{Estimate, OfSeed};
use kolmo_theory::hallucination::monofact_rate;
use kolmo_world::RepeatConfig;

use crate::{
    figures::chart::{Chart, Ink, Mark, Series},
    measured::{
        cells::{cell, share_cell},
        runs::id,
        seeds::{Seeded, datum, of_seeds},
        series::{line, points},
    },
    number::{count, grouped, significant},
    quantity::Quantity,
    report::{Figure, Part, Section, Table},
    study::{Study, StudyRun, groups},
};

/// What a run has generated, and what it must.
#[derive(Debug, Clone, Copy)]
struct Generated {
    seed: u64,
    /// Of its statements, those that are false or state nothing.
    wrong: f64,
    /// Those that training did not state.
    unmet: f64,
    /// Those that state something.
    well_formed: f64,
    miscalibration: f64,
    /// `E[N₁]/N` of the documents that were read, each counted once.
    monofacts: f64,
    /// Below this the share of false statements cannot be.
    floor: f64,
}

impl Seeded for Generated {
    fn seed(&self) -> u64 {
        self.seed
    }
}

/// Runs alike but for the seed.
struct Arm<'a> {
    /// The law, with the parameters of the model where there are several models.
    name: String,
    /// Documents read, each counted once.
    distinct: u64,
    repeat: Option<RepeatConfig>,
    runs: Vec<&'a StudyRun>,
    generated: Vec<Generated>,
}

impl Arm<'_> {
    /// How often its documents were read.
    fn how(&self) -> String {
        match self.repeat {
            None => "each once".to_owned(),
            Some(RepeatConfig { share: 1.0, times }) => format!("each {times} times"),
            Some(RepeatConfig { share, times }) => {
                format!("{} % of them {times} times", significant(100.0 * share))
            }
        }
    }

    fn called(&self) -> String {
        let documents = grouped(self.distinct);
        format!("{}, {documents} documents, {}", self.name, self.how())
    }

    fn mean(&self, of: impl Fn(&Generated) -> f64) -> f64 {
        kolmo_stats::mean(self.generated.iter().map(of))
    }
}

/// What `run` generated; none if it generated nothing.
fn generated(run: &StudyRun) -> Option<Generated> {
    let figures = &run.last().companions;
    let [_, statements, well_formed, truths, met, miscalibration] =
        GENERATED.map(|name| figures.get(name).copied().flatten());
    let all = statements.filter(|all| *all > 0.0)?;
    let miscalibration = miscalibration?;
    let monofacts = monofact_rate(&run.world, distinct(run));
    // Of what was never met a value is right by luck.
    let relations = run.world.relations().iter().enumerate();
    let draw = run.world.relation_draw();
    let guess: f64 = relations
        .map(|(r, relation)| draw.inclusion(r) * relation.best_guess())
        .sum();
    let unlucky = 1.0 - guess / draw.per_document() as f64;
    Some(Generated {
        seed: run.config.seed,
        wrong: 1.0 - truths? / all,
        unmet: 1.0 - met? / all,
        well_formed: well_formed? / all,
        miscalibration,
        monofacts,
        floor: unlucky * (monofacts - miscalibration).max(0.0),
    })
}

fn distinct(run: &StudyRun) -> f64 {
    let train = &run.config.train;
    train.distinct(train.shown())
}

/// The runs of `study` that generated something; the runs that read the fewest documents come first.
fn arms(study: &Study) -> Vec<Arm<'_>> {
    let is_there = |run: &&StudyRun| generated(run).is_some();
    let runs = study.runs.iter().filter(is_there);
    // Whatever documents come again, and however many there are.
    let model = |run: &StudyRun| {
        let (law, model, mut train) = run.but_seed();
        (train.documents, train.repeat) = (0, None);
        (law, model, train)
    };
    let mut all = Vec::new();
    let models = groups(runs, model);
    for runs in &models {
        let mut name = runs[0].law_name();
        if models.len() > 1 {
            name += &format!(", {} parameters", runs[0].parameters);
        }
        let alike = |run: &&StudyRun| (run.config.train.repeat, run.config.train.shown());
        let of = groups(runs, alike).into_iter().map(|runs| Arm {
            name: name.clone(),
            distinct: distinct(runs[0]).round() as u64,
            repeat: runs[0].config.train.repeat,
            generated: runs.iter().filter_map(|run| generated(run)).collect(),
            runs: runs.into_iter().copied().collect(),
        });
        let mut of: Vec<Arm<'_>> = of.collect();
        let share = |arm: &Arm<'_>| arm.repeat.map_or(0.0, |repeat| repeat.share);
        of.sort_by(|a, b| {
            let documents = a.distinct.cmp(&b.distinct);
            documents.then(share(a).total_cmp(&share(b)))
        });
        all.extend(of);
    }
    all
}

/// Of each arm the share of false statements over its floor, and what repeating documents does to it.
pub(super) fn parts(study: &Study) -> Vec<Part> {
    let arms = arms(study);
    let mut parts = Vec::new();
    for arm in &arms {
        let name = arm.called();
        let of = |what: &str, predicted: Option<f64>, of: fn(&Generated) -> f64, quantity| {
            let numbers = of_seeds(&arm.generated, of);
            Part::mean(format!("{name}: {what}"), predicted, &numbers, quantity)
        };
        parts.extend([
            of(
                "generated statements that are false, at least as predicted",
                Some(arm.mean(|one| one.floor)),
                |one| one.wrong,
                Quantity::Share,
            ),
            of(
                "generated statements that training did not have, as predicted of a calibrated model",
                Some(arm.mean(|one| one.monofacts)),
                |one| one.unmet,
                Quantity::Share,
            ),
            of(
                "miscalibration",
                None,
                |one| one.miscalibration,
                Quantity::Difference,
            ),
        ]);
        let once = |other: &&Arm<'_>| {
            (&other.name, other.distinct, other.repeat) == (&arm.name, arm.distinct, None)
        };
        if arm.repeat.is_some()
            && let Some(once) = arms.iter().find(once)
        {
            let fewer: Vec<OfSeed<f64>> = arm
                .generated
                .iter()
                .filter_map(|one| {
                    let mut others = once.generated.iter();
                    let other = others.find(|other| other.seed == one.seed)?;
                    Some((one.seed, other.wrong - one.wrong))
                })
                .collect();
            let name = format!("{name}: share of false statements that repeating saves");
            parts.push(Part::mean(name, None, &fewer, Quantity::Difference));
        }
    }
    parts
}

/// All arms, in a table and a figure.
pub(super) fn section(study: &Study, title: &str, question: &str) -> Option<Section> {
    let arms = arms(study);
    let first = arms.first()?;
    let text = [
        "Each model wrote documents that nobody asked for, each word drawn from its predictions. A statement is true if the world has it; a sentence that \
         states nothing counts with the false ones. At least so many are false as the world states facts that training did not have, which is the share of \
         facts stated once (Good 1953), less what the model is miscalibrated by, but for those that a guess gets right.",
        "Miscalibration is the total variation between documents of the model and of the world, each told by no more than the power of ten of its probability \
         by the model.",
    ];
    let mut section = Section::new(id(study, &["generated"]), title, question, &text);
    section.figures.push(figure(study, &arms));
    let row = |arm: &Arm<'_>| {
        let of =
            |number: fn(&Generated) -> f64| Estimate::over_seeds(&of_seeds(&arm.generated, number));
        vec![
            arm.called(),
            count(arm.runs.len() as f64),
            share_cell(of(|one| one.well_formed)),
            share_cell(of(|one| one.wrong)),
            significant(arm.mean(|one| one.floor)),
            share_cell(of(|one| one.unmet)),
            significant(arm.mean(|one| one.monofacts)),
            cell(of(|one| one.miscalibration)),
        ]
    };
    let head = [
        "training",
        "runs",
        "well formed",
        "false",
        "at least",
        "not in training",
        "monofact rate",
        "miscalibration",
    ];
    let statements = first.runs[0].config.eval.generated;
    section.tables.push(Table {
        caption: format!(
            "Shares of the statements of {} generated documents a run; means over seeds with 95 % intervals.",
            grouped(statements)
        ),
        head: head.map(str::to_owned).to_vec(),
        rows: arms.iter().map(row).collect(),
    });
    Some(section)
}

fn figure(study: &Study, arms: &[Arm<'_>]) -> Figure {
    // One model is drawn.
    let drawn = arms.iter().filter(|arm| arm.name == arms[0].name);
    let drawn: Vec<&Arm<'_>> = drawn.collect();
    let mut kinds: Vec<Option<RepeatConfig>> = Vec::new();
    for arm in &drawn {
        if !kinds.contains(&arm.repeat) {
            kinds.push(arm.repeat);
        }
    }
    let inks = [
        Ink::Measured,
        Ink::Asymptote,
        Ink::Shade(0.8),
        Ink::Shade(0.1),
    ];
    let once = |of: fn(&Generated) -> f64| {
        let once = drawn.iter().filter(|arm| arm.repeat.is_none());
        once.map(move |arm| (arm.distinct as f64, arm.mean(of)))
    };
    let mut series: Vec<Series> = vec![
        line(
            "monofact rate",
            (Mark::Line, Ink::Theory),
            once(|one| one.monofacts),
        ),
        line(
            "at least, each once",
            (Mark::Dashes, Ink::Theory),
            once(|one| one.floor),
        ),
    ];
    for (kind, ink) in kinds.iter().zip(inks.into_iter().cycle()) {
        let of: Vec<&&Arm<'_>> = drawn.iter().filter(|arm| arm.repeat == *kind).collect();
        let at = of.iter().map(|arm| {
            let wrong = of_seeds(&arm.generated, |one| one.wrong);
            let mut datum = datum(arm.distinct as f64, &wrong);
            datum.ci95 = datum.ci95.map(|ends| ends.map(|end| end.clamp(0.0, 1.0)));
            datum
        });
        let label = format!("false, {}", of[0].how());
        series.push(points(label, (Mark::JoinedPoints, ink), at.collect()));
    }
    Figure::chart(
        id(study, &["generated"]),
        format!(
            "{}: the share of generated statements that are false against the documents read, each counted once, with what it cannot be below. Means over \
             seeds with 95 % intervals.",
            arms[0].name
        ),
        Chart {
            title: "Generated statements".to_owned(),
            x: "documents, each counted once".to_owned(),
            y: "share of statements".to_owned(),
            log_y: false,
            series,
        },
    )
}
