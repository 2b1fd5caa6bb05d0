//! `tensorboard/`: event files, a view of the JSONL files for TensorBoard.
//!
//! A failing event file must never stop or slow a run, so events go over a channel to a thread of
//! their own. Its first failure ends the event file, and is told once, as a warning. Of
//! tensorboard-rs only the record writer is used, which returns its errors: the library's
//! `SummaryWriter` panics on them, in a thread that it does not join until it is dropped.

mod event;
mod tags;
mod thread;

pub use event::{HparamValue, Image};
pub(crate) use thread::{is_event_file, may_be_event_file};

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use crate::error::{Error, Result};
use crate::metrics::{EvaluationRecord, StepRecord};
use tags::Scalar;
use thread::EventThread;

/// The event file of a run.
///
/// Every number of a [`StepRecord`] becomes a scalar `train/<field>`, every number of an
/// [`EvaluationRecord`] `eval/<field>`, and of each frequency class
/// `class_<lo_rank>-<hi_rank>/<field>`; the two ends of an interval get `_lo` and `_hi`. The step
/// is the x-axis; a value that is missing or not finite has no point. TensorBoard's numbers are
/// 32-bit floats.
///
/// Dropping it waits for the events under way, as [`finish`](Self::finish) does, and says nothing
/// of failures.
#[derive(Debug)]
pub struct TensorBoard {
    dir: PathBuf,
    thread: EventThread,
}

impl TensorBoard {
    /// Begins a new event file in `dir`, which is made if it is missing. Older event files are
    /// left, and TensorBoard shows them as the same run.
    ///
    /// It does not fail: see [`health`](Self::health).
    pub fn open(dir: impl Into<PathBuf>) -> Self {
        let dir = dir.into();
        Self {
            thread: EventThread::start(dir.clone()),
            dir,
        }
    }

    /// Begins a new event file in `dir` in place of those that kolmo wrote there before.
    ///
    /// It does not fail: see [`health`](Self::health).
    pub fn replace(dir: impl Into<PathBuf>) -> Self {
        let dir = dir.into();
        let removed = remove_event_files(&dir);
        let board = Self::open(dir);
        if let Err(error) = removed {
            board.thread.fail(error);
        }
        board.hand_over(event::restart(now_s()));
        board
    }

    /// Replaces the event files in `dir` by one with these records, and continues it. A run that
    /// resumes from a checkpoint thus has no points from after the checkpoint. The points are dated
    /// backwards from now by the records' `elapsed_s`; hparams are to be given again.
    ///
    /// It does not fail: see [`health`](Self::health).
    pub fn rebuild(
        dir: impl Into<PathBuf>,
        steps: &[StepRecord],
        evaluations: &[EvaluationRecord],
    ) -> Self {
        let board = Self::replace(dir);

        let ended = steps.last().map_or(0.0, |record| record.elapsed_s);
        let date = |elapsed: f64| {
            now_s()
                - if elapsed.is_finite() {
                    ended - elapsed
                } else {
                    0.0
                }
        };
        // In the order in which they were measured: TensorBoard takes a step back for a restart.
        let mut evaluations = evaluations.iter().peekable();
        let mut elapsed = 0.0;
        for record in steps {
            while let Some(evaluation) = evaluations.next_if(|next| next.step < record.step) {
                board.send(
                    date(elapsed),
                    evaluation.step,
                    tags::of_evaluation(evaluation),
                );
            }
            elapsed = record.elapsed_s;
            board.send(date(elapsed), record.step, tags::of_step(record));
        }
        for evaluation in evaluations {
            board.send(
                date(elapsed),
                evaluation.step,
                tags::of_evaluation(evaluation),
            );
        }
        board
    }

    /// Adds the scalars of a step.
    pub fn step(&self, record: &StepRecord) {
        self.send(now_s(), record.step, tags::of_step(record));
    }

    /// Adds the scalars of an evaluation.
    pub fn evaluation(&self, record: &EvaluationRecord) {
        self.send(now_s(), record.step, tags::of_evaluation(record));
    }

    /// Adds a picture.
    pub fn image(&self, tag: &str, step: u64, image: Image) {
        self.hand_over(event::image(now_s(), step, tag, image));
    }

    /// Adds the run's settings for the HPARAMS page, which then shows them beside the run's
    /// `eval/value_loss`. Names are the configuration's dotted keys, such as `train.learning_rate`.
    /// Call it once a run, before the first step.
    pub fn hparams(&self, hparams: &[(String, HparamValue)]) {
        match event::hparams(now_s(), hparams) {
            Ok(events) => events.into_iter().for_each(|event| self.thread.send(event)),
            Err(error) => self.thread.fail(error),
        }
    }

    /// Whether all events so far went to disk, as far as is known by now.
    ///
    /// # Errors
    /// [`Error::TensorBoard`], a warning: what went wrong first. It is told once; after it
    /// this and [`finish`](Self::finish) return `Ok`.
    pub fn health(&self) -> Result<()> {
        self.thread.failure().map_or(Ok(()), |source| {
            Err(Error::TensorBoard {
                dir: self.dir.clone(),
                source,
            })
        })
    }

    /// Waits until the events under way are written, and closes the file.
    ///
    /// # Errors
    /// As [`health`](Self::health).
    pub fn finish(mut self) -> Result<()> {
        self.thread.join();
        self.health()
    }

    fn send(&self, wall_time_s: f64, step: u64, scalars: serde_json::Result<Vec<Scalar>>) {
        let scalars = scalars.map_err(io::Error::from);
        self.hand_over(scalars.and_then(|scalars| event::scalars(wall_time_s, step, &scalars)));
    }

    fn hand_over(&self, event: io::Result<Vec<u8>>) {
        match event {
            Ok(event) => self.thread.send(event),
            Err(error) => self.thread.fail(error),
        }
    }
}

/// Seconds since 1970; 0 on a machine whose clock is older.
fn now_s() -> f64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0.0, |since| since.as_secs_f64())
}

fn remove_event_files(dir: &Path) -> io::Result<()> {
    let entries = match fs::read_dir(dir) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        entries => entries?,
    };
    for entry in entries {
        let entry = entry?;
        if entry.file_name().to_str().is_some_and(is_event_file) {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::examples;

    fn event_files(dir: &Path) -> Vec<PathBuf> {
        let entries = fs::read_dir(dir)
            .unwrap()
            .map(|entry| entry.unwrap().path());
        entries.collect()
    }

    /// The records of an event file, without framing. Checks lengths, not checksums.
    fn events(path: &Path) -> Vec<Vec<u8>> {
        let bytes = fs::read(path).unwrap();
        let mut rest = &bytes[..];
        let mut events = Vec::new();
        while !rest.is_empty() {
            let length = u64::from_le_bytes(rest[..8].try_into().unwrap()) as usize;
            events.push(rest[12..12 + length].to_vec());
            rest = &rest[12 + length + 4..];
        }
        events
    }

    fn contains(event: &[u8], text: &str) -> bool {
        event
            .windows(text.len())
            .any(|window| window == text.as_bytes())
    }

    fn step_of(event: &[u8]) -> i64 {
        use protobuf::Message;
        let event = tensorboard_proto::event::Event::parse_from_bytes(event);
        event.unwrap().get_step()
    }

    #[test]
    fn every_record_becomes_an_event_on_disk() {
        let folder = tempfile::tempdir().unwrap();
        let dir = folder.path().join("run/tensorboard");
        let board = TensorBoard::open(&dir);
        board.hparams(&[("train.learning_rate".into(), 3e-3.into())]);
        board.step(&examples::step(1));
        board.evaluation(&examples::evaluation(1));
        board.health().unwrap();
        board.finish().unwrap();

        let [file] = &event_files(&dir)[..] else {
            panic!("one file expected")
        };
        let events = events(file);
        let texts = [
            "brain.Event:2",
            "_hparams_/experiment",
            "_hparams_/session_start_info",
            "train/loss",
            "class_11-100/value_loss_ci95_hi",
        ];
        assert_eq!(events.len(), texts.len());
        for (event, text) in events.iter().zip(texts) {
            assert!(contains(event, text), "{text}");
        }
    }

    #[test]
    fn a_picture_is_read_back_as_it_was() {
        use protobuf::Message;
        let folder = tempfile::tempdir().unwrap();
        for width in [3, 7] {
            let board = TensorBoard::replace(folder.path());
            let image = Image {
                width,
                height: 5,
                png: vec![0x89, b'P', b'N', b'G', 0],
            };
            board.image("report/loss", 42, image);
            board.finish().unwrap();
        }
        let [file] = &event_files(folder.path())[..] else {
            panic!("the second file replaces the first")
        };
        let events = events(file);
        let event = tensorboard_proto::event::Event::parse_from_bytes(events.last().unwrap());
        let event = event.unwrap();
        assert_eq!(event.get_step(), 42);
        let [value] = event.get_summary().get_value() else {
            panic!("one picture expected")
        };
        assert_eq!(value.get_tag(), "report/loss");
        let image = value.get_image();
        let size = (image.get_width(), image.get_height());
        assert_eq!((size, image.get_colorspace()), ((7, 5), 4));
        assert_eq!(image.get_encoded_image_string(), b"\x89PNG\0");
    }

    #[test]
    fn two_files_of_the_same_second_do_not_overwrite_each_other() {
        let folder = tempfile::tempdir().unwrap();
        for step in 1..=3 {
            let board = TensorBoard::open(folder.path());
            board.step(&examples::step(step));
            board.finish().unwrap();
        }
        assert_eq!(event_files(folder.path()).len(), 3);
        let mut files = event_files(folder.path());
        // TensorBoard reads them in the order of their names.
        files.sort();
        let steps: Vec<i64> = files.iter().map(|file| step_of(&events(file)[1])).collect();
        assert_eq!(steps, [1, 2, 3]);
    }

    #[test]
    fn a_folder_that_cannot_be_made_is_told_once_and_stops_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        fs::write(&file, "x").unwrap();
        let board = TensorBoard::open(file.join("tensorboard"));
        for step in 1..100 {
            board.step(&examples::step(step));
        }
        let warning = board.finish().unwrap_err();
        assert!(matches!(warning, Error::TensorBoard { .. }), "{warning}");
        assert!(
            warning.to_string().contains("file/tensorboard"),
            "{warning}"
        );
    }

    #[test]
    fn health_tells_a_failure_and_finish_not_again() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        fs::write(&file, "x").unwrap();
        let board = TensorBoard::open(&file);
        let mut told = 0;
        for _ in 0..500 {
            told += u32::from(board.health().is_err());
            std::thread::sleep(std::time::Duration::from_millis(1));
        }
        assert_eq!(told, 1);
        board.finish().unwrap();
    }

    #[test]
    fn rebuilding_replaces_kolmos_files_and_merges_by_step() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("notes.md"), "x").unwrap();
        let board = TensorBoard::open(folder.path());
        for step in 1..=9 {
            board.step(&examples::step(step));
        }
        drop(board);

        let steps = [1, 3, 5].map(examples::step);
        let evaluations = [0, 3, 7].map(examples::evaluation);
        let board = TensorBoard::rebuild(folder.path(), &steps, &evaluations);
        board.step(&examples::step(8));
        board.finish().unwrap();
        let mut files = event_files(folder.path());
        files.sort();
        assert_eq!(files.len(), 2, "the old file is left: {files:?}");
        let events = events(&files[0]);
        // Then the points, after a word to those who have seen others.
        let order: Vec<(i64, bool)> = events[2..]
            .iter()
            .map(|event| (step_of(event), contains(event, "eval/value_loss")))
            .collect();
        let (train, eval) = (false, true);
        assert_eq!(
            order,
            [
                (0, eval),
                (1, train),
                (3, train),
                (3, eval),
                (5, train),
                (7, eval),
                (8, train)
            ]
        );
        let time = |event: &[u8]| f64::from_le_bytes(event[1..9].try_into().unwrap());
        // Steps 1 and 5 are two seconds of training apart.
        let apart = time(&events[6]) - time(&events[3]);
        assert!((apart - 2.0).abs() < 0.5, "{apart}");
    }
}
