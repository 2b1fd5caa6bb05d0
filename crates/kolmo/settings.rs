//! The configuration on the command line: a file, and keys set on the way.

use std::{
    borrow::Cow,
    fs,
    path::{Path, PathBuf},
};

use anyhow::Context;
use kolmo_eval::EvalConfig;
use kolmo_run::RunDirectory;
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
        read(&text, &self.overrides, path)
    }

    /// The name of the configuration: that of the file.
    fn name(&self) -> Cow<'_, str> {
        self.config
            .file_stem()
            .unwrap_or_default()
            .to_string_lossy()
    }

    /// Where output goes unasked: runs/NAME-HASH, and what is no run has `ending` behind it.
    pub fn directory(&self, hash: &str, ending: &str) -> PathBuf {
        Path::new("runs").join(format!("{}-{hash}{ending}", self.name()))
    }
}

/// The configuration of a run that is there, and its world.
pub fn of_run(run: &RunDirectory) -> anyhow::Result<(RunConfig, World)> {
    let text = text_of_run(run)?;
    read(&text, &[], &run.config())
}

/// `[eval]` of a run that is there, with `overrides`. Only keys of `[eval]` can be set: with others it would
/// be another run.
pub fn eval_of_run(run: &RunDirectory, overrides: &[String]) -> anyhow::Result<EvalConfig> {
    let text = text_of_run(run)?;
    let (there, _) = read(&text, &[], &run.config())?;
    let (config, _) = read(&text, overrides, &run.config())?;
    let alike = RunConfig {
        eval: there.eval.clone(),
        ..config.clone()
    };
    if !alike.is_same_run(&there) {
        let problem = "--set can change the keys of [eval] alone: the run was made with the others";
        return Err(Usage(problem.to_owned()).into());
    }
    Ok(config.eval)
}

fn text_of_run(run: &RunDirectory) -> anyhow::Result<String> {
    let path = run.config();
    let text = fs::read_to_string(&path).map_err(|error| {
        Usage(format!(
            "{} is no run of kolmo: could not read {}: {error}",
            run.root().display(),
            path.display()
        ))
    })?;
    Ok(text)
}

fn read(text: &str, overrides: &[String], path: &Path) -> anyhow::Result<(RunConfig, World)> {
    RunConfig::parse(text, overrides)
        .and_then(RunConfig::settle)
        .with_context(|| format!("in {}", path.display()))
}

/// A whole number of things on the command line: `1000000` or `1e6`.
pub fn count(text: &str) -> Result<u64, String> {
    // Up to here every whole number is a float.
    const MOST: f64 = 9_007_199_254_740_992.0;
    if let Ok(count) = text.parse() {
        return Ok(count);
    }
    match text.parse::<f64>() {
        Ok(count) if count.fract() == 0.0 && (0.0..=MOST).contains(&count) => Ok(count as u64),
        _ => Err("a whole number is wanted, such as 1000000 or 1e6".to_owned()),
    }
}

/// The same, and at least 1.
pub fn positive(text: &str) -> Result<u64, String> {
    match count(text)? {
        0 => Err("at least 1 is wanted".to_owned()),
        count => Ok(count),
    }
}
