//! The run that another one fine-tunes.

use std::path::Path;

use kolmo_config::RunConfig;
use kolmo_run::{RunDirectory, files, is_there, moved};

use crate::error::{Error, Result};

/// The run that the one of `config`, as it was written, in `tuned` fine-tunes: at the place that it names or, if both were moved, at the same
/// one beside it; none if it does not, or that is not there any more.
///
/// # Errors
/// [`Error::Config`] for a configuration that is none, [`Error::Base`] for one of another run, [`Error::Records`] if it cannot be
/// read.
pub(crate) fn base_of(
    config: &RunConfig,
    tuned: &RunDirectory,
) -> Result<Option<(RunDirectory, RunConfig)>> {
    let finetune = config.finetune.as_ref();
    let from = finetune.and_then(|of| Some((of.from.as_ref()?, of.base.as_ref()?)));
    let Some((from, base)) = from else {
        return Ok(None);
    };
    let named = RunDirectory::at(from);
    let is_it = |config: &RunConfig| config.identity().is_ok_and(|id| id == base.identity);
    let there = config_of(&named)?;
    let is_another = match there {
        Some(config) if is_it(&config) => return Ok(Some((named, config))),
        Some(_) => true,
        None => false,
    };
    for place in moved::places(tuned, Path::new(from)).into_iter().skip(1) {
        let directory = RunDirectory::at(place);
        // Beside it there may be anything.
        if let Ok(Some(config)) = config_of(&directory)
            && is_it(&config)
        {
            return Ok(Some((directory, config)));
        }
    }
    match is_another {
        true => Err(Error::Base {
            path: named.config(),
        }),
        false => Ok(None),
    }
}

/// The configuration of the run in `directory`; none if there is no such file.
fn config_of(directory: &RunDirectory) -> Result<Option<RunConfig>> {
    let path = directory.config();
    let unread = |source| Error::Records {
        run: directory.root().to_path_buf(),
        source,
    };
    if !is_there(&path).map_err(unread)? {
        return Ok(None);
    }
    let text = files::read_text(&path).map_err(kolmo_run::Error::io("read", &path));
    let config = RunConfig::parse(&text.map_err(unread)?, &[]);
    config
        .map(Some)
        .map_err(|source| Error::Config { path, source })
}

/// `config`, as the run in `directory` has it, with what it fine-tunes named by its training, as far as that is there; and the
/// training that it is itself.
pub(super) fn trained(
    directory: &RunDirectory,
    mut config: RunConfig,
) -> Result<(RunConfig, String)> {
    let base = base_of(&config, directory)?.map(|(base, config)| trained(&base, config));
    let base = base.transpose()?;
    let finetune = config.finetune.as_mut();
    if let (Some(named), Some((_, training))) = (finetune.and_then(|of| of.base.as_mut()), base) {
        named.identity = training;
    }
    let wrong = |source| Error::Config {
        path: directory.config(),
        source,
    };
    let training = config.training().map_err(wrong)?;
    Ok((config, training))
}
