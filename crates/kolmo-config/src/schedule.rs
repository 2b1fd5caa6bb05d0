//! The learning rate as a pure function of the step.

use std::f64::consts::PI;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::train::TrainConfig;

/// The course of the learning rate after the warm-up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ScheduleKind {
    /// The peak throughout.
    Constant,
    /// Half a cosine from the peak down to the final fraction.
    Cosine,
    /// Warm-up, stable, decay: the peak, then a straight line down during the cool-down.
    Wsd,
}

/// The learning rate of every step of a run.
#[derive(Debug, Clone, Copy)]
pub struct Schedule {
    kind: ScheduleKind,
    peak: f64,
    last: f64,
    steps: f64,
    warmup: f64,
    cooldown: f64,
}

impl Schedule {
    /// The schedule of `config`.
    pub fn new(config: &TrainConfig) -> Self {
        let steps = config.steps() as f64;
        let warmup = match config.warmup_documents {
            Some(documents) => documents as f64 / config.batch_documents as f64,
            None => config.warmup * steps,
        };
        Self {
            kind: config.schedule,
            peak: config.learning_rate,
            last: config.learning_rate * config.final_fraction,
            steps,
            warmup: warmup.round(),
            cooldown: (config.cooldown * steps).round(),
        }
    }

    /// The learning rate of step `step`, counted from 1.
    pub fn learning_rate(&self, step: u64) -> f64 {
        let step = step as f64;
        if step <= self.warmup {
            return self.peak * step / self.warmup;
        }
        // From 0 at the peak to 1 after the last step.
        let done = |from: f64| ((step - from) / (self.steps + 1.0 - from)).clamp(0.0, 1.0);
        match self.kind {
            ScheduleKind::Constant => self.peak,
            ScheduleKind::Cosine => {
                let fall = (1.0 - (PI * done(self.warmup)).cos()) / 2.0;
                self.peak + (self.last - self.peak) * fall
            }
            ScheduleKind::Wsd => {
                self.peak + (self.last - self.peak) * done(self.steps - self.cooldown)
            }
        }
    }

    /// The last step up to which the learning rates are those of `other`, bit for bit; 0 if they differ from
    /// the first one on. At most the steps of the shorter run.
    pub fn agreement(&self, other: &Self) -> u64 {
        let steps = self.steps.min(other.steps) as u64;
        // One after another: rates that differ may be the same again later, which a search by halves would
        // take for agreement. Ten million steps take a tenth of a second.
        let differs = |step: &u64| {
            self.learning_rate(*step).to_bits() != other.learning_rate(*step).to_bits()
        };
        (1..=steps).find(differs).map_or(steps, |step| step - 1)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn config(kind: ScheduleKind) -> TrainConfig {
        TrainConfig {
            documents: 1000,
            batch_documents: 1,
            learning_rate: 2.0,
            schedule: kind,
            warmup: 0.1,
            cooldown: 0.2,
            final_fraction: 0.1,
            ..TrainConfig::default()
        }
    }

    fn schedule(kind: ScheduleKind) -> Schedule {
        Schedule::new(&config(kind))
    }

    #[test]
    fn schedules_have_their_shapes() {
        for kind in [
            ScheduleKind::Constant,
            ScheduleKind::Cosine,
            ScheduleKind::Wsd,
        ] {
            let schedule = schedule(kind);
            assert_eq!(schedule.learning_rate(50), 1.0);
            assert_eq!(schedule.learning_rate(100), 2.0);
            let (middle, end) = (schedule.learning_rate(550), schedule.learning_rate(1000));
            match kind {
                ScheduleKind::Constant => assert_eq!((middle, end), (2.0, 2.0)),
                ScheduleKind::Cosine => {
                    assert!((middle - 1.1).abs() < 0.01 && (end - 0.2).abs() < 0.001);
                }
                ScheduleKind::Wsd => {
                    assert_eq!(schedule.learning_rate(800), 2.0);
                    assert!((schedule.learning_rate(900) - 1.1).abs() < 0.01);
                    assert_eq!(middle, 2.0);
                    assert!((end - 0.2).abs() < 0.01);
                }
            }
        }
    }

    #[test]
    fn the_rate_never_rises_after_the_warm_up_and_never_is_zero() {
        for kind in [
            ScheduleKind::Constant,
            ScheduleKind::Cosine,
            ScheduleKind::Wsd,
        ] {
            let mut schedule = schedule(kind);
            schedule.last = 0.0;
            let rates: Vec<f64> = (100..=1000).map(|s| schedule.learning_rate(s)).collect();
            assert!(rates.windows(2).all(|pair| pair[1] <= pair[0]));
            assert!(rates.iter().all(|rate| *rate > 0.0));
        }
    }

    #[test]
    fn a_warm_up_in_documents_does_not_depend_on_the_length_of_the_run() {
        let of = |documents, batch_documents, warmup_documents| {
            Schedule::new(&TrainConfig {
                documents,
                batch_documents,
                warmup_documents,
                ..config(ScheduleKind::Constant)
            })
        };
        // 100 documents are 25 steps of 4, and 14.3 of 7, which are 14.
        for documents in [1000, 100_000] {
            let schedule = of(documents, 4, Some(100));
            assert_eq!(schedule.learning_rate(5), 0.4);
            assert_eq!(schedule.learning_rate(25), 2.0);
            assert_eq!(of(documents, 7, Some(100)).learning_rate(13), 26.0 / 14.0);
            assert_eq!(of(documents, 7, Some(100)).learning_rate(14), 2.0);
        }
        // It takes the place of the fraction; none is none.
        assert_eq!(of(1000, 1, Some(0)).learning_rate(1), 2.0);
        assert_eq!(of(1000, 1, None).learning_rate(1), 0.02);
    }

    #[test]
    fn runs_agree_until_the_shorter_one_cools_down() {
        let of = |documents, warmup_documents, kind| {
            Schedule::new(&TrainConfig {
                documents,
                warmup_documents,
                ..config(kind)
            })
        };
        let (warmup, wsd) = (Some(50), ScheduleKind::Wsd);
        let (short, long) = (of(1000, warmup, wsd), of(8000, warmup, wsd));
        assert_eq!(short.agreement(&long), 800);
        assert_eq!(long.agreement(&short), 800);
        assert_eq!(long.agreement(&long), 8000);
        // A constant rate is a trunk for any length, to its very end.
        let constant = of(900, warmup, ScheduleKind::Constant);
        assert_eq!(constant.agreement(&long), 900);
        assert_eq!(constant.agreement(&short), 800);
        // Warm-ups of different length, equal again on the plateau; a cosine bends from its beginning.
        assert_eq!(short.agreement(&of(8000, Some(60), wsd)), 0);
        assert_eq!(of(1000, None, wsd).agreement(&of(8000, None, wsd)), 0);
        let cosine = |documents| of(documents, warmup, ScheduleKind::Cosine);
        assert_eq!(cosine(1000).agreement(&cosine(8000)), 50);
    }

    prop_compose! {
        fn any_config()(
            documents in 1..400_u64,
            batch_documents in 1..4_usize,
            schedule in prop::sample::select(vec![
                ScheduleKind::Constant, ScheduleKind::Cosine, ScheduleKind::Wsd
            ]),
            // Few values, so that many pairs agree for a while.
            warmup_documents in prop::sample::select(vec![None, Some(0), Some(20), Some(21)]),
            cooldown in prop::sample::select(vec![0.0, 0.2, 0.5, 1.0]),
            final_fraction in prop::sample::select(vec![0.0, 0.1, 1.0]),
        ) -> TrainConfig {
            TrainConfig {
                documents: documents.max(batch_documents as u64),
                batch_documents,
                schedule,
                warmup_documents,
                cooldown,
                final_fraction,
                ..TrainConfig::default()
            }
        }
    }

    proptest! {
        #[test]
        fn agreement_is_the_longest_common_beginning(one in any_config(), other in any_config()) {
            let shorter = one.steps().min(other.steps());
            let (one, other) = (Schedule::new(&one), Schedule::new(&other));
            let agreement = one.agreement(&other);
            prop_assert_eq!(agreement, other.agreement(&one));
            prop_assert!(agreement <= shorter);
            let same = |step| one.learning_rate(step).to_bits() == other.learning_rate(step).to_bits();
            for step in 1..=agreement {
                prop_assert!(same(step), "step {}", step);
            }
            prop_assert!(agreement == shorter || !same(agreement + 1));
        }
    }
}
