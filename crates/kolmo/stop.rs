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

/// Whether someone asked the process to stop: Ctrl-C, a scheduler's SIGTERM, its warning ahead of time (SIGUSR1, SIGUSR2,
/// SIGXCPU), or a terminal that is closed (SIGHUP). A second Ctrl-C ends the process at once.
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
        for signal in warnings() {
            flag::register(signal, Arc::clone(&asked))?;
        }
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

/// Signals that would end the process without a word, and leave it time to save. One that `nohup` keeps away does not count.
#[cfg(unix)]
fn warnings() -> Vec<i32> {
    use signal_hook::consts::{SIGHUP, SIGUSR1, SIGUSR2, SIGXCPU};
    let mut all = vec![SIGUSR1, SIGUSR2, SIGXCPU];
    if !crate::inherited::ignores(SIGHUP) {
        all.push(SIGHUP);
    }
    all
}

/// Lets a write beyond the largest size of a file (`ulimit -f`) fail, and the error name the file, where SIGXFSZ would end the
/// process without a word.
pub fn survive_file_size_limits() -> io::Result<()> {
    #[cfg(unix)]
    flag::register(signal_hook::consts::SIGXFSZ, Arc::default())?;
    Ok(())
}
