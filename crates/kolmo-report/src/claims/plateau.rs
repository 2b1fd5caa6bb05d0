//! How long nothing is learnt: the loss on values stays at what it is without knowledge for a time that grows with the number of
//! subjects, roughly in proportion (Zucchet et al. 2025, arXiv 2503.21676).

use kolmo_theory::discovery::mean_content;
use kolmo_world::WorldConfig;

use crate::{
    claims::{About, Claim, section_for},
    error::Result,
    figures::chart::{Chart, Datum, Ink, Mark},
    measured::{
        runs::{by, id, named, observations},
        seeds::mean_at,
        series::{line, points, shade},
    },
    number::{NOTHING, count, grouped, significant},
    prediction::Expected,
    quantity::Quantity,
    report::{Figure, Section, Sort, Table},
    study::{Study, StudyRun},
};
use kolmo_stats::PowerLaw;

/// The plateau ends where the loss has fallen to this share of what it is without knowledge.
const END: f64 = 0.9;

/// How long nothing is learnt, by the number of subjects.
pub struct Plateau;

impl Claim for Plateau {
    fn about(&self) -> About {
        About {
            name: "plateau",
            title: "The plateau",
            question: "Does the time in which no fact is learnt grow in proportion to the number of subjects?",
            needs: "Runs alike but for the number of subjects, of two or more numbers.",
            predicts: "The exponent of the documents until the loss falls below 0.9 ln V, against subjects, is 1.",
            sort: Sort::Law,
        }
    }

    fn section(&self, study: &Study) -> Result<Option<Section>> {
        let mut section = section_for(
            self,
            study,
            &[
                "The loss on values falls to ln V as soon as the model knows what kind of word is wanted, and stays there until it attends to \
                 the subject. The plateau ends where the loss is below 0.9 ln V for the first time. Numbers of subjects of which a run never \
                 left it are not in the fit: the seeds that did would be the quick ones.",
            ],
        );
        let alike = |run: &StudyRun| (without_elements(run.law()), run.training());
        for (runs, name) in named(study.groups(alike)) {
            let sizes = by(runs.iter().copied(), elements);
            if sizes.len() < 2 {
                continue;
            }
            // A size of which one seed never left would be known by its quick seeds alone.
            let left: Vec<(f64, Vec<&StudyRun>)> = sizes
                .iter()
                .filter(|(_, runs)| runs.iter().all(|run| end(run).is_some()))
                .cloned()
                .collect();
            let of_left: Vec<&StudyRun> = left.iter().flat_map(|(_, runs)| runs).copied().collect();
            // Of the reciprocal, so that the exponent is that of growth.
            let points = observations(&of_left, elements, |run| 1.0 / end(run).unwrap_or(f64::NAN));
            let measured = PowerLaw::fit(&points).map(|law| law.exponent);
            section.verdicts.push(
                Expected::equal(&Plateau, 1.0, Quantity::Exponent)
                    .called(
                        format!("{name}/exponent"),
                        format!(
                            "{name}: the plateau is as long as there are subjects, in proportion."
                        ),
                    )
                    .over("subjects", left.iter().map(|(elements, _)| *elements))
                    .judge(measured),
            );
            section.figures.push(curves(study, &sizes, &name));
            section.figures.push(lengths(study, &left, &name));
            section.tables.push(table(&sizes, &name));
        }
        Ok((!section.verdicts.is_empty()).then_some(section))
    }
}

fn elements(run: &StudyRun) -> f64 {
    run.world.frequency().elements() as f64
}

/// The world but for how many subjects it has, and what follows from that.
fn without_elements(config: &WorldConfig) -> WorldConfig {
    let mut config = config.clone();
    config.names = Default::default();
    // A law whose number of elements is no parameter is another law with every other number.
    if let Some(frequency) = config.frequency.with_elements(1) {
        config.frequency = frequency;
    }
    config
}

/// Documents until the loss is below the plateau, between two evaluations; none if it stays there.
fn end(run: &StudyRun) -> Option<f64> {
    let level = END * mean_content(&run.world);
    let k = run
        .evaluations
        .iter()
        .position(|at| at.value_loss < level)?;
    let (after, before) = (
        run.evaluations.get(k)?,
        run.evaluations.get(k.checked_sub(1)?)?,
    );
    let share = (before.value_loss - level) / (before.value_loss - after.value_loss);
    let (n0, n1) = (before.documents as f64, after.documents as f64);
    Some(n0 * (n1 / n0).powf(share))
}

fn curves(study: &Study, sizes: &[(f64, Vec<&StudyRun>)], name: &str) -> Figure {
    let series = sizes.iter().enumerate().map(|(k, (elements, runs))| {
        let unknown = mean_content(&runs[0].world);
        let at = runs[0].evaluations.iter().filter(|at| at.documents > 0);
        let at = at.map(|at| (at.documents as f64, at.value_loss / unknown));
        let label = format!("{} subjects", grouped(*elements as u64));
        line(label, (Mark::JoinedPoints, shade(k, sizes.len())), at)
    });
    Figure::chart(
        id(study, &["plateau", name, "curves"]),
        format!(
            "{name}: value loss over ln V against documents, one seed of each number of subjects."
        ),
        Chart {
            title: format!("The plateau: {name}"),
            x: "documents".to_owned(),
            y: "value loss / ln V".to_owned(),
            log_y: false,
            series: series.collect(),
        },
    )
}

fn lengths(study: &Study, left: &[(f64, Vec<&StudyRun>)], name: &str) -> Figure {
    let measured: Vec<Datum> = left
        .iter()
        .map(|(elements, runs)| mean_at(*elements, runs, |run| end(run).unwrap_or(f64::NAN)))
        .collect();
    let mut series = Vec::new();
    if let (Some(first), Some(last)) = (measured.first(), measured.last()) {
        let n = measured.len() as f64;
        let place: f64 = measured
            .iter()
            .map(|point| (point.y / point.x).ln())
            .sum::<f64>()
            / n;
        let label = format!("{} documents a subject", significant(place.exp()));
        let ends = [first.x, last.x].map(|x| (x, place.exp() * x));
        series.push(line(label, (Mark::Line, Ink::Theory), ends));
    }
    series.push(points("measured", (Mark::Points, Ink::Measured), measured));
    Figure::chart(
        id(study, &["plateau", name, "length"]),
        format!("{name}: where the plateau ends, means over seeds with 95 % intervals."),
        Chart {
            title: format!("Length of the plateau: {name}"),
            x: "subjects".to_owned(),
            y: "documents".to_owned(),
            log_y: true,
            series,
        },
    )
}

fn table(sizes: &[(f64, Vec<&StudyRun>)], name: &str) -> Table {
    let rows = sizes.iter().flat_map(|(elements, runs)| {
        runs.iter().map(move |run| {
            let end = end(run);
            vec![
                grouped(*elements as u64),
                run.config.seed.to_string(),
                end.map_or(NOTHING.to_owned(), count),
                end.map_or(NOTHING.to_owned(), |end| significant(end / elements)),
            ]
        })
    });
    Table {
        caption: format!("{name}: n/a where the loss never left the plateau."),
        head: ["subjects", "seed", "documents", "documents a subject"]
            .map(str::to_owned)
            .to_vec(),
        rows: rows.collect(),
    }
}
