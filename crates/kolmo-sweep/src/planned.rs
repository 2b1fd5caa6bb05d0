//! Which runs the folder of a sweep is for, whatever else is in it.

use std::path::Path;

use kolmo_config::content_hash;
use kolmo_run::{
    Error, atomic,
    files::{self, LARGEST_RECORD},
    is_there,
};
use serde::{Deserialize, Serialize};

use crate::{directory::SweepDirectory, error::SweepError, plan::Plan};

/// `plan.json`: what was planned in the folder last.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Planned {
    /// The sweep file, as an absolute path.
    pub file: String,
    /// BLAKE3 hash of the sweep file, and so of `sweep.toml`.
    pub sweep_blake3: String,
    /// The names of its runs, in the order of the plan.
    pub runs: Vec<String>,
    /// BLAKE3 hash of the three above, a line each and each run; nothing in the plans of a kolmo that did not note it.
    pub plan_blake3: Option<String>,
}

impl Planned {
    /// What `plan` says.
    pub fn of(plan: &Plan) -> Self {
        let mut planned = Self {
            file: plan.path.to_string_lossy().into_owned(),
            sweep_blake3: content_hash(plan.text.as_bytes()),
            runs: plan.runs.iter().map(|run| run.id.clone()).collect(),
            plan_blake3: None,
        };
        planned.plan_blake3 = Some(planned.hash());
        planned
    }

    /// What `plan_blake3` has to be.
    fn hash(&self) -> String {
        let lines = [&self.file, &self.sweep_blake3];
        let lines: Vec<&str> = lines
            .into_iter()
            .chain(&self.runs)
            .map(String::as_str)
            .collect();
        content_hash(lines.join("\n").as_bytes())
    }

    /// What was planned in `directory`; none where nothing was, or by a kolmo that did not note it.
    ///
    /// # Errors
    /// A file that cannot be read or is no plan; [`SweepError::ChangedPlan`] for one that was changed since it was written.
    pub fn read(directory: &SweepDirectory) -> Result<Option<Self>, SweepError> {
        let path = directory.plan();
        if !is_there(&path)? {
            return Ok(None);
        }
        let bytes = files::read(&path, LARGEST_RECORD).map_err(Error::io("read", &path))?;
        let planned: Self = match serde_json::from_slice(&bytes) {
            Ok(planned) => planned,
            Err(source) => return Err(Error::Json { path, source }.into()),
        };
        if planned
            .plan_blake3
            .as_ref()
            .is_some_and(|then| *then != planned.hash())
        {
            return Err(SweepError::ChangedPlan { path });
        }
        Ok(Some(planned))
    }

    /// What was planned in `directory`, with the text of the sweep file.
    ///
    /// # Errors
    /// [`SweepError::NotPlanned`] where nothing was, [`SweepError::Changed`] for a `sweep.toml` that is not the one that was planned;
    /// files that cannot be read.
    pub fn with_text(directory: &SweepDirectory) -> Result<(Self, String), SweepError> {
        let Some(planned) = Self::read(directory)? else {
            let folder = directory.root().to_path_buf();
            return Err(SweepError::NotPlanned { folder });
        };
        let path = directory.sweep();
        let text = files::read_text(&path).map_err(Error::io("read", &path))?;
        if content_hash(text.as_bytes()) != planned.sweep_blake3 {
            let file = planned.file;
            return Err(SweepError::Changed { path, file });
        }
        Ok((planned, text))
    }

    /// Whether the sweep file is still there and says another thing than when it was planned. What cannot be read does not say so.
    pub fn is_outdated(&self) -> bool {
        let now = files::read(&self.file, LARGEST_RECORD);
        now.is_ok_and(|now| content_hash(&now) != self.sweep_blake3)
    }

    /// Notes it in `directory`.
    ///
    /// # Errors
    /// A file that cannot be written.
    pub(crate) fn write(&self, directory: &SweepDirectory) -> Result<(), SweepError> {
        let path = directory.plan();
        let text = serde_json::to_string_pretty(self).map_err(|source| Error::Serialize {
            path: path.clone(),
            source,
        })?;
        let text = text + "\n";
        // Nothing is written where nothing has changed.
        if files::read(&path, LARGEST_RECORD).is_ok_and(|there| there == text.as_bytes()) {
            return Ok(());
        }
        Ok(atomic::write_bytes(&path, text.as_bytes())?)
    }

    /// Whether `other` is of another sweep file: of one that is elsewhere and makes another sweep. One that has gone from where it was
    /// is taken for the same, in another place by now.
    fn is_of_another_file(&self, other: &Self) -> bool {
        let is_same_sweep = (&self.sweep_blake3, &self.runs) == (&other.sweep_blake3, &other.runs);
        // What cannot be looked at may be there.
        let is_left = || is_there(Path::new(&self.file)).unwrap_or(true);
        self.file != other.file && !is_same_sweep && is_left()
    }
}

impl SweepDirectory {
    /// The sweep file that was planned here last, if that is another one than that of `plan`.
    ///
    /// # Errors
    /// A `plan.json` that cannot be read or is none.
    pub fn another_file(&self, plan: &Plan) -> Result<Option<String>, SweepError> {
        let there = Planned::read(self)?;
        let another = there.filter(|there| there.is_of_another_file(&Planned::of(plan)));
        Ok(another.map(|there| there.file))
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    /// The sweep file `name` in `folder`, of so many seeds, planned.
    fn plan(folder: &Path, name: &str, seeds: &str) -> Plan {
        fs::create_dir_all(folder).unwrap();
        fs::write(folder.join("base.toml"), "").unwrap();
        let path = folder.join(name);
        fs::write(&path, format!("base = 'base.toml'\nseeds = {seeds}")).unwrap();
        Plan::read(&path, &[]).unwrap()
    }

    #[test]
    fn what_was_planned_last_is_what_the_folder_is_for() {
        let place = tempfile::tempdir().unwrap();
        let directory = SweepDirectory::at(place.path().join("runs/many"));
        assert_eq!(Planned::read(&directory).unwrap(), None);
        assert!(matches!(
            Planned::with_text(&directory),
            Err(SweepError::NotPlanned { .. })
        ));
        let three = plan(place.path(), "many.toml", "[1, 2, 3]");
        directory.prepare(&three).unwrap();
        let (planned, text) = Planned::with_text(&directory).unwrap();
        assert_eq!(text, three.text);
        assert_eq!(planned, Planned::of(&three));
        assert!(!planned.is_outdated());

        let two = plan(place.path(), "many.toml", "[1, 2]");
        assert!(planned.is_outdated());
        assert_eq!(directory.another_file(&two).unwrap(), None);
        directory.prepare(&two).unwrap();
        let (planned, _) = Planned::with_text(&directory).unwrap();
        assert_eq!(planned.runs, planned_names(&three)[..2]);

        fs::write(directory.sweep(), three.text).unwrap();
        let error = Planned::with_text(&directory).unwrap_err();
        assert!(matches!(error, SweepError::Changed { .. }) && !error.is_usage());
        fs::write(directory.plan(), "{").unwrap();
        assert!(Planned::read(&directory).is_err());
    }

    #[test]
    fn a_plan_that_was_changed_is_none() {
        let place = tempfile::tempdir().unwrap();
        let directory = SweepDirectory::at(place.path().join("runs/many"));
        let three = plan(place.path(), "many.toml", "[1, 2, 3]");
        directory.prepare(&three).unwrap();
        let text = fs::read_to_string(directory.plan()).unwrap();
        let path = directory.plan();
        let read = |text: &[u8]| {
            fs::write(&path, text).unwrap();
            Planned::read(&directory)
        };
        let sound = read(text.as_bytes()).unwrap();
        for place in 0..text.len() {
            for bit in 0..8 {
                let mut turned = text.clone().into_bytes();
                turned[place] ^= 1 << bit;
                // White space is not the plan.
                assert!(
                    read(&turned).is_err() || read(&turned).unwrap() == sound,
                    "{place} {bit}"
                );
            }
        }
        let lines: Vec<&str> = text.lines().collect();
        for k in 0..lines.len() {
            let (mut fewer, mut twice) = (lines.clone(), lines.clone());
            fewer.remove(k);
            twice.insert(k, lines[k]);
            assert!(
                read(fewer.join("\n").as_bytes()).is_err(),
                "without line {k}"
            );
            assert!(read(twice.join("\n").as_bytes()).is_err(), "line {k} twice");
        }
        // One of an earlier build says nothing of itself.
        let earlier = Planned {
            plan_blake3: None,
            ..Planned::of(&three)
        };
        let mut earlier = serde_json::to_value(&earlier).unwrap();
        earlier.as_object_mut().unwrap().remove("plan_blake3");
        assert!(read(earlier.to_string().as_bytes()).is_ok());
    }

    fn planned_names(plan: &Plan) -> Vec<String> {
        Planned::of(plan).runs
    }

    #[test]
    fn another_file_is_told_from_the_same_one_elsewhere() {
        let place = tempfile::tempdir().unwrap();
        let (a, b) = (place.path().join("a"), place.path().join("b"));
        let directory = SweepDirectory::at(place.path().join("runs/many"));
        let first = plan(&a, "many.toml", "[1, 2]");
        directory.prepare(&first).unwrap();
        // A copy that makes the same runs.
        let copy = plan(&b, "many.toml", "[1, 2]");
        assert_eq!(directory.another_file(&copy).unwrap(), None);
        let other = plan(&b, "many.toml", "[1, 2, 3]");
        let file = fs::canonicalize(a.join("many.toml")).unwrap();
        let found = directory.another_file(&other).unwrap();
        assert_eq!(found.as_deref(), file.to_str());
        // The same runs for other claims.
        let mut asked = plan(&b, "many.toml", "[1, 2]");
        asked.text.push_str("\n[report]\nclaims = ['order']\n");
        assert!(directory.another_file(&asked).unwrap().is_some());
        // By another way to it.
        fs::rename(&a, place.path().join("c")).unwrap();
        assert_eq!(directory.another_file(&other).unwrap(), None);
        #[cfg(unix)]
        {
            std::os::unix::fs::symlink(place.path().join("c"), &a).unwrap();
            let edited = plan(&a, "many.toml", "[1, 2, 3, 4]");
            directory.prepare(&edited).unwrap();
            let again = plan(&place.path().join("c"), "many.toml", "[1]");
            assert_eq!(directory.another_file(&again).unwrap(), None);
        }
    }

    #[test]
    fn curves_are_named_after_what_sets_a_run_apart_and_say_if_it_is_not_planned() {
        let place = tempfile::tempdir().unwrap();
        let directory = SweepDirectory::at(place.path().join("runs/many"));
        let planned = |seeds: &str| {
            let plan = plan(place.path(), "many.toml", seeds);
            directory.prepare(&plan).unwrap();
            plan
        };
        let three = planned("[1, 2, 3]");
        let names = || -> Vec<String> {
            let of = |run: &crate::plan::PlannedRun| {
                let curves = directory.run(&run.id).curves();
                let name = curves.file_name().unwrap().to_str().unwrap();
                name.strip_suffix(&format!(",{}", run.id))
                    .unwrap()
                    .to_owned()
            };
            three.runs.iter().map(of).collect()
        };
        assert_eq!(names(), ["seed=1", "seed=2", "seed=3"]);
        // What lies in the folder of the runs is no run.
        fs::write(directory.runs().join("notes.md"), "").unwrap();
        fs::create_dir(directory.runs().join("mine")).unwrap();
        planned("[1, 3]");
        assert_eq!(names(), ["seed=1", "not_planned", "seed=3"]);
        assert_eq!(
            fs::read_dir(directory.runs().join("mine")).unwrap().count(),
            0
        );
        planned("[1, 2, 3]");
        assert_eq!(names(), ["seed=1", "seed=2", "seed=3"]);
    }
}
