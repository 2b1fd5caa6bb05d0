//! `structure_function.svg`: how many bits the documents take with a model of so many.

use std::f64::consts::LN_2;

use kolmo_theory::{Predictions, structure::StructurePoint};

use super::super::axis::{LinearAxis, LogAxis};
use super::super::palette::{REFERENCE, THEORY};
use super::super::panel::{self, Drawn, Labels, Stroke};
use crate::number::count;

/// How many points the curve has.
const CURVE_POINTS: u32 = 300;

/// The points, joined by straight lines as between any two models: on a logarithmic axis those are bent.
pub(super) fn draw(predictions: &Predictions) -> Drawn<String> {
    let points = |curve: &[StructurePoint]| -> Vec<(f64, f64)> {
        let points = curve.iter();
        points.map(|p| (p.model_bits, p.data_bits)).collect()
    };
    let bound = points(&predictions.structure_function);
    let code = points(&predictions.two_part_code);
    let both = || bound.iter().chain(&code);
    let title = format!(
        "Structure function of {} documents",
        count(predictions.structure_documents as f64)
    );
    let labels = Labels {
        title: &title,
        x: "bits of the model",
        y: "bits of the documents, given the model",
    };
    let entropy = predictions.floor_nats.total() * predictions.structure_documents as f64 / LN_2;
    let most = both().map(|(_, data)| *data);
    let most = most.fold(entropy.max(1.0), f64::max);
    // Models of less than a bit hold a fact with hardly any probability.
    let x = LogAxis::around(both().map(|(model, _)| *model), 1.0);
    let x = x.map_or(LogAxis::new(1.0, 1e6), LogAxis::padded);
    panel::draw(&labels, (x, LinearAxis::from_zero(most)), false, |panel| {
        let floor = [(x.low(), entropy), (x.high(), entropy)];
        panel.curve(
            floor,
            REFERENCE,
            Stroke::Dashed,
            "entropy: everything is known",
        )?;
        for (points, color, text) in [
            (&code, REFERENCE, "code that names each fact"),
            (&bound, THEORY, "no model is below"),
        ] {
            let line = x
                .grid(CURVE_POINTS)
                .filter_map(|model| Some((model, between(points, model)?)));
            panel.curve(line, color, Stroke::Solid, text)?;
        }
        Ok(())
    })
}

/// The height at `x` of the straight lines through `points`, x rising; none outside.
fn between(points: &[(f64, f64)], x: f64) -> Option<f64> {
    let piece = points
        .windows(2)
        .find(|piece| piece[0].0 <= x && x <= piece[1].0)?;
    let ((x0, y0), (x1, y1)) = (piece[0], piece[1]);
    Some(y0 + (y1 - y0) * (x - x0) / (x1 - x0).max(f64::MIN_POSITIVE))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_straight_between_models() {
        let points = [(0.0, 10.0), (2.0, 6.0), (2.0, 5.0), (4.0, 4.0)];
        assert_eq!(between(&points, 0.5), Some(9.0));
        assert_eq!(between(&points, 3.0), Some(4.5));
        assert_eq!(between(&points, 5.0), None);
    }
}
