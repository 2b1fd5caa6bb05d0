//! What the files of records of a run are by `DONE`: their sizes and hashes.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{
    directory::RunDirectory,
    error::{Error, Result},
    files,
    there::is_there,
};

/// The files of records, which no one writes again once a run is done.
const RECORDS: [&str; 5] = [
    "metrics.jsonl",
    "evaluations.jsonl",
    "facts.parquet",
    "answers.parquet",
    "compression.json",
];

/// The files of records that a run has, by name; empty in a run of an earlier build.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seal {
    /// Their BLAKE3 hashes.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub blake3: BTreeMap<String, String>,
    /// Their bytes, so that a file of another size need not be read to the end; a run of an earlier build has none.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub bytes: BTreeMap<String, u64>,
}

impl Seal {
    /// That of the files in `directory`.
    pub(super) fn of(directory: &RunDirectory) -> Result<Self> {
        let mut seal = Self::default();
        for name in RECORDS {
            let path = directory.root().join(name);
            if !is_there(&path)? {
                continue;
            }
            let bytes = files::size(&path).map_err(Error::io("read", &path))?;
            let hash = files::hash(&path).map_err(Error::io("read", &path))?;
            seal.bytes.insert(name.to_owned(), bytes);
            seal.blake3.insert(name.to_owned(), hash);
        }
        Ok(seal)
    }

    /// That every file of records in `directory` is, byte for byte, what it was when the run ended.
    ///
    /// # Errors
    /// [`Error::Altered`] naming one that is not, [`Error::Io`] for one that cannot be read.
    pub(super) fn check(&self, directory: &RunDirectory) -> Result<()> {
        for name in RECORDS {
            let path = directory.root().join(name);
            let altered = |what: &str| Error::Altered {
                path: path.clone(),
                reason: format!("its {what} is not the one that DONE has"),
            };
            let Some(then) = self.blake3.get(name) else {
                continue;
            };
            if !is_there(&path)? {
                return Err(altered("hash"));
            }
            if let Some(then) = self.bytes.get(name)
                && *then != files::size(&path).map_err(Error::io("read", &path))?
            {
                return Err(altered("size"));
            }
            if *then != files::hash(&path).map_err(Error::io("read", &path))? {
                return Err(altered("hash"));
            }
        }
        Ok(())
    }
}
