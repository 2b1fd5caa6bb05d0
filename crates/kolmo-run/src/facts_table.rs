//! `facts.parquet`: what the model knew of each fact it was asked, at each evaluation.
//!
//! The table is small (facts asked × evaluations), so it is kept in memory and the whole file is
//! written anew, atomically, after each evaluation: a reader always finds a complete Parquet file.

mod columns;
mod decode;
mod encode;

use std::path::Path;

use blake3::Hasher;

use columns::COLUMNS;

use crate::atomic;
use crate::error::{Error, Result};
use crate::files;

/// One fact at one evaluation. A field is a column, in `columns.rs`.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct FactRow {
    /// Optimizer steps taken before the evaluation.
    pub step: u64,
    /// Documents seen before it.
    pub documents: u64,
    /// Rank of the subject; 1 is the most frequent.
    pub subject: u64,
    /// The relation, as an index into the table's names; the file has the name.
    pub relation: u32,
    /// Probability that a draw states this fact.
    pub probability: f64,
    /// How often the fact was seen in training so far.
    pub exposures: u64,
    /// Loss, nats, summed over the value's tokens.
    pub loss_nats: f64,
    /// Whether the most likely answer is the right one.
    pub correct: bool,
    /// Whether the most likely answer is a value of the right relation.
    pub answer_valid: bool,
    /// The model's probability of its most likely answer, 0 to 1.
    pub confidence: f64,
    /// How many facts of its frequency class it stands for; 1 where all of them are asked.
    pub stands_for: u64,
    /// The share of all facts stated that it stands for: over an evaluation these sum to 1, and Σ share · x is
    /// the mean of x weighted by frequency.
    pub share: f64,
    /// Loss of the subject's name in the sentence that asks, nats, summed over the name's tokens.
    pub name_loss_nats: f64,
}

/// The rows of a run so far.
#[derive(Debug, Clone, PartialEq)]
pub struct FactsTable {
    relation_names: Vec<String>,
    /// Each becomes a row group of the file.
    evaluations: Vec<Vec<FactRow>>,
}

impl FactsTable {
    /// An empty table of a world with these relations.
    pub fn new(relation_names: Vec<String>) -> Self {
        Self {
            relation_names,
            evaluations: Vec::new(),
        }
    }

    /// The names of the relations; [`FactRow::relation`] is an index into them.
    pub fn relation_names(&self) -> &[String] {
        &self.relation_names
    }

    /// Adds the rows of one evaluation.
    ///
    /// # Errors
    /// [`Error::UnknownRelation`] if a row's relation is out of range; nothing is added then.
    pub fn push(&mut self, rows: Vec<FactRow>) -> Result<()> {
        let known = self.relation_names.len();
        if let Some(row) = rows.iter().find(|row| row.relation as usize >= known) {
            return Err(Error::UnknownRelation {
                subject: row.subject,
                relation: row.relation,
                known,
            });
        }
        if !rows.is_empty() {
            self.evaluations.push(rows);
        }
        Ok(())
    }

    /// The rows, evaluation after evaluation.
    pub fn rows(&self) -> impl Iterator<Item = &FactRow> {
        self.evaluations.iter().flatten()
    }

    /// How many evaluations there are rows of.
    pub fn evaluations(&self) -> usize {
        self.evaluations.len()
    }

    /// The BLAKE3 hash of the names of the relations and of all rows, in hexadecimal digits. The file has another one, for it can
    /// be written in more than one way.
    pub fn hash(&self) -> String {
        let mut hash = Hasher::new();
        for name in &self.relation_names {
            hash.update(&(name.len() as u64).to_le_bytes());
            hash.update(name.as_bytes());
        }
        for rows in &self.evaluations {
            hash.update(&(rows.len() as u64).to_le_bytes());
            for row in rows {
                let bits = COLUMNS.each_ref().map(|column| column.field.bits(*row));
                hash.update(&bits.map(u64::to_le_bytes).concat());
            }
        }
        hash.finalize().to_hex().to_string()
    }

    /// Removes all evaluations but the first `count`: a run that resumes from a checkpoint makes them again. Their steps do not tell: one
    /// that was owed when the checkpoint was written is of its step.
    pub fn truncate(&mut self, count: usize) {
        self.evaluations.truncate(count);
    }

    /// Writes the whole table to `path`, atomically: zstd, one row group an evaluation, the units
    /// of the columns in the file's key-value metadata.
    ///
    /// # Errors
    /// [`Error::Io`] if the file cannot be written, [`Error::Parquet`] if the table cannot be
    /// encoded.
    pub fn write(&self, path: impl AsRef<Path>) -> Result<()> {
        let path = path.as_ref();
        let bytes = encode::encode(self).map_err(|source| Error::Parquet {
            action: "encode",
            path: path.to_path_buf(),
            source,
        })?;
        atomic::write_bytes(path, &bytes)
    }

    /// Reads a table back.
    ///
    /// # Errors
    /// [`Error::Io`] if the file is missing or unreadable, [`Error::Parquet`] if it is damaged or
    /// no Parquet file, [`Error::FactsLayout`] if its columns are not those of [`FactRow`].
    pub fn read(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let file = files::open(path).map_err(Error::io("read", path))?;
        decode::decode(path, file)
    }

    /// How many evaluations the table at `path` has rows of, of which none is read.
    ///
    /// # Errors
    /// [`Error::Io`] if the file is missing or unreadable, [`Error::Parquet`] if it is no Parquet file.
    pub fn count(path: impl AsRef<Path>) -> Result<usize> {
        let path = path.as_ref();
        let file = files::open(path).map_err(Error::io("read", path))?;
        decode::count(path, file)
    }
}

#[cfg(test)]
pub(crate) mod examples {
    use super::FactRow;

    pub(crate) fn row(step: u64, subject: u64, relation: u32) -> FactRow {
        FactRow {
            step,
            documents: 256 * step,
            subject,
            relation,
            probability: 0.1 / subject as f64,
            exposures: 3 * step,
            loss_nats: 5.298317366548036,
            correct: subject.is_multiple_of(2),
            answer_valid: subject != 3,
            confidence: 0.75,
            stands_for: 2,
            share: 0.05,
            name_loss_nats: 6.5,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::{examples::row, *};

    fn table() -> FactsTable {
        let mut table = FactsTable::new(vec!["employer".into(), "birth_city — élève".into()]);
        for step in [10, 100] {
            let rows = (1..=20).map(|subject| row(step, subject, subject as u32 % 2));
            table.push(rows.collect()).unwrap();
        }
        table
    }

    #[test]
    fn it_reads_back_what_it_wrote() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("facts.parquet");
        let mut table = table();
        // The ends of the ranges: unsigned numbers, and what a diverged model gives.
        table
            .push(vec![FactRow {
                exposures: u64::MAX,
                loss_nats: f64::INFINITY,
                ..row(1000, u64::MAX, 0)
            }])
            .unwrap();
        table.write(&path).unwrap();
        assert_eq!(FactsTable::read(&path).unwrap(), table);
        assert_eq!(FactsTable::count(&path).unwrap(), 3);
    }

    #[test]
    fn another_row_name_or_division_has_another_hash() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("facts.parquet");
        let hash = table().hash();
        table().write(&path).unwrap();
        assert_eq!(FactsTable::read(&path).unwrap().hash(), hash);

        let changes: [fn(&mut FactsTable); 7] = [
            |table| table.relation_names[1].push('e'),
            |table| table.relation_names.swap(0, 1),
            |table| table.evaluations[0][3].loss_nats += 1e-9,
            |table| table.evaluations[1][7].correct ^= true,
            |table| table.evaluations[1].swap(4, 5),
            |table| table.truncate(1),
            |table| {
                let row = table.evaluations[0].pop().unwrap();
                table.evaluations[1].insert(0, row);
            },
        ];
        for (k, change) in changes.iter().enumerate() {
            let mut table = table();
            change(&mut table);
            assert_ne!(table.hash(), hash, "change {k}");
        }
        // Written again, it is the table that it was.
        let mut again = table();
        again.push(vec![row(1000, 1, 0)]).unwrap();
        again.truncate(2);
        assert_eq!(again.hash(), hash);
    }

    #[test]
    fn an_empty_table_and_an_empty_evaluation_are_fine() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("facts.parquet");
        let mut table = FactsTable::new(vec!["employer".into()]);
        table.push(Vec::new()).unwrap();
        table.write(&path).unwrap();
        let read = FactsTable::read(&path).unwrap();
        assert_eq!(read, table);
        assert_eq!(read.rows().count(), 0);
    }

    #[test]
    fn an_unknown_relation_is_refused_and_nothing_added() {
        let mut table = table();
        let before = table.clone();
        let error = table
            .push(vec![row(200, 1, 0), row(200, 7, 2)])
            .unwrap_err();
        assert!(
            matches!(
                error,
                Error::UnknownRelation {
                    subject: 7,
                    relation: 2,
                    known: 2
                }
            ),
            "{error}"
        );
        assert_eq!(table, before);
    }

    #[test]
    fn truncation_keeps_what_a_checkpoint_counted() {
        let mut table = table();
        // Owed by the checkpoint of step 10, and made since.
        let owed = (1..=20).map(|subject| row(10, subject, 0)).collect();
        table.evaluations.insert(1, owed);
        let first = table.evaluations[0].clone();
        table.truncate(1);
        assert_eq!(table.evaluations, [first]);
        table.truncate(5);
        assert_eq!(table.evaluations(), 1);
    }

    #[test]
    fn a_damaged_or_missing_file_is_an_error_with_its_path() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("facts.parquet");
        assert!(matches!(FactsTable::read(&path), Err(Error::Io { .. })));
        table().write(&path).unwrap();
        let bytes = fs::read(&path).unwrap();
        fs::write(&path, &bytes[..bytes.len() / 2]).unwrap();
        let error = FactsTable::read(&path).unwrap_err();
        assert!(
            matches!(
                error,
                Error::Parquet {
                    action: "decode",
                    ..
                }
            ),
            "{error}"
        );
        assert!(error.to_string().contains("facts.parquet"), "{error}");
    }
}
