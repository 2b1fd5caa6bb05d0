use std::fs;

use proptest::prelude::*;

use super::*;
use crate::metrics::{ExactLosses, StepRecord, examples};

fn write(path: &Path, steps: std::ops::RangeInclusive<u64>) {
    let mut writer = JsonlWriter::create(path).unwrap();
    for step in steps {
        writer.append(&examples::step(step)).unwrap();
    }
}

#[test]
fn the_last_record_is_that_of_the_last_whole_line() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("metrics.jsonl");
    let last = || {
        read_last::<StepRecord>(&path)
            .unwrap()
            .map(|last| last.step)
    };
    assert_eq!(last(), None);
    write(&path, 1..=1);
    assert_eq!(last(), Some(1));
    write(&path, 1..=500);
    assert_eq!(last(), Some(500));
    let mut bytes = fs::read(&path).unwrap();
    bytes.truncate(bytes.len() - 5);
    fs::write(&path, &bytes).unwrap();
    assert_eq!(last(), Some(499));
    fs::write(&path, "").unwrap();
    assert_eq!(last(), None);
}

#[test]
fn a_record_can_be_read_as_soon_as_it_is_appended() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("metrics.jsonl");
    let mut writer = JsonlWriter::create(&path).unwrap();
    assert!(read_jsonl::<StepRecord>(&path).unwrap().is_empty());
    writer.append(&examples::step(1)).unwrap();
    assert_eq!(
        read_jsonl::<StepRecord>(&path).unwrap(),
        [examples::step(1)]
    );
}

#[test]
fn a_torn_last_line_is_skipped_wherever_it_is_torn() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("metrics.jsonl");
    write(&path, 1..=2);
    let whole = fs::read(&path).unwrap();
    let second = whole.iter().position(|&byte| byte == b'\n').unwrap() + 1;
    for end in second..=whole.len() {
        fs::write(&path, &whole[..end]).unwrap();
        let records: Vec<StepRecord> = read_jsonl(&path).unwrap();
        // Without the line feed alone, the record is whole.
        let expected = if end + 1 >= whole.len() { 2 } else { 1 };
        assert_eq!(records.len(), expected, "torn after {end} bytes");
    }
    // What a crash can leave need not be text.
    fs::write(&path, [&whole[..second], b"\0\xff"].concat()).unwrap();
    assert_eq!(read_jsonl::<StepRecord>(&path).unwrap().len(), 1);
}

#[test]
fn a_damaged_line_is_an_error_with_its_number() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("metrics.jsonl");
    write(&path, 1..=3);
    let damaged = fs::read_to_string(&path)
        .unwrap()
        .replace("\"step\":2", "\"step\":");
    fs::write(&path, &damaged).unwrap();
    let error = read_jsonl::<StepRecord>(&path).unwrap_err();
    assert!(matches!(error, Error::Jsonl { line: 2, .. }), "{error}");
    assert!(
        error.to_string().contains("metrics.jsonl, line 2"),
        "{error}"
    );
    assert!(KeptLines::<StepRecord>::read(&path, 3).is_err());
    assert_eq!(fs::read_to_string(&path).unwrap(), damaged);
}

#[test]
fn what_has_no_line_feed_for_ever_is_not_read_to_its_end() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("metrics.jsonl");
    write(&path, 1..=2);
    let file = OpenOptions::new().write(true).open(&path).unwrap();
    file.set_len(100 << 30).unwrap();
    let error = read_jsonl::<StepRecord>(&path).unwrap_err();
    assert!(matches!(error, Error::Jsonl { line: 3, .. }), "{error}");
    // What comes after the lines that count is not looked at.
    let kept = KeptLines::<StepRecord>::read(&path, 2).unwrap();
    assert_eq!(kept.records().len(), 2);
    assert_eq!(read_last::<StepRecord>(&path).unwrap(), None);
}

#[test]
fn a_missing_file_is_an_error_to_read_and_a_start_to_resume() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("metrics.jsonl");
    assert!(matches!(
        read_jsonl::<StepRecord>(&path),
        Err(Error::Io { .. })
    ));
    let none = KeptLines::<StepRecord>::read(&path, 5).unwrap();
    assert!(none.records().is_empty());
    let mut writer = none.resume().unwrap();
    writer.append(&examples::step(1)).unwrap();
    assert_eq!(read_jsonl::<StepRecord>(&path).unwrap().len(), 1);
    // What is there and cannot be read is not taken for missing: it would be written over.
    let folder = tempfile::tempdir().unwrap();
    let error = KeptLines::<StepRecord>::read(folder.path(), 1).unwrap_err();
    assert!(matches!(error, Error::Io { .. }), "{error}");
}

#[test]
fn a_resumed_file_is_that_of_an_uninterrupted_run() {
    let folder = tempfile::tempdir().unwrap();
    let uninterrupted = folder.path().join("a.jsonl");
    let resumed = folder.path().join("b.jsonl");
    write(&uninterrupted, 1..=6);
    write(&resumed, 1..=4);
    let mut bytes = fs::read(&resumed).unwrap();
    // What a lost machine can leave behind what was forced to disk.
    bytes.extend_from_slice(b"\0\0\0\n{\"step\":5,\"docu");
    fs::write(&resumed, bytes).unwrap();

    let torn = fs::read(&resumed).unwrap();
    let kept = KeptLines::<StepRecord>::read(&resumed, 3).unwrap();
    assert_eq!(kept.records().len(), 3);
    let copy = folder.path().join("c.jsonl");
    kept.copy(&copy).unwrap();
    let records: Vec<StepRecord> = read_jsonl(&copy).unwrap();
    assert_eq!(records, kept.records());
    assert_eq!(fs::read(&resumed).unwrap(), torn, "only read so far");
    let hash = kept.hash();
    let mut writer = kept.resume().unwrap();
    assert_eq!(writer.lines(), 3);
    assert_eq!(writer.hash(), hash);
    for step in 4..=6 {
        writer.append(&examples::step(step)).unwrap();
    }
    writer.sync().unwrap();
    assert_eq!(writer.lines(), 6);
    assert_eq!(writer.hash(), content_hash(&fs::read(&resumed).unwrap()));
    assert_eq!(
        fs::read(&resumed).unwrap(),
        fs::read(&uninterrupted).unwrap()
    );
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_an_error_not_a_panic() {
    let mut writer = JsonlWriter {
        path: "/dev/full".into(),
        file: OpenOptions::new().write(true).open("/dev/full").unwrap(),
        length: 0,
        lines: 0,
        hash: Hasher::new(),
        record: PhantomData,
    };
    let error = writer.append(&examples::step(1)).unwrap_err();
    assert!(
        matches!(
            error,
            Error::Io {
                action: "write",
                ..
            }
        ),
        "{error}"
    );
}

/// To the bit; NaN stands for all that is not finite.
fn same(written: f64, read: f64) -> bool {
    if written.is_finite() {
        written.to_bits() == read.to_bits()
    } else {
        read.is_nan()
    }
}

fn number() -> impl Strategy<Value = f64> {
    use proptest::num::f64::{INFINITE, NEGATIVE, NORMAL, POSITIVE, QUIET_NAN, ZERO};
    POSITIVE | NEGATIVE | NORMAL | ZERO | INFINITE | QUIET_NAN
}

prop_compose! {
    fn record()(
        counts in any::<[u64; 3]>(),
        numbers in prop::array::uniform5(number()),
        roles in prop::array::uniform4(prop::option::of(-1e9..1e9)),
    ) -> StepRecord {
        let [step, documents, tokens] = counts;
        let [loss, lr, grad_norm, tokens_per_s, elapsed_s] = numbers;
        let [loss_syntax, loss_subject, loss_value, loss_eos] = roles;
        StepRecord {
            step, documents, tokens, loss, loss_syntax, loss_subject, loss_value, loss_eos,
            exact: ExactLosses { floor: loss_syntax, bayes_eos: loss_value, ..ExactLosses::default() },
            lr, grad_norm, tokens_per_s, elapsed_s,
            companions: Default::default(),
        }
    }
}

proptest! {
    #[test]
    fn records_survive_the_round_trip(records in prop::collection::vec(record(), 0..5)) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("metrics.jsonl");
        let mut writer = JsonlWriter::create(&path).unwrap();
        for record in &records {
            writer.append(record).unwrap();
        }
        let read: Vec<StepRecord> = read_jsonl(&path).unwrap();
        prop_assert_eq!(read.len(), records.len());
        for (written, read) in records.iter().zip(&read) {
            prop_assert_eq!(
                [written.step, written.documents, written.tokens],
                [read.step, read.documents, read.tokens]
            );
            for (written, read) in [
                (written.loss, read.loss),
                (written.lr, read.lr),
                (written.grad_norm, read.grad_norm),
                (written.tokens_per_s, read.tokens_per_s),
                (written.elapsed_s, read.elapsed_s),
            ] {
                prop_assert!(same(written, read), "{written} came back as {read}");
            }
            for (written, read) in [
                (written.loss_syntax, read.loss_syntax),
                (written.loss_subject, read.loss_subject),
                (written.loss_value, read.loss_value),
                (written.loss_eos, read.loss_eos),
                (written.exact.floor, read.exact.floor),
                (written.exact.bayes_eos, read.exact.bayes_eos),
                (written.exact.redundancy, read.exact.redundancy),
            ] {
                prop_assert_eq!(written.is_some(), read.is_some());
                prop_assert!(same(written.unwrap_or(0.0), read.unwrap_or(0.0)));
            }
        }
    }
}
