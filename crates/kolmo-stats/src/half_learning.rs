//! After how many documents a fact is half learned.

use crate::{
    Estimate, Refusal,
    bootstrap::{percentile_interval, resampled},
    problem::positive_log,
};

/// The number of documents by which the loss of a fact, or of a class, has fallen to half of what ignorance costs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum HalfLearning {
    /// It had at the first measurement.
    Before {
        /// The documents of that one.
        documents: f64,
    },
    /// It did here.
    At {
        /// So many documents.
        documents: f64,
    },
    /// It had not at the last measurement.
    Censored {
        /// The documents of that one.
        after: f64,
    },
}

impl HalfLearning {
    /// The documents by which it had; none if it had not.
    pub fn documents(&self) -> Option<f64> {
        match *self {
            Self::Before { documents } | Self::At { documents } => Some(documents),
            Self::Censored { .. } => None,
        }
    }

    /// Where it stands among others: what was never half learned comes last.
    fn rank(&self) -> (bool, f64) {
        match *self {
            Self::Before { documents } | Self::At { documents } => (false, documents),
            Self::Censored { after } => (true, after),
        }
    }
}

/// When a loss falls to half of `ignorance` (ln V nats for a value), from its measurements (documents, loss) in any order.
///
/// It is the first measurement at or below half that the next one, if there is any, confirms, so that a single dip is no
/// learning; from the measurement before, which lies above half, ln documents is interpolated linearly in the loss.
/// Measurements before the first document have no place on a log axis and are left out.
pub fn half_learning(losses: &[(f64, f64)], ignorance: f64) -> Result<HalfLearning, Refusal> {
    positive_log("the loss of ignorance", 0, ignorance)?;
    let mut measured = Vec::with_capacity(losses.len());
    for (index, &(documents, loss)) in losses.iter().enumerate() {
        let bad = |what, value, needed| Refusal::BadNumber {
            what,
            index,
            value,
            needed,
        };
        if !documents.is_finite() || documents < 0.0 {
            return Err(bad("the documents", documents, "a finite number from 0 on"));
        }
        if !loss.is_finite() {
            return Err(bad("the loss", loss, "finite"));
        }
        if documents > 0.0 {
            measured.push((documents, loss));
        }
    }
    measured.sort_by(|a, b| a.0.total_cmp(&b.0));
    let Some(&(last, _)) = measured.last() else {
        return Err(Refusal::TooFew {
            what: "measurements after the first document",
            found: 0,
            needed: 1,
        });
    };
    let half = ignorance / 2.0;
    let low = |place: usize| measured.get(place).is_none_or(|&(_, loss)| loss <= half);
    Ok(
        match (0..measured.len()).find(|&place| low(place) && low(place + 1)) {
            None => HalfLearning::Censored { after: last },
            Some(0) => HalfLearning::Before {
                documents: measured[0].0,
            },
            Some(place) => {
                let ((from, above), (to, below)) = (measured[place - 1], measured[place]);
                let share = (above - half) / (above - below);
                HalfLearning::At {
                    documents: (from.ln() + share * (to.ln() - from.ln())).exp(),
                }
            }
        },
    )
}

/// The median over facts, those never half learned counting as infinite. Of an even number the two in the middle are averaged in
/// the log if both are known, and the later one stands otherwise.
pub fn median_half_learning(times: &[HalfLearning]) -> Result<HalfLearning, Refusal> {
    let mut times = times.to_vec();
    times.sort_by(|a, b| {
        let ((a_censored, a), (b_censored, b)) = (a.rank(), b.rank());
        a_censored.cmp(&b_censored).then(a.total_cmp(&b))
    });
    let middle = times.len() / 2;
    let too_few = Refusal::TooFew {
        what: "facts",
        found: 0,
        needed: 1,
    };
    let later = *times.get(middle).ok_or(too_few)?;
    let earlier = times[(times.len() - 1) / 2];
    Ok(match (earlier, later) {
        (HalfLearning::At { documents: a }, HalfLearning::At { documents: b }) => {
            HalfLearning::At {
                documents: (a * b).sqrt(),
            }
        }
        _ => later,
    })
}

/// When the facts of one frequency were half learned.
#[derive(Debug, Clone, PartialEq)]
pub struct LearningClass {
    /// How often a document states each.
    pub frequency: f64,
    /// When each was half learned.
    pub times: Vec<HalfLearning>,
}

/// The classes that a slope needs.
const CLASSES: usize = 3;

/// The slope of ln T against ln p over classes, T the median of the class, by least squares; −1 where a fact is learned after so
/// many statements of it. Classes whose median is not known are left out. The interval is a bootstrap over the facts
/// of each class: noise that all facts of a run share is not in it.
pub fn half_learning_slope(classes: &[LearningClass]) -> Result<Estimate, Refusal> {
    let mut log_frequencies = Vec::with_capacity(classes.len());
    for (index, class) in classes.iter().enumerate() {
        log_frequencies.push(positive_log("the frequency", index, class.frequency)?);
    }
    let place = |times: &[HalfLearning], log_frequency| match median_half_learning(times) {
        Ok(HalfLearning::At { documents }) => Some((log_frequency, documents.ln())),
        _ => None,
    };
    let known: Vec<(f64, &[HalfLearning])> = log_frequencies
        .into_iter()
        .zip(classes)
        .filter_map(|(log, class)| place(&class.times, log).map(|_| (log, class.times.as_slice())))
        .collect();
    let mut distinct: Vec<f64> = known.iter().map(|(log, _)| *log).collect();
    distinct.sort_by(f64::total_cmp);
    distinct.dedup();
    let too_few = Refusal::TooFewDistinct {
        axis: "frequency with a known median half-learning time",
        found: distinct.len(),
        needed: CLASSES,
    };
    if distinct.len() < CLASSES {
        return Err(too_few);
    }
    let points: Vec<(f64, f64)> = known
        .iter()
        .filter_map(|&(log, times)| place(times, log))
        .collect();
    let value = slope(&points).ok_or(too_few)?;
    let ci95 = percentile_interval("slope of half-learning times", |random| {
        let drawn: Vec<(f64, f64)> = known
            .iter()
            .filter_map(|&(log, times)| place(&resampled(random, times), log))
            .collect();
        slope(&drawn)
    })?;
    Ok(Estimate {
        value,
        ci95,
        seeds: 1,
    })
}

/// The least squares slope; none where the points have one abscissa.
pub fn slope(points: &[(f64, f64)]) -> Option<f64> {
    let count = points.len() as f64;
    let (x, y) = points.iter().fold((0.0, 0.0), |(x, y), point| {
        (x + point.0 / count, y + point.1 / count)
    });
    let (mut along, mut across) = (0.0, 0.0);
    for point in points {
        along += (point.0 - x).powi(2);
        across += (point.0 - x) * (point.1 - y);
    }
    (along > 0.0).then(|| across / along)
}

#[cfg(test)]
mod tests {
    use super::{
        super::coverage::{Coverage, noise},
        *,
    };

    const IGNORANCE: f64 = 4.0;

    fn found(losses: &[(f64, f64)]) -> HalfLearning {
        half_learning(losses, IGNORANCE).unwrap()
    }

    fn documents(time: HalfLearning) -> f64 {
        let HalfLearning::At { documents } = time else {
            panic!("{time:?}");
        };
        documents
    }

    #[test]
    fn the_crossing_is_interpolated_in_the_log() {
        // From 3 to 1 over a decade, half is in its middle.
        let time = documents(found(&[
            (0.0, 4.0),
            (10.0, 4.0),
            (100.0, 3.0),
            (1000.0, 1.0),
            (10_000.0, 0.1),
        ]));
        assert!((time / 10f64.powf(2.5) - 1.0).abs() < 1e-12);
    }

    #[test]
    fn a_dip_is_no_learning() {
        let time = documents(found(&[
            (10.0, 4.0),
            (100.0, 1.0),
            (1000.0, 3.0),
            (10_000.0, 1.0),
            (1e5, 1.0),
        ]));
        assert!((time / 10f64.powf(3.5) - 1.0).abs() < 1e-12);
        // But a relapse after two is a relapse.
        let time = documents(found(&[
            (10.0, 3.0),
            (100.0, 1.0),
            (1000.0, 1.0),
            (10_000.0, 3.0),
        ]));
        assert!((time / 10f64.powf(1.5) - 1.0).abs() < 1e-12);
    }

    #[test]
    fn ends_are_told_from_times() {
        assert_eq!(
            found(&[(10.0, 4.0), (100.0, 2.1)]),
            HalfLearning::Censored { after: 100.0 }
        );
        assert_eq!(
            found(&[(100.0, 0.2), (10.0, 1.0)]),
            HalfLearning::Before { documents: 10.0 }
        );
        assert!(half_learning(&[(0.0, 1.0)], IGNORANCE).is_err());
        assert!(half_learning(&[(1.0, f64::NAN)], IGNORANCE).is_err());
    }

    #[test]
    fn what_was_never_learned_is_last() {
        let at = |documents| HalfLearning::At { documents };
        let never = HalfLearning::Censored { after: 5.0 };
        assert_eq!(
            median_half_learning(&[never, at(100.0), at(10.0)]),
            Ok(at(100.0))
        );
        assert_eq!(median_half_learning(&[never, at(100.0)]), Ok(never));
        assert_eq!(
            documents(median_half_learning(&[at(100.0), never, at(1.0), at(4.0)]).unwrap()),
            20.0
        );
        assert!(median_half_learning(&[]).is_err());
    }

    fn class(frequency: f64, times: Vec<HalfLearning>) -> LearningClass {
        LearningClass { frequency, times }
    }

    #[test]
    fn the_slope_leaves_out_what_is_not_known() {
        let at = |documents| HalfLearning::At { documents };
        let mut classes: Vec<LearningClass> = [1e-4, 1e-3, 1e-2]
            .iter()
            .map(|p| class(*p, vec![at(8.0 / p); 5]))
            .collect();
        assert!(half_learning_slope(&classes[..2]).is_err());
        classes.push(class(1e-5, vec![HalfLearning::Censored { after: 1.0 }; 5]));
        classes.push(class(1e-6, vec![]));
        let slope = half_learning_slope(&classes).unwrap();
        assert!((slope.value + 1.0).abs() < 1e-12 && (slope.ci95[0] - slope.ci95[1]).abs() < 1e-12);
    }

    #[test]
    fn the_interval_over_facts_covers() {
        // A bootstrap of medians of 40 facts is a little wide: 97 of 100.
        Coverage::of("half-learning slope", 1000, -0.8, |random| {
            let frequencies = (0..6).map(|k| 1e-5 * 3f64.powi(k));
            let classes: Vec<LearningClass> = frequencies
                .map(|p| {
                    let times = (0..40).map(|_| HalfLearning::At {
                        documents: 5.0 * p.powf(-0.8) * noise(random, 0.7).exp(),
                    });
                    class(p, times.collect())
                })
                .collect();
            half_learning_slope(&classes).ok()
        })
        .check_at_least();
    }
}
