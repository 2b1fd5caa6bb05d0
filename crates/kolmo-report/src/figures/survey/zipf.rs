//! `zipf.svg`: how often subjects come, against their rank.

use kolmo_theory::survey::Survey;
use kolmo_world::World;

use super::super::axis::LogAxis;
use super::super::palette::{MEASURED, THEORY};
use super::super::panel::{self, Drawn, Labels, Point, Stroke};

/// How many points the curve of the law has.
const CURVE_POINTS: u32 = 400;

const LABELS: Labels = Labels {
    title: "Frequencies of subjects (Zipf's law), 95 % intervals",
    x: "rank",
    y: "share of the documents, per rank",
};

/// Classes of ranks at the middle of their ranks, those without a document left out, over the law.
pub(super) fn draw(world: &World, survey: &Survey) -> Drawn<String> {
    let met = survey.ranks.iter().filter(|class| class.documents > 0);
    let points: Vec<Point> = met
        .map(|class| Point {
            x: (class.lo_rank as f64 * class.hi_rank as f64).sqrt(),
            y: class.frequency,
            ci95: class.frequency_ci95,
        })
        .collect();
    let frequency = world.frequency();
    let all = LogAxis::new(1.0, frequency.elements() as f64);
    let x = all.padded();
    let mut ranks: Vec<u64> = all
        .grid(CURVE_POINTS)
        .map(|rank| rank.round() as u64)
        .collect();
    ranks.dedup();
    let law = || {
        ranks
            .iter()
            .map(|rank| (*rank as f64, frequency.probability(*rank)))
    };
    // The law goes on where nothing can be counted any more; of it the axis holds the beginning.
    let counted = points.iter().flat_map(Point::extent);
    let y = LogAxis::around(
        counted.chain(law().next().map(|(_, p)| p)),
        f64::MIN_POSITIVE,
    );
    let y = y.map_or(LogAxis::new(1e-6, 1.0), LogAxis::rounded);
    panel::draw(&LABELS, (x, y), false, |panel| {
        panel.curve(law(), THEORY, Stroke::Solid, "the law of the world")?;
        panel.counted(&points, MEASURED, "counted")
    })
}
