//! Intervals by drawing again.

use kolmo_world::random::{Random, Streams};
use rand::RngExt;

use crate::Refusal;

/// With 999 draws the 25th and the 975th bound 95 % of them.
const DRAWS: u64 = 999;

/// The share of draws that may fail to give a number.
const FAILURES: u64 = DRAWS / 20;

/// The 95 % percentile interval of what `draw` gives; refused where more than a draw in twenty gives nothing.
pub(crate) fn percentile_interval(
    statistic: &'static str,
    mut draw: impl FnMut(&mut Random) -> Option<f64>,
) -> Result<[f64; 2], Refusal> {
    let stream = Streams::new(0).stream("bootstrap");
    let mut drawn: Vec<f64> = (0..DRAWS)
        .filter_map(|index| draw(&mut stream.at(index)))
        .collect();
    let failed = DRAWS - drawn.len() as u64;
    if failed > FAILURES {
        return Err(Refusal::Unsteady {
            statistic,
            failed,
            draws: DRAWS,
        });
    }
    drawn.sort_by(f64::total_cmp);
    let at = |share: f64| drawn[(share * (drawn.len() + 1) as f64).round() as usize - 1];
    Ok([at(0.025), at(0.975)])
}

/// As many of `values` as there are, drawn with replacement.
pub(crate) fn resampled<T: Copy>(random: &mut Random, values: &[T]) -> Vec<T> {
    values
        .iter()
        .map(|_| values[random.random_range(0..values.len())])
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mean;

    #[test]
    fn the_interval_of_a_mean_is_that_of_theory() {
        let values: Vec<f64> = (0..400).map(|k| f64::from(k % 2)).collect();
        let [lo, hi] =
            percentile_interval("mean", |random| Some(mean(resampled(random, &values)))).unwrap();
        // The standard error is 0.025, that of a percentile of 999 draws a tenth of it.
        assert!(
            (lo - 0.451).abs() < 0.01 && (hi - 0.549).abs() < 0.01,
            "{lo} {hi}"
        );
    }

    #[test]
    fn a_statistic_that_often_fails_is_refused() {
        let often = percentile_interval("luck", |random| {
            (random.random::<f64>() > 0.2).then_some(1.0)
        });
        assert!(matches!(often, Err(Refusal::Unsteady { .. })));
        let seldom = percentile_interval("luck", |random| {
            (random.random::<f64>() > 0.01).then_some(1.0)
        });
        assert_eq!(seldom, Ok([1.0, 1.0]));
    }
}
