//! The configuration of a run as its directory has it, and the run that another one fine-tunes.

use std::path::Path;

use kolmo_config::{ConfigError, RunConfig, finetune::BaseConfig};

use crate::{directory::RunDirectory, error::Error, files, moved, there::is_there};

/// A configuration of a run that cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The file cannot be read.
    #[error(transparent)]
    File(#[from] Error),
    /// What it says is no configuration.
    #[error(transparent)]
    Config(#[from] ConfigError),
}

/// What is found of the run that another one fine-tunes.
#[derive(Debug)]
pub enum FoundBase {
    /// The run, with its configuration.
    There(RunDirectory, Box<RunConfig>),
    /// Another run at the place that is named, and it nowhere.
    Another,
    /// Nothing.
    Missing,
}

impl RunDirectory {
    /// The configuration of the run in it, which was settled before it was written.
    ///
    /// # Errors
    /// [`ReadError::File`] if it cannot be read or a newer kolmo wrote it, [`ReadError::Config`] if it is none.
    pub fn run_config(&self) -> Result<RunConfig, ReadError> {
        Ok(RunConfig::parse(&self.config_text()?, &[])?)
    }

    /// Its text.
    ///
    /// # Errors
    /// [`Error::Io`] if it cannot be read, [`Error::NewerFormat`] if a newer kolmo wrote it.
    pub fn config_text(&self) -> Result<String, Error> {
        // Before its words, which may have another meaning there.
        self.mark()?;
        let path = self.config();
        files::read_text(&path).map_err(Error::io("read", &path))
    }
}

/// Looks for the run of `base`, which the one in `tuned` fine-tunes: at the place `named` or, if both were moved, at the same one
/// beside it.
///
/// # Errors
/// A configuration at the place that is named which cannot be read, or is none.
pub fn find_base(
    base: &BaseConfig,
    named: &str,
    tuned: &RunDirectory,
) -> Result<FoundBase, ReadError> {
    let is_it = |config: &RunConfig| config.identity().is_ok_and(|id| id == base.identity);
    let mut found = FoundBase::Missing;
    for (k, place) in moved::places(tuned, Path::new(named))
        .into_iter()
        .enumerate()
    {
        let directory = RunDirectory::at(place);
        let config = match if_there(&directory) {
            // Beside it there may be anything.
            Err(_) if k > 0 => continue,
            config => config?,
        };
        match config {
            Some(config) if is_it(&config) => {
                return Ok(FoundBase::There(directory, Box::new(config)));
            }
            Some(_) if k == 0 => found = FoundBase::Another,
            Some(_) | None => {}
        }
    }
    Ok(found)
}

/// The configuration of the run in `directory`; none if there is no such file.
fn if_there(directory: &RunDirectory) -> Result<Option<RunConfig>, ReadError> {
    match is_there(directory.config())? {
        true => directory.run_config().map(Some),
        false => Ok(None),
    }
}
