//! What the documents of a world are: a table to read, and files to go on with.

mod table;

use std::path::{Path, PathBuf};

use kolmo_run::Outputs;
use kolmo_theory::survey::Survey;
use kolmo_world::World;

use crate::{csv::csv, error::Result, figures, files};

pub use table::table;

/// What [`write()`] writes.
const NAMES: [&str; 5] = [
    "stats.json",
    "zipf.csv",
    "heaps.csv",
    "zipf.svg",
    "heaps.svg",
];

fn outputs(folder: &Path) -> Outputs {
    Outputs::new(folder, "kolmo world stats")
}

/// That [`write()`] may write into `folder`: counting takes its time.
///
/// # Errors
/// [`Error::Outputs`](crate::Error::Outputs) if there are files of these names that it did not write.
pub fn check(folder: &Path) -> Result<()> {
    Ok(outputs(folder).check(&NAMES)?)
}

/// Writes `survey`, one of `world`, into `folder`, which is made if it is missing, and returns the files:
/// `stats.json` with everything, `zipf.csv` and `heaps.csv`, whose columns are the keys of the JSON
/// form with an interval in two columns, and the figures of [`figures::survey`].
///
/// # Errors
/// Those of [`check`], before anything is changed, and a disk that refuses; a file is then there whole, as it was before,
/// or not at all.
pub fn write(folder: &Path, world: &World, survey: &Survey) -> Result<Vec<PathBuf>> {
    let mut all = vec![
        ("stats.json", files::json(survey)?),
        ("zipf.csv", csv(&survey.ranks)?),
        ("heaps.csv", csv(&survey.distinct)?),
    ];
    all.extend(figures::survey::draw(world, survey)?);
    Ok(outputs(folder).write(&all)?)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::examples;

    #[test]
    fn files_and_table_hold_what_was_counted() {
        let world = examples::world();
        let survey = Survey::of(&world, 2000, |_| ());
        let folder = tempfile::tempdir().unwrap();
        check(folder.path()).unwrap();
        let files = write(folder.path(), &world, &survey).unwrap();
        let names: Vec<_> = files.iter().filter_map(|file| file.file_name()).collect();
        assert_eq!(names, NAMES);
        let read = |name: &str| fs::read_to_string(folder.path().join(name)).unwrap();
        let json: serde_json::Value = serde_json::from_str(&read("stats.json")).unwrap();
        assert_eq!(json["documents"], 2000);
        assert_eq!(read("zipf.csv").lines().count(), 1 + survey.ranks.len());
        let heads = "lo_rank,hi_rank,documents,frequency,frequency_lo,frequency_hi,expected";
        assert_eq!(read("zipf.csv").lines().next(), Some(heads));
        let heads = "n,distinct,distinct_lo,distinct_hi,expected";
        assert_eq!(read("heaps.csv").lines().next(), Some(heads));

        let text = table(&survey);
        for part in [
            "2,000 documents",
            "50 values",
            "floor (nats per document)",
            "\n1,000 ",
        ] {
            assert!(text.contains(part), "{part} in {text}");
        }
        assert!(
            text.lines().all(|line| line.chars().count() <= 100),
            "{text}"
        );
    }
}
