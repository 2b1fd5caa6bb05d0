//! Files of runs and sweeps as they are opened, whatever has been put in their place.
//!
//! Whoever opens a named pipe waits for somebody at its other end, a device has no end, a link leads what is written to a file of
//! somebody else, and a size may be one that no file of ours has. So only files are opened, nothing is written through a link, and
//! what is read whole is of a size that it can have.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, ErrorKind, Read},
    path::Path,
};

/// Bytes of the largest record that is read whole: a manifest, a configuration, a plan.
pub const LARGEST_RECORD: u64 = 64 << 20;

/// Opens the file at `path`, or the one that a link there leads to, for reading.
///
/// # Errors
/// A file that is missing or cannot be opened; something else in its place.
pub fn open(path: impl AsRef<Path>) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true);
    only_file(set_flags(&mut options, false).open(path)?)
}

/// The content of the file at `path`, which has at most `most` bytes.
///
/// # Errors
/// Those of [`open`]; a file that is larger, or that cannot be read.
pub fn read(path: impl AsRef<Path>, most: u64) -> io::Result<Vec<u8>> {
    let file = open(path)?;
    let too_large = |size: u64| {
        let problem = format!("it has {size} bytes, and at most {most} are read");
        Err(io::Error::new(ErrorKind::InvalidData, problem))
    };
    let size = file.metadata()?.len();
    if size > most {
        return too_large(size);
    }
    let mut bytes = Vec::with_capacity(usize::try_from(size).unwrap_or_default());
    // It may grow meanwhile.
    file.take(most.saturating_add(1)).read_to_end(&mut bytes)?;
    match bytes.len() as u64 {
        size if size > most => too_large(size),
        _ => Ok(bytes),
    }
}

/// The same of a text: a record of ours.
///
/// # Errors
/// Those of [`read`] and [`text`].
pub fn read_text(path: impl AsRef<Path>) -> io::Result<String> {
    text(read(path, LARGEST_RECORD)?)
}

/// The text that `bytes` are.
///
/// # Errors
/// Bytes that are no UTF-8, with their line.
pub fn text(bytes: Vec<u8>) -> io::Result<String> {
    String::from_utf8(bytes).map_err(|error| {
        let good = &error.as_bytes()[..error.utf8_error().valid_up_to()];
        let line = 1 + good.iter().filter(|byte| **byte == b'\n').count();
        let problem = format!("line {line} is not UTF-8, which all of it has to be");
        io::Error::new(ErrorKind::InvalidData, problem)
    })
}

/// The bytes of the file at `path`.
///
/// # Errors
/// Those of [`open`].
pub fn size(path: impl AsRef<Path>) -> io::Result<u64> {
    Ok(open(path)?.metadata()?.len())
}

/// The BLAKE3 hash of the file at `path`, in hexadecimal digits; it is never in memory as a whole.
///
/// # Errors
/// Those of [`open`]; a file that cannot be read.
pub fn hash(path: impl AsRef<Path>) -> io::Result<String> {
    let mut hash = blake3::Hasher::new();
    io::copy(&mut open(path)?, &mut hash)?;
    Ok(hash.finalize().to_hex().to_string())
}

/// All that comes out of `file`, at most `most` bytes: of a file that somebody names, which may be a pipe, or a device without an
/// end.
///
/// # Errors
/// More than that; what the system says.
pub fn read_stream(file: File, most: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    file.take(most + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > most {
        let problem = format!("it has more than {most} bytes");
        return Err(io::Error::new(ErrorKind::InvalidData, problem));
    }
    Ok(bytes)
}

/// Opens the file at `path` itself by `options`, which write to it.
///
/// # Errors
/// A link or something else that is no file in its place; what the system says.
pub fn open_own(path: impl AsRef<Path>, options: &mut OpenOptions) -> io::Result<File> {
    let path = path.as_ref();
    if fs::symlink_metadata(path).is_ok_and(|there| there.is_symlink()) {
        let problem = "it is a link, and what kolmo writes is a file of its own";
        return Err(io::Error::new(ErrorKind::InvalidInput, problem));
    }
    only_file(set_flags(options, true).open(path)?)
}

/// Makes an empty file at `path`, or empties the one that is there.
///
/// # Errors
/// Those of [`open_own`].
pub fn create(path: impl AsRef<Path>) -> io::Result<File> {
    // What is no file is not emptied either.
    let file = open_own(
        path,
        OpenOptions::new().write(true).create(true).truncate(false),
    )?;
    file.set_len(0)?;
    Ok(file)
}

/// What keeps a call to open from waiting for the other end of a pipe, and where it `is_own` from following a link.
#[cfg(unix)]
fn set_flags(options: &mut OpenOptions, is_own: bool) -> &mut OpenOptions {
    use std::os::unix::fs::OpenOptionsExt;

    use rustix::fs::OFlags;
    let flags = match is_own {
        true => OFlags::NONBLOCK | OFlags::NOFOLLOW,
        false => OFlags::NONBLOCK,
    };
    options.custom_flags(flags.bits().cast_signed())
}

/// Other systems have no pipes among their files.
#[cfg(not(unix))]
fn set_flags(options: &mut OpenOptions, _is_own: bool) -> &mut OpenOptions {
    options
}

/// `file`, if it is one.
fn only_file(file: File) -> io::Result<File> {
    let kind = file.metadata()?.file_type();
    if kind.is_file() {
        return Ok(file);
    }
    if kind.is_dir() {
        return Err(ErrorKind::IsADirectory.into());
    }
    let problem = "it is a named pipe or a device, and a file is wanted";
    Err(io::Error::new(ErrorKind::InvalidInput, problem))
}

#[cfg(all(test, unix))]
mod tests {
    use std::{io::Write, os::unix::fs::symlink, process::Command};

    use super::*;

    fn pipe(path: &Path) {
        let made = Command::new("mkfifo").arg(path).status().unwrap();
        assert!(made.success());
    }

    #[test]
    fn what_is_no_file_is_an_error_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("metrics.jsonl");
        pipe(&path);
        let mut appending = OpenOptions::new();
        appending.append(true);
        for path in [&path, Path::new("/dev/zero"), folder.path()] {
            assert!(open(path).is_err());
            assert!(read(path, 10).is_err());
            assert!(create(path).is_err());
            assert!(open_own(path, &mut appending).is_err());
        }
        let is_folder = open(folder.path()).unwrap_err();
        assert_eq!(is_folder.kind(), ErrorKind::IsADirectory);
    }

    #[test]
    fn a_link_is_read_and_never_written_through() {
        let folder = tempfile::tempdir().unwrap();
        let (theirs, link) = (folder.path().join("theirs"), folder.path().join("link"));
        fs::write(&theirs, "theirs").unwrap();
        symlink(&theirs, &link).unwrap();
        assert_eq!(read_text(&link).unwrap(), "theirs");
        assert!(create(&link).unwrap_err().to_string().contains("a link"));
        assert_eq!(fs::read_to_string(&theirs).unwrap(), "theirs");
        // One to nowhere makes no file there.
        fs::remove_file(&theirs).unwrap();
        assert!(create(&link).is_err());
        assert!(!theirs.exists());
        fs::remove_file(&link).unwrap();
        create(&link).unwrap().write_all(b"ours").unwrap();
        assert_eq!(read(&link, 4).unwrap(), b"ours");
    }

    #[test]
    fn a_size_that_no_record_has_is_an_error_before_it_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("manifest.json");
        let file = File::create(&path).unwrap();
        file.set_len(100 << 30).unwrap();
        let error = read(&path, LARGEST_RECORD).unwrap_err().to_string();
        assert!(error.contains("107374182400 bytes"), "{error}");
        file.set_len(5).unwrap();
        assert_eq!(read(&path, 5).unwrap(), [0; 5]);
        assert!(read(&path, 4).is_err());
    }
}
