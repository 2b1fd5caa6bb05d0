//! The colours of the figures.

use plotters::style::RGBColor;

use super::chart::Ink;

/// What is behind a figure.
pub(super) const PAPER: RGBColor = RGBColor(255, 255, 255);
/// Words and axes.
pub(super) const TEXT: RGBColor = RGBColor(40, 40, 40);
/// The lines of the grid that have a label.
pub(super) const GRID: RGBColor = RGBColor(222, 222, 222);
/// The lines of the grid between them.
pub(super) const LIGHT_GRID: RGBColor = RGBColor(243, 243, 243);

/// Words on a dark colour and on a light one.
pub(super) const ON_DARK: RGBColor = RGBColor(254, 254, 254);
pub(super) const ON_LIGHT: RGBColor = RGBColor(10, 10, 10);

/// What is measured.
pub(super) const MEASURED: RGBColor = RGBColor(31, 97, 168);
/// What theory expects.
pub(super) const THEORY: RGBColor = RGBColor(90, 90, 90);
/// The law that theory's curve follows for as long as it can.
pub(super) const ASYMPTOTE: RGBColor = RGBColor(190, 92, 40);
/// What is there for comparison.
pub(super) const REFERENCE: RGBColor = RGBColor(160, 160, 160);

/// The colour of what `ink` stands for.
pub(super) fn color(ink: Ink) -> RGBColor {
    match ink {
        Ink::Measured => MEASURED,
        Ink::Theory => THEORY,
        Ink::Asymptote => ASYMPTOTE,
        Ink::Reference => REFERENCE,
        Ink::Shade(place) => viridis(place),
    }
}

/// `count` colours from dark to light, evenly apart to the eye.
pub(super) fn shades(count: usize) -> impl Iterator<Item = RGBColor> {
    let last = count.saturating_sub(1).max(1) as f64;
    (0..count).map(move |k| viridis(k as f64 / last))
}

/// The colour of a place from 0 to 1, from dark violet to light green: one of a few dozen, so that each
/// has its counterpart on a dark page. What is no number is dark.
pub(crate) fn viridis(place: f64) -> RGBColor {
    let place = if place.is_nan() { 0.0 } else { place };
    let step = (place.clamp(0.0, 1.0) * SHADES).round();
    // The yellow end, which white swallows, is left off.
    on_map(0.875 * step / SHADES)
}

/// Steps from one end of the shades to the other.
const SHADES: f64 = 60.0;

/// What every colour of a figure is on a dark page: a name, the colour and its counterpart. Shades have no
/// names.
pub(crate) fn on_dark_pages() -> Vec<(Option<&'static str>, RGBColor, RGBColor)> {
    let named = [
        ("paper", PAPER, RGBColor(23, 27, 32)),
        ("text", TEXT, RGBColor(213, 217, 222)),
        ("grid", GRID, RGBColor(52, 58, 66)),
        ("light-grid", LIGHT_GRID, RGBColor(34, 39, 45)),
        ("measured", MEASURED, RGBColor(111, 177, 242)),
        ("theory", THEORY, RGBColor(181, 187, 195)),
        ("asymptote", ASYMPTOTE, RGBColor(240, 151, 95)),
        ("reference", REFERENCE, RGBColor(122, 130, 140)),
    ];
    let named = named.map(|(name, light, dark)| (Some(name), light, dark));
    // There it is the violet end that is swallowed.
    let shades = (0..=SHADES as u32).map(|step| {
        let place = f64::from(step) / SHADES;
        (None, viridis(place), on_map(0.35 + 0.65 * place))
    });
    named.into_iter().chain(shades).collect()
}

/// The viridis map of matplotlib (van der Walt & Smith), perceptually even, from dark violet at 0 to
/// yellow at 1.
fn on_map(place: f64) -> RGBColor {
    const MAP: [[f64; 3]; 9] = [
        [68.0, 1.0, 84.0],
        [70.0, 50.0, 126.0],
        [54.0, 92.0, 141.0],
        [39.0, 127.0, 142.0],
        [31.0, 161.0, 135.0],
        [74.0, 193.0, 109.0],
        [117.0, 208.0, 84.0],
        [160.0, 218.0, 57.0],
        [253.0, 231.0, 37.0],
    ];
    let place = place * (MAP.len() - 1) as f64;
    let index = (place as usize).min(MAP.len() - 2);
    let share = place - index as f64;
    let channel =
        |c: usize| (MAP[index][c] * (1.0 - share) + MAP[index + 1][c] * share).round() as u8;
    RGBColor(channel(0), channel(1), channel(2))
}
