//! One process at a time in a directory.
//!
//! The lock is the operating system's, on the file `.lock`: it ends with the process, however that ends, so
//! that nothing has to be cleaned up after a crash. The file says who holds it, and goes when it is given
//! back.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, Read, Seek, Write},
    path::{Path, PathBuf},
    process,
};

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::manifest::now;
use crate::ownership::is_missing;
use crate::there::is_there;

/// Name of the file that is locked.
const FILE: &str = ".lock";

/// How the file begins once a holder has written it.
const BEGINNING: &[u8] = b"{\"process\":";

/// A directory held by this process, until it is dropped.
#[derive(Debug)]
pub struct Lock {
    /// Open for as long as it is locked.
    file: File,
    path: PathBuf,
}

/// Where the process is that has a directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Holder {
    /// On this machine, as far as is known.
    OnThisMachine,
    /// On another one, with which the disk is shared.
    OnAnotherMachine,
}

/// Who holds a lock.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Process {
    process: u32,
    host: String,
    since: String,
}

impl Lock {
    /// Takes `directory`, which must exist.
    ///
    /// # Errors
    /// [`Error::Busy`], which names the holder, if another process has it; [`Error::Io`] if the file cannot
    /// be opened or written. A file system that knows no locks is no error: there is none then.
    pub fn take(directory: impl AsRef<Path>) -> Result<Self> {
        let directory = directory.as_ref();
        let path = directory.join(FILE);
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        let mut file = loop {
            let mut file = options.open(&path).map_err(Error::io("open", &path))?;
            if let Err(TryLockError::WouldBlock) = file.try_lock() {
                return Err(Error::Busy {
                    directory: directory.to_path_buf(),
                    holder: read_holder(&mut file),
                });
            }
            // The one before may have removed the file between the two calls: it is nobody's then.
            if is_at(&file, &path) {
                break file;
            }
        };
        let holder = Process {
            process: process::id(),
            host: host(),
            since: now(),
        };
        write_holder(&mut file, &holder).map_err(Error::io("write", &path))?;
        Ok(Self { file, path })
    }

    /// That `directory`, of which nothing says yet that it is kolmo's, has no `.lock` of something else. Only
    /// looks.
    ///
    /// # Errors
    /// [`Error::InTheWay`] if it has one; [`Error::Io`] if that cannot be read.
    pub fn check_free(directory: impl AsRef<Path>) -> Result<()> {
        let path = directory.as_ref().join(FILE);
        let file = match File::open(&path) {
            Err(error) if is_missing(&error) => return Ok(()),
            opened => opened.map_err(Error::io("open", &path))?,
        };
        let mut beginning = Vec::new();
        let read = file
            .take(BEGINNING.len() as u64)
            .read_to_end(&mut beginning);
        match read {
            // Or less of it, of a process that was killed as it took the directory.
            Ok(_) if BEGINNING.starts_with(&beginning) => return Ok(()),
            Err(error) if error.kind() != io::ErrorKind::IsADirectory => {
                return Err(Error::io("read", &path)(error));
            }
            Ok(_) | Err(_) => {}
        }
        Err(Error::InTheWay {
            path,
            reason: "is no lock of kolmo",
        })
    }

    /// Who has `directory`, if a process has. Only looks: nobody who comes to take it meanwhile is in its way, unless
    /// the one before was killed on another machine.
    ///
    /// # Errors
    /// [`Error::Io`] if the file is there and cannot be read.
    pub fn holder(directory: impl AsRef<Path>) -> Result<Option<Holder>> {
        let path = directory.as_ref().join(FILE);
        if !is_there(&path)? {
            return Ok(None);
        }
        let mut file = match File::open(&path) {
            // It was given back meanwhile.
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            file => file.map_err(Error::io("read", &path))?,
        };
        let mut text = String::new();
        file.read_to_string(&mut text)
            .map_err(Error::io("read", &path))?;
        // One that has just been made says nothing yet.
        let process: Option<Process> = serde_json::from_str(&text).ok();
        let is_here = process
            .as_ref()
            .is_none_or(|process| process.host == host());
        if is_here && process.is_some_and(|process| has_ended(&process)) {
            return Ok(None);
        }
        // A shared one goes with the file at the end.
        let is_held = matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock));
        Ok(is_held.then_some(match is_here {
            true => Holder::OnThisMachine,
            false => Holder::OnAnotherMachine,
        }))
    }

    /// Makes sure that the directory is still the one that was taken. Behind a mount that has vanished lies
    /// another, and somebody may have removed it and made it anew.
    ///
    /// # Errors
    /// [`Error::Vanished`] if it is not.
    pub fn check(&self) -> Result<()> {
        if is_at(&self.file, &self.path) {
            return Ok(());
        }
        Err(Error::Vanished {
            directory: self.path.parent().unwrap_or(&self.path).to_path_buf(),
        })
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // While it is still locked. If it cannot be removed, it stays, and can be locked again.
        if is_at(&self.file, &self.path) {
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// Whether the open `file` is the one at `path`.
#[cfg(unix)]
fn is_at(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    match (file.metadata(), fs::metadata(path)) {
        (Ok(open), Ok(there)) => (open.dev(), open.ino()) == (there.dev(), there.ino()),
        // A disk that does not answer says nothing of another holder.
        (_, Err(error)) => error.kind() != io::ErrorKind::NotFound,
        _ => true,
    }
}

/// An open file cannot be removed elsewhere.
#[cfg(not(unix))]
fn is_at(_file: &File, _path: &Path) -> bool {
    true
}

/// Whether a process of this machine is no more, as far as the system says.
fn has_ended(holder: &Process) -> bool {
    let processes = Path::new("/proc");
    processes.join("self").exists() && !processes.join(holder.process.to_string()).exists()
}

/// What the machine calls itself.
pub(crate) fn host() -> String {
    gethostname::gethostname().to_string_lossy().into_owned()
}

/// The holder in words; another process may be about to write it.
fn read_holder(file: &mut File) -> String {
    let mut text = String::new();
    let holder = file.read_to_string(&mut text).ok();
    match holder.and_then(|_| serde_json::from_str::<Process>(&text).ok()) {
        Some(Process {
            process,
            host,
            since,
        }) => {
            format!("process {process} on {host}, since {since}")
        }
        None => "another process".to_owned(),
    }
}

fn write_holder(file: &mut File, holder: &Process) -> io::Result<()> {
    let mut text = serde_json::to_vec(holder)?;
    text.push(b'\n');
    file.set_len(0)?;
    file.rewind()?;
    file.write_all(&text)
}

#[cfg(test)]
mod tests {
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
        // What a killed process leaves; no process has the number.
        let left = Process {
            process: u32::MAX,
            host: host(),
            since: now(),
        };
        let text = serde_json::to_vec(&left).unwrap();
        fs::write(folder.path().join(FILE), text).unwrap();
        assert_eq!(holder(), None);
        // What cannot be read is not taken for nobody.
        fs::remove_file(folder.path().join(FILE)).unwrap();
        fs::create_dir(folder.path().join(FILE)).unwrap();
        assert!(matches!(Lock::holder(folder.path()), Err(Error::Io { .. })));
    }

    #[test]
    fn a_lock_of_something_else_is_named_and_left() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(FILE);
        Lock::check_free(folder.path()).unwrap();
        for theirs in ["12345\n", "{\"pid\":1}", "x"] {
            fs::write(&path, theirs).unwrap();
            let error = Lock::check_free(folder.path()).unwrap_err();
            assert!(error.is_in_the_way(), "{error}");
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
        std::thread::scope(|scope| {
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
}
