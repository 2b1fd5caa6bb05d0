//! Where a text or its code comes from, and where the other one goes: files, or standard input and output, as of any compressor.

use std::{
    fs::{self, File},
    io::{self, Read, Seek, Write},
    path::{Path, PathBuf},
};

use anyhow::Context;
use kolmo_run::atomic::Unfinished;

use crate::{
    exit::Usage,
    output::{self, OutputError},
};

/// What standard input and output are called on the command line.
pub const STANDARD: &str = "-";

/// Whether `path` is standard input or output, as a word of the command line.
pub fn is_standard(path: &Path) -> bool {
    path == Path::new(STANDARD)
}

/// What is read.
pub struct Source {
    /// Its content.
    pub reader: Box<dyn Read + Send>,
    /// How it is called in messages.
    pub shown: String,
    /// Its bytes; none where it has no end that is known.
    pub length: Option<u64>,
    /// Who may read it, as the system has it; none where that is no matter of its own.
    permissions: Option<fs::Permissions>,
}

impl Source {
    /// Opens `file`.
    pub fn open(file: &Path) -> anyhow::Result<Self> {
        if is_standard(file) {
            return Ok(Self {
                reader: Box::new(io::stdin()),
                shown: "standard input".to_owned(),
                length: None,
                permissions: None,
            });
        }
        let shown = file.display().to_string();
        let opened = File::open(file).with_context(|| format!("could not open {shown}"))?;
        let about = opened.metadata();
        let about = about.with_context(|| format!("could not look at {shown}"))?;
        let is_file = about.is_file();
        Ok(Self {
            reader: Box::new(opened),
            shown,
            length: is_file.then_some(about.len()),
            permissions: is_file.then(|| about.permissions()),
        })
    }
}

/// Whether `file` is no place beside which another file could be: standard input by any name, a pipe, a device.
pub fn is_stream(file: &Path) -> bool {
    let is_of_system = ["/dev", "/proc"]
        .iter()
        .any(|folder| file.starts_with(folder));
    let is_other = || fs::metadata(file).is_ok_and(|about| !about.is_file() && !about.is_dir());
    is_standard(file) || is_of_system || is_other()
}

/// What is written, which is there only if all went well.
pub enum Target {
    /// A file, which nothing is replaced by.
    File(Unfinished),
    /// Standard output, which gets what is in this file without a name.
    Standard(File),
}

impl Target {
    /// A place for what is to be at `out`; what killed processes left of the same is removed.
    pub fn begin(out: &Path, source: &Source) -> anyhow::Result<Self> {
        if is_standard(out) {
            let scratch = tempfile::tempfile();
            let scratch = scratch.context("could not create a temporary file")?;
            return Ok(Self::Standard(scratch));
        }
        // A link to nowhere included.
        if fs::symlink_metadata(out).is_ok() {
            let problem = format!(
                "{} is there already: name another --out, remove it, or say --out - for standard output",
                out.display()
            );
            return Err(Usage(problem).into());
        }
        let unfinished = Unfinished::create_alone(out)?;
        if let Some(permissions) = &source.permissions {
            unfinished.permit(permissions)?;
        }
        Ok(Self::File(unfinished))
    }

    /// The file that it is written to meanwhile.
    pub fn file(&self) -> io::Result<File> {
        match self {
            Self::File(unfinished) => unfinished.file().try_clone(),
            Self::Standard(scratch) => scratch.try_clone(),
        }
    }

    /// Gives it away.
    pub fn finish(self) -> anyhow::Result<()> {
        match self {
            Self::File(unfinished) => Ok(unfinished.finish_new()?),
            Self::Standard(mut scratch) => {
                let mut copy = || -> Result<(), OutputError> {
                    scratch.rewind()?;
                    let mut out = output::stdout()?.lock();
                    io::copy(&mut scratch, &mut out)?;
                    Ok(out.flush()?)
                };
                Ok(copy()?)
            }
        }
    }
}

/// How `out` is called in messages.
pub fn shown(out: &Path) -> String {
    match is_standard(out) {
        true => "standard output".to_owned(),
        false => out.display().to_string(),
    }
}

/// The path of `file` with `ending` behind it.
pub fn beside(file: &Path, ending: &str) -> PathBuf {
    let mut name = file.to_path_buf().into_os_string();
    name.push(".");
    name.push(ending);
    name.into()
}
