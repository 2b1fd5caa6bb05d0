//! The answers of runs, as the claims about them want them.

use kolmo_run::{AnswerRow, EvaluationRecord, InterviewRecord};

use crate::{
    error::Result,
    figures::chart::Ink,
    measured::{runs::named, series::shade},
    number::grouped,
    study::{Study, StudyRun, groups},
};
use kolmo_stats::{OfSeed, Share};

/// Subjects of the world.
pub const STATED: &str = "stated";
/// Names that nobody bears.
pub const STRANGERS: &str = "strangers";
/// Asked in the words of a document.
pub const STATEMENT: &str = "statement";

/// A run with its answers.
pub struct Asked<'a> {
    pub run: &'a StudyRun,
    /// In the order of the file; never empty.
    pub rows: &'a [AnswerRow],
}

impl Asked<'_> {
    /// The answers about `cohort` in the words of a document.
    pub fn stated(&self, cohort: &str) -> impl Iterator<Item = &AnswerRow> {
        self.kind(cohort, STATEMENT)
    }

    /// The answers about `cohort` in this wording.
    pub fn kind(&self, cohort: &str, wording: &str) -> impl Iterator<Item = &AnswerRow> {
        let is = move |row: &&AnswerRow| row.cohort == cohort && row.wording == wording;
        self.rows.iter().filter(is)
    }

    /// The probability that the best guess at the value of `row` is wrong.
    pub fn guess_error(&self, row: &AnswerRow) -> f64 {
        let mut relations = self.run.world.relations().iter();
        let relation = relations.find(|relation| relation.name() == row.relation);
        relation.map_or(f64::NAN, |of| 1.0 - of.best_guess())
    }
}

/// Runs alike but for the seed.
pub struct Group<'a> {
    pub name: String,
    /// Never empty.
    pub runs: Vec<Asked<'a>>,
}

impl Group<'_> {
    /// The share that `is` so of the answers that `of` takes of each run, each answer alike; runs without any are left out.
    pub fn shares<'b>(
        &'b self,
        of: impl Fn(&'b Asked<'b>) -> Vec<&'b AnswerRow>,
        is: impl Fn(&AnswerRow) -> bool,
    ) -> Vec<OfSeed<Share>> {
        let share = |asked: &'b Asked<'b>| {
            let rows = of(asked).into_iter();
            let share = Share::of(rows.map(|row| (1.0, is(row))))?;
            Some((asked.run.config.seed, share))
        };
        self.runs.iter().filter_map(share).collect()
    }
}

/// The groups of runs of `study` that were asked.
pub fn asked_groups(study: &Study) -> Result<Vec<Group<'_>>> {
    let mut asked = Vec::new();
    for (runs, name) in named(study.groups(StudyRun::but_seed)) {
        let runs = runs.into_iter().map(|run| {
            let rows = run.answers()?;
            Ok(Asked { run, rows })
        });
        let mut runs = runs.collect::<Result<Vec<_>>>()?;
        runs.retain(|asked| !asked.rows.is_empty());
        if !runs.is_empty() {
            asked.push(Group { name, runs });
        }
    }
    Ok(asked)
}

/// Groups that share a figure: all but the length is the same.
pub struct Panel<'a> {
    pub name: String,
    pub groups: Vec<&'a Group<'a>>,
}

impl<'a> Panel<'a> {
    /// That of the longest runs.
    pub fn longest(&self) -> Option<&'a Group<'a>> {
        let documents = |group: &&&Group<'_>| group.runs[0].run.config.train.documents;
        self.groups.iter().max_by_key(documents).copied()
    }

    /// The number of a group among them, with its colour and what is to be said of its series: `204,800 documents` after `what`.
    pub fn series<'b>(
        &'b self,
        what: &'b str,
    ) -> impl Iterator<Item = (&'b Group<'b>, Ink, String)> {
        let count = self.groups.len();
        self.groups.iter().enumerate().map(move |(k, group)| {
            let documents = group.runs[0].run.config.train.documents;
            let label = match count {
                1 => what.to_owned(),
                _ => format!("{what}, {} documents", grouped(documents)),
            };
            (*group, shade(k, count), label)
        })
    }
}

/// `groups` by the figures that they share.
pub fn panels<'a>(of: &'a [Group<'a>]) -> Vec<Panel<'a>> {
    let all = groups(of, |group| {
        let run = group.runs[0].run;
        (run.law().clone(), run.training())
    });
    let runs = all
        .iter()
        .map(|groups| groups.iter().map(|group| group.runs[0].run).collect());
    let names = named(runs.collect());
    let names = names.into_iter().map(|(_, name)| name);
    all.into_iter()
        .zip(names)
        .map(|(groups, name)| Panel { name, groups })
        .collect()
}

/// The number of the bucket of `exposures`: 0, 1, 2 to 3, 4 to 7, and so on.
pub fn bucket(exposures: u64) -> u32 {
    exposures.checked_ilog2().map_or(0, |log| log + 1)
}

/// What was asked about `cohort` in `wording`.
pub fn interview<'a>(
    record: &'a EvaluationRecord,
    cohort: &str,
    wording: &str,
) -> Option<&'a InterviewRecord> {
    let mut all = record.interviews.iter();
    all.find(|one| one.cohort == cohort && one.wording == wording)
}

/// Its accuracy; not a number if it was not asked.
pub fn accuracy(record: &EvaluationRecord, cohort: &str, wording: &str) -> f64 {
    interview(record, cohort, wording).map_or(f64::NAN, |one| one.accuracy)
}
