//! Numbers evenly spaced in their logarithm.

/// From `from` to `to`, both included.
pub(crate) fn log_grid(from: f64, to: f64, per_decade: u32) -> Vec<f64> {
    let decades = (to / from).log10();
    let steps = (decades * f64::from(per_decade)).round().max(1.0);
    let point = |k: u32| match f64::from(k) {
        k if k == steps => to,
        k => from * 10f64.powf(decades * k / steps),
    };
    (0..=steps as u32).map(point).collect()
}

/// Whole numbers from `from`, at least 1, to `to`, both included, as evenly as whole numbers can be; all
/// powers of ten are among them.
pub(crate) fn whole_grid(from: f64, to: f64, per_decade: u32) -> Vec<f64> {
    let to = to.max(from);
    let step = |n: f64| n.log10() * f64::from(per_decade);
    let inside = step(from).ceil() as i32..=step(to).floor() as i32;
    let points = inside.map(|k| 10f64.powf(f64::from(k) / f64::from(per_decade)));
    let mut grid = vec![from.round()];
    grid.extend(points.map(f64::round));
    grid.push(to.round());
    grid.dedup();
    grid
}
