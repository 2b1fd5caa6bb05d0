//! Several verdicts at once: intervals that all together are right 95 times of a hundred.

use crate::{Comparison, Estimate, Finding, Outcome, student};

/// The chance that any of the verdicts is wrong.
const LEVEL: f64 = 0.05;

/// The scale on which an interval is Student's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scale {
    /// Its own.
    Linear,
    /// Fisher's z = atanh of a correlation.
    Correlation,
}

impl Scale {
    fn there(self, value: f64) -> f64 {
        match self {
            Self::Linear => value,
            Self::Correlation => value.atanh(),
        }
    }

    fn back(self, value: f64) -> f64 {
        match self {
            Self::Linear => value,
            Self::Correlation => value.tanh(),
        }
    }
}

/// A comparison that is one of several.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Tested {
    /// By itself, its interval being Student's over its seeds.
    pub comparison: Comparison,
    /// On which scale it is.
    pub scale: Scale,
    /// The least and the greatest that the number can be.
    pub bounds: [f64; 2],
}

/// What a comparison finds as one of several.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Corrected {
    /// The chance that its interval does not hold the truth: 0.05 over the comparisons that were not decided before it.
    pub level: f64,
    /// The interval, as wide as the level asks for.
    pub ci_holm: [f64; 2],
    /// What follows from it.
    pub finding: Finding,
}

impl Tested {
    fn freedom(&self) -> f64 {
        self.comparison.measured.seeds as f64 - 1.0
    }

    /// What it finds with an interval of so many standard errors to each side; the one that it has is of Student's 97.5 % quantile.
    fn at(&self, errors: f64) -> ([f64; 2], Finding) {
        let Estimate { value, ci95, .. } = self.comparison.measured;
        let wider = errors / student::quantile(self.freedom());
        let middle = self.scale.there(value);
        let moved = |end: f64| {
            self.scale
                .back(middle + wider * (self.scale.there(end) - middle))
        };
        self.within_bounds(ci95.map(moved))
    }

    /// What it finds with this interval, which goes no further than the number can.
    fn within_bounds(&self, ci95: [f64; 2]) -> ([f64; 2], Finding) {
        let mut comparison = self.comparison;
        comparison.measured.ci95 = ci95;
        comparison.measured = comparison.measured.within(self.bounds);
        (comparison.measured.ci95, comparison.finding())
    }

    /// With the interval of `level`; with the one that it has where that is no other, or where it has too few seeds for another.
    fn corrected(&self, level: f64) -> Corrected {
        let freedom = self.freedom();
        let (ci_holm, finding) = match freedom < 1.0 || level == LEVEL {
            true => self.within_bounds(self.comparison.measured.ci95),
            false => self.at(student::quantile_of(freedom, level)),
        };
        Corrected {
            level,
            ci_holm,
            finding,
        }
    }

    /// The least level at which it agrees or disagrees; 1 where it does at none.
    fn least_level(&self) -> f64 {
        // As good as without end.
        const FAR: f64 = 1e9;
        let is_decided = |errors: f64| match self.at(errors).1.outcome() {
            Outcome::Agrees | Outcome::Disagrees => true,
            Outcome::Inconclusive => false,
        };
        let (mut lo, mut hi) = (0.0, FAR);
        if !is_decided(lo) {
            return 1.0;
        }
        if is_decided(hi) {
            return 0.0;
        }
        for _ in 0..100 {
            let middle = f64::midpoint(lo, hi);
            match is_decided(middle) {
                true => lo = middle,
                false => hi = middle,
            }
        }
        student::tails(self.freedom(), lo)
    }
}

/// The intervals and findings of `rows` in their order, corrected for that they are several (Holm 1979).
///
/// The row that is decided at the least level comes first, with an interval of 1 − 0.05/m of m rows; the next one with 1 − 0.05/(m − 1); and so on,
/// until an interval decides nothing. It and all that are left have its level. A row whose interval is not known, or that has too few seeds or too short a
/// range, is decided at none, and counts.
pub fn holm(rows: &[Tested]) -> Vec<Corrected> {
    let mut order: Vec<(f64, usize)> = rows.iter().map(Tested::least_level).zip(0..).collect();
    order.sort_by(|one, other| one.0.total_cmp(&other.0));
    let mut left = rows.len();
    let mut levels = vec![LEVEL; rows.len()];
    for (least, place) in order {
        levels[place] = LEVEL / left as f64;
        if least <= levels[place] && left > 1 {
            left -= 1;
        }
    }
    let rows = rows.iter().zip(levels);
    rows.map(|(row, level)| row.corrected(level)).collect()
}

#[cfg(test)]
mod tests;
