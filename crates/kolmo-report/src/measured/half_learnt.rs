//! When the facts of a run were half learnt.

use kolmo_run::FactRow;
use kolmo_stats::{HalfLearning, LearningClass, half_learning, mean, median_half_learning};

use crate::{error::Result, study::StudyRun};

/// For each fact asked, its row of the last evaluation and when it was half learnt.
pub fn facts(run: &StudyRun) -> Result<Vec<(FactRow, HalfLearning)>> {
    let evaluations = run.facts()?;
    let Some(last) = evaluations.last() else {
        return Ok(Vec::new());
    };
    let end = run.documents();
    // Every evaluation asks the same facts in the same order.
    let timed = last.iter().enumerate().map(|(k, row)| {
        let at = evaluations.iter().filter_map(|rows| rows.get(k));
        let curve: Vec<(f64, f64)> = at
            .map(|row| (row.documents as f64, row.loss_nats))
            .collect();
        // A loss that is no number is none that was learnt, and what was never stated is a lucky guess.
        let never = HalfLearning::Censored { after: end };
        if row.exposures == 0 {
            return (*row, never);
        }
        (
            *row,
            half_learning(&curve, run.content(row)).unwrap_or(never),
        )
    });
    Ok(timed.collect())
}

/// A frequency class with the learning time of each of its facts.
#[derive(Clone)]
pub struct Class {
    /// Rank of its most frequent subject.
    pub lo_rank: u64,
    /// Rank of its least frequent subject.
    pub hi_rank: u64,
    /// Its mean frequency, and when each of its facts was half learnt.
    pub learning: LearningClass,
}

/// The classes with the learning times of their facts.
pub fn classes(run: &StudyRun) -> Result<Vec<Class>> {
    let facts = facts(run)?;
    let of = |lo_rank: u64, hi_rank: u64| {
        let inside = facts
            .iter()
            .filter(|(row, _)| (lo_rank..=hi_rank).contains(&row.subject));
        let (logs, times): (Vec<f64>, Vec<HalfLearning>) = inside
            .map(|(row, time)| (row.probability.ln(), *time))
            .unzip();
        let mean = mean(logs);
        Class {
            lo_rank,
            hi_rank,
            learning: LearningClass {
                frequency: mean.exp(),
                times,
            },
        }
    };
    let classes = run
        .last()
        .classes
        .iter()
        .map(|class| of(class.lo_rank, class.hi_rank));
    Ok(classes.collect())
}

/// `time` counted from `start`; at or before it is not known.
pub fn later(time: HalfLearning, start: f64) -> HalfLearning {
    match time {
        HalfLearning::At { documents } if documents > start => HalfLearning::At {
            documents: documents - start,
        },
        HalfLearning::At { .. } | HalfLearning::Before { .. } => {
            HalfLearning::Before { documents: 1.0 }
        }
        HalfLearning::Censored { after } => HalfLearning::Censored {
            after: after - start,
        },
    }
}

/// When half of the facts of a class were half learnt; none if that is not known.
pub fn median(class: &Class) -> Option<f64> {
    match median_half_learning(&class.learning.times) {
        Ok(HalfLearning::At { documents }) => Some(documents),
        Ok(HalfLearning::Before { .. } | HalfLearning::Censored { .. }) | Err(_) => None,
    }
}
