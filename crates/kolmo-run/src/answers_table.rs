//! `answers.parquet`: what a model answered when it was asked about facts of every kind, in every wording of its language.
//!
//! Where `facts.parquet` follows the facts of the world through training, this is one thorough interview: subjects that
//! exist, with the facts that were never stated among them, names that nobody bears, and facts of fine-tuning.

use std::{fs::File, path::Path, sync::Arc};

use parquet::{
    basic::{Compression, ZstdLevel},
    data_type::{BoolType, DoubleType, Int64Type},
    errors::{ParquetError, Result as ParquetResult},
    file::{
        metadata::KeyValue,
        properties::WriterProperties,
        reader::{FileReader, RowGroupReader, SerializedFileReader},
        writer::SerializedFileWriter,
    },
    record::RecordWriter,
};
use parquet_derive::ParquetRecordWriter;

use crate::{
    atomic,
    error::{Error, Result},
    files,
    parquet_file::{SizedFile, fill, read_column, read_texts, read_with, sealed},
};

/// One question with its answer. The fields are the columns.
#[derive(Debug, Clone, PartialEq, Default, ParquetRecordWriter)]
pub struct AnswerRow {
    /// Optimizer steps taken before.
    pub step: u64,
    /// Who was asked about: `stated`, `taught`, `untaught`, `injected` or `strangers`.
    pub cohort: String,
    /// In which words: `statement`, `held_out` or `question`.
    pub wording: String,
    /// Rank of the subject; of names that nobody bears a number.
    pub subject: u64,
    /// Name of the relation.
    pub relation: String,
    /// Probability that a document states the fact.
    pub probability: f64,
    /// How often the fact was seen in training.
    pub exposures: u64,
    /// h: entropy of the value of an unknown fact, nats.
    pub content_nats: f64,
    /// Loss of the true value, nats.
    pub loss_nats: f64,
    /// Whether the most likely answer is the right one.
    pub correct: bool,
    /// Whether it is a value of the right relation.
    pub answer_valid: bool,
    /// Its probability, 0 to 1.
    pub confidence: f64,
    /// Entropy of the answer, nats: exact for values of one token, otherwise estimated along the sampled answer.
    pub entropy_nats: f64,
    /// Whether an answer drawn from the model is the right one.
    pub sampled_correct: bool,
    /// Whether that is a value of the right relation.
    pub sampled_valid: bool,
    /// Facts of its stratum that it stands for.
    pub stands_for: u64,
    /// Its share among the facts of its cohort and wording, weighted by frequency: they sum to 1.
    pub share: f64,
    /// The question.
    pub prompt: String,
    /// The most likely answer.
    pub answer: String,
    /// The true one.
    pub truth: String,
}

/// What the columns mean where their names do not say it: metadata of the file.
const MEANINGS: [(&str, &str); 6] = [
    (
        "loss_nats",
        "nats, summed over the tokens of the true value",
    ),
    ("entropy_nats", "nats, of the whole answer"),
    ("content_nats", "nats, ln of the number of values"),
    (
        "confidence",
        "probability of the most likely answer, 0 to 1",
    ),
    ("exposures", "times the fact was seen in training"),
    ("share", "weight within cohort and wording; 1 in sum"),
];

/// Writes `rows` to `path`, atomically.
///
/// # Errors
/// [`Error::Io`] if the file cannot be written, [`Error::Parquet`] if the table cannot be encoded.
pub fn write_answers(path: impl AsRef<Path>, rows: &[AnswerRow]) -> Result<()> {
    let path = path.as_ref();
    let bytes = encode(rows).map_err(|source| Error::Parquet {
        action: "encode",
        path: path.to_path_buf(),
        source,
    })?;
    atomic::write_bytes(path, &bytes)
}

/// Reads them back.
///
/// # Errors
/// [`Error::Io`] if the file is missing or unreadable, [`Error::Parquet`] if it is damaged or has other columns.
pub fn read_answers(path: impl AsRef<Path>) -> Result<Vec<AnswerRow>> {
    let path = path.as_ref();
    let file = files::open(path).map_err(Error::io("read", path))?;
    decode(file).map_err(|source| Error::Parquet {
        action: "decode",
        path: path.to_path_buf(),
        source,
    })
}

fn encode(rows: &[AnswerRow]) -> ParquetResult<Vec<u8>> {
    let meaning =
        |(name, text): &(&str, &str)| KeyValue::new((*name).to_owned(), (*text).to_owned());
    let properties = WriterProperties::builder()
        .set_created_by(concat!("kolmo ", env!("CARGO_PKG_VERSION")).to_owned())
        .set_compression(Compression::ZSTD(ZstdLevel::default()))
        .set_key_value_metadata(Some(MEANINGS.iter().map(meaning).collect()))
        .build();
    let mut bytes = Vec::new();
    let mut file = SerializedFileWriter::new(&mut bytes, rows.schema()?, Arc::new(properties))?;
    let mut group = file.next_row_group()?;
    rows.write_to_row_group(&mut group)?;
    group.close()?;
    file.close()?;
    Ok(sealed(bytes))
}

fn decode(file: File) -> ParquetResult<Vec<AnswerRow>> {
    read_with(file, |reader| {
        check(reader)?;
        let mut rows = Vec::new();
        for k in 0..reader.num_row_groups() {
            rows.extend(read_group(&*reader.get_row_group(k)?)?);
        }
        Ok(rows)
    })
}

/// The rows of a group, whose columns are in the order of the fields. The reader that could be derived panics where a column is
/// shorter than the group, or has what is no text.
fn read_group(group: &dyn RowGroupReader) -> ParquetResult<Vec<AnswerRow>> {
    let counts = |column| -> ParquetResult<Vec<u64>> {
        let bits = read_column::<Int64Type>(group, column)?.into_iter();
        Ok(bits.map(i64::cast_unsigned).collect())
    };
    let numbers = |column| read_column::<DoubleType>(group, column);
    let flags = |column| read_column::<BoolType>(group, column);
    let texts = |column| read_texts(group, column);
    let mut rows: Vec<AnswerRow> = Vec::new();
    fill(&mut rows, counts(0)?, |row, step| row.step = step);
    fill(&mut rows, texts(1)?, |row, name| row.cohort = name);
    fill(&mut rows, texts(2)?, |row, name| row.wording = name);
    fill(&mut rows, counts(3)?, |row, rank| row.subject = rank);
    fill(&mut rows, texts(4)?, |row, name| row.relation = name);
    fill(&mut rows, numbers(5)?, |row, p| row.probability = p);
    fill(&mut rows, counts(6)?, |row, count| row.exposures = count);
    fill(&mut rows, numbers(7)?, |row, nats| row.content_nats = nats);
    fill(&mut rows, numbers(8)?, |row, nats| row.loss_nats = nats);
    fill(&mut rows, flags(9)?, |row, is| row.correct = is);
    fill(&mut rows, flags(10)?, |row, is| row.answer_valid = is);
    fill(&mut rows, numbers(11)?, |row, p| row.confidence = p);
    fill(&mut rows, numbers(12)?, |row, nats| row.entropy_nats = nats);
    fill(&mut rows, flags(13)?, |row, is| row.sampled_correct = is);
    fill(&mut rows, flags(14)?, |row, is| row.sampled_valid = is);
    fill(&mut rows, counts(15)?, |row, count| row.stands_for = count);
    fill(&mut rows, numbers(16)?, |row, share| row.share = share);
    fill(&mut rows, texts(17)?, |row, text| row.prompt = text);
    fill(&mut rows, texts(18)?, |row, text| row.answer = text);
    fill(&mut rows, texts(19)?, |row, text| row.truth = text);
    Ok(rows)
}

/// That the columns are those of this version: [`read_column`] panics at another type than it expects.
fn check(reader: &SerializedFileReader<SizedFile>) -> ParquetResult<()> {
    let none: &[AnswerRow] = &[];
    let expected = none.schema()?;
    let found = reader
        .metadata()
        .file_metadata()
        .schema_descr()
        .root_schema_ptr();
    if found.get_fields() == expected.get_fields() {
        return Ok(());
    }
    Err(ParquetError::General(
        "its columns are not those of this version".to_owned(),
    ))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn what_was_written_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("answers.parquet");
        let row = |subject: u64| {
            let number = |k: u64| (100 * k + subject) as f64;
            let text = |name: &str| format!("{name} {subject}");
            AnswerRow {
                step: 1000 + subject,
                cohort: "stated".to_owned(),
                wording: text("wording"),
                subject,
                relation: text("relation"),
                probability: number(1),
                exposures: u64::MAX - subject,
                content_nats: number(2),
                loss_nats: f64::INFINITY,
                correct: subject.is_multiple_of(2),
                answer_valid: subject.is_multiple_of(3),
                confidence: number(3),
                entropy_nats: number(4),
                sampled_correct: subject.is_multiple_of(5),
                sampled_valid: subject.is_multiple_of(7),
                stands_for: 2000 + subject,
                share: number(5),
                prompt: text("prompt"),
                answer: text("answer"),
                truth: "élève".to_owned(),
            }
        };
        for rows in [(0..100).map(row).collect(), Vec::new()] {
            write_answers(&path, &rows).unwrap();
            assert_eq!(read_answers(&path).unwrap(), rows);
        }
    }

    #[test]
    fn another_table_and_half_a_table_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("answers.parquet");
        write_answers(&path, &[AnswerRow::default()]).unwrap();
        let bytes = fs::read(&path).unwrap();
        fs::write(&path, &bytes[..bytes.len() / 2]).unwrap();
        assert!(matches!(read_answers(&path), Err(Error::Parquet { .. })));
        let mut facts = crate::FactsTable::new(vec!["home".to_owned()]);
        facts.push(Vec::new()).unwrap();
        facts.write(&path).unwrap();
        let error = read_answers(&path).unwrap_err();
        assert!(matches!(error, Error::Parquet { .. }), "{error}");
    }
}
