//! Whether a file is there. What cannot be looked at is not taken for missing.

use std::{
    fs,
    io::{self, ErrorKind},
    path::Path,
};

use crate::error::{Error, Result};

/// Whether there is anything at `path`.
///
/// # Errors
/// [`Error::Io`] if that cannot be told: without permission, from a disk that does not answer, or behind a link to nowhere, as a disk
/// that is not mounted leaves it.
pub fn is_there(path: impl AsRef<Path>) -> Result<bool> {
    let path = path.as_ref();
    let found = match fs::metadata(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            is_surely_missing(path).map(|()| false)
        }
        // A file in the way of a folder has nothing in it.
        Err(error) if error.kind() == ErrorKind::NotADirectory => Ok(false),
        found => found.map(|_| true),
    };
    found.map_err(Error::io("read", path))
}

/// Whether the system says that there is no such file.
pub fn is_missing(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory)
}

/// That neither `path` nor a folder above it is a link to nowhere.
fn is_surely_missing(path: &Path) -> io::Result<()> {
    let places = path.ancestors().filter(|place| *place != Path::new(""));
    for place in places {
        match fs::symlink_metadata(place) {
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Ok(found) if found.is_symlink() => {
                return fs::metadata(place).map(|_| ()).map_err(|error| {
                    let problem = format!("{} leads nowhere: {error}", place.display());
                    io::Error::new(ErrorKind::NotFound, problem)
                });
            }
            found => return found.map(|_| ()),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_there_is_told_from_what_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        assert!(!is_there(&file).unwrap());
        fs::write(&file, "").unwrap();
        assert!(is_there(&file).unwrap() && is_there(folder.path()).unwrap());
        assert!(!is_there(folder.path().join("no/such/folder")).unwrap());
        // Nothing is in a file.
        assert!(!is_there(file.join("DONE")).unwrap());
        assert!(!is_there("nowhere at all").unwrap());
    }

    #[cfg(unix)]
    #[test]
    fn what_cannot_be_looked_at_is_neither() {
        use std::os::unix::fs::symlink;
        let folder = tempfile::tempdir().unwrap();
        let (looped, gone) = (folder.path().join("looped"), folder.path().join("gone"));
        symlink(&looped, &looped).unwrap();
        symlink(folder.path().join("not mounted"), &gone).unwrap();
        for path in [
            &looped,
            &gone,
            &looped.join("DONE"),
            &gone.join("runs/DONE"),
        ] {
            let error = is_there(path).unwrap_err();
            assert!(error.to_string().contains("could not read"), "{error}");
        }
        // A link to something is what it leads to.
        fs::create_dir(folder.path().join("not mounted")).unwrap();
        assert!(is_there(&gone).unwrap());
        assert!(!is_there(gone.join("DONE")).unwrap());
    }
}
