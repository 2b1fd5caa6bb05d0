//! The thread that holds an event file.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{SystemTime, UNIX_EPOCH};

use tensorboard_rs::record_writer::RecordWriter;

use super::{event, now_s};

/// How TensorBoard knows an event file, and how kolmo knows its own among them.
const PREFIX: &str = "events.out.tfevents.";
const SUFFIX: &str = ".kolmo";

/// Whether a file of this name is an event file that kolmo wrote.
pub(crate) fn is_event_file(name: &str) -> bool {
    name.starts_with(PREFIX) && name.ends_with(SUFFIX)
}

/// Whether TensorBoard takes a file of this name for an event file, whoever wrote it.
pub(crate) fn may_be_event_file(name: &str) -> bool {
    name.starts_with(PREFIX)
}

/// The sending end: nothing here blocks or fails.
#[derive(Debug)]
pub(super) struct EventThread {
    /// `None` once joined.
    sender: Option<Sender<Vec<u8>>>,
    thread: Option<JoinHandle<()>>,
    failure: Failure,
}

impl EventThread {
    /// Starts the thread, and with it an event file in `dir`.
    pub(super) fn start(dir: PathBuf) -> Self {
        let failure = Failure::default();
        let (sender, receiver) = mpsc::channel();
        let spawned = thread::Builder::new()
            .name("tensorboard".to_owned())
            .spawn({
                let failure = failure.clone();
                move || {
                    // Once this returns, the channel is closed and further events go nowhere.
                    if let Err(error) = create(&dir).and_then(|file| write_events(file, &receiver))
                    {
                        failure.set(error);
                    }
                }
            });
        let thread = spawned.map_err(|error| failure.set(error)).ok();
        Self {
            sender: Some(sender),
            thread,
            failure,
        }
    }

    /// Hands over an event.
    pub(super) fn send(&self, event: Vec<u8>) {
        if let Some(sender) = &self.sender {
            // The thread is gone only after a failure, which is kept.
            let _ = sender.send(event);
        }
    }

    /// Keeps a failure from outside the thread.
    pub(super) fn fail(&self, error: io::Error) {
        self.failure.set(error);
    }

    /// The first failure, once.
    pub(super) fn failure(&self) -> Option<io::Error> {
        self.failure.take()
    }

    /// Waits until all events are written.
    pub(super) fn join(&mut self) {
        self.sender = None;
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            self.failure
                .set(io::Error::other("the thread that writes them panicked"));
        }
    }
}

impl Drop for EventThread {
    fn drop(&mut self) {
        self.join();
    }
}

/// The first failure, until it is told.
#[derive(Debug, Default, Clone)]
struct Failure(Arc<Mutex<State>>);

#[derive(Debug, Default)]
enum State {
    #[default]
    Well,
    Failed(io::Error),
    Told,
}

impl Failure {
    fn set(&self, error: io::Error) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if matches!(*state, State::Well) {
            *state = State::Failed(error);
        }
    }

    fn take(&self) -> Option<io::Error> {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match std::mem::take(&mut *state) {
            State::Well => None,
            State::Failed(error) => {
                *state = State::Told;
                Some(error)
            }
            State::Told => {
                *state = State::Told;
                None
            }
        }
    }
}

/// Writes events as they come, until the sender is gone.
fn write_events(file: impl Write, events: &Receiver<Vec<u8>>) -> io::Result<()> {
    let mut writer = RecordWriter::new(BufWriter::new(file));
    writer.write(&event::first(now_s())?)?;
    writer.flush()?;
    while let Ok(event) = events.recv() {
        writer.write(&event)?;
        // Someone may be looking: what has come is shown at once.
        for event in events.try_iter() {
            writer.write(&event)?;
        }
        writer.flush()?;
    }
    Ok(())
}

/// A new event file. TensorBoard reads a folder's files in the order of their names; the usual
/// names have the time in seconds, and two of the same second would be one file.
fn create(dir: &Path) -> io::Result<File> {
    fs::create_dir_all(dir)?;
    static COUNTER: AtomicU64 = AtomicU64::new(0);
    let number = COUNTER.fetch_add(1, Ordering::Relaxed);
    let time = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    let name = format!(
        "{PREFIX}{:010}.{:09}.{}.{number}{SUFFIX}",
        time.as_secs(),
        time.subsec_nanos(),
        process::id(),
    );
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(dir.join(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_kolmos_event_files_are_kolmos() {
        assert!(is_event_file(
            "events.out.tfevents.1700000000.000000001.17.0.kolmo"
        ));
        assert!(!is_event_file("events.out.tfevents.1700000000.host.17.0"));
        assert!(!is_event_file("notes.kolmo"));
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_full_disk_ends_the_writing_with_an_error_not_a_panic() {
        let full = OpenOptions::new().write(true).open("/dev/full").unwrap();
        let (_sender, receiver) = mpsc::channel();
        // The sender is alive: only the failure can end it.
        let error = write_events(full, &receiver).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::StorageFull);
    }

    #[test]
    fn only_the_first_failure_is_kept_and_told_once() {
        let failure = Failure::default();
        assert!(failure.take().is_none());
        failure.set(io::Error::other("first"));
        failure.set(io::Error::other("second"));
        assert_eq!(failure.take().unwrap().to_string(), "first");
        assert!(failure.take().is_none());
        failure.set(io::Error::other("third"));
        assert!(failure.take().is_none());
    }
}
