//! Signals that ask a run to stop.

use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use signal_hook::{
    consts::{SIGINT, SIGTERM},
    flag,
};

/// Whether someone asked the process to stop: Ctrl-C, a scheduler's SIGTERM, or its warning ahead of time,
/// SIGUSR1. A second Ctrl-C ends the process at once.
#[derive(Debug, Clone)]
pub struct StopRequest {
    asked: Arc<AtomicBool>,
}

impl StopRequest {
    /// Listens from now on.
    pub fn listen() -> io::Result<Self> {
        let asked = Arc::new(AtomicBool::new(false));
        let interrupted = Arc::new(AtomicBool::new(false));
        // In this order: the first Ctrl-C finds the flag down, raises it and does no more.
        flag::register_conditional_default(SIGINT, Arc::clone(&interrupted))?;
        flag::register(SIGINT, interrupted)?;
        #[cfg(unix)]
        flag::register(signal_hook::consts::SIGUSR1, Arc::clone(&asked))?;
        for signal in [SIGINT, SIGTERM] {
            flag::register(signal, Arc::clone(&asked))?;
        }
        Ok(Self { asked })
    }

    /// Whether someone has.
    pub fn is_asked(&self) -> bool {
        self.asked.load(Ordering::Relaxed)
    }
}
