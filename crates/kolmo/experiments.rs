//! The experiments of `kolmo reproduce`: sweep files, and the configurations that they vary.

use std::{
    fs, io,
    path::{Component, Path, PathBuf},
};

use anyhow::Context;
use kolmo_sweep::Plan;

use crate::exit::Usage;

/// The files of `configs/reproduce/` when kolmo was built, each by its path below that folder, with its text.
static BUILT_IN: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/experiments.rs"));

/// Where the files of a folder come before those of the build: so an experiment can be changed without building kolmo again.
const FOLDER: &str = "configs/reproduce";

/// Where experiments are read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Experiments {
    /// In a folder.
    Folder(PathBuf),
    /// In the program.
    BuiltIn,
}

impl Experiments {
    /// Those in `configs/reproduce/` of the current folder, or, where there is no such folder, those of the program.
    pub fn here() -> Self {
        let folder = Path::new(FOLDER);
        match folder.is_dir() {
            true => Self::Folder(folder.to_path_buf()),
            false => Self::BuiltIn,
        }
    }

    /// The names of the experiments in the folder `below` theirs, such as `quick/plateau`, in alphabetical order.
    pub fn names(&self, below: &str) -> anyhow::Result<Vec<String>> {
        let files = match self {
            Self::Folder(folder) => files_in(&folder.join(below))?,
            Self::BuiltIn => {
                let files = BUILT_IN.iter().map(|(path, _)| Path::new(path));
                let there = files.filter(|path| path.parent() == Some(Path::new(below)));
                there.map(Path::to_path_buf).collect()
            }
        };
        let files = files
            .iter()
            .filter(|path| path.extension().is_some_and(|ending| ending == "toml"));
        let stems = files.filter_map(|path| path.file_stem()?.to_str());
        let mut names: Vec<String> = stems
            .map(|stem| match below {
                "" => stem.to_owned(),
                _ => format!("{below}/{stem}"),
            })
            .collect();
        names.sort();
        Ok(names)
    }

    /// The plan of an experiment.
    pub fn plan(&self, name: &str) -> anyhow::Result<Plan> {
        let file = format!("{name}.toml");
        // Runs go to a folder of this name below another one.
        let mut parts = Path::new(name).components();
        if !parts.all(|part| matches!(part, Component::Normal(_))) {
            return Err(self.unknown(name));
        }
        let choices = kolmo_report::choices();
        let (plan, place) = match self {
            Self::Folder(folder) => {
                let path = folder.join(&file);
                if !path.is_file() {
                    return Err(self.unknown(name));
                }
                (Plan::read(&path, &choices), path.display().to_string())
            }
            Self::BuiltIn => {
                let path = Path::new(&file);
                if built_in(path).is_err() {
                    return Err(self.unknown(name));
                }
                let plan = Plan::read_by(path, &choices, &built_in);
                (plan, format!("{file}, which is part of kolmo"))
            }
        };
        plan.with_context(|| format!("in {place}"))
    }

    /// The mistake of asking for all experiments `below` where there are none.
    pub fn none(&self, below: &str) -> anyhow::Error {
        let place = match self {
            Self::Folder(folder) => folder.join(below).display().to_string(),
            Self::BuiltIn => format!("{below} of this build"),
        };
        Usage(format!("there is no experiment in {place}")).into()
    }

    fn unknown(&self, name: &str) -> anyhow::Error {
        let all = ["", "quick", "gpu"].map(|below| self.names(below));
        let all: Vec<String> = all.into_iter().flatten().flatten().collect();
        let there = match (self, all.is_empty()) {
            (Self::Folder(folder), true) => format!("{} has none", folder.display()),
            (Self::Folder(folder), false) => {
                format!("there are {} in {}", all.join(", "), folder.display())
            }
            (Self::BuiltIn, _) => format!("there are {}", all.join(", ")),
        };
        Usage(format!("there is no experiment {name}; {there}")).into()
    }
}

/// The files in a folder; none where there is no such folder.
fn files_in(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let read = || -> io::Result<Vec<PathBuf>> {
        let mut files = Vec::new();
        for entry in fs::read_dir(folder)? {
            files.push(entry?.path());
        }
        Ok(files)
    };
    match read() {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        files => files.with_context(|| format!("could not read {}", folder.display())),
    }
}

/// The text of a file of the program.
fn built_in(path: &Path) -> Result<String, String> {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.components() {
        match part {
            Component::ParentDir => {
                parts.pop();
            }
            Component::Normal(part) => parts.extend(part.to_str()),
            Component::CurDir | Component::RootDir | Component::Prefix(_) => {}
        }
    }
    let wanted = parts.join("/");
    let found = BUILT_IN.iter().find(|(path, _)| *path == wanted);
    let found = found.ok_or_else(|| "it is not part of kolmo".to_owned())?;
    Ok(found.1.to_owned())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    /// The folder that the program was built from.
    fn folder() -> Experiments {
        Experiments::Folder(Path::new(env!("CARGO_MANIFEST_DIR")).join(FOLDER))
    }

    #[test]
    fn the_program_has_every_experiment_of_the_folder() {
        for below in ["", "quick", "gpu"] {
            let names = Experiments::BuiltIn.names(below).unwrap();
            assert_eq!(names, folder().names(below).unwrap());
            assert!(names.len() >= 3, "{below}: {names:?}");
        }
    }

    #[test]
    fn an_experiment_of_the_program_has_the_runs_of_its_file() {
        for name in ["acquisition", "quick/relearning", "gpu/data_scaling"] {
            let ids = |experiments: Experiments| -> Vec<String> {
                let plan = experiments.plan(name).unwrap();
                plan.runs.into_iter().map(|run| run.id).collect()
            };
            assert_eq!(ids(Experiments::BuiltIn), ids(folder()), "{name}");
        }
    }

    #[test]
    fn a_name_that_is_none_is_answered_with_those_there_are() {
        for name in [
            "tinny",
            "",
            ".",
            "quick/../plateau",
            "/plateau",
            "../../plateau",
        ] {
            for experiments in [Experiments::BuiltIn, folder()] {
                let error = experiments.plan(name).unwrap_err();
                let expected = format!("there is no experiment {name}; there are acquisition, ");
                assert!(error.to_string().starts_with(&expected), "{error}");
            }
        }
        // A configuration that experiments vary is none.
        let error = Experiments::BuiltIn.plan("base/data").unwrap_err();
        assert!(format!("{error:#}").contains("base/data.toml, which is part of kolmo"));
        let empty = Experiments::Folder(PathBuf::from("nowhere"));
        assert_eq!(empty.names("quick").unwrap(), Vec::<String>::new());
        let error = empty.plan("plateau").unwrap_err().to_string();
        assert!(error.ends_with("nowhere has none"), "{error}");
    }
}
