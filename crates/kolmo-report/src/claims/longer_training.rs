//! The control of the model scaling law: whether capacity binds, or only the time that models had.

use std::collections::BTreeSet;

use crate::{
    claims::{About, Claim, section_for},
    error::Result,
    figures::chart::{Chart, Mark},
    measured::{
        ladders::{bits, inside, missing},
        runs::{by_documents, by_parameters, id, named, observations, parameters},
        seeds::mean_at,
        series::{points, shade},
    },
    number::{count, grouped, significant},
    prediction::Expected,
    quantity::Quantity,
    report::{Figure, Section, Sort, Table, Verdict},
    study::{Study, StudyRun, groups},
};
use kolmo_stats::{Estimate, OfSeed, PowerLaw, Refusal};

/// Whether longer training would have changed the model scaling law.
pub struct LongerTraining;

impl Claim for LongerTraining {
    fn about(&self) -> About {
        About {
            name: "longer_training",
            title: "Longer training",
            question: "Is it capacity that the ladder of sizes measures, or the time that its models had?",
            needs: "Runs of the same two or more sizes on two or more numbers of documents.",
            predicts: "Training for longer changes the exponent of what is missing against parameters by 0.",
            sort: Sort::Law,
        }
    }

    fn section(&self, study: &Study) -> Result<Option<Section>> {
        let mut section = section_for(
            self,
            study,
            &[
                "If capacity alone decided what is missing, training on more documents would change neither the loss nor its exponent. \
                 Where a size stores more after more documents, its loss is also one of time.",
            ],
        );
        for (runs, name) in named(study.groups(StudyRun::but_size)) {
            let runs = inside(study, &runs);
            let lengths = by_documents(&runs);
            let [.., (_, shorter), (_, longer)] = &lengths[..] else {
                continue;
            };
            let sizes = |runs: &[&StudyRun]| {
                runs.iter()
                    .map(|run| run.parameters)
                    .collect::<BTreeSet<_>>()
            };
            if sizes(shorter) != sizes(longer) || sizes(longer).len() < 2 {
                continue;
            }
            section.verdicts.push(verdict(shorter, longer, &name));
            section.figures.push(figure(study, &runs, &name));
            section.tables.push(table(shorter, longer, &name));
        }
        Ok((!section.verdicts.is_empty()).then_some(section))
    }
}

/// What is missing against parameters, as an exponent.
fn exponent(runs: &[&StudyRun]) -> std::result::Result<f64, Refusal> {
    PowerLaw::fit(&observations(runs, parameters, missing)).map(|law| law.exponent.value)
}

fn verdict(shorter: &[&StudyRun], longer: &[&StudyRun], name: &str) -> Verdict {
    let change = |runs: Vec<&StudyRun>| {
        let seed = runs[0].config.seed;
        let before: Vec<&StudyRun> = shorter
            .iter()
            .copied()
            .filter(|run| run.config.seed == seed)
            .collect();
        Ok((seed, exponent(&runs)? - exponent(&before)?))
    };
    let changes = groups(longer.iter().copied(), |run| run.config.seed)
        .into_iter()
        .map(change);
    let changes: std::result::Result<Vec<OfSeed<f64>>, Refusal> = changes.collect();
    let (before, after) = (shorter[0].documents(), longer[0].documents());
    Expected::equal(&LongerTraining, 0.0, Quantity::Exponent)
        .called(
            format!("{name}/exponent"),
            format!(
                "{name}: training {} times as long does not change the exponent of loss against parameters.",
                significant(after / before)
            ),
        )
        .over("parameters", longer.iter().map(|run| parameters(run)))
        .judge(changes.and_then(|changes| Estimate::over_seeds(&changes)))
}

fn figure(study: &Study, runs: &[&StudyRun], name: &str) -> Figure {
    let sizes = by_parameters(runs);
    let series = sizes.iter().enumerate().map(|(k, (parameters, at))| {
        let lengths = by_documents(at);
        let stored = lengths
            .iter()
            .map(|(n, runs)| mean_at(*n, runs, bits))
            .collect();
        let label = format!("{} parameters", grouped(*parameters as u64));
        points(label, (Mark::JoinedPoints, shade(k, sizes.len())), stored)
    });
    Figure::chart(
        id(study, &["longer-training", name]),
        format!(
            "{name}: bits stored against documents, for each size. A line that is level has reached its capacity."
        ),
        Chart {
            title: format!("Bits stored by longer training: {name}"),
            x: "documents".to_owned(),
            y: "bits stored".to_owned(),
            log_y: true,
            series: series.collect(),
        },
    )
}

fn table(shorter: &[&StudyRun], longer: &[&StudyRun], name: &str) -> Table {
    // Of the same sizes.
    let pairs = by_parameters(shorter)
        .into_iter()
        .zip(by_parameters(longer));
    let rows = pairs.map(|((parameters, before), (_, after))| {
        let of = |runs: &[&StudyRun], f: fn(&StudyRun) -> f64| mean_at(parameters, runs, f).y;
        let (b0, b1) = (of(&before, bits), of(&after, bits));
        let (l0, l1) = (of(&before, missing), of(&after, missing));
        vec![
            grouped(parameters as u64),
            count(b0),
            count(b1),
            significant(b1 / b0),
            significant(l0),
            significant(l1),
            significant(l1 / l0),
        ]
    });
    let (n0, n1) = (shorter[0].documents() as u64, longer[0].documents() as u64);
    let head = [
        "parameters".to_owned(),
        format!("bits, {}", grouped(n0)),
        format!("bits, {}", grouped(n1)),
        "ratio".to_owned(),
        format!("missing, {}", grouped(n0)),
        format!("missing, {}", grouped(n1)),
        "ratio".to_owned(),
    ];
    Table {
        caption: format!(
            "{name}: bits stored and what is missing, nats per fact, after {} and {} documents.",
            grouped(n0),
            grouped(n1)
        ),
        head: head.to_vec(),
        rows: rows.collect(),
    }
}
