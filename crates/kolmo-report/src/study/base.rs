//! The run that another one fine-tunes.

use std::fs;

use kolmo_config::RunConfig;
use kolmo_run::{RunDirectory, is_there};

use crate::error::{Error, Result};

/// The run that one of `config`, as it was written, fine-tunes; none if it does not, or that is not there any more.
///
/// # Errors
/// [`Error::Config`] for a configuration that is none, [`Error::Base`] for one of another run, [`Error::Records`] if it cannot be
/// read.
pub(crate) fn base_of(config: &RunConfig) -> Result<Option<(RunDirectory, RunConfig)>> {
    let finetune = config.finetune.as_ref();
    let from = finetune.and_then(|of| Some((of.from.as_ref()?, of.base.as_ref()?)));
    let Some((from, base)) = from else {
        return Ok(None);
    };
    let directory = RunDirectory::at(from);
    let path = directory.config();
    let unread = |source| Error::Records {
        run: directory.root().to_path_buf(),
        source,
    };
    if !is_there(&path).map_err(unread)? {
        return Ok(None);
    }
    let text = fs::read_to_string(&path).map_err(kolmo_run::Error::io("read", &path));
    let text = text.map_err(unread)?;
    let wrong = |source| Error::Config {
        path: path.clone(),
        source,
    };
    let config = RunConfig::parse(&text, &[]).map_err(wrong)?;
    if config.identity().map_err(wrong)? != base.identity {
        return Err(Error::Base { path });
    }
    Ok(Some((directory, config)))
}

/// `config`, as the run in `directory` has it, with what it fine-tunes named by its training, as far as that is there; and the
/// training that it is itself.
pub(super) fn trained(
    directory: &RunDirectory,
    mut config: RunConfig,
) -> Result<(RunConfig, String)> {
    let base = base_of(&config)?.map(|(base, config)| trained(&base, config));
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
