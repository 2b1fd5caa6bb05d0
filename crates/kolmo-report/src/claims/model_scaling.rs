//! Loss against capacity: what a model misses falls as if it kept the most frequent facts and lost the others, and while the
//! population has no end as C^{−(1/α−1)} (Pan et al. 2025, model scaling law; water-filling over facts).

use std::f64::consts::LN_2;

use kolmo_theory::{
    capacity::{Capacity, WaterFilling},
    discovery::{PowerLaw as Asymptote, mean_content},
};

use crate::{
    claims::{About, Claim, section_for},
    error::Result,
    figures::chart::{Chart, Ink, Mark},
    measured::{
        ladders::{bits, ladders, missing},
        runs::{by_parameters, id, named, observations, parameters},
        seeds::{count_seeds, mean_at},
        series::{each_run, grid, line, points},
    },
    number::{count, estimate, grouped, loss, significant},
    prediction::{Expected, beside, range},
    quantity::Quantity,
    report::{Figure, Section, Sort, Table, Verdict},
    study::{Study, StudyRun},
};
use kolmo_stats::PowerLaw;

/// Loss against capacity: the model scaling law.
pub struct ModelScaling;

impl Claim for ModelScaling {
    fn about(&self) -> About {
        About {
            name: "model_scaling",
            title: "Loss against capacity",
            question: "Does what a model misses fall with the bits that it stores as if it stored the most frequent facts?",
            needs: "Runs of one law and one training of two or more sizes, of which the longest count.",
            predicts: "The exponent of what is missing against the bits stored is that of the best use of as many bits, on as many documents; \
                 against the bits and against the parameters it is 1/α − 1.",
            sort: Sort::Law,
        }
    }

    fn section(&self, study: &Study) -> Result<Option<Section>> {
        let mut section = section_for(
            self,
            study,
            &[
                "A model that stores C bits does best to spend them on the facts that are stated most often. What it misses \
                 then follows from C and the frequencies, without a free constant. C is measured: what a code saves that \
                 uses the model's answers, summed over all facts. Theory is compared with missing knowledge, \
                 min(loss, h); what is lost by confident mistakes beyond h is in the table.",
            ],
        );
        for (runs, name) in named(ladders(study)) {
            section.verdicts.extend(verdicts(&runs, &name));
            section.figures.push(figure(study, &runs, &name));
            section.tables.push(table(&runs, &name));
        }
        Ok((!section.verdicts.is_empty()).then_some(section))
    }
}

/// What the best use of as many bits misses, on as many documents.
fn exact(run: &StudyRun) -> f64 {
    let capacity = Capacity::after(&run.world, run.documents());
    capacity.store(bits(run) * LN_2).value_loss
}

fn verdicts(runs: &[&StudyRun], name: &str) -> Vec<Verdict> {
    let points = observations(runs, bits, missing);
    let curve: Vec<f64> = runs.iter().map(|run| exact(run)).collect();
    let (predicted, beside_curve) = beside(&points, &curve);
    let claim = |which: &str, statement: String, predicted| {
        Expected::equal(&ModelScaling, predicted, Quantity::Exponent)
            .called(format!("{name}/{which}"), statement)
            .over("bits stored", runs.iter().map(|run| bits(run)))
    };
    let statement = format!(
        "{name}: what is missing falls with the bits stored as fast as if these were the most frequent facts."
    );
    let mut verdicts = vec![claim("exact curve", statement, predicted).judge(beside_curve)];
    if let Some(law) = Asymptote::of(&runs[0].world) {
        let statement = format!(
            "{name}: it falls as the power law of a population without end, with the exponent 1/α - 1."
        );
        let limit = claim("1/alpha - 1", statement, law.capacity_exponent());
        verdicts.push(limit.judge(PowerLaw::fit(&points).map(|law| law.exponent)));
        let measured =
            PowerLaw::fit(&observations(runs, parameters, missing)).map(|law| law.exponent);
        let statement = format!("{name}: it falls with the parameters with the exponent 1/α - 1.");
        let by_size = claim("parameters", statement, law.capacity_exponent())
            .over("parameters", runs.iter().map(|run| parameters(run)));
        verdicts.push(by_size.judge(measured));
    }
    verdicts
}

fn figure(study: &Study, runs: &[&StudyRun], name: &str) -> Figure {
    let first = runs[0];
    let ends = range(
        "bits",
        runs.iter().map(|run| bits(run)).filter(|bits| *bits > 0.0),
    );
    let (lo, hi) = ends.map_or((1.0, 10.0), |ends| (ends.lo / 2.0, ends.hi * 2.0));
    let after = Capacity::after(&first.world, first.documents());
    let filling = WaterFilling::new(&first.world);
    let mut series = vec![
        line(
            "a fact is stored or not",
            (Mark::Line, Ink::Theory),
            grid(lo, hi, 100).map(|bits| (bits, after.store(bits * LN_2).value_loss)),
        ),
        line(
            "each nat of a fact is worth less",
            (Mark::Dashes, Ink::Theory),
            grid(lo, hi, 100).map(|bits| (bits, filling.value_loss(bits * LN_2))),
        ),
    ];
    if let Ok(law) = PowerLaw::fit(&observations(runs, bits, missing)) {
        let label = format!("fit, C^-{}", significant(law.exponent.value));
        let ends = [lo, hi].map(|bits| (bits, law.at(bits)));
        series.push(line(label, (Mark::Dashes, Ink::Measured), ends));
    }
    series.push(points(
        "measured, each run",
        (Mark::Points, Ink::Measured),
        each_run(runs, bits, missing),
    ));
    Figure::chart(
        id(study, &["model-scaling", name]),
        format!(
            "{name}, {} documents: what is missing against the bits stored. A learner that knows nothing misses {} nats.",
            grouped(first.documents() as u64),
            loss(mean_content(&first.world))
        ),
        Chart {
            title: format!("Loss against capacity: {name}"),
            x: "bits stored".to_owned(),
            y: "missing (nats per fact)".to_owned(),
            log_y: true,
            series,
        },
    )
}

fn table(runs: &[&StudyRun], name: &str) -> Table {
    let rows = by_parameters(runs).into_iter().map(|(parameters, runs)| {
        let of = |f: &dyn Fn(&StudyRun) -> f64| mean_at(parameters, &runs, f);
        let measured = of(&missing);
        let predicted = of(&exact).y;
        vec![
            grouped(parameters as u64),
            runs[0].config.model.width().to_string(),
            count_seeds(&runs).to_string(),
            count(of(&bits).y),
            estimate(measured.y, measured.ci95.unwrap_or([f64::NAN; 2])),
            loss(predicted),
            significant(measured.y / predicted),
            loss(measured.y - predicted),
            loss(of(&|run: &StudyRun| run.last().overconfidence).y),
        ]
    });
    let head = [
        "parameters",
        "width",
        "seeds",
        "bits stored",
        "missing",
        "predicted",
        "ratio",
        "gap",
        "overconfidence",
    ];
    Table {
        caption: format!(
            "{name}: nats per fact, ± half the 95 % interval over seeds; predicted from the bits stored, as if they were the most \
             frequent facts met."
        ),
        head: head.map(str::to_owned).to_vec(),
        rows: rows.collect(),
    }
}
