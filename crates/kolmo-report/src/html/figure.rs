//! A figure in the page: the SVG itself, in the colours of the page.

use std::fmt::Write;

use maud::{Markup, PreEscaped, html};
use plotters::style::RGBColor;

use super::prepared::{Prepared, PreparedFigure};
use crate::figures::palette::on_dark_pages;

/// The figure with its caption. Its name and the caption are also those that a screen reader tells.
pub(super) fn figure(prepared: &PreparedFigure<'_>) -> Markup {
    let PreparedFigure { id, figure, svg } = prepared;
    let (start, drawing) = svg.split_once('>').unwrap_or((svg, ""));
    let start = start.replacen(
        "<svg",
        &format!(
            "<svg class=\"plot\" role=\"img\" aria-labelledby=\"figure-{id}-title figure-{id}-caption\""
        ),
        1,
    );
    html! {
        figure id={ "figure-" (id) } {
            (PreEscaped(start)) (PreEscaped(">"))
            title id={ "figure-" (id) "-title" } { (figure.drawing.title()) }
            desc id={ "figure-" (id) "-caption" } { (figure.caption) }
            (PreEscaped(drawing))
            figcaption { (figure.caption) }
        }
    }
}

/// The style sheet of the colours in the figures: a variable for each that has a name, and on dark pages
/// their counterparts.
pub(super) fn colors(prepared: &Prepared<'_>) -> String {
    let (mut light, mut dark) = (String::new(), String::new());
    let (mut rules, mut dark_rules) = (String::new(), String::new());
    for (name, color, on_dark) in on_dark_pages() {
        let (color, on_dark) = (hex(color), hex(on_dark));
        if let Some(name) = name {
            // Writing to a string cannot fail.
            let _ = write!(light, "--plot-{name}:{color};");
            let _ = write!(dark, "--plot-{name}:{on_dark};");
            let _ = write!(
                rules,
                ".plot [fill=\"{color}\"]{{fill:var(--plot-{name})}}\
                 .plot [stroke=\"{color}\"]{{stroke:var(--plot-{name})}}"
            );
        } else if prepared.figures().any(|figure| figure.svg.contains(&color)) {
            // The cells of heat maps, which are rectangles, keep theirs.
            let _ = write!(
                dark_rules,
                ".plot circle[fill=\"{color}\"]{{fill:{on_dark}}}\
                 .plot [stroke=\"{color}\"]{{stroke:{on_dark}}}"
            );
        }
    }
    format!(
        ":root{{{light}}}{rules}\
         @media screen and (prefers-color-scheme:dark){{:root{{{dark}}}{dark_rules}}}"
    )
}

/// As plotters writes it.
pub(super) fn hex(RGBColor(red, green, blue): RGBColor) -> String {
    format!("#{red:02X}{green:02X}{blue:02X}")
}
