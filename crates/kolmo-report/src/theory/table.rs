//! Predictions to read: a few rows of every curve.

use std::f64::consts::LN_2;

use kolmo_theory::{Predictions, predictions::Prior};

use crate::{
    columns::columns,
    number::{NOTHING, count, grouped, loss, ranks, significant},
};

/// `predictions` in plain text of at most 100 columns: the world, entropy and floor, and the curves at
/// about a row for each factor of ten. Losses are nats, and bits stand beside them where code lengths
/// are meant; `n/a` stands for what the world has none of.
pub fn table(predictions: &Predictions) -> String {
    let mut parts = vec![
        world(predictions),
        entropy(predictions),
        data(predictions),
        capacity(predictions),
        classes(predictions),
    ];
    parts.extend(predictions.prior.as_ref().map(prior));
    parts.join("\n")
}

fn world(predictions: &Predictions) -> String {
    let world = &predictions.world;
    format!(
        "{} subjects ({}), {} relations, {} stated a document, {} tokens.\n\
         Unknown facts cost h = {} nats = {} bits.\n",
        grouped(world.elements),
        world.family,
        world.relations,
        world.relations_per_document,
        grouped(world.vocabulary as u64),
        loss(world.h_nats),
        loss(world.h_nats / LN_2),
    )
}

fn entropy(predictions: &Predictions) -> String {
    let row = |name: &str, nats: f64| [name.to_owned(), loss(nats), loss(nats / LN_2)];
    let origin = &predictions.entropy_nats;
    let floor = &predictions.floor_nats;
    let by_origin = columns(
        ["entropy of a document, by origin", "nats", "bits"],
        &[
            row("subject", origin.subject),
            row("syntax", origin.syntax),
            row("value", origin.value),
            row("document", origin.document),
        ],
    );
    let by_role = columns(
        ["the same, by the role of its tokens", "nats", "bits"],
        &[
            row("subject", floor.subject),
            row("syntax", floor.syntax),
            row("value", floor.value),
            row("eos", floor.eos),
            row("document", floor.total()),
        ],
    );
    format!("{by_origin}\n{by_role}")
}

fn data(predictions: &Predictions) -> String {
    let exponent = predictions.bayes_exponent;
    let exponent = exponent.map_or(NOTHING.to_owned(), significant);
    let at_decades = decades(&predictions.bayes_value_loss, |at| at.n);
    let rows: Vec<[String; 5]> = at_decades
        .into_iter()
        .filter_map(|k| {
            let loss_at = predictions.bayes_value_loss.get(k)?;
            Some([
                count(loss_at.n),
                count(predictions.expected_distinct.get(k)?.value),
                loss(loss_at.value),
                significant(predictions.bayes_slope.get(k)?.value),
                exponent.clone(),
            ])
        })
        .collect();
    let heads = [
        "documents n",
        "distinct subjects",
        "Bayes (nats/fact)",
        "slope",
        "1 - α",
    ];
    let mut text = columns(heads, &rows);
    if let (Some(constant), Some(_)) = (predictions.bayes_constant, predictions.bayes_exponent) {
        let constant = significant(constant);
        text += &format!("Power law without end: {constant} n^-{exponent} nats/fact.\n");
    }
    text
}

fn capacity(predictions: &Predictions) -> String {
    let curve = &predictions.capacity;
    let rows: Vec<[String; 4]> = decades(curve, |at| at.bits)
        .into_iter()
        .filter_map(|k| curve.get(k))
        .map(|at| {
            [
                count(at.bits),
                count(at.facts),
                loss(at.value_loss),
                loss(at.value_loss_exponential),
            ]
        })
        .collect();
    let heads = [
        "capacity (bits)",
        "facts",
        "stored or not (nats/fact)",
        "exponential",
    ];
    let exponent = predictions.capacity_exponent;
    let exponent = exponent.map_or(NOTHING.to_owned(), significant);
    let text = columns(heads, &rows);
    format!("{text}Exponent of a power law without end, 1/α - 1: {exponent}.\n")
}

/// Half-learning times, and wrong answers at an early, a middle and the last number of documents.
fn classes(predictions: &Predictions) -> String {
    let rates = &predictions.hallucination;
    let first = rates.first().map(|at| at.lo_rank);
    let of_first = rates.iter().filter(|at| Some(at.lo_rank) == first);
    let numbers: Vec<f64> = of_first.map(|at| at.n).collect();
    let moments: Vec<f64> = decades(&numbers, |n| *n)
        .into_iter()
        .map(|k| numbers[k])
        .collect();
    let last = moments.len().saturating_sub(1);
    let moments = [last / 3, 2 * last / 3, last].map(|k| moments.get(k).copied());
    let rows: Vec<[String; 5]> = predictions
        .half_learning
        .iter()
        .map(|class| {
            let rate = |n: Option<f64>| {
                let mut of_class = rates.iter().filter(|at| at.lo_rank == class.lo_rank);
                let rate = of_class.find(|at| Some(at.n) == n).map(|at| at.rate);
                rate.map_or(NOTHING.to_owned(), |rate| format!("{:.1}", 100.0 * rate))
            };
            let [early, middle, late] = moments.map(rate);
            let ranks = ranks(class.lo_rank, class.hi_rank);
            let half = count(class.documents.unwrap_or(f64::NAN));
            [ranks, half, early, middle, late]
        })
        .collect();
    let [early, middle, late] = moments.map(|n| format!("n = {}", count(n.unwrap_or(f64::NAN))));
    let early = format!("wrong (%) at {early}");
    let heads = ["ranks", "half learnt at n", &early, &middle, &late];
    columns(heads, &rows)
}

fn prior(prior: &Prior) -> String {
    let curve = &prior.expected_distinct;
    let rows: Vec<[String; 2]> = decades(curve, |at| at.n)
        .into_iter()
        .filter_map(|k| curve.get(k))
        .map(|at| [count(at.n), count(at.value)])
        .collect();
    let distinct = columns(["documents n", "distinct subjects"], &rows);
    format!(
        "The process PY({}, {}), in expectation over its draws: {} nats of subject entropy,\n\n{distinct}",
        prior.parameters.discount,
        prior.parameters.concentration,
        loss(prior.entropy_nats),
    )
}

/// The places in `points` that are nearest to whole powers of ten, and of the last point.
fn decades<T>(points: &[T], of: impl Fn(&T) -> f64) -> Vec<usize> {
    let logs: Vec<f64> = points.iter().map(|point| of(point).log10()).collect();
    let (Some(first), Some(last)) = (logs.first(), logs.last()) else {
        return Vec::new();
    };
    let nearest = |decade: i32| {
        let away = |k: &usize| (logs[*k] - f64::from(decade)).abs();
        (0..logs.len()).min_by(|one, other| away(one).total_cmp(&away(other)))
    };
    let decades = first.round() as i32..=last.round() as i32;
    let mut places: Vec<usize> = decades
        .filter_map(nearest)
        .chain([logs.len() - 1])
        .collect();
    places.dedup();
    places
}
