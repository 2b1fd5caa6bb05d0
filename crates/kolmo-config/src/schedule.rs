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
        Self {
            kind: config.schedule,
            peak: config.learning_rate,
            last: config.learning_rate * config.final_fraction,
            steps,
            warmup: (config.warmup * steps).round(),
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
}

#[cfg(test)]
mod tests {
    use super::*;

    fn schedule(kind: ScheduleKind) -> Schedule {
        Schedule::new(&TrainConfig {
            documents: 1000,
            batch_documents: 1,
            learning_rate: 2.0,
            schedule: kind,
            warmup: 0.1,
            cooldown: 0.2,
            final_fraction: 0.1,
            ..TrainConfig::default()
        })
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
}
