//! The figures of a run.

use std::collections::HashSet;
use std::fs;

use super::svg::{assert_well_formed, attribute, distance, lines, points, tags};
use super::*;
use crate::examples::{self, CLASSES};

/// Value loss and classes, as SVG.
fn figures(world: &World, evaluations: &[EvaluationRecord]) -> [String; 2] {
    let folder = tempfile::tempdir().unwrap();
    let run = RunDirectory::open_or_create(folder.path().join("run")).unwrap();
    let files = write(&run, world, &[], evaluations).unwrap();
    let expected =
        ["value_loss.svg", "classes.svg", "redundancy.svg"].map(|name| run.figures().join(name));
    assert_eq!(files, expected);
    let figures = expected.map(|path| fs::read_to_string(path).unwrap());
    for svg in &figures {
        assert_well_formed(svg);
    }
    let [value_loss, classes, _] = figures;
    [value_loss, classes]
}

const THEORY: &str = "#5A5A5A";
const REFERENCE: &str = "#A0A0A0";
const MEASURED: &str = "#1F61A8";

fn learner(factor: f64) -> (World, Vec<EvaluationRecord>) {
    let world = examples::world();
    let documents = (0..13).map(|doubling| 1000 << doubling);
    let evaluations = documents
        .map(|documents| examples::evaluation(&world, documents, factor))
        .collect();
    (world, evaluations)
}

#[test]
fn axes_and_series_are_labelled() {
    let (world, evaluations) = learner(1.5);
    let [value_loss, classes] = figures(&world, &evaluations);
    for text in [
        "documents (sentences)",
        "value loss (nats per fact)",
        "measured, 95 % interval",
        "Bayes, expected",
        "knows nothing",
        "\n10k\n",
        "\n1\n",
    ] {
        assert!(value_loss.contains(text), "{text:?}");
    }
    for text in [
        "exposures (mean per fact)",
        "value loss (nats per fact)",
        "Bayes, expected",
        "\nranks 1-2\n",
        "\nranks 2500-20000\n",
        "\n≤ 0.001\n",
    ] {
        assert!(classes.contains(text), "{text:?}");
    }
}

/// A Bayes learner is measured where theory has it: its points lie on the curve of either figure,
/// and those of a worse learner do not.
#[test]
fn the_points_of_a_bayes_learner_lie_on_the_curve() {
    for (factor, on_curve) in [(1.0, true), (1.5, false)] {
        let (world, evaluations) = learner(factor);
        let [value_loss, classes] = figures(&world, &evaluations);

        let curve = lines(&value_loss, THEORY);
        let measured = &points(&value_loss)[..evaluations.len()];
        for point in measured {
            let distance = distance(*point, &curve);
            assert_eq!(distance < 8.0, on_curve, "{point:?}: {distance}");
        }

        if !on_curve {
            continue;
        }
        let curve = lines(&classes, THEORY);
        let solid = points(&classes);
        let measured = &solid[..solid.len() - CLASSES.len()];
        assert!(measured.len() > 15);
        for point in measured {
            // It may lie in a gap between two dashes, 5 pixels wide.
            let distance = distance(*point, &curve);
            assert!(distance < 35.0, "{point:?}: {distance}");
        }
    }
}

#[test]
fn the_reference_is_the_content_of_a_fact() {
    // A learner that knows nothing is measured on it.
    let world = examples::world();
    let mut evaluation = examples::evaluation(&world, 1000, 1.0);
    evaluation.value_loss = 50_f64.ln();
    let [value_loss, _] = figures(&world, &[evaluation]);
    let y = points(&value_loss)[0].1;
    let dashes = lines(&value_loss, REFERENCE);
    assert!(dashes.len() > 10);
    assert!(dashes.iter().filter(|dash| dash[0].1 == y).count() > 10);
}

#[test]
fn every_class_has_a_line_of_its_own_colour() {
    let (world, evaluations) = learner(1.5);
    let [_, classes] = figures(&world, &evaluations);
    let strokes = tags(&classes, "polyline").into_iter();
    let colors: Vec<&str> = strokes
        .filter(|tag| attribute(tag, "points").split_whitespace().count() > 2)
        .map(|tag| attribute(tag, "stroke"))
        .filter(|color| *color != THEORY)
        .collect();
    assert_eq!(colors.len(), CLASSES.len());
    assert_eq!(colors.iter().collect::<HashSet<_>>().len(), CLASSES.len());
}

#[test]
fn intervals_are_bars_of_their_length() {
    let (world, evaluations) = learner(2.0);
    let [value_loss, _] = figures(&world, &evaluations);
    let bars: Vec<_> = lines(&value_loss, MEASURED)
        .into_iter()
        .filter(|line| line.len() == 2 && line[0].0 == line[1].0)
        .collect();
    assert_eq!(bars.len(), evaluations.len());
    // From 0.9 to 1.1 times the loss each, hence equally long on a log axis.
    let length = |bar: &[(f64, f64)]| bar[0].1 - bar[1].1;
    for bar in &bars {
        assert!(length(bar) > 50.0);
        assert!((length(bar) - length(&bars[0])).abs() <= 2.0);
    }
}

#[test]
fn what_is_below_the_axis_is_hollow_and_on_its_end() {
    let (world, mut evaluations) = learner(1.5);
    evaluations[12].value_loss = -0.01;
    evaluations[12].value_loss_ci95 = [-0.03, 0.01];
    let [value_loss, _] = figures(&world, &evaluations);
    assert!(value_loss.contains("≤ 0.0001"));
    let hollow: Vec<_> = tags(&value_loss, "circle")
        .into_iter()
        .filter(|tag| attribute(tag, "fill") == "none")
        .collect();
    assert_eq!(hollow.len(), 1);
    let [axis] = lines(&value_loss, "#282828")
        .into_iter()
        .filter(|line| line.len() == 2 && line[0].1 == line[1].1 && line[1].0 - line[0].0 > 1000.0)
        .map(|line| line[0].1)
        .collect::<Vec<f64>>()[..]
    else {
        panic!("the x axis is one long line");
    };
    let y: f64 = attribute(hollow[0], "cy").parse().unwrap();
    assert!((y - axis).abs() < 10.0, "{y} {axis}");

    let [without, _] = figures(&world, &evaluations[..12]);
    assert!(!without.contains('≤'));
}

#[test]
fn whatever_was_measured_is_drawn() {
    let (world, evaluations) = learner(1.0);
    let spoil = |value: f64| {
        let mut evaluations = evaluations.clone();
        for evaluation in &mut evaluations {
            evaluation.value_loss = value;
            evaluation.value_loss_ci95 = [value; 2];
            for class in &mut evaluation.classes {
                class.value_loss = value;
                class.value_loss_ci95 = [value; 2];
            }
        }
        evaluations
    };
    let mut before_the_first = examples::evaluation(&world, 1, 1.0);
    before_the_first.documents = 0;
    let mut no_classes = evaluations[0].clone();
    no_classes.classes.clear();
    let mut odd_exposures = evaluations.clone();
    for evaluation in &mut odd_exposures {
        for (class, exposures) in [(0, f64::NAN), (1, 0.0), (2, -1.0), (3, f64::INFINITY)] {
            evaluation.classes[class].exposures = exposures;
        }
    }
    let mut far = evaluations.clone();
    far[12].documents = u64::MAX;
    let mut cases = vec![
        vec![],
        vec![evaluations[3].clone()],
        vec![evaluations[3].clone(), evaluations[3].clone()],
        vec![before_the_first],
        vec![no_classes],
        odd_exposures,
        far,
    ];
    for value in [0.0, -1.0, 1e-300, 1e300, f64::MAX, f64::NAN, f64::INFINITY] {
        cases.push(spoil(value));
    }
    for evaluations in cases {
        let [value_loss, classes] = figures(&world, &evaluations);
        for svg in [value_loss, classes] {
            assert!(!lines(&svg, THEORY).is_empty());
        }
    }
}

#[test]
fn a_folder_that_cannot_be_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let run = RunDirectory::open_or_create(folder.path()).unwrap();
    fs::write(run.figures(), "in the way").unwrap();
    let error = write(&run, &examples::world(), &[], &[]).unwrap_err();
    assert!(matches!(error, Error::Folder { .. }));
    assert!(error.to_string().contains("figures"), "{error}");
}
