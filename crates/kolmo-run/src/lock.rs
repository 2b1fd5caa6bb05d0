//! One process at a time in a directory.
//!
//! The lock is the operating system's, on the file `.lock`: it ends with the process, however that ends, so
//! that nothing has to be cleaned up after a crash. The file says who holds it, and goes when it is given
//! back. What it says is for readers, and decides nothing: containers that share a disk have processes of one number each,
//! under one name of a machine. Who takes the lock takes it alone; who only looks shares it for a moment, which keeps nobody out.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, Read, Seek, Write},
    path::{Path, PathBuf},
    process, thread,
};

use serde::{Deserialize, Serialize};

use crate::atomic::TEMPORARY_SUFFIX;
use crate::error::{Error, Result};
use crate::files;
use crate::manifest::now;
use crate::there::{is_missing, is_there};

/// Name of the file that is locked.
const FILE: &str = ".lock";

/// How the file begins once a holder has written it.
const BEGINNING: &[u8] = b"{\"process\":";

/// Bytes of it that are read: more than a holder writes.
const LENGTH: u64 = 4096;

/// Why a `.lock` is left alone.
const NOT_OURS: &str = "is no lock of kolmo";

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
    /// What the kernel called itself when it was started; none where that is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    boot: Option<String>,
    since: String,
}

impl Lock {
    /// Takes `directory`, which must exist.
    ///
    /// # Errors
    /// [`Error::Busy`], which names the holder, if another process has it; [`Error::InTheWay`] if a link or something else that is no
    /// lock of kolmo has its name; [`Error::Io`] if the file cannot be opened or written. A file system that knows no locks is no
    /// error: there is none then.
    pub fn take(directory: impl AsRef<Path>) -> Result<Self> {
        let directory = directory.as_ref();
        let path = directory.join(FILE);
        let mut file = loop {
            check_kind(&path)?;
            let mut options = OpenOptions::new();
            options.read(true).write(true).create(true).truncate(false);
            let mut file =
                files::open_own(&path, &mut options).map_err(Error::io("open", &path))?;
            if let Err(TryLockError::WouldBlock) = file.try_lock() {
                if is_held(&file) {
                    return Err(Error::Busy {
                        directory: directory.to_path_buf(),
                        holder: read_holder(&mut file),
                    });
                }
                // Somebody only looked.
                thread::yield_now();
                continue;
            }
            // The one before may have removed the file between the two calls: it is nobody's then.
            if is_at(&file, &path) {
                break file;
            }
        };
        let beginning = beginning(&mut file).map_err(Error::io("read", &path))?;
        if !BEGINNING.starts_with(&beginning) {
            let reason = NOT_OURS;
            return Err(Error::InTheWay { path, reason });
        }
        let holder = Process {
            process: process::id(),
            host: host(),
            boot: boot(),
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
        let directory = directory.as_ref();
        let path = directory.join(FILE);
        check_kind(&path)?;
        let mut file = match files::open(&path) {
            Err(error) if is_missing(&error) => return Ok(()),
            opened => opened.map_err(Error::io("open", &path))?,
        };
        let beginning = beginning(&mut file).map_err(Error::io("read", &path))?;
        let is_ours = match beginning.is_empty() {
            // Of a process that was killed as it took a folder that it had just made, or is about to write it.
            true => is_held(&file) || has_no_files(directory)?,
            // Or less of it, of a process that was killed as it wrote.
            false => BEGINNING.starts_with(&beginning),
        };
        if is_ours {
            return Ok(());
        }
        let reason = NOT_OURS;
        Err(Error::InTheWay { path, reason })
    }

    /// Who has `directory`, if a process has. Only looks: nobody who comes to take it meanwhile is in its way.
    ///
    /// # Errors
    /// [`Error::Io`] if the file is there and cannot be read.
    pub fn holder(directory: impl AsRef<Path>) -> Result<Option<Holder>> {
        let path = directory.as_ref().join(FILE);
        if !is_there(&path)? {
            return Ok(None);
        }
        let mut file = match files::open(&path) {
            // It was given back meanwhile.
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            file => file.map_err(Error::io("read", &path))?,
        };
        if !is_held(&file) {
            return Ok(None);
        }
        // One that has just been made says nothing yet.
        let process = read_process(&mut file).map_err(Error::io("read", &path))?;
        let is_here = process.is_none_or(|process| process.is_of_this_machine());
        Ok(Some(match is_here {
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
    match (file.metadata(), fs::symlink_metadata(path)) {
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

/// Whether a process has taken `file`, as the system says. Those who only look do not count.
fn is_held(file: &File) -> bool {
    let is_held = matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock));
    if !is_held {
        let _ = file.unlock();
    }
    is_held
}

impl Process {
    /// Whether it is a process of the kernel that this one runs on, be it in another container; where kernels have no names, of a
    /// machine of this name.
    fn is_of_this_machine(&self) -> bool {
        match (&self.boot, boot()) {
            (Some(boot), Some(this)) => *boot == this,
            (None, _) | (_, None) => self.host == host(),
        }
    }
}

/// That no link, pipe or folder is at `path`.
fn check_kind(path: &Path) -> Result<()> {
    match fs::symlink_metadata(path) {
        Ok(there) if !there.is_file() => Err(Error::InTheWay {
            path: path.to_path_buf(),
            reason: NOT_OURS,
        }),
        Ok(_) => Ok(()),
        Err(error) if is_missing(&error) => Ok(()),
        Err(error) => Err(Error::io("look at", path)(error)),
    }
}

/// The first bytes of `file`, as many as a lock is known by.
fn beginning(file: &mut File) -> io::Result<Vec<u8>> {
    file.rewind()?;
    let mut bytes = Vec::new();
    file.take(BEGINNING.len() as u64).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Whether `directory` has nothing but folders in it, and what kolmo leaves of files when it is killed.
fn has_no_files(directory: &Path) -> Result<bool> {
    let listed = || -> io::Result<bool> {
        for entry in fs::read_dir(directory)? {
            let entry = entry?;
            let name = entry.file_name();
            let is_remains = name.to_string_lossy().ends_with(TEMPORARY_SUFFIX);
            if name != FILE && !is_remains && !entry.file_type()?.is_dir() {
                return Ok(false);
            }
        }
        Ok(true)
    };
    listed().map_err(Error::io("list", directory))
}

/// The name that the kernel gave itself when it was started.
fn boot() -> Option<String> {
    let name = fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
    Some(name.trim().to_owned())
}

/// What the machine calls itself.
pub(crate) fn host() -> String {
    gethostname::gethostname().to_string_lossy().into_owned()
}

/// The holder in words; another process may be about to write it.
fn read_holder(file: &mut File) -> String {
    match read_process(file) {
        Ok(Some(Process {
            process,
            host,
            since,
            boot: _,
        })) => {
            format!("process {process} on {host}, since {since}")
        }
        Ok(None) | Err(_) => "another process".to_owned(),
    }
}

/// The holder; none if the file does not say.
fn read_process(file: &mut File) -> io::Result<Option<Process>> {
    file.rewind()?;
    let mut bytes = Vec::new();
    file.take(LENGTH).read_to_end(&mut bytes)?;
    Ok(serde_json::from_slice(&bytes).ok())
}

fn write_holder(file: &mut File, holder: &Process) -> io::Result<()> {
    let mut text = serde_json::to_vec(holder)?;
    text.push(b'\n');
    file.set_len(0)?;
    file.rewind()?;
    file.write_all(&text)
}

#[cfg(test)]
mod tests;
