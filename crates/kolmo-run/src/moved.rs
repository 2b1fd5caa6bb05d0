//! Where the run is that another one names, once both were moved.
//!
//! A configuration names the run that it fine-tunes by a path: absolute, or relative to the folder of whoever gave the command. Moved
//! together, to another disk or another machine, two runs keep their places beside each other, and so the end of that path leads
//! from some folder above the one to the other.

use std::{
    ffi::OsStr,
    path::{self, Component, Path, PathBuf},
};

use crate::directory::RunDirectory;

/// The places at which the run may be that the one in `run` calls `named`: that path, and then each end of it in each folder above `run`,
/// longer ends and nearer folders first. What is there is to be checked: it may be another run.
pub fn places(run: &RunDirectory, named: &Path) -> Vec<PathBuf> {
    let mut places = vec![named.to_path_buf()];
    let Ok(root) = path::absolute(run.root()) else {
        return places;
    };
    let mut end: Vec<&OsStr> = Vec::new();
    for part in named.components() {
        match part {
            Component::Normal(name) => end.push(name),
            Component::ParentDir => end.clear(),
            Component::Prefix(_) | Component::RootDir | Component::CurDir => {}
        }
    }
    for first in 0..end.len() {
        let end: PathBuf = end[first..].iter().collect();
        places.extend(root.ancestors().skip(1).map(|folder| folder.join(&end)));
    }
    places
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_that_was_moved_with_another_is_among_the_places() {
        for (named, run, is_at) in [
            ("runs/base", "/new/runs/tuned", "/new/runs/base"),
            ("/old/runs/base", "/new/runs/tuned", "/new/runs/base"),
            ("../base", "/new/tuned", "/new/base"),
            (
                "/old/runs/pre/runs/0123",
                "/new/runs/post/runs/4567",
                "/new/runs/pre/runs/0123",
            ),
        ] {
            let places = places(&RunDirectory::at(run), Path::new(named));
            assert_eq!(places[0], Path::new(named));
            assert!(places.contains(&PathBuf::from(is_at)), "{places:?}");
        }
        // The longest end first: a folder may have a run of that name, and another with a longer one.
        let places = places(&RunDirectory::at("/a/b/c"), Path::new("x/y"));
        let shown: Vec<String> = places.iter().map(|p| p.display().to_string()).collect();
        let expected = ["x/y", "/a/b/x/y", "/a/x/y", "/x/y", "/a/b/y", "/a/y", "/y"];
        assert_eq!(shown, expected);
    }
}
