//! What is shown of the structure function and of the models beside it.

use kolmo_theory::structure::{StructurePoint, structure_function, two_part_code};

use super::{
    Described, share_of_class, share_of_facts, share_of_syntax,
    two_parts::{Best, Counting, TwoParts, bits_of_syntax, floor},
};
use crate::{
    figures::chart::{Chart, Datum, Ink, Mark},
    measured::{
        cells::{cell, share_cell},
        codes::{Compressed, Group},
        runs::{by, id, parameters},
        seeds::{Seeded, datum, mean, of_seeds},
        series::{line, points},
    },
    number::{class_of_ranks, count, grouped, significant},
    report::{Figure, Table},
    study::Study,
};
use kolmo_stats::OfSeed;

/// Points of a curve that is drawn.
const POINTS: usize = 120;

/// The curves of the world of the first run of a family.
pub(super) struct Curves {
    bound: Vec<StructurePoint>,
    two_part: Vec<StructurePoint>,
}

impl Curves {
    pub fn of(of: &Compressed<'_>) -> Self {
        let (world, documents) = (&of.run.world, of.record.documents);
        Self {
            bound: structure_function(world, documents, POINTS),
            two_part: two_part_code(world, documents, POINTS),
        }
    }
}

/// The runs of each number of parameters, rising.
fn sizes<'a>(described: &'a [Described<'a>]) -> Vec<(f64, Vec<&'a Described<'a>>)> {
    by(described, |run| parameters(run.of.run))
}

/// The countings of the runs of a size, each once.
fn countings(runs: &[&Described<'_>]) -> Vec<Counting> {
    let mut countings = Vec::new();
    for description in runs.iter().flat_map(|run| &run.descriptions) {
        if !countings.contains(&description.counting) {
            countings.push(description.counting);
        }
    }
    countings
}

/// The descriptions of the runs that are counted so.
fn counted<'a>(runs: &[&'a Described<'a>], counting: Counting) -> Vec<OfSeed<&'a TwoParts>> {
    let of_run = |run: &&'a Described<'a>| {
        let seed = run.seed();
        let same = run.descriptions.iter();
        let same = same.filter(move |of| of.counting == counting);
        same.map(move |of| (seed, of))
    };
    runs.iter().flat_map(of_run).collect()
}

/// Every size and counting beside the curve.
pub(super) fn gaps(described: &[Described<'_>], name: &str) -> Table {
    let rows = sizes(described).into_iter().flat_map(|(parameters, runs)| {
        let rows = countings(&runs).into_iter().map(|counting| {
            let same = counted(&runs, counting);
            let of = |bits: fn(&TwoParts) -> f64| cell(mean(&same, |(_, of)| bits(of)));
            let half_widths = same.iter().map(|(_, of)| of.half_width);
            vec![
                grouped(parameters as u64),
                counting.name(),
                of(|of| of.model_bits),
                of(|of| of.above.total),
                of(|of| of.best.above.total),
                of(|of| of.gap().total),
                of(|of| of.gap().subject),
                of(|of| of.gap().value),
                of(|of| of.gap().syntax),
                significant(kolmo_stats::mean(half_widths)),
            ]
        });
        rows.collect::<Vec<_>>()
    });
    let head = [
        "parameters",
        "counted as",
        "model, bits",
        "data above the floor",
        "exact curve",
        "gap",
        "of names",
        "of values",
        "of syntax",
        "± of a run",
    ];
    Table {
        caption: format!(
            "{name}: two-part descriptions of all documents beside the exact curve at as many bits of the model; the second part and what it takes \
             above the curve in bits per document, means over seeds with 95 % intervals; last, the half width of the interval of one run over the \
             documents measured."
        ),
        head: head.map(str::to_owned).to_vec(),
        rows: rows.collect(),
    }
}

/// What is in the first part, and what the best one of the size would have.
pub(super) fn first_part(family: &Group<'_>, described: &[Described<'_>]) -> Table {
    let classes = &family.runs[0].run.last().classes;
    let shown: Vec<usize> = match classes.len() {
        0..=4 => (0..classes.len()).collect(),
        many => vec![0, many / 3, 2 * many / 3, many - 1],
    };
    let row = |(parameters, runs): (f64, Vec<&Described<'_>>)| {
        let of = |f: &dyn Fn(&Compressed<'_>) -> f64| cell(mean(&runs, |run| f(&run.of)));
        let stored = counted(&runs, Counting::Stored);
        let best = |f: fn(&Best) -> f64| cell(mean(&stored, |(_, of)| f(&of.best)));
        let share_of =
            |f: &dyn Fn(&Compressed<'_>) -> f64| share_cell(mean(&runs, |run| f(&run.of)));
        let share = |k: usize| {
            let class = |of: &Compressed<'_>| {
                let class = of.run.last().classes.get(k);
                class.map_or(f64::NAN, |class| share_of_class(of, class))
            };
            share_of(&class)
        };
        let mut row = vec![
            grouped(parameters as u64),
            of(&|of| of.run.last().bits_stored),
            of(&bits_of_syntax),
            cell(mean(&counted(&runs, Counting::Capacity), |(_, of)| {
                of.model_bits
            })),
            cell(mean(&runs, cheapest_weights)),
            share_of(&share_of_syntax),
            best(|best| best.syntax_share),
            share_of(&share_of_facts),
        ];
        row.extend(shown.iter().map(|k| share(*k)));
        row.push(best(|best| best.least_mentions));
        row
    };
    let mut head: Vec<String> = [
        "parameters",
        "facts, bits stored",
        "syntax, bits",
        "capacity, bits",
        "cheapest weights, bits",
        "syntax, share",
        "syntax of the best, share",
        "facts, share",
    ]
    .map(str::to_owned)
    .to_vec();
    let class = |k: &usize| class_of_ranks(classes[*k].lo_rank, classes[*k].hi_rank);
    head.extend(shown.iter().map(class));
    head.push("best: mentions of the rarest".to_owned());
    Table {
        caption: format!(
            "{}: what sits in the first part. Bits of its description by each counting; the shares of what the syntax can save, of the bits of all facts \
             met, and of all bits of a frequency class that it has; the cheapest weights are those at the precision that makes both parts together shortest; and what the best description of as many bits as are stored has of the syntax, and \
             how often the facts that it has are stated at least. Means over seeds with 95 % intervals.",
            family.name
        ),
        head,
        rows: sizes(described).into_iter().map(row).collect(),
    }
}

/// What both parts of a description take above the floor, bits per document.
fn both(of: &Compressed<'_>, description: &TwoParts) -> f64 {
    description.model_bits / of.record.documents as f64 + description.above.total
}

/// The weights that make the shortest two-part code.
fn cheapest<'a>(run: &'a &Described<'_>) -> Option<&'a TwoParts> {
    let weights = run.descriptions.iter();
    let weights = weights.filter(|of| matches!(of.counting, Counting::Weights(_)));
    weights.min_by(|a, b| both(&run.of, a).total_cmp(&both(&run.of, b)))
}

fn cheapest_weights(run: &&Described<'_>) -> f64 {
    cheapest(run).map_or(f64::NAN, |of| of.model_bits)
}

/// The least of both parts together on a curve, bits per document.
fn least_total(curve: &[StructurePoint], documents: f64) -> f64 {
    let totals = curve
        .iter()
        .map(|point| (point.model_bits + point.data_bits) / documents);
    totals.fold(f64::INFINITY, f64::min)
}

/// Whole codes of the documents, model and data together.
pub(super) fn totals(described: &[Described<'_>], curves: &Curves, name: &str) -> Table {
    let first = &described[0].of;
    let documents = first.record.documents;
    let floor_of = floor(first);
    let exact = |curve: &[StructurePoint]| least_total(curve, documents as f64);
    let row = |label: String, of: String, above: String| vec![label, of, above];
    let known = |label: &str, bits: f64| {
        let label = label.to_owned();
        row(label, significant(bits), significant(bits - floor_of))
    };
    let mut rows = vec![
        known("floor", floor_of),
        known("least of the exact curve", exact(&curves.bound)),
        known("explicit two-part code", exact(&curves.two_part)),
    ];
    let bits = |label: String, runs: &[&Described<'_>], above: &dyn Fn(&&Described<'_>) -> f64| {
        // The syntax of another seed has another floor.
        let whole = |run: &&Described<'_>| floor_of + above(run);
        let cells = [cell(mean(runs, whole)), cell(mean(runs, above))];
        let [whole, above] = cells;
        row(label, whole, above)
    };
    let prequential = |run: &&Described<'_>, is_model: bool| {
        let last = run.of.run.last();
        let code = &last.exact.code_bits;
        let coder = if is_model { &code.model } else { &code.bayes };
        let above = (coder.total - code.floor.total) / last.documents as f64;
        if code.floor.total > 0.0 {
            above
        } else {
            f64::NAN
        }
    };
    // The documents of all sizes of a seed are the same.
    let sizes = sizes(described);
    if let Some((_, runs)) = sizes.first() {
        let label = "Bayes learner, prequential".to_owned();
        rows.push(bits(label, runs, &|run| prequential(run, false)));
    }
    for (parameters, runs) in &sizes {
        let model = format!("model of {} parameters", grouped(*parameters as u64));
        rows.push(bits(format!("{model}, prequential"), runs, &|run| {
            prequential(run, true)
        }));
        rows.push(bits(format!("{model}, weights and data"), runs, &|run| {
            cheapest(run).map_or(f64::NAN, |of| both(&run.of, of))
        }));
    }
    Table {
        caption: format!(
            "{name}: whole codes of {} documents, bits per document and the same above the floor, means over seeds with 95 % intervals; of the \
             weights at the precision that makes the code shortest. The floor, which all are laid on, and the curves are those of the world of the first seed, in expectation.",
            grouped(documents)
        ),
        head: ["code", "bits per document", "above the floor"]
            .map(str::to_owned)
            .to_vec(),
        rows,
    }
}

/// Data against model, both curves and every size and counting.
pub(super) fn figure(
    study: &Study,
    described: &[Described<'_>],
    curves: &Curves,
    name: &str,
) -> Figure {
    let first = &described[0].of;
    let documents = first.record.documents;
    let floor_of = floor(first);
    let shown = |curve: &[StructurePoint]| {
        let above = |point: &StructurePoint| {
            let data = point.data_bits / documents as f64;
            (point.model_bits, data - floor_of)
        };
        let points = curve.iter().map(above);
        // A logarithm has no place for the end of the curve.
        points
            .filter(|(_, above)| *above > 1e-9)
            .collect::<Vec<_>>()
    };
    let sizes = sizes(described);
    let measured = |is: fn(Counting) -> bool| {
        let counted = sizes.iter().flat_map(|(_, runs)| {
            let countings = countings(runs).into_iter();
            let countings = countings.filter(move |counting| is(*counting));
            countings.map(move |counting| counted(runs, counting))
        });
        let at = |same: Vec<OfSeed<&TwoParts>>| {
            let bits = same.iter().map(|(_, of)| of.model_bits);
            datum(
                kolmo_stats::mean(bits),
                &of_seeds(&same, |(_, of)| of.above.total),
            )
        };
        let mut data: Vec<Datum> = counted.map(at).collect();
        data.sort_by(|a, b| a.x.total_cmp(&b.x));
        data
    };
    let series = vec![
        line(
            "the structure function",
            (Mark::Line, Ink::Theory),
            shown(&curves.bound),
        ),
        line(
            "an explicit two-part code",
            (Mark::Dashes, Ink::Theory),
            shown(&curves.two_part),
        ),
        points(
            "bits stored",
            (Mark::JoinedPoints, Ink::Measured),
            measured(|counting| counting == Counting::Stored),
        ),
        points(
            "parameters times capacity",
            (Mark::JoinedPoints, Ink::Asymptote),
            measured(|counting| counting == Counting::Capacity),
        ),
        points(
            "weights, quantised and coded",
            (Mark::Points, Ink::Reference),
            measured(|counting| matches!(counting, Counting::Weights(_))),
        ),
    ];
    Figure::chart(
        id(study, &["structure", name]),
        format!(
            "{name}, {} documents: what they take above the floor with a model, against the bits of its description; the least that is \
             possible, a code that can be written, and trained models, means over seeds with 95 % intervals.",
            count(documents as f64)
        ),
        Chart {
            title: format!("The structure function: {name}"),
            x: "bits of the model".to_owned(),
            y: "data above the floor (bits per document)".to_owned(),
            log_y: true,
            series,
        },
    )
}
