use kolmo_world::config::{
    FrequencyConfig, GroupConfig, GroupedConfig, PitmanYorConfig, UniformConfig,
};
use kolmo_world::{World, WorldConfig};

use super::*;
use crate::figures::svg::{assert_well_formed, distance, lines, points};

const THEORY: &str = "#5A5A5A";

/// `zipf.svg` and `heaps.svg` of the first `documents` documents.
fn figures(frequency: FrequencyConfig, documents: u64) -> [String; 2] {
    let config = WorldConfig {
        frequency,
        ..WorldConfig::default()
    };
    let world = World::new(&config, 1).unwrap();
    let survey = Survey::of(&world, documents, |_| ());
    let drawn = draw(&world, &survey).unwrap().into_iter();
    let (names, figures): (Vec<_>, Vec<_>) = drawn.unzip();
    assert_eq!(names, ["zipf.svg", "heaps.svg"]);
    let figures = <[String; 2]>::try_from(figures).unwrap();
    for svg in &figures {
        assert_well_formed(svg);
    }
    figures
}

#[test]
fn whatever_was_counted_is_drawn() {
    let group = |elements, weight| GroupConfig { elements, weight };
    for (law, documents) in [
        (FrequencyConfig::default(), 1),
        (FrequencyConfig::default(), 2),
        (FrequencyConfig::Uniform(UniformConfig { elements: 1 }), 100),
        (
            FrequencyConfig::Grouped(GroupedConfig {
                groups: vec![group(3, 1.0), group(90, 0.5)],
            }),
            1000,
        ),
        (
            FrequencyConfig::PitmanYor(PitmanYorConfig {
                discount: 0.0,
                concentration: 1.0,
                elements: 1 << 12,
            }),
            100,
        ),
    ] {
        for svg in figures(law, documents) {
            assert!(svg.contains("counted") && !points(&svg).is_empty());
        }
    }
}

#[test]
fn what_is_counted_lies_near_the_curve() {
    let [zipf, heaps] = figures(FrequencyConfig::default(), 30_000);
    for text in [
        "share of the documents, per rank",
        "\nrank\n",
        "the law of the world",
    ] {
        assert!(zipf.contains(text), "{text}");
    }
    for text in ["documents (sentences)", "distinct subjects", "expected"] {
        assert!(heaps.contains(text), "{text}");
    }
    for (svg, typical) in [(zipf, 30.0), (heaps, 100.0)] {
        let curve = lines(&svg, THEORY);
        // The last point is that of the legend.
        let [counted @ .., _] = &points(&svg)[..] else {
            panic!("nothing was counted");
        };
        assert!(counted.len() > 20);
        let away = counted.iter().map(|point| distance(*point, &curve));
        let mut away: Vec<f64> = away.collect();
        away.sort_by(f64::total_cmp);
        // In tenths of a pixel; by chance the first documents and the last ranks may be further off.
        assert!(away[away.len() / 2] < typical, "{away:?}");
    }
}
