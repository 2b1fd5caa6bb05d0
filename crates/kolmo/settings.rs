//! The configuration on the command line: a file, and keys set on the way.

use std::{borrow::Cow, fs, path::PathBuf};

use anyhow::Context;
use kolmo_train::RunConfig;
use kolmo_world::World;

use crate::exit::Usage;

/// Which configuration, and what of it is set on the way.
#[derive(Debug, clap::Args)]
pub struct Settings {
    /// The configuration, TOML; `config.toml` of a run directory repeats that run
    config: PathBuf,
    /// Set a key of the configuration; may be given more than once
    #[arg(long = "set", value_name = "KEY.PATH=VALUE")]
    overrides: Vec<String>,
}

impl Settings {
    /// Reads the configuration, and builds its world.
    pub fn load(&self) -> anyhow::Result<(RunConfig, World)> {
        let path = &self.config;
        let text = fs::read_to_string(path).map_err(|error| {
            Usage(format!(
                "could not read the configuration {}: {error}",
                path.display()
            ))
        })?;
        RunConfig::parse(&text, &self.overrides)
            .and_then(RunConfig::settle)
            .with_context(|| format!("in {}", path.display()))
    }

    /// The name of the configuration: that of the file.
    pub fn name(&self) -> Cow<'_, str> {
        self.config
            .file_stem()
            .unwrap_or_default()
            .to_string_lossy()
    }
}
