//! The run that another one fine-tunes.

use kolmo_config::RunConfig;
use kolmo_run::{FoundBase, RunDirectory, find_base};

use super::{no_config, unread};
use crate::error::{Error, Result};

/// A run that another one fine-tunes, as it was written.
pub(crate) type Base = (RunDirectory, RunConfig);

/// The run that the one of `config`, as it was written, in `tuned` fine-tunes; none if it does not, or that is not there any more.
///
/// # Errors
/// [`Error::Config`] for a configuration that is none, [`Error::Base`] for one of another run, [`Error::Records`] if it cannot be
/// read.
pub(crate) fn base_of(config: &RunConfig, tuned: &RunDirectory) -> Result<Option<Base>> {
    let finetune = config.finetune.as_ref();
    let from = finetune.and_then(|of| Some((of.from.as_ref()?, of.base.as_ref()?)));
    let Some((from, base)) = from else {
        return Ok(None);
    };
    let named = RunDirectory::at(from);
    match find_base(base, from, tuned).map_err(unread(&named))? {
        FoundBase::There(directory, config) => Ok(Some((directory, *config))),
        FoundBase::Another => Err(Error::Base {
            path: named.config(),
        }),
        FoundBase::Missing => Ok(None),
    }
}

/// `config`, as the run in `directory` has it, with what it fine-tunes, `base`, named by its training, as far as that is there; and the
/// training that it is itself.
pub(super) fn trained(
    directory: &RunDirectory,
    mut config: RunConfig,
    base: Option<Base>,
) -> Result<(RunConfig, String)> {
    let base = base.map(|(base, config)| {
        let before = base_of(&config, &base)?;
        trained(&base, config, before)
    });
    let base = base.transpose()?;
    let finetune = config.finetune.as_mut();
    if let (Some(named), Some((_, training))) = (finetune.and_then(|of| of.base.as_mut()), base) {
        named.identity = training;
    }
    let training = config.training().map_err(no_config(directory))?;
    Ok((config, training))
}
