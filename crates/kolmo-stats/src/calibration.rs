//! Whether answers are right as often as their confidence says, and whether it tells right from wrong.

use kolmo_world::random::{Random, Streams};
use rand::RngExt;

use crate::{mean, rank::mid_ranks};

/// The bins of confidence, of equal width.
const BINS: usize = 10;

/// So often answers are drawn that are right as often as they say.
const DRAWS: u64 = 200;

/// An answer that is right or wrong.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Judged {
    /// The probability that it was given, 0 to 1.
    pub confidence: f64,
    /// Whether it is right.
    pub correct: bool,
}

/// The answers of about the same confidence.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bin {
    /// How many.
    pub answers: usize,
    /// Their mean confidence.
    pub confidence: f64,
    /// The share of them that is right.
    pub accuracy: f64,
}

impl Judged {
    /// 1 if it is right.
    fn truth(&self) -> f64 {
        f64::from(u8::from(self.correct))
    }

    fn bin(&self) -> usize {
        ((self.confidence * BINS as f64) as usize).min(BINS - 1)
    }
}

/// The reliability diagram of `answers`: ten bins of confidence, those without answers left out.
pub fn reliability(answers: &[Judged]) -> Vec<Bin> {
    let mut sums = [(0usize, 0.0, 0.0); BINS];
    for answer in answers {
        let (count, confidence, right) = &mut sums[answer.bin()];
        *count += 1;
        *confidence += answer.confidence;
        *right += answer.truth();
    }
    let bins = sums.iter().filter(|(count, ..)| *count > 0);
    bins.map(|&(answers, confidence, right)| Bin {
        answers,
        confidence: confidence / answers as f64,
        accuracy: right / answers as f64,
    })
    .collect()
}

/// The expected calibration error (Naeini et al. 2015; Guo et al. 2017, arXiv 1706.04599): how far accuracy is from confidence, the
/// mean over the bins weighted by their answers. NaN of no answers.
pub fn calibration_error(answers: &[Judged]) -> f64 {
    let apart = |bin: &Bin| bin.answers as f64 * (bin.accuracy - bin.confidence).abs();
    reliability(answers).iter().map(apart).sum::<f64>() / answers.len() as f64
}

/// The calibration error that as many answers have by chance if each is right as often as its confidence says: it is above 0, since
/// deviations of either sign count. A mean over draws.
pub fn calibration_error_by_chance(answers: &[Judged]) -> f64 {
    let stream = Streams::new(0).stream("report/calibrated");
    let drawn = |random: &mut Random| {
        let redrawn = answers.iter().map(|answer| Judged {
            correct: random.random::<f64>() < answer.confidence,
            ..*answer
        });
        calibration_error(&redrawn.collect::<Vec<_>>())
    };
    let errors = (0..DRAWS).map(|draw| drawn(&mut stream.at(draw)));
    errors.sum::<f64>() / DRAWS as f64
}

/// The Brier score of confidence as a forecast of being right: the mean of (confidence − right)², 0 at best. NaN of no answers.
pub fn brier_score(answers: &[Judged]) -> f64 {
    let squares = answers
        .iter()
        .map(|answer| (answer.confidence - answer.truth()).powi(2));
    mean(squares)
}

/// The area under the receiver operating characteristic of confidence as a detector of right answers: the probability that a right
/// answer is more confident than a wrong one, ties counted half (Mann and Whitney 1947). None where all are right or all wrong.
pub fn auroc(answers: &[Judged]) -> Option<f64> {
    let confidence: Vec<f64> = answers.iter().map(|answer| answer.confidence).collect();
    let right = answers.iter().filter(|answer| answer.correct).count() as f64;
    let wrong = answers.len() as f64 - right;
    let ranks = mid_ranks(&confidence).into_iter().zip(answers);
    let of_right: f64 = ranks
        .filter(|(_, answer)| answer.correct)
        .map(|(rank, _)| rank)
        .sum();
    (right > 0.0 && wrong > 0.0).then(|| (of_right - right * (right + 1.0) / 2.0) / (right * wrong))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn judged(confidence: f64, correct: bool) -> Judged {
        Judged {
            confidence,
            correct,
        }
    }

    /// Answers that are right with a probability of `right` of their confidence.
    fn drawn(count: u64, right: impl Fn(f64) -> f64) -> Vec<Judged> {
        let mut random = Streams::new(1).stream("test/calibration").at(0);
        let answers = (0..count).map(|_| {
            let confidence: f64 = random.random();
            judged(confidence, random.random::<f64>() < right(confidence))
        });
        answers.collect()
    }

    #[test]
    fn closed_forms() {
        // Three of four right at 0.9, one of four at 0.3.
        let mut answers = vec![judged(0.9, true); 3];
        answers.push(judged(0.9, false));
        answers.extend([judged(0.3, true), judged(0.3, false)]);
        answers.extend([judged(0.3, false); 2]);
        let bins = reliability(&answers);
        assert_eq!(bins.len(), 2);
        assert_eq!((bins[0].answers, bins[0].accuracy), (4, 0.25));
        assert_eq!((bins[1].answers, bins[1].accuracy), (4, 0.75));
        assert!((calibration_error(&answers) - (0.05 + 0.15) / 2.0).abs() < 1e-12);
        // 3 · 0.01 + 0.81 + 0.49 + 3 · 0.09
        assert!((brier_score(&answers) - 1.6 / 8.0).abs() < 1e-12);
        // Of 16 pairs 9 in order, 3 + 3 ties, 1 the other way round.
        assert!((auroc(&answers).unwrap() - 12.0 / 16.0).abs() < 1e-12);
        // The ends have a bin.
        assert_eq!(
            calibration_error(&[judged(1.0, true), judged(0.0, false)]),
            0.0
        );
        assert_eq!(auroc(&[judged(0.5, true)]), None);
        assert!(calibration_error(&[]).is_nan() && brier_score(&[]).is_nan());
    }

    #[test]
    fn a_calibrated_answerer_has_the_error_of_chance() {
        let excess: Vec<f64> = (0..20)
            .map(|k| {
                let answers = drawn(400 + k, |confidence| confidence);
                calibration_error(&answers) - calibration_error_by_chance(&answers)
            })
            .collect();
        let mean = excess.iter().sum::<f64>() / excess.len() as f64;
        assert!(mean.abs() < 0.01, "{mean}");
        let many = drawn(100_000, |confidence| confidence);
        assert!(calibration_error(&many) < 0.01);
        // ∫ c (1 − c) dc
        assert!((brier_score(&many) - 1.0 / 6.0).abs() < 0.005);
        // ∫∫ 2 c · 2 (1 − d) over c > d
        assert!((auroc(&many).unwrap() - 5.0 / 6.0).abs() < 0.01);
    }

    #[test]
    fn an_overconfident_answerer_has_more() {
        let answers = drawn(10_000, |confidence| confidence / 2.0);
        // Mean of c − c / 2.
        assert!((calibration_error(&answers) - 0.25).abs() < 0.02);
        assert!(calibration_error_by_chance(&answers) < 0.02);
    }

    proptest! {
        #[test]
        fn auroc_counts_pairs(answers in prop::collection::vec((0u8..6, any::<bool>()), 2..40)) {
            let answers: Vec<Judged> = answers.iter().map(|&(c, right)| judged(f64::from(c) / 5.0, right)).collect();
            let (right, wrong): (Vec<Judged>, Vec<Judged>) = answers.iter().partition(|answer| answer.correct);
            let pairs = right.iter().flat_map(|a| wrong.iter().map(move |b| match a.confidence.total_cmp(&b.confidence) {
                std::cmp::Ordering::Greater => 1.0,
                std::cmp::Ordering::Equal => 0.5,
                std::cmp::Ordering::Less => 0.0,
            }));
            let count = right.len() * wrong.len();
            let expected = (count > 0).then(|| pairs.sum::<f64>() / count as f64);
            match (auroc(&answers), expected) {
                (Some(found), Some(expected)) => prop_assert!((found - expected).abs() < 1e-12),
                (found, expected) => prop_assert_eq!(found, expected),
            }
        }
    }
}
