//! The tables of positions that a transformer has made so far.

use std::sync::{Arc, Mutex, PoisonError};

use burn::prelude::*;
use kolmo_kernels::Positions;

/// Tables of positions, made when they are first needed and shared by all clones of a model: those of its shards on the
/// threads of a CPU, and those without automatic differentiation.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tables {
    made: Arc<Mutex<Vec<Arc<Positions>>>>,
}

/// Tables that are kept. Training reads rows of one length, or on a CPU shorter ones, and evaluations of one or two more; with and
/// without automatic differentiation they are different tensors.
const KEPT: usize = 4;

impl Tables {
    /// Positions of `time` tokens on `device` for heads of such a width.
    pub fn positions(&self, time: usize, head_width: usize, device: &Device) -> Arc<Positions> {
        // What is in there is whole, whoever had it when a thread panicked.
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(found) = made.iter().find(|found| found.serve(time, device)) {
            return Arc::clone(found);
        }
        let new = Arc::new(Positions::new(time, head_width, device));
        if made.len() == KEPT {
            made.remove(0);
        }
        made.push(Arc::clone(&new));
        new
    }
}
