//! Files that are there whole or not at all.
//!
//! The content goes to a temporary file in the same folder, is forced to disk and then renamed over
//! the target. A reader, or a run that resumes after a power cut, sees the old file or the new one.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use tempfile::NamedTempFile;

use crate::directory;
use crate::error::{Error, Result};

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
    let folder = folder_of(path);
    let mut temporary = create_temporary(path, folder).map_err(Error::io("create", path))?;
    let written = || {
        let mut writer = BufWriter::new(temporary.as_file_mut());
        content(&mut writer)?;
        writer.flush()?;
        drop(writer);
        temporary.as_file().sync_all()
    };
    written().map_err(Error::io("write", path))?;
    let renamed = temporary.persist(path).map_err(|failed| failed.error);
    renamed.map_err(Error::io("replace", path))?;
    sync_folder(folder).map_err(Error::io("force to disk", folder))
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

fn create_temporary(path: &Path, folder: &Path) -> io::Result<NamedTempFile> {
    let name = path
        .file_name()
        .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "the path names no file"))?;
    let prefix = format!(".{}.", name.to_string_lossy());
    let mut builder = tempfile::Builder::new();
    builder.prefix(&prefix).suffix(TEMPORARY_SUFFIX);
    // As any new file: readable for those the user's umask lets read. The default is the owner alone.
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    builder.tempfile_in(folder)
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
    use std::fs;

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
