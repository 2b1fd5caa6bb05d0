//! How the excess grows with documents and with parameters.

use super::{Family, Overconfidence};
use crate::{
    measured::{
        cells::text,
        runs::{by_documents, by_parameters, observations, parameters},
    },
    number::grouped,
    prediction::Expected,
    quantity::Quantity,
    report::{Table, Verdict},
    study::StudyRun,
};
use kolmo_stats::{Estimate, PowerLaw, ProductLaw, Refusal, SurfaceObservation};

type Exponent = Result<Estimate, Refusal>;

fn documents(run: &StudyRun) -> f64 {
    run.config.train.documents as f64
}

/// The exponent by which the excess of `runs` grows with what `x` says of them.
fn growth(family: &Family<'_>, runs: &[&StudyRun], x: impl Fn(&StudyRun) -> f64) -> Exponent {
    // Of the reciprocal, so that the exponent is that of growth.
    let points = observations(runs, x, |run| 1.0 / family.strangers(run));
    PowerLaw::fit(&points).map(|law| law.exponent)
}

/// The exponents of parameters and of documents over all sizes and lengths; of what does not vary there is none.
fn exponents(family: &Family<'_>) -> [Option<Exponent>; 2] {
    let runs = family.runs();
    match (
        by_parameters(&runs).len() > 1,
        by_documents(&runs).len() > 1,
    ) {
        (true, true) => {
            let observation = |run: &&StudyRun| SurfaceObservation {
                parameters: parameters(run),
                documents: documents(run),
                loss: family.strangers(run),
                unit: run.config.seed,
            };
            let law = ProductLaw::fit(&runs.iter().map(observation).collect::<Vec<_>>());
            let document_exponent = law.clone().map(|law| law.document_exponent);
            [
                Some(law.map(|law| law.parameter_exponent)),
                Some(document_exponent),
            ]
        }
        (true, false) => [Some(growth(family, &runs, parameters)), None],
        (false, true) => [None, Some(growth(family, &runs, documents))],
        (false, false) => [None, None],
    }
}

/// Bayes predicts no growth.
pub(super) fn verdicts(family: &Family<'_>) -> Vec<Verdict> {
    let name = &family.name;
    let runs = family.runs();
    let claim = |what: &str, x: fn(&StudyRun) -> f64, exponent: Exponent| {
        Expected::equal(&Overconfidence, 0.0, Quantity::Exponent)
            .called(
                format!("{name}/exponent of {what}"),
                format!(
                    "{name}: the excess about names that nobody bears does not grow with {what}."
                ),
            )
            .over(what, runs.iter().map(|run| x(run)))
            .judge(exponent)
    };
    let [of_parameters, of_documents] = exponents(family);
    let of_parameters = of_parameters.map(|exponent| claim("parameters", parameters, exponent));
    let of_documents = of_documents.map(|exponent| claim("documents", documents, exponent));
    of_parameters.into_iter().chain(of_documents).collect()
}

/// The exponents of each size and of each length, and of all together.
pub(super) fn table(family: &Family<'_>) -> Option<Table> {
    let runs = family.runs();
    let (sizes, lengths) = (by_parameters(&runs), by_documents(&runs));
    let mut rows = Vec::new();
    let mut row = |with: &str, of: String, exponent: Exponent| {
        rows.push(vec![of, with.to_owned(), text(&exponent)]);
    };
    let [of_parameters, of_documents] = exponents(family);
    if let Some(exponent) = of_documents {
        for (size, runs) in &sizes {
            let of = format!("{} parameters", grouped(*size as u64));
            row("documents", of, growth(family, runs, documents));
        }
        if sizes.len() > 1 {
            row("documents", "all sizes".to_owned(), exponent);
        }
    }
    if let Some(exponent) = of_parameters {
        for (length, runs) in &lengths {
            let of = format!("{} documents", grouped(*length as u64));
            row("parameters", of, growth(family, runs, parameters));
        }
        if lengths.len() > 1 {
            row("parameters", "all lengths".to_owned(), exponent);
        }
    }
    (!rows.is_empty()).then(|| Table {
        caption: format!(
            "{}: the exponent by which the excess about names that nobody bears grows, with 95 % intervals.",
            family.name
        ),
        head: ["runs of", "growth with", "exponent"]
            .map(str::to_owned)
            .to_vec(),
        rows,
    })
}
