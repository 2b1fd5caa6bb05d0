//! Figures as PNG: what a browser would make of the SVG, with a font of our own.

use std::sync::Arc;

use resvg::tiny_skia::{Pixmap, Transform};
use resvg::usvg::fontdb::{Database, Source};
use resvg::usvg::{Options, Tree};

use crate::error::{Error, Result};

/// So many pixels a pixel of the SVG, for fine screens and print.
const SCALE: f32 = 2.0;

/// A picture.
#[derive(Debug, Clone)]
pub(crate) struct Png {
    pub width: u32,
    pub height: u32,
    /// The content of the file.
    pub bytes: Vec<u8>,
}

/// Turns SVG into PNG. The font is DejaVu Sans Condensed (`LICENSE-DejaVu`), part of the program: a machine may
/// have none: text would vanish without an error.
pub(crate) struct Painter {
    options: Options<'static>,
}

impl Painter {
    pub(crate) fn new() -> Self {
        let mut fonts = Database::new();
        fonts.load_font_source(Source::Binary(Arc::new(dejavu::sans_condensed::regular())));
        let names = fonts.faces().flat_map(|face| &face.families);
        let name = names.map(|(name, _)| name.clone()).next();
        if let Some(name) = name {
            fonts.set_sans_serif_family(name);
        }
        let options = Options {
            fontdb: Arc::new(fonts),
            ..Options::default()
        };
        Self { options }
    }

    /// The figure called `name` as PNG.
    ///
    /// # Errors
    /// [`Error::Png`] if the libraries refuse, whose fault it is.
    pub(crate) fn png(&self, name: &str, svg: &str) -> Result<Png> {
        let refused = |reason: String| Error::Png {
            figure: name.to_owned(),
            reason,
        };
        let tree =
            Tree::from_str(svg, &self.options).map_err(|error| refused(error.to_string()))?;
        let size = tree.size();
        let [width, height] = [size.width(), size.height()].map(|side| (side * SCALE) as u32);
        let pixels = Pixmap::new(width, height);
        let mut pixels = pixels.ok_or_else(|| refused(format!("{width} x {height} pixels")))?;
        let scale = Transform::from_scale(SCALE, SCALE);
        resvg::render(&tree, scale, &mut pixels.as_mut());
        let bytes = pixels.encode_png();
        let bytes = bytes.map_err(|error| refused(error.to_string()))?;
        Ok(Png {
            width,
            height,
            bytes,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_there_without_a_font_of_the_machine() {
        let svg = |text: &str| {
            format!(
                "<svg width=\"100\" height=\"40\" xmlns=\"http://www.w3.org/2000/svg\">\
                 <rect width=\"100\" height=\"40\" fill=\"#FFFFFF\"/>\
                 <text x=\"5\" y=\"30\" font-family=\"sans-serif\" font-size=\"20\">{text}</text></svg>"
            )
        };
        let painter = Painter::new();
        let dark = |text: &str| {
            let png = painter.png("text", &svg(text)).unwrap();
            assert_eq!((png.width, png.height), (200, 80));
            let pixels = Pixmap::decode_png(&png.bytes).unwrap();
            assert_eq!((pixels.width(), pixels.height()), (200, 80));
            let dark = pixels.pixels().iter().filter(|pixel| pixel.red() < 50);
            dark.count()
        };
        assert_eq!(dark(""), 0);
        // Each has a glyph of its own, not the box of a missing one.
        let box_of_a_missing_one = dark("\u{10FFFD}");
        for text in ["x", "≤", "α", "−", "²", "…", "±", "×"] {
            let dark = dark(text);
            assert!(dark > 20 && dark != box_of_a_missing_one, "{text}: {dark}");
        }
    }

    #[test]
    fn what_is_no_svg_is_named() {
        let error = Painter::new().png("loss", "<svg").unwrap_err();
        assert!(error.to_string().contains("loss"), "{error}");
    }
}
