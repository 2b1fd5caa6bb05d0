//! A training counts once, whatever it is called.

use std::{cmp::Ordering, collections::BTreeMap, mem, path::PathBuf};

use kolmo_config::TrainConfig;

use super::{StudyRun, no_config};
use crate::error::Result;

/// Gives runs that read as many documents the least number that one of them was given: they have whole batches of it.
pub(super) fn give_like_lengths(runs: &mut [StudyRun]) {
    let read = |train: &TrainConfig| train.steps() * train.batch_documents as u64;
    let mut least: BTreeMap<u64, u64> = BTreeMap::new();
    for run in &*runs {
        let given = run.config.train.documents;
        let least = least.entry(read(&run.config.train)).or_insert(given);
        *least = given.min(*least);
    }
    for run in runs {
        let train = &mut run.config.train;
        train.documents = least.get(&read(train)).copied().unwrap_or(train.documents);
    }
}

/// The directory of a run that is the same training as another one, and that of the other one.
pub(super) type Repeated = (PathBuf, PathBuf);

/// Each training of `runs` once, and the directories of those that are the same with that of the one that counts: the one of
/// which most was measured, and else the first by its configuration, so that of every seed it is the same one.
pub(super) fn once_each(runs: Vec<StudyRun>) -> Result<(Vec<StudyRun>, Vec<Repeated>)> {
    let mut kept: Vec<StudyRun> = Vec::new();
    let mut places: BTreeMap<String, usize> = BTreeMap::new();
    let mut repeated: Vec<(PathBuf, usize)> = Vec::new();
    for run in runs {
        let Some(&place) = places.get(&run.training) else {
            places.insert(run.training.clone(), kept.len());
            kept.push(run);
            continue;
        };
        let goes = match counts_before(&run, &kept[place])? {
            true => mem::replace(&mut kept[place], run),
            false => run,
        };
        repeated.push((goes.directory.root().to_path_buf(), place));
    }
    let root = |place: usize| kept[place].directory.root().to_path_buf();
    let repeated = repeated.into_iter().map(|(run, place)| (run, root(place)));
    let repeated = repeated.collect();
    Ok((kept, repeated))
}

/// Whether `run` counts rather than `other`, which is the same training: if more was measured of it, or else if its configuration is
/// the first as a text.
fn counts_before(run: &StudyRun, other: &StudyRun) -> Result<bool> {
    let measured = |run: &StudyRun| {
        let eval = &run.config.eval;
        let is_coded = run.config.compression.is_some();
        let facts = eval.classes * eval.facts_per_class;
        (is_coded, eval.evaluations, facts)
    };
    let text = |run: &StudyRun| run.config.to_toml().map_err(no_config(&run.directory));
    Ok(match measured(run).cmp(&measured(other)) {
        Ordering::Greater => true,
        Ordering::Less => false,
        Ordering::Equal => text(run)? < text(other)?,
    })
}

#[cfg(test)]
mod tests {
    use kolmo_config::RunConfig;
    use kolmo_run::RunDirectory;

    use super::*;
    use crate::examples;

    /// The run called `name` of a small world, of 200 batches of 64 documents where `settings` do not say another thing.
    fn run(name: &str, settings: &[&str]) -> StudyRun {
        let text = "[world.frequency]\nlaw = 'uniform'\nelements = 20\n\
                    [train]\ndocuments = 12800\nbatch_documents = 64";
        let settings: Vec<String> = settings.iter().map(|s| (*s).to_owned()).collect();
        let config = RunConfig::parse(text, &settings).unwrap();
        let (_, world) = config.clone().settle().unwrap();
        let mut run = StudyRun::imagined(config, vec![examples::evaluation(&world, 12_800, 1.0)]);
        run.directory = RunDirectory::at(name);
        run
    }

    /// The names of the runs that count, and of the others.
    fn counted(mut runs: Vec<StudyRun>) -> (Vec<String>, Vec<String>) {
        give_like_lengths(&mut runs);
        let (kept, repeated) = once_each(runs).unwrap();
        let name = |run: &StudyRun| run.directory.root().display().to_string();
        let others = repeated.iter().map(|(run, _)| run.display().to_string());
        (kept.iter().map(name).collect(), others.collect())
    }

    #[test]
    fn the_run_of_which_most_was_measured_counts_in_whatever_order_they_come() {
        let all = || {
            vec![
                run("a", &[]),
                run("b", &["eval.evaluations=30", "train.documents=12801"]),
                run("c", &["eval.evaluations=30", "compression.documents=64"]),
                run("d", &["seed=2"]),
            ]
        };
        let (mut kept, mut others) = counted(all());
        assert_eq!((kept.len(), others.len()), (2, 2));
        kept.sort();
        others.sort();
        assert_eq!(
            (&kept[..], &others[..]),
            (
                &["c".to_owned(), "d".to_owned()][..],
                &["a".to_owned(), "b".to_owned()][..]
            )
        );
        let mut backwards = all();
        backwards.reverse();
        let (mut again, _) = counted(backwards);
        again.sort();
        assert_eq!(again, kept);
    }

    #[test]
    fn of_every_seed_the_same_of_two_configurations_counts() {
        let runs = |order: [&str; 2]| {
            let runs = (1..=3).flat_map(|seed| order.map(|log| (seed, log)));
            let runs = runs.map(|(seed, log)| {
                run(
                    log,
                    &[&format!("seed={seed}"), &format!("train.log_every={log}")],
                )
            });
            counted(runs.collect()).0
        };
        assert_eq!(runs(["3", "7"]), ["3"; 3]);
        assert_eq!(runs(["7", "3"]), ["3"; 3]);
    }

    #[test]
    fn batches_of_another_size_leave_the_length_that_was_given() {
        let mut runs = vec![
            run("64", &["train.documents=12863"]),
            run("64 again", &["seed=2"]),
            run("48", &["train.batch_documents=48"]),
        ];
        give_like_lengths(&mut runs);
        // 200 batches of 64 are what was given; 266 of 48 are 12 768, and were given as 12 800.
        let given = runs.iter().map(|run| run.config.train.documents);
        assert_eq!(given.collect::<Vec<_>>(), [12_800; 3]);
    }
}
