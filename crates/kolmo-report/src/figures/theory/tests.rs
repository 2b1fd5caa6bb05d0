use kolmo_theory::Scope;
use kolmo_world::config::{
    FrequencyConfig, GroupConfig, GroupedConfig, PitmanYorConfig, UniformConfig, ZipfConfig,
};
use kolmo_world::{World, WorldConfig};

use super::*;
use crate::figures::svg::{assert_well_formed, distance, lines};

const NAMES: [&str; 7] = [
    "data.svg",
    "slope.svg",
    "distinct.svg",
    "capacity.svg",
    "surface.svg",
    "structure_function.svg",
    "hallucination.svg",
];

const THEORY: &str = "#5A5A5A";
const ASYMPTOTE: &str = "#BE5C28";

fn predictions(frequency: FrequencyConfig, (from, to): (f64, f64)) -> Predictions {
    let config = WorldConfig {
        frequency,
        ..WorldConfig::default()
    };
    let world = World::new(&config, 1).unwrap();
    let last = world.frequency().elements();
    let scope = Scope {
        from,
        to,
        per_decade: 4,
        documents: 1000,
        classes: vec![(1, 1), (2, last.max(2))],
    };
    Predictions::of(&world, &scope)
}

fn zipf(elements: u64, exponent: f64) -> FrequencyConfig {
    FrequencyConfig::Zipf(ZipfConfig {
        elements,
        exponent,
        bias: 0.0,
    })
}

/// The figures, as SVG, in the order of their names.
fn figures(predictions: &Predictions) -> [String; 7] {
    let (names, figures): (Vec<_>, Vec<_>) = draw(predictions).unwrap().into_iter().unzip();
    assert_eq!(names, NAMES);
    let figures = <[String; 7]>::try_from(figures).unwrap();
    for svg in &figures {
        assert_well_formed(svg);
    }
    figures
}

#[test]
fn whatever_the_world_is_it_is_drawn() {
    let group = |elements, weight| GroupConfig { elements, weight };
    let sticks = FrequencyConfig::PitmanYor(PitmanYorConfig {
        discount: 0.6,
        concentration: 1.0,
        elements: 1 << 12,
    });
    for (law, range) in [
        (zipf(5000, 1.5), (1.0, 1e6)),
        (zipf(5000, 0.7), (1.0, 1e15)),
        (zipf(1, 2.0), (1.0, 2.0)),
        (zipf(1_000_000_000, 1.2), (1e3, 1.001e3)),
        (
            FrequencyConfig::Uniform(UniformConfig { elements: 2 }),
            (1.0, 1e9),
        ),
        (
            FrequencyConfig::Grouped(GroupedConfig {
                groups: vec![group(3, 1.0), group(90, 0.5)],
            }),
            (1.0, 1e6),
        ),
        (sticks, (7.0, 1e5)),
    ] {
        for svg in figures(&predictions(law, range)) {
            assert!(svg.contains("polyline"));
        }
    }
}

#[test]
fn axes_and_series_are_labelled() {
    let figures = figures(&predictions(zipf(5000, 1.5), (1.0, 1e6)));
    for (svg, texts) in figures.iter().zip([
        &[
            "documents (sentences)",
            "value loss (nats per fact)",
            "knows nothing",
            "n^-0.333",
        ][..],
        &[
            "documents (sentences)",
            "power law: 1 - α = 0.333",
            "Bayes, expected",
        ],
        &[
            "distinct subjects",
            "all subjects",
            "expected of this world",
        ],
        &[
            "capacity (bits)",
            "a fact is stored or not",
            "worth less than the last",
        ],
        &[
            "capacity (bits)",
            "1 document",
            "1,000 documents",
            "unlimited data",
        ],
        &[
            "bits of the model",
            "Structure function of 1,000 documents",
            "entropy",
            "no model is below",
            "code that names each fact",
        ],
        &["wrong answers (share)", "rank 1", "ranks 2-5000"],
    ]) {
        for text in texts {
            assert!(svg.contains(text), "{text:?}");
        }
    }
}

/// Long before the subjects run out, the curve is the power law and its exponent is 1 − α.
#[test]
fn a_power_law_lies_on_its_asymptote() {
    let [data, slope, ..] = figures(&predictions(zipf(1_000_000_000, 1.5), (1e2, 1e5)));
    for svg in [data, slope] {
        let curve = lines(&svg, THEORY);
        let curve = curve.iter().find(|line| line.len() > 5).unwrap();
        let asymptote = lines(&svg, ASYMPTOTE);
        for point in &curve[4..] {
            let distance = distance(*point, &asymptote);
            // It may lie between two dashes, 5 pixels apart.
            assert!(distance < 100.0, "{point:?}: {distance}");
        }
    }
    let laws = predictions(
        FrequencyConfig::Uniform(UniformConfig { elements: 100 }),
        (1.0, 1e3),
    );
    for svg in figures(&laws) {
        assert!(lines(&svg, ASYMPTOTE).is_empty(), "no law, no asymptote");
    }
}

#[test]
fn a_line_of_the_surface_is_that_of_its_documents() {
    let mut predictions = predictions(zipf(5000, 1.5), (1.0, 1e6));
    let [.., surface, _, _] = figures(&predictions);
    let rows = predictions
        .surface
        .chunk_by(|one, other| one.n == other.n)
        .count();
    assert_eq!(surface.matches("documents\n").count() + 1, rows);
    // What capacity alone leaves is below what data and capacity leave.
    predictions.surface.retain(|at| at.n == 1e6);
    let [.., surface, _, _] = figures(&predictions);
    assert!(surface.contains("1,000,000 documents") && !surface.contains("1 document\n"));
}
