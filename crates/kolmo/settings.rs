//! The configuration on the command line: a file, and keys set on the way.

use std::{
    borrow::Cow,
    fs::File,
    io::{self, ErrorKind},
    path::{self, Path, PathBuf},
};

use anyhow::Context;
use kolmo_config::{ConfigError, EvalConfig, RunConfig, file::old_keys};
use kolmo_run::{Error, RunDirectory, exact, files};
use kolmo_world::World;

use crate::{exit::Usage, progress::say};

/// Bytes of the largest configuration: none that a person or a script writes has as many.
const LARGEST: u64 = 1 << 20;

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
        let path = self.config.display();
        let text = read(&self.config).map_err(|reason| {
            Usage(format!("could not read the configuration {path}: {reason}"))
        })?;
        self.say_old_keys(&text);
        parse(&text, &self.overrides, &self.config)
    }

    /// Says which keys are given by an old name.
    fn say_old_keys(&self, text: &str) {
        for note in old_keys(text, &self.overrides) {
            say(&format!("note: {note}"));
        }
    }

    /// Reads it as the fine-tuning of what the run `base` had learnt after `step` steps.
    pub fn load_finetune(
        &self,
        base: &RunDirectory,
        step: u64,
    ) -> anyhow::Result<(RunConfig, World)> {
        let path = self.config.display();
        let text = read(&self.config).map_err(|reason| {
            Usage(format!("could not read the configuration {path}: {reason}"))
        })?;
        self.say_old_keys(&text);
        let of = of_run(base)?;
        let root = path::absolute(base.root())
            .with_context(|| format!("could not find {}", base.root().display()))?;
        let Some(from) = root.to_str() else {
            let problem = format!("--from {}: a path in UTF-8 is wanted", root.display());
            return Err(Usage(problem).into());
        };
        let from = from.to_owned();
        let loaded = RunConfig::load_finetune(&text, &self.overrides, &of, from, step);
        loaded.map_err(|error| explain(error, &self.config))
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

/// The configuration of a run that is there.
pub fn of_run(run: &RunDirectory) -> anyhow::Result<RunConfig> {
    let text = text_of_run(run)?;
    // It was settled before it was written.
    RunConfig::parse(&text, &[]).with_context(|| format!("in {}", run.config().display()))
}

/// The configuration of a run that is there, and its world.
pub fn world_of_run(run: &RunDirectory) -> anyhow::Result<(RunConfig, World)> {
    parse(&text_of_run(run)?, &[], &run.config())
}

/// `[eval]` of a run that is there, with `overrides`, and its world. Only keys of `[eval]` can be set: with
/// others it would be another run.
pub fn eval_of_run(
    run: &RunDirectory,
    overrides: &[String],
) -> anyhow::Result<(EvalConfig, World)> {
    let (config, world) = parse(&text_of_run(run)?, overrides, &run.config())?;
    let there = of_run(run)?;
    let alike = RunConfig {
        eval: there.eval.clone(),
        ..config.clone()
    };
    if alike != there {
        let problem = "--set can change the keys of [eval] alone: the run was made with the others";
        return Err(Usage(problem.to_owned()).into());
    }
    Ok((config.eval, world))
}

fn text_of_run(run: &RunDirectory) -> anyhow::Result<String> {
    run.config_text().map_err(|error| match &error {
        Error::Io { path, source, .. } if *path == run.config() => match source.kind() {
            ErrorKind::NotFound
            | ErrorKind::NotADirectory
            | ErrorKind::IsADirectory
            | ErrorKind::InvalidFilename
            | ErrorKind::InvalidData
            | ErrorKind::InvalidInput => {
                let (root, path) = (run.root().display(), path.display());
                let problem = format!("could not read {path}: {source}");
                Usage(format!("{root} is no run of kolmo: {problem}")).into()
            }
            // A disk that does not answer may do so a minute later.
            _ => error.into(),
        },
        _ => error.into(),
    })
}

/// The configuration in `text`, which is from `path`.
fn parse(text: &str, overrides: &[String], path: &Path) -> anyhow::Result<(RunConfig, World)> {
    RunConfig::load(text, overrides).map_err(|error| explain(error, path))
}

/// A mistake in the configuration at `path`, or in what was set on the way.
fn explain(error: ConfigError, path: &Path) -> anyhow::Error {
    let is_override = error.is_override();
    let error = anyhow::Error::new(error);
    match is_override {
        true => error,
        false => error.context(format!("in {}", path.display())),
    }
}

/// The text of a configuration, which may come out of a pipe.
fn read(path: &Path) -> io::Result<String> {
    File::open(path).and_then(read_all)
}

/// The text of the configuration in `file`.
fn read_all(file: File) -> io::Result<String> {
    let bytes = files::read_stream(file, LARGEST).map_err(|error| match error.kind() {
        ErrorKind::IsADirectory => io::Error::new(ErrorKind::InvalidData, "it is a directory"),
        _ => error,
    })?;
    files::text(bytes)
}

/// A whole number of things on the command line: `1000000` or `1e6`.
pub fn count(text: &str) -> Result<u64, String> {
    if let Ok(count) = text.parse() {
        return Ok(count);
    }
    match text.parse::<f64>() {
        Ok(count) if count.fract() == 0.0 && (0.0..=exact::MOST as f64).contains(&count) => {
            Ok(count as u64)
        }
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
