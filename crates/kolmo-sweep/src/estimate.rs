//! How long runs take, from two short measurements.

use crate::{commands::Trainer, cost::Cost, error::SweepError, pack::measure, plan::Plan};

/// Speed of training against the work of a step: small steps are slower, operation by operation.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Speed {
    /// ln of the useful operations of a step, and ln of useful operations a second.
    points: [(f64, f64); 2],
}

/// Time that one measurement takes, start included.
const SECONDS: f64 = 0.4;

impl Speed {
    /// Measures the runs of `plan` with the smallest and the largest steps on `device`, with all threads.
    ///
    /// # Errors
    /// A benchmark that fails.
    pub fn measure(
        plan: &Plan,
        trainer: &Trainer,
        device: &str,
        threads: usize,
    ) -> Result<Self, SweepError> {
        let mut runs: Vec<_> = plan.runs.iter().collect();
        runs.sort_by(|a, b| work(&a.cost).total_cmp(&work(&b.cost)));
        let (Some(least), Some(most)) = (runs.first(), runs.last()) else {
            return Err(SweepError::Refused(
                "there is nothing to measure".to_owned(),
            ));
        };
        let point = |run: &&crate::PlannedRun| {
            let rate = measure(
                trainer,
                &run.config,
                &run.cost,
                device,
                (1, threads),
                SECONDS,
            )?;
            let per_token = run.cost.flops / run.cost.tokens.max(1) as f64;
            Ok::<_, SweepError>((work(&run.cost).ln(), (rate * per_token).ln()))
        };
        let first = point(least)?;
        let last = match work(&most.cost) > 1.01 * work(&least.cost) {
            true => point(most)?,
            false => first,
        };
        Ok(Self {
            points: [first, last],
        })
    }

    /// Seconds that a run of `cost` trains, all by itself; evaluations and its start are not counted.
    pub fn seconds(&self, cost: &Cost) -> f64 {
        let [(x0, y0), (x1, y1)] = self.points;
        let at = match x1 > x0 {
            true => ((work(cost).ln() - x0) / (x1 - x0)).clamp(0.0, 1.0),
            false => 0.0,
        };
        cost.flops / (y0 + at * (y1 - y0)).exp()
    }
}

/// Useful operations of a step.
fn work(cost: &Cost) -> f64 {
    cost.flops / cost.own_steps.max(1) as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::tests::plan;

    #[test]
    fn between_the_two_measured_a_speed_is_interpolated() {
        let text = "[[axes]]\nproduct = { 'model.d_model' = [16, 64, 256] }";
        let plan = plan(text).unwrap();
        let works: Vec<f64> = plan.runs.iter().map(|run| work(&run.cost).ln()).collect();
        let speed = Speed {
            points: [(works[0], 10.0_f64.ln()), (works[2], 1000.0_f64.ln())],
        };
        let rates: Vec<f64> = plan
            .runs
            .iter()
            .map(|run| run.cost.flops / speed.seconds(&run.cost))
            .collect();
        assert!((rates[0] - 10.0).abs() < 1e-9 && (rates[2] - 1000.0).abs() < 1e-6);
        assert!(rates[1] > 10.0 && rates[1] < 1000.0);
    }
}
