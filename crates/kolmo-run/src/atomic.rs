//! Files that are there whole or not at all.
//!
//! The content goes to a temporary file in the same folder, is forced to disk and then renamed over
//! the target. A reader, or a run that resumes after a power cut, sees the old file or the new one.

use std::fs::{self, File, Permissions};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use crate::directory;
use crate::error::{Error, Result};
use crate::files;

/// How the temporary files end, so that the remains of a killed process can be told from a user's
/// files.
pub(crate) const TEMPORARY_SUFFIX: &str = ".kolmo-tmp";

/// Writes `path` with `content`, replacing what was there. The folder must exist. If `path` is a
/// symbolic link, the link is replaced, not its target.
///
/// # Errors
/// [`Error::Io`] if the file cannot be created, written, forced to disk or renamed, or if `content`
/// fails; `path` is then as it was before and the temporary file is gone. Only after a failure to
/// force the *folder* to disk is the new file already in place.
pub fn write(
    path: impl AsRef<Path>,
    content: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> Result<()> {
    let path = path.as_ref();
    let mut unfinished = Unfinished::create(path)?;
    let written = || {
        let mut writer = BufWriter::new(unfinished.temporary.as_file_mut());
        content(&mut writer)?;
        writer.flush()
    };
    written().map_err(Error::io("write", path))?;
    unfinished.finish()
}

/// A file that is being written, under a temporary name. Dropped before it is finished, it is gone.
#[derive(Debug)]
pub struct Unfinished {
    temporary: NamedTempFile,
    path: PathBuf,
}

impl Unfinished {
    /// Begins the file that is to be at `path`. Its folder must exist.
    ///
    /// # Errors
    /// [`Error::Io`] if it cannot be created.
    fn create(path: &Path) -> Result<Self> {
        let temporary = create_temporary(path).map_err(Error::io("create", path))?;
        Ok(Self {
            temporary,
            path: path.to_path_buf(),
        })
    }

    /// The same in a folder of which nothing is known, where remains are not removed by others: those that killed processes left of
    /// a file for the same path are.
    ///
    /// # Errors
    /// [`Error::Io`] if it cannot be created.
    pub fn create_alone(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        remove_remains_of(path);
        let unfinished = Self::create(path)?;
        // By which others know that it is no remains. Where there are no locks, it is not removed either.
        let _ = unfinished.file().try_lock();
        Ok(unfinished)
    }

    /// Where it is written.
    pub fn file(&self) -> &File {
        self.temporary.as_file()
    }

    /// Lets those read and write it whom `permissions` of another file let, and nobody else.
    ///
    /// # Errors
    /// [`Error::Io`] if the system refuses.
    pub fn permit(&self, permissions: &Permissions) -> Result<()> {
        #[cfg(unix)]
        let permissions = {
            use std::os::unix::fs::PermissionsExt;
            // Not the bits that let a program be another user.
            Permissions::from_mode(permissions.mode() & 0o777)
        };
        #[cfg(not(unix))]
        let permissions = permissions.clone();
        let permitted = self.file().set_permissions(permissions);
        permitted.map_err(Error::io("set the permissions of", &self.path))
    }

    /// Forces it to disk and puts it in its place; what was there is replaced.
    ///
    /// # Errors
    /// [`Error::Io`] if that fails; only after a failure to force the *folder* to disk is it in place.
    fn finish(self) -> Result<()> {
        let path = self.synced()?;
        let renamed = self.temporary.persist(&path).map_err(|failed| failed.error);
        renamed.map_err(Error::io("replace", &path))?;
        sync_folder_of(&path)
    }

    /// The same where there must be nothing.
    ///
    /// # Errors
    /// Those of [`write()`]; [`Error::Io`] if there is something by now.
    pub fn finish_new(self) -> Result<()> {
        let path = self.synced()?;
        let renamed = self.temporary.persist_noclobber(&path);
        let renamed = renamed.map_err(|failed| failed.error);
        renamed.map_err(Error::io("create", &path))?;
        sync_folder_of(&path)
    }

    fn synced(&self) -> Result<PathBuf> {
        let synced = self.file().sync_all();
        synced.map_err(Error::io("write", &self.path))?;
        Ok(self.path.clone())
    }
}

/// Removes what killed processes left of files for `path`: those that nobody has locked. What cannot be removed is in nobody's way.
fn remove_remains_of(path: &Path) {
    let Some(prefix) = temporary_prefix(path) else {
        return;
    };
    for entry in fs::read_dir(folder_of(path))
        .into_iter()
        .flatten()
        .flatten()
    {
        let name = entry.file_name();
        let is_one = name.to_str().is_some_and(|name| {
            let rest = name.strip_prefix(&prefix);
            let random = rest.and_then(|rest| rest.strip_suffix(TEMPORARY_SUFFIX));
            random.is_some_and(|random| random.bytes().all(|byte| byte.is_ascii_alphanumeric()))
        });
        if is_one && files::open(entry.path()).is_ok_and(|file| file.try_lock().is_ok()) {
            let _ = fs::remove_file(entry.path());
        }
    }
}

/// [`write()`] for content that is at hand.
///
/// # Errors
/// Those of [`write()`].
pub fn write_bytes(path: impl AsRef<Path>, bytes: &[u8]) -> Result<()> {
    write(path, |writer| writer.write_all(bytes))
}

/// Removes from `folder` what killed processes left of such writes.
///
/// # Errors
/// [`Error::Io`] if the folder cannot be listed or a file not removed.
pub fn remove_remains(folder: impl AsRef<Path>) -> Result<()> {
    directory::remove_entries(folder.as_ref(), |_| false)
}

fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

/// How the name of a temporary file for `path` begins; none if that names no file.
fn temporary_prefix(path: &Path) -> Option<String> {
    let name = path.file_name()?;
    Some(format!(".{}.", name.to_string_lossy()))
}

fn create_temporary(path: &Path) -> io::Result<NamedTempFile> {
    let prefix = temporary_prefix(path)
        .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "the path names no file"))?;
    let mut builder = tempfile::Builder::new();
    builder.prefix(&prefix).suffix(TEMPORARY_SUFFIX);
    // As any new file: readable for those the user's umask lets read. The default is the owner alone.
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    builder.tempfile_in(folder_of(path))
}

fn sync_folder_of(path: &Path) -> Result<()> {
    let folder = folder_of(path);
    sync_folder(folder).map_err(Error::io("force to disk", folder))
}

/// Makes the rename survive a power cut.
#[cfg(unix)]
pub(crate) fn sync_folder(folder: &Path) -> io::Result<()> {
    match File::open(folder)?.sync_all() {
        // Some network and user-space file systems cannot do it; the file itself is on disk.
        Err(error)
            if matches!(
                error.kind(),
                io::ErrorKind::InvalidInput | io::ErrorKind::Unsupported
            ) =>
        {
            Ok(())
        }
        result => result,
    }
}

/// Folders cannot be opened for it elsewhere.
#[cfg(not(unix))]
pub(crate) fn sync_folder(_folder: &Path) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<String> = fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn it_writes_and_replaces() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.json");
        write_bytes(&path, b"a longer first version").unwrap();
        write_bytes(&path, b"second").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"second");
        assert_eq!(names(folder.path()), ["a.json"]);
    }

    #[test]
    fn the_old_file_stays_until_the_new_one_is_whole() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.json");
        write_bytes(&path, b"old").unwrap();
        write(&path, |writer| {
            // More than any buffer, so that it has reached the disk by now.
            writer.write_all(&vec![b'x'; 1 << 20])?;
            assert_eq!(fs::read(&path).unwrap(), b"old");
            Ok(())
        })
        .unwrap();
        assert_eq!(fs::read(&path).unwrap().len(), 1 << 20);
    }

    #[test]
    fn a_failure_leaves_the_old_file_and_no_remains() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.json");
        write_bytes(&path, b"old").unwrap();
        let error = write(&path, |writer| {
            writer.write_all(b"half")?;
            Err(io::Error::other("disk full"))
        })
        .unwrap_err();
        assert!(error.to_string().contains("a.json"), "{error}");
        assert_eq!(fs::read(&path).unwrap(), b"old");
        assert_eq!(names(folder.path()), ["a.json"]);
    }

    #[test]
    fn a_panic_leaves_no_remains() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.json");
        let caught = std::panic::catch_unwind(|| {
            write(&path, |_| std::panic::resume_unwind(Box::new("stop")))
        });
        assert!(caught.is_err());
        assert!(names(folder.path()).is_empty());
    }

    #[test]
    fn remains_are_removed_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        for name in [".a.json.x1.kolmo-tmp", "a.json", "notes.tmp"] {
            fs::write(folder.path().join(name), "x").unwrap();
        }
        remove_remains(folder.path()).unwrap();
        assert_eq!(names(folder.path()), ["a.json", "notes.tmp"]);
    }

    #[test]
    fn a_new_file_replaces_nothing_and_removes_the_remains_of_its_like() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("text.kolmo");
        let [dead, other] = [".text.kolmo.Ab3.kolmo-tmp", ".text.kolmo.b.c.kolmo-tmp"];
        for name in [dead, other] {
            fs::write(folder.path().join(name), "half").unwrap();
        }
        let first = Unfinished::create_alone(&path).unwrap();
        assert!(!folder.path().join(dead).exists() && folder.path().join(other).exists());
        // That of a process at work stays.
        let second = Unfinished::create_alone(&path).unwrap();
        first.finish_new().unwrap();
        let error = second.finish_new().unwrap_err();
        assert!(error.to_string().contains("text.kolmo"), "{error}");
        assert_eq!(names(folder.path()), [other, "text.kolmo"]);
    }

    #[cfg(unix)]
    #[test]
    fn permissions_are_those_of_another_file_but_for_the_bits_that_make_another_user() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        for (of, given) in [(0o600, 0o600), (0o4755, 0o755)] {
            let path = folder.path().join(format!("{of}"));
            let unfinished = Unfinished::create_alone(&path).unwrap();
            unfinished.permit(&Permissions::from_mode(of)).unwrap();
            unfinished.finish_new().unwrap();
            let mode = fs::metadata(&path).unwrap().permissions().mode();
            assert_eq!(mode & 0o7777, given);
        }
    }

    #[test]
    fn a_missing_folder_and_a_nameless_path_are_errors() {
        let folder = tempfile::tempdir().unwrap();
        let error = write_bytes(folder.path().join("none/a"), b"").unwrap_err();
        assert!(matches!(
            error,
            Error::Io {
                action: "create",
                ..
            }
        ));
        assert!(write_bytes("/", b"").is_err());
    }
}
