//! The part of a curve that is on the y axis.

use super::axis::Axis;

/// The line through `points`, x rising, cut where it leaves the axis `y` at either end: its pieces
/// between. It is straight on the page, x being logarithmic. A point that is no number is a gap.
pub(super) fn pieces(
    points: impl IntoIterator<Item = (f64, f64)>,
    y: Axis,
) -> Vec<Vec<(f64, f64)>> {
    let points: Vec<(f64, f64)> = points.into_iter().collect();
    let mut pieces: Vec<Vec<(f64, f64)>> = Vec::new();
    for pair in points.windows(2) {
        let Some([start, end]) = seen(pair[0], pair[1], y) else {
            continue;
        };
        match pieces.last_mut() {
            Some(piece) if piece.last() == Some(&start) => piece.push(end),
            _ => pieces.push(vec![start, end]),
        }
    }
    pieces
}

/// What is on the axis of the line from `one` point to an`other`.
fn seen(one: (f64, f64), other: (f64, f64), y: Axis) -> Option<[(f64, f64); 2]> {
    let (from, to) = (y.place(one.1), y.place(other.1));
    let hidden = from.max(to) < 0.0 || from.min(to) > 1.0;
    (!from.is_nan() && !to.is_nan() && !hidden).then(|| {
        [
            end((one, from), (other, to), y),
            end((other, to), (one, from), y),
        ]
    })
}

/// The end of a line: its `point`, or where it meets the end of the axis on the way to the `other`.
fn end(
    (point, place): ((f64, f64), f64),
    (other, other_place): ((f64, f64), f64),
    y: Axis,
) -> (f64, f64) {
    let edge = place.clamp(0.0, 1.0);
    if place == edge {
        return point;
    }
    // What is infinitely far off, as a loss of 0 is, is drawn on the end of the axis itself.
    let share = match place.is_infinite() {
        true => 0.0,
        false => (edge - place) / (other_place - place),
    };
    let value = if edge > 0.0 { y.high() } else { y.low() };
    (point.0 * (other.0 / point.0).powf(share), value)
}

#[cfg(test)]
mod tests {
    use super::super::axis::{LinearAxis, LogAxis};
    use super::*;

    fn places(points: &[(f64, f64)], y: impl Into<Axis>) -> Vec<Vec<(f64, f64)>> {
        let round = |value: f64| (value * 1e6).round() / 1e6;
        let pieces = pieces(points.iter().copied(), y.into());
        let rounded = pieces.into_iter().map(|piece| {
            let points = piece.into_iter();
            points.map(|(x, y)| (round(x), round(y))).collect()
        });
        rounded.collect()
    }

    #[test]
    fn a_curve_is_cut_where_it_leaves_the_axis() {
        let axis = LogAxis::new(0.1, 10.0);
        let inside = [(1.0, 10.0), (100.0, 0.1)];
        assert_eq!(places(&inside, axis), [inside]);
        // Half way down between 1 and 0.01, which is half way between 10 and 1000.
        let falls = [(1.0, 5.0), (10.0, 1.0), (1000.0, 0.01), (2000.0, 0.001)];
        assert_eq!(
            places(&falls, axis),
            [[(1.0, 5.0), (10.0, 1.0), (100.0, 0.1)]]
        );
        let vanishes = [(1.0, 1.0), (10.0, 0.0)];
        assert_eq!(places(&vanishes, axis), [[(1.0, 1.0), (10.0, 0.1)]]);
        assert!(places(&[(1.0, 0.0), (10.0, 0.01)], axis).is_empty());
    }

    #[test]
    fn a_curve_goes_on_where_it_comes_back() {
        let axis = LinearAxis::from_zero(1.0);
        let points = [(1.0, 0.5), (10.0, 2.0), (100.0, 0.5), (1000.0, 0.0)];
        let third = 10_f64.powf(1.0 / 3.0);
        let cut = [(1.0, 0.5), (third, 1.0)];
        let rest = [(100.0 / third, 1.0), (100.0, 0.5), (1000.0, 0.0)];
        let round = |value: f64| (value * 1e6).round() / 1e6;
        let rounded = |piece: &[(f64, f64)]| -> Vec<(f64, f64)> {
            piece.iter().map(|(x, y)| (round(*x), *y)).collect()
        };
        assert_eq!(places(&points, axis), [rounded(&cut), rounded(&rest)]);
        let through = places(&[(1.0, -1.0), (1000.0, 2.0)], axis);
        assert_eq!(through, [[(10.0, 0.0), (100.0, 1.0)]]);
    }

    #[test]
    fn what_is_no_number_is_a_gap() {
        let axis = LinearAxis::from_zero(1.0);
        let points = [
            (1.0, 0.1),
            (2.0, 0.2),
            (3.0, f64::NAN),
            (4.0, 0.4),
            (5.0, f64::INFINITY),
        ];
        let expected = [vec![(1.0, 0.1), (2.0, 0.2)], vec![(4.0, 0.4), (5.0, 1.0)]];
        assert_eq!(places(&points, axis), expected);
    }
}
