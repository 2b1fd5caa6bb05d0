//! The end of a file that grows.

use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

use crate::files;

/// The last bytes of the file at `path`, at most so many.
///
/// # Errors
/// A file that is missing or cannot be read.
pub fn read_end(path: impl AsRef<Path>, most: u64) -> io::Result<Vec<u8>> {
    let mut file = files::open(path)?;
    let size = file.metadata()?.len();
    file.seek(SeekFrom::Start(size.saturating_sub(most)))?;
    let mut bytes = Vec::new();
    file.take(most).read_to_end(&mut bytes)?;
    Ok(bytes)
}
