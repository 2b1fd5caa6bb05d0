//! Many verdicts at once: Holm's step-down correction (Holm 1979), as intervals.

use statrs::distribution::{ContinuousCDF, StudentsT};

use crate::{Relation, mean, student::quantile_at};

/// One number a seed, of which a mean is to be placed against a prediction.
#[derive(Debug, Clone, PartialEq)]
pub struct Tested {
    /// The number of each seed.
    pub seeds: Vec<f64>,
    /// What is predicted.
    pub predicted: f64,
    /// What the mean should be to it.
    pub relation: Relation,
    /// How far from the prediction a mean that should be the same may be.
    pub margin: f64,
}

impl Tested {
    fn mean(&self) -> f64 {
        mean(&self.seeds)
    }

    fn standard_error(&self) -> f64 {
        let (n, mean) = (self.seeds.len() as f64, self.mean());
        let squares: f64 = self.seeds.iter().map(|x| (x - mean).powi(2)).sum();
        (squares / (n - 1.0) / n).sqrt()
    }

    /// The least level at which Student's interval lies wholly on one side of every bound of the prediction; 1 where no interval is known.
    fn chance(&self) -> f64 {
        let away = (self.mean() - self.predicted).abs();
        let distance = match self.relation {
            Relation::Equal => (away - self.margin).abs(),
            Relation::Above | Relation::Below => away,
        };
        let error = self.standard_error();
        let t = if error > 0.0 {
            distance / error
        } else {
            f64::INFINITY
        };
        let student = StudentsT::new(0.0, 1.0, self.seeds.len() as f64 - 1.0);
        let chance = student.map(|student| 2.0 * (1.0 - student.cdf(t)));
        chance.ok().filter(|p| p.is_finite()).unwrap_or(1.0)
    }
}

/// An interval for each of `rows`, so that with a probability of 1 − `level` or more every mean that its interval places is truly
/// there. The row that is easiest to place has the interval at `level` over the number of rows, the next one at `level` over one less,
/// and so on until a row cannot be placed: that one and the rest have the level at which it ended. A row without numbers counts, and has none.
pub fn holm(rows: &[Option<Tested>], level: f64) -> Vec<Option<[f64; 2]>> {
    let chance = |k: usize| rows[k].as_ref().map_or(1.0, Tested::chance);
    let mut order: Vec<usize> = (0..rows.len()).collect();
    order.sort_by(|a, b| chance(*a).total_cmp(&chance(*b)));
    let mut intervals = vec![None; rows.len()];
    let mut before = 0;
    for k in order {
        let at = level / (rows.len() - before) as f64;
        intervals[k] = rows[k].as_ref().map(|row| {
            let half_width = quantile_at(row.seeds.len() as f64 - 1.0, at) * row.standard_error();
            [row.mean() - half_width, row.mean() + half_width]
        });
        // From the first that is not placed on the level stays.
        if chance(k) <= at {
            before += 1;
        }
    }
    intervals
}

#[cfg(test)]
mod tests {
    use super::*;

    use kolmo_world::random::Streams;
    use rand_distr::{Distribution, StandardNormal};

    fn row(seeds: Vec<f64>) -> Option<Tested> {
        Some(Tested {
            seeds,
            predicted: 0.0,
            relation: Relation::Equal,
            margin: 0.1,
        })
    }

    fn half_width(interval: Option<[f64; 2]>) -> f64 {
        let [lo, hi] = interval.unwrap();
        (hi - lo) / 2.0
    }

    #[test]
    fn a_row_alone_has_its_own_interval_and_of_eight_the_easiest_a_wider_one() {
        // Mean 0, standard error 1/sqrt(2): five seeds.
        let wide = || row(vec![-2.0, -1.0, 0.0, 1.0, 2.0]);
        let error = 0.5f64.sqrt();
        // Quantiles of Student's t with four degrees of freedom, 0.975 and 1 - 0.025/8, by scipy.
        assert!((half_width(holm(&[wide()], 0.05)[0]) / error - 2.776_445).abs() < 1e-5);
        let mut rows = vec![None; 8];
        rows[3] = wide();
        let intervals = holm(&rows, 0.05);
        assert!((half_width(intervals[3]) / error - 5.261_058).abs() < 1e-5);
        assert_eq!(intervals.iter().flatten().count(), 1);
    }

    #[test]
    fn a_row_that_is_placed_makes_it_easier_for_the_next_one() {
        let placed = || row(vec![1.0, 1.01, 0.99]);
        let other = || row(vec![-0.5, 0.0, 0.5]);
        let alone = holm(&[other()], 0.05)[0];
        let beside = holm(&[other(), placed()], 0.05);
        assert_eq!(beside[0], alone);
        assert!(half_width(beside[1]) > half_width(holm(&[placed()], 0.05)[0]));
        // Two that cannot be placed share.
        assert!(half_width(holm(&[other(), other()], 0.05)[1]) > half_width(alone));
    }

    #[test]
    fn all_rows_together_are_wrong_in_five_percent_of_cases() {
        const REPETITIONS: usize = 2000;
        let mut random = Streams::new(7).stream("test/holm").at(0);
        let mut normal = move || -> f64 { StandardNormal.sample(&mut random) };
        // Every mean is at the very end of its margin: whatever is placed, on either side, is placed wrongly.
        let mut wrong = 0;
        for _ in 0..REPETITIONS {
            let rows: Vec<_> = (0..8)
                .map(|_| row((0..5).map(|_| 0.1 + 0.01 * normal()).collect()))
                .collect();
            let is_placed =
                |interval: &Option<[f64; 2]>| interval.is_some_and(|[lo, hi]| hi < 0.1 || lo > 0.1);
            wrong += usize::from(holm(&rows, 0.05).iter().any(is_placed));
        }
        let share = wrong as f64 / REPETITIONS as f64;
        let error = (0.05f64 * 0.95 / REPETITIONS as f64).sqrt();
        assert!(share < 0.05 + 3.0 * error, "{share}");
        // Independent rows take nearly all of it: 1 - (1 - 0.05/8)^8 = 0.0489.
        assert!(share > 0.0489 - 3.0 * error, "{share}");
    }

    #[test]
    fn numbers_that_are_all_alike_are_placed_and_a_single_one_is_not() {
        let alike = holm(&[row(vec![0.5; 3])], 0.05)[0];
        assert_eq!(alike, Some([0.5, 0.5]));
        let [lo, hi] = holm(&[row(vec![0.5])], 0.05)[0].unwrap();
        assert!(lo.is_nan() && hi.is_nan());
    }
}
