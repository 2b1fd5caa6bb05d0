//! How often each probed fact was stated in training so far.

use std::collections::HashMap;

use kolmo_world::{Document, Fact, Shown};

use crate::{
    error::ProbeError,
    probe::{Probe, ProbedFact},
};

/// Realised exposures of the facts of a probe. Facts outside the probe are not counted, so memory
/// does not grow with training.
#[derive(Debug, Clone)]
pub struct Exposures {
    index: HashMap<Fact, usize>,
    counts: Vec<u64>,
}

impl Exposures {
    /// No exposures yet.
    pub fn new(probe: &Probe) -> Self {
        let facts = probe.facts.iter().enumerate();
        Self {
            index: facts.map(|(k, probed)| (probed.fact, k)).collect(),
            counts: vec![0; probe.facts.len()],
        }
    }

    /// Counts `facts` as well.
    pub fn with<'a>(mut self, facts: impl Iterator<Item = &'a ProbedFact>) -> Self {
        for probed in facts {
            let next = self.counts.len();
            if *self.index.entry(probed.fact).or_insert(next) == next {
                self.counts.push(0);
            }
        }
        self
    }

    /// Goes on with the exposures counted so far of the same facts, `counts` being [`counts`](Self::counts) of then.
    ///
    /// # Errors
    /// [`ProbeError::State`] if they are not of these facts.
    pub fn resume(&mut self, counts: Vec<u64>) -> Result<(), ProbeError> {
        if counts.len() != self.counts.len() {
            return Err(ProbeError::State("the exposures"));
        }
        self.counts = counts;
        Ok(())
    }

    /// Counts the facts of documents trained on.
    pub fn count(&mut self, facts: &[Fact]) {
        for fact in facts {
            if let Some(k) = self.index.get(fact) {
                self.counts[*k] += 1;
            }
        }
    }

    /// Counts the facts of the first `documents` documents of those `shown`, and tells `progress` now and then how
    /// many it has.
    pub fn count_stream(
        &mut self,
        shown: &Shown<'_>,
        documents: u64,
        mut progress: impl FnMut(u64),
    ) {
        let mut document = Document::default();
        for n in 0..documents {
            shown.write_document(n, &mut document);
            self.count(&document.facts);
            if n % (1 << 16) == 0 {
                progress(n);
            }
        }
        progress(documents);
    }

    /// Exposures of `fact`; 0 of one that is not counted.
    pub fn of(&self, fact: Fact) -> u64 {
        self.index.get(&fact).map_or(0, |k| self.counts[*k])
    }

    /// Exposures of each fact of the probe, in its order, and of those that were added.
    pub fn counts(&self) -> &[u64] {
        &self.counts
    }
}
