//! Predictions as CSV: a file for each curve, or all of them in one.

use kolmo_theory::{Predictions, predictions::AtDocuments, structure::StructurePoint};
use serde::Serialize;

use crate::{csv::csv, error::Result};

/// Name and content of a CSV file for each curve.
pub(super) fn csv_files(predictions: &Predictions) -> Result<[(&'static str, String); 11]> {
    Ok([
        (
            "expected_distinct.csv",
            csv(&predictions.expected_distinct)?,
        ),
        ("bayes_value_loss.csv", csv(&predictions.bayes_value_loss)?),
        ("bayes_slope.csv", csv(&predictions.bayes_slope)?),
        ("redundancy.csv", csv(&predictions.redundancy)?),
        ("capacity.csv", csv(&predictions.capacity)?),
        ("surface.csv", csv(&predictions.surface)?),
        (
            "structure_function.csv",
            csv(&predictions.structure_function)?,
        ),
        ("two_part_code.csv", csv(&predictions.two_part_code)?),
        ("monofact_rate.csv", csv(&predictions.monofact_rate)?),
        ("hallucination.csv", csv(&predictions.hallucination)?),
        ("half_learning.csv", csv(&predictions.half_learning)?),
    ])
}

/// A row of the tidy table. What a prediction does not depend on is left empty.
#[derive(Debug, Clone, Copy, Default, Serialize)]
struct Row {
    prediction: &'static str,
    n: Option<f64>,
    bits: Option<f64>,
    lo_rank: Option<u64>,
    hi_rank: Option<u64>,
    value: Option<f64>,
}

impl Row {
    fn of(prediction: &'static str, value: impl Into<Option<f64>>) -> Self {
        Self {
            prediction,
            value: value.into(),
            ..Self::default()
        }
    }

    fn at(self, n: f64) -> Self {
        Self { n: Some(n), ..self }
    }

    fn with(self, bits: f64) -> Self {
        Self {
            bits: Some(bits),
            ..self
        }
    }

    fn among(self, lo_rank: u64, hi_rank: u64) -> Self {
        Self {
            lo_rank: Some(lo_rank),
            hi_rank: Some(hi_rank),
            ..self
        }
    }
}

/// All numbers of `predictions` as one tidy CSV table, a number a row:
/// `prediction,n,bits,lo_rank,hi_rank,value`.
///
/// `prediction` is the number's key in the JSON form, one key within another joined by `_`. `n` is the
/// number of documents, `bits` the capacity or the size of the model, `lo_rank` and `hi_rank` the
/// frequency class: empty where a prediction does not depend on them. `value` is empty where the world
/// has no such number, or one that is not finite.
///
/// # Errors
/// [`Error::Serialize`](crate::Error::Serialize), which no predictions lead to.
pub fn tidy_csv(predictions: &Predictions) -> Result<String> {
    let mut rows = scalars(predictions);
    let mut curve = |prediction, points: &[AtDocuments]| {
        rows.extend(
            points
                .iter()
                .map(|at| Row::of(prediction, at.value).at(at.n)),
        );
    };
    curve("expected_distinct", &predictions.expected_distinct);
    curve("bayes_value_loss", &predictions.bayes_value_loss);
    curve("bayes_slope", &predictions.bayes_slope);
    curve("monofact_rate", &predictions.monofact_rate);
    if let Some(prior) = &predictions.prior {
        curve("prior_expected_distinct", &prior.expected_distinct);
    }
    for at in &predictions.redundancy {
        rows.push(Row::of("redundancy_value", at.value).at(at.n));
        rows.push(Row::of("redundancy_syntax", at.syntax).at(at.n));
    }
    for at in &predictions.capacity {
        rows.push(Row::of("capacity_facts", at.facts).with(at.bits));
        rows.push(Row::of("capacity_value_loss", at.value_loss).with(at.bits));
        let exponential = at.value_loss_exponential;
        rows.push(Row::of("capacity_value_loss_exponential", exponential).with(at.bits));
    }
    for at in &predictions.surface {
        rows.push(
            Row::of("surface_value_loss", at.value_loss)
                .at(at.n)
                .with(at.bits),
        );
    }
    let documents = predictions.structure_documents as f64;
    for (prediction, points) in [
        (
            "structure_function_data_bits",
            &predictions.structure_function,
        ),
        ("two_part_code_data_bits", &predictions.two_part_code),
    ] {
        let row = |point: &StructurePoint| {
            let row = Row::of(prediction, point.data_bits);
            row.at(documents).with(point.model_bits)
        };
        rows.extend(points.iter().map(row));
    }
    for at in &predictions.hallucination {
        let row = Row::of("hallucination_rate", at.rate).at(at.n);
        rows.push(row.among(at.lo_rank, at.hi_rank));
    }
    for class in &predictions.half_learning {
        let row = Row::of("half_learning_documents", class.documents);
        rows.push(row.among(class.lo_rank, class.hi_rank));
    }
    csv(&rows)
}

/// What is a single number.
fn scalars(predictions: &Predictions) -> Vec<Row> {
    let world = &predictions.world;
    let entropy = &predictions.entropy_nats;
    let floor = &predictions.floor_nats;
    let prior = predictions.prior.as_ref();
    vec![
        Row::of("world_elements", world.elements as f64),
        Row::of("world_relations", world.relations as f64),
        Row::of(
            "world_relations_per_document",
            world.relations_per_document as f64,
        ),
        Row::of("world_h_nats", world.h_nats),
        Row::of("world_vocabulary", world.vocabulary as f64),
        Row::of("entropy_nats_subject", entropy.subject),
        Row::of("entropy_nats_syntax", entropy.syntax),
        Row::of("entropy_nats_value", entropy.value),
        Row::of("entropy_nats_document", entropy.document),
        Row::of("floor_nats_syntax", floor.syntax),
        Row::of("floor_nats_subject", floor.subject),
        Row::of("floor_nats_value", floor.value),
        Row::of("floor_nats_eos", floor.eos),
        Row::of("bayes_exponent", predictions.bayes_exponent),
        Row::of("bayes_constant", predictions.bayes_constant),
        Row::of("capacity_exponent", predictions.capacity_exponent),
        Row::of("prior_entropy_nats", prior.map(|prior| prior.entropy_nats)),
    ]
}
