//! Files of a report, written whole or not at all.

use std::fs;
use std::path::{Path, PathBuf};

use kolmo_run::atomic;
use serde::Serialize;

use crate::error::{Error, Result};

/// Makes `folder`, with its parents, if it is missing.
pub(crate) fn make_folder(folder: &Path) -> Result<()> {
    fs::create_dir_all(folder).map_err(|source| Error::Folder {
        path: folder.to_path_buf(),
        source,
    })
}

/// `text` in lower case letters and digits, with a dash for anything else: fit for file names and addresses.
pub(crate) fn plain_name(text: &str) -> String {
    let letters = text
        .chars()
        .map(|letter| match letter.is_ascii_alphanumeric() {
            true => letter.to_ascii_lowercase(),
            false => '-',
        });
    letters.collect()
}

/// Writes `content` to the file `name` of `folder` and returns its path.
pub(crate) fn write(folder: &Path, name: &str, content: impl AsRef<[u8]>) -> Result<PathBuf> {
    let path = folder.join(name);
    let written = atomic::write_bytes(&path, content.as_ref());
    written.map_err(|source| Error::Write {
        path: path.clone(),
        source,
    })?;
    Ok(path)
}

/// `value` as indented JSON with a new line at its end. Numbers that are not finite become `null`.
pub(crate) fn json(value: &impl Serialize) -> Result<String> {
    let json = serde_json::to_string_pretty(value);
    Ok(json.map_err(|source| Error::Serialize { source })? + "\n")
}
