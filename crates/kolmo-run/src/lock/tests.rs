//! One holder at a time, whoever looks, and nothing of others.

use super::*;

#[test]
fn the_second_is_told_who_the_first_is_and_comes_after_it() {
    let folder = tempfile::tempdir().unwrap();
    let first = Lock::take(folder.path()).unwrap();
    let error = Lock::take(folder.path()).unwrap_err();
    let message = error.to_string();
    assert!(matches!(error, Error::Busy { .. }), "{message}");
    assert!(
        message.contains(&format!("process {}", process::id())),
        "{message}"
    );
    assert!(message.contains(&host()), "{message}");
    drop(first);
    drop(Lock::take(folder.path()).unwrap());
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn whether_it_is_held_can_be_seen_without_taking_it() {
    let folder = tempfile::tempdir().unwrap();
    let holder = || Lock::holder(folder.path()).unwrap();
    assert_eq!(holder(), None);
    let lock = Lock::take(folder.path()).unwrap();
    assert_eq!(holder(), Some(Holder::OnThisMachine));
    drop(lock);
    assert_eq!(holder(), None);
    // What a killed process leaves, whether a process has its number by now or none has.
    for process in [u32::MAX, process::id()] {
        let left = Process {
            process,
            host: host(),
            boot: boot(),
            since: now(),
        };
        let text = serde_json::to_vec(&left).unwrap();
        fs::write(folder.path().join(FILE), text).unwrap();
        assert_eq!(holder(), None);
    }
    // What cannot be read is not taken for nobody.
    fs::remove_file(folder.path().join(FILE)).unwrap();
    fs::create_dir(folder.path().join(FILE)).unwrap();
    assert!(matches!(Lock::holder(folder.path()), Err(Error::Io { .. })));
}

#[test]
fn the_lock_decides_and_not_the_number_of_a_process() {
    let folder = tempfile::tempdir().unwrap();
    let _lock = Lock::take(folder.path()).unwrap();
    // As it looks from a container that has no process of this number, and from another machine.
    let other = Some("another".to_owned());
    for (host, boot, expected) in [
        (host(), boot(), Holder::OnThisMachine),
        ("container".to_owned(), boot(), Holder::OnThisMachine),
        (host(), None, Holder::OnThisMachine),
        (host(), other.clone(), Holder::OnAnotherMachine),
        ("elsewhere".to_owned(), other, Holder::OnAnotherMachine),
        ("elsewhere".to_owned(), None, Holder::OnAnotherMachine),
    ] {
        let said = Process {
            process: u32::MAX,
            host,
            boot,
            since: now(),
        };
        let text = serde_json::to_vec(&said).unwrap();
        fs::write(folder.path().join(FILE), text).unwrap();
        let holder = Lock::holder(folder.path()).unwrap();
        assert_eq!(holder, Some(expected), "{said:?}");
    }
}

#[test]
fn those_who_look_keep_nobody_out() {
    use std::sync::atomic::{AtomicBool, Ordering};
    let folder = tempfile::tempdir().unwrap();
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while !is_over.load(Ordering::SeqCst) {
                    let _ = Lock::holder(folder.path());
                }
            });
        }
        let taken = (0..2000).all(|_| {
            // As a killed process leaves it: the file is there to be looked at.
            fs::write(folder.path().join(FILE), "").unwrap();
            Lock::take(folder.path()).is_ok()
        });
        is_over.store(true, Ordering::SeqCst);
        assert!(taken);
    });
}

#[cfg(unix)]
#[test]
fn a_link_in_the_place_of_a_lock_is_named_and_its_target_left() {
    use std::os::unix::fs::symlink;
    let folder = tempfile::tempdir().unwrap();
    let (path, theirs) = (folder.path().join(FILE), folder.path().join("theirs"));
    symlink(&theirs, &path).unwrap();
    for text in [None, Some(""), Some("theirs")] {
        if let Some(text) = text {
            fs::write(&theirs, text).unwrap();
        }
        for error in [
            Lock::take(folder.path()).err(),
            Lock::check_free(folder.path()).err(),
        ] {
            let error = error.unwrap();
            assert!(error.is_in_the_way(), "{error}");
        }
        assert_eq!(fs::read_to_string(&theirs).ok().as_deref(), text);
        assert!(path.is_symlink());
    }
}

#[test]
fn an_empty_lock_among_files_of_others_is_theirs() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(FILE);
    fs::write(&path, "").unwrap();
    // Beside what a sweep makes before it takes the folder.
    fs::create_dir(folder.path().join("configs")).unwrap();
    Lock::check_free(folder.path()).unwrap();
    fs::write(folder.path().join("poem.txt"), "theirs").unwrap();
    let error = Lock::check_free(folder.path()).unwrap_err();
    assert!(error.is_in_the_way(), "{error}");
    // Unless a process has it, which is about to write it.
    let _lock = Lock::take(folder.path()).unwrap();
    fs::write(&path, "").unwrap();
    Lock::check_free(folder.path()).unwrap();
}

#[test]
fn a_lock_of_something_else_is_named_and_left() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(FILE);
    Lock::check_free(folder.path()).unwrap();
    for theirs in ["12345\n", "{\"pid\":1}", "x"] {
        fs::write(&path, theirs).unwrap();
        for error in [
            Lock::check_free(folder.path()).unwrap_err(),
            Lock::take(folder.path()).unwrap_err(),
        ] {
            assert!(error.is_in_the_way(), "{error}");
        }
        assert_eq!(fs::read_to_string(&path).unwrap(), theirs);
    }
    // What processes leave that were killed as they took it, and one that has it.
    for ours in ["", "{\"pro", "{\"process\":12"] {
        fs::write(&path, ours).unwrap();
        Lock::check_free(folder.path()).unwrap();
        let _lock = Lock::take(folder.path()).unwrap();
        Lock::check_free(folder.path()).unwrap();
    }
    fs::create_dir(&path).unwrap();
    let error = Lock::check_free(folder.path()).unwrap_err();
    assert!(error.is_in_the_way(), "{error}");
}

#[test]
fn of_many_at_once_one_has_it() {
    use std::sync::atomic::{AtomicU32, Ordering};
    let folder = tempfile::tempdir().unwrap();
    let (inside, taken) = (AtomicU32::new(0), AtomicU32::new(0));
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..2000 {
                    if let Ok(_lock) = Lock::take(folder.path()) {
                        assert_eq!(inside.fetch_add(1, Ordering::SeqCst), 0);
                        taken.fetch_add(1, Ordering::SeqCst);
                        inside.fetch_sub(1, Ordering::SeqCst);
                    }
                }
            });
        }
    });
    assert!(taken.into_inner() > 100);
}

#[test]
fn a_holder_that_has_not_written_yet_is_just_another_process() {
    let folder = tempfile::tempdir().unwrap();
    let _lock = Lock::take(folder.path()).unwrap();
    fs::write(folder.path().join(FILE), "").unwrap();
    let message = Lock::take(folder.path()).unwrap_err().to_string();
    assert!(message.contains("another process"), "{message}");
}

#[test]
fn a_directory_that_is_another_now_is_noticed_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let directory = folder.path().join("run");
    fs::create_dir(&directory).unwrap();
    let lock = Lock::take(&directory).unwrap();
    lock.check().unwrap();
    fs::remove_dir_all(&directory).unwrap();
    assert!(matches!(lock.check(), Err(Error::Vanished { .. })));
    fs::create_dir(&directory).unwrap();
    let other = Lock::take(&directory).unwrap();
    assert!(matches!(lock.check(), Err(Error::Vanished { .. })));
    drop(lock);
    other.check().unwrap();
}

#[test]
fn a_missing_directory_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    assert!(Lock::take(folder.path().join("none")).is_err());
}
