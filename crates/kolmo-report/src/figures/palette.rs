//! The colours of the figures.

use plotters::style::RGBColor;

/// What is measured.
pub(super) const MEASURED: RGBColor = RGBColor(31, 97, 168);
/// What theory expects.
pub(super) const THEORY: RGBColor = RGBColor(90, 90, 90);
/// The law that theory's curve follows for as long as it can.
pub(super) const ASYMPTOTE: RGBColor = RGBColor(190, 92, 40);
/// What is there for comparison.
pub(super) const REFERENCE: RGBColor = RGBColor(160, 160, 160);

/// `count` colours from dark to light, evenly apart to the eye.
pub(super) fn shades(count: usize) -> impl Iterator<Item = RGBColor> {
    let last = count.saturating_sub(1).max(1) as f64;
    (0..count).map(move |k| viridis(k as f64 / last))
}

/// The viridis map of matplotlib (van der Walt & Smith), perceptually even, from dark violet at 0 to
/// light green at 1; its yellow end, which white swallows, is left off.
fn viridis(place: f64) -> RGBColor {
    const MAP: [[f64; 3]; 8] = [
        [68.0, 1.0, 84.0],
        [70.0, 50.0, 126.0],
        [54.0, 92.0, 141.0],
        [39.0, 127.0, 142.0],
        [31.0, 161.0, 135.0],
        [74.0, 193.0, 109.0],
        [117.0, 208.0, 84.0],
        [160.0, 218.0, 57.0],
    ];
    let place = place.clamp(0.0, 1.0) * (MAP.len() - 1) as f64;
    let index = (place as usize).min(MAP.len() - 2);
    let share = place - index as f64;
    let channel =
        |c: usize| (MAP[index][c] * (1.0 - share) + MAP[index + 1][c] * share).round() as u8;
    RGBColor(channel(0), channel(1), channel(2))
}
