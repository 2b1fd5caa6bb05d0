//! Files that grow at their end, a document at a time: JSON lines and token files.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, BufWriter, ErrorKind, Write},
    path::Path,
};

use kolmo_run::files;

use crate::{
    error::{ExportError, Result},
    record::{Record, Stretch, Written},
};

/// Bytes handed to the system at once.
const BUFFER: usize = 1 << 18;

/// Appends the documents of `stretch` to `path` by `encode`, and forces them to disk.
pub(crate) fn append(
    path: &Path,
    stretch: &Stretch<'_>,
    progress: &mut dyn FnMut(u64),
    encode: impl Fn(&Record<'_>, &mut BufWriter<File>) -> io::Result<()>,
) -> Result<Written> {
    let opened = files::open_own(path, OpenOptions::new().append(true));
    let opened = opened.map_err(ExportError::io("open", path))?;
    let mut out = BufWriter::with_capacity(BUFFER, opened);
    let mut written = || {
        let mut tokens = 0;
        stretch.walk(progress, |record| {
            tokens += record.document.tokens.len() as u64;
            encode(record, &mut out)
        })?;
        out.flush()?;
        out.get_ref().sync_all()?;
        let bytes = out.get_ref().metadata()?.len();
        Ok(Written { tokens, bytes })
    };
    written().map_err(ExportError::io("write", path))
}

/// Brings the file at `path` to the `recorded` length: what lies beyond was written after the last
/// commit. A file of which nothing is recorded is made if it is missing.
pub(crate) fn truncate(path: &Path, recorded: u64) -> Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create(recorded == 0).truncate(false);
    let opened = files::open_own(path, &mut options);
    let file = match opened {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            return Err(ExportError::damaged(path, 0, recorded));
        }
        result => result.map_err(ExportError::io("open", path))?,
    };
    let found = file
        .metadata()
        .map_err(ExportError::io("read", path))?
        .len();
    if found < recorded {
        return Err(ExportError::damaged(path, found, recorded));
    }
    if found > recorded {
        file.set_len(recorded)
            .map_err(ExportError::io("cut", path))?;
    }
    Ok(())
}

/// Checks that the file at `path` is there in the `recorded` length.
pub(crate) fn check_length(path: &Path, recorded: u64) -> Result<()> {
    let found = match fs::metadata(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => 0,
        result => result.map_err(ExportError::io("read", path))?.len(),
    };
    if found == recorded {
        Ok(())
    } else {
        Err(ExportError::damaged(path, found, recorded))
    }
}
