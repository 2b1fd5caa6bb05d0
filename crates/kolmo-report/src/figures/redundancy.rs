//! `redundancy.svg`: the training loss above the exact floor, by role, beside the Bayes learner's.

use kolmo_run::StepRecord;
use plotters::style::RGBColor;

use super::axis::LogAxis;
use super::panel::{self, Drawn, Labels, Point, Stroke};
use kolmo_stats::{Mean, mean};

/// Redundancies below it, nats per token, are drawn at it: the log axis has no place for zero, and less
/// cannot be told from it in a run of ordinary length.
const FLOOR: f64 = 1e-4;

/// Logged steps are averaged over so many intervals of documents for each factor of ten.
const PER_DECADE: f64 = 6.0;

const LABELS: Labels = Labels {
    title: "Redundancy by role: training loss above the exact floor, 95 % intervals",
    x: "documents",
    y: "redundancy (nats per token of the role)",
};

/// The roles drawn: the end of a document is no news.
const ROLES: [(&str, RGBColor); 3] = [
    ("subject", RGBColor(45, 125, 70)),
    ("value", RGBColor(31, 97, 168)),
    ("syntax", RGBColor(190, 92, 40)),
];

/// Draws the logged `steps`, which come in order.
pub(super) fn draw(steps: &[StepRecord]) -> Drawn<String> {
    let series = ROLES.map(|(role, color)| (role, color, averages(steps, role)));
    let points = || series.iter().flat_map(|(_, _, points)| points);
    let x = LogAxis::around(points().map(|(model, _)| model.x), 1.0)
        .map_or(LogAxis::new(1.0, 1e6), LogAxis::padded);
    let heights = points().flat_map(|(model, bayes)| [model.y, *bayes]);
    let y = LogAxis::around(heights, FLOOR)
        .map_or(LogAxis::new(FLOOR, 1.0), LogAxis::rounded)
        .starting_at(FLOOR);
    let clamped = points().any(|(model, _)| model.y < FLOOR);
    panel::draw(&LABELS, (x, y), clamped, |panel| {
        for (role, color, points) in &series {
            let model: Vec<Point> = points.iter().map(|(model, _)| *model).collect();
            panel.measured(&model, *color, role)?;
            let bayes = points.iter().map(|(model, bayes)| (model.x, *bayes));
            let label = format!("{role}, Bayes learner");
            panel.curve(bayes, *color, Stroke::Dashed, &label)?;
        }
        Ok(())
    })
}

/// Means over intervals even in the logarithm of the documents: of the model with its interval by batch
/// means, and of the Bayes learner on the same documents.
fn averages(steps: &[StepRecord], role: &str) -> Vec<(Point, f64)> {
    let interval = |step: &StepRecord| ((step.documents as f64).log10() * PER_DECADE).floor();
    let together = steps.chunk_by(|a, b| interval(a) == interval(b));
    let pick = |step: &StepRecord| -> Option<(f64, f64)> {
        let losses = step
            .by_role()
            .into_iter()
            .find(|losses| losses.role == role)?;
        Some((losses.redundancy?, losses.bayes? - losses.floor?))
    };
    together
        .filter_map(|chunk| {
            let picked: Vec<(f64, f64)> = chunk.iter().filter_map(pick).collect();
            let (model, bayes): (Vec<f64>, Vec<f64>) = picked.into_iter().unzip();
            let (model, bayes) = (Mean::of(&model), Mean::of(&bayes));
            let logs = chunk.iter().map(|step| (step.documents as f64).ln());
            let point = Point {
                x: mean(logs).exp(),
                y: model.mean,
                // The axis ends at the floor.
                ci95: [
                    (model.mean - model.half_width).max(FLOOR / 2.0),
                    model.mean + model.half_width,
                ],
            };
            model.mean.is_finite().then_some((point, bayes.mean))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use kolmo_run::ExactLosses;

    use super::*;
    use crate::examples;

    fn step(number: u64, redundancy: f64) -> StepRecord {
        StepRecord {
            documents: 100 * number,
            loss_value: Some(redundancy),
            exact: ExactLosses {
                floor_value: Some(0.0),
                redundancy_value: Some(redundancy),
                bayes_value: Some(redundancy / 4.0),
                ..ExactLosses::default()
            },
            ..examples::step(number)
        }
    }

    #[test]
    fn steps_are_averaged_within_an_interval_and_every_one_counts_once() {
        // 1000 to 1400 documents are one sixth of a decade, 1500 to 2000 the next.
        let steps: Vec<StepRecord> = (10..=20).map(|k| step(k, k as f64)).collect();
        let points = averages(&steps, "value");
        assert_eq!(points.len(), 2);
        let (first, bayes) = &points[0];
        assert!((first.y - 12.0).abs() < 1e-12 && (bayes - 3.0).abs() < 1e-12);
        // Five values one apart: a standard deviation of √2.5, over √5; t with four degrees of freedom.
        assert!((first.ci95[1] - 12.0 - 2.7764 * 0.5f64.sqrt()).abs() < 1e-3);
        assert!((points[1].0.y - 17.5).abs() < 1e-12);
        assert!(averages(&steps, "subject").is_empty());
    }

    #[test]
    fn roles_that_were_measured_are_drawn() {
        let steps: Vec<StepRecord> = (1..=300).map(|k| step(k, 4.0 / k as f64)).collect();
        let svg = draw(&steps).unwrap();
        assert!(svg.contains("value, Bayes learner"));
        draw(&[]).unwrap();
    }
}
