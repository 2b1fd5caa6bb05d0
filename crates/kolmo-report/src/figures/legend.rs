//! Where the legend hides least.

use plotters::chart::SeriesLabelPosition;

/// Along every piece of a line so many places are looked at.
const SAMPLES: u32 = 12;

/// The places of a legend, the most usual first, by where they begin: at the left, middle or right,
/// at the bottom, middle or top.
const PLACES: [(SeriesLabelPosition, f64, f64); 6] = [
    (SeriesLabelPosition::LowerLeft, 0.0, 0.0),
    (SeriesLabelPosition::UpperRight, 1.0, 1.0),
    (SeriesLabelPosition::MiddleRight, 1.0, 0.5),
    (SeriesLabelPosition::MiddleLeft, 0.0, 0.5),
    (SeriesLabelPosition::LowerRight, 1.0, 0.0),
    (SeriesLabelPosition::UpperLeft, 0.0, 1.0),
];

/// What is drawn in a panel, as shares of its width and height, (0, 0) at the lower left.
#[derive(Debug, Default)]
pub(super) struct Drawing {
    lines: Vec<Vec<(f64, f64)>>,
}

impl Drawing {
    /// Adds a line, or a single point.
    pub(super) fn add(&mut self, line: Vec<(f64, f64)>) {
        self.lines.push(line);
    }

    /// Where a legend of this width and height, shares of the panel's, covers least of the drawing.
    pub(super) fn clearest(&self, (width, height): (f64, f64)) -> SeriesLabelPosition {
        let covered = |(left, bottom): (f64, f64)| {
            let (x, y) = (left * (1.0 - width), bottom * (1.0 - height));
            let inside = |(px, py): &(f64, f64)| {
                (x..=x + width).contains(px) && (y..=y + height).contains(py)
            };
            self.samples().filter(inside).count()
        };
        let [first, ..] = PLACES;
        let places = PLACES.into_iter();
        places
            .min_by_key(|(_, left, bottom)| covered((*left, *bottom)))
            .unwrap_or(first)
            .0
    }

    fn samples(&self) -> impl Iterator<Item = (f64, f64)> {
        let ends = self.lines.iter().filter_map(|line| line.last().copied());
        let pieces = self.lines.iter().flat_map(|line| line.windows(2));
        let along = pieces.flat_map(|piece| {
            let ((x0, y0), (x1, y1)) = (piece[0], piece[1]);
            (0..SAMPLES).map(move |i| {
                let share = f64::from(i) / f64::from(SAMPLES);
                (x0 + share * (x1 - x0), y0 + share * (y1 - y0))
            })
        });
        ends.chain(along)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_legend_keeps_out_of_the_way() {
        let size = (0.3, 0.3);
        let mut drawing = Drawing::default();
        assert_eq!(drawing.clearest(size), SeriesLabelPosition::LowerLeft);
        drawing.add(vec![(0.2, 0.1)]);
        assert_eq!(drawing.clearest(size), SeriesLabelPosition::UpperRight);
        // Passes through, with no end inside.
        drawing.add(vec![(0.0, 0.95), (1.0, 0.95)]);
        assert_eq!(drawing.clearest(size), SeriesLabelPosition::MiddleRight);
    }
}
